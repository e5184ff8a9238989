//! Messages for errors on this machine.

use std::io;
use std::path::Path;

use transport::TransportError;
use transport::invite::BadInvite;
use transport::key_folder::KeyFolderError;

use super::{Catalog, Language};
use crate::local_error::{FileAction, KeySource, LocalError};

impl Catalog {
    pub(crate) fn local_error(self, error: &LocalError) -> String {
        match error {
            LocalError::NoServer => self.no_server(),
            LocalError::TooManyEndpoints(count) => self.too_many_endpoints(*count),
            LocalError::DifferentKeys => self.different_keys(),
            LocalError::NoInvite(error) => self.no_invite(*error),
            LocalError::InviteInPlainText => self.invite_in_plain_text(),
            LocalError::KeyChanged { source, host, known_hosts } => {
                let source = match source {
                    KeySource::Invite => self.key_of_invite(),
                    KeySource::Folder(folder) => self.key_of_folder(&shown(folder)),
                };
                self.key_changed(&source, host, &shown(known_hosts))
            }
            LocalError::KeyUnknown { server, data: None } => self.key_unknown(server),
            LocalError::KeyUnknown { server, data: Some(data) } => {
                self.key_unknown_here(server, &shown(data))
            }
            LocalError::Keys(error) => self.key_folder(error),
            LocalError::Transport(error) => self.transport(error),
            LocalError::NoHome => self.no_home(),
            LocalError::Damaged { file, error } => self.file_damaged(&shown(file), error),
            LocalError::Disk { action, path, error } => {
                let (path, error) = (shown(path), self.io_error(error));
                match action {
                    FileAction::Create => self.cannot_create(&path, &error),
                    FileAction::Read => self.cannot_read(&path, &error),
                    FileAction::ContinueReading => self.cannot_continue_reading(&path, &error),
                    FileAction::Write => self.cannot_write(&path, &error),
                }
            }
            LocalError::Terminal(error) => self.terminal_unusable(error),
        }
    }
}

impl Catalog {
    fn no_invite(self, error: BadInvite) -> String {
        let portuguese = match (self.language, error) {
            (Language::English, error) => return error.to_string(),
            (Language::Portuguese, BadInvite::Scheme) => "um convite começa com papo://",
            (Language::Portuguese, BadInvite::Key) => {
                "um convite tem uma chave de 64 dígitos hexadecimais antes do @: papo://<chave>@host:porta"
            }
            (Language::Portuguese, BadInvite::Host) => {
                "um convite tem um host depois do @, um nome ou um endereço: papo://<chave>@host:porta"
            }
            (Language::Portuguese, BadInvite::Port) => {
                "um convite termina com uma porta de 1 a 65535: papo://<chave>@host:porta"
            }
            (Language::Portuguese, BadInvite::JoinCode) => {
                "um código de entrada só tem letras e dígitos: papo://<chave>@host:porta/<código>"
            }
        };
        portuguese.to_owned()
    }

    fn transport(self, error: &TransportError) -> String {
        if self.language == Language::English {
            return error.to_string();
        }
        match error {
            TransportError::InUse { endpoint } => format!(
                "{endpoint} já está em uso, talvez por outro papo: encerre-o, ou escolha outra porta por opção"
            ),
            TransportError::Denied { endpoint } => format!(
                "o papo não tem permissão para usar {endpoint}: escolha uma porta acima de 1023, ou uma pasta em \
                 que o papo possa escrever"
            ),
            TransportError::NoSuchAddress { endpoint } => format!(
                "{endpoint} não é um endereço desta máquina: use tcp://*:<porta>, ou um endereço desta máquina"
            ),
            TransportError::BadEndpoint { endpoint } => {
                format!("{endpoint} não é um endereço: escreva tcp://host:porta ou ipc:///uma/pasta/nome")
            }
            TransportError::PlainTextElsewhere { endpoint } => format!(
                "{endpoint} usaria a rede sem criptografia, e --plaintext só vale nesta máquina: tire essa opção \
                 para criptografar, ou use --plaintext-anywhere se a própria rede for protegida"
            ),
            TransportError::NoCurve => {
                "esta libzmq não sabe criptografar: instale uma compilada com libsodium \
                 (Debian e Ubuntu: apt install libzmq5; Fedora: dnf install zeromq; Homebrew: brew install \
                 zeromq), ou use --plaintext, só nesta máquina"
                    .to_owned()
            }
            TransportError::OpenFiles => {
                "há arquivos abertos demais: aumente o limite do processo (ulimit -n)".to_owned()
            }
            TransportError::Socket { action, source } => format!("a rede falhou ({action}): {source}"),
            TransportError::System { action, source } => {
                format!("o sistema falhou ({action}): {}", self.io_error(source))
            }
            TransportError::NoAnswer { endpoint } => {
                format!("{endpoint} não responde: o papo está rodando, e essa é a porta de controle dele?")
            }
            TransportError::BadAnswer { endpoint, answer } => {
                format!("{endpoint} não é uma porta de controle do papo: a resposta foi {answer:?}")
            }
        }
    }

    fn key_folder(self, error: &KeyFolderError) -> String {
        if self.language == Language::English {
            return error.to_string();
        }
        match error {
            KeyFolderError::Io { path, cause, .. } => format!(
                "não foi possível acessar {}: {}; as chaves precisam pertencer ao usuário que roda o papo",
                path.display(),
                self.io_error(cause)
            ),
            KeyFolderError::Exposed(path) => {
                let path = path.display();
                format!(
                    "outros usuários podem ler {path}: rode `chmod 600 {path}`, e também `papo keys rotate` se \
                     alguém pode ter lido o arquivo"
                )
            }
            KeyFolderError::Damaged(path) => format!(
                "{} não contém uma chave válida: restaure o arquivo a partir de um backup, ou tire-o de lá para o papo \
                 criar outro",
                path.display()
            ),
            KeyFolderError::None(folder) => format!(
                "não há chaves em {}: inicie o nó uma vez para criá-las (`papo up`)",
                folder.display()
            ),
            KeyFolderError::Transport(error) => self.transport(error),
        }
    }

    /// An error of the operating system. Rare errors are not translated.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the list of the standard library is not complete")]
    pub(crate) fn io_error(self, error: &io::Error) -> String {
        if self.language == Language::English {
            return error.to_string();
        }
        let portuguese = match error.kind() {
            io::ErrorKind::NotFound => "o arquivo ou a pasta não existe",
            io::ErrorKind::PermissionDenied => "você não tem permissão",
            io::ErrorKind::StorageFull => "o disco está cheio",
            io::ErrorKind::QuotaExceeded => "sua cota no disco acabou",
            io::ErrorKind::ReadOnlyFilesystem => "o disco só permite leitura",
            io::ErrorKind::AlreadyExists => "o arquivo já existe",
            io::ErrorKind::IsADirectory => "é uma pasta",
            io::ErrorKind::NotADirectory => "uma parte do caminho não é uma pasta",
            io::ErrorKind::UnexpectedEof => "o arquivo terminou antes do esperado",
            io::ErrorKind::InvalidData => "o arquivo não está em UTF-8",
            _ => return error.to_string(),
        };
        portuguese.to_owned()
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

super::messages! {
    no_server() {
        en: "give a server: --server tcp://host:port, or an invite",
        pt: "informe um servidor: --server tcp://host:porta, ou um convite",
    }
    too_many_endpoints(count: usize) {
        en: "give at most {count} endpoints of a server",
        pt: "informe no máximo {count} endereços de um servidor",
    }
    different_keys() {
        en: "the endpoints have different keys: give only endpoints of the same node, because the node receives your session",
        pt: "os endereços têm chaves diferentes: informe só endereços de um mesmo nó, porque ele recebe sua sessão",
    }
    invite_in_plain_text() {
        en: "an invite is for an encrypted connection: leave out --plaintext, or use tcp://host:port",
        pt: "um convite é para uma conexão criptografada: tire a opção --plaintext, ou use tcp://host:porta",
    }
    key_of_invite() {
        en: "the key in the invite",
        pt: "a chave do convite",
    }
    key_of_folder(folder: &str) {
        en: "the node's key in {folder}",
        pt: "a chave do nó em {folder}",
    }
    key_changed(source: &str, host: &str, known_hosts: &str) {
        en: "{source} is not the known key of {host}. Either its operator made new keys (`papo keys rotate`) or set the node up again, or somebody impersonates it and would read everything. Ask the operator, but not over this chat. If the key is right, delete \"{host}\" from {known_hosts} and try again",
        pt: "{source} não é a chave conhecida de {host}. Ou quem administra o nó criou chaves novas (`papo keys rotate`) ou o instalou de novo, ou alguém está se passando por ele e leria tudo. Pergunte a quem administra, mas não por este chat. Se a chave estiver certa, apague \"{host}\" de {known_hosts} e tente de novo",
    }
    key_unknown(server: &str) {
        en: "the key of {server} is not known: ask its operator for the invite (`papo invite` prints it) and use --server <invite> once; or use --plaintext if the node runs with it",
        pt: "a chave de {server} não é conhecida: peça o convite a quem administra o nó (`papo invite` o mostra) e use --server <convite> uma vez; ou use --plaintext se o nó roda sem criptografia",
    }
    key_unknown_here(server: &str, data: &str) {
        en: "the key of {server} is not known: ask its operator for the invite (`papo invite` prints it) and use --server <invite> once; or, if the node's data folder is not {data}, use --data <its folder>; or use --plaintext if the node runs with it",
        pt: "a chave de {server} não é conhecida: peça o convite a quem administra o nó (`papo invite` o mostra) e use --server <convite> uma vez; ou, se a pasta de dados do nó não for {data}, use --data <pasta>; ou use --plaintext se o nó roda sem criptografia",
    }
    no_home() {
        en: "HOME is not set, so there is no folder for the session: use --config <folder>",
        pt: "a variável HOME não está definida, e falta uma pasta para a sessão: use --config <pasta>",
    }
    file_damaged(file: &str, error: &str) {
        en: "{file} is damaged ({error}): repair it, or delete it and start again",
        pt: "{file} está danificado ({error}): corrija-o, ou apague-o e comece de novo",
    }
    cannot_create(path: &str, error: &str) {
        en: "cannot create {path}: {error}",
        pt: "não foi possível criar {path}: {error}",
    }
    cannot_read(path: &str, error: &str) {
        en: "cannot read {path}: {error}",
        pt: "não foi possível ler {path}: {error}",
    }
    cannot_continue_reading(path: &str, error: &str) {
        en: "cannot continue reading {path}: {error}",
        pt: "não foi possível continuar lendo {path}: {error}",
    }
    cannot_write(path: &str, error: &str) {
        en: "cannot write {path}: {error}",
        pt: "não foi possível gravar {path}: {error}",
    }
    terminal_unusable(error: &str) {
        en: "papo cannot use the terminal: {error}",
        pt: "o papo não consegue usar o terminal: {error}",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_this_machine_are_translated() {
        let portuguese = Catalog::new(Language::Portuguese);
        let endpoint = "tcp://a.example:5555".to_owned();
        let all = [
            LocalError::TooManyEndpoints(8),
            LocalError::NoInvite(BadInvite::Port),
            LocalError::KeyUnknown { server: endpoint.clone(), data: None },
            LocalError::KeyChanged {
                source: KeySource::Folder("data/keys".into()),
                host: "a.example:5555".to_owned(),
                known_hosts: "known_hosts.json".into(),
            },
            LocalError::Transport(TransportError::BadEndpoint { endpoint: "x".to_owned() }),
            LocalError::Transport(TransportError::PlainTextElsewhere { endpoint }),
            LocalError::Transport(TransportError::OpenFiles),
            LocalError::Keys(KeyFolderError::Exposed("data/keys/node.secret".into())),
            LocalError::Disk {
                action: FileAction::Write,
                path: "a".into(),
                error: io::ErrorKind::StorageFull.into(),
            },
        ];
        let translated: Vec<_> = all.iter().map(|error| portuguese.local_error(error)).collect();
        for (error, portuguese) in all.iter().zip(&translated) {
            assert_ne!(Catalog::ENGLISH.local_error(error), *portuguese, "not translated");
        }
        insta::assert_snapshot!(translated.join("\n"), @r#"
        informe no máximo 8 endereços de um servidor
        um convite termina com uma porta de 1 a 65535: papo://<chave>@host:porta
        a chave de tcp://a.example:5555 não é conhecida: peça o convite a quem administra o nó (`papo invite` o mostra) e use --server <convite> uma vez; ou use --plaintext se o nó roda sem criptografia
        a chave do nó em data/keys não é a chave conhecida de a.example:5555. Ou quem administra o nó criou chaves novas (`papo keys rotate`) ou o instalou de novo, ou alguém está se passando por ele e leria tudo. Pergunte a quem administra, mas não por este chat. Se a chave estiver certa, apague "a.example:5555" de known_hosts.json e tente de novo
        x não é um endereço: escreva tcp://host:porta ou ipc:///uma/pasta/nome
        tcp://a.example:5555 usaria a rede sem criptografia, e --plaintext só vale nesta máquina: tire essa opção para criptografar, ou use --plaintext-anywhere se a própria rede for protegida
        há arquivos abertos demais: aumente o limite do processo (ulimit -n)
        outros usuários podem ler data/keys/node.secret: rode `chmod 600 data/keys/node.secret`, e também `papo keys rotate` se alguém pode ter lido o arquivo
        não foi possível gravar a: o disco está cheio
        "#);
    }
}

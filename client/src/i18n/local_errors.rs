//! Sentences for errors on this machine.

use std::path::Path;

use transport::TransportError;
use transport::invite::BadInvite;

use super::{Language, Words};
use crate::local_error::{FileAction, KeySource, LocalError};

impl Words {
    /// The sentence for an error on this machine.
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
            LocalError::Keys(error) => self.keys_unusable(&error.to_string()),
            LocalError::Socket(error) => self.socket(error),
            LocalError::NoHome => self.no_home(),
            LocalError::Damaged { file, error } => self.file_damaged(&shown(file), error),
            LocalError::Disk { action, path, error } => {
                let (path, error) = (shown(path), error.to_string());
                match action {
                    FileAction::Make => self.cannot_make(&path, &error),
                    FileAction::Read => self.cannot_read(&path, &error),
                    FileAction::GoOnReading => self.cannot_go_on_reading(&path, &error),
                    FileAction::Write => self.cannot_write(&path, &error),
                }
            }
            LocalError::Terminal(error) => self.terminal_unusable(error),
        }
    }
}

impl Words {
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
        };
        portuguese.to_owned()
    }

    /// The errors that a user can correct are translated. The others are English.
    fn socket(self, error: &TransportError) -> String {
        match (self.language, error) {
            (Language::Portuguese, TransportError::BadEndpoint { endpoint }) => {
                format!("{endpoint} não é um endereço: escreva tcp://host:porta ou ipc:///uma/pasta/nome")
            }
            (Language::Portuguese, TransportError::PlainTextElsewhere { endpoint }) => format!(
                "{endpoint} levaria texto aberto por uma rede: --plaintext é só para esta máquina; tire-o para \
                 criptografar, ou use --plaintext-anywhere se a própria rede é protegida"
            ),
            (Language::English | Language::Portuguese, error) => error.to_string(),
        }
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

super::sentences! {
    no_server() {
        en: "name a server: --server tcp://host:port, or an invite",
        pt: "informe um servidor: --server tcp://host:porta, ou um convite",
    }
    too_many_endpoints(count: usize) {
        en: "name at most {count} endpoints of a server",
        pt: "informe no máximo {count} endereços de um servidor",
    }
    different_keys() {
        en: "the endpoints have different keys: name endpoints of one node only, because it receives your session",
        pt: "os endereços têm chaves diferentes: informe os de um só nó, porque ele recebe sua sessão",
    }
    invite_in_plain_text() {
        en: "an invite is for an encrypted connection: leave out --plaintext, or use tcp://host:port",
        pt: "um convite é para uma conexão criptografada: tire o --plaintext, ou use tcp://host:porta",
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
        pt: "{source} não é a que se conhece de {host}. Ou quem administra o nó fez chaves novas (`papo keys rotate`) ou o montou de novo, ou alguém quer se passar por ele, e leria tudo. Pergunte a quem administra, não por este chat. Se a chave está certa, apague \"{host}\" de {known_hosts} e tente de novo",
    }
    key_unknown(server: &str) {
        en: "the key of {server} is not known: ask its operator for the invite (`papo invite` prints it) and use --server <invite> once; or use --plaintext if the node runs with it",
        pt: "a chave de {server} não é conhecida: peça o convite a quem administra o nó (`papo invite` o mostra) e use --server <convite> uma vez; ou use --plaintext se o nó roda assim",
    }
    key_unknown_here(server: &str, data: &str) {
        en: "the key of {server} is not known: ask its operator for the invite (`papo invite` prints it) and use --server <invite> once; or, if the node's data folder is not {data}, use --data <its folder>; or use --plaintext if the node runs with it",
        pt: "a chave de {server} não é conhecida: peça o convite a quem administra o nó (`papo invite` o mostra) e use --server <convite> uma vez; ou, se a pasta de dados do nó não é {data}, use --data <pasta>; ou use --plaintext se o nó roda assim",
    }
    keys_unusable(error: &str) {
        en: "{error}",
        pt: "as chaves do nó nesta máquina não servem: {error}",
    }
    no_home() {
        en: "there is no HOME folder for the session: use --config <folder>",
        pt: "não há HOME onde guardar a sessão: use --config <pasta>",
    }
    file_damaged(file: &str, error: &str) {
        en: "{file} is damaged ({error}): repair it, or delete it and start again",
        pt: "{file} está danificado ({error}): conserte-o, ou apague-o e comece de novo",
    }
    cannot_make(path: &str, error: &str) {
        en: "cannot make {path}: {error}",
        pt: "não consigo criar {path}: {error}",
    }
    cannot_read(path: &str, error: &str) {
        en: "cannot read {path}: {error}",
        pt: "não consigo ler {path}: {error}",
    }
    cannot_go_on_reading(path: &str, error: &str) {
        en: "cannot continue reading {path}: {error}",
        pt: "não consigo continuar lendo {path}: {error}",
    }
    cannot_write(path: &str, error: &str) {
        en: "cannot write {path}: {error}",
        pt: "não consigo escrever {path}: {error}",
    }
    terminal_unusable(error: &str) {
        en: "the terminal: {error}",
        pt: "o terminal: {error}",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_before_the_beginning_is_told_in_the_language_of_the_person() {
        let portuguese = Words::new(Language::Portuguese);
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
            LocalError::Socket(TransportError::BadEndpoint { endpoint: "x".to_owned() }),
            LocalError::Socket(TransportError::PlainTextElsewhere { endpoint }),
            LocalError::Disk {
                action: FileAction::Write,
                path: "a".into(),
                error: std::io::Error::other("disk on fire"),
            },
        ];
        let said: Vec<_> = all.iter().map(|error| portuguese.local_error(error)).collect();
        for (error, portuguese) in all.iter().zip(&said) {
            assert_ne!(Words::ENGLISH.local_error(error), *portuguese, "not translated");
        }
        insta::assert_snapshot!(said.join("\n"), @r#"
        informe no máximo 8 endereços de um servidor
        um convite termina com uma porta de 1 a 65535: papo://<chave>@host:porta
        a chave de tcp://a.example:5555 não é conhecida: peça o convite a quem administra o nó (`papo invite` o mostra) e use --server <convite> uma vez; ou use --plaintext se o nó roda assim
        a chave do nó em data/keys não é a que se conhece de a.example:5555. Ou quem administra o nó fez chaves novas (`papo keys rotate`) ou o montou de novo, ou alguém quer se passar por ele, e leria tudo. Pergunte a quem administra, não por este chat. Se a chave está certa, apague "a.example:5555" de known_hosts.json e tente de novo
        x não é um endereço: escreva tcp://host:porta ou ipc:///uma/pasta/nome
        tcp://a.example:5555 levaria texto aberto por uma rede: --plaintext é só para esta máquina; tire-o para criptografar, ou use --plaintext-anywhere se a própria rede é protegida
        não consigo escrever a: disk on fire
        "#);
    }
}

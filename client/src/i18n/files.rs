//! Messages about files.

use common::Target;

super::messages! {
    sent_file(name: &str, size: &str, n: u64) {
        en: "sent {name} ({size}): /get {n}",
        pt: "enviou {name} ({size}): /get {n}",
    }
    sending_file(name: &str, to: &Target) {
        en: "sending {name} to {to}",
        pt: "enviando {name} para {to}",
    }
    downloading_file(name: &str, conversation: &Target, n: u64) {
        en: "downloading {name} from {conversation} {n}",
        pt: "baixando {name} de {conversation} {n}",
    }
    file_queued(name: &str, ahead: usize) {
        en: "{name} is queued after {ahead} other files",
        pt: "{name} está na fila depois de {ahead} outros arquivos",
        one ahead: { en: "{name} is queued after 1 other file", pt: "{name} está na fila depois de 1 outro arquivo" },
    }
    too_many_files(count: usize) {
        en: "{count} files are already queued: wait until a transfer is done",
        pt: "já há {count} arquivos na fila: espere até uma transferência terminar",
    }
    file_progress(name: &str, percent: u64) {
        en: "{name}: {percent} % done",
        pt: "{name}: {percent} % concluídos",
    }
    file_sent(name: &str, to: &Target, n: u64) {
        en: "{name} was sent: {to} {n}",
        pt: "{name} foi enviado: {to} {n}",
    }
    file_downloaded(name: &str, path: &str) {
        en: "{name} was saved: {path}",
        pt: "{name} foi salvo: {path}",
    }
    file_not_sent(name: &str, to: &Target, why: &str) {
        en: "{name} was not sent to {to}: {why}",
        pt: "{name} não foi enviado para {to}: {why}",
    }
    file_not_downloaded(name: &str, why: &str) {
        en: "{name} was not downloaded: {why}",
        pt: "{name} não foi baixado: {why}",
    }
    upload_interrupted(path: &str, to: &Target) {
        en: "{path} is not sent yet: in {to}, /send {path} continues",
        pt: "{path} ainda não foi enviado: em {to}, /send {path} continua",
    }
    download_interrupted(name: &str, conversation: &Target, n: u64) {
        en: "{name} is not downloaded yet: in {conversation}, /get {n} continues",
        pt: "{name} ainda não foi baixado: em {conversation}, /get {n} continua",
    }
    files_failed(count: usize) {
        en: "{count} files were not sent or downloaded",
        pt: "{count} arquivos não foram enviados ou baixados",
        one count: { en: "1 file was not sent or downloaded", pt: "1 arquivo não foi enviado ou baixado" },
    }
    usage_get() {
        en: "give a number: /get 17 downloads the file of event 17",
        pt: "informe um número: /get 17 baixa o arquivo do evento 17",
    }
    usage_share() {
        en: "give a number: /share 17 prints a web link to the file of event 17",
        pt: "informe um número: /share 17 mostra um link da web para o arquivo do evento 17",
    }
    file_link(url: &str, until: &str) {
        en: "{url} works until {until}, for everybody who has the link",
        pt: "{url} funciona até {until}, para todos que tiverem o link",
    }
    file_link_path(path: &str, until: &str) {
        en: "the server does not know the address of its page: {path} works there until {until}, for everybody who has the link",
        pt: "o servidor não sabe o endereço da sua página: {path} funciona lá até {until}, para todos que tiverem o link",
    }
    not_a_file(path: &str) {
        en: "{path} is not a file",
        pt: "{path} não é um arquivo",
    }
    event_without_file(conversation: &Target, n: u64) {
        en: "{conversation} {n} is not a file",
        pt: "{conversation} {n} não é um arquivo",
    }
    no_recent_file(conversation: &Target) {
        en: "no recent event of {conversation} is a file: give its number, such as /get 17",
        pt: "nenhum evento recente de {conversation} é um arquivo: informe o número, como /get 17",
    }
    already_downloading(name: &str) {
        en: "{name} is being downloaded already",
        pt: "{name} já está sendo baixado",
    }
    wrong_content(name: &str) {
        en: "the downloaded content of {name} differs from the sent content: download it again",
        pt: "o conteúdo baixado de {name} é diferente do que foi enviado: baixe de novo",
    }
    too_many_same_names(count: u32, name: &str, folder: &str) {
        en: "{folder} already has {count} files named like {name}: remove some of these files",
        pt: "{folder} já tem {count} arquivos com o nome {name}: apague alguns",
    }
}

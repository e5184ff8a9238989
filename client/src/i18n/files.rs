//! What papo says about files.

use common::Target;

super::sentences! {
    sent_file(name: &str, size: &str, n: u64) {
        en: "sent {name} ({size}): /get {n}",
        pt: "enviou {name} ({size}): /get {n}",
    }
    sending_file(name: &str, to: &Target) {
        en: "sending {name} to {to}",
        pt: "enviando {name} para {to}",
    }
    fetching_file(name: &str, conversation: &Target, n: u64) {
        en: "fetching {name} from {conversation} {n}",
        pt: "baixando {name} de {conversation} {n}",
    }
    file_waits(name: &str, ahead: usize) {
        en: "{name} waits for those before it: {ahead}",
        pt: "{name} espera os que vêm antes: {ahead}",
    }
    too_many_files(count: usize) {
        en: "{count} files wait already: wait for one of them",
        pt: "já há {count} arquivos esperando: espere por um deles",
    }
    file_on_its_way(name: &str, percent: u64) {
        en: "{name}: {percent} % are there",
        pt: "{name}: {percent} % prontos",
    }
    file_was_sent(name: &str, to: &Target, n: u64) {
        en: "{name} is sent: {to} {n}",
        pt: "{name} foi enviado: {to} {n}",
    }
    file_was_fetched(name: &str, path: &str) {
        en: "{name} is here: {path}",
        pt: "{name} chegou: {path}",
    }
    file_not_sent(name: &str, to: &Target, why: &str) {
        en: "{name} was not sent to {to}: {why}",
        pt: "{name} não foi enviado para {to}: {why}",
    }
    file_not_fetched(name: &str, why: &str) {
        en: "{name} was not fetched: {why}",
        pt: "{name} não foi baixado: {why}",
    }
    sending_was_left(path: &str, to: &Target) {
        en: "{path} is not sent yet: in {to}, /send {path} goes on with it",
        pt: "{path} ainda não foi enviado: em {to}, /send {path} continua",
    }
    fetching_was_left(name: &str, conversation: &Target, n: u64) {
        en: "{name} is not here yet: in {conversation}, /get {n} goes on with it",
        pt: "{name} ainda não chegou: em {conversation}, /get {n} continua",
    }
    some_files_failed(count: usize) {
        en: "files that were not sent or fetched: {count}",
        pt: "arquivos que não foram enviados ou baixados: {count}",
    }
    say_a_file_number() {
        en: "say a number: /get 17 fetches the file that 17 is",
        pt: "diga um número: /get 17 baixa o arquivo que é o 17",
    }
    is_not_a_file(path: &str) {
        en: "{path} is not a file",
        pt: "{path} não é um arquivo",
    }
    number_is_no_file(conversation: &Target, n: u64) {
        en: "{conversation} {n} is no file",
        pt: "{conversation} {n} não é um arquivo",
    }
    no_file_lately(conversation: &Target) {
        en: "no file was sent to {conversation} lately: say its number",
        pt: "nenhum arquivo foi enviado a {conversation} ultimamente: diga o número",
    }
    is_being_fetched(name: &str) {
        en: "{name} is being fetched already",
        pt: "{name} já está sendo baixado",
    }
    came_as_another(name: &str) {
        en: "what came is not {name} as it was sent: fetch it once more",
        pt: "o que chegou não é {name} como foi enviado: baixe outra vez",
    }
    too_many_alike(count: u32, name: &str, folder: &str) {
        en: "there are {count} files like {name} in {folder} already",
        pt: "já há {count} arquivos como {name} em {folder}",
    }
}

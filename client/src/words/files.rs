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
    fetched_file(path: &str) {
        en: "it is in {path}",
        pt: "está em {path}",
    }
    say_a_path() {
        en: "say which file: /send plan.pdf",
        pt: "diga qual arquivo: /send plano.pdf",
    }
    say_a_file_number() {
        en: "say a number: /get 17 fetches the file that 17 is",
        pt: "diga um número: /get 17 baixa o arquivo que é o 17",
    }
}

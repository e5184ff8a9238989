//! Sentences about what becomes of messages.

use common::UserName;

super::sentences! {
    said_in_reply(from: &UserName, n: u64) {
        en: "{from}, to {n}: ",
        pt: "{from}, para {n}: ",
    }
    edited(n: u64, text: &str) {
        en: "edited {n}: {text}",
        pt: "editou {n}: {text}",
    }
    deleted(n: u64) {
        en: "deleted {n}",
        pt: "apagou {n}",
    }
    took_reaction_back(emoji: &str, n: u64) {
        en: "took {emoji} back from {n}",
        pt: "retirou {emoji} de {n}",
    }
    is_deleted() {
        en: "(deleted)",
        pt: "(apagada)",
    }
    is_edited() {
        en: "(edited)",
        pt: "(editada)",
    }
    said_before(time: &str, text: &str) {
        en: "(since {time}: {text})",
        pt: "(desde {time}: {text})",
    }
    say_number_and_text(command: &str) {
        en: "say the number of a message, and a text: /{command} 17 all right",
        pt: "diga o número de uma mensagem, e um texto: /{command} 17 tudo bem",
    }
    say_number_and_emoji(command: &str) {
        en: "say the number of a message, and an emoji or a short word: /{command} 17 👍",
        pt: "diga o número de uma mensagem, e um emoji ou uma palavra curta: /{command} 17 👍",
    }
    say_number_of_message(command: &str) {
        en: "say the number of a message: /{command} 17",
        pt: "diga o número de uma mensagem: /{command} 17",
    }
}

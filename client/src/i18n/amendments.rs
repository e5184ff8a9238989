//! Messages about replies, edits, deletions and reactions.

use common::UserName;

super::messages! {
    reply_head(from: &UserName, n: u64) {
        en: "{from}, to {n}: ",
        pt: "{from}, em resposta a {n}: ",
    }
    edited(n: u64, text: &str) {
        en: "edited {n}: {text}",
        pt: "editou {n}: {text}",
    }
    deleted(n: u64) {
        en: "deleted {n}",
        pt: "apagou {n}",
    }
    removed_reaction(emoji: &str, n: u64) {
        en: "removed {emoji} from {n}",
        pt: "removeu {emoji} de {n}",
    }
    mark_deleted() {
        en: "(deleted)",
        pt: "(apagada)",
    }
    mark_edited() {
        en: "(edited)",
        pt: "(editada)",
    }
    earlier_text(time: &str, text: &str) {
        en: "(earlier text, {time}: {text})",
        pt: "(texto anterior, {time}: {text})",
    }
    usage_number_and_text(command: &str) {
        en: "give the number of a message and a text: /{command} 17 all right",
        pt: "informe o número de uma mensagem e um texto: /{command} 17 tudo bem",
    }
    usage_number_and_emoji(command: &str) {
        en: "give the number of a message, and an emoji or a short word: /{command} 17 👍",
        pt: "informe o número de uma mensagem e um emoji ou uma palavra curta: /{command} 17 👍",
    }
    usage_number(command: &str) {
        en: "give the number of a message: /{command} 17",
        pt: "informe o número de uma mensagem: /{command} 17",
    }
}

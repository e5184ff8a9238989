//! Messages about notification levels.

use common::Target;

super::messages! {
    level_of(conversation: &Target, level: &str) {
        en: "notifications of {conversation}: {level}",
        pt: "notificações de {conversation}: {level}",
    }
    level_of_all(level: &str) {
        en: "notifications of all conversations: at most {level}",
        pt: "notificações de todas as conversas: no máximo {level}",
    }
    usage_notify() {
        en: "give a level: /notify all, /notify mentions or /notify none",
        pt: "informe um nível: /notify all, /notify mentions ou /notify none",
    }
    usage_dnd() {
        en: "write /dnd on or /dnd off",
        pt: "escreva /dnd on ou /dnd off",
    }
}

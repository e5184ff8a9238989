//! Messages about unread messages.

use common::Target;

super::messages! {
    unread_messages(count: u64) {
        en: "{count} unread messages",
        pt: "{count} mensagens não lidas",
        one count: { en: "1 unread message", pt: "1 mensagem não lida" },
    }
    in_conversations(count: usize) {
        en: "in {count} conversations",
        pt: "em {count} conversas",
        one count: { en: "in 1 conversation", pt: "em 1 conversa" },
    }
    reading(conversation: &Target, unread: u64, n: u64) {
        en: "{conversation}: {unread} unread, after {n}",
        pt: "{conversation}: {unread} não lidas, depois de {n}",
        one unread: { en: "{conversation}: 1 unread, after {n}", pt: "{conversation}: 1 não lida, depois de {n}" },
    }
    reading_with_mentions(conversation: &Target, unread: u64, mentions: u64, n: u64) {
        en: "{conversation}: {unread} unread, {mentions} mentioning you, after {n}",
        pt: "{conversation}: {unread} não lidas, {mentions} com menção a você, depois de {n}",
        one unread: { en: "{conversation}: 1 unread, {mentions} mentioning you, after {n}", pt: "{conversation}: 1 não lida, {mentions} com menção a você, depois de {n}" },
    }
    no_mentions() {
        en: "nobody has mentioned you",
        pt: "ninguém mencionou você",
    }
    and_more_unread(more: usize) {
        en: "and {more} more: /unread",
        pt: "e mais {more}: /unread",
    }
    nothing_unread() {
        en: "you have no unread messages",
        pt: "você não tem mensagens não lidas",
    }
    shown_unread(conversation: &Target, unread: u64, n: u64) {
        en: "-- {conversation}: {unread} unread, from {n} on --",
        pt: "-- {conversation}: {unread} não lidas, a partir de {n} --",
        one unread: { en: "-- {conversation}: 1 unread, from {n} on --", pt: "-- {conversation}: 1 não lida, a partir de {n} --" },
    }
    marked_as_read(conversation: &Target) {
        en: "-- {conversation}: all read --",
        pt: "-- {conversation}: tudo lido --",
    }
    more_to_read(more: u64) {
        en: "-- {more} more: /next shows them, /read marks them as read --",
        pt: "-- mais {more}: /next mostra, /read marca como lidas --",
        one more: { en: "-- 1 more: /next shows it, /read marks it as read --", pt: "-- mais 1: /next mostra, /read marca como lida --" },
    }
}

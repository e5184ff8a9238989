//! Messages about unread messages.

use common::Target;

super::messages! {
    unread_in_all(messages: u64, conversations: usize) {
        en: "{messages} unread messages in {conversations} conversations",
        pt: "{messages} mensagens não lidas em {conversations} conversas",
    }
    reading(conversation: &Target, unread: u64, n: u64) {
        en: "{conversation}: {unread} unread, after {n}",
        pt: "{conversation}: {unread} não lida(s), depois de {n}",
    }
    reading_with_mentions(conversation: &Target, unread: u64, mentions: u64, n: u64) {
        en: "{conversation}: {unread} unread, {mentions} mentioning you, after {n}",
        pt: "{conversation}: {unread} não lida(s), {mentions} com menção a você, depois de {n}",
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
        pt: "-- {conversation}: {unread} não lida(s), a partir de {n} --",
    }
    marked_as_read(conversation: &Target) {
        en: "-- {conversation}: all read --",
        pt: "-- {conversation}: tudo lido --",
    }
    more_to_read(more: u64) {
        en: "-- {more} more: /next shows them, /read marks them as read --",
        pt: "-- mais {more}: /next mostra, /read marca como lidas --",
    }
}

//! What papo says about what was read.

use common::Target;

use super::sentences;

sentences! {
    unread_in_all(messages: u64, conversations: usize) {
        en: "unread: {messages} in {conversations} conversations",
        pt: "não lidas: {messages} em {conversations} conversas",
    }
    reading(conversation: &Target, unread: u64, n: u64) {
        en: "{conversation}: {unread} unread, after {n}",
        pt: "{conversation}: {unread} não lidas, depois de {n}",
    }
    and_more_unread(more: usize) {
        en: "and {more} more: /unread",
        pt: "e mais {more}: /unread",
    }
    nothing_unread() {
        en: "nothing is unread",
        pt: "não há nada por ler",
    }
    shown_unread(conversation: &Target, unread: u64, n: u64) {
        en: "-- {conversation}: {unread} unread, from {n} on --",
        pt: "-- {conversation}: {unread} não lidas, a partir de {n} --",
    }
    more_to_read(more: u64) {
        en: "-- {more} more: /next --",
        pt: "-- mais {more}: /next --",
    }
}

//! What papo says about what was read.

use common::Target;

use super::sentences;

sentences! {
    unread_in_all(messages: u64, conversations: usize) {
        en: "unread: {messages}, conversations: {conversations}",
        pt: "por ler: {messages}, conversas: {conversations}",
    }
    reading(conversation: &Target, unread: u64, n: u64) {
        en: "{conversation}: {unread} unread, after {n}",
        pt: "{conversation}: {unread} por ler, depois de {n}",
    }
    reading_with_mentions(conversation: &Target, unread: u64, mentions: u64, n: u64) {
        en: "{conversation}: {unread} unread, {mentions} for you, after {n}",
        pt: "{conversation}: {unread} por ler, {mentions} para você, depois de {n}",
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
        en: "nothing is unread",
        pt: "não há nada por ler",
    }
    shown_unread(conversation: &Target, unread: u64, n: u64) {
        en: "-- {conversation}: {unread} unread, from {n} on --",
        pt: "-- {conversation}: {unread} por ler, a partir de {n} --",
    }
    taken_as_read(conversation: &Target) {
        en: "-- {conversation}: all read --",
        pt: "-- {conversation}: tudo lido --",
    }
    more_to_read(more: u64) {
        en: "-- {more} more: /next, or /read to take them as read --",
        pt: "-- mais {more}: /next, ou /read para dar por lidas --",
    }
}

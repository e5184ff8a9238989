//! Sentences for administrators.

use common::{ChannelName, UserName};

super::sentences! {
    you_administrate() {
        en: "you are the first here, and so the administrator of this node: /admin",
        pt: "esta é a primeira conta, e por isso administra este nó: /admin",
    }
    say_admin() {
        en: "say /admin users, channels, sessions or stats; /admin disable, enable, promote or demote NAME",
        pt: "diga /admin users, channels, sessions ou stats; /admin disable, enable, promote ou demote NOME",
    }
    nothing_there_yet() {
        en: "there is nothing yet",
        pt: "não há nada ainda",
    }
    is_disabled(user: &UserName, ended: u64) {
        en: "{user} is disabled; sessions that were ended: {ended}",
        pt: "a conta {user} foi desativada; sessões encerradas: {ended}",
    }
    is_enabled(user: &UserName) {
        en: "{user} may log in again",
        pt: "{user} pode entrar de novo",
    }
    is_promoted(user: &UserName) {
        en: "{user} is an administrator",
        pt: "{user} agora administra o nó",
    }
    is_demoted(user: &UserName) {
        en: "{user} is no administrator",
        pt: "{user} não administra mais o nó",
    }
    account_line(user: &UserName, since: &str, sessions: u64, marks: &str) {
        en: "@{user} since {since}, sessions: {sessions}{marks}",
        pt: "@{user} desde {since}, sessões: {sessions}{marks}",
    }
    listed_administrator() {
        en: ", administrator",
        pt: ", administra o nó",
    }
    listed_disabled() {
        en: ", disabled",
        pt: ", desativada",
    }
    channel_line(channel: &ChannelName, since: &str, members: u64, events: u64, marks: &str) {
        en: "{channel} since {since}, members: {members}, events: {events}{marks}",
        pt: "{channel} desde {since}, membros: {members}, eventos: {events}{marks}",
    }
    listed_owner(user: &UserName) {
        en: ", owner @{user}",
        pt: ", de @{user}",
    }
    session_line(user: &UserName, session: uuid::Uuid, opened: &str, expires: &str) {
        en: "@{user} {session} opened {opened}, ends {expires}",
        pt: "@{user} {session} aberta em {opened}, termina em {expires}",
    }
    stats_users(users: u64, administrators: u64, disabled: u64) {
        en: "users: {users}, administrators: {administrators}, disabled: {disabled}",
        pt: "contas: {users}, administradoras: {administrators}, desativadas: {disabled}",
    }
    stats_sessions(sessions: u64) {
        en: "open sessions: {sessions}",
        pt: "sessões abertas: {sessions}",
    }
    stats_channels(channels: u64, private: u64) {
        en: "channels: {channels}, private: {private}",
        pt: "canais: {channels}, privados: {private}",
    }
    stats_direct(conversations: u64) {
        en: "direct conversations: {conversations}",
        pt: "conversas diretas: {conversations}",
    }
    stats_present(people: u64) {
        en: "people who are there: {people}",
        pt: "pessoas presentes: {people}",
    }
    stats_records(records: u64) {
        en: "records in the log: {records}",
        pt: "registros no log: {records}",
    }
}

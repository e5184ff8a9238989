//! Messages for administrators.

use common::{ChannelName, UserName};

super::messages! {
    you_are_administrator() {
        en: "you are the first user, so you are the administrator of this node: /admin",
        pt: "você criou a primeira conta, então administra este nó: /admin",
    }
    usage_admin() {
        en: "use /admin users, channels, sessions, stats or join-codes; /admin disable, enable, promote, demote, delete or reset-password NAME; /admin end-session NAME [ID]; /admin invite [USES]; or /admin revoke-code ID",
        pt: "use /admin users, channels, sessions, stats ou join-codes; /admin disable, enable, promote, demote, delete ou reset-password NOME; /admin end-session NOME [ID]; /admin invite [USOS]; ou /admin revoke-code ID",
    }
    empty_list() {
        en: "the list is empty",
        pt: "a lista está vazia",
    }
    done_disable(user: &UserName, ended: u64) {
        en: "{user} is disabled, and {ended} sessions were ended",
        pt: "a conta {user} foi desativada, e {ended} sessões foram encerradas",
        one ended: { en: "{user} is disabled, and 1 session was ended", pt: "a conta {user} foi desativada, e 1 sessão foi encerrada" },
    }
    done_enable(user: &UserName) {
        en: "{user} can log in again",
        pt: "{user} já pode entrar de novo",
    }
    done_promote(user: &UserName) {
        en: "{user} is now an administrator",
        pt: "{user} agora administra o nó",
    }
    done_demote(user: &UserName) {
        en: "{user} is no longer an administrator",
        pt: "{user} não administra mais o nó",
    }
    reset_code_created(user: &UserName, code: &str, expires: &str) {
        en: "give this code to {user}: {code}. Until {expires}, {user} can set a new password: papo reset-password {user} {code}",
        pt: "passe este código para {user}: {code}. Até {expires}, {user} pode criar uma nova senha: papo reset-password {user} {code}",
    }
    join_code_created(address: &str, uses: u32, expires: &str) {
        en: "{address}\nnew accounts: {uses}, expires {expires}",
        pt: "{address}\ncontas novas: {uses}, expira em {expires}",
    }
    join_code_line(id: uuid::Uuid, by: &UserName, uses: u32, expires: &str) {
        en: "{id} by @{by}, uses left: {uses}, expires {expires}",
        pt: "{id} de @{by}, usos restantes: {uses}, expira em {expires}",
    }
    backup_started(name: &str) {
        en: "the node makes the backup {name}: papo admin backups shows when it is complete",
        pt: "o nó está fazendo o backup {name}: papo admin backups mostra quando ele fica completo",
    }
    backup_line(name: &str, at: &str, bytes: u64) {
        en: "{name} of {at}, {bytes} bytes, checked",
        pt: "{name} de {at}, {bytes} bytes, verificado",
    }
    backup_running(name: &str, bytes: u64, total: u64) {
        en: "{name} is being made: {bytes} of about {total} bytes",
        pt: "{name} está em andamento: {bytes} de cerca de {total} bytes",
    }
    backup_failed(at: &str, error: &str) {
        en: "the backup of {at} failed: {error}",
        pt: "o backup de {at} falhou: {error}",
    }
    join_code_revoked() {
        en: "the join code is revoked",
        pt: "o código de entrada foi revogado",
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
        pt: ", conta desativada",
    }
    channel_line(channel: &ChannelName, since: &str, members: u64, events: u64, marks: &str) {
        en: "{channel} since {since}, members: {members}, events: {events}{marks}",
        pt: "{channel} desde {since}, membros: {members}, eventos: {events}{marks}",
    }
    listed_owner(user: &UserName) {
        en: ", owner @{user}",
        pt: ", dono(a) @{user}",
    }
    session_line(user: &UserName, session: uuid::Uuid, opened: &str, expires: &str) {
        en: "@{user} {session} opened {opened}, expires {expires}",
        pt: "@{user} {session} aberta em {opened}, expira em {expires}",
    }
    stats_users(users: u64, administrators: u64, disabled: u64) {
        en: "users: {users}, administrators: {administrators}, disabled: {disabled}",
        pt: "usuários: {users}, administradores: {administrators}, desativados: {disabled}",
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
    stats_present(users: u64) {
        en: "users present: {users}",
        pt: "usuários presentes: {users}",
    }
    stats_records(records: u64) {
        en: "records in the log: {records}",
        pt: "registros no log: {records}",
    }
}

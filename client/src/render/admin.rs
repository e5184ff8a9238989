//! Lists and results for administrators.

use common::UserName;
use common::admin::{Channel, ResetCode, Session, Stats, User};
use common::backups::Backups;
use common::join_codes::{CreatedJoinCode, JoinCode};

use super::dates::date_and_time;
use crate::i18n::Catalog;

/// The result of disabling or enabling an account.
pub(crate) fn disabled(catalog: Catalog, user: &UserName, disabled: bool, ended: u64) -> String {
    if disabled { catalog.done_disable(user, ended) } else { catalog.done_enable(user) }
}

/// The result of promoting or demoting a user.
pub(crate) fn promoted(catalog: Catalog, user: &UserName, administrator: bool) -> String {
    if administrator { catalog.done_promote(user) } else { catalog.done_demote(user) }
}

/// An account, as administrators see it.
pub(crate) fn account(catalog: Catalog, user: &User) -> String {
    let administrator = user.administrator.then(|| catalog.listed_administrator());
    let disabled = user.disabled.then(|| catalog.listed_disabled());
    let marks: String = administrator.into_iter().chain(disabled).collect();
    catalog.account_line(&user.user, &date_and_time(user.since), user.sessions, &marks)
}

/// A channel, as administrators see it.
pub(crate) fn admin_channel(catalog: Catalog, channel: &Channel) -> String {
    let privacy = channel.private.then(|| catalog.listed_private());
    let owner = channel.owner.as_ref().map(|owner| catalog.listed_owner(owner));
    let marks: String = privacy.into_iter().chain(owner).collect();
    let name = channel.names.current(&channel.channel);
    catalog.channel_line(name, &date_and_time(channel.since), channel.members, channel.n, &marks)
}

/// A session, as administrators see it.
pub(crate) fn admin_session(catalog: Catalog, session: &Session) -> String {
    catalog.session_line(
        &session.user,
        session.session,
        &date_and_time(session.opened),
        &date_and_time(session.expires),
    )
}

/// The backups of the node, the one in progress and the last failure: a line each.
pub(crate) fn backups(catalog: Catalog, list: &Backups) -> Vec<String> {
    let running = list.running.as_ref();
    let running = running.map(|running| catalog.backup_running(&running.name, running.bytes, running.total));
    let failed = list.failed.as_ref();
    let failed = failed.map(|failed| catalog.backup_failed(&date_and_time(failed.at), &failed.error));
    let complete = list.backups.iter();
    let complete =
        complete.map(|backup| catalog.backup_line(&backup.name, &date_and_time(backup.at), backup.bytes));
    running.into_iter().chain(failed).chain(complete).collect()
}

/// The code for a new password.
pub(crate) fn reset_code(catalog: Catalog, user: &UserName, code: &ResetCode) -> String {
    catalog.reset_code_created(user, &code.code, &date_and_time(code.expires))
}

/// The address of the node with a new join code.
pub(crate) fn join_code_created(
    catalog: Catalog,
    address: &str,
    uses: u32,
    code: &CreatedJoinCode,
) -> String {
    catalog.join_code_created(address, uses, &date_and_time(code.expires))
}

/// A join code, as administrators see it.
pub(crate) fn join_code(catalog: Catalog, code: &JoinCode) -> String {
    let line = catalog.join_code_line(code.id, &code.by, code.uses, &date_and_time(code.expires));
    if code.note.is_empty() { line } else { format!("{line}: {}", code.note) }
}

/// One line for each group of counts.
pub(crate) fn stats(catalog: Catalog, stats: &Stats) -> Vec<String> {
    vec![
        catalog.stats_users(stats.users, stats.administrators, stats.disabled),
        catalog.stats_sessions(stats.sessions),
        catalog.stats_channels(stats.channels, stats.private_channels),
        catalog.stats_direct(stats.direct_conversations),
        catalog.stats_present(stats.present),
        catalog.stats_records(stats.records),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn administrators_see_codes_with_their_uses_and_times() {
        let codes = r#"[{"id":"00000000-0000-0000-0000-000000000007","by":"ana","uses":2,"expires":1763700000123,"note":"for kim"},{"id":"00000000-0000-0000-0000-000000000008","by":"bob","uses":1,"expires":1763700000123}]"#;
        let codes: Vec<JoinCode> = serde_json::from_str(codes).expect("codes");
        let created =
            CreatedJoinCode { id: codes[0].id, code: "4f0c".to_owned(), expires: 1_763_700_000_123 };
        let reset = ResetCode { code: "4f0c".to_owned(), expires: 1_763_700_000_123 };
        let lines = [Catalog::ENGLISH, Catalog::new(crate::i18n::Language::Portuguese)].map(|catalog| {
            let mut lines: Vec<_> = codes.iter().map(|code| join_code(catalog, code)).collect();
            lines.push(join_code_created(catalog, "papo://key@host:5555/4f0c", 2, &created));
            lines.push(reset_code(catalog, &codes[1].by, &reset));
            lines.join("\n").replace(&date_and_time(1_763_700_000_123), "THEN")
        });
        insta::assert_snapshot!(lines.join("\n"), @"
        00000000-0000-0000-0000-000000000007 by @ana, uses left: 2, expires THEN: for kim
        00000000-0000-0000-0000-000000000008 by @bob, uses left: 1, expires THEN
        papo://key@host:5555/4f0c
        new accounts: 2, expires THEN
        give this code to bob: 4f0c. Until THEN, bob can set a new password: papo reset-password bob 4f0c
        00000000-0000-0000-0000-000000000007 de @ana, usos restantes: 2, expira em THEN: for kim
        00000000-0000-0000-0000-000000000008 de @bob, usos restantes: 1, expira em THEN
        papo://key@host:5555/4f0c
        contas novas: 2, expira em THEN
        passe este código para bob: 4f0c. Até THEN, bob pode criar uma nova senha: papo reset-password bob 4f0c
        ");
    }

    #[test]
    fn administrators_see_accounts_channels_sessions_and_counts() {
        let users = r#"[{"user":"ana","since":0,"administrator":true,"sessions":2},{"user":"bob","since":0,"disabled":true,"sessions":0}]"#;
        let channels = r##"[{"channel":"#a","since":0,"members":2,"owner":"ana","n":7},{"channel":"#b","since":0,"private":true,"members":0,"n":9}]"##;
        let sessions = r#"[{"user":"ana","session":"00000000-0000-0000-0000-000000000007","opened":0,"expires":1763700000123}]"#;
        let stats = r#"{"users":3,"administrators":1,"disabled":1,"sessions":2,"channels":2,"private_channels":1,"direct_conversations":4,"present":2,"records":23}"#;
        let lines = |catalog| {
            let users: Vec<User> = serde_json::from_str(users).expect("users");
            let channels: Vec<Channel> = serde_json::from_str(channels).expect("channels");
            let sessions: Vec<Session> = serde_json::from_str(sessions).expect("sessions");
            let users = users.iter().map(|user| account(catalog, user));
            let lines = users.chain(channels.iter().map(|channel| admin_channel(catalog, channel)));
            let lines = lines.chain(sessions.iter().map(|session| admin_session(catalog, session)));
            lines
                .chain(super::stats(catalog, &serde_json::from_str(stats).expect("stats")))
                .collect::<Vec<_>>()
        };
        let lines = lines(Catalog::ENGLISH);
        // The text of a time depends on the time zone of the machine.
        let lines = lines.join("\n").replace(&date_and_time(0), "FIRST");
        let lines = lines.replace(&date_and_time(1_763_700_000_123), "THEN");
        insta::assert_snapshot!(lines, @r"
        @ana since FIRST, sessions: 2, administrator
        @bob since FIRST, sessions: 0, disabled
        #a since FIRST, members: 2, events: 7, owner @ana
        #b since FIRST, members: 0, events: 9, private
        @ana 00000000-0000-0000-0000-000000000007 opened FIRST, expires THEN
        users: 3, administrators: 1, disabled: 1
        open sessions: 2
        channels: 2, private: 1
        direct conversations: 4
        users present: 2
        records in the log: 23
        ");
    }
}

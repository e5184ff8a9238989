//! What administrators are shown, a line each.

use common::UserName;
use common::admin::{Channel, Session, Stats, User};

use super::lists::day;
use crate::session::Overview;

/// A line for each thing.
pub(crate) fn overview(overview: &Overview) -> Vec<String> {
    match overview {
        Overview::Users(users) => users.iter().map(user).collect(),
        Overview::Channels(channels) => channels.iter().map(channel).collect(),
        Overview::Sessions(sessions) => sessions.iter().map(session).collect(),
        Overview::Stats(counts) => stats(counts),
    }
}

/// What became of an account that was shut out or let in.
pub(crate) fn disabled(user: &UserName, disabled: bool, ended: u64) -> String {
    if disabled {
        format!("{user} is disabled; sessions that were ended: {ended}")
    } else {
        format!("{user} may log in again")
    }
}

/// What somebody is from now on.
pub(crate) fn promoted(user: &UserName, administrator: bool) -> String {
    format!("{user} is {} administrator", if administrator { "an" } else { "no" })
}

fn user(user: &User) -> String {
    let administrator = if user.administrator { ", administrator" } else { "" };
    let disabled = if user.disabled { ", disabled" } else { "" };
    let (name, since, sessions) = (&user.user, day(user.since), user.sessions);
    format!("@{name} since {since}, sessions: {sessions}{administrator}{disabled}")
}

fn channel(channel: &Channel) -> String {
    let openness = if channel.private { ", private" } else { "" };
    let owner = channel.owner.as_ref().map_or_else(String::new, |owner| format!(", owner @{owner}"));
    let (name, since, members, n) = (&channel.channel, day(channel.since), channel.members, channel.n);
    format!("{name} since {since}, members: {members}, events: {n}{openness}{owner}")
}

fn session(session: &Session) -> String {
    let (opened, expires) = (day(session.opened), day(session.expires));
    format!("@{} {} opened {opened}, ends {expires}", session.user, session.session)
}

fn stats(stats: &Stats) -> Vec<String> {
    vec![
        format!(
            "users: {}, administrators: {}, disabled: {}",
            stats.users, stats.administrators, stats.disabled
        ),
        format!("open sessions: {}", stats.sessions),
        format!("channels: {}, private: {}", stats.channels, stats.private_channels),
        format!("direct conversations: {}", stats.direct_conversations),
        format!("records in the log: {}", stats.records),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_administrators_see() {
        let users = r#"[{"user":"ana","since":0,"administrator":true,"sessions":2},{"user":"bob","since":0,"disabled":true,"sessions":0}]"#;
        let channels = r##"[{"channel":"#a","since":0,"members":2,"owner":"ana","n":7},{"channel":"#b","since":0,"private":true,"members":0,"n":9}]"##;
        let sessions = r#"[{"user":"ana","session":"00000000-0000-0000-0000-000000000007","opened":0,"expires":1763700000123}]"#;
        let stats = r#"{"users":3,"administrators":1,"disabled":1,"sessions":2,"channels":2,"private_channels":1,"direct_conversations":4,"records":23}"#;
        let overviews = [
            Overview::Users(serde_json::from_str(users).expect("users")),
            Overview::Channels(serde_json::from_str(channels).expect("channels")),
            Overview::Sessions(serde_json::from_str(sessions).expect("sessions")),
            Overview::Stats(serde_json::from_str(stats).expect("stats")),
        ];
        let lines: Vec<_> = overviews.iter().flat_map(overview).collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        @ana since 1970-01-01 00:00 UTC, sessions: 2, administrator
        @bob since 1970-01-01 00:00 UTC, sessions: 0, disabled
        #a since 1970-01-01 00:00 UTC, members: 2, events: 7, owner @ana
        #b since 1970-01-01 00:00 UTC, members: 0, events: 9, private
        @ana 00000000-0000-0000-0000-000000000007 opened 1970-01-01 00:00 UTC, ends 2025-11-21 04:40 UTC
        users: 3, administrators: 1, disabled: 1
        open sessions: 2
        channels: 2, private: 1
        direct conversations: 4
        records in the log: 23
        ");
    }
}

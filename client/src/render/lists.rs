//! Renders the items of lists as lines. A line may contain text of other users, so the caller sanitises it.

use common::DisplayName;
use common::accounts::{Block, SessionInfo, UserInfo};
use common::channels::{Attribution, Ban, ChannelInfo, Invitation, Member, Role};
use common::reads::Reading;

use super::dates::date_and_time;
use crate::channel_names::SharedNames;
use crate::i18n::Catalog;

/// A channel. `*` marks a membership, `+` an invitation.
pub(crate) fn channel(catalog: Catalog, channel: &ChannelInfo) -> String {
    let mark = match channel {
        ChannelInfo { role: Some(_), .. } => '*',
        ChannelInfo { invited: true, .. } => '+',
        ChannelInfo { .. } => ' ',
    };
    let privacy = if channel.private { catalog.listed_private() } else { String::new() };
    let archived = if channel.archived { catalog.listed_archived() } else { String::new() };
    let role = channel.role.and_then(|role| above_member(catalog, role));
    let role = role.map_or_else(String::new, |role| format!(", {role}"));
    let invited = if channel.invited { catalog.listed_invited() } else { String::new() };
    let subject = if channel.subject.is_empty() { "" } else { ": " };
    let (name, members) = (channel.names.current(&channel.channel), channel.members);
    format!(
        "{mark} {name} ({members}{privacy}{archived}{role}{invited}){subject}{}",
        channel.subject.as_str()
    )
}

/// A member, with a role above `member`.
pub(crate) fn member(catalog: Catalog, member: &Member) -> String {
    let line = match above_member(catalog, member.role) {
        Some(role) => format!("@{} ({role})", member.user),
        None => format!("@{}", member.user),
    };
    with_display_name(line, &member.display_name)
}

/// A ban, with author and time if they are known.
pub(crate) fn ban(catalog: Catalog, ban: &Ban) -> String {
    match &ban.banned {
        Attribution { by: Some(by), at: Some(at) } => catalog.ban(&ban.user, by, &date_and_time(*at)),
        Attribution { .. } => format!("@{}", ban.user),
    }
}

/// A blocked user, with the time.
pub(crate) fn block(catalog: Catalog, block: &Block) -> String {
    catalog.block(&block.user, &date_and_time(block.at))
}

/// An invitation, with the commands that answer it.
pub(crate) fn invitation(catalog: Catalog, invitation: &Invitation) -> String {
    let by = invitation.invited.by.as_ref().map_or_else(String::new, |by| catalog.invited_by(by));
    catalog.invitation(invitation.names.current(&invitation.channel), &by)
}

/// A user, with the presence or the time when the user was last seen.
pub(crate) fn user(catalog: Catalog, info: &UserInfo) -> String {
    let seen = info.seen.map(|seen| catalog.last_seen(&date_and_time(seen)));
    let state = seen.or_else(|| info.state.map(|state| catalog.state(state)));
    let line = match state {
        Some(state) => format!("@{} ({state})", info.user),
        None => format!("@{}", info.user),
    };
    with_display_name(line, &info.display_name)
}

/// A line about a user with their display name. The display name is last, so that it cannot imitate a role or
/// a presence.
fn with_display_name(line: String, display_name: &DisplayName) -> String {
    if display_name.is_empty() { line } else { format!("{line} – {}", display_name.as_str()) }
}

/// A conversation with the number of its unread messages.
pub(crate) fn reading(catalog: Catalog, names: &SharedNames, reading: &Reading) -> String {
    let Reading { n, unread, mentions, .. } = reading;
    let conversation = &names.current_of(&reading.conversation);
    match mentions {
        0 => catalog.reading(conversation, *unread, *n),
        mentions => catalog.reading_with_mentions(conversation, *unread, *mentions, *n),
    }
}

/// A session. `*` marks the session of this client.
pub(crate) fn session(catalog: Catalog, session: &SessionInfo) -> String {
    let mark = if session.current { '*' } else { ' ' };
    let (opened, expires) = (date_and_time(session.opened), date_and_time(session.expires));
    catalog.session(mark, session.session, &opened, &expires)
}

fn above_member(catalog: Catalog, role: Role) -> Option<String> {
    (role != Role::Member).then(|| catalog.role(role))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(rest: &str) -> String {
        let info = format!(r##"{{"channel":"#ops","members":3{rest}}}"##);
        channel(Catalog::ENGLISH, &serde_json::from_str(&info).expect("a channel"))
    }

    #[test]
    fn a_channel_shows_privacy_role_and_subject() {
        let lines = [
            shown(""),
            shown(r#","role":"member","subject":"on call""#),
            shown(r#","role":"owner","private":true"#),
            shown(r#","invited":true,"private":true"#),
            shown(r##","name":"#support","former_names":["#help"]"##),
        ];
        insta::assert_snapshot!(lines.join("\n"), @"
          #ops (3)
        * #ops (3): on call
        * #ops (3, private, owner)
        + #ops (3, private, you are invited)
          #support (3)
        ");
    }

    #[test]
    fn a_user_shows_presence_or_last_time() {
        let shown = |rest: &str| {
            let info = format!(r#"{{"user":"bob","since":0{rest}}}"#);
            user(Catalog::ENGLISH, &serde_json::from_str(&info).expect("a user"))
        };
        let lines = [
            shown(""),
            shown(r#","state":"online""#),
            shown(r#","state":"away""#),
            shown(r#","state":"offline""#),
            shown(r#","state":"offline","seen":1763700000123"#),
            shown(r#","state":"online","display_name":"Bob (owner)""#),
        ];
        // The text of a time depends on the time zone of the machine.
        let lines = lines.join("\n").replace(&date_and_time(1_763_700_000_123), "THEN");
        insta::assert_snapshot!(lines, @"
        @bob
        @bob (online)
        @bob (away)
        @bob (offline)
        @bob (last seen THEN)
        @bob (online) – Bob (owner)
        ");
    }

    #[test]
    fn a_ban_shows_author_and_time() {
        let shown = |rest: &str| {
            let banned = format!(r#"{{"user":"bob"{rest}}}"#);
            ban(Catalog::ENGLISH, &serde_json::from_str(&banned).expect("a ban"))
        };
        let lines = [shown(""), shown(r#","by":"ana","at":1763700000123"#)].join("\n");
        insta::assert_snapshot!(lines.replace(&date_and_time(1_763_700_000_123), "THEN"), @"
        @bob
        @bob (banned by @ana, THEN)
        ");
    }

    #[test]
    fn a_member_shows_the_role_and_a_session_its_times() {
        let user = common::UserName::new("bob").expect("a name");
        let bob = |role| {
            member(
                Catalog::ENGLISH,
                &Member { user: user.clone(), display_name: DisplayName::default(), role },
            )
        };
        assert_eq!([bob(Role::Member), bob(Role::Moderator)], ["@bob", "@bob (moderator)"]);
        let uuid = uuid::Uuid::from_u128(7);
        let info = SessionInfo { session: uuid, opened: 0, expires: 1_763_700_000_123, current: true };
        let times = [(0, "FIRST"), (1_763_700_000_123, "THEN")];
        let shown = times.iter().fold(session(Catalog::ENGLISH, &info), |shown, (time, name)| {
            shown.replace(&date_and_time(*time), name)
        });
        insta::assert_snapshot!(shown, @"* 00000000-0000-0000-0000-000000000007 opened FIRST, expires THEN");
    }
}

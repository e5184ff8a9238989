//! Events in words.

use common::channels::Role;
use common::{Body, Event};
use indicatif::HumanBytes;

use super::sanitise;
use crate::session::Entry;

/// An event as head and text; nothing when there is nothing to say about it.
pub(super) fn words(event: &Event<'_>) -> Option<(String, String)> {
    let Event { n, to, from, body, .. } = event;
    let done = match body {
        Body::Message { text, .. } => {
            return Some((format!("{from}: "), sanitise(text.as_str()).into_owned()));
        }
        Body::File { file, .. } => {
            format!("sent {} ({}): /get {n}", sanitise(file.name.as_str()), HumanBytes(file.bytes))
        }
        Body::Created { private: false } => format!("created {to}"),
        Body::Created { private: true } => format!("created the private {to}"),
        Body::Joined => format!("joined {to}"),
        Body::Left => format!("left {to}"),
        Body::Invited(user) => format!("invited {user}"),
        Body::Kicked(user) => format!("removed {user}"),
        Body::Banned(user) => format!("banned {user}"),
        Body::Unbanned(user) => format!("took the ban of {user} back"),
        Body::Role(user, role) => format!("made {user} {}", a_role(*role)),
        Body::Set { subject, private } => {
            let openness = private.map(|private| format!("made {to} {}", openness(private)));
            let subject = subject.as_ref().map(|subject| match subject.as_str() {
                "" => "took the subject away".to_owned(),
                subject => format!("set the subject: {}", sanitise(subject)),
            });
            let done: Vec<_> = openness.into_iter().chain(subject).collect();
            done.join(" and ")
        }
        Body::Unknown => return None,
    };
    Some((String::new(), format!("{from} {done}")))
}

/// What an event means to the reader whom it concerns: an invitation, or the end of a membership.
pub(crate) fn to_reader(entry: &Entry) -> String {
    let conversation = &entry.conversation;
    let Some(Event { from, body, .. }) = &entry.event else { return conversation.to_string() };
    match body {
        Body::Invited(_) => format!("{from} invites you to {conversation}: /join {conversation}"),
        Body::Kicked(_) => format!("{from} removed you from {conversation}"),
        Body::Banned(_) => format!("{from} banned you from {conversation}"),
        Body::Left => format!("you left {conversation} in another session"),
        Body::Message { .. }
        | Body::File { .. }
        | Body::Created { .. }
        | Body::Joined
        | Body::Unbanned(_)
        | Body::Role(..)
        | Body::Set { .. }
        | Body::Unknown => format!("something happened in {conversation}"),
    }
}

fn openness(is_private: bool) -> &'static str {
    if is_private { "private" } else { "public" }
}

fn a_role(role: Role) -> &'static str {
    match role {
        Role::Member => "a member",
        Role::Moderator => "a moderator",
        Role::Owner => "an owner",
    }
}

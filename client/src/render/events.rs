//! Events in words.

use common::{Body, Event};
use indicatif::HumanBytes;

use super::sanitise;
use crate::session::Entry;
use crate::words::Words;

/// An event as head and text; nothing when there is nothing to say about it.
pub(super) fn in_words(words: Words, event: &Event<'_>) -> Option<(String, String)> {
    let Event { n, to, from, body, .. } = event;
    let done = match body {
        Body::Message { text, .. } => {
            return Some((format!("{from}: "), sanitise(text.as_str()).into_owned()));
        }
        Body::File { file, .. } => {
            words.sent_file(&sanitise(file.name.as_str()), &HumanBytes(file.bytes).to_string(), *n)
        }
        Body::Created { private: false } => words.created(to),
        Body::Created { private: true } => words.created_private(to),
        Body::Joined => words.joined(to),
        Body::Left => words.left(to),
        Body::Invited(user) => words.invited(user),
        Body::Kicked(user) => words.kicked(user),
        Body::Banned(user) => words.banned(user),
        Body::Unbanned(user) => words.unbanned(user),
        Body::Role(user, role) => words.gave_role(user, *role),
        Body::Set { subject, private } => {
            let openness = private.map(|private| match private {
                true => words.made_private(to),
                false => words.made_public(to),
            });
            let subject = subject.as_ref().map(|subject| match subject.as_str() {
                "" => words.took_subject_away(),
                subject => words.set_subject(&sanitise(subject)),
            });
            match (openness, subject) {
                (Some(openness), Some(subject)) => words.one_and_other(&openness, &subject),
                (one, other) => one.or(other).unwrap_or_default(),
            }
        }
        Body::Unknown => return None,
    };
    Some((String::new(), format!("{from} {done}")))
}

/// What an event means to the reader whom it concerns: an invitation, or the end of a membership.
pub(crate) fn to_reader(words: Words, entry: &Entry) -> String {
    let conversation = &entry.conversation;
    let Some(Event { from, body, .. }) = &entry.event else { return conversation.to_string() };
    match body {
        Body::Invited(_) => words.invites_you(from, conversation),
        Body::Kicked(_) => words.removed_you(from, conversation),
        Body::Banned(_) => words.banned_you(from, conversation),
        Body::Left => words.you_left_elsewhere(conversation),
        Body::Message { .. }
        | Body::File { .. }
        | Body::Created { .. }
        | Body::Joined
        | Body::Unbanned(_)
        | Body::Role(..)
        | Body::Set { .. }
        | Body::Unknown => words.something_happened(conversation),
    }
}

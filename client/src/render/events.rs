//! Events as sentences.

use common::amendments::AmendedFields;
use common::{Body, Event};
use indicatif::HumanBytes;

use super::sanitise::sanitise;
use crate::i18n::Words;
use session::Entry;

/// An event as head and text. `None` for an unknown kind of event.
pub(super) fn head_and_text(words: Words, event: &Event<'_>) -> Option<(String, String)> {
    let Event { n, to, from, body, .. } = event;
    let action = match body {
        Body::Message { text, reply, .. } => {
            let head = reply.map_or_else(|| format!("{from}: "), |reply| words.reply_head(from, reply));
            return Some((head, sanitise(text.as_str()).into_owned()));
        }
        Body::File { file, .. } => {
            words.sent_file(&sanitise(file.name.as_str()), &HumanBytes(file.bytes).to_string(), *n)
        }
        Body::Redacted { of: None, .. } => return Some((format!("{from}: "), words.mark_deleted())),
        Body::Redacted { of: Some(of), .. } => words.edited(*of, &words.mark_deleted()),
        Body::Edited { of, text, .. } => words.edited(*of, &sanitise(text.as_str())),
        Body::Deleted { of, .. } => words.deleted(*of),
        Body::Reacted { of, emoji, .. } => format!("{} {of}", sanitise(emoji.as_str())),
        Body::Unreacted { of, emoji, .. } => words.removed_reaction(&sanitise(emoji.as_str()), *of),
        Body::Created { private: false } => words.created(to),
        Body::Created { private: true } => words.created_private(to),
        Body::Joined => words.joined(to),
        Body::Left => words.left(to),
        Body::Invited(user) => words.invited(user),
        Body::Declined => words.declined(to),
        Body::Kicked(user) => words.kicked(user),
        Body::Banned(user) => words.banned(user),
        Body::Unbanned(user) => words.unbanned(user),
        Body::Role(user, role) => words.gave_role(user, *role),
        Body::Set { archived: Some(true), .. } => words.archived(to),
        Body::Set { archived: Some(false), .. } => words.restored(to),
        Body::ChannelDeleted => words.deleted_channel(to),
        Body::Set { subject, private, archived: None } => {
            let privacy = private.map(|private| match private {
                true => words.made_private(to),
                false => words.made_public(to),
            });
            let subject = subject.as_ref().map(|subject| match subject.as_str() {
                "" => words.removed_subject(),
                subject => words.set_subject(&sanitise(subject)),
            });
            match (privacy, subject) {
                (Some(privacy), Some(subject)) => words.two_changes(&privacy, &subject),
                (one, other) => one.or(other).unwrap_or_default(),
            }
        }
        Body::Unknown => return None,
    };
    Some((String::new(), format!("{from} {action}")))
}

/// An event that concerns the reader: an invitation, or the end of a membership.
pub(crate) fn event_for_reader(words: Words, entry: &Entry) -> String {
    let conversation = &entry.conversation;
    let Some(Event { from, body, .. }) = &entry.event else { return conversation.to_string() };
    if let Body::Invited(_) = body {
        words.invites_you(from, conversation)
    } else if let Body::Kicked(_) = body {
        words.removed_you(from, conversation)
    } else if let Body::Banned(_) = body {
        words.banned_you(from, conversation)
    } else if *body == Body::ChannelDeleted {
        words.channel_deleted_by(from, conversation)
    } else if let Body::Left = body {
        words.you_left_elsewhere(conversation)
    } else {
        words.something_happened(conversation)
    }
}

/// The edits and reactions of a message, to append to its text.
pub(super) fn changes(words: Words, amended: &AmendedFields<'_>, time: impl Fn(u64) -> String) -> String {
    let mut all = String::new();
    if amended.edited.is_some() {
        all.push(' ');
        all.push_str(&words.mark_edited());
    }
    for reaction in &amended.reactions {
        let users: Vec<_> = reaction.users.iter().map(ToString::to_string).collect();
        all.push_str(&format!("  {} {}", sanitise(reaction.emoji.as_str()), users.join(", ")));
    }
    for before in &amended.edits {
        all.push('\n');
        all.push_str(&words.earlier_text(&time(before.at), &sanitise(&before.text)));
    }
    all
}

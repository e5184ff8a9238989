//! Renders events as text.

use common::amendments::AmendedFields;
use common::{Body, Event, Target};
use indicatif::HumanBytes;

use super::sanitise::sanitise;
use crate::channel_names::SharedNames;
use crate::i18n::Catalog;
use session::Entry;

/// An event as head and text. `to` is the channel with its current name. `None` for an unknown kind of event.
pub(super) fn head_and_text(catalog: Catalog, event: &Event<'_>, to: &Target) -> Option<(String, String)> {
    let Event { n, from, body, .. } = event;
    let action = match body {
        Body::Message { text, reply, via, .. } => {
            let poster = via.as_ref().and_then(|via| via.username.as_ref());
            let head = match (reply, poster) {
                (Some(reply), _) => catalog.reply_head(from, *reply),
                (None, Some(poster)) => format!("{from} ({}): ", sanitise(poster.as_str())),
                (None, None) => format!("{from}: "),
            };
            return Some((head, sanitise(text.as_str()).into_owned()));
        }
        Body::File { file, .. } => {
            catalog.sent_file(&sanitise(file.name.as_str()), &HumanBytes(file.bytes).to_string(), *n)
        }
        Body::Redacted { of: None, .. } => return Some((format!("{from}: "), catalog.mark_deleted())),
        Body::Redacted { of: Some(of), .. } => catalog.edited(*of, &catalog.mark_deleted()),
        Body::Edited { of, text, .. } => catalog.edited(*of, &sanitise(text.as_str())),
        Body::Deleted { of, .. } => catalog.deleted(*of),
        Body::Reacted { of, emoji, .. } => format!("{} {of}", sanitise(emoji.as_str())),
        Body::Unreacted { of, emoji, .. } => catalog.removed_reaction(&sanitise(emoji.as_str()), *of),
        Body::Created { private: false } => catalog.created(to),
        Body::Created { private: true } => catalog.created_private(to),
        Body::Joined => catalog.joined(to),
        Body::Left => catalog.left(to),
        Body::Invited(user) => catalog.invited(user),
        Body::Declined => catalog.declined(to),
        Body::Kicked(user) => catalog.kicked(user),
        Body::Banned(user) => catalog.banned(user),
        Body::Unbanned(user) => catalog.unbanned(user),
        Body::Role(user, role) => catalog.gave_role(user, *role),
        Body::Set { archived: Some(true), .. } => catalog.archived(to),
        Body::Set { archived: Some(false), .. } => catalog.restored(to),
        Body::Renamed(name) => catalog.renamed(name),
        Body::ChannelDeleted => catalog.deleted_channel(to),
        Body::Set { subject, private, archived: None } => {
            let privacy = private.map(|private| match private {
                true => catalog.made_private(to),
                false => catalog.made_public(to),
            });
            let subject = subject.as_ref().map(|subject| match subject.as_str() {
                "" => catalog.removed_subject(),
                subject => catalog.set_subject(&sanitise(subject)),
            });
            match (privacy, subject) {
                (Some(privacy), Some(subject)) => catalog.two_changes(&privacy, &subject),
                (one, other) => one.or(other).unwrap_or_default(),
            }
        }
        Body::Unknown => return None,
    };
    Some((String::new(), format!("{from} {action}")))
}

/// An event that concerns the reader: an invitation, or the end of a membership.
pub(crate) fn event_for_reader(catalog: Catalog, entry: &Entry, names: &SharedNames) -> String {
    let conversation = &names.current_of(&entry.conversation);
    let Some(Event { from, body, .. }) = entry.event.as_deref() else { return conversation.to_string() };
    if let Body::Invited(_) = body {
        catalog.invites_you(from, conversation)
    } else if let Body::Kicked(_) = body {
        catalog.removed_you(from, conversation)
    } else if let Body::Banned(_) = body {
        catalog.banned_you(from, conversation)
    } else if *body == Body::ChannelDeleted {
        catalog.channel_deleted_by(from, conversation)
    } else if let Body::Left = body {
        catalog.you_left_elsewhere(conversation)
    } else {
        catalog.something_happened(conversation)
    }
}

/// The edits and reactions of a message, to append to its text.
pub(super) fn changes(catalog: Catalog, amended: &AmendedFields<'_>, time: impl Fn(u64) -> String) -> String {
    let mut all = String::new();
    if amended.edited.is_some() {
        all.push(' ');
        all.push_str(&catalog.mark_edited());
    }
    for reaction in &amended.reactions {
        let users: Vec<_> = reaction.users.iter().map(ToString::to_string).collect();
        all.push_str(&format!("  {} {}", sanitise(reaction.emoji.as_str()), users.join(", ")));
    }
    for before in &amended.edits {
        all.push('\n');
        all.push_str(&catalog.earlier_text(&time(before.at), &sanitise(&before.text)));
    }
    all
}

//! Checks that all clients are complete some time after the last fault.

use common::{Conversation, Error, Reason, Target, UserName};
use server::storage::ledger::Ledger;
use session::ChannelNames;

use super::shown::Shown;
use super::stored::membership_changed;
use super::{Check, ensure};

/// A client has shown all events that it must show.
///
/// A client may not follow a channel yet if another session joined it or if the answer to the join was lost.
/// With `must_follow_all`, this is a violation.
pub fn client_is_complete(ledger: &Ledger, user: &UserName, shown: &Shown, must_follow_all: bool) -> Check {
    let state = ledger.state();
    for target in state.channels.conversations(user) {
        let conversation = Conversation::of(user, target);
        let head = state.head(&conversation);
        let may_not_follow_yet = || match shown.last(target) {
            None => matches!(target, Target::Channel(_)),
            Some(last) => membership_changed(ledger, user, &conversation, last),
        };
        let is_complete = shown.is_complete(target, head).unwrap_or(head == 0);
        ensure(is_complete || (!must_follow_all && may_not_follow_yet()), "client_is_complete", || {
            format!("{user} was shown {target} up to {:?} of {head}", shown.last(target))
        })?;
    }
    Ok(())
}

/// A client knows all names of the user's channels.
pub(crate) fn names_are_known(ledger: &Ledger, user: &UserName, names: &ChannelNames) -> Check {
    let channels = &ledger.state().channels;
    for (name, channel) in channels.existing(None).filter(|(_, channel)| channel.members.contains_key(user)) {
        ensure(names.later(name) == channel.names, "names_are_known", || {
            format!("{user} knows {:?} of {name}, which has {:?}", names.later(name), channel.names)
        })?;
    }
    Ok(())
}

/// Every message of a user is acknowledged or refused.
pub fn nothing_is_pending(user: &UserName, pending: usize) -> Check {
    ensure(pending == 0, "nothing_is_pending", || format!("{pending} messages of {user} are still pending"))
}

/// No client reports `unavailable` as a final refusal: the message must stay pending.
pub fn refusals_are_final(user: &UserName, error: &Error) -> Check {
    ensure(error.reason() != Some(Reason::Unavailable), "refusals_are_final", || {
        format!("{user} was refused: {}", error.message)
    })
}

/// No message is refused because of a full disk long after the disk was full.
pub(crate) fn writing_resumes(user: &UserName, error: &Error, must_write: bool) -> Check {
    let is_full = error.reason() == Some(Reason::StorageFull);
    ensure(!(is_full && must_write), "writing_resumes", || format!("{user} was refused: {}", error.message))
}

//! Some time after the last fault everybody has everything.

use common::{Conversation, Error, Reason, Target, UserName};
use server::storage::ledger::Ledger;

use super::shown::Shown;
use super::stored::came_or_went;
use super::{Check, ensure};

/// Whether a client has shown all that it owes its sim_client.
///
/// A channel that the client has not begun to follow yet, because the joining was another one's or its answer was
/// lost, owes nothing yet; `all_begun` says that it must have begun by now.
pub fn client_is_complete(ledger: &Ledger, who: &UserName, shown: &Shown, all_begun: bool) -> Check {
    let state = ledger.state();
    for target in state.channels.conversations(who) {
        let conversation = Conversation::of(who, target);
        let head = state.head(&conversation);
        let may_not_have_begun = || match shown.last(target) {
            None => matches!(target, Target::Channel(_)),
            Some(last) => came_or_went(ledger, who, &conversation, last),
        };
        let is_complete = shown.is_complete(target, head).unwrap_or(head == 0);
        ensure(is_complete || (!all_begun && may_not_have_begun()), "client_is_complete", || {
            format!("{who} was shown {target} up to {:?} of {head}", shown.last(target))
        })?;
    }
    Ok(())
}

/// Whether everything a person said has been acknowledged or refused.
pub fn nothing_waits(who: &UserName, waiting: usize) -> Check {
    ensure(waiting == 0, "nothing_waits", || format!("{waiting} messages of {who} still wait"))
}

/// Nobody is told that a message was refused which only has to wait.
pub fn refusals_are_final(who: &UserName, error: &Error) -> Check {
    ensure(error.reason() != Some(Reason::Unavailable), "refusals_are_final", || {
        format!("{who} was refused: {}", error.message)
    })
}

/// Nobody is told that the disk is full long after it was.
pub(crate) fn writing_resumes(who: &UserName, error: &Error, must_write: bool) -> Check {
    let is_full = error.reason() == Some(Reason::StorageFull);
    ensure(!(is_full && must_write), "writing_resumes", || format!("{who} was refused: {}", error.message))
}

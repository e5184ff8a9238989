//! Some time after the last fault everybody has everything.

use common::{Conversation, Target, UserName};
use server::domain::State;

use super::shown::Shown;
use super::{Check, ensure};

/// Whether a client has shown all that it owes its person.
///
/// A channel that the client has not begun to follow yet, because the joining was another one's or its answer was
/// lost, owes nothing yet; `all_begun` says that it must have begun by now.
pub(crate) fn client_is_complete(state: &State, who: &UserName, shown: &Shown, all_begun: bool) -> Check {
    for target in state.channels.conversations(who) {
        let head = state.head(&Conversation::of(who, target));
        let may_not_have_begun = !all_begun && matches!(target, Target::Channel(_));
        let is_complete = shown.is_complete(target, head).unwrap_or(may_not_have_begun || head == 0);
        ensure(is_complete, "client_is_complete", || {
            format!("{who} was shown {target} up to {:?} of {head}", shown.last(target))
        })?;
    }
    Ok(())
}

/// Whether everything a person said has been acknowledged or refused.
pub(crate) fn nothing_waits(who: &UserName, waiting: usize) -> Check {
    ensure(waiting == 0, "nothing_waits", || format!("{waiting} messages of {who} still wait"))
}

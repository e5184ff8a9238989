//! Outgoing webhooks: the receivers of the events of channels, and the position of each. A position is the
//! number of the last event that the receiver accepted. It is in the log, so it survives a crash.

use common::{Conversation, Detail};
use uuid::Uuid;

use super::State;
use super::hooks::{may_add, may_manage};
use crate::domain::records::{OutgoingHook, Record, ServerRecord, Step};

/// Creates a hook, which delivers the events after its creation.
pub(super) fn create<'a>(state: &State, id: Uuid, hook: OutgoingHook, at: u64) -> Result<Record<'a>, Detail> {
    may_manage(state, &hook.channel, &hook.by)?;
    may_add(state, &hook.channel)?;
    let n = head(state, &hook);
    Ok(Record::Server(ServerRecord::OutgoingHookCreated { at, id, hook: OutgoingHook { n, ..hook } }))
}

/// The number of the newest event of the hook's channel.
#[must_use]
pub fn head(state: &State, hook: &OutgoingHook) -> u64 {
    state.head(&Conversation::Channel(hook.channel.clone()))
}

/// Records a step of the deliveries. Returns `None` if the step changes nothing, such as a repeated report,
/// or a report that is older than the position.
pub(super) fn step<'a>(state: &State, id: Uuid, step: Step, at: u64) -> Result<Option<Record<'a>>, Detail> {
    let hook = state.users.hooks.outgoing.get(id).ok_or(Detail::NoSuchHook)?;
    let changes = match &step {
        Step::Delivered { n } => (hook.n + 1..=head(state, hook)).contains(n),
        Step::Failing { .. } => hook.failure.is_none(),
        Step::Paused => !hook.paused,
        Step::Resumed { by } => {
            // A user who may not see the hook must not learn that it exists.
            may_manage(state, &hook.channel, by).map_err(|_not_allowed| Detail::NoSuchHook)?;
            hook.paused || hook.failure.is_some()
        }
    };
    Ok(changes.then_some(Record::Server(ServerRecord::DeliveryChanged { at, id, step })))
}

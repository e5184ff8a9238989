//! What is told and kept nowhere: who comes and goes, and who writes. It waits for no disk.

use std::sync::Arc;

use common::limits::PRESENCE_USERS_MAX;
use common::presence::Change;
use common::{Notice, Target, UserName};

use crate::storage::ledger::Ledger;

/// Tells everybody who is something else than before.
pub fn tell_presence(ledger: &mut Ledger, changes: &[Change], now_ms: u64) {
    let topic: Arc<str> = ledger.state().presence_topic().into();
    for users in changes.chunks(PRESENCE_USERS_MAX) {
        notify(ledger, &topic, &Notice::Presence { at: now_ms, users: users.to_vec() });
    }
}

/// Tells those at `topic` that somebody is writing to them, or not any more.
pub fn tell_typing(
    ledger: &mut Ledger,
    topic: &Arc<str>,
    from: &UserName,
    to: &Target,
    typing: bool,
    now_ms: u64,
) {
    let (to, from) = (to.clone(), from.clone());
    notify(ledger, topic, &Notice::Typing { at: now_ms, to, from, typing });
}

fn notify(ledger: &mut Ledger, topic: &Arc<str>, notice: &Notice) {
    // A notice that is not told is missed, and nothing more.
    if let Ok(line) = serde_json::to_vec(notice) {
        ledger.held.notify(Arc::clone(topic), line);
    }
}

//! Publishes notices of presence and typing. These notices are not stored, so they are published without
//! waiting for a record.

use std::sync::Arc;

use common::limits::PRESENCE_USERS_MAX;
use common::presence::Change;
use common::{Notice, Target, UserName};

use super::OutboundQueue;

/// Publishes changes of presence to all users.
pub(crate) fn publish_presence(
    outbound: &mut OutboundQueue,
    topic: &Arc<str>,
    changes: &[Change],
    now_ms: u64,
) {
    for users in changes.chunks(PRESENCE_USERS_MAX) {
        publish(outbound, topic, &Notice::Presence { at: now_ms, users: users.to_vec() });
    }
}

/// Publishes that a user begins or stops typing in a conversation.
pub(crate) fn publish_typing(
    outbound: &mut OutboundQueue,
    topic: &Arc<str>,
    from: &UserName,
    to: &Target,
    typing: bool,
    now_ms: u64,
) {
    let (to, from) = (to.clone(), from.clone());
    publish(outbound, topic, &Notice::Typing { at: now_ms, to, from, typing });
}

fn publish(outbound: &mut OutboundQueue, topic: &Arc<str>, notice: &Notice) {
    if let Ok(line) = serde_json::to_vec(notice) {
        outbound.publish_now(Arc::clone(topic), line);
    }
}

//! Who is told of a record: what is queued for the fan-out, and on which topics.

use std::sync::Arc;

use common::reads::Reading;
use common::{Body, Event, Notice, Target};

use crate::domain::records::ServerRecord;
use crate::domain::{self, State};
use crate::outbound::OutboundQueue;

/// Where the members of the event's channel listen.
pub(crate) fn topic_of(state: &State, event: &Event<'_>) -> Option<Arc<str>> {
    match &event.to {
        Target::Channel(name) => state.channels.channel(name).ok().map(|channel| Arc::clone(&channel.topic)),
        Target::User(_) => None,
    }
}

/// Queues an event for all who are to see it: those who listened at `topic` when it happened (for a new channel,
/// those who will), or the two users; and whoever it is done to, or whose own membership it is about, in all
/// their sessions.
pub(crate) fn publish(
    state: &State,
    held: &mut OutboundQueue,
    event: &Event<'_>,
    topic: Option<Arc<str>>,
    line: &[u8],
) {
    if let Some(topic) = topic.or_else(|| topic_of(state, event)) {
        held.publish(&topic, line);
    }
    let (also, own) = match (&event.to, &event.body) {
        (Target::User(to), _) => (Some(to), *to != event.from),
        (_, Body::Created { .. } | Body::Joined | Body::Left | Body::Declined) => (None, true),
        (_, Body::Invited(user) | Body::Kicked(user) | Body::Banned(user) | Body::Role(user, _)) => {
            (Some(user), false)
        }
        (
            _,
            Body::Message { .. }
            | Body::File { .. }
            | Body::Edited { .. }
            | Body::Deleted { .. }
            | Body::Reacted { .. }
            | Body::Unreacted { .. }
            | Body::Gone { .. }
            | Body::Unbanned(_)
            | Body::Set { .. }
            | Body::Unknown,
        ) => (None, false),
    };
    for user in also.into_iter().chain(own.then_some(&event.from)) {
        held.publish(&state.user_topic(user).into(), line);
    }
}

/// Tells the other sessions of a user what was read in this one.
pub(crate) fn tell_read(state: &State, held: &mut OutboundQueue, private: &ServerRecord) {
    let ServerRecord::Read { user, conversation, .. } = private else { return };
    let Some(Reading { conversation, n, unread, mentions, .. }) =
        domain::reads::reading(state, user, conversation)
    else {
        return;
    };
    // Whoever is not told learns it from `read.list`.
    if let Ok(line) = serde_json::to_vec(&Notice::Read { conversation, n, unread, mentions }) {
        held.publish(&state.user_topic(user).into(), &line);
    }
}

/// Tells the members of channels whose topic has moved where it is now, each on their own topic.
pub(crate) fn tell_moved(state: &mut State, held: &mut OutboundQueue) {
    for name in state.channels.take_moved() {
        let Ok(channel) = state.channels.channel(&name) else { continue };
        let notice = Notice::TopicMoved { to: name, topic: channel.topic.to_string() };
        // Whoever is not told learns it from `sync.heads`.
        let Ok(line) = serde_json::to_vec(&notice) else { continue };
        for member in channel.members.keys() {
            held.publish(&state.user_topic(member).into(), &line);
        }
    }
}

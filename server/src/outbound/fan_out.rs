//! The fan-out: publishes each record on the topics of its subscribers.

use std::sync::Arc;

use common::deliveries::NOTICE;
use common::events::Class;
use common::reads::Reading;
use common::{Body, ChannelName, Error, Event, Notice, Target, UserName};

use super::OutboundQueue;
use crate::domain::records::Step;
use crate::domain::records::{Record, ServerRecord};
use crate::domain::{Command, State, push, reads};
use crate::storage::ledger::{Ledger, Receipt, Recorded};

/// Executes a command, and queues the resulting record for its subscribers. Returns the receipt if the record
/// is an event.
pub(crate) fn record(
    ledger: &mut Ledger,
    outbound: &mut OutboundQueue,
    command: Command<'_>,
    now_ms: u64,
) -> Result<Option<Receipt>, Error> {
    let Some(recorded) = ledger.record(command, now_ms)? else { return Ok(None) };
    publish(outbound, &recorded);
    let receipt = recorded.receipt();
    if let Some(last_record) = ledger.close_full_batch() {
        outbound.close_batch(last_record);
    }
    Ok(receipt)
}

/// Queues a record for its subscribers.
pub(crate) fn publish(outbound: &mut OutboundQueue, recorded: &Recorded<'_>) {
    let Recorded { record, line, state, topic_before, moved } = recorded;
    match record {
        Record::Event(event) => publish_event(outbound, state, event, topic_before.as_ref(), line),
        Record::Server(record) => {
            if let (Some(topic), Ok(line)) = (topic_before, serde_json::to_vec(&Notice::SessionsEnded {})) {
                outbound.publish(topic, &line);
            }
            publish_notice(outbound, state, record);
        }
    }
    for channel in moved {
        publish_topic_moved(outbound, state, channel);
    }
}

/// Publishes an event to the members of its channel, or to the two users of a direct conversation. An event
/// that changes the membership of a user is also published to all sessions of that user. `topic_before` is
/// the previous topic of a channel that this event moves.
fn publish_event(
    outbound: &mut OutboundQueue,
    state: &State,
    event: &Event<'_>,
    topic_before: Option<&Arc<str>>,
    line: &[u8],
) {
    if let Some(topic) = topic_before {
        outbound.publish(topic, line);
    } else if let Some(topic) = state.members_topic(event) {
        outbound.publish(&topic, line);
    }
    if let Target::Channel(channel) = &event.to
        && state.users.hooks.outgoing.count(channel) > 0
    {
        outbound.publish(&state.channels.deliveries_topic().into(), NOTICE);
    }
    let candidates = push::candidates(state, event);
    if !candidates.is_empty() {
        outbound.publish(&state.channels.deliveries_topic().into(), NOTICE);
    }
    for candidate in candidates {
        outbound.push_candidates.add(candidate, &event.from);
    }
    let mut to_user = |user: &UserName| outbound.publish(&state.user_topic(user).into(), line);
    if let Target::User(user) = &event.to {
        to_user(user);
        if *user != event.from {
            to_user(&event.from);
        }
        return;
    }
    match event.body.class() {
        Class::Membership => to_user(&event.from),
        // A user whose ban was revoked is not a member.
        Class::Moderation { user } if !matches!(event.body, Body::Unbanned(_)) => to_user(user),
        Class::Moderation { .. }
        | Class::Content { .. }
        | Class::Amendment { .. }
        | Class::Settings
        | Class::Unknown => {}
    }
}

/// Publishes a read mark, a block or a notification level to all sessions of its user. A client that misses
/// the notice requests `read.list`, `user.blocks` or `notify.list` when it subscribes again.
fn publish_notice(outbound: &mut OutboundQueue, state: &State, record: &ServerRecord) {
    if let ServerRecord::DeliveryChanged { step: Step::Resumed { .. }, .. } = record {
        outbound.publish(&state.channels.deliveries_topic().into(), NOTICE);
    }
    let (user, notice) = if let ServerRecord::Read { user, conversation, .. } = record {
        (user, reads::reading(state, user, conversation).map(read_notice))
    } else if let ServerRecord::BlockSet { user, other, blocked, .. } = record {
        (user, Some(Notice::Blocked { user: other.clone(), blocked: *blocked }))
    } else if let ServerRecord::LevelSet { user, .. } = record {
        (user, Some(Notice::Levels {}))
    } else {
        return;
    };
    if let Some(Ok(line)) = notice.map(|notice| serde_json::to_vec(&notice)) {
        outbound.publish(&state.user_topic(user).into(), &line);
    }
}

fn read_notice(reading: Reading) -> Notice {
    let Reading { conversation, n, unread, mentions, .. } = reading;
    Notice::Read { conversation, n, unread, mentions }
}

/// Publishes the new topic of a channel to each member. A client that misses it requests `sync.heads`.
fn publish_topic_moved(outbound: &mut OutboundQueue, state: &State, name: &ChannelName) {
    let Ok(channel) = state.channels.channel(name) else { return };
    let notice = Notice::TopicMoved { to: name.clone(), topic: channel.topic.to_string() };
    let Ok(line) = serde_json::to_vec(&notice) else { return };
    for member in channel.members.keys() {
        outbound.publish(&state.user_topic(member).into(), &line);
    }
}

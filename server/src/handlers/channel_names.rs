//! Replaces a later name of a channel in a request by the first name, which the state and the log use.
//! Handlers see only first names.

use common::{Call, ChannelName, Target};

use super::places::Place;
use crate::domain::Channels;

/// A channel that a request named by a later name. An error names the channel as the request did: it must not
/// show the first name to a user who may not see the channel.
pub struct Renamed {
    pub(super) first: ChannelName,
    /// The name in the request.
    pub(super) given: ChannelName,
}

/// Replaces a later name in the parameters of a request.
pub(super) fn use_first_name(call: &mut Call<'_>, channels: &Channels) -> Option<Renamed> {
    channel_of(call).and_then(|channel| replace(channel, channels))
}

/// Replaces a later name.
pub(super) fn replace(channel: &mut ChannelName, channels: &Channels) -> Option<Renamed> {
    let first = channels.first_name(channel);
    if first == channel {
        return None;
    }
    let first = first.clone();
    let given = std::mem::replace(channel, first.clone());
    Some(Renamed { first, given })
}

/// The existing channel that a request names.
fn channel_of<'c>(call: &'c mut Call<'_>) -> Option<&'c mut ChannelName> {
    match Place::of(call) {
        Place::Channel(channel) => Some(channel),
        Place::Conversation(conversation) => channel(conversation),
        Place::Everywhere | Place::Nowhere => None,
    }
}

/// The channel, if the conversation is one.
pub(super) fn channel(conversation: &mut Target) -> Option<&mut ChannelName> {
    match conversation {
        Target::Channel(channel) => Some(channel),
        Target::User(_) => None,
    }
}

//! The commands that create, join and leave channels.

use common::ChannelName;
use common::channels::{CreateChannel, OneChannel};
use common::methods::{ChannelCreate, ChannelJoin, ChannelLeave};

use super::context::Context;
use super::requests::Pending;

pub(crate) fn create(cx: &mut Context, ticket: u64, channel: ChannelName, private: bool) {
    let pending = Pending::Join(channel.clone());
    cx.request_for::<ChannelCreate>(ticket, pending, |token| CreateChannel { token, channel, private });
}

pub(crate) fn join(cx: &mut Context, ticket: u64, channel: ChannelName) {
    let pending = Pending::Join(channel.clone());
    cx.request_for::<ChannelJoin>(ticket, pending, |token| OneChannel { token, channel });
}

pub(crate) fn leave(cx: &mut Context, ticket: u64, channel: ChannelName) {
    let pending = Pending::Leave(channel.clone());
    cx.request_for::<ChannelLeave>(ticket, pending, |token| OneChannel { token, channel });
}

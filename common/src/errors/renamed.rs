//! Replaces the name of a channel in the arguments of a detail.

use crate::{ChannelName, Target, UserName};

/// An argument of a detail, which may name a channel.
pub(super) trait NameOfChannel {
    /// Replaces the channel `from` by `to`.
    fn replace_channel(&mut self, _from: &ChannelName, _to: &ChannelName) {}
}

impl NameOfChannel for ChannelName {
    fn replace_channel(&mut self, from: &ChannelName, to: &ChannelName) {
        if self == from {
            self.clone_from(to);
        }
    }
}

impl NameOfChannel for Target {
    fn replace_channel(&mut self, from: &ChannelName, to: &ChannelName) {
        if let Self::Channel(name) = self {
            name.replace_channel(from, to);
        }
    }
}

impl NameOfChannel for UserName {}
impl NameOfChannel for String {}
impl NameOfChannel for usize {}
impl NameOfChannel for u32 {}
impl NameOfChannel for u64 {}

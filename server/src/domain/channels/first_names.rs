//! The first name of each channel that was renamed. The first name identifies a channel in the log, in the
//! state and on the wire, so a renaming changes none of them. Requests may use any name of a channel.

use std::collections::HashMap;

use common::ChannelName;
use common::channels::LaterNames;

/// The first names of channels by their later names.
#[derive(Default)]
pub(super) struct FirstNames(HashMap<ChannelName, ChannelName>);

impl FirstNames {
    /// Adds the later names of the channel `first`.
    pub(super) fn add(&mut self, first: &ChannelName, names: &LaterNames) {
        self.0.extend(names.all().map(|name| (name.clone(), first.clone())));
    }

    /// The first name of the channel that has, or had, this name. Returns other names unchanged.
    pub(super) fn of<'a>(&'a self, name: &'a ChannelName) -> &'a ChannelName {
        self.0.get(name).unwrap_or(name)
    }
}

//! The current names of renamed channels, shared by the threads of a front end.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use common::channels::LaterNames;
use common::{ChannelName, Error, Target};
use session::ChannelNames;

/// The later names of channels, which the network thread updates. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct SharedNames(Arc<Mutex<ChannelNames>>);

impl SharedNames {
    pub(crate) fn set(&self, channel: &ChannelName, names: &LaterNames) {
        self.names().set(channel, names);
    }

    /// The conversation, in which a channel has its first name.
    pub(crate) fn first_of(&self, conversation: Target) -> Target {
        self.names().first_of(conversation)
    }

    /// The conversation, in which a channel has its current name.
    pub(crate) fn current_of(&self, conversation: &Target) -> Target {
        self.names().current_of(conversation)
    }

    /// The error, in which channels have their current names.
    pub(crate) fn in_error(&self, error: Error) -> Error {
        let names = self.names();
        names.renamed().fold(error, |error, first| error.with_channel(first, &names.current(first)))
    }

    fn names(&self) -> MutexGuard<'_, ChannelNames> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

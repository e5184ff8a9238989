//! The current names of renamed channels, shared by the threads of a front end.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use common::channels::LaterNames;
use common::history::{Head, HeadsSince};
use common::methods::SyncHeads;
use common::{ChannelName, Error, Target};

use crate::cli_error::CliError;
use crate::client_handle::ClientHandle;
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

impl ClientHandle {
    /// Loads the later names of the user's channels. A session that follows conversations knows them.
    pub(crate) fn load_names(&mut self) -> Result<SharedNames, CliError> {
        let heads = self.request::<SyncHeads>(|token| HeadsSince { token, since: None })?;
        let renamed = self.names();
        for Head { conversation, names, .. } in heads.heads {
            if let Target::Channel(channel) = conversation {
                renamed.set(&channel, &names);
            }
        }
        Ok(renamed)
    }
}

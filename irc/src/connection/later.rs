//! Events that need requests before the client can see them.

use common::{ChannelName, Target};

/// An event that the connection shows when it handles no line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Later {
    /// The user joined a channel in another session.
    Joined(ChannelName),
    /// The user has read a conversation up to this event, in another session.
    Marked(Target, u64),
}

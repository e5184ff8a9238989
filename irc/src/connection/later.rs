//! Events that need requests before the client can see them, or that wait for its welcome.

use common::{ChannelName, Target};
use session::Entry;

use super::{Connection, End};
use crate::limits::LATER_MAX;

/// An event that the connection shows when it handles no line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Later {
    /// The user joined a channel in another session.
    Joined(ChannelName),
    /// The user has read a conversation up to this event, in another session.
    Marked(Target, u64),
    /// Another user invited the user to a channel.
    Invited(Box<Entry>),
    /// The event `n` of a conversation is a file, whose line needs a link.
    File(Target, u64),
}

impl Later {
    /// Whether this event replaces an earlier one.
    fn replaces(&self, earlier: &Self) -> bool {
        match (self, earlier) {
            (Self::Marked(target, _), Self::Marked(other, _)) => target == other,
            (one, other) => one == other,
        }
    }
}

impl Connection {
    /// Adds an event. The connection ends if there are too many.
    pub(super) fn push_later(&mut self, later: Later) {
        self.later.retain(|earlier| !later.replaces(earlier));
        if self.later.len() >= LATER_MAX {
            self.end = Some(End::Because("Too many events wait for the node: connect again".to_owned()));
            return;
        }
        self.later.push_back(later);
    }

    /// Shows the events that wait, and then the events of the channels that the client has joined.
    pub(super) async fn handle_later(&mut self) -> Result<(), End> {
        if !self.is_welcome {
            return Ok(());
        }
        loop {
            while let Some(later) = self.later.pop_front() {
                self.show_later(later).await?;
            }
            let held = self.held.release();
            if held.is_empty() {
                return Ok(());
            }
            held.into_iter().for_each(|entry| self.show_entry(entry));
            self.links.clear();
        }
    }

    async fn show_later(&mut self, later: Later) -> Result<(), End> {
        match later {
            Later::Joined(channel) => {
                if !self.channels.contains_key(&channel)
                    && let Some(info) = self.channel_info(&channel).await?
                {
                    self.show_own_join(info).await?;
                }
            }
            Later::Marked(target, n) => self.show_mark_of(&target, n).await?,
            Later::Invited(entry) => self.show_invitation(&entry),
            Later::File(conversation, n) => self.load_link(&conversation, n).await?,
        }
        Ok(())
    }
}

//! The queue of one connection: replies and events from the relay thread, and notes from other connections.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use common::{Target, UserName};
use session::Published;
use tokio::sync::Notify;

use crate::limits::INBOX_BYTES_MAX;
use crate::protocol::line::Line;

/// An input of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item {
    /// A frame of reply lines.
    Replies(Arc<[u8]>),
    /// The frame that the proxy published on a topic.
    Events(Arc<str>, Arc<Published>),
    /// Events were dropped.
    EventsLost,
    /// A user of this front set or removed the text of AWAY.
    Away(UserName, Option<String>),
    /// A user connected to this front, or the last connection of the user ended.
    Online(UserName, bool),
    /// An administrator sent a text to all users of this front.
    Wallops(UserName, String),
    /// A user of this front changed the spelling of its name: the former source, and the new name.
    Renamed(UserName, Arc<str>, Arc<str>),
    /// A guest of this front logged in to an account.
    LoggedIn(UserName, UserName),
    /// A line without a text from a user of this front.
    Tagged(UserName, Arc<Line>),
    /// The exact time of a read mark that another connection of the user set.
    Marked(Target),
    /// The connection must end, with this reason.
    End(String),
    /// The front is shutting down.
    Shutdown,
}

/// The bytes of an item without its texts.
const ITEM_BYTES: usize = size_of::<Item>();

impl Item {
    fn bytes(&self) -> usize {
        let texts = match self {
            Self::Replies(lines) => lines.len(),
            Self::Events(_, published) => published.bytes(),
            Self::Away(user, text) => user.as_str().len() + text.as_ref().map_or(0, String::len),
            Self::Online(user, _) => user.as_str().len(),
            Self::Wallops(user, text) => user.as_str().len() + text.len(),
            Self::Renamed(user, source, nick) => user.as_str().len() + source.len() + nick.len(),
            Self::LoggedIn(user, account) => user.as_str().len() + account.as_str().len(),
            Self::Tagged(user, line) => user.as_str().len() + line.bytes(),
            Self::Marked(Target::Channel(channel)) => channel.as_str().len(),
            Self::Marked(Target::User(user)) => user.as_str().len(),
            Self::End(reason) => reason.len(),
            Self::EventsLost | Self::Shutdown => 0,
        };
        ITEM_BYTES + texts
    }

    /// Whether the item can be dropped beyond the limit. The end of the connection makes room by itself.
    fn can_be_dropped(&self) -> bool {
        match self {
            Self::Events(..)
            | Self::Away(..)
            | Self::Online(..)
            | Self::Wallops(..)
            | Self::Renamed(..)
            | Self::LoggedIn(..)
            | Self::Tagged(..)
            | Self::Marked(_) => true,
            Self::Replies(_) | Self::EventsLost | Self::End(_) | Self::Shutdown => false,
        }
    }
}

#[derive(Default)]
struct Queue {
    items: VecDeque<Item>,
    bytes: usize,
    are_events_lost: bool,
}

#[derive(Default)]
pub(crate) struct Inbox {
    queue: Mutex<Queue>,
    ready: Notify,
}

impl Inbox {
    /// Adds an item. Beyond the limit, an event is dropped and the connection is informed, and a note of
    /// another connection is dropped.
    pub(crate) fn push(&self, item: Item) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = item.bytes();
        if queue.bytes + bytes > INBOX_BYTES_MAX && item.can_be_dropped() {
            queue.are_events_lost |= matches!(item, Item::Events(..));
            return;
        }
        queue.bytes += bytes;
        queue.items.push_back(item);
        drop(queue);
        self.ready.notify_one();
    }

    /// Takes all items.
    pub(crate) fn take(&self) -> VecDeque<Item> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let Queue { mut items, are_events_lost, .. } = std::mem::take(&mut *queue);
        if are_events_lost {
            items.push_back(Item::EventsLost);
        }
        items
    }

    /// Waits for an item.
    pub(crate) async fn ready(&self) {
        self.ready.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_beyond_the_limit_are_dropped_and_reported() {
        let inbox = Inbox::default();
        let events = |bytes| Item::Events("t".into(), Arc::new(Published::read(&vec![0; bytes])));
        let kept = || events((INBOX_BYTES_MAX - ITEM_BYTES) / 3 - 100);
        inbox.push(kept());
        inbox.push(events(100));
        inbox.push(Item::Replies(vec![0; 8].into()));
        let items: Vec<_> = inbox.take().into();
        assert_eq!(items, [kept(), Item::Replies(vec![0; 8].into()), Item::EventsLost]);
        inbox.push(events(1));
        assert_eq!(inbox.take(), [events(1)]);
    }

    #[test]
    fn notes_of_other_connections_are_dropped_beyond_the_limit() {
        let (inbox, bob) = (Inbox::default(), UserName::new("bob").expect("a name"));
        let note = || Item::Away(bob.clone(), Some("x".repeat(300)));
        (0..INBOX_BYTES_MAX / 100).for_each(|_| inbox.push(note()));
        inbox.push(Item::Online(bob.clone(), true));
        inbox.push(Item::Wallops(bob.clone(), "x".repeat(400)));
        inbox.push(Item::End("killed".to_owned()));
        let items = inbox.take();
        assert_eq!(items.back(), Some(&Item::End("killed".to_owned())));
        let kept = items.iter().map(Item::bytes).sum::<usize>();
        assert!((INBOX_BYTES_MAX - 1_000..INBOX_BYTES_MAX + 1_000).contains(&kept), "{kept} bytes");
    }
}

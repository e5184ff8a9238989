//! The queue of one connection: replies and events from the relay thread, and notes from other connections.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use common::UserName;
use tokio::sync::Notify;

use crate::limits::INBOX_BYTES_MAX;

/// An input of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item {
    /// A frame of reply lines.
    Replies(Arc<[u8]>),
    /// The lines that the proxy published on a topic.
    Events(Arc<str>, Arc<[u8]>),
    /// Events were dropped.
    EventsLost,
    /// A user of this front set or removed the text of AWAY.
    Away(UserName, Option<String>),
    /// A user connected to this front, or the last connection of the user ended.
    Online(UserName, bool),
    /// An administrator sent a text to all users of this front.
    Wallops(UserName, String),
    /// The exact time of a read mark that another connection of the user set.
    Marked(String),
    /// The connection must end, because of this.
    End(String),
    /// The front is shutting down.
    Shutdown,
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
    /// Adds an item. An event that exceeds the limit is dropped, and the connection is informed.
    pub(crate) fn push(&self, item: Item) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if let Item::Events(_, lines) = &item {
            if queue.bytes + lines.len() > INBOX_BYTES_MAX {
                queue.are_events_lost = true;
                return;
            }
            queue.bytes += lines.len();
        }
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
        let events = |bytes| Item::Events("t".into(), vec![0; bytes].into());
        inbox.push(events(INBOX_BYTES_MAX));
        inbox.push(events(1));
        inbox.push(Item::Replies(vec![0; 8].into()));
        let items: Vec<_> = inbox.take().into();
        assert_eq!(items, [events(INBOX_BYTES_MAX), Item::Replies(vec![0; 8].into()), Item::EventsLost]);
        inbox.push(events(1));
        assert_eq!(inbox.take(), [events(1)]);
    }
}

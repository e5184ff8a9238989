//! Events that arrive before the client can see them: before it has joined the channels of its user, or
//! before it has joined their channel, or before the link to a file is known.

use std::collections::BTreeSet;

use common::Target;
use session::Entry;

use crate::limits::HELD_BYTES_MAX;

/// The bytes of an event without its line.
const ENTRY_BYTES: usize = size_of::<Entry>();

#[derive(Default)]
pub(super) struct Held {
    entries: Vec<Entry>,
    bytes: usize,
    /// The channels that the client is joining, and the conversations whose next file needs a link.
    waiting: BTreeSet<Target>,
    /// Whether the client has joined the channels of its user.
    has_joined_all: bool,
}

impl Held {
    /// Holds the events of a conversation until the next release.
    pub(super) fn begin(&mut self, conversation: Target) {
        self.waiting.insert(conversation);
    }

    /// Whether the events of a conversation must be held.
    pub(super) fn holds(&self, target: &Target) -> bool {
        self.waiting.contains(target) || !self.has_joined_all
    }

    /// Holds an event. Returns false if there are too many bytes of events.
    pub(super) fn push(&mut self, entry: Entry) -> bool {
        // The decoded event has the text once more.
        self.bytes += ENTRY_BYTES + 2 * entry.line.len();
        self.entries.push(entry);
        self.bytes <= HELD_BYTES_MAX
    }

    /// Whether nothing waits for a release.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.waiting.is_empty() && self.has_joined_all
    }

    /// Holds no events from now on, and returns the events in their order.
    pub(super) fn release(&mut self) -> Vec<Entry> {
        *self = Self { has_joined_all: true, ..std::mem::take(self) };
        self.waiting.clear();
        self.bytes = 0;
        std::mem::take(&mut self.entries)
    }
}

#[cfg(test)]
mod tests {
    use common::UserName;

    use super::*;

    fn entry(to: &str, n: u64, text: &str) -> Entry {
        let id = uuid::Uuid::nil();
        let line = format!(
            r#"{{"n":{n},"at":1,"to":"{to}","from":"bob","kind":"message","id":"{id}","text":"{text}"}}"#
        );
        Entry::read(&UserName::new("ana").expect("a name"), &line).expect("an event")
    }

    #[test]
    fn events_wait_for_the_welcome_and_then_for_the_join_of_their_channel() {
        let [channel, user] = ["#ops", "@bob"].map(|target| Target::new(target).expect("a target"));
        let mut held = Held::default();
        assert!(held.holds(&channel) && held.holds(&user));
        assert!(held.push(entry("#ops", 1, "oi")) && held.push(entry("@ana", 2, "oi")));
        let released = held.release();
        assert_eq!(released.iter().map(|entry| entry.n).collect::<Vec<_>>(), [1, 2]);
        assert!(!held.holds(&channel) && !held.holds(&user) && held.bytes == 0);
        held.begin(channel.clone());
        assert!(held.holds(&channel) && !held.holds(&user));
        assert!(held.release().is_empty() && !held.holds(&channel));
    }

    #[test]
    fn the_bytes_of_held_events_are_bounded() {
        let mut held = Held::default();
        let text = "x".repeat(10_000);
        let kept = (0..200).take_while(|n| held.push(entry("#ops", *n, &text))).count();
        assert!((40..60).contains(&kept), "{kept} events");
    }
}

//! The timeline of one conversation: its next event, early events, and gaps.

use std::collections::BTreeMap;

use crate::api::Entry;
use crate::limits::EARLY_EVENTS_MAX;

/// Orders the events of one conversation. Exactly the events from its start up to `next` were emitted.
#[derive(Debug)]
pub(crate) struct Timeline {
    /// The number of the next event to emit.
    next: u64,
    /// The highest number that the session knows of.
    head: u64,
    /// The highest number that the proxy is known to have published.
    published: u64,
    /// Events that arrived before an earlier event.
    early: BTreeMap<u64, Entry>,
    /// Whether an event was emitted since the timeline started.
    has_emitted: bool,
}

impl Timeline {
    /// Creates a timeline that starts with the event `next`.
    pub(crate) fn starting_at(next: u64) -> Self {
        Self { next, head: 0, published: 0, early: BTreeMap::new(), has_emitted: false }
    }

    /// Adds an event. Events may arrive in any order, and several times.
    pub(crate) fn insert(&mut self, entry: Entry) {
        self.note_head(entry.n);
        if entry.n < self.next {
            return;
        }
        self.early.entry(entry.n).or_insert(entry);
        if self.early.len() > EARLY_EVENTS_MAX {
            // The newest event is needed last, and `head` keeps its number.
            self.early.pop_last();
        }
    }

    /// Notes that this event exists.
    pub(crate) fn note_head(&mut self, n: u64) {
        self.head = self.head.max(n);
    }

    /// Notes that the proxy published this event.
    pub(crate) fn note_published(&mut self, n: u64) {
        self.published = self.published.max(n);
    }

    /// Whether the proxy has published neither this event nor a later one.
    pub(crate) fn is_unpublished(&self, n: u64) -> bool {
        self.published < n
    }

    /// Whether the event was emitted, or is older than the timeline.
    pub(crate) fn is_past(&self, n: u64) -> bool {
        n < self.next
    }

    /// Removes and returns the next event, if it has arrived.
    pub(crate) fn pop(&mut self) -> Option<Entry> {
        let entry = self.early.remove(&self.next)?;
        self.next += 1;
        self.has_emitted = true;
        Some(entry)
    }

    /// The first gap: the number of the event before it, and how many events are missing.
    pub(crate) fn gap(&self) -> Option<(u64, u64)> {
        let end = self.early.first_key_value().map_or(self.head.saturating_add(1), |(n, _)| *n);
        (self.next < end).then(|| (self.next - 1, end - self.next))
    }

    /// The numbers of the last event that was emitted, and of the newest event.
    pub(crate) fn progress(&self) -> (u64, u64) {
        let emitted = self.next.saturating_sub(1);
        (emitted, self.head.max(emitted))
    }

    pub(crate) fn early_events(&self) -> usize {
        self.early.len()
    }

    /// Continues after the event `shown`, the last event of a page.
    ///
    /// A page that was requested before the first heads can end before the start of the timeline. Then the
    /// timeline emits the events in between.
    pub(crate) fn continue_after(&mut self, shown: u64) {
        self.note_head(shown);
        let after = shown.saturating_add(1);
        self.next = if self.has_emitted { self.next.max(after) } else { after };
        self.has_emitted = true;
        self.early = self.early.split_off(&self.next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(n: u64) -> Entry {
        let conversation = common::Target::new("#a").expect("a name");
        Entry {
            conversation,
            n,
            line: "".into(),
            event: None,
            amended: None,
            level: common::notify::Level::All,
            is_hidden: false,
        }
    }

    fn emitted(timeline: &mut Timeline) -> Vec<u64> {
        std::iter::from_fn(|| timeline.pop()).map(|entry| entry.n).collect()
    }

    #[test]
    fn early_events_wait_and_repeated_events_are_ignored() {
        let mut timeline = Timeline::starting_at(4);
        for n in [3, 6, 4, 6, 4, 7] {
            timeline.insert(entry(n));
        }
        assert_eq!(emitted(&mut timeline), [4]);
        assert_eq!(timeline.gap(), Some((4, 1)));
        timeline.insert(entry(5));
        assert_eq!(emitted(&mut timeline), [5, 6, 7]);
        assert_eq!(timeline.gap(), None);
    }

    #[test]
    fn the_newest_events_above_the_limit_are_dropped() {
        let mut timeline = Timeline::starting_at(1);
        let beyond = EARLY_EVENTS_MAX as u64 + 10;
        (2..=beyond).rev().for_each(|n| timeline.insert(entry(n)));
        assert_eq!(timeline.early.len(), EARLY_EVENTS_MAX);
        timeline.insert(entry(1));
        assert_eq!(emitted(&mut timeline).len(), EARLY_EVENTS_MAX);
        assert_eq!(timeline.gap(), Some((EARLY_EVENTS_MAX as u64, 10)));
    }

    #[test]
    fn events_of_the_opening_page_are_not_emitted() {
        let mut timeline = Timeline::starting_at(4);
        (4..=7).for_each(|n| timeline.insert(entry(n)));
        timeline.continue_after(5);
        assert_eq!(emitted(&mut timeline), [6, 7]);
        timeline.continue_after(5);
        timeline.insert(entry(7));
        assert!(emitted(&mut timeline).is_empty(), "the page showed it");
    }

    #[test]
    fn events_between_an_early_page_and_the_start_are_emitted() {
        let mut timeline = Timeline::starting_at(8);
        timeline.insert(entry(8));
        timeline.continue_after(5);
        assert_eq!(timeline.gap(), Some((5, 2)));
        [6, 7].into_iter().for_each(|n| timeline.insert(entry(n)));
        assert_eq!(emitted(&mut timeline), [6, 7, 8]);
    }
}

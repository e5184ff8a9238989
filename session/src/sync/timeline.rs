//! The timeline of one conversation: which event is next, which arrived early, and which are missing.

use std::collections::BTreeMap;

use crate::api::Entry;
use crate::limits::EARLY_EVENTS_MAX;

/// The events of one conversation, put in order.
///
/// Invariant: every event below `next` was emitted, or is older than the timeline; no other event was
/// emitted.
#[derive(Debug)]
pub(crate) struct Timeline {
    /// The number of the next event.
    next: u64,
    /// The highest number that is known.
    head: u64,
    /// The highest number that the fan-out has brought, or need not bring.
    published: u64,
    /// Events that arrived before their turn.
    early: BTreeMap<u64, Entry>,
    /// Whether an event was emitted since the timeline started.
    has_emitted: bool,
}

impl Timeline {
    /// A timeline that starts with the event `next`.
    pub(crate) fn starting_at(next: u64) -> Self {
        Self { next, head: 0, published: 0, early: BTreeMap::new(), has_emitted: false }
    }

    /// Takes an event. Events may arrive in any order and more than once.
    pub(crate) fn arrive(&mut self, entry: Entry) {
        self.know_of(entry.n);
        if entry.n < self.next {
            return;
        }
        self.early.entry(entry.n).or_insert(entry);
        if self.early.len() > EARLY_EVENTS_MAX {
            // The newest is needed last, and `head` shows the gap that it leaves.
            self.early.pop_last();
        }
    }

    /// Notes that an event of this number exists.
    pub(crate) fn know_of(&mut self, n: u64) {
        self.head = self.head.max(n);
    }

    /// Notes that the fan-out brought this event, or that it was published before the subscription.
    pub(crate) fn note_published(&mut self, n: u64) {
        self.published = self.published.max(n);
    }

    /// Whether the fan-out has brought neither this event nor a later one.
    pub(crate) fn is_unpublished(&self, n: u64) -> bool {
        self.published < n
    }

    /// Whether the event of this number was not emitted yet.
    pub(crate) fn awaits(&self, n: u64) -> bool {
        self.next <= n
    }

    /// Takes the next event, if it has arrived.
    pub(crate) fn pop(&mut self) -> Option<Entry> {
        let entry = self.early.remove(&self.next)?;
        self.next += 1;
        self.has_emitted = true;
        Some(entry)
    }

    /// The first missing events: after which number, and how many.
    pub(crate) fn gap(&self) -> Option<(u64, u64)> {
        let end = self.early.first_key_value().map_or(self.head.saturating_add(1), |(n, _)| *n);
        (self.next < end).then(|| (self.next - 1, end - self.next))
    }

    /// The last event that was emitted, and the newest that is known.
    pub(crate) fn progress(&self) -> (u64, u64) {
        let emitted = self.next.saturating_sub(1);
        (emitted, self.head.max(emitted))
    }

    /// How many events wait for an earlier one.
    pub(crate) fn early_events(&self) -> usize {
        self.early.len()
    }

    /// Continues after the event `shown`, because a page has shown everything up to it.
    ///
    /// `shown` may be less than where the timeline started: the page was requested before heads arrived. The
    /// events between the two were not shown, and are emitted now.
    pub(crate) fn open(&mut self, shown: u64) {
        self.know_of(shown);
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
        Entry { conversation, n, line: "".into(), event: None, amended: None }
    }

    fn told(timeline: &mut Timeline) -> Vec<u64> {
        std::iter::from_fn(|| timeline.pop()).map(|entry| entry.n).collect()
    }

    #[test]
    fn what_comes_early_waits_and_what_comes_twice_vanishes() {
        let mut timeline = Timeline::starting_at(4);
        for n in [3, 6, 4, 6, 4, 7] {
            timeline.arrive(entry(n));
        }
        assert_eq!(told(&mut timeline), [4]);
        assert_eq!(timeline.gap(), Some((4, 1)));
        timeline.arrive(entry(5));
        assert_eq!(told(&mut timeline), [5, 6, 7]);
        assert_eq!(timeline.gap(), None);
    }

    #[test]
    fn too_much_that_is_early_is_dropped_from_the_far_end() {
        let mut timeline = Timeline::starting_at(1);
        let beyond = EARLY_EVENTS_MAX as u64 + 10;
        (2..=beyond).rev().for_each(|n| timeline.arrive(entry(n)));
        assert_eq!(timeline.early.len(), EARLY_EVENTS_MAX);
        timeline.arrive(entry(1));
        assert_eq!(told(&mut timeline).len(), EARLY_EVENTS_MAX);
        assert_eq!(timeline.gap(), Some((EARLY_EVENTS_MAX as u64, 10)));
    }

    #[test]
    fn an_opening_page_takes_the_place_of_what_it_holds() {
        let mut timeline = Timeline::starting_at(4);
        (4..=7).for_each(|n| timeline.arrive(entry(n)));
        timeline.open(5);
        assert_eq!(told(&mut timeline), [6, 7]);
        timeline.open(5);
        timeline.arrive(entry(7));
        assert!(told(&mut timeline).is_empty(), "it was shown");
    }

    #[test]
    fn what_came_between_an_early_page_and_the_beginning_is_emitted() {
        let mut timeline = Timeline::starting_at(8);
        timeline.arrive(entry(8));
        timeline.open(5);
        assert_eq!(timeline.gap(), Some((5, 2)));
        [6, 7].into_iter().for_each(|n| timeline.arrive(entry(n)));
        assert_eq!(told(&mut timeline), [6, 7, 8]);
    }
}

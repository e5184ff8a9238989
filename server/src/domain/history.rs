//! The history of a conversation: the right to read it, the events of a page, and the newest event.

use std::ops::RangeInclusive;

use common::history::Head;
use common::limits::{HISTORY_EVENTS_DEFAULT, HISTORY_EVENTS_MAX};
use common::{Conversation, Detail, Target, UserName};

use super::State;

/// The requested part of the history, in numbers of events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Only events with a smaller number.
    pub before: Option<u64>,
    /// Only events with a greater number.
    pub after: Option<u64>,
    /// The number in the middle of the page. It cannot be combined with `before` or `after`.
    pub around: Option<u64>,
    /// The maximum number of events.
    pub limit: Option<u64>,
}

/// The events of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRange {
    /// The numbers of the events; empty if there are none.
    pub numbers: RangeInclusive<u64>,
    pub fill: Fill,
}

/// The events that remain in a page that exceeds the size limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fill {
    /// The oldest events. The page begins at the requested number.
    Forward,
    /// The newest events. The page ends at the requested number.
    Backward,
    /// The event with this number, and the events next to it.
    Around(u64),
}

/// Computes the events of a page in a conversation whose newest event has the number `head`.
#[must_use]
pub fn page(head: u64, bounds: Bounds) -> PageRange {
    let Bounds { before, after, around, limit } = bounds;
    let limit = limit.unwrap_or(HISTORY_EVENTS_DEFAULT).min(HISTORY_EVENTS_MAX);
    if let Some(n) = around {
        let last = n.saturating_add(limit / 2).min(head);
        let first = (last + 1).saturating_sub(limit).max(1);
        // If there are too few earlier events, later events fill the page.
        let last = (first + limit).saturating_sub(1).min(head);
        return PageRange { numbers: first..=last, fill: Fill::Around(n.clamp(1, head.max(1))) };
    }
    let last = before.map_or(head, |before| before.saturating_sub(1).min(head));
    let first = after.map_or(1, |after| after.saturating_add(1));
    let (numbers, fill) = match after {
        Some(_) => (first..=last.min(first.saturating_add(limit).saturating_sub(1)), Fill::Forward),
        None => (first.max((last + 1).saturating_sub(limit))..=last, Fill::Backward),
    };
    PageRange { numbers, fill }
}

/// Finds the number of the first event at `at_ms` or later; `head + 1` if all events are earlier. The binary
/// search calls `time_of` for at most 64 events.
///
/// If the server's clock was set back or older messages were imported, the times are not in order. The
/// result is then any event at `at_ms` or later whose predecessor is earlier.
pub fn first_since<E>(head: u64, at_ms: u64, time_of: impl Fn(u64) -> Result<u64, E>) -> Result<u64, E> {
    let (mut first, mut end) = (1, head + 1);
    while first < end {
        let middle = first + (end - first) / 2;
        if time_of(middle)? < at_ms {
            first = middle + 1;
        } else {
            end = middle;
        }
    }
    Ok(first)
}

/// Returns the conversation that `user` addresses as `target`, or an error if the user may not read it.
pub(crate) fn readable(state: &State, user: &UserName, target: &Target) -> Result<Conversation, Detail> {
    match target {
        Target::Channel(name) => {
            state.channels.membership(name, user)?;
        }
        Target::User(other) if !state.users.exists(other) => {
            return Err(Detail::NoSuchUser { user: other.clone() });
        }
        Target::User(_) => {}
    }
    Ok(Conversation::of(user, target))
}

/// The newest events of those conversations of `user` that changed after the record `since`.
pub fn heads<'a>(state: &'a State, user: &'a UserName, since: u64) -> impl Iterator<Item = Head> + 'a {
    let channels = &state.channels;
    channels.conversations(user).filter_map(move |target| {
        let progress = channels.progress(&Conversation::of(user, target))?;
        let channel = match target {
            Target::Channel(name) => channels.channel(name).ok(),
            Target::User(_) => None,
        };
        let names = channel.map(|channel| channel.names.clone()).unwrap_or_default();
        let topic = channel.map(|channel| channel.topic.to_string());
        let head = Head { conversation: target.clone(), names, n: progress.n, topic };
        // The topic of `*` changes without an event.
        let is_everybody = matches!(target, Target::Channel(name) if name.is_everybody());
        (progress.record > since || is_everybody).then_some(head)
    })
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;

    fn around(head: u64, n: u64, limit: u64) -> RangeInclusive<u64> {
        let range = page(head, Bounds { around: Some(n), limit: Some(limit), ..Bounds::default() });
        let Fill::Around(middle) = range.fill else { panic!("{range:?}") };
        assert!(range.numbers.is_empty() || range.numbers.contains(&middle), "{range:?}");
        range.numbers
    }

    #[test]
    fn a_page_around_a_number_has_it_in_the_middle() {
        assert_eq!(around(10, 5, 3), 4..=6);
        assert_eq!(around(10, 5, 4), 4..=7);
        assert_eq!((around(10, 1, 3), around(10, 0, 3)), (1..=3, 1..=3), "at the beginning");
        assert_eq!((around(10, 10, 3), around(10, u64::MAX, 3)), (8..=10, 8..=10), "at the end");
        assert_eq!(around(2, 1, 500), 1..=2);
        assert!(around(0, 7, 3).is_empty() && around(10, 5, 0).is_empty());
    }

    /// Searches among events of these times.
    fn first(times: &[u64], at_ms: u64) -> u64 {
        let reads = Cell::new(0);
        let time_of = |n: u64| {
            reads.set(reads.get() + 1);
            Ok::<_, Infallible>(times[n as usize - 1])
        };
        let Ok(first) = first_since(times.len() as u64, at_ms, time_of);
        assert!(reads.get() <= times.len().next_power_of_two().ilog2() + 1, "{} reads", reads.get());
        first
    }

    #[test]
    fn an_event_is_found_by_its_time() {
        assert_eq!([9, 10, 11, 21].map(|at| first(&[10, 10, 20, 20], at)), [1, 1, 3, 5]);
        assert_eq!(first(&[], 7), 1);
    }

    proptest! {
        /// With ordered times, the search finds the first event. Otherwise, it finds an event whose
        /// predecessor is earlier.
        #[test]
        fn the_event_before_the_result_is_earlier(mut times in prop::collection::vec(0..50_u64, 0..200), at in 0..60_u64) {
            let fits = |times: &[u64], n: usize| {
                (n == 1 || times[n - 2] < at) && (n > times.len() || times[n - 1] >= at)
            };
            prop_assert!(fits(&times, first(&times, at) as usize));
            times.sort_unstable();
            prop_assert_eq!(first(&times, at) as usize, times.partition_point(|time| *time < at) + 1);
        }
    }
}

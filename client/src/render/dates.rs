//! Local times of events, with the date if it is not today.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use transport::clock;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DatePosition {
    /// Not shown: the caller prints the dates.
    Omitted,
    /// Before the time unless the date is today, for events that are not consecutive.
    InFront,
    /// In a separate line between events of different days.
    Between,
}

/// Formats times. Clones share the last day that was shown.
#[derive(Clone)]
pub(super) struct Calendar {
    dates: DatePosition,
    zone: TimeZone,
    /// The current Unix time.
    now_ms: fn() -> u64,
    /// The day of the last event that was shown. `None` if the next event must show its date.
    last: Arc<Mutex<Option<Date>>>,
}

impl Calendar {
    pub(super) fn new(dates: DatePosition) -> Self {
        Self::with_clock(dates, TimeZone::system(), clock::unix_ms)
    }

    pub(super) fn with_clock(dates: DatePosition, zone: TimeZone, now_ms: fn() -> u64) -> Self {
        let calendar = Self { dates, zone, now_ms, last: Arc::default() };
        *calendar.last() = Some(calendar.today());
        calendar
    }

    pub(super) fn with_dates(&self, dates: DatePosition) -> Self {
        Self { dates, ..self.clone() }
    }

    /// The time at the start of an event's line.
    pub(super) fn event_time(&self, unix_ms: u64) -> String {
        match self.dates {
            DatePosition::InFront => self.short_time(unix_ms),
            DatePosition::Between | DatePosition::Omitted => time(&self.zoned(unix_ms)),
        }
    }

    /// A time, with its date unless it is today.
    pub(super) fn short_time(&self, unix_ms: u64) -> String {
        let zoned = self.zoned(unix_ms);
        if zoned.date() == self.today() { time(&zoned) } else { self.date_and_time(unix_ms) }
    }

    /// A time with its date.
    pub(super) fn date_and_time(&self, unix_ms: u64) -> String {
        let zoned = self.zoned(unix_ms);
        format!("{} {}", zoned.date(), time(&zoned))
    }

    /// The date to show before an event, if its day differs from that of the last event.
    pub(super) fn new_day(&self, unix_ms: u64) -> Option<Date> {
        if self.dates != DatePosition::Between {
            return None;
        }
        let day = self.zoned(unix_ms).date();
        (self.last().replace(day) != Some(day)).then_some(day)
    }

    /// Begins a page. The first event shows its date unless it is today.
    pub(super) fn begin_page(&self) {
        let today = self.today();
        self.last().take_if(|last| *last != today);
    }

    fn today(&self) -> Date {
        self.zoned((self.now_ms)()).date()
    }

    fn zoned(&self, unix_ms: u64) -> Zoned {
        let time = i64::try_from(unix_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
        time.unwrap_or_default().to_zoned(self.zone.clone())
    }

    fn last(&self) -> MutexGuard<'_, Option<Date>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Parses a date or a time. It is local unless it has an offset. Returns Unix milliseconds, and 0 for times
/// before 1970.
pub(crate) fn time_from(text: &str) -> Option<u64> {
    let local = || text.parse::<DateTime>().and_then(|local| TimeZone::system().to_timestamp(local));
    let time = text.parse::<Timestamp>().or_else(|_| local()).ok()?;
    Some(time.as_millisecond().try_into().unwrap_or(0))
}

/// Replaces the days and local times after `before:` and `after:` in a query of a search by instants.
pub(crate) fn with_instants(query: &str) -> String {
    let mut replaced = String::with_capacity(query.len() + 32);
    // Every second part is a phrase.
    for (number, part) in query.split('"').enumerate() {
        if number % 2 == 1 {
            replaced += &format!("\"{part}");
            continue;
        }
        if number > 0 {
            replaced.push('"');
        }
        let words: Vec<_> = part.split(' ').map(with_instant).collect();
        replaced += &words.join(" ");
    }
    replaced
}

fn with_instant(word: &str) -> Cow<'_, str> {
    let Some((filter @ ("before" | "after"), time)) = word.split_once(':') else { return word.into() };
    let instant = time_from(time).and_then(|ms| Timestamp::from_millisecond(ms.try_into().ok()?).ok());
    instant.map_or(word.into(), |instant| format!("{filter}:{instant}").into())
}

/// A time with its date, for lists.
pub(crate) fn date_and_time(unix_ms: u64) -> String {
    Calendar::new(DatePosition::Omitted).date_and_time(unix_ms)
}

fn time(zoned: &Zoned) -> String {
    format!("{:02}:{:02}", zoned.hour(), zoned.minute())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_or_a_time_is_local_unless_it_has_an_offset() {
        let day = time_from("2026-01-31").expect("a date");
        assert_eq!(date_and_time(day), "2026-01-31 00:00");
        assert_eq!(time_from("2026-01-31T10:00").map(date_and_time).as_deref(), Some("2026-01-31 10:00"));
        assert_eq!(time_from("2026-01-31T10:00:00-03:00"), Some(1_769_864_400_000));
        assert_eq!(time_from("1960-01-31"), Some(0));
        assert_eq!((time_from("yesterday"), time_from("2026-02-30"), time_from("")), (None, None, None));
    }

    #[test]
    fn days_in_a_query_become_instants_except_in_phrases() {
        let midnight = time_from("2026-01-31").map(date_and_time).expect("a date");
        assert_eq!(midnight, "2026-01-31 00:00");
        let instant = with_instant("after:2026-01-31");
        let (_, time) = instant.split_once(':').expect("a filter");
        assert!(time.ends_with('Z'), "{time}");
        assert_eq!(time_from(time), time_from("2026-01-31"));
        assert_eq!(
            with_instants("a  after:2026-01-31 \"before:2026-01-31 b\" before:monday c\"d"),
            format!("a  {instant} \"before:2026-01-31 b\" before:monday c\"d")
        );
    }
}

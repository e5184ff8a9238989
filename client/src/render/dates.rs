//! When something was said: the time of day, and the date wherever the time alone would be taken for today's. All of it
//! is local time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use transport::clock;

/// Where dates stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dates {
    /// Whoever prints the events sees to the dates.
    Elsewhere,
    /// Before the time, when it is not today's: for events that are not of one row.
    InFront,
    /// In a line of their own, between events of different days.
    Between,
}

/// Says when. Clones know of each other what day was shown last.
#[derive(Clone)]
pub(super) struct Calendar {
    dates: Dates,
    zone: TimeZone,
    /// The time now, in Unix time.
    now_ms: fn() -> u64,
    /// The day of the event that was shown last; nothing when the next one is to have its date in any case.
    last: Arc<Mutex<Option<Date>>>,
}

impl Calendar {
    pub(super) fn new(dates: Dates) -> Self {
        Self::of(dates, TimeZone::system(), clock::unix_ms)
    }

    pub(super) fn of(dates: Dates, zone: TimeZone, now_ms: fn() -> u64) -> Self {
        let calendar = Self { dates, zone, now_ms, last: Arc::default() };
        *calendar.last() = Some(calendar.today());
        calendar
    }

    /// The same, with dates elsewhere.
    pub(super) fn with(&self, dates: Dates) -> Self {
        Self { dates, ..self.clone() }
    }

    /// The time that an event begins with.
    pub(super) fn of_event(&self, unix_ms: u64) -> String {
        match self.dates {
            Dates::InFront => self.moment(unix_ms),
            Dates::Between | Dates::Elsewhere => time(&self.zoned(unix_ms)),
        }
    }

    /// A time, with its date unless it is today's.
    pub(super) fn moment(&self, unix_ms: u64) -> String {
        let zoned = self.zoned(unix_ms);
        if zoned.date() == self.today() { time(&zoned) } else { self.in_full(unix_ms) }
    }

    /// A time with its date, whichever that is.
    pub(super) fn in_full(&self, unix_ms: u64) -> String {
        let zoned = self.zoned(unix_ms);
        format!("{} {}", zoned.date(), time(&zoned))
    }

    /// The date that has to stand before an event, which is shown now.
    pub(super) fn turns(&self, unix_ms: u64) -> Option<Date> {
        if self.dates != Dates::Between {
            return None;
        }
        let day = self.zoned(unix_ms).date();
        (self.last().replace(day) != Some(day)).then_some(day)
    }

    /// A page begins: its first event has its date unless it is today's, whatever was shown before.
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

/// A date with its time, in lists.
pub(super) fn date_and_time(unix_ms: u64) -> String {
    Calendar::new(Dates::Elsewhere).in_full(unix_ms)
}

fn time(zoned: &Zoned) -> String {
    format!("{:02}:{:02}", zoned.hour(), zoned.minute())
}

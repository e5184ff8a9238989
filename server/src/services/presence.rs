//! Who is there, by what their sessions say every now and then.
//!
//! It depends on time and so lies beside the domain: in memory only, never replayed. Only when somebody was seen last
//! is a record. Nothing here looks at everybody: a heartbeat costs the logarithm of the sessions that are there, and
//! what is told are the changes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use common::UserName;
use common::limits::{PRESENCE_GONE_MS, PRESENCE_HEARTBEAT_MS, PRESENCE_TELL_EVERY_MS};
use common::presence::{Change, State};
use foldhash::fast::RandomState;

use crate::domain::records::TokenDigest;

/// Everybody who is there. Bounded by the sessions that are open.
#[derive(Debug, Default)]
pub struct Presence {
    people: HashMap<UserName, Person, RandomState>,
    /// When each session counts as gone, the first one first.
    due: BTreeSet<(u64, UserName, TokenDigest)>,
    /// Whose state may be another one than was told.
    changed: BTreeSet<UserName>,
    clock: AwakeClock,
    /// When changes may be told next.
    tell_due: u64,
}

#[derive(Debug, Default)]
struct Person {
    sessions: BTreeMap<TokenDigest, Beat>,
    /// What everybody was told last.
    told: State,
    /// When a session of theirs was heard last, in Unix milliseconds.
    heard_unix_ms: u64,
}

#[derive(Debug, Clone, Copy)]
struct Beat {
    state: State,
    /// When it counts as gone.
    due: u64,
}

impl Person {
    fn state(&self) -> State {
        self.sessions.values().map(|beat| beat.state).max().unwrap_or_default()
    }
}

/// Somebody who is something else than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Who, and what.
    pub change: Change,
    /// When they were heard last, in Unix milliseconds.
    pub heard_unix_ms: u64,
}

impl Presence {
    /// Takes what a session says about itself.
    pub fn set(&mut self, user: &UserName, session: TokenDigest, state: State, unix_ms: u64) {
        self.clock.advance(unix_ms);
        if state == State::Offline && !self.people.contains_key(user) {
            return;
        }
        let person = self.people.entry(user.clone()).or_default();
        person.heard_unix_ms = unix_ms;
        if let Some(earlier) = person.sessions.remove(&session) {
            self.due.remove(&(earlier.due, user.clone(), session));
        }
        if state != State::Offline {
            let due = self.clock.awake_ms + PRESENCE_GONE_MS;
            person.sessions.insert(session, Beat { state, due });
            self.due.insert((due, user.clone(), session));
        }
        if person.state() != person.told {
            self.changed.insert(user.clone());
        }
    }

    /// Sessions of a user were ended: those that are not `open` any more are gone.
    pub fn keep(&mut self, user: &UserName, is_open: impl Fn(&TokenDigest) -> bool) {
        let Some(person) = self.people.get_mut(user) else { return };
        for (session, beat) in person.sessions.extract_if(.., |session, _| !is_open(session)) {
            self.due.remove(&(beat.due, user.clone(), session));
        }
        self.changed.insert(user.clone());
    }

    /// What somebody is. `None`: the server was just started and has not heard from everybody yet.
    #[must_use]
    pub fn state(&self, user: &UserName) -> Option<State> {
        let known = self.people.get(user).map(Person::state);
        known.or_else(|| (self.clock.awake_ms >= PRESENCE_GONE_MS).then_some(State::Offline))
    }

    /// How many people are there.
    #[must_use]
    pub fn people(&self) -> usize {
        self.people.len()
    }

    /// What is to be told now: everybody who is something else than was told last.
    pub fn poll(&mut self, unix_ms: u64) -> Vec<Changed> {
        self.clock.advance(unix_ms);
        let now = self.clock.awake_ms;
        while self.due.first().is_some_and(|(due, ..)| *due <= now) {
            let Some((_, user, session)) = self.due.pop_first() else { break };
            if let Some(person) = self.people.get_mut(&user) {
                person.sessions.remove(&session);
                self.changed.insert(user);
            }
        }
        if self.changed.is_empty() || now < self.tell_due {
            return Vec::new();
        }
        self.tell_due = now + PRESENCE_TELL_EVERY_MS;
        let changed = std::mem::take(&mut self.changed);
        changed.into_iter().filter_map(|user| self.note_told(user)).collect()
    }

    /// The server stops: everybody leaves, as far as it can know.
    pub fn end(&mut self) -> Vec<Changed> {
        self.due.clear();
        let people = std::mem::take(&mut self.people);
        let mut left: Vec<_> = people
            .into_iter()
            .filter(|(_, person)| person.state().max(person.told) != State::Offline)
            .map(|(user, person)| changed(user, State::Offline, person.heard_unix_ms))
            .collect();
        left.sort_by(|one, other| one.change.user.cmp(&other.change.user));
        left
    }

    /// When [`poll`](Self::poll) has something to do, in Unix milliseconds; never when nobody is there.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        let first_gone = self.due.first().map(|(due, ..)| *due);
        let telling = (!self.changed.is_empty()).then_some(self.tell_due);
        let is_starting = self.clock.has_begun() && self.clock.awake_ms < PRESENCE_GONE_MS;
        let heard = is_starting.then_some(PRESENCE_GONE_MS);
        // The clock of those who are there must be wound.
        let awake =
            (first_gone.is_some() || is_starting).then_some(self.clock.awake_ms + PRESENCE_HEARTBEAT_MS);
        let next = [first_gone, telling, heard, awake].into_iter().flatten().min()?;
        Some(self.clock.unix_ms_of(next))
    }

    fn note_told(&mut self, user: UserName) -> Option<Changed> {
        let person = self.people.get_mut(&user)?;
        let (state, heard_unix_ms) = (person.state(), person.heard_unix_ms);
        let is_news = std::mem::replace(&mut person.told, state) != state;
        if state == State::Offline {
            self.people.remove(&user);
        }
        is_news.then(|| changed(user, state, heard_unix_ms))
    }
}

fn changed(user: UserName, state: State, heard_unix_ms: u64) -> Changed {
    Changed { change: Change { user, state }, heard_unix_ms }
}

/// Counts the time in which this process was at work. When the machine slept, or its clock was set, nobody could be
/// heard, and nobody is to be taken for gone because of that.
#[derive(Debug, Default)]
struct AwakeClock {
    awake_ms: u64,
    /// The time of day it was asked last.
    unix_ms: Option<u64>,
}

impl AwakeClock {
    /// Whoever is there makes the loop come by at least every heartbeat, so that more than that was no work.
    fn advance(&mut self, unix_ms: u64) {
        let passed_ms = unix_ms.saturating_sub(self.unix_ms.unwrap_or(unix_ms));
        self.awake_ms += passed_ms.min(PRESENCE_HEARTBEAT_MS);
        self.unix_ms = Some(unix_ms);
    }

    fn has_begun(&self) -> bool {
        self.unix_ms.is_some()
    }

    /// When it will be `awake_ms` by this clock, as the time of day.
    fn unix_ms_of(&self, awake_ms: u64) -> u64 {
        self.unix_ms.unwrap_or_default() + awake_ms.saturating_sub(self.awake_ms)
    }
}

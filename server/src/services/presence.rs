//! The presence of users, computed from the heartbeats of the connections of their sessions.
//!
//! Presence depends on time, so it is not part of the domain: it is in memory only and never replayed. Only
//! the time at which a user was last seen is recorded. A heartbeat takes time logarithmic in the number of
//! present connections.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::RangeInclusive;

use common::UserName;
use common::limits::{
    PRESENCE_CONNECTIONS_MAX, PRESENCE_HEARTBEAT_MS, PRESENCE_NOTICE_INTERVAL_MS, PRESENCE_TIMEOUT_MS,
};
use common::presence::{Change, State};
use foldhash::fast::RandomState;
use uuid::Uuid;

use crate::domain::records::TokenDigest;

/// A program that sends heartbeats for a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Connection {
    pub session: TokenDigest,
    /// The id that the program chose; nil if it chose none.
    pub id: Uuid,
}

impl Connection {
    /// The connections of a session, as a range.
    fn all_of(session: TokenDigest) -> RangeInclusive<Self> {
        Self { session, id: Uuid::nil() }..=Self { session, id: Uuid::max() }
    }
}

/// All present users. There are at most as many as open sessions.
#[derive(Debug, Default)]
pub struct Presence {
    users: HashMap<UserName, PresentUser, RandomState>,
    /// The time on `clock` at which each connection expires, the earliest first.
    due: BTreeSet<(u64, UserName, Connection)>,
    /// The users whose state may differ from the published one.
    changed: BTreeSet<UserName>,
    clock: AwakeClock,
    /// The time on `clock` from which changes may be published again.
    publish_due: u64,
}

#[derive(Debug, Default)]
struct PresentUser {
    connections: BTreeMap<Connection, Heartbeat>,
    /// The state that was published last.
    published: State,
    /// The time of the last heartbeat of any connection, in Unix milliseconds.
    last_heartbeat_unix_ms: u64,
}

#[derive(Debug, Clone, Copy)]
struct Heartbeat {
    state: State,
    /// The time on the awake clock at which the connection expires.
    due: u64,
}

impl PresentUser {
    fn state(&self) -> State {
        self.connections.values().map(|heartbeat| heartbeat.state).max().unwrap_or_default()
    }

    /// The connection that a heartbeat of `connection` replaces: the same one or, if the session has the
    /// maximum number of connections, the one with the oldest heartbeat.
    fn replaced_by(&self, connection: Connection) -> Option<Connection> {
        let of_session = || self.connections.range(Connection::all_of(connection.session));
        if self.connections.contains_key(&connection) {
            return Some(connection);
        }
        let oldest = of_session().min_by_key(|(_, heartbeat)| heartbeat.due);
        oldest.filter(|_| of_session().count() >= PRESENCE_CONNECTIONS_MAX).map(|(oldest, _)| *oldest)
    }
}

/// A user whose state changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    pub change: Change,
    /// The time of the user's last heartbeat, in Unix milliseconds.
    pub last_heartbeat_unix_ms: u64,
}

impl Presence {
    /// Applies a heartbeat of a connection.
    pub fn set(&mut self, user: &UserName, connection: Connection, state: State, unix_ms: u64) {
        self.clock.advance(unix_ms);
        if state == State::Offline && !self.users.contains_key(user) {
            return;
        }
        let present = self.users.entry(user.clone()).or_default();
        present.last_heartbeat_unix_ms = unix_ms;
        let replaced = present.replaced_by(connection);
        if let Some((connection, earlier)) = replaced.and_then(|old| present.connections.remove_entry(&old)) {
            self.due.remove(&(earlier.due, user.clone(), connection));
        }
        if state != State::Offline {
            let due = self.clock.awake_ms + PRESENCE_TIMEOUT_MS;
            present.connections.insert(connection, Heartbeat { state, due });
            self.due.insert((due, user.clone(), connection));
        }
        if present.state() != present.published {
            self.changed.insert(user.clone());
        }
    }

    /// Removes the connections of the user's sessions for which `is_open` returns false.
    pub fn remove_ended(&mut self, user: &UserName, is_open: impl Fn(&TokenDigest) -> bool) {
        let Some(present) = self.users.get_mut(user) else { return };
        let ended = present.connections.extract_if(.., |connection, _| !is_open(&connection.session));
        for (connection, heartbeat) in ended {
            self.due.remove(&(heartbeat.due, user.clone(), connection));
        }
        self.changed.insert(user.clone());
    }

    /// The state of a user; `None` if the server has just started and does not know the state yet.
    #[must_use]
    pub fn state(&self, user: &UserName) -> Option<State> {
        let known = self.users.get(user).map(PresentUser::state);
        known.or_else(|| (self.clock.awake_ms >= PRESENCE_TIMEOUT_MS).then_some(State::Offline))
    }

    #[must_use]
    pub fn present_users(&self) -> usize {
        self.users.len()
    }

    /// The changes to publish now: all users whose state differs from the published one.
    pub fn poll(&mut self, unix_ms: u64) -> Vec<Changed> {
        self.clock.advance(unix_ms);
        let now = self.clock.awake_ms;
        while self.due.first().is_some_and(|(due, ..)| *due <= now) {
            let Some((_, user, connection)) = self.due.pop_first() else { break };
            if let Some(present) = self.users.get_mut(&user) {
                present.connections.remove(&connection);
                self.changed.insert(user);
            }
        }
        if self.changed.is_empty() || now < self.publish_due {
            return Vec::new();
        }
        self.publish_due = now + PRESENCE_NOTICE_INTERVAL_MS;
        let changed = std::mem::take(&mut self.changed);
        changed.into_iter().filter_map(|user| self.take_change(user)).collect()
    }

    /// Removes all users before the server stops. Returns the users who were present.
    pub fn end(&mut self) -> Vec<Changed> {
        self.due.clear();
        let users = std::mem::take(&mut self.users);
        let mut ended: Vec<_> = users
            .into_iter()
            .filter(|(_, present)| present.state().max(present.published) != State::Offline)
            .map(|(user, present)| changed(user, State::Offline, present.last_heartbeat_unix_ms))
            .collect();
        ended.sort_by(|one, other| one.change.user.cmp(&other.change.user));
        ended
    }

    /// The time of the next call to [`poll`](Self::poll), in Unix milliseconds; `None` if no user is present.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        let first_expiry = self.due.first().map(|(due, ..)| *due);
        let publishing = (!self.changed.is_empty()).then_some(self.publish_due);
        let is_starting = self.clock.has_begun() && self.clock.awake_ms < PRESENCE_TIMEOUT_MS;
        let startup_end = is_starting.then_some(PRESENCE_TIMEOUT_MS);
        // `AwakeClock` must advance at least every heartbeat while a user is present.
        let awake =
            (first_expiry.is_some() || is_starting).then_some(self.clock.awake_ms + PRESENCE_HEARTBEAT_MS);
        let next = [first_expiry, publishing, startup_end, awake].into_iter().flatten().min()?;
        Some(self.clock.unix_ms_of(next))
    }

    fn take_change(&mut self, user: UserName) -> Option<Changed> {
        let present = self.users.get_mut(&user)?;
        let (state, last_heartbeat_unix_ms) = (present.state(), present.last_heartbeat_unix_ms);
        let has_changed = std::mem::replace(&mut present.published, state) != state;
        if state == State::Offline {
            self.users.remove(&user);
        }
        has_changed.then(|| changed(user, state, last_heartbeat_unix_ms))
    }
}

fn changed(user: UserName, state: State, last_heartbeat_unix_ms: u64) -> Changed {
    Changed { change: Change { user, state }, last_heartbeat_unix_ms }
}

/// A clock that stops while the machine sleeps, and ignores jumps of the system clock. While the machine
/// sleeps, the server receives no heartbeats, and connections must not expire.
#[derive(Debug, Default)]
struct AwakeClock {
    awake_ms: u64,
    /// The Unix time of the last call of `advance`.
    unix_ms: Option<u64>,
}

impl AwakeClock {
    /// Advances by at most one heartbeat interval. The event loop calls this function at least that often
    /// while a user is present, so the machine was asleep during a longer gap.
    fn advance(&mut self, unix_ms: u64) {
        let passed_ms = unix_ms.saturating_sub(self.unix_ms.unwrap_or(unix_ms));
        self.awake_ms += passed_ms.min(PRESENCE_HEARTBEAT_MS);
        self.unix_ms = Some(unix_ms);
    }

    fn has_begun(&self) -> bool {
        self.unix_ms.is_some()
    }

    /// The Unix time at which this clock will show `awake_ms`.
    fn unix_ms_of(&self, awake_ms: u64) -> u64 {
        self.unix_ms.unwrap_or_default() + awake_ms.saturating_sub(self.awake_ms)
    }
}

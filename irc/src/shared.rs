//! The state that all connections of the front share: who is connected, texts of AWAY, times of read marks, and
//! the list of users.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use common::accounts::UserInfo;
use common::presence::State;
use common::{Target, UserName};
use transport::clock;
use uuid::Uuid;

use crate::inbox::{Inbox, Item};
use crate::limits::{
    ADDRESS_CONNECTIONS_MAX, AWAY_USERS_MAX, CONNECTIONS_MAX, MARKS_MAX, USER_CONNECTIONS_MAX, USERS_FRESH_MS,
};
use crate::relay::{ConnectionId, RelayHandle, SenderId};

/// The settings of the front.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The name of the server, which precedes its replies.
    pub(crate) name: String,
    /// Whether a client without a password gets an account.
    pub(crate) has_guests: bool,
    /// The time of the start, in Unix milliseconds.
    pub(crate) started_ms: u64,
}

/// The number of connections.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) all: usize,
    pub(crate) welcome: usize,
    pub(crate) welcome_max: usize,
    pub(crate) operators: usize,
}

#[derive(Default)]
struct Board {
    counts: Counts,
    addresses: HashMap<IpAddr, usize>,
    users: HashMap<UserName, Vec<(ConnectionId, Arc<Inbox>)>>,
    away: HashMap<UserName, String>,
    marks: HashMap<(UserName, Target), u64>,
    guests: HashMap<UserName, String>,
    list: HashMap<UserName, UserInfo>,
    /// The time at which the list was loaded, in milliseconds of the monotonic clock.
    listed_ms: Option<u64>,
}

pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) relay: RelayHandle,
    ids: AtomicU64,
    seeds: RandomState,
    board: Mutex<Board>,
}

impl Shared {
    pub(crate) fn new(settings: Settings, relay: RelayHandle) -> Self {
        Self {
            settings,
            relay,
            ids: AtomicU64::new(1),
            seeds: RandomState::new(),
            board: Mutex::new(Board::default()),
        }
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A random number.
    pub(crate) fn random(&self) -> u64 {
        let mut hasher = self.seeds.build_hasher();
        hasher.write_u64(self.ids.fetch_add(1, Ordering::Relaxed));
        hasher.finish()
    }

    /// A UUID of version 7.
    pub(crate) fn uuid(&self) -> Uuid {
        Uuid::now_v7()
    }

    pub(crate) fn next_id(&self) -> ConnectionId {
        ConnectionId(self.ids.fetch_add(1, Ordering::Relaxed))
    }

    /// The sender of an address. IPv6 users have many addresses, so their network of 64 bits counts. With
    /// guests, each connection is its own sender, because the limits of registrations would stop a test.
    pub(crate) fn sender(&self, address: IpAddr) -> SenderId {
        if self.settings.has_guests {
            return self.random().to_be_bytes();
        }
        let network = match address.to_canonical() {
            IpAddr::V4(address) => u128::from(u32::from(address)),
            IpAddr::V6(address) => u128::from(address) >> 64 << 64 | 1,
        };
        self.seeds.hash_one(network).to_be_bytes()
    }

    /// Counts a new connection. Returns false if there are too many.
    pub(crate) fn admit(&self, address: IpAddr) -> bool {
        let mut board = self.board();
        let own = board.addresses.get(&address).copied().unwrap_or_default();
        if board.counts.all >= CONNECTIONS_MAX || own >= ADDRESS_CONNECTIONS_MAX {
            return false;
        }
        board.counts.all += 1;
        board.addresses.insert(address, own + 1);
        true
    }

    /// Stops counting a connection.
    pub(crate) fn release(&self, address: IpAddr) {
        let mut board = self.board();
        board.counts.all -= 1;
        let left = board.addresses.get(&address).map_or(0, |count| count - 1);
        if left == 0 {
            board.addresses.remove(&address);
        } else {
            board.addresses.insert(address, left);
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        self.board().counts
    }

    /// Adds a connection of a user, and informs the others. Returns false if the user has too many.
    pub(crate) fn welcome(&self, user: &UserName, id: ConnectionId, inbox: &Arc<Inbox>) -> bool {
        let mut board = self.board();
        let own = board.users.entry(user.clone()).or_default();
        if own.len() >= USER_CONNECTIONS_MAX {
            return false;
        }
        own.push((id, Arc::clone(inbox)));
        let is_first = own.len() == 1;
        board.counts.welcome += 1;
        board.counts.welcome_max = board.counts.welcome_max.max(board.counts.welcome);
        if let Some(info) = board.list.get_mut(user) {
            info.state = Some(State::Online);
        }
        if is_first {
            board.tell_all(&Item::Online(user.clone(), true));
        }
        true
    }

    /// Removes a connection of a user, and informs the others about the last one.
    pub(crate) fn farewell(&self, user: &UserName, id: ConnectionId, is_operator: bool) {
        let mut board = self.board();
        let Some(own) = board.users.get_mut(user) else { return };
        let before = own.len();
        own.retain(|(connection, _)| *connection != id);
        let (left, was_welcome) = (own.len(), own.len() < before);
        if !was_welcome {
            return;
        }
        board.counts.welcome -= 1;
        board.counts.operators -= usize::from(is_operator);
        if left == 0 {
            board.users.remove(user);
            board.away.remove(user);
            if let Some(info) = board.list.get_mut(user) {
                info.state = Some(State::Offline);
            }
            board.tell_all(&Item::Online(user.clone(), false));
        }
    }

    /// Whether the user is connected to this front.
    pub(crate) fn is_here(&self, user: &UserName) -> bool {
        self.board().users.contains_key(user)
    }

    pub(crate) fn note_operator(&self) {
        self.board().counts.operators += 1;
    }

    /// Passes an item to the connections of one user, except the connection `from`.
    pub(crate) fn tell(&self, user: &UserName, from: ConnectionId, item: &Item) {
        let board = self.board();
        let own = board.users.get(user).into_iter().flatten();
        own.filter(|(id, _)| *id != from).for_each(|(_, inbox)| inbox.push(item.clone()));
    }

    /// Passes an item to all connections.
    pub(crate) fn tell_all(&self, item: &Item) {
        self.board().tell_all(item);
    }

    /// Sets or removes the text of AWAY, and informs all connections.
    pub(crate) fn set_away(&self, user: &UserName, text: Option<String>) {
        let mut board = self.board();
        let before = match &text {
            Some(text) if board.away.len() < AWAY_USERS_MAX => board.away.insert(user.clone(), text.clone()),
            Some(_) => None,
            None => board.away.remove(user),
        };
        if before != text {
            board.tell_all(&Item::Away(user.clone(), text));
        }
    }

    pub(crate) fn away(&self, user: &UserName) -> Option<String> {
        self.board().away.get(user).cloned()
    }

    /// Remembers the exact time of a read mark, in Unix milliseconds. Returns false if a later one is known.
    pub(crate) fn set_mark(&self, user: &UserName, target: &Target, at: u64) -> bool {
        let mut board = self.board();
        let key = (user.clone(), target.clone());
        let is_newer = board.marks.get(&key).is_none_or(|known| *known < at);
        if is_newer && board.marks.len() < MARKS_MAX {
            board.marks.insert(key, at);
        }
        is_newer
    }

    pub(crate) fn mark(&self, user: &UserName, target: &Target) -> Option<u64> {
        self.board().marks.get(&(user.clone(), target.clone())).copied()
    }

    /// The password of a guest whom this front created; a new one for a new guest. `None` if the guest is
    /// connected.
    pub(crate) fn guest(&self, user: &UserName) -> Option<(String, bool)> {
        let new = format!("{:016x}{:016x}", self.random(), self.random());
        let mut board = self.board();
        if board.users.contains_key(user) {
            return None;
        }
        let is_known = board.guests.contains_key(user);
        let password = board.guests.entry(user.clone()).or_insert(new).clone();
        Some((password, is_known))
    }

    pub(crate) fn forget_guest(&self, user: &UserName) {
        self.board().guests.remove(user);
    }

    /// Whether the list of users must be loaded: it is old, or it lacks a user.
    pub(crate) fn is_list_old(&self, user: Option<&UserName>) -> bool {
        let board = self.board();
        let now_ms = clock::monotonic_ms();
        let is_old = board.listed_ms.is_none_or(|listed_ms| listed_ms + USERS_FRESH_MS < now_ms);
        is_old || user.is_some_and(|user| !board.list.contains_key(user))
    }

    pub(crate) fn set_list(&self, users: Vec<UserInfo>) {
        let mut board = self.board();
        board.list = users.into_iter().map(|info| (info.user.clone(), info)).collect();
        board.listed_ms = Some(clock::monotonic_ms());
    }

    /// Applies a change of presence. Returns whether the state differs.
    pub(crate) fn set_state(&self, user: &UserName, state: State) {
        if let Some(info) = self.board().list.get_mut(user) {
            info.state = Some(state);
        }
    }

    pub(crate) fn user(&self, user: &UserName) -> Option<UserInfo> {
        let board = self.board();
        let mut info = board.list.get(user).cloned()?;
        // The list can be older than the connection.
        if board.users.contains_key(user) && info.state != Some(State::Away) {
            info.state = Some(State::Online);
        }
        Some(info)
    }

    /// The users of the list whom a predicate accepts, in alphabetical order.
    pub(crate) fn users(&self, mut accepts: impl FnMut(&UserInfo) -> bool) -> Vec<UserInfo> {
        let mut users: Vec<_> = self.board().list.values().filter(|info| accepts(info)).cloned().collect();
        users.sort_by(|one, other| one.user.cmp(&other.user));
        users
    }
}

impl Board {
    fn tell_all(&self, item: &Item) {
        let inboxes = self.users.values().flatten().map(|(_, inbox)| inbox);
        inboxes.for_each(|inbox| inbox.push(item.clone()));
    }
}

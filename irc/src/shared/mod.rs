//! The state that all connections of the front share: who is connected, texts of AWAY, times of read marks, and
//! the list of users.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::hash::{BuildHasher as _, Hasher as _};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use common::accounts::UserInfo;
use common::presence::State;
use common::{ChannelName, Target, UserName};
use transport::clock;
use uuid::Uuid;

use crate::connection::HOST;
use crate::inbox::{Inbox, Item};
use crate::limits::{
    ADDRESS_CONNECTIONS_MAX, AWAY_USERS_MAX, CONNECTIONS_MAX, FACES_MAX, IDENT_BYTES_MAX, MARKS_MAX,
    NOTICES_MAX, REMARK_MS, REMARKS_MAX, USER_CONNECTIONS_MAX, USERS_FRESH_MS,
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
    /// The ids of the newest messages that clients of this front sent with NOTICE.
    notices: VecDeque<Uuid>,
    remarks: VecDeque<Remark>,
    faces: HashMap<UserName, Face>,
    /// The channels of each connection.
    joined: HashMap<ConnectionId, BTreeSet<ChannelName>>,
    list: HashMap<UserName, UserInfo>,
    /// The time at which the list was loaded, in milliseconds of the monotonic clock.
    listed_ms: Option<u64>,
}

/// What the client of a user sent with USER.
struct Face {
    ident: String,
    real_name: String,
}

/// The reason of a KICK or PART, which the node does not store. Clients of this front see it.
struct Remark {
    channel: ChannelName,
    user: UserName,
    text: String,
    until_ms: u64,
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

    /// Notes the channels that a connection is in.
    pub(crate) fn set_channels(&self, id: ConnectionId, channels: BTreeSet<ChannelName>) {
        self.board().joined.insert(id, channels);
    }

    /// Whether a connection is in a channel of the user. True for a user of another front, whose channels are
    /// not known.
    pub(crate) fn shares_channel(&self, id: ConnectionId, user: &UserName) -> bool {
        let board = self.board();
        let (Some(connections), Some(own)) = (board.users.get(user), board.joined.get(&id)) else {
            return true;
        };
        let theirs = connections.iter().filter_map(|(other, _)| board.joined.get(other));
        theirs.into_iter().any(|channels| !channels.is_disjoint(own))
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
        board.joined.remove(&id);
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

    /// Remembers the user name and the real name that a client sent with USER.
    pub(crate) fn set_face(&self, user: &UserName, ident: &str, real_name: &str) {
        let ident = ident.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        let face = Face { ident: ident.take(IDENT_BYTES_MAX).collect(), real_name: real_name.to_owned() };
        let mut board = self.board();
        if board.faces.len() < FACES_MAX || board.faces.contains_key(user) {
            board.faces.insert(user.clone(), face);
        }
    }

    /// The source of lines of a user.
    pub(crate) fn source(&self, user: &UserName) -> String {
        format!("{user}!{}@{HOST}", self.ident(user))
    }

    /// The user name that the client of a user sent; otherwise the name of the account.
    pub(crate) fn ident(&self, user: &UserName) -> String {
        let board = self.board();
        let ident = board.faces.get(user).map(|face| face.ident.clone());
        ident.filter(|ident| !ident.is_empty()).unwrap_or_else(|| user.to_string())
    }

    pub(crate) fn real_name(&self, user: &UserName) -> Option<String> {
        self.board().faces.get(user).map(|face| face.real_name.clone())
    }

    /// The account of a user. For IRC, a guest has none.
    pub(crate) fn account(&self, user: &UserName) -> Option<String> {
        (!self.board().guests.contains_key(user)).then(|| user.to_string())
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

    /// Remembers that a message was sent with NOTICE, so that clients of this front do not answer it by
    /// themselves.
    pub(crate) fn note_notice(&self, id: Uuid) {
        let mut board = self.board();
        board.notices.push_back(id);
        if board.notices.len() > NOTICES_MAX {
            board.notices.pop_front();
        }
    }

    pub(crate) fn is_notice(&self, id: Uuid) -> bool {
        self.board().notices.contains(&id)
    }

    /// Remembers the reason why a user is about to leave a channel.
    pub(crate) fn set_remark(&self, channel: &ChannelName, user: &UserName, text: &str) {
        let until_ms = clock::monotonic_ms() + REMARK_MS;
        let (channel, user, text) = (channel.clone(), user.clone(), text.to_owned());
        let mut board = self.board();
        board.remarks.push_front(Remark { channel, user, text, until_ms });
        board.remarks.truncate(REMARKS_MAX);
    }

    /// The reason why a user left a channel a moment ago.
    pub(crate) fn remark(&self, channel: &ChannelName, user: &UserName) -> Option<String> {
        let (board, now_ms) = (self.board(), clock::monotonic_ms());
        let mut own =
            board.remarks.iter().filter(|remark| remark.channel == *channel && remark.user == *user);
        own.next().filter(|remark| now_ms < remark.until_ms).map(|remark| remark.text.clone())
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
        // The predicate can use the board, so the lock is free while it runs.
        let mut users: Vec<_> = self.board().list.values().cloned().collect();
        users.retain(|info| accepts(info));
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

#[cfg(test)]
mod tests;

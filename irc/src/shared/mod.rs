//! The state that all connections of the front share: the connected users, texts of AWAY, times of read
//! marks, and the list of users.

mod faces;
mod handshakes;
mod notes;
mod users;
mod written;

pub(crate) use faces::{UserModes, is_spelling};
pub(crate) use notes::MessageNote;
pub(crate) use written::Shown;

use std::collections::hash_map::RandomState;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::hash::{BuildHasher as _, Hasher as _};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use common::accounts::UserInfo;
use common::presence::State;
use common::{ChannelName, Target, UserName};
use uuid::Uuid;

use self::faces::Face;
use self::handshakes::HandshakeRate;
use self::notes::Remark;
use self::written::Written;
use crate::inbox::{Inbox, Item};
use crate::limits::{ADDRESS_CONNECTIONS_MAX, CONNECTIONS_MAX, USER_CONNECTIONS_MAX};
use crate::relay::{ConnectionId, RelayHandle, SenderId};

/// The settings of the front.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The name of the server, which precedes its replies.
    pub(crate) name: String,
    /// The description of the server.
    pub(crate) description: String,
    /// The address to which clients post files.
    pub(crate) uploads: Option<String>,
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
    /// The connections of users that are being closed.
    pub(crate) closing: usize,
    pub(crate) welcome_max: usize,
    pub(crate) operators: usize,
}

#[derive(Default)]
struct Board {
    counts: Counts,
    /// The number of connections of each network.
    networks: HashMap<u128, usize>,
    handshakes: HashMap<u128, HandshakeRate>,
    /// The connections of each user. The connection that set its text of AWAY last is the last one.
    users: HashMap<UserName, Vec<Client>>,
    marks: HashMap<UserName, HashMap<Target, u64>>,
    guests: HashMap<UserName, Guest>,
    /// The newest messages of clients of this front that have a note.
    notes: VecDeque<(Uuid, Arc<MessageNote>)>,
    remarks: VecDeque<Remark>,
    written: Written,
    faces: HashMap<UserName, Face>,
    /// The faces of connections that have ended, the newest first.
    past_faces: VecDeque<(UserName, Face)>,
    list: HashMap<UserName, UserInfo>,
    /// The time at which the list was loaded, in milliseconds of the monotonic clock.
    listed_ms: Option<u64>,
}

/// An account that this front created for a client without a password.
#[derive(Clone)]
struct Guest {
    password: String,
    /// The account to which the guest has logged in.
    account: Option<UserName>,
}

/// A connection of a user.
struct Client {
    id: ConnectionId,
    inbox: Arc<Inbox>,
    /// The text of AWAY.
    away: Option<String>,
    /// The channels that the client is in. `None` before it has joined them.
    channels: Option<BTreeSet<ChannelName>>,
    is_operator: bool,
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

    /// The sender of an address. With guests, each connection is its own sender, because the limits of
    /// registrations would stop a test.
    pub(crate) fn sender(&self, address: IpAddr) -> SenderId {
        if self.settings.has_guests {
            return self.random().to_be_bytes();
        }
        self.seeds.hash_one(network(address)).to_be_bytes()
    }

    /// Counts a new connection. Returns false if there are too many.
    pub(crate) fn admit(&self, address: IpAddr) -> bool {
        let mut board = self.board();
        let own = board.networks.get(&network(address)).copied().unwrap_or_default();
        if board.counts.all >= CONNECTIONS_MAX || own >= ADDRESS_CONNECTIONS_MAX {
            return false;
        }
        board.counts.all += 1;
        board.networks.insert(network(address), own + 1);
        true
    }

    /// Stops counting a connection. `is_closing` is the result of its farewell.
    pub(crate) fn release(&self, address: IpAddr, is_closing: bool) {
        let mut board = self.board();
        board.counts.all -= 1;
        board.counts.closing -= usize::from(is_closing);
        let left = board.networks.get(&network(address)).map_or(0, |count| count - 1);
        if left == 0 {
            board.networks.remove(&network(address));
        } else {
            board.networks.insert(network(address), left);
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        self.board().counts
    }

    /// Adds a connection of a user, and informs the others. Returns false if the user has too many.
    pub(crate) fn welcome(&self, user: &UserName, id: ConnectionId, inbox: &Arc<Inbox>) -> bool {
        let mut board = self.board();
        let away_before = board.away(user);
        let own = board.users.entry(user.clone()).or_default();
        if own.len() >= USER_CONNECTIONS_MAX {
            return false;
        }
        own.push(Client { id, inbox: Arc::clone(inbox), away: None, channels: None, is_operator: false });
        let is_first = own.len() == 1;
        board.counts.welcome += 1;
        board.counts.welcome_max = board.counts.welcome_max.max(board.counts.welcome);
        match board.list.get_mut(user) {
            Some(info) => info.state = Some(State::Online),
            // The account is newer than the list.
            None => board.listed_ms = None,
        }
        if is_first {
            board.tell_all(&Item::Online(user.clone(), true));
        }
        board.tell_away(user, away_before);
        true
    }

    /// Notes the channels that a connection is in.
    pub(crate) fn set_channels(&self, user: &UserName, id: ConnectionId, channels: BTreeSet<ChannelName>) {
        if let Some(client) = self.board().client_mut(user, id) {
            client.channels = Some(channels);
        }
    }

    /// Whether the connection `id` of `me` is in a channel of the user. True for a user of another front,
    /// whose channels the front does not know.
    pub(crate) fn shares_channel(&self, me: &UserName, id: ConnectionId, user: &UserName) -> bool {
        let board = self.board();
        let own = board.users.get(me).and_then(|clients| clients.iter().find(|client| client.id == id));
        let own = own.and_then(|client| client.channels.as_ref());
        let (Some(clients), Some(own)) = (board.users.get(user), own) else { return true };
        clients.iter().filter_map(|client| client.channels.as_ref()).any(|theirs| !theirs.is_disjoint(own))
    }

    /// Removes a connection of a user. Returns false if the front has removed it already.
    pub(crate) fn farewell(&self, user: &UserName, id: ConnectionId) -> bool {
        let mut board = self.board();
        let away_before = board.away(user);
        let Some(own) = board.users.get_mut(user) else { return false };
        let Some(position) = own.iter().position(|client| client.id == id) else { return false };
        let Client { is_operator, .. } = own.remove(position);
        let is_last = own.is_empty();
        board.counts.welcome -= 1;
        board.counts.closing += 1;
        board.pass_face(user);
        board.counts.operators -= usize::from(is_operator);
        if !is_last {
            board.tell_away(user, away_before);
            return true;
        }
        board.users.remove(user);
        // A guest has no other program. Other users can still be online, so the node reports their presence.
        if board.guests.contains_key(user) {
            if let Some(info) = board.list.get_mut(user) {
                info.state = Some(State::Offline);
            }
            board.tell_all(&Item::Online(user.clone(), false));
        }
        true
    }

    /// The account of a user. For IRC, a guest has none before it logs in.
    pub(crate) fn account(&self, user: &UserName) -> Option<String> {
        match self.board().guests.get(user) {
            Some(guest) => guest.account.as_ref().map(ToString::to_string),
            None => Some(user.to_string()),
        }
    }

    /// Whether the front created the account of a user.
    pub(crate) fn is_guest(&self, user: &UserName) -> bool {
        self.board().guests.contains_key(user)
    }

    /// Notes that a guest logged in to an account, and informs all connections.
    pub(crate) fn log_guest_in(&self, user: &UserName, account: UserName) {
        let mut board = self.board();
        if let Some(guest) = board.guests.get_mut(user) {
            guest.account = Some(account.clone());
            board.tell_all(&Item::LoggedIn(user.clone(), account));
        }
    }

    /// Whether the user is connected to this front.
    pub(crate) fn is_here(&self, user: &UserName) -> bool {
        self.board().users.contains_key(user)
    }

    /// Whether a connection of the user is that of an operator.
    pub(crate) fn is_operator(&self, user: &UserName) -> bool {
        self.board().users.get(user).into_iter().flatten().any(|client| client.is_operator)
    }

    pub(crate) fn note_operator(&self, user: &UserName, id: ConnectionId) {
        let mut board = self.board();
        if let Some(client) = board.client_mut(user, id)
            && !std::mem::replace(&mut client.is_operator, true)
        {
            board.counts.operators += 1;
        }
    }

    /// Passes an item to the connections of one user, except the connection `from`.
    pub(crate) fn tell(&self, user: &UserName, from: ConnectionId, item: &Item) {
        let board = self.board();
        let own = board.users.get(user).into_iter().flatten();
        own.filter(|client| client.id != from).for_each(|client| client.inbox.push(item.clone()));
    }

    /// Passes an item to the connections of this front in a channel, except the connection `from`. Returns
    /// the number of these connections.
    pub(crate) fn tell_channel(&self, channel: &ChannelName, from: ConnectionId, item: &Item) -> u64 {
        let board = self.board();
        let is_in = |client: &&Client| client.channels.as_ref().is_some_and(|own| own.contains(channel));
        let clients = board.users.values().flatten().filter(|client| client.id != from).filter(is_in);
        clients.map(|client| client.inbox.push(item.clone())).count() as u64
    }

    /// Passes an item to all connections, except the connection `from`.
    pub(crate) fn tell_others(&self, from: ConnectionId, item: &Item) {
        let board = self.board();
        let others = board.users.values().flatten().filter(|client| client.id != from);
        others.for_each(|client| client.inbox.push(item.clone()));
    }

    /// Passes an item to all connections.
    pub(crate) fn tell_all(&self, item: &Item) {
        self.board().tell_all(item);
    }

    /// Sets or removes the text of AWAY of a connection, and informs all connections if the text of the user
    /// changes.
    pub(crate) fn set_away(&self, user: &UserName, id: ConnectionId, text: Option<String>) {
        let mut board = self.board();
        let before = board.away(user);
        let Some(own) = board.users.get_mut(user) else { return };
        let Some(position) = own.iter().position(|client| client.id == id) else { return };
        let client = own.remove(position);
        own.push(Client { away: text, ..client });
        board.tell_away(user, before);
    }

    /// The text of AWAY of a user all of whose connections are away.
    pub(crate) fn away(&self, user: &UserName) -> Option<String> {
        self.board().away(user)
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
        let guest = board.guests.entry(user.clone()).or_insert(Guest { password: new, account: None });
        guest.account = None;
        Some((guest.password.clone(), is_known))
    }

    pub(crate) fn guest_password(&self, user: &UserName) -> Option<String> {
        self.board().guests.get(user).map(|guest| guest.password.clone())
    }

    pub(crate) fn forget_guest(&self, user: &UserName) {
        self.board().guests.remove(user);
    }
}

/// The network of an address, for bounds: an IPv6 user has many addresses, so 64 bits of them count.
fn network(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address) >> 64 << 64 | 1,
    }
}

impl Board {
    fn client_mut(&mut self, user: &UserName, id: ConnectionId) -> Option<&mut Client> {
        self.users.get_mut(user)?.iter_mut().find(|client| client.id == id)
    }

    /// The newest text of AWAY of a user all of whose connections are away.
    fn away(&self, user: &UserName) -> Option<String> {
        let clients = self.users.get(user)?;
        let are_away = clients.iter().all(|client| client.away.is_some());
        clients.last().filter(|_| are_away)?.away.clone()
    }

    /// Informs all connections if the text of AWAY of a user is another one than before.
    fn tell_away(&self, user: &UserName, before: Option<String>) {
        let text = self.away(user);
        if text != before {
            self.tell_all(&Item::Away(user.clone(), text));
        }
    }

    fn tell_all(&self, item: &Item) {
        self.users.values().flatten().for_each(|client| client.inbox.push(item.clone()));
    }
}

#[cfg(test)]
mod tests;

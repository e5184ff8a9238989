//! The limits of each address, and the count of connections that each address and each user has.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use common::UserName;
use foldhash::fast::RandomState;

use crate::connection_id::SenderId;
use crate::hub::attempts::Buckets;
use crate::limits::{ADDRESS_CONNECTIONS_MAX, CONNECTIONS_MAX, HANDSHAKES_PER_SECOND, USER_CONNECTIONS_MAX};

/// Counts the holders of each key, up to a maximum.
pub(crate) struct Counts<K>(Mutex<HashMap<K, usize, RandomState>>);

/// One holder. Dropping it ends the count.
pub(crate) struct Held<K: Hash + Eq> {
    counts: Arc<Counts<K>>,
    key: Option<K>,
}

impl<K: Hash + Eq + Clone> Counts<K> {
    fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::default()))
    }

    fn take(self: &Arc<Self>, key: K, max: usize) -> Option<Held<K>> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(key.clone()).or_default();
        if *count >= max {
            return None;
        }
        *count += 1;
        drop(counts);
        Some(Held { counts: Arc::clone(self), key: Some(key) })
    }
}

impl<K: Hash + Eq> Drop for Held<K> {
    fn drop(&mut self) {
        let Some(key) = self.key.take() else { return };
        let mut counts = self.counts.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&key) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&key);
            }
        }
    }
}

/// A TCP connection that counts.
pub(crate) type Connected = (Held<()>, Held<IpAddr>);

pub(crate) struct AddressLimits {
    all: Arc<Counts<()>>,
    addresses: Arc<Counts<IpAddr>>,
    users: Arc<Counts<UserName>>,
    handshakes: Mutex<Buckets<SenderId>>,
}

impl AddressLimits {
    pub(crate) fn new() -> Self {
        let handshakes = Mutex::new(Buckets::new(HANDSHAKES_PER_SECOND, 1_000));
        Self { all: Counts::new(), addresses: Counts::new(), users: Counts::new(), handshakes }
    }

    /// Counts a TCP connection. A reverse proxy makes the connections of all its users.
    pub(crate) fn connect(&self, address: IpAddr, is_proxy: bool) -> Option<Connected> {
        let max = if is_proxy { CONNECTIONS_MAX } else { ADDRESS_CONNECTIONS_MAX };
        Some((self.all.take((), CONNECTIONS_MAX)?, self.addresses.take(address, max)?))
    }

    /// Takes a WebSocket handshake of an address, or returns the milliseconds to wait.
    pub(crate) fn take_handshake(&self, sender: SenderId, now_ms: u64) -> Result<(), u64> {
        self.handshakes().take(sender, now_ms)
    }

    fn handshakes(&self) -> MutexGuard<'_, Buckets<SenderId>> {
        self.handshakes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a connection of a user.
    pub(crate) fn take_user(&self, user: UserName) -> Option<Held<UserName>> {
        self.users.take(user, USER_CONNECTIONS_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_a_limited_number_of_connections_at_a_time() {
        let limits = AddressLimits::new();
        let user = || UserName::new("alice").expect("a name");
        let held: Vec<_> = (0..USER_CONNECTIONS_MAX).map_while(|_| limits.take_user(user())).collect();
        assert_eq!(held.len(), USER_CONNECTIONS_MAX);
        assert!(limits.take_user(user()).is_none());
        drop(held);
        assert!(limits.take_user(user()).is_some());
        assert!(limits.users.0.lock().expect("no panic").is_empty());
    }

    #[test]
    fn an_address_has_a_limited_number_of_connections_and_handshakes() {
        let limits = AddressLimits::new();
        let address = [192, 0, 2, 1].into();
        let held: Vec<_> =
            (0..ADDRESS_CONNECTIONS_MAX + 1).map_while(|_| limits.connect(address, false)).collect();
        assert_eq!(held.len(), ADDRESS_CONNECTIONS_MAX);
        assert!(limits.connect([192, 0, 2, 2].into(), false).is_some());
        assert!(limits.connect(address, true).is_some(), "a proxy has all users");
        let taken = (0..100).take_while(|_| limits.take_handshake([1; 8], 0).is_ok()).count();
        assert_eq!(taken, HANDSHAKES_PER_SECOND as usize);
    }
}

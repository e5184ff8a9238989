//! The limits of each address: connections, handshakes, and the bytes of request bodies. The limits of uploads
//! are those of each user.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use common::UserName;
use foldhash::fast::RandomState;

use crate::connection_id::SenderId;
use crate::hub::attempts::Buckets;
use crate::limits::{
    ADDRESS_BODIES_BYTES_MAX, ADDRESS_CONNECTIONS_MAX, BODIES_BYTES_MAX, CONNECTIONS_MAX, COUNTED_STEP_BYTES,
    HANDSHAKES_PER_SECOND, UNCOUNTED_BYTES, UPLOAD_COUNTED_BYTES_MIN, UPLOADS_BYTES_MAX,
    USER_UPLOADS_BYTES_MAX,
};

/// A sum for each key, up to a maximum.
pub(crate) struct Counts<K>(Mutex<HashMap<K, usize, RandomState>>);

/// A reserved part of a sum. Dropping it subtracts the part.
pub(crate) struct Held<K: Hash + Eq> {
    counts: Arc<Counts<K>>,
    key: K,
    amount: usize,
}

impl<K: Hash + Eq + Clone> Counts<K> {
    fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::default()))
    }

    fn take(self: &Arc<Self>, key: K, amount: usize, max: usize) -> Option<Held<K>> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = counts.get(&key).copied().unwrap_or_default();
        let sum = known.checked_add(amount).filter(|sum| *sum <= max)?;
        counts.insert(key.clone(), sum);
        drop(counts);
        Some(Held { counts: Arc::clone(self), key, amount })
    }
}

impl<K: Hash + Eq> Drop for Held<K> {
    fn drop(&mut self) {
        let mut counts = self.counts.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sum) = counts.get_mut(&self.key) {
            *sum -= self.amount;
            if *sum == 0 {
                counts.remove(&self.key);
            }
        }
    }
}

/// An open TCP connection, in the count of all connections and in the count of its address.
pub(crate) type Connected = (Held<()>, Held<IpAddr>);

/// The bytes of a request body or of a file chunk, in the sum of their address and in the sum of all.
pub(crate) type HeldBody = (Held<SenderId>, Held<()>);

/// The bytes of an upload on the disk of the gateway, in the sum of their user and in the sum of all.
pub(crate) type HeldUpload = (Held<UserName>, Held<()>);

/// The bytes of one connection. The shared sums change in steps of `COUNTED_STEP_BYTES`, so most messages do
/// not change them.
#[derive(Default)]
pub(crate) struct CountedBytes {
    bytes: usize,
    held: Vec<HeldBody>,
}

impl CountedBytes {
    /// Returns false if there are too many bytes. The caller then closes the connection.
    pub(crate) fn add(&mut self, limits: &AddressLimits, sender: SenderId, bytes: usize) -> bool {
        self.bytes += bytes;
        while UNCOUNTED_BYTES + self.held.len() * COUNTED_STEP_BYTES < self.bytes {
            let Some(held) = limits.hold_body(sender, COUNTED_STEP_BYTES) else { return false };
            self.held.push(held);
        }
        true
    }

    pub(crate) fn subtract(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_sub(bytes);
        self.held.truncate(self.bytes.saturating_sub(UNCOUNTED_BYTES).div_ceil(COUNTED_STEP_BYTES));
    }
}

pub(crate) struct AddressLimits {
    all: Arc<Counts<()>>,
    addresses: Arc<Counts<IpAddr>>,
    all_bodies: Arc<Counts<()>>,
    bodies: Arc<Counts<SenderId>>,
    all_uploads: Arc<Counts<()>>,
    uploads: Arc<Counts<UserName>>,
    handshakes: Mutex<Buckets<SenderId>>,
    tls_handshakes: Mutex<Buckets<SenderId>>,
}

impl AddressLimits {
    pub(crate) fn new() -> Self {
        let buckets = || Mutex::new(Buckets::new(HANDSHAKES_PER_SECOND, 1_000));
        let (handshakes, tls_handshakes) = (buckets(), buckets());
        Self {
            all: Counts::new(),
            addresses: Counts::new(),
            all_bodies: Counts::new(),
            bodies: Counts::new(),
            all_uploads: Counts::new(),
            uploads: Counts::new(),
            handshakes,
            tls_handshakes,
        }
    }

    /// Counts a TCP connection; `None` if a limit is reached. A reverse proxy opens the connections of many
    /// users, so the limit of an address does not apply to it.
    pub(crate) fn connect(&self, address: IpAddr, is_proxy: bool) -> Option<Connected> {
        let max = if is_proxy { CONNECTIONS_MAX } else { ADDRESS_CONNECTIONS_MAX };
        Some((self.all.take((), 1, CONNECTIONS_MAX)?, self.addresses.take(address, 1, max)?))
    }

    /// Takes a WebSocket or a stream of events from the bucket of an address, or returns the milliseconds to
    /// wait.
    pub(crate) fn take_handshake(&self, sender: SenderId, now_ms: u64) -> Result<(), u64> {
        locked(&self.handshakes).take(sender, now_ms)
    }

    /// Takes a TLS handshake from the bucket of an address. Returns false if the bucket is empty. A handshake
    /// costs more than most requests.
    pub(crate) fn take_tls_handshake(&self, sender: SenderId, now_ms: u64) -> bool {
        locked(&self.tls_handshakes).take(sender, now_ms).is_ok()
    }

    /// Counts the bytes of a request body or of a file chunk. `None` if there are too many.
    pub(crate) fn hold_body(&self, sender: SenderId, bytes: usize) -> Option<HeldBody> {
        let address = self.bodies.take(sender, bytes, ADDRESS_BODIES_BYTES_MAX)?;
        Some((address, self.all_bodies.take((), bytes, BODIES_BYTES_MAX)?))
    }

    /// Reserves the space of an upload. `None` if its user, or all users together, have too many uploads.
    pub(crate) fn hold_upload(&self, user: &UserName, bytes: usize) -> Option<HeldUpload> {
        let bytes = bytes.max(UPLOAD_COUNTED_BYTES_MIN);
        let user = self.uploads.take(user.clone(), bytes, USER_UPLOADS_BYTES_MAX)?;
        Some((user, self.all_uploads.take((), bytes, UPLOADS_BYTES_MAX)?))
    }
}

fn locked(buckets: &Mutex<Buckets<SenderId>>) -> MutexGuard<'_, Buckets<SenderId>> {
    buckets.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_bounded_in_bytes_for_each_address_and_for_all() {
        let limits = AddressLimits::new();
        let hold = |address: u8| limits.hold_body([address; 8], 1 << 20);
        let held: Vec<_> = (0..20).map_while(|_| hold(1)).collect();
        assert_eq!(held.len(), ADDRESS_BODIES_BYTES_MAX >> 20);
        let others: Vec<_> = (2..).map_while(|address| hold(address).zip(hold(address))).collect();
        assert_eq!(held.len() + 2 * others.len(), BODIES_BYTES_MAX >> 20);
        drop((held, others));
        assert!(hold(1).is_some());
        assert!(limits.bodies.0.lock().expect("no panic").is_empty());
    }

    #[test]
    fn uploads_are_bounded_in_number_and_bytes_for_each_user_and_for_all() {
        let limits = AddressLimits::new();
        let hold = |user: &str, bytes| limits.hold_upload(&UserName::new(user).expect("a name"), bytes);
        let small: Vec<_> = (0..100).map_while(|_| hold("alice", 1)).collect();
        assert_eq!(small.len(), 16);
        assert!(hold("bob", USER_UPLOADS_BYTES_MAX + 1).is_none());
        let others = ["bob", "carol", "dave"].map(|user| hold(user, USER_UPLOADS_BYTES_MAX));
        assert!(others.iter().all(Option::is_some) && hold("erin", 1).is_none(), "all users together");
        drop((small, others));
        assert!(hold("alice", USER_UPLOADS_BYTES_MAX).is_some());
        assert!(limits.uploads.0.lock().expect("no panic").is_empty());
    }

    #[test]
    fn an_address_has_a_limited_number_of_connections_and_handshakes() {
        let limits = AddressLimits::new();
        let address = [192, 0, 2, 1].into();
        let held: Vec<_> =
            (0..ADDRESS_CONNECTIONS_MAX + 1).map_while(|_| limits.connect(address, false)).collect();
        assert_eq!(held.len(), ADDRESS_CONNECTIONS_MAX);
        assert!(limits.connect([192, 0, 2, 2].into(), false).is_some());
        assert!(limits.connect(address, true).is_some(), "a proxy connects for many users");
        let taken = (0..100).take_while(|_| limits.take_handshake([1; 8], 0).is_ok()).count();
        assert_eq!(taken, HANDSHAKES_PER_SECOND as usize);
    }
}

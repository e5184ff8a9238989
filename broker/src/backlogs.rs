//! How much waits for each client: replies of a client that asks and does not read.
//!
//! libzmq bounds their number only. Small ones stay bounded by that, and are not looked at; the bytes of larger ones are
//! counted, for as long as libzmq holds them, and beyond a maximum they are dropped. A client that reads asks again.

use std::collections::HashMap;

use transport::{Backlog, Frame};

/// Bytes from which on a reply is counted. Smaller ones can be 16 MiB for a client, see
/// `transport::limits::REPLIES_WAITING_MAX`.
const COUNTED_BYTES_MIN: usize = 2 * 1024;

/// Bytes of counted replies that may wait for one client: ten of the largest.
const CLIENT_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Bytes that may wait for all clients together. Beyond, each gets one reply at a time: who reads is still served,
/// however many others do not.
const ALL_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Clients that are remembered before those for whom nothing waits any more are forgotten.
const CLIENTS_REMEMBERED_MIN: usize = 64;

/// What becomes of a reply.
pub(crate) enum Verdict {
    /// It is small.
    Send,
    /// It is to be counted here.
    Count([Backlog; 2]),
    /// Too much waits for this client.
    Drop,
}

/// What waits, of counted replies.
#[derive(Default)]
pub(crate) struct Backlogs {
    clients: HashMap<Box<[u8]>, Backlog>,
    all: Backlog,
    /// When so many clients are remembered, those for whom nothing waits are forgotten.
    sweep_at: usize,
}

impl Backlogs {
    /// Decides about a reply, whose first frame is the client's name.
    pub(crate) fn judge(&mut self, reply: &[Frame]) -> Verdict {
        let bytes: usize = reply.iter().map(|frame| frame.len()).sum();
        let Some(client) = reply.first().filter(|_| bytes >= COUNTED_BYTES_MIN) else { return Verdict::Send };
        let own = self.of(client);
        let allowed = if self.all.bytes() + bytes > ALL_BYTES_MAX { 0 } else { CLIENT_BYTES_MAX };
        if own.bytes() > 0 && own.bytes() + bytes > allowed {
            return Verdict::Drop;
        }
        Verdict::Count([own, self.all.clone()])
    }

    fn of(&mut self, client: &[u8]) -> Backlog {
        if let Some(known) = self.clients.get(client) {
            return known.clone();
        }
        if self.clients.len() >= self.sweep_at {
            self.clients.retain(|_, backlog| backlog.bytes() > 0);
            self.sweep_at = CLIENTS_REMEMBERED_MIN.max(2 * self.clients.len());
        }
        self.clients.entry(client.into()).or_default().clone()
    }
}

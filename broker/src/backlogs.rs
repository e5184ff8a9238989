//! Bounds the bytes of waiting replies for clients that send requests and do not read the replies.
//!
//! libzmq bounds only the number of waiting replies, which is enough for small ones. The broker counts the
//! bytes of larger replies while libzmq holds them, and drops replies over the limit. A client that still
//! reads sends its request again.

use std::collections::HashMap;

use transport::{Backlog, Frame};

/// The smallest size of a counted reply, in bytes. Smaller ones can reach 16 MiB for a client, see
/// `transport::limits::REPLIES_WAITING_MAX`.
const COUNTED_BYTES_MIN: usize = 2 * 1024;

/// Bytes of counted replies that may wait for one client: ten of the largest replies.
const CLIENT_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Bytes of counted replies that may wait for all clients together. Over this limit, each client gets one
/// reply at a time, so that clients that read are still served.
const ALL_BYTES_MAX: usize = 256 * 1024 * 1024;

/// The smallest number of remembered clients at which clients without waiting replies are removed.
const CLIENTS_REMEMBERED_MIN: usize = 64;

pub(crate) enum Verdict {
    /// The reply is small: send it without counting.
    Send,
    /// Send the reply, and count its bytes in these backlogs.
    Count([Backlog; 2]),
    /// Drop the reply: its client has too many waiting bytes.
    Drop,
}

/// The bytes of counted replies that are waiting, for each client and for all.
#[derive(Default)]
pub(crate) struct Backlogs {
    clients: HashMap<Box<[u8]>, Backlog>,
    all: Backlog,
    /// At this number of clients, clients without waiting replies are removed from the map.
    sweep_at: usize,
}

impl Backlogs {
    /// Decides about a reply. Its first frame is the client's name.
    pub(crate) fn decide(&mut self, reply: &[Frame]) -> Verdict {
        let bytes: usize = reply.iter().map(|frame| frame.len()).sum();
        let Some(client) = reply.first().filter(|_| bytes >= COUNTED_BYTES_MIN) else { return Verdict::Send };
        let own = self.backlog_of(client);
        let allowed = if self.all.bytes() + bytes > ALL_BYTES_MAX { 0 } else { CLIENT_BYTES_MAX };
        if own.bytes() > 0 && own.bytes() + bytes > allowed {
            return Verdict::Drop;
        }
        Verdict::Count([own, self.all.clone()])
    }

    fn backlog_of(&mut self, client: &[u8]) -> Backlog {
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

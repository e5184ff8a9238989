//! The bytes of WebSocket messages whose rest has not arrived. They count like the bodies of HTTP requests.
//!
//! The library that reads WebSockets buffers an unfinished message, and has no limit for all connections
//! together. So each connection counts the bytes that it reads, until its task has taken a whole message.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::address_limits::CountedBytes;
use super::web::Web;
use crate::connection_id::SenderId;

/// The bytes of a ping or a pong of a client before its payload (RFC 6455, section 5.2).
const CONTROL_HEADER_BYTES: usize = 6;

/// The count of one connection, which its stream and its task share.
#[derive(Clone)]
pub(crate) struct Unfinished(Arc<Shared>);

struct Shared {
    web: Web,
    /// Set when the connection becomes a WebSocket. Requests over HTTP have other limits.
    sender: OnceLock<SenderId>,
    read: Mutex<CountedBytes>,
}

impl Unfinished {
    pub(crate) fn new(web: Web) -> Self {
        Self(Arc::new(Shared { web, sender: OnceLock::new(), read: Mutex::default() }))
    }

    fn read(&self) -> MutexGuard<'_, CountedBytes> {
        self.0.read.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts to count the bytes that are read.
    pub(crate) fn start(&self, sender: SenderId) {
        let _already_started = self.0.sender.set(sender);
    }

    /// Adds bytes that the stream has read. Returns false if there are too many.
    pub(crate) fn add(&self, bytes: usize) -> bool {
        let Some(sender) = self.0.sender.get() else { return true };
        self.read().add(&self.0.web.limits, *sender, bytes)
    }

    /// Subtracts the bytes of a ping or a pong, which can arrive between two parts of a message.
    pub(crate) fn finish_control(&self, payload: &[u8]) {
        self.read().subtract(CONTROL_HEADER_BYTES + payload.len());
    }

    /// Resets the count, because the task has passed on a whole message.
    pub(crate) fn finish(&self) {
        *self.read() = CountedBytes::default();
    }
}

//! Frames whose remaining lines wait for a later turn of the event loop, by client.
//!
//! A frame may have 1,024 expensive lines. The engine answers the lines of one client for at most [`SLICE`];
//! then the frame waits here, and the engine answers other clients. The clients take turns. The frames of one
//! client keep their order: a later frame waits behind an unfinished frame.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use common::limits::{FRAME_BYTES_MAX, HISTORY_BYTES_MAX, REPLY_BYTES_MAX};
use common::{Detail, Error};
use foldhash::fast::RandomState;

use crate::outbound::pending_request::PendingRequest;

/// The time for the lines of one client in one turn. 1 ms is a few hundred cheap lines, so nearly every frame
/// of messages is answered at once.
const SLICE: Duration = Duration::from_millis(1);

/// The time for new frames in one turn of the event loop, and the time for the frames that wait here. So a
/// new request waits for one turn: about 8 ms.
pub(super) const TURN: Duration = Duration::from_millis(4);

/// The maximum bytes of one client's waiting frames and of their replies so far: more than one frame of the
/// maximum size. At the limit, the lines of a further frame get the error `server_busy`.
const CLIENT_BYTES_MAX: usize = 8 << 20;

const _: () =
    assert!(FRAME_BYTES_MAX + REPLY_BYTES_MAX + HISTORY_BYTES_MAX < CLIENT_BYTES_MAX, "a frame can wait");

/// The maximum bytes of all waiting frames and of their replies so far. At the limit, a frame that would have
/// to wait gets the error `server_busy`; all other frames are answered as usual.
const BYTES_MAX: usize = 32 << 20;

/// The error for the lines of a frame that cannot wait, because a limit is reached.
pub(super) fn server_busy() -> Error {
    Error::from(Detail::ServerBusy).with_wait_ms(BUSY_WAIT_MS)
}

/// Milliseconds after which a client should send a rejected request again. By then, the waiting clients have
/// had many turns.
const BUSY_WAIT_MS: u64 = 1_000;

/// Returns a monotonic time: of the server's clock, or of a counter in a simulation.
pub type Stopwatch = Box<dyn Fn() -> Duration + Send>;

/// The lines that the engine answers for one client in one turn.
pub(super) struct Slice {
    /// The time at which the slice ends; `None` for the only line of a frame.
    end: Option<Duration>,
    pub(super) lines: u64,
}

impl Slice {
    pub(super) fn begin(stopwatch: &Stopwatch) -> Self {
        Self { end: Some(stopwatch() + SLICE), lines: 0 }
    }

    /// A slice for one frame. A frame of one line needs no clock.
    pub(super) fn for_frame(pending: &PendingRequest, stopwatch: &Stopwatch) -> Self {
        match memchr::memchr(b'\n', &pending.request) {
            Some(_) => Self::begin(stopwatch),
            None => Self { end: None, lines: 0 },
        }
    }

    /// Whether the next line must wait. A slice answers at least one line, so every frame makes progress.
    pub(super) fn has_ended(&self, stopwatch: &Stopwatch) -> bool {
        self.lines > 0 && self.end.is_some_and(|end| stopwatch() >= end)
    }
}

/// The envelope of a client's requests, as one key.
pub(super) type EnvelopeKey = Box<[u8]>;

#[derive(Default)]
pub(super) struct Turns {
    frames: HashMap<EnvelopeKey, VecDeque<PendingRequest>, RandomState>,
    /// The clients of `frames`; the first one has the next turn.
    order: VecDeque<EnvelopeKey>,
    bytes: usize,
}

impl Turns {
    pub(super) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The number of clients with waiting frames.
    pub(super) fn clients(&self) -> usize {
        self.order.len()
    }

    /// Whether a frame of this client waits, so that later frames must wait behind it.
    pub(super) fn is_waiting(&self, pending: &PendingRequest) -> bool {
        !self.is_empty() && self.frames.contains_key(&pending.route.key())
    }

    /// Adds a frame behind the other frames of its client. Returns the frame if a limit is reached.
    pub(super) fn push(&mut self, pending: PendingRequest) -> Option<PendingRequest> {
        let (client, bytes) = (pending.route.key(), pending.bytes());
        let client_bytes = self.frames.get(&client).into_iter().flatten().map(PendingRequest::bytes);
        if self.bytes + bytes > BYTES_MAX || client_bytes.sum::<usize>() + bytes > CLIENT_BYTES_MAX {
            return Some(pending);
        }
        self.insert(client).push_back(pending);
        self.bytes += bytes;
        None
    }

    /// Adds a frame before the other frames of its client, because the engine began it earlier.
    pub(super) fn push_front(&mut self, pending: PendingRequest) {
        self.bytes += pending.bytes();
        self.insert(pending.route.key()).push_front(pending);
    }

    fn insert(&mut self, client: EnvelopeKey) -> &mut VecDeque<PendingRequest> {
        if !self.frames.contains_key(&client) {
            self.order.push_back(client.clone());
        }
        self.frames.entry(client).or_default()
    }

    /// Takes the frames of the next client.
    pub(super) fn next(&mut self) -> Option<(EnvelopeKey, VecDeque<PendingRequest>)> {
        let client = self.order.pop_front()?;
        let frames = self.frames.remove(&client)?;
        self.bytes -= frames.iter().map(PendingRequest::bytes).sum::<usize>();
        Some((client, frames))
    }

    /// Puts back the remaining frames of a client. Its next turn comes after those of all other clients.
    pub(super) fn put_back(&mut self, client: EnvelopeKey, frames: VecDeque<PendingRequest>) {
        if !frames.is_empty() {
            self.bytes += frames.iter().map(PendingRequest::bytes).sum::<usize>();
            self.order.push_back(client.clone());
            self.frames.insert(client, frames);
        }
    }

    /// Discards all replies that depend on a record after `durable`. The frames in `answered` wait again,
    /// before the other frames of their clients.
    pub(super) fn roll_back(&mut self, durable: u64, answered: impl Iterator<Item = PendingRequest>) {
        self.frames.values_mut().flatten().for_each(|pending| pending.roll_back(durable));
        let answered: Vec<_> = answered.collect();
        for mut pending in answered.into_iter().rev() {
            pending.roll_back(durable);
            self.insert(pending.route.key()).push_front(pending);
        }
        self.bytes = self.frames.values().flatten().map(PendingRequest::bytes).sum();
    }
}

//! Checks that no queue exceeds its bound, and that no session ticks without work.

use common::limits::{FRAME_BYTES_MAX, FRAME_LINES_MAX};
use server::engine::Engine;
use session::Queue;
use transport::limits::REQUESTS_WAITING_MAX;

use super::{Check, ensure};

/// Maximum ticks of one client in one millisecond.
const TICKS_MAX: u32 = 100;

/// Maximum reply bytes in the server's outbound queue. The server accepts no requests above half of this
/// size, and the replies of one round fit into the other half.
const QUEUED_BYTES_MAX: usize = 128 << 20;

/// No queue of a session exceeds its bound.
pub fn session_queues(queues: &[Queue]) -> Check {
    queues.iter().try_for_each(|queue| {
        ensure(queue.length <= queue.length_max, "session_queues", || format!("{queue:?}"))
    })
}

/// No request frame exceeds the limits of the protocol.
pub fn request_frame(frame: &[u8]) -> Check {
    let lines = frame.iter().filter(|byte| **byte == b'\n').count();
    ensure(lines <= FRAME_LINES_MAX && frame.len() <= FRAME_BYTES_MAX, "request_frame", || {
        format!("{lines} lines of {} bytes", frame.len())
    })
}

/// The request frames of one client that are in transit fit into its socket.
pub(crate) fn requests_in_flight(count: usize) -> Check {
    let count_max = usize::try_from(REQUESTS_WAITING_MAX).unwrap_or_default();
    ensure(count <= count_max, "requests_in_flight", || format!("{count} frames"))
}

/// The replies in the server's outbound queue are bounded.
pub(crate) fn queued_reply_bytes(engine: &Engine) -> Check {
    let bytes = engine.outbound().reply_bytes();
    ensure(bytes <= QUEUED_BYTES_MAX, "queued_reply_bytes", || format!("{bytes} bytes of replies"))
}

/// A session does not tick repeatedly without a change of time.
pub(crate) fn no_busy_loop(ticks: u32) -> Check {
    ensure(ticks <= TICKS_MAX, "no_busy_loop", || format!("{ticks} ticks in one millisecond"))
}

//! No queue is longer than it may be, and nobody is busy with nothing.

use common::limits::{FRAME_BYTES_MAX, FRAME_LINES_MAX};
use server::engine::Engine;
use session::Queue;
use transport::limits::REQUESTS_WAITING_MAX;

use super::{Check, ensure};

/// Ticks of one client within one millisecond, at most.
const TICKS_MAX: u32 = 100;

/// Reply bytes that the server holds, at most: it takes no requests beyond half of it, and what one round took fits
/// the other half.
const HELD_BYTES_MAX: usize = 128 << 20;

/// The queues of a session keep to their bounds.
pub fn session_queues(queues: &[Queue]) -> Check {
    queues.iter().try_for_each(|queue| {
        ensure(queue.length <= queue.length_max, "session_queues", || format!("{queue:?}"))
    })
}

/// A request frame keeps to the limits of the protocol.
pub fn request_frame(frame: &[u8]) -> Check {
    let lines = frame.iter().filter(|byte| **byte == b'\n').count();
    ensure(lines <= FRAME_LINES_MAX && frame.len() <= FRAME_BYTES_MAX, "request_frame", || {
        format!("{lines} lines of {} bytes", frame.len())
    })
}

/// What one client has on its way to the server fits its socket.
pub(crate) fn requests_underway(count: usize) -> Check {
    let count_max = usize::try_from(REQUESTS_WAITING_MAX).unwrap_or_default();
    ensure(count <= count_max, "requests_underway", || format!("{count} frames"))
}

/// The server holds back no more than it may.
pub(crate) fn server_holds(engine: &Engine) -> Check {
    let bytes = engine.outbound().reply_bytes();
    ensure(bytes <= HELD_BYTES_MAX, "server_holds", || format!("{bytes} bytes of replies"))
}

/// Whoever is woken has something to do.
pub(crate) fn no_busy_loop(ticks: u32) -> Check {
    ensure(ticks <= TICKS_MAX, "no_busy_loop", || format!("{ticks} ticks in one millisecond"))
}

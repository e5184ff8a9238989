//! The priority of background threads.

use tracing::warn;

/// The niceness of a thread. On Linux each thread has its own, and each step takes away about a fifth of
/// its processor time when processors are scarce (nice(2), sched(7)). An unprivileged process cannot lower
/// it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Niceness {
    /// A request may wait for the thread, as a search waits for its index. The thread gets a third of the
    /// time of a normal thread.
    MayBeWaitedFor = 5,
    /// No request waits for the thread. It gets almost no time, so it must not hold a lock that other
    /// threads need.
    Idle = 19,
}

/// Sets the niceness of the calling thread and of the threads that it starts later.
pub(crate) fn step_back(niceness: Niceness) {
    if let Err(error) = rustix::process::nice(niceness as i32) {
        warn!(%error, "a background thread runs at the priority of the server");
    }
}

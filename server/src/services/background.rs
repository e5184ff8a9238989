//! Threads that give way to those that somebody waits for.

use tracing::warn;

/// How far a thread steps back where processors are scarce. On Linux niceness is a thread's own, and each step is a
/// fifth less of the time (nice(2), sched(7)). It cannot be taken back when somebody begins to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Niceness {
    /// Somebody may come to wait for it, as a search does for its index: a third of the time that another thread gets.
    MayBeWaitedFor = 5,
    /// Nobody ever waits for it: next to nothing, so it must not hold what others need.
    Idle = 19,
}

/// Makes the calling thread, and those that it starts from now on, give way to all others.
pub(crate) fn step_back(niceness: Niceness) {
    if let Err(error) = rustix::process::nice(niceness as i32) {
        warn!(%error, "a background thread runs at the priority of the server");
    }
}

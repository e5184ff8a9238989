//! The priority of background threads.

use tracing::warn;

/// The niceness of a thread. On Linux, each thread has its own niceness. If all CPUs are busy, each step
/// reduces the CPU time of the thread by about a fifth (nice(2), sched(7)). An unprivileged process cannot
/// lower the niceness again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Niceness {
    /// For a thread that can delay requests, such as the indexer, or a thread that hashes passwords. The
    /// thread gets a third of the CPU time of a normal thread.
    Low = 5,
    /// For a thread that cannot delay requests. The thread gets almost no CPU time, so it must not hold a
    /// lock that other threads need.
    Lowest = 19,
}

/// Sets the niceness of the calling thread and of the threads that it starts later.
pub(crate) fn lower_priority(niceness: Niceness) {
    if let Err(error) = rustix::process::nice(niceness as i32) {
        warn!(%error, "cannot lower the priority of a background thread");
    }
}

//! Threads that do what nobody waits for.

use tracing::warn;

/// How much such a thread steps back where processors are scarce: as far as it can. So it must not hold what the event
/// loop needs to answer a request.
const NICENESS: i32 = 19;

/// Makes the calling thread, and those that it starts from now on, give way to all others. On Linux niceness is a
/// thread's own (nice(2), pthreads(7)).
pub(crate) fn step_back() {
    if let Err(error) = rustix::process::nice(NICENESS) {
        warn!(%error, "a background thread runs at the priority of the server");
    }
}

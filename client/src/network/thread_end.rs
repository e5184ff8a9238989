//! The end of the network thread, for which other threads can wait.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Signals that the network thread has ended.
#[derive(Clone, Default)]
pub(crate) struct NetworkThreadEnd {
    shared: Arc<(Mutex<bool>, Condvar)>,
}

impl NetworkThreadEnd {
    /// Waits until the network thread has ended, up to `time`.
    pub(crate) fn wait(&self, time: Duration) {
        let (has_ended, changed) = &*self.shared;
        let has_ended = has_ended.lock().unwrap_or_else(PoisonError::into_inner);
        drop(changed.wait_timeout_while(has_ended, time, |has_ended| !*has_ended));
    }

    pub(crate) fn set(&self) {
        let (has_ended, changed) = &*self.shared;
        *has_ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
        changed.notify_all();
    }
}

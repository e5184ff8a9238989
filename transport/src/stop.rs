//! Asking every thread of the process to come to its end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::wake::Waker;

/// A request to stop, shared by all who may ask for it and all who heed it.
#[derive(Clone, Default)]
pub struct Stop {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    requested: AtomicBool,
    wakers: Mutex<Vec<Waker>>,
}

impl Stop {
    /// A stop that nobody has requested yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks everybody to stop, and wakes those who wait.
    pub fn request(&self) {
        let wakers = self.wakers();
        self.inner.requested.store(true, Ordering::Release);
        wakers.iter().for_each(Waker::wake);
    }

    /// Whether the time has come.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.inner.requested.load(Ordering::Acquire)
    }

    /// Has `waker` woken on the request, at once if it was made already.
    pub fn watch(&self, waker: Waker) {
        let mut wakers = self.wakers();
        if self.is_requested() {
            waker.wake();
        }
        wakers.push(waker);
    }

    /// The lock orders `watch` and `request`, so that no waker falls between the two.
    fn wakers(&self) -> MutexGuard<'_, Vec<Waker>> {
        self.inner.wakers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poll::{Watch, wait};
    use crate::wake::Wake;

    #[test]
    fn a_request_wakes_who_waits() {
        let stop = Stop::new();
        let (waker, wake) = Wake::new().expect("a wake-up");
        stop.watch(waker);
        let asking = stop.clone();
        let thread = std::thread::spawn(move || asking.request());
        while !stop.is_requested() {
            wait(&[Watch::Wake(&wake)], None).expect("a wait");
        }
        thread.join().expect("the thread ends");
    }

    #[test]
    fn who_comes_late_is_woken_at_once() {
        let stop = Stop::new();
        stop.request();
        let (waker, wake) = Wake::new().expect("a wake-up");
        stop.watch(waker);
        wait(&[Watch::Wake(&wake)], None).expect("a wait without end is over");
        assert!(stop.is_requested());
    }
}

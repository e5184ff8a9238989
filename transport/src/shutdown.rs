//! A request that all threads of the process end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::wake::Waker;

/// The shutdown of a process or a part of it. Clones share one state: each can request the shutdown, and each
/// sees the request.
#[derive(Clone, Default)]
pub struct Shutdown {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    requested: AtomicBool,
    wakers: Mutex<Vec<Waker>>,
}

impl Shutdown {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Requests the shutdown, and wakes all threads that watch it.
    pub fn request(&self) {
        let wakers = self.wakers();
        self.inner.requested.store(true, Ordering::Release);
        wakers.iter().for_each(Waker::wake);
    }

    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.inner.requested.load(Ordering::Acquire)
    }

    /// Wakes `waker` on the request: immediately, if the shutdown is already requested.
    pub fn watch(&self, waker: Waker) {
        let mut wakers = self.wakers();
        if self.is_requested() {
            waker.wake();
        }
        wakers.push(waker);
    }

    /// The lock orders `watch` and `request`, so that no request misses a waker.
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
    fn a_request_wakes_a_waiting_thread() {
        let shutdown = Shutdown::new();
        let (waker, wake) = Wake::new().expect("a wake-up");
        shutdown.watch(waker);
        let requester = shutdown.clone();
        let thread = std::thread::spawn(move || requester.request());
        while !shutdown.is_requested() {
            wait(&[Watch::Wake(&wake)], None).expect("a wait");
        }
        thread.join().expect("the thread ends");
    }

    #[test]
    fn a_watch_after_the_request_wakes_immediately() {
        let shutdown = Shutdown::new();
        shutdown.request();
        let (waker, wake) = Wake::new().expect("a wake-up");
        shutdown.watch(waker);
        wait(&[Watch::Wake(&wake)], None).expect("a wait without a timeout ends");
        assert!(shutdown.is_requested());
    }
}

//! The shutdown of all threads of the process.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::wake::Waker;

/// The shutdown of a process, or of some of its threads. All clones share one state.
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

    /// Registers a waker, which wakes its thread when the shutdown is requested. If the shutdown is already
    /// requested, the waker wakes its thread immediately.
    pub fn watch(&self, waker: Waker) {
        let mut wakers = self.wakers();
        if self.is_requested() {
            waker.wake();
        }
        wakers.push(waker);
    }

    /// Both `watch` and `request` hold this lock, so a request wakes every registered waker.
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
            wait(&[Watch::Wake(&wake)], None).expect("waiting succeeds");
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

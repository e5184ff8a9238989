//! Wakes a thread that waits in [`poll::wait`](crate::poll::wait), from any other thread.

use std::io::{Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::TransportError;

/// Wakes the thread that waits for the [`Wake`].
#[derive(Clone)]
pub struct Waker {
    shared: Arc<WakeState>,
}

/// The receiving end of a wake-up, for which a thread waits.
pub struct Wake {
    shared: Arc<WakeState>,
    reader: UnixStream,
}

struct WakeState {
    /// Whether a wake-up is pending. Further wake-ups then need no system call.
    pending: AtomicBool,
    writer: UnixStream,
}

impl Waker {
    /// Ends the current or the next wait of the other thread. Several calls before [`Wake::clear`] have the
    /// effect of one call.
    pub fn wake(&self) {
        if !self.shared.pending.swap(true, Ordering::AcqRel) {
            // The stream is never full, because each waking thread writes at most one byte. If the other end
            // is closed, no thread is waiting.
            let _written = (&self.shared.writer).write(&[1]);
        }
    }
}

impl Wake {
    pub fn new() -> Result<(Waker, Self), TransportError> {
        let error = TransportError::system("create a wake-up");
        let (writer, reader) = UnixStream::pair().map_err(&error)?;
        writer.set_nonblocking(true).map_err(&error)?;
        reader.set_nonblocking(true).map_err(&error)?;
        let shared = Arc::new(WakeState { pending: AtomicBool::new(false), writer });
        Ok((Waker { shared: Arc::clone(&shared) }, Self { shared, reader }))
    }

    /// Clears the pending wake-up. Call `clear` before you look for work. Work that arrives later then wakes
    /// the thread again.
    pub fn clear(&self) {
        let mut bytes = [0; 64];
        while matches!((&self.reader).read(&mut bytes), Ok(count) if count == bytes.len()) {}
        self.shared.pending.swap(false, Ordering::AcqRel);
    }

    /// The stream to which a wake-up writes a byte, for a thread that waits with another library. It does not
    /// block.
    #[must_use]
    pub fn into_stream(self) -> UnixStream {
        self.reader
    }

    pub(crate) fn file_descriptor(&self) -> RawFd {
        self.reader.as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poll::{Watch, wait};

    #[test]
    fn many_wake_ups_write_one_byte() {
        let (waker, wake) = Wake::new().expect("a wake-up");
        for _ in 0..100_000 {
            waker.wake();
        }
        let mut bytes = [0; 8];
        assert_eq!((&wake.reader).read(&mut bytes).expect("a byte"), 1);
        wake.clear();
        waker.wake();
        assert_eq!((&wake.reader).read(&mut bytes).expect("woken again"), 1);
    }

    #[test]
    fn no_wake_up_is_lost() {
        const ROUNDS: usize = 200_000;
        let (waker, wake) = Wake::new().expect("a wake-up");
        let (sender, receiver) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            for round in 0..ROUNDS {
                sender.send(round).expect("a receiver");
                waker.wake();
            }
        });
        let mut received = 0;
        while received < ROUNDS {
            wait(&[Watch::Wake(&wake)], None).expect("waiting succeeds");
            wake.clear();
            received += receiver.try_iter().count();
        }
        thread.join().expect("the thread ends");
    }
}

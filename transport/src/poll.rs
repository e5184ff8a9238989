//! Waits for sockets, wake-ups and a timeout at the same time.

use std::time::Duration;

use crate::error::TransportError;
use crate::monitor::Monitor;
use crate::socket::Socket;
use crate::wake::Wake;

#[derive(Clone, Copy)]
pub enum Watch<'a> {
    /// A message can be received.
    Readable(&'a Socket),
    /// A message can be sent.
    Writable(&'a Socket),
    /// A [`Waker`](crate::wake::Waker) was used since the last [`Wake::clear`].
    Wake(&'a Wake),
    /// The connection of a socket broke.
    Monitor(&'a Monitor),
}

/// Waits until one of `watches` is ready, the timeout ends, or a signal arrives. A watch that stays ready
/// ends the next wait immediately.
pub fn wait(watches: &[Watch<'_>], timeout: Option<Duration>) -> Result<(), TransportError> {
    let mut items: Vec<_> = watches.iter().map(Watch::item).collect();
    poll(&mut items, timeout)
}

/// Waits like [`wait`], and returns which watches are ready. This saves the system calls to read from sockets
/// without messages.
pub fn wait_which<const N: usize>(
    watches: [Watch<'_>; N],
    timeout: Option<Duration>,
) -> Result<[bool; N], TransportError> {
    let mut items = watches.map(|watch| watch.item());
    poll(&mut items, timeout)?;
    Ok(items.map(|item| !item.get_revents().is_empty()))
}

fn poll(items: &mut [zmq::PollItem<'_>], timeout: Option<Duration>) -> Result<(), TransportError> {
    match zmq::poll(items, timeout_ms(timeout)) {
        Ok(_) | Err(zmq::Error::EINTR) => Ok(()),
        Err(source) => Err(TransportError::Socket { action: "wait for messages", source }),
    }
}

impl<'a> Watch<'a> {
    fn item(&self) -> zmq::PollItem<'a> {
        match *self {
            Self::Readable(socket) => socket.poll_item(zmq::POLLIN),
            Self::Writable(socket) => socket.poll_item(zmq::POLLOUT),
            Self::Monitor(monitor) => monitor.poll_item(),
            Self::Wake(wake) => zmq::PollItem::from_fd(wake.file_descriptor(), zmq::POLLIN),
        }
    }
}

/// Whole milliseconds, or -1 for no timeout. Rounded up, because otherwise the last millisecond would be a
/// busy loop.
fn timeout_ms(timeout: Option<Duration>) -> i64 {
    timeout.map_or(-1, |timeout| i64::try_from(timeout.as_nanos().div_ceil(1_000_000)).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wake::Wake;

    #[test]
    fn only_ready_watches_are_reported() {
        let [(waker, one), (_, other)] = [(); 2].map(|()| Wake::new().expect("a wake-up"));
        let which = |timeout| {
            wait_which([Watch::Wake(&one), Watch::Wake(&other)], timeout).expect("waiting succeeds")
        };
        assert_eq!(which(Some(Duration::ZERO)), [false, false]);
        waker.wake();
        assert_eq!(which(None), [true, false]);
        assert_eq!(which(None), [true, false], "it stays ready until it is cleared");
        one.clear();
        assert_eq!(which(Some(Duration::ZERO)), [false, false]);
    }

    #[test]
    fn timeouts_are_rounded_up() {
        assert_eq!(timeout_ms(None), -1);
        assert_eq!(timeout_ms(Some(Duration::ZERO)), 0);
        assert_eq!(timeout_ms(Some(Duration::from_micros(1))), 1);
        assert_eq!(timeout_ms(Some(Duration::from_millis(250))), 250);
        assert_eq!(timeout_ms(Some(Duration::MAX)), i64::MAX);
    }
}

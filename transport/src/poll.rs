//! Waiting for sockets, wake-ups and time, all at once.

use std::time::Duration;

use crate::error::TransportError;
use crate::socket::Socket;
use crate::wake::Wake;

/// Something to wait for.
#[derive(Clone, Copy)]
pub enum Watch<'a> {
    /// A message waits to be received.
    Readable(&'a Socket),
    /// A message could be sent.
    Writable(&'a Socket),
    /// A [`Waker`](crate::wake::Waker) was used since the last [`Wake::clear`].
    Wake(&'a Wake),
}

/// Waits until something watched is ready, or `timeout` is over. What is ready and is left so ends the next wait at once.
/// A signal ends the wait as well.
pub fn wait(watches: &[Watch<'_>], timeout: Option<Duration>) -> Result<(), TransportError> {
    let mut items: Vec<_> = watches.iter().map(Watch::item).collect();
    poll(&mut items, timeout)
}

/// The same, and says which are ready: to ask a socket in vain costs system calls.
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
        Err(source) => Err(TransportError::Socket { doing: "waiting", source }),
    }
}

impl<'a> Watch<'a> {
    fn item(&self) -> zmq::PollItem<'a> {
        match *self {
            Self::Readable(socket) => socket.poll_item(zmq::POLLIN),
            Self::Writable(socket) => socket.poll_item(zmq::POLLOUT),
            Self::Wake(wake) => zmq::PollItem::from_fd(wake.file_descriptor(), zmq::POLLIN),
        }
    }
}

/// Whole milliseconds, rounded up: rounded down, the last one would be spent in a busy loop. Without end: -1.
fn timeout_ms(timeout: Option<Duration>) -> i64 {
    timeout.map_or(-1, |timeout| i64::try_from(timeout.as_nanos().div_ceil(1_000_000)).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wake::Wake;

    #[test]
    fn only_what_is_ready_is_said_to_be() {
        let [(waker, one), (_, other)] = [(); 2].map(|()| Wake::new().expect("a wake-up"));
        let which = |timeout| wait_which([Watch::Wake(&one), Watch::Wake(&other)], timeout).expect("a wait");
        assert_eq!(which(Some(Duration::ZERO)), [false, false]);
        waker.wake();
        assert_eq!(which(None), [true, false]);
        assert_eq!(which(None), [true, false], "it was left as it is");
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

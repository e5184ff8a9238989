//! Reports that the connection of a socket broke, so a client can move to another endpoint at once.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::TransportError;

/// Numbers the endpoints of the monitors of this process.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// The connection broke, or an attempt to connect failed.
const BREAKS: i32 = zmq::SocketEvent::DISCONNECTED as i32 | zmq::SocketEvent::CONNECT_RETRIED as i32;

/// The maximum number of reports that one call reads.
const REPORTS_MAX: usize = 64;

/// Watches the connection of one socket, and is dropped after it. See
/// [`Socket::monitor`](crate::Socket::monitor).
pub struct Monitor(zmq::Socket);

fn new_endpoint() -> String {
    format!("inproc://papo-monitor-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Ends the reports of a socket. libzmq waits for the reader of a report, so the thread that serves all
/// sockets of the context would stop if the socket had a report after its monitor was dropped.
pub(crate) fn end(watched: &zmq::Socket) {
    // A monitor without events replaces the previous one. An error means that the context ends.
    let _replaced = watched.monitor(&new_endpoint(), 0);
}

impl Monitor {
    pub(crate) fn start(context: &zmq::Context, watched: &zmq::Socket) -> Result<Self, TransportError> {
        let endpoint = new_endpoint();
        watched.monitor(&endpoint, BREAKS).map_err(TransportError::creating)?;
        #[expect(clippy::disallowed_methods, reason = "a monitor has no connections to other processes")]
        let reports = context.socket(zmq::PAIR).map_err(TransportError::creating)?;
        reports.set_linger(0).map_err(TransportError::creating)?;
        reports.connect(&endpoint).map_err(TransportError::creating)?;
        Ok(Self(reports))
    }

    /// Whether the connection broke since the last call.
    pub fn is_broken(&self) -> Result<bool, TransportError> {
        let mut is_broken = false;
        for _ in 0..REPORTS_MAX {
            match self.0.recv_multipart(zmq::DONTWAIT) {
                // The first frame begins with the number of the event.
                Ok(frames) => {
                    let event = frames.first().and_then(|frame| frame.first_chunk());
                    let event = i32::from(u16::from_ne_bytes(event.copied().unwrap_or_default()));
                    is_broken |= event & BREAKS != 0;
                }
                Err(zmq::Error::EAGAIN | zmq::Error::EINTR) => break,
                Err(source) => return Err(TransportError::Socket { action: "watch a connection", source }),
            }
        }
        Ok(is_broken)
    }

    pub(crate) fn poll_item(&self) -> zmq::PollItem<'_> {
        self.0.as_poll_item(zmq::POLLIN)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::poll::{Watch, wait};
    use crate::security::Security;
    use crate::{Context, Frame, Kind};

    #[test]
    fn a_closed_peer_and_a_refused_connection_are_reported() {
        let context = Context::new();
        let server = context.socket(Kind::Router, &Security::Plain).expect("a socket");
        let endpoint = server.bind("tcp://127.0.0.1:*").expect("a port");
        let client = context.socket(Kind::Dealer, &Security::Plain).expect("a socket");
        let monitor = client.monitor(&context).expect("a monitor");
        client.connect(&endpoint).expect("an endpoint");
        let _sent = client.send([Frame::from("hello")]).expect("sent");
        wait(&[Watch::Readable(&server)], None).expect("waiting succeeds");
        assert!(!monitor.is_broken().expect("a report"));
        drop(server);
        for _ in 0..2 {
            while !monitor.is_broken().expect("a report") {
                wait(&[Watch::Monitor(&monitor)], Some(Duration::from_secs(60))).expect("waiting succeeds");
            }
        }
    }
}

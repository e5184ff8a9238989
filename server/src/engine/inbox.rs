//! Receives the requests of clients from the broker, one at a time.

use transport::bundle::{self, BundleReader};
use transport::{Frame, Socket, TransportError};

/// The socket to the broker, and the rest of the bundle that was received last. The event loop takes one
/// request at a time, so its limits hold for each request of a bundle.
pub(super) struct Inbox {
    socket: Socket,
    rest: Option<Rest>,
}

struct Rest {
    /// The name of the broker, for the replies.
    broker: Frame,
    requests: BundleReader,
}

impl Inbox {
    pub(super) fn new(socket: Socket) -> Self {
        Self { socket, rest: None }
    }

    /// The socket, on which replies are sent.
    pub(super) fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Whether a request can be received without the socket.
    pub(super) fn has_unread(&self) -> bool {
        self.rest.as_ref().is_some_and(|rest| !rest.requests.is_empty())
    }

    /// Replaces the content of `frames` with the next request. Returns false if no request is waiting. A
    /// malformed bundle leaves `frames` empty, which the engine counts as malformed.
    pub(super) fn receive(&mut self, frames: &mut Vec<Frame>) -> Result<bool, TransportError> {
        if self.next_of_bundle(frames) {
            return Ok(true);
        }
        if !self.socket.receive(frames)? {
            return Ok(false);
        }
        if let [_broker, only] = frames.as_slice()
            && bundle::is_bundle(only)
            && let (Some(requests), Some(broker)) = (frames.pop(), frames.pop())
        {
            self.rest = BundleReader::new(requests).ok().map(|requests| Rest { broker, requests });
            self.next_of_bundle(frames);
        }
        Ok(true)
    }

    /// Replaces the content of `frames` with the next request of the bundle. Returns false at its end.
    fn next_of_bundle(&mut self, frames: &mut Vec<Frame>) -> bool {
        let Some(Rest { broker, requests }) = &mut self.rest else { return false };
        frames.clear();
        frames.push(Frame::from(&**broker));
        let has_request = requests.next(frames);
        if !has_request {
            self.rest = None;
        }
        has_request
    }
}

#[cfg(test)]
mod tests {
    use transport::bundle::Bundle;
    use transport::poll::{Watch, wait};
    use transport::security::Security;
    use transport::{Context, Kind, Sent};

    use super::*;

    /// An inbox and the broker at the other end of its socket.
    fn inbox() -> (Context, Socket, Inbox) {
        let context = Context::new();
        let socket = |kind| context.socket(kind, &Security::Plain).expect("a socket");
        let (broker, server) = (socket(Kind::Dealer), socket(Kind::Server));
        broker.bind("inproc://servers").expect("a free endpoint");
        server.connect("inproc://servers").expect("the endpoint");
        (context, broker, Inbox::new(server))
    }

    fn send(broker: &Socket, frames: &[&[u8]]) {
        let sent = broker.send(frames.iter().map(|frame| Frame::from(*frame)));
        assert_eq!(sent.expect("sending succeeds"), Sent::Done);
    }

    /// The next `count` messages without the name of the broker, and whether more of the bundle are unread.
    fn receive(inbox: &mut Inbox, count: usize) -> Vec<(Vec<Vec<u8>>, bool)> {
        let mut frames = Vec::new();
        let next = |_| {
            while !inbox.receive(&mut frames).expect("receiving succeeds") {
                wait(&[Watch::Readable(inbox.socket())], None).expect("waiting succeeds");
            }
            (frames.iter().skip(1).map(|frame| frame.to_vec()).collect(), inbox.has_unread())
        };
        (0..count).map(next).collect()
    }

    fn frames(frames: &[&[u8]]) -> Vec<Vec<u8>> {
        frames.iter().map(|frame| frame.to_vec()).collect()
    }

    #[test]
    fn the_requests_of_a_bundle_are_received_one_at_a_time_and_in_order() {
        let (_context, broker, mut inbox) = inbox();
        let mut bundle = Bundle::default();
        let envelope = |frames: &[&str]| frames.iter().map(|frame| Frame::from(*frame)).collect::<Vec<_>>();
        assert!(bundle.push(&envelope(&["alice", ""]), b"1"));
        assert!(bundle.push(&envelope(&["irc", "tag", ""]), b"2"));
        send(&broker, &[b"bob", b"", b"0"]);
        send(&broker, &[&*bundle.to_frame()]);
        send(&broker, &[b"bob", b"", b"3", b"bytes"]);
        assert_eq!(
            receive(&mut inbox, 4),
            [
                (frames(&[b"bob", b"", b"0"]), false),
                (frames(&[b"alice", b"", b"1"]), true),
                (frames(&[b"irc", b"tag", b"", b"2"]), false),
                (frames(&[b"bob", b"", b"3", b"bytes"]), false),
            ]
        );
        assert!(!inbox.receive(&mut Vec::new()).expect("receiving succeeds"));
    }

    #[test]
    fn a_malformed_bundle_is_dropped_whole() {
        let (_context, broker, mut inbox) = inbox();
        for malformed in [&b"bundle.1\x01\0\x01\0ab\x05\0"[..], b"bundle.1"] {
            send(&broker, &[malformed]);
            send(&broker, &[b"bob", b"", b"good"]);
            let received = receive(&mut inbox, 2);
            assert_eq!(received[0], (vec![], false), "{malformed:?}");
            assert_eq!(received[1].0, frames(&[b"bob", b"", b"good"]));
        }
    }
}

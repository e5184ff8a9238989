//! The sockets of the server.

use transport::bundle::Bundle;
use transport::{Frame, Sent, Socket, TransportError, clock};

use super::Outlet;
use super::inbox::Inbox;
use super::membership::Membership;
use crate::outbound::Publication;
use crate::outbound::pending_request::PendingRequest;

/// The sockets to broker and proxy, and counters of sent and dropped messages.
pub(super) struct Sockets {
    pub(super) requests: Inbox,
    pub(super) events: Socket,
    pub(super) membership: Option<Membership>,
    /// The small replies of this turn.
    pub(super) bundle: ReplyBundle,
    pub(super) replies: u64,
    pub(super) replies_dropped: u64,
    pub(super) publications: u64,
    pub(super) publications_dropped: u64,
}

/// Replies for one broker.
#[derive(Default)]
pub(super) struct ReplyBundle {
    /// The name of the broker.
    broker: Vec<u8>,
    replies: Bundle,
}

impl Outlet for Sockets {
    type Error = TransportError;

    fn reply(&mut self, request: PendingRequest) -> Result<(), TransportError> {
        let request = match &mut self.membership {
            Some(membership) => membership.delay(request, clock::monotonic_ms()),
            None => Some(request),
        };
        request.map_or(Ok(()), |request| self.reply_now(request))
    }

    fn publish(&mut self, publication: Publication) -> Result<(), TransportError> {
        // The event follows the reply.
        self.send_bundle()?;
        let frames = [Frame::from(&*publication.topic), Frame::from(publication.lines)];
        let sent = self.events.send(frames)?;
        self.publications += 1;
        self.publications_dropped += u64::from(sent != Sent::Done);
        Ok(())
    }
}

impl Sockets {
    /// Sends a reply to its client, or to the node that forwarded the request.
    fn reply_now(&mut self, mut request: PendingRequest) -> Result<(), TransportError> {
        if let (Some(origin), Some(membership)) = (request.origin.take(), &self.membership) {
            membership.reply(&origin, request);
            return Ok(());
        }
        if self.bundle_reply(&request)? {
            return Ok(());
        }
        // The replies of a client keep their order.
        self.send_bundle()?;
        let sent = self.requests.socket().send(request.into_reply())?;
        self.count_replies(1, sent);
        Ok(())
    }

    /// Adds a reply to the bundle for its broker. Returns false if the reply must be sent alone.
    fn bundle_reply(&mut self, request: &PendingRequest) -> Result<bool, TransportError> {
        let Some((broker, envelope)) = request.bundled_route() else { return Ok(false) };
        if self.bundle.broker != **broker {
            self.send_bundle()?;
            self.bundle.broker = broker.to_vec();
        }
        let is_bundled = self.bundle.replies.push(envelope, &request.reply);
        if self.bundle.replies.is_full() {
            self.send_bundle()?;
        }
        Ok(is_bundled)
    }

    /// Sends the bundled replies.
    pub(super) fn send_bundle(&mut self) -> Result<(), TransportError> {
        let ReplyBundle { broker, replies } = &mut self.bundle;
        if replies.is_empty() {
            return Ok(());
        }
        let frames = [Frame::from(broker.as_slice()), replies.to_frame()];
        let (count, sent) = (replies.len() as u64, self.requests.socket().send(frames)?);
        replies.clear();
        self.count_replies(count, sent);
        Ok(())
    }

    fn count_replies(&mut self, count: u64, sent: Sent) {
        self.replies += count;
        self.replies_dropped += if sent == Sent::Done { 0 } else { count };
    }

    /// Sends the replies that no longer wait for other nodes.
    pub(super) fn send_delayed(&mut self) -> Result<(), TransportError> {
        let now_ms = clock::monotonic_ms();
        while let Some(reply) =
            self.membership.as_mut().and_then(|membership| membership.next_delayed(now_ms))
        {
            self.reply_now(reply)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use transport::bundle::BundleReader;
    use transport::client_name::{self, Client};
    use transport::poll::{Watch, wait};
    use transport::security::Security;
    use transport::{Context, Kind};

    use super::*;

    /// The sockets of a server that has these brokers, and a proxy.
    fn sockets(context: &Context, brokers: &[&Socket]) -> (Sockets, Socket) {
        let socket = |kind| context.socket(kind, &Security::Plain).expect("a socket");
        let (server, events, proxy) =
            (socket(Kind::Server), socket(Kind::Publisher), socket(Kind::XSubscriber));
        server.bind("inproc://server").expect("a free endpoint");
        for broker in brokers {
            broker.connect("inproc://server").expect("the endpoint");
        }
        proxy.subscribe(b"").expect("a subscription");
        proxy.bind("inproc://proxy").expect("a free endpoint");
        events.connect("inproc://proxy").expect("the endpoint");
        // The proxy subscribes when it receives, because both sockets are in this thread.
        while !events.receive(&mut Vec::new()).expect("receiving succeeds") {
            assert!(!proxy.receive(&mut Vec::new()).expect("receiving succeeds"), "no event was sent");
        }
        let (bundle, replies, replies_dropped, publications, publications_dropped) = Default::default();
        let (requests, membership) = (Inbox::new(server), None);
        let sockets = Sockets {
            requests,
            events,
            membership,
            bundle,
            replies,
            replies_dropped,
            publications,
            publications_dropped,
        };
        (sockets, proxy)
    }

    fn broker(context: &Context) -> Socket {
        context.socket(Kind::Dealer, &Security::Plain).expect("a socket")
    }

    /// Sends a request from a client through the broker. Returns the request with its reply, as the engine
    /// passes it to the sockets.
    fn answered(sockets: &mut Sockets, broker: &Socket, reply: &[u8]) -> PendingRequest {
        let client = client_name::extend(b"client", Client::One(None), b"this run");
        assert_eq!(broker.send([client, Frame::new(), "request".into()]).expect("a request"), Sent::Done);
        let mut frames = Vec::new();
        while !sockets.requests.receive(&mut frames).expect("receiving succeeds") {
            wait(&[Watch::Readable(sockets.requests.socket())], None).expect("waiting succeeds");
        }
        let mut request = PendingRequest::new(&mut frames).expect("a request");
        request.reply.extend_from_slice(reply);
        request
    }

    /// The bodies of the replies in each message that the broker has received.
    fn received(broker: &Socket) -> Vec<Vec<Vec<u8>>> {
        let (mut messages, mut frames) = (Vec::new(), Vec::new());
        while broker.receive(&mut frames).expect("receiving succeeds") {
            if frames.len() > 1 {
                messages.push(vec![frames.pop().expect("a body").to_vec()]);
                continue;
            }
            let mut bundle = BundleReader::new(frames.remove(0)).expect("a bundle");
            let mut bodies = Vec::new();
            while bundle.next(&mut frames) {
                bodies.push(frames.pop().expect("a body").to_vec());
                frames.clear();
            }
            messages.push(bodies);
        }
        messages
    }

    #[test]
    fn replies_of_two_brokers_are_not_in_one_bundle_and_keep_their_order() {
        let context = Context::new();
        let brokers = [broker(&context), broker(&context)];
        let (mut sockets, _proxy) = sockets(&context, &[&brokers[0], &brokers[1]]);
        let large = vec![b'x'; 5000];
        for (to, reply) in [(0, &b"1"[..]), (0, b"2"), (1, b"3"), (0, b"4"), (0, &large), (0, b"5")] {
            let reply = answered(&mut sockets, &brokers[to], reply);
            sockets.reply(reply).expect("sending succeeds");
        }
        assert_eq!(sockets.replies, 5, "the last reply can be bundled with later replies");
        sockets.send_bundle().expect("sending succeeds");
        let bodies = |bodies: &[&[u8]]| bodies.iter().map(|body| body.to_vec()).collect::<Vec<_>>();
        let first = [bodies(&[b"1", b"2"]), bodies(&[b"4"]), bodies(&[&large]), bodies(&[b"5"])];
        assert_eq!(received(&brokers[0]), first);
        assert_eq!(received(&brokers[1]), [bodies(&[b"3"])]);
        assert_eq!((sockets.replies, sockets.replies_dropped), (6, 0));
    }

    #[test]
    fn an_event_is_sent_after_the_bundled_replies() {
        let context = Context::new();
        let broker = broker(&context);
        let (mut sockets, proxy) = sockets(&context, &[&broker]);
        let reply = answered(&mut sockets, &broker, b"reply");
        sockets.reply(reply).expect("sending succeeds");
        assert!(received(&broker).is_empty());
        let publication = Publication { topic: Arc::from("topic"), lines: b"event\n".to_vec() };
        sockets.publish(publication).expect("sending succeeds");
        assert_eq!(received(&broker), [[b"reply"]]);
        let mut event = Vec::new();
        assert!(proxy.receive(&mut event).expect("receiving succeeds"));
        assert_eq!(event.iter().map(|frame| frame.to_vec()).collect::<Vec<_>>(), [&b"topic"[..], b"event\n"]);
    }

    #[test]
    fn each_reply_of_a_bundle_counts_when_the_bundle_is_dropped() {
        let context = Context::new();
        let gone = broker(&context);
        let (mut sockets, _proxy) = sockets(&context, &[&gone]);
        let replies = [answered(&mut sockets, &gone, b"1"), answered(&mut sockets, &gone, b"2")];
        drop(gone);
        // libzmq closes the connection in the background.
        while sockets.requests.socket().can_send().expect("the state of the socket") {}
        for reply in replies {
            sockets.reply(reply).expect("sending succeeds");
        }
        sockets.send_bundle().expect("sending succeeds");
        assert_eq!((sockets.replies, sockets.replies_dropped), (2, 2));
    }
}

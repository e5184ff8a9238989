//! Accepts or refuses each subscription. The proxy keeps no state about subscribers.

use common::topics::{Subscription, parse_subscription};
use transport::{Frame, Socket, TransportError};

use crate::counters::Counters;

/// The first byte of a frame that subscribes. The topic follows.
const SUBSCRIBE: u8 = 1;
/// The first byte of a frame that unsubscribes. The topic follows.
const UNSUBSCRIBE: u8 = 0;

/// The socket to which subscribers connect. The patched libzmq (see `transport/libzmq`) disconnects a peer
/// that sends anything other than subscriptions.
pub(crate) struct Subscribers {
    socket: Socket,
}

impl Subscribers {
    pub(crate) fn new(socket: Socket) -> Self {
        Self { socket }
    }

    pub(crate) fn socket(&self) -> &Socket {
        &self.socket
    }

    pub(crate) fn send(&self, frames: impl IntoIterator<Item = Frame>) -> Result<(), TransportError> {
        self.socket.send(frames).map(|_dropped_for_slow_subscribers| ())
    }

    /// Handles the next frame from a subscriber. Returns false if no frame is waiting.
    pub(crate) fn handle_next(
        &self,
        frames: &mut Vec<Frame>,
        counters: &mut Counters,
    ) -> Result<bool, TransportError> {
        if !self.socket.receive(frames)? {
            return Ok(false);
        }
        match frames.first().and_then(|frame| frame.split_first()) {
            Some((&SUBSCRIBE, topic)) => self.subscribe(topic, counters)?,
            Some((&UNSUBSCRIBE, topic)) => self.socket.unsubscribe(topic)?,
            Some(_) | None => {}
        }
        Ok(true)
    }

    fn subscribe(&self, topic: &[u8], counters: &mut Counters) -> Result<(), TransportError> {
        let subscription = match parse_subscription(topic) {
            Ok(subscription) => subscription,
            Err(error) => {
                counters.refused_subscriptions += 1;
                tracing::debug!("subscription refused: {error}");
                return Ok(());
            }
        };
        let (Subscription::Events(topic) | Subscription::Sync(topic)) = subscription;
        if !self.socket.accept_subscription(topic.as_bytes())? {
            // The client detects this, because its next barrier is refused for the same reason.
            counters.refused_subscriptions += 1;
            tracing::debug!("subscription refused: the subscriber has too many topics");
            return Ok(());
        }
        match subscription {
            Subscription::Events(_) => counters.subscriptions += 1,
            Subscription::Sync(topic) => {
                // The frames of a connection arrive in order, so all earlier subscriptions of the client are
                // in force.
                self.send([Frame::from(topic), Frame::new()])?;
                counters.barriers += 1;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use transport::security::Security;
    use transport::{Context, Kind};

    const TOPIC: &[u8] = b"channel.secret.000102030405060708090a0b0c0d0e0f";

    /// The limit in `transport/libzmq/src/patches.rs`.
    const TOPICS_OF_A_PEER_MAX: u32 = 16_384;

    /// The sockets use `inproc`. A sent frame can then be received immediately, so a test controls the order
    /// of the frames.
    struct Fixture {
        context: Context,
        subscribers: Subscribers,
        counters: Counters,
    }

    impl Fixture {
        fn new() -> Self {
            let context = Context::new();
            let socket = context.socket(Kind::XPublisher, &Security::Plain).expect("a socket");
            socket.bind("inproc://subscribers").expect("an endpoint");
            Self { context, subscribers: Subscribers::new(socket), counters: Counters::default() }
        }

        fn peer(&self) -> Socket {
            let socket = self.context.socket(Kind::XSubscriber, &Security::Plain).expect("a socket");
            socket.connect("inproc://subscribers").expect("an endpoint");
            socket
        }

        fn handle_all(&mut self) {
            while self
                .subscribers
                .handle_next(&mut Vec::new(), &mut self.counters)
                .expect("handling succeeds")
            {}
        }

        /// Whether `peer` receives an event on [`TOPIC`].
        fn reaches(&self, peer: &Socket) -> bool {
            self.subscribers.send([Frame::from(TOPIC)]).expect("sending succeeds");
            peer.receive(&mut Vec::new()).expect("receiving succeeds")
        }
    }

    fn send(socket: &Socket, frames: &[&[u8]]) {
        let sent = socket.send(frames.iter().map(|frame| Frame::from(*frame))).expect("sending succeeds");
        assert_eq!(sent, transport::Sent::Done);
    }

    #[test]
    fn a_stray_message_disconnects_its_sender_and_reveals_no_topic() {
        let stray: [&[&[u8]]; 4] = [&[b"stray"], &[b""], &[b"two", b"frames"], &[b"stray", b"\x01channel."]];
        for stray in stray {
            let mut fixture = Fixture::new();
            let (stranger, victim, thief) = (fixture.peer(), fixture.peer(), fixture.peer());
            stranger.subscribe(TOPIC).expect("a subscription");
            // The proxy refuses the empty subscription, but the thief's own socket then accepts all topics.
            thief.subscribe(b"").expect("a subscription");
            fixture.handle_all();
            assert_eq!(fixture.counters.refused_subscriptions, 1);
            assert!(fixture.reaches(&stranger));

            send(&stranger, stray);
            victim.subscribe(TOPIC).expect("a subscription");
            thief.subscribe(b"anything").expect("a subscription");
            fixture.handle_all();
            assert!(!fixture.reaches(&thief), "{stray:?}");
            assert!(fixture.reaches(&victim), "{stray:?}");
            assert!(!fixture.reaches(&stranger), "{stray:?}");
        }
    }

    #[test]
    fn a_stray_message_cancels_no_subscription_of_another_peer() {
        let mut fixture = Fixture::new();
        let (stranger, other, victim) = (fixture.peer(), fixture.peer(), fixture.peer());
        victim.subscribe(TOPIC).expect("a subscription");
        other.subscribe(TOPIC).expect("a subscription");
        fixture.handle_all();

        send(&stranger, &[b"stray"]);
        other.unsubscribe(TOPIC).expect("an unsubscription");
        victim.subscribe(b"anything").expect("a subscription");
        fixture.handle_all();
        assert!(fixture.reaches(&victim));
        assert!(!fixture.reaches(&other));
    }

    #[test]
    fn a_flood_of_subscriptions_does_not_delay_other_peers() {
        let mut fixture = Fixture::new();
        let (flooder, victim) = (fixture.peer(), fixture.peer());
        for n in 0..1_000 {
            flooder.subscribe(format!("channel.{n}").as_bytes()).expect("a subscription");
        }
        victim.subscribe(TOPIC).expect("a subscription");
        for _ in 0..100 {
            fixture
                .subscribers
                .handle_next(&mut Vec::new(), &mut fixture.counters)
                .expect("handling succeeds");
        }
        assert!(fixture.reaches(&victim), "the victim does not wait for the whole flood");
        fixture.handle_all();
        assert_eq!(fixture.counters.refused_subscriptions, 1_000, "no subscription is lost");
    }

    #[test]
    fn a_peer_has_a_limited_number_of_topics() {
        let mut fixture = Fixture::new();
        let peer = fixture.peer();
        let topic = |n: u32| format!("channel.secret.{n:032x}");
        for n in 0..TOPICS_OF_A_PEER_MAX + 10 {
            peer.subscribe(topic(n).as_bytes()).expect("a subscription");
            fixture.handle_all();
        }
        assert_eq!(fixture.counters.subscriptions, u64::from(TOPICS_OF_A_PEER_MAX));
        assert_eq!(fixture.counters.refused_subscriptions, 10);

        peer.unsubscribe(topic(0).as_bytes()).expect("an unsubscription");
        peer.subscribe(topic(TOPICS_OF_A_PEER_MAX).as_bytes()).expect("a subscription");
        fixture.handle_all();
        assert_eq!(fixture.counters.subscriptions, u64::from(TOPICS_OF_A_PEER_MAX) + 1);
    }
}

//! Accepts or refuses each subscription. The proxy keeps no state about subscribers.

use common::topics::{Subscription, parse_subscription};
use transport::{Frame, Socket, TransportError};

use crate::counters::Counters;

/// The first byte of a frame that subscribes. The topic follows.
const SUBSCRIBE: u8 = 1;
/// The first byte of a frame that unsubscribes. The topic follows.
const UNSUBSCRIBE: u8 = 0;

/// The socket that subscribers connect to.
///
/// libzmq has a queue of received frames and a queue of the connections that sent them, but a frame that is
/// not an (un)subscription enters only the first. After such a frame, which only a hostile client sends,
/// libzmq assigns each subscription to the *next* subscriber, and so would reveal a topic (observed with
/// 4.3.4; 4.3.5 has the same code). Both queues are empty at the same time, so the assignment is correct
/// again when no frame is waiting. Until then, the proxy refuses all subscriptions.
pub(crate) struct Subscribers {
    socket: Socket,
    is_sender_certain: bool,
}

impl Subscribers {
    pub(crate) fn new(socket: Socket) -> Self {
        Self { socket, is_sender_certain: true }
    }

    pub(crate) fn socket(&self) -> &Socket {
        &self.socket
    }

    pub(crate) fn send(&self, frames: impl IntoIterator<Item = Frame>) -> Result<(), TransportError> {
        self.socket.send(frames).map(|_dropped_for_slow_ones| ())
    }

    /// Handles the next frame from a subscriber. Returns false if none is waiting.
    pub(crate) fn decide_next(
        &mut self,
        frames: &mut Vec<Frame>,
        counters: &mut Counters,
    ) -> Result<bool, TransportError> {
        if !self.socket.receive(frames)? {
            self.is_sender_certain = true;
            return Ok(false);
        }
        let single = if let [frame] = frames.as_slice() { frame.split_first() } else { None };
        match single {
            Some((&SUBSCRIBE, topic)) => self.subscribe(topic, counters)?,
            Some((&UNSUBSCRIBE, topic)) if self.is_sender_certain => self.socket.unsubscribe(topic)?,
            Some((&UNSUBSCRIBE, _topic)) => {}
            Some(_) | None => {
                self.is_sender_certain = false;
                counters.dropped += 1;
            }
        }
        Ok(true)
    }

    fn subscribe(&self, topic: &[u8], counters: &mut Counters) -> Result<(), TransportError> {
        if !self.is_sender_certain {
            counters.refused_subscriptions += 1;
            tracing::debug!(
                "subscription refused: its sender is uncertain after a message that is not a subscription"
            );
            return Ok(());
        }
        match parse_subscription(topic) {
            Ok(Subscription::Events(topic)) => {
                self.socket.subscribe(topic.as_bytes())?;
                counters.subscriptions += 1;
            }
            Ok(Subscription::Sync(topic)) => {
                // The frames of a connection arrive in order, so its earlier subscriptions are in force now.
                self.socket.subscribe(topic.as_bytes())?;
                self.send([Frame::from(topic), Frame::new()])?;
                counters.barriers += 1;
            }
            Err(error) => {
                counters.refused_subscriptions += 1;
                tracing::debug!("subscription refused: {error}");
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

    /// Over `inproc` a sent frame can be received immediately, so a test controls the order of the frames.
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

        fn decide_all(&mut self) {
            while self.subscribers.decide_next(&mut Vec::new(), &mut self.counters).expect("a decision") {}
        }

        /// Whether `peer` receives an event on [`TOPIC`].
        fn reaches(&self, peer: &Socket) -> bool {
            self.subscribers.send([Frame::from(TOPIC)]).expect("a send");
            peer.receive(&mut Vec::new()).expect("a receive")
        }
    }

    fn send(socket: &Socket, frames: &[&[u8]]) {
        let sent = socket.send(frames.iter().map(|frame| Frame::from(*frame))).expect("a send");
        assert_eq!(sent, transport::Sent::Done);
    }

    #[test]
    fn a_stray_message_reveals_no_topic() {
        let stray: [&[&[u8]]; 4] = [&[b"stray"], &[b""], &[b"two", b"frames"], &[b"stray", b"\x01channel."]];
        for stray in stray {
            let mut fixture = Fixture::new();
            let (stranger, victim, thief) = (fixture.peer(), fixture.peer(), fixture.peer());
            // The proxy refuses the empty subscription, but it makes the thief's own socket accept all
            // topics.
            thief.subscribe(b"").expect("a subscription");
            fixture.decide_all();
            assert_eq!(fixture.counters.refused_subscriptions, 1);

            send(&stranger, stray);
            victim.subscribe(TOPIC).expect("a subscription");
            thief.subscribe(b"anything").expect("a subscription");
            fixture.decide_all();
            assert!(!fixture.reaches(&thief), "{stray:?}");
            assert_eq!(fixture.counters.dropped, 1);
            assert_eq!(fixture.counters.refused_subscriptions, 3);

            victim.unsubscribe(TOPIC).expect("an unsubscription");
            victim.subscribe(TOPIC).expect("a subscription");
            fixture.decide_all();
            assert!(fixture.reaches(&victim), "the next subscription is accepted again");
            assert!(!fixture.reaches(&thief));
        }
    }

    #[test]
    fn a_stray_message_cancels_no_subscription_of_another_peer() {
        let mut fixture = Fixture::new();
        let (stranger, other, victim) = (fixture.peer(), fixture.peer(), fixture.peer());
        victim.subscribe(TOPIC).expect("a subscription");
        other.subscribe(TOPIC).expect("a subscription");
        fixture.decide_all();

        send(&stranger, &[b"stray"]);
        other.unsubscribe(TOPIC).expect("an unsubscription");
        victim.subscribe(b"anything").expect("a subscription");
        fixture.decide_all();
        assert!(fixture.reaches(&victim));
    }
}

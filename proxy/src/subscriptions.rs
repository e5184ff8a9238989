//! One subscription after the other: read it, decide, put it in force. Nothing is remembered about subscribers.

use common::topics::{Subscription, parse_subscription};
use transport::{Frame, Socket, TransportError};

use crate::counters::Counters;

/// First byte of a frame that subscribes; the topic follows.
const SUBSCRIBE: u8 = 1;
/// First byte of a frame that takes a subscription back.
const UNSUBSCRIBE: u8 = 0;

/// The socket that subscribers connect to.
///
/// libzmq pairs the frames it hands out with the connections they came from by counting, and only (un)subscriptions
/// count for it: after any other frame, which nobody but a stranger sends, it takes each subscription to be that of
/// the *next* subscriber, and so would give a topic away (seen with 4.3.4; 4.3.5 reads the same). Both queues are
/// empty together, so the pairing is right again once nothing waits; until then no subscription is honoured.
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

    /// Decides about the next frame from a subscriber; false when none waits.
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
            tracing::debug!("subscription refused: after a stray message it is not certain whose it is");
            return Ok(());
        }
        match parse_subscription(topic) {
            Ok(Subscription::Events(topic)) => {
                self.socket.subscribe(topic.as_bytes())?;
                counters.subscriptions += 1;
            }
            Ok(Subscription::Sync(topic)) => {
                // A connection's frames come in order, so every earlier subscription of it is in force by now.
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

    /// Over `inproc` what was sent waits at once, so that a test says in which order the frames are read.
    struct Scene {
        context: Context,
        subscribers: Subscribers,
        counters: Counters,
    }

    impl Scene {
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

        /// Whether `peer` gets what is published on [`TOPIC`].
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
    fn a_stray_message_gives_no_topic_away() {
        let stray: [&[&[u8]]; 4] = [&[b"stray"], &[b""], &[b"two", b"frames"], &[b"stray", b"\x01channel."]];
        for stray in stray {
            let mut scene = Scene::new();
            let (stranger, victim, thief) = (scene.peer(), scene.peer(), scene.peer());
            // Refused, but it opens the filter on the thief's own side.
            thief.subscribe(b"").expect("a subscription");
            scene.decide_all();
            assert_eq!(scene.counters.refused_subscriptions, 1);

            send(&stranger, stray);
            victim.subscribe(TOPIC).expect("a subscription");
            thief.subscribe(b"anything").expect("a subscription");
            scene.decide_all();
            assert!(!scene.reaches(&thief), "{stray:?}");
            assert_eq!(scene.counters.dropped, 1);
            assert_eq!(scene.counters.refused_subscriptions, 3);

            victim.unsubscribe(TOPIC).expect("a subscription less");
            victim.subscribe(TOPIC).expect("a subscription");
            scene.decide_all();
            assert!(scene.reaches(&victim), "the next subscription is honoured again");
            assert!(!scene.reaches(&thief));
        }
    }

    #[test]
    fn a_stray_message_takes_no_subscription_away() {
        let mut scene = Scene::new();
        let (stranger, other, victim) = (scene.peer(), scene.peer(), scene.peer());
        victim.subscribe(TOPIC).expect("a subscription");
        other.subscribe(TOPIC).expect("a subscription");
        scene.decide_all();

        send(&stranger, &[b"stray"]);
        other.unsubscribe(TOPIC).expect("a subscription less");
        victim.subscribe(b"anything").expect("a subscription");
        scene.decide_all();
        assert!(scene.reaches(&victim));
    }
}

//! Tests of a running proxy. They act as its publisher and its subscribers.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "test helpers may panic")]

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use proxy::{Config, Proxy};
use transport::keys::KeyPair;
use transport::poll::{Watch, wait};
use transport::security::{NodeSecurity, Security};
use transport::shutdown::Shutdown;
use transport::{Context, Frame, Kind, Sent, Socket, control};

const ANY_PORT: &str = "tcp://127.0.0.1:0";
const KEY: &str = "000102030405060708090a0b0c0d0e0f";

fn config(subscribers: &str) -> Config {
    Config { events: ANY_PORT.to_owned(), subscribers: subscribers.to_owned(), control: ANY_PORT.to_owned() }
}

fn channel(name: &str) -> String {
    format!("channel.{name}.{KEY}")
}

/// The context and the endpoints of the running proxy, and a publisher.
struct Peers {
    context: Context,
    endpoints: Config,
    publisher: Socket,
}

/// Runs a proxy with a publisher during `work`, and checks that it stops without an error.
fn with_proxy(work: impl FnOnce(&Peers)) {
    with_protected_proxy(&NodeSecurity::Plain, work);
}

fn with_protected_proxy(security: &NodeSecurity, work: impl FnOnce(&Peers)) {
    let context = Context::new();
    let proxy = Proxy::bind(&context, &config(ANY_PORT), security).expect("free ports");
    let endpoints = proxy.endpoints().clone();
    let publisher = context.socket(Kind::Publisher, &security.link()).expect("a socket");
    publisher.connect(&endpoints.events).expect("an endpoint");
    let peers = Peers { context, endpoints, publisher };
    let shutdown = Shutdown::new();
    std::thread::scope(|scope| {
        scope.spawn(|| proxy.run(&shutdown).expect("a clean shutdown"));
        let _shutdown = ShutdownOnDrop(&shutdown);
        // Events are lost until the publisher receives the subscription of the proxy.
        while peers.count("events") == 0 {
            peers.publish(&[b"first"]);
        }
        work(&peers);
    });
}

/// Stops the proxy when the test ends, even if the test fails.
struct ShutdownOnDrop<'a>(&'a Shutdown);

impl Drop for ShutdownOnDrop<'_> {
    fn drop(&mut self) {
        self.0.request();
    }
}

impl Peers {
    fn connected(&self, kind: Kind) -> Socket {
        let socket = self.context.socket(kind, &Security::Plain).expect("a socket");
        socket.connect(&self.endpoints.subscribers).expect("an endpoint");
        socket
    }

    /// A subscriber that has received its barrier, so its subscriptions are in force.
    fn subscriber(&self, topics: &[&str]) -> Socket {
        let socket = self.connected(Kind::Subscriber);
        topics.iter().for_each(|topic| socket.subscribe(topic.as_bytes()).expect("a subscription"));
        pass_barrier(&socket);
        socket
    }

    fn publish(&self, frames: &[&[u8]]) {
        assert_eq!(
            self.publisher.send(frames.iter().map(|frame| Frame::from(*frame))).expect("sending succeeds"),
            Sent::Done
        );
    }

    fn count(&self, counter: &str) -> u64 {
        let status = control::request_status(&self.context, &self.endpoints.control, Duration::from_secs(60))
            .expect("a status");
        status["counters"][counter].as_u64().expect("a counter")
    }
}

fn receive(socket: &Socket) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    while !socket.receive(&mut frames).expect("receiving succeeds") {
        wait(&[Watch::Readable(socket)], None).expect("waiting succeeds");
    }
    frames.iter().map(|frame| frame.to_vec()).collect()
}

fn pass_barrier(subscriber: &Socket) {
    static BARRIERS: AtomicU64 = AtomicU64::new(0);
    let topic = format!("sync.test.{:032x}", BARRIERS.fetch_add(1, Ordering::Relaxed));
    subscriber.subscribe(topic.as_bytes()).expect("a subscription");
    assert_eq!(receive(subscriber), [topic.as_bytes(), b""]);
}

#[test]
fn events_reach_the_subscribers_of_their_topic_unchanged() {
    with_proxy(|peers| {
        let (red, blue) = (channel("red"), channel("blue"));
        let subscribers =
            [peers.subscriber(&[&red]), peers.subscriber(&[&blue]), peers.subscriber(&[&red, &blue])];
        let every_byte: Vec<u8> = (0..=255).collect();
        let red = [red.as_bytes(), &every_byte, b"", b"\n"];
        let blue = [blue.as_bytes(), b"{}\n"];
        peers.publish(&red);
        peers.publish(&blue);
        assert_eq!(receive(&subscribers[0]), red);
        assert_eq!(receive(&subscribers[1]), blue);
        assert_eq!(receive(&subscribers[2]), red);
        assert_eq!(receive(&subscribers[2]), blue);
        assert_eq!(peers.count("subscriptions"), 4);
        assert_eq!(peers.count("barriers"), 3);
    });
}

#[test]
fn after_the_barrier_every_earlier_subscription_is_in_force() {
    with_proxy(|peers| {
        for round in 0..300 {
            let topics: Vec<_> = (0..5).map(|number| channel(&format!("r{round}.{number}"))).collect();
            let subscriber = peers.subscriber(&topics.iter().map(String::as_str).collect::<Vec<_>>());
            for topic in &topics {
                peers.publish(&[topic.as_bytes(), b"{}\n"]);
            }
            for topic in &topics {
                assert_eq!(receive(&subscriber)[0], topic.as_bytes());
            }
        }
    });
}

#[test]
fn subscriptions_to_a_part_of_a_topic_are_refused() {
    with_proxy(|peers| {
        let (secret, own) = (channel("secret"), channel("own"));
        let upper = secret.to_uppercase();
        let longer = format!("{secret}0");
        let refused =
            ["", "c", "channel.", "channel.secret.", &secret[..secret.len() - 1], &longer, &upper, "*"];
        // With the empty subscription, the subscriber's own socket accepts all topics, so it shows every
        // event that the proxy sends.
        let curious = peers.subscriber(&[refused.as_slice(), &[&own]].concat());
        peers.publish(&[secret.as_bytes(), b"not for you"]);
        peers.publish(&[upper.as_bytes(), b"nor this"]);
        peers.publish(&[own.as_bytes(), b"this is"]);
        assert_eq!(receive(&curious), [own.as_bytes(), b"this is"]);
        assert_eq!(peers.count("refused_subscriptions"), 8);
    });
}

#[test]
fn an_unsubscribed_topic_is_no_longer_received() {
    with_proxy(|peers| {
        let (left, kept) = (channel("left"), channel("kept"));
        // The proxy refuses the empty subscription, but the subscriber's own socket then accepts all topics.
        let subscriber = peers.subscriber(&["", &left, &kept]);
        subscriber.unsubscribe(left.as_bytes()).expect("an unsubscription");
        pass_barrier(&subscriber);
        peers.publish(&[left.as_bytes(), b"{}\n"]);
        peers.publish(&[kept.as_bytes(), b"{}\n"]);
        assert_eq!(receive(&subscriber)[0], kept.as_bytes());
    });
}

#[test]
fn the_subscriptions_of_disconnected_subscribers_are_removed() {
    with_proxy(|peers| {
        let topic = channel("crowd");
        for _ in 0..100 {
            let crowd: Vec<_> = (0..10).map(|_| peers.connected(Kind::Subscriber)).collect();
            for socket in &crowd {
                socket.subscribe(topic.as_bytes()).expect("a subscription");
            }
            // Every second subscriber stays until its subscription is in force.
            crowd.iter().step_by(2).for_each(pass_barrier);
        }
        let own = channel("own");
        let observer = peers.subscriber(&["", &own]);
        for _ in 0..100 {
            peers.publish(&[topic.as_bytes(), b"for the crowd"]);
        }
        peers.publish(&[own.as_bytes(), b"{}\n"]);
        assert_eq!(receive(&observer)[0], own.as_bytes());
    });
}

#[test]
fn a_flood_of_subscriptions_does_not_delay_events() {
    with_proxy(|peers| {
        let topic = channel("busy");
        let subscriber = peers.subscriber(&[&topic]);
        let is_done = AtomicBool::new(false);
        let flooder = peers.connected(Kind::XSubscriber);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let flooder = flooder;
                while !is_done.load(Ordering::Relaxed) {
                    flooder.subscribe(b"channel.").expect("a subscription");
                    flooder.unsubscribe(b"channel.").expect("an unsubscription");
                }
            });
            while peers.count("refused_subscriptions") == 0 {}
            for number in 0..1000 {
                peers.publish(&[topic.as_bytes(), number.to_string().as_bytes()]);
                assert_eq!(receive(&subscriber)[1], number.to_string().as_bytes());
            }
            is_done.store(true, Ordering::Relaxed);
        });
    });
}

#[test]
fn a_publisher_without_the_service_key_is_refused_and_counted() {
    let [node, service, own] = [(); 3].map(|()| KeyPair::generate().expect("a key pair"));
    let client_security = Security::Client { server: node.public, own };
    let security = NodeSecurity::Encrypted { node, service };
    with_protected_proxy(&security, |peers| {
        let topic = channel("own");
        let socket = |kind, endpoint: &str| {
            let socket = peers.context.socket(kind, &client_security).expect("a socket");
            socket.connect(endpoint).expect("an endpoint");
            socket
        };
        let subscriber = socket(Kind::Subscriber, &peers.endpoints.subscribers);
        subscriber.subscribe(topic.as_bytes()).expect("a subscription");
        pass_barrier(&subscriber);
        let stranger = socket(Kind::Publisher, &peers.endpoints.events);
        let forge =
            || stranger.send([Frame::from(&*topic), Frame::from("forged")]).expect("sending succeeds");
        while peers.count("refused_peers") == 0 {
            let _lost = forge();
            assert!(!subscriber.receive(&mut Vec::new()).expect("receiving succeeds"));
        }
        let _lost = forge();
        peers.publish(&[topic.as_bytes(), b"true"]);
        assert_eq!(receive(&subscriber)[1], b"true");
    });
}

#[test]
fn the_error_for_a_port_in_use_names_the_endpoint() {
    with_proxy(|peers| {
        let error = Proxy::bind(&peers.context, &config(&peers.endpoints.subscribers), &NodeSecurity::Plain);
        assert_eq!(
            error.err().expect("binding is refused").to_string(),
            format!(
                "{} is in use: another papo may be running there; stop it, or choose another port with its flag",
                peers.endpoints.subscribers
            )
        );
    });
}

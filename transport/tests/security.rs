//! Tests of CURVE and ZAP over TCP: the traffic is encrypted, and only permitted peers are admitted.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "test helpers may panic")]

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use transport::keys::KeyPair;
use transport::poll::{Watch, wait};
use transport::security::{NodeSecurity, Security};
use transport::{Context, Frame, Kind, Sent, Socket, TransportError, limits};

const ANY_PORT: &str = "tcp://127.0.0.1:0";
const TEXT: &[u8] = b"a text that must be encrypted";

/// A relay between a client and a server that records all bytes in both directions.
struct Relay {
    endpoint: String,
    record: Arc<Mutex<Vec<u8>>>,
    /// The number of connections that the server has closed.
    closed: Arc<AtomicUsize>,
}

impl Relay {
    fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let server = server.strip_prefix("tcp://").expect("a TCP endpoint").to_owned();
        let (record, closed) = (Arc::default(), Arc::default());
        let relay = Self { endpoint: format!("tcp://{address}"), record, closed };
        let (record, closed) = (Arc::clone(&relay.record), Arc::clone(&relay.closed));
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) =
                    (client.expect("a client"), TcpStream::connect(&server).expect("a server"));
                let ends = [&client, &server].map(|end| end.try_clone().expect("a second handle"));
                let (record, closed) = (Arc::clone(&record), Arc::clone(&closed));
                let second_record = Arc::clone(&record);
                std::thread::spawn(move || forward(&client, &server, &record));
                std::thread::spawn(move || {
                    forward(&ends[1], &ends[0], &second_record);
                    closed.fetch_add(1, Ordering::SeqCst);
                });
            }
        });
        relay
    }

    fn has_forwarded(&self, text: &[u8]) -> bool {
        self.record.lock().expect("a record").windows(text.len()).any(|window| window == text)
    }

    /// Waits until the server has closed a connection, and checks that it received no message.
    fn wait_until_refused(&self, server: &Socket) {
        while self.closed.load(Ordering::SeqCst) == 0 {
            assert_receives_nothing(server);
        }
        assert_receives_nothing(server);
    }
}

fn forward(mut from: &TcpStream, mut to: &TcpStream, record: &Mutex<Vec<u8>>) {
    let mut bytes = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        record.lock().expect("a record").extend_from_slice(&bytes[..count]);
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    // When one side closes, the relay closes both.
    let _ignore_closed = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

struct Keys {
    node: KeyPair,
    service: KeyPair,
}

impl Keys {
    fn new() -> Self {
        let [node, service] = [(); 2].map(|()| KeyPair::generate().expect("a key pair"));
        Self { node, service }
    }

    fn security(&self) -> NodeSecurity {
        NodeSecurity::Encrypted { node: self.node.clone(), service: self.service.clone() }
    }

    /// A client with a new key pair, and its public key as text.
    fn client(&self) -> (Security, String) {
        let own = KeyPair::generate().expect("a key pair");
        let name = own.public.to_string();
        (Security::Client { server: self.node.public, own }, name)
    }
}

fn bound(context: &Context, kind: Kind, security: &Security) -> (Socket, String) {
    let socket = context.socket(kind, security).expect("a socket");
    let endpoint = socket.bind(ANY_PORT).expect("a free port");
    (socket, endpoint)
}

fn connected(context: &Context, kind: Kind, security: &Security, endpoint: &str) -> Socket {
    let socket = context.socket(kind, security).expect("a socket");
    socket.connect(endpoint).expect("an endpoint");
    socket
}

fn send(socket: &Socket, frames: &[&[u8]]) {
    while socket.send(frames.iter().map(|frame| Frame::from(*frame))).expect("sending succeeds") != Sent::Done
    {
        wait(&[Watch::Writable(socket)], None).expect("waiting succeeds");
    }
}

fn receive(socket: &Socket) -> Vec<Frame> {
    let mut frames = Vec::new();
    while !socket.receive(&mut frames).expect("receiving succeeds") {
        wait(&[Watch::Readable(socket)], None).expect("waiting succeeds");
    }
    frames
}

/// Checks that no message arrives within 10 milliseconds.
fn assert_receives_nothing(socket: &Socket) {
    wait(&[Watch::Readable(socket)], Some(Duration::from_millis(10))).expect("waiting succeeds");
    assert!(!socket.receive(&mut Vec::new()).expect("receiving succeeds"), "a peer was admitted");
}

/// Sends [`TEXT`] from a DEALER to the ROUTER and back.
fn exchange(dealer: &Socket, router: &Socket) {
    send(dealer, &[b"", TEXT]);
    let request = receive(router);
    assert_eq!(&*request[2], TEXT);
    assert_eq!(router.send(request).expect("sending succeeds"), Sent::Done);
    assert_eq!(&*receive(dealer)[1], TEXT);
}

/// Checks that a ROUTER with `listener` refuses a client with `security`, and admits a client with `good`.
fn assert_refused(listener: &Security, security: &Security, good: &Security) {
    let context = Context::new();
    let (router, endpoint) = bound(&context, Kind::Router, listener);
    let relay = Relay::to(&endpoint);
    let refused = connected(&context, Kind::Dealer, security, &relay.endpoint);
    send(&refused, &[b"", TEXT]);
    relay.wait_until_refused(&router);
    exchange(&connected(&context, Kind::Dealer, good, &endpoint), &router);
    assert_receives_nothing(&router);
}

#[test]
fn requests_and_replies_cannot_be_read_on_the_wire() {
    let keys = Keys::new();
    for (listener, client, is_readable) in
        [(keys.security().outer(), keys.client().0, false), (Security::Plain, Security::Plain, true)]
    {
        let context = Context::new();
        let (router, endpoint) = bound(&context, Kind::Router, &listener);
        let relay = Relay::to(&endpoint);
        exchange(&connected(&context, Kind::Dealer, &client, &relay.endpoint), &router);
        assert_eq!(relay.has_forwarded(TEXT), is_readable);
    }
}

#[test]
fn topics_and_events_cannot_be_read_on_the_wire() {
    const TOPIC: &[u8] = b"channel.general.000102030405060708090a0b0c0d0e0f";
    let keys = Keys::new();
    for (listener, client, is_readable) in
        [(keys.security().outer(), keys.client().0, false), (Security::Plain, Security::Plain, true)]
    {
        let context = Context::new();
        let (fan_out, endpoint) = bound(&context, Kind::XPublisher, &listener);
        let relay = Relay::to(&endpoint);
        let subscriber = connected(&context, Kind::Subscriber, &client, &relay.endpoint);
        subscriber.subscribe(TOPIC).expect("a subscription");
        assert_eq!(receive(&fan_out)[0][1..], *TOPIC);
        fan_out.subscribe(TOPIC).expect("a subscription");
        send(&fan_out, &[TOPIC, TEXT]);
        assert_eq!(&*receive(&subscriber)[1], TEXT);
        assert_eq!([TOPIC, TEXT].map(|bytes| relay.has_forwarded(bytes)), [is_readable; 2]);
    }
}

#[test]
fn a_client_that_expects_another_node_key_is_not_connected() {
    let keys = Keys::new();
    let (misled, _name) = Keys::new().client();
    assert_refused(&keys.security().outer(), &misled, &keys.client().0);
}

#[test]
fn plain_text_is_refused_at_an_encrypted_port() {
    let keys = Keys::new();
    assert_refused(&keys.security().outer(), &Security::Plain, &keys.client().0);
    assert_refused(&keys.security().inner(), &Security::Plain, &keys.security().link());
}

#[test]
fn an_encrypting_client_does_not_fall_back_to_plain_text() {
    let keys = Keys::new();
    let context = Context::new();
    let (router, endpoint) = bound(&context, Kind::Router, &Security::Plain);
    let relay = Relay::to(&endpoint);
    let client = connected(&context, Kind::Dealer, &keys.client().0, &relay.endpoint);
    send(&client, &[b"", TEXT]);
    relay.wait_until_refused(&router);
    assert!(!relay.has_forwarded(TEXT));
}

#[test]
fn a_stranger_at_the_inner_port_is_refused_and_counted() {
    let keys = Keys::new();
    let context = Context::new();
    let (router, endpoint) = bound(&context, Kind::Router, &keys.security().inner());
    // The stranger knows the node's public key, as any client does, but has another key than the service.
    let (stranger, _name) = keys.client();
    let stranger = connected(&context, Kind::Dealer, &stranger, &endpoint);
    send(&stranger, &[b"", TEXT]);
    while router.refused_peers() == 0 {
        assert_receives_nothing(&router);
    }
    exchange(&connected(&context, Kind::Dealer, &keys.security().link(), &endpoint), &router);
    assert_receives_nothing(&router);
}

#[test]
fn a_stranger_cannot_publish_at_the_inner_port() {
    let keys = Keys::new();
    let context = Context::new();
    let (events, endpoint) = bound(&context, Kind::XSubscriber, &keys.security().inner());
    events.subscribe(b"").expect("a subscription");
    let stranger = connected(&context, Kind::Publisher, &keys.client().0, &endpoint);
    while events.refused_peers() == 0 {
        let _lost = stranger.send([Frame::from("forged")]).expect("sending succeeds");
        assert_receives_nothing(&events);
    }
    let server = connected(&context, Kind::Publisher, &keys.security().link(), &endpoint);
    let mut frames = Vec::new();
    while !events.receive(&mut frames).expect("receiving succeeds") {
        let _lost_until_subscribed = server.send([Frame::from("true")]).expect("sending succeeds");
        let _lost = stranger.send([Frame::from("forged")]).expect("sending succeeds");
    }
    assert_eq!(&*frames[0], b"true");
}

#[test]
fn messages_and_subscriptions_carry_the_key_of_their_sender() {
    let keys = Keys::new();
    let context = Context::new();
    let (client, name) = keys.client();
    let (router, endpoint) = bound(&context, Kind::Router, &keys.security().outer());
    let dealer = connected(&context, Kind::Dealer, &client, &endpoint);
    send(&dealer, &[b"", TEXT]);
    assert_eq!(receive(&router)[2].gets("User-Id"), Some(&*name));

    let (fan_out, endpoint) = bound(&context, Kind::XPublisher, &keys.security().outer());
    let subscriber = connected(&context, Kind::Subscriber, &client, &endpoint);
    subscriber.subscribe(b"topic").expect("a subscription");
    assert_eq!(receive(&fan_out)[0].gets("User-Id"), Some(&*name));
    subscriber.unsubscribe(b"topic").expect("an unsubscription");
    assert_eq!(receive(&fan_out)[0].gets("User-Id"), Some(&*name));
}

#[test]
fn inproc_ignores_the_protection_of_both_sockets() {
    let security = Keys::new().security();
    for other in [security.link(), Security::Plain] {
        let context = Context::new();
        let router = context.socket(Kind::Router, &security.inner()).expect("a socket");
        router.bind("inproc://servers").expect("an endpoint");
        exchange(&connected(&context, Kind::Dealer, &other, "inproc://servers"), &router);
    }
}

#[test]
fn the_zap_handler_runs_while_a_socket_exists() {
    let keys = Keys::new();
    let (router, endpoint) = bound(&Context::new(), Kind::Router, &keys.security().inner());
    let stranger = connected(&Context::new(), Kind::Dealer, &keys.client().0, &endpoint);
    send(&stranger, &[b"", TEXT]);
    while router.refused_peers() == 0 {
        assert_receives_nothing(&router);
    }
}

#[test]
fn an_encrypted_connection_is_restored_after_a_restart_of_the_node() {
    let keys = Keys::new();
    let context = Context::new();
    let (router, endpoint) = bound(&context, Kind::Router, &keys.security().inner());
    let dealer = connected(&context, Kind::Dealer, &keys.security().link(), &endpoint);
    exchange(&dealer, &router);
    drop(router);
    let router = context.socket(Kind::Router, &keys.security().inner()).expect("a socket");
    // The port is free once libzmq has closed the first socket.
    while router.bind(&endpoint).is_err() {
        std::thread::yield_now();
    }
    // Messages that the client sends before it detects the restart are lost.
    while !router.receive(&mut Vec::new()).expect("receiving succeeds") {
        let _lost = dealer.send([Frame::new(), Frame::from(TEXT)]).expect("sending succeeds");
        wait(&[Watch::Readable(&router)], Some(Duration::from_millis(10))).expect("waiting succeeds");
    }
}

#[test]
fn the_longest_frame_is_accepted_even_with_encryption() {
    let keys = Keys::new();
    let context = Context::new();
    let (router, endpoint) = bound(&context, Kind::Router, &keys.security().outer());
    let client = connected(&context, Kind::Dealer, &keys.client().0, &endpoint);
    send(&client, &[&vec![b'x'; limits::FRAME_BYTES_MAX]]);
    assert_eq!(receive(&router)[1].len(), limits::FRAME_BYTES_MAX);
    send(&client, &[&vec![b'x'; limits::FRAME_BYTES_MAX + 1]]);
    let other = connected(&context, Kind::Dealer, &keys.client().0, &endpoint);
    send(&other, &[b"after"]);
    assert_eq!(&*receive(&router)[1], b"after");
}

#[test]
fn plain_text_stays_on_this_machine() {
    let context = Context::new();
    let socket = context.socket(Kind::Router, &Security::Plain).expect("a socket");
    let message = |endpoint: &str| {
        format!(
            "{endpoint} would carry plain text over a network: --plaintext is for loopback addresses and ipc:// \
             only; leave it out to encrypt, or use --plaintext-anywhere if the network itself is protected"
        )
    };
    for endpoint in ["tcp://*:0", "tcp://0.0.0.0:0", "tcp://192.0.2.1:5555"] {
        assert_eq!(socket.bind(endpoint).expect_err("plain text is refused").to_string(), message(endpoint));
    }
    let endpoint = "tcp://192.0.2.1:5555";
    assert_eq!(socket.connect(endpoint).expect_err("plain text is refused").to_string(), message(endpoint));
    for security in [Security::PlainAnywhere, Keys::new().security().outer()] {
        let socket = context.socket(Kind::Router, &security).expect("a socket");
        socket.bind("tcp://*:0").expect("a free port");
    }
}

/// CURVE is a part of ZMTP. Multicast has no handshake, so libzmq would send plain text.
#[test]
fn transports_without_encryption_are_refused() {
    let context = Context::new();
    let publisher = context.socket(Kind::Publisher, &Keys::new().security().link()).expect("a socket");
    for endpoint in
        ["pgm://127.0.0.1;239.192.1.1:5555", "epgm://127.0.0.1;239.192.1.1:5555", "udp://127.0.0.1:5555"]
    {
        let refused = publisher.connect(endpoint);
        assert!(matches!(refused, Err(TransportError::BadEndpoint { .. })), "{endpoint}");
    }
}

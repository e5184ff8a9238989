//! Tests of sockets of every kind: which messages arrive, and which outcome the sender gets.
#![expect(clippy::expect_used, reason = "test helpers may panic")]

use std::time::Duration;

use transport::poll::{Watch, wait};
use transport::security::Security;
use transport::{Context, Frame, Kind, Sent, Socket, TransportError, clock, limits};

const DEADLINE: Duration = Duration::from_secs(20);

/// The sockets that are closed while their connections break.
const CLOSED_SOCKETS: usize = 64;

const ROUNDS: usize = 3;

const ANY_PORT: &str = "tcp://127.0.0.1:0";

fn bound(context: &Context, kind: Kind) -> (Socket, String) {
    let socket = context.socket(kind, &Security::Plain).expect("a socket");
    let endpoint = socket.bind(ANY_PORT).expect("a free port");
    (socket, endpoint)
}

fn connected(context: &Context, kind: Kind, endpoint: &str) -> Socket {
    let socket = context.socket(kind, &Security::Plain).expect("a socket");
    socket.connect(endpoint).expect("an endpoint");
    socket
}

fn send(socket: &Socket, frames: &[&[u8]]) {
    while socket.send(frames.iter().map(|frame| Frame::from(*frame))).expect("sending succeeds") != Sent::Done
    {
        wait(&[Watch::Writable(socket)], None).expect("waiting succeeds");
    }
}

fn receive(socket: &Socket) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    while !socket.receive(&mut frames).expect("receiving succeeds") {
        wait(&[Watch::Readable(socket)], None).expect("waiting succeeds");
    }
    frames.iter().map(|frame| frame.to_vec()).collect()
}

/// A ROUTER, a connected DEALER, and the ROUTER's name for it.
fn connected_pair(context: &Context) -> (Socket, Socket, Vec<u8>) {
    let (router, endpoint) = bound(context, Kind::Router);
    let dealer = connected(context, Kind::Dealer, &endpoint);
    send(&dealer, &[b"", b"hello"]);
    let name = receive(&router).swap_remove(0);
    (router, dealer, name)
}

#[test]
fn a_message_arrives_as_it_was_sent() {
    let context = Context::new();
    let (router, dealer, name) = connected_pair(&context);
    let frames: [&[u8]; 4] = [b"", b"{}\n", &[0, 255, 0, 10], b""];
    send(&dealer, &frames);
    assert_eq!(receive(&router)[1..], frames);
    send(&router, &[name.as_slice(), b"", b"back"]);
    assert_eq!(receive(&dealer), [b"".as_slice(), b"back"]);
    assert!(!dealer.receive(&mut vec![Frame::new()]).expect("receiving succeeds"));
}

#[test]
fn a_dealer_without_a_peer_is_full_and_sends_nothing() {
    let context = Context::new();
    let (router, endpoint) = bound(&context, Kind::Router);
    let alone = context.socket(Kind::Dealer, &Security::Plain).expect("a socket");
    assert!(!alone.can_send().expect("the state is readable"));
    assert_eq!(alone.send([Frame::new(), Frame::from("lost")]).expect("sending succeeds"), Sent::Full);
    alone.connect(&endpoint).expect("an endpoint");
    send(&alone, &[b"", b"whole"]);
    assert_eq!(receive(&router)[1..], [b"".as_slice(), b"whole"]);
}

#[test]
fn a_message_that_cannot_be_sent_stays_complete() {
    let context = Context::new();
    let (router, endpoint) = bound(&context, Kind::Router);
    let alone = context.socket(Kind::Dealer, &Security::Plain).expect("a socket");
    let mut frames = vec![Frame::from("name"), Frame::new(), Frame::from("kept")];
    assert_eq!(alone.offer(&mut frames).expect("offering succeeds"), Sent::Full);
    assert_eq!(frames.iter().map(|frame| frame.to_vec()).collect::<Vec<_>>(), [&b"name"[..], b"", b"kept"]);
    alone.connect(&endpoint).expect("an endpoint");
    assert_eq!(alone.offer(&mut frames).expect("offering succeeds"), Sent::Done);
    assert!(frames.is_empty());
    assert_eq!(receive(&router)[1..], [&b"name"[..], b"", b"kept"]);
    assert_eq!(alone.offer(&mut vec![Frame::from("one")]).expect("offering succeeds"), Sent::Done);
    assert_eq!(receive(&router)[1..], [b"one"]);
}

#[test]
fn a_router_reports_unknown_peers_and_full_queues_differently() {
    let context = Context::new();
    let (router, dealer, name) = connected_pair(&context);
    assert_eq!(
        router.send([Frame::from("nobody"), Frame::new()]).expect("sending succeeds"),
        Sent::Unreachable
    );
    let body = vec![b'x'; 64 * 1024];
    let mut sent = 0_usize;
    let outcome = loop {
        let frames = [name.as_slice(), b"", &body].map(Frame::from);
        match router.send(frames).expect("sending succeeds") {
            Sent::Done => sent += 1,
            other @ (Sent::Full | Sent::Unreachable) => break other,
        }
    };
    assert_eq!(outcome, Sent::Full);
    for _ in 0..sent {
        assert_eq!(receive(&dealer)[1].len(), body.len());
    }
    send(&router, &[name.as_slice(), b"", b"after the queue was full"]);
    assert_eq!(receive(&dealer)[1], b"after the queue was full");
}

#[test]
fn a_message_of_too_many_frames_keeps_only_the_name_of_its_sender() {
    let context = Context::new();
    let (router, dealer, name) = connected_pair(&context);
    send(&dealer, &[b"x".as_slice(); limits::MESSAGE_FRAMES_MAX]);
    send(&dealer, &[b"next"]);
    assert_eq!(receive(&router), [name.as_slice()]);
    assert_eq!(receive(&router)[1], b"next");
    send(
        &router,
        &[[name.as_slice()].as_slice(), &[b"x".as_slice(); limits::MESSAGE_FRAMES_MAX + 1]].concat(),
    );
    assert_eq!(receive(&dealer), [] as [Vec<u8>; 0]);
}

#[test]
fn a_frame_over_the_limit_ends_the_connection_of_its_sender() {
    let context = Context::new();
    let (router, endpoint) = bound(&context, Kind::Router);
    let dealer = connected(&context, Kind::Dealer, &endpoint);
    send(&dealer, &[b"before"]);
    assert_eq!(receive(&router)[1], b"before");
    send(&dealer, &[&vec![0; limits::FRAME_BYTES_MAX + 1]]);
    let other = connected(&context, Kind::Dealer, &endpoint);
    send(&other, &[b"after"]);
    assert_eq!(receive(&router)[1], b"after");
}

#[test]
fn an_xsub_receives_everything_and_an_xpub_serves_accepted_subscriptions() {
    let context = Context::new();
    let (events, endpoint) = bound(&context, Kind::XSubscriber);
    events.subscribe(b"").expect("a subscription");
    let publisher = connected(&context, Kind::Publisher, &endpoint);
    let mut frames = Vec::new();
    while !events.receive(&mut frames).expect("receiving succeeds") {
        // libzmq drops messages until the subscription arrives, so the test sends again.
        let _was_sent =
            publisher.send([Frame::from("topic"), Frame::from("line")]).expect("sending succeeds");
    }

    let (fan_out, endpoint) = bound(&context, Kind::XPublisher);
    let subscriber = connected(&context, Kind::Subscriber, &endpoint);
    for topic in [b"refused".as_slice(), b"accepted"] {
        subscriber.subscribe(topic).expect("a subscription");
        assert_eq!(receive(&fan_out), [[&[1], topic].concat()]);
    }
    fan_out.subscribe(b"accepted").expect("a subscription");
    send(&fan_out, &[b"refused", b"line"]);
    send(&fan_out, &[b"accepted", b"line"]);
    assert_eq!(receive(&subscriber), [b"accepted".as_slice(), b"line"]);
}

#[test]
fn errors_say_what_to_do() {
    let context = Context::new();
    let (_first, endpoint) = bound(&context, Kind::Router);
    let second = context.socket(Kind::Router, &Security::PlainAnywhere).expect("a socket");
    let text = |endpoint: &str| second.bind(endpoint).expect_err("the endpoint is refused").to_string();
    assert_eq!(
        text(&endpoint),
        format!(
            "{endpoint} is in use: another papo may be running there; stop it, or choose another port with its flag"
        )
    );
    assert_eq!(
        text("tcp://192.0.2.1:5555"),
        "tcp://192.0.2.1:5555 is not an address of this machine: listen on tcp://*:<port>, or on an address of this \
         machine"
    );
    for endpoint in ["", "5555", "tcp://", "tcp://a\0b:1", "http://localhost:1", "ipc:///no/such/folder/papo"]
    {
        assert!(matches!(second.bind(endpoint), Err(TransportError::BadEndpoint { .. })), "{endpoint:?}");
        assert!(matches!(second.connect(endpoint), Err(TransportError::BadEndpoint { .. })), "{endpoint:?}");
    }
}

#[test]
fn tcp_inproc_and_ipc_endpoints_work() {
    let context = Context::new();
    let folder = tempfile::tempdir().expect("a folder");
    let ipc = format!("ipc://{}/socket", folder.path().display());
    for endpoint in [ANY_PORT, "inproc://socket", &ipc] {
        let router = context.socket(Kind::Router, &Security::Plain).expect("a socket");
        let dealer = connected(&context, Kind::Dealer, &router.bind(endpoint).expect("an endpoint"));
        send(&dealer, &[b"", b"hello"]);
        assert_eq!(receive(&router)[2], b"hello");
    }
}

#[test]
fn a_wait_ends_after_its_timeout() {
    let context = Context::new();
    let (router, _endpoint) = bound(&context, Kind::Router);
    let before = transport::clock::now();
    wait(&[Watch::Readable(&router)], Some(Duration::from_millis(20))).expect("waiting succeeds");
    assert!(before.elapsed() >= Duration::from_millis(20));
}

#[test]
fn sockets_that_are_closed_when_their_connections_break_stop_no_other_socket() {
    let context = Context::new();
    for round in 0..ROUNDS {
        let (router, endpoint) = bound(&Context::new(), Kind::Router);
        let watched = (0..CLOSED_SOCKETS).map(|_| {
            let dealer = context.socket(Kind::Dealer, &Security::Plain).expect("a socket");
            let monitor = dealer.monitor(&context).expect("a monitor");
            dealer.connect(&endpoint).expect("an endpoint");
            send(&dealer, &[b"hello"]);
            (dealer, monitor)
        });
        let (dealers, monitors): (Vec<_>, Vec<_>) = watched.unzip();
        for number in 0..CLOSED_SOCKETS {
            while !router.receive(&mut Vec::new()).expect("receiving succeeds") {
                assert!(wait_for(&router), "socket {number} of round {round} does not connect");
            }
        }
        drop(router);
        while !monitors[0].is_broken().expect("a report") {
            wait(&[Watch::Monitor(&monitors[0])], Some(DEADLINE)).expect("waiting succeeds");
        }
        // The other connections break now.
        drop(dealers);
        drop(monitors);
    }
}

/// Waits for a message. Returns false if none arrives in time.
fn wait_for(socket: &Socket) -> bool {
    let started = clock::now();
    wait(&[Watch::Readable(socket)], Some(DEADLINE)).expect("waiting succeeds");
    started.elapsed() < DEADLINE
}

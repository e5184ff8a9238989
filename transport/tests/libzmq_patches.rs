//! Tests of the attacks that the patches of `transport/libzmq` prevent. With a libzmq that was built with
//! `PAPO_LIBZMQ_UNPATCHED=1`, these tests fail. The tests of the patches for XPUB are in
//! `proxy/src/subscriptions.rs`.
#![expect(clippy::expect_used, reason = "test helpers may panic")]

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use transport::poll::{Watch, wait};
use transport::security::Security;
use transport::{Context, Frame, Kind, Sent, Socket};

/// Held by a test that fills the queues of a peer, because all sockets of a process share a limit.
static FULL_QUEUES: Mutex<()> = Mutex::new(());

/// How long a test waits to check that no message arrives, in milliseconds.
const NO_MESSAGE_MS: i32 = 300;

struct Router {
    socket: Socket,
    endpoint: String,
    strangers: zmq::Context,
}

impl Router {
    fn new() -> Self {
        let socket = Context::new().socket(Kind::Router, &Security::Plain).expect("a socket");
        let endpoint = socket.bind("tcp://127.0.0.1:0").expect("an endpoint");
        Self { socket, endpoint, strangers: zmq::Context::new() }
    }

    /// Connects a peer with the name `chosen`, and sends one request.
    fn peer(&self, chosen: &[u8]) -> zmq::Socket {
        #[expect(clippy::disallowed_methods, reason = "a hostile peer chooses its own options")]
        let peer = self.strangers.socket(zmq::DEALER).expect("a socket");
        peer.set_linger(0).expect("an option");
        peer.set_rcvtimeo(10_000).expect("an option");
        if !chosen.is_empty() {
            peer.set_identity(chosen).expect("a name");
        }
        peer.connect(&self.endpoint).expect("an endpoint");
        peer.send_multipart([&b""[..], b"request"], 0).expect("sending succeeds");
        peer
    }

    /// Receives the next request, and returns the name of its sender.
    fn name(&self) -> Frame {
        let mut frames = Vec::new();
        while !self.socket.receive(&mut frames).expect("receiving succeeds") {
            wait(&[Watch::Readable(&self.socket)], Some(Duration::from_secs(10))).expect("waiting succeeds");
        }
        frames.swap_remove(0)
    }

    fn reply(&self, name: &Frame, text: &[u8]) -> Sent {
        self.socket.send([Frame::from(&**name), Frame::new(), Frame::from(text)]).expect("sending succeeds")
    }
}

#[test]
fn generated_names_cannot_be_guessed() {
    let router = Router::new();
    let _peers = [router.peer(b""), router.peer(b""), router.peer(b"")];
    let names = [router.name(), router.name(), router.name()];
    for (name, other) in [(&names[0], &names[1]), (&names[1], &names[2]), (&names[2], &names[0])] {
        assert_eq!(name.len(), 17, "a zero byte and 16 random bytes");
        let equal = name.iter().zip(other.iter()).skip(1).filter(|(one, other)| one == other).count();
        assert!(equal < 8, "{:02x?} and {:02x?}", &**name, &**other);
    }
}

#[test]
fn a_peer_with_the_name_of_the_next_peer_does_not_abort_the_process() {
    let router = Router::new();
    let first = router.peer(b"");
    let name = router.name();
    let counter = u32::from_be_bytes(name[1..5].try_into().expect("four bytes"));
    let chosen = [&[0], &(counter.wrapping_add(2)).to_be_bytes()[..]].concat();
    let attacker = router.peer(&chosen);
    assert_ne!(&*router.name(), &*chosen);
    let later = [router.peer(b""), router.peer(b""), router.peer(b"")];
    for _ in &later {
        router.name();
    }
    drop((first, attacker));
}

#[test]
fn a_peer_with_the_name_of_another_peer_does_not_receive_its_replies() {
    let router = Router::new();
    let victim = router.peer(b"the name");
    let name = router.name();
    drop(victim);
    // libzmq detects the lost connection only after the thief has connected.
    let thief = router.peer(b"the name");
    let other = router.name();
    assert_ne!(&*name, &*other);
    let _undelivered = router.reply(&name, b"the victim's token");
    assert_eq!(router.reply(&other, b"for the thief"), Sent::Done);
    let received = thief.recv_multipart(0).expect("a reply");
    assert_eq!(received, [&b""[..], b"for the thief"]);
}

/// libzmq's own peers cannot send a long name, so this peer speaks ZMTP 3.0 (RFC 23) itself.
#[test]
fn a_long_name_in_the_handshake_is_refused() {
    use std::io::{Read, Write};
    let router = Router::new();
    for (length, is_accepted) in [(200_usize, true), (2_000, false), (100_000, false)] {
        let address = router.endpoint.strip_prefix("tcp://").expect("tcp");
        let mut peer = std::net::TcpStream::connect(address).expect("a connection");
        peer.set_read_timeout(Some(Duration::from_secs(10))).expect("an option");
        let mut greeting = [0; 64];
        greeting[..11].copy_from_slice(b"\xff\0\0\0\0\0\0\0\x01\x7f\x03");
        greeting[12..16].copy_from_slice(b"NULL");
        peer.write_all(&greeting).expect("a greeting");
        peer.read_exact(&mut greeting).expect("a greeting");
        let property = |name: &[u8], value: &[u8]| {
            let (name_length, value_length) = (name.len() as u8, (value.len() as u32).to_be_bytes());
            [&[name_length], name, &value_length, value].concat()
        };
        let name = vec![b'x'; length];
        let ready =
            [b"\x05READY".to_vec(), property(b"Socket-Type", b"DEALER"), property(b"Identity", &name)];
        let ready = ready.concat();
        let message = [b"\x06".to_vec(), (ready.len() as u64).to_be_bytes().to_vec(), ready];
        peer.write_all(&message.concat()).expect("a command");
        // An empty frame and the request.
        let _ignore_closed = peer.write_all(b"\x01\x00\x00\x01r");
        if is_accepted {
            assert_eq!(router.name().len(), 17);
            continue;
        }
        let mut rest = Vec::new();
        let ended = peer.read_to_end(&mut rest);
        assert!(
            ended.is_ok() || ended.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset)
        );
        wait(&[Watch::Readable(&router.socket)], Some(Duration::from_millis(NO_MESSAGE_MS as u64)))
            .expect("waiting succeeds");
        assert!(
            !router.socket.receive(&mut Vec::new()).expect("receiving succeeds"),
            "a name of {length} bytes"
        );
    }
}

#[test]
fn replies_for_a_peer_that_does_not_read_are_bounded_in_bytes() {
    let _alone = FULL_QUEUES.lock().unwrap_or_else(PoisonError::into_inner);
    let router = Router::new();
    let peer = router.peer(b"");
    let name = router.name();
    let reply = vec![b'x'; 256 * 1024];
    let sent = (0..1_000).take_while(|_| router.reply(&name, &reply) == Sent::Done).count();
    // The limit is 16 MiB, and the buffers of the system contain some more MiB.
    assert!((64..160).contains(&sent), "{sent} replies of 256 KiB");
    // The queue is emptied when the peer reads.
    while router.reply(&name, b"another") != Sent::Done {
        peer.recv_multipart(0).expect("a reply");
    }
}

/// The ROUTER checks for commands of its connections at most once a millisecond while it sends. A reply is
/// not refused because of a command that waits.
#[test]
fn a_peer_that_reads_receives_each_reply_while_the_shared_limit_is_exceeded() {
    let _alone = FULL_QUEUES.lock().unwrap_or_else(PoisonError::into_inner);
    let router = Router::new();
    let large = vec![b'x'; 256 * 1024];
    let _silent: Vec<_> = (0..4)
        .map(|_| {
            let peer = router.peer(b"");
            let name = router.name();
            while router.reply(&name, &large) == Sent::Done {}
            peer
        })
        .collect();
    let reader = router.peer(b"");
    let name = router.name();
    for reply in 0..1_000 {
        assert_eq!(router.reply(&name, &large[..100 * 1024]), Sent::Done, "reply {reply}");
        reader.recv_multipart(0).expect("a reply");
    }
}

/// The resident memory of this process.
fn resident_bytes() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").expect("the sizes of this process");
    let pages: usize = pages.split(' ').nth(1).expect("a second size").parse().expect("a number");
    pages * 4096
}

#[test]
fn a_message_that_waits_keeps_no_buffer_in_memory() {
    const MESSAGES: usize = 20_000;
    let router = Router::new();
    let peer = router.peer(b"");
    let before = resident_bytes();
    let mut kept = vec![router.name()];
    for _ in 0..MESSAGES {
        peer.send_multipart([&[b'x'; 100][..]], 0).expect("sending succeeds");
        let mut frames = Vec::new();
        while !router.socket.receive(&mut frames).expect("receiving succeeds") {
            wait(&[Watch::Readable(&router.socket)], Some(Duration::from_secs(10)))
                .expect("waiting succeeds");
        }
        kept.append(&mut frames);
    }
    // Other tests run in this process, so the limit is not strict. With buffers, each message takes 8 KiB.
    let each = resident_bytes().saturating_sub(before) / MESSAGES;
    assert!(each < 4 * 1024, "{each} bytes for each message of 100 bytes");
    assert_eq!(kept.len(), 1 + 2 * MESSAGES, "a name and a frame of each");
}

/// A mark in units changes when the writer of a full queue waits, and when the reader wakes it.
#[test]
fn a_queue_with_any_mark_neither_stops_nor_loses_a_message() {
    const MESSAGES: u32 = 20_000;
    let context = zmq::Context::new();
    for mark in [1, 2, 3, 63, 64, 65, 127, 129, 1_000] {
        let [writer, reader] = [zmq::PUSH, zmq::PULL].map(|kind| {
            #[expect(clippy::disallowed_methods, reason = "the test chooses the mark")]
            let socket = context.socket(kind).expect("a socket");
            socket.set_sndhwm(mark).expect("an option");
            socket.set_rcvhwm(mark).expect("an option");
            socket.set_rcvtimeo(10_000).expect("an option");
            socket.set_sndtimeo(10_000).expect("an option");
            socket
        });
        reader.bind("tcp://127.0.0.1:*").expect("an endpoint");
        writer.connect(&reader.get_last_endpoint().expect("an option").expect("text")).expect("an endpoint");
        let sending = std::thread::spawn(move || {
            for number in 0..MESSAGES {
                let body = vec![b'x'; (number.wrapping_mul(2_654_435_761) >> 20) as usize];
                writer.send_multipart([&number.to_be_bytes()[..], &body], 0)?;
            }
            Ok::<_, zmq::Error>(writer)
        });
        for number in 0..MESSAGES {
            let received = reader.recv_multipart(0).expect("a message");
            assert_eq!(received[0], number.to_be_bytes(), "with a mark of {mark}");
        }
        sending.join().expect("no panic").expect("the queue accepts all messages");
    }
}

#[test]
fn large_messages_pass_a_full_queue() {
    let context = Context::new();
    let broker = context.socket(Kind::Dealer, &Security::Plain).expect("a socket");
    let endpoint = broker.bind("tcp://127.0.0.1:0").expect("an endpoint");
    let server = context.socket(Kind::Server, &Security::Plain).expect("a socket");
    server.connect(&endpoint).expect("an endpoint");
    while broker.send([Frame::new(), Frame::from("request")]).expect("sending succeeds") != Sent::Done {}
    let mut frames = Vec::new();
    while !server.receive(&mut frames).expect("receiving succeeds") {
        wait(&[Watch::Readable(&server)], Some(Duration::from_secs(10))).expect("waiting succeeds");
    }
    let (name, reply) = (frames.swap_remove(0), vec![b'x'; 1024 * 1024]);
    for round in 0..3 {
        let mut sent = 0;
        while server.send([Frame::from(&*name), Frame::new(), Frame::from(&reply)]).expect("sending succeeds")
            == Sent::Done
        {
            sent += 1;
        }
        for received in 0..sent {
            while !broker.receive(&mut frames).expect("receiving succeeds") {
                let is_readable = wait(&[Watch::Readable(&broker)], Some(Duration::from_secs(10)));
                assert!(is_readable.is_ok(), "{round}: {received} of {sent}");
            }
        }
    }
}

/// The kernel's buffers of a connection hold some of the events, so the test publishes more than they hold.
#[test]
fn an_event_that_waits_for_many_subscribers_counts_once_in_the_shared_limit() {
    const SUBSCRIBERS: usize = 100;
    const EVENTS: usize = 2_000;
    let _alone = FULL_QUEUES.lock().unwrap_or_else(PoisonError::into_inner);
    let socket = Context::new().socket(Kind::XPublisher, &Security::Plain).expect("a socket");
    let endpoint = socket.bind("tcp://127.0.0.1:0").expect("an endpoint");
    let strangers = zmq::Context::new();
    let subscribers: Vec<_> = (0..SUBSCRIBERS).map(|_| slow_subscriber(&strangers, &endpoint)).collect();
    for _ in 0..SUBSCRIBERS {
        let mut frames = Vec::new();
        while !socket.receive(&mut frames).expect("receiving succeeds") {
            wait(&[Watch::Readable(&socket)], Some(Duration::from_secs(10))).expect("waiting succeeds");
        }
        assert!(socket.accept_subscription(b"topic").expect("a subscription"));
    }
    for _ in 0..EVENTS {
        let sent = socket.send([Frame::from("topic"), Frame::from(vec![b'x'; 300])]);
        assert_eq!(sent.expect("sending succeeds"), Sent::Done);
    }
    for (number, subscriber) in subscribers.iter().enumerate() {
        for event in 0..EVENTS {
            let received = subscriber.recv_multipart(0);
            assert!(received.is_ok(), "subscriber {number} lost an event: it received {event} of {EVENTS}");
        }
    }
}

/// A subscriber with small buffers that does not read yet.
fn slow_subscriber(context: &zmq::Context, endpoint: &str) -> zmq::Socket {
    #[expect(clippy::disallowed_methods, reason = "a slow peer chooses its own options")]
    let subscriber = context.socket(zmq::SUB).expect("a socket");
    subscriber.set_linger(0).expect("an option");
    subscriber.set_rcvtimeo(10_000).expect("an option");
    subscriber.set_rcvhwm(1).expect("an option");
    subscriber.set_rcvbuf(32 * 1024).expect("an option");
    subscriber.set_subscribe(b"topic").expect("a subscription");
    subscriber.connect(endpoint).expect("an endpoint");
    subscriber
}

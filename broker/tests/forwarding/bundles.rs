//! Bundles between the broker and its server.

use std::time::Duration;

use transport::bundle::{Bundle, BundleReader, MESSAGES_MAX, is_bundle};
use transport::poll::{Watch, wait_which};
use transport::{Frame, Sent, Socket};

use crate::peers::{Peers, config, receive, send, with_broker};

/// The time after which a client sends a request again.
const RESEND_DELAY: Duration = Duration::from_millis(100);

/// The time after which the broker sends no bundle, if the server sends none.
const CREDIT_VALIDITY: Duration = Duration::from_secs(1);

/// The requests in a message from the broker, each with its envelope but without the name of the broker.
fn requests(message: &[Vec<u8>]) -> Vec<Vec<Vec<u8>>> {
    match message {
        [_broker, only] if is_bundle(only) => {
            let mut bundle = BundleReader::new(Frame::from(&**only)).expect("a bundle");
            let (mut requests, mut frames) = (Vec::new(), Vec::new());
            while bundle.next(&mut frames) {
                requests.push(frames.drain(..).map(|frame| frame.to_vec()).collect());
            }
            requests
        }
        [_broker, request @ ..] => vec![request.to_vec()],
        [] => panic!("a message without frames"),
    }
}

/// Answers the requests in a message with their own bodies, as one bundle.
fn echo_bundle(server: &Socket, message: &[Vec<u8>]) {
    let mut bundle = Bundle::default();
    for request in requests(message) {
        let frames: Vec<_> = request.iter().map(|frame| Frame::from(&**frame)).collect();
        let (body, envelope) = frames.split_last().expect("a request");
        assert!(bundle.push(envelope, body), "a small request");
    }
    send(server, &[&message[0], &*bundle.to_frame()]);
}

/// A bundle of one reply.
fn bundle(name: &[u8], body: &[u8]) -> Frame {
    let mut bundle = Bundle::default();
    assert!(bundle.push(&[Frame::from(name), Frame::new()], body), "a small reply");
    bundle.to_frame()
}

/// A client, and a server that has sent a bundle.
fn bundling_peers(peers: &Peers) -> (Socket, Socket) {
    let (client, server) = (peers.client(), peers.server());
    send(&client, &[b"", b"first"]);
    let first = receive(&server);
    assert_eq!(first.len(), 4, "the first request is sent alone");
    echo_bundle(&server, &first);
    assert_eq!(receive(&client), [b"".as_slice(), b"first"]);
    (client, server)
}

#[test]
fn requests_that_arrive_together_are_bundled_and_each_reply_reaches_its_client() {
    const ROUNDS: usize = 1000;
    const REQUESTS: usize = 3 * MESSAGES_MAX;
    with_broker(&config("tcp://127.0.0.1:0"), |peers| {
        let (one, server) = bundling_peers(peers);
        let clients = [one, peers.client()];
        let mut largest = 0;
        for round in 0..ROUNDS {
            for number in 0..REQUESTS {
                send(&clients[0], &[b"", format!("{round}.{number}").as_bytes()]);
                send(&clients[1], &[b"tag", b"", format!("tagged {number}").as_bytes()]);
            }
            let mut answered = 0;
            while answered < 2 * REQUESTS {
                let message = receive(&server);
                let count = requests(&message).len();
                echo_bundle(&server, &message);
                (answered, largest) = (answered + count, largest.max(count));
            }
            for number in 0..REQUESTS {
                assert_eq!(receive(&clients[0]), [b"".as_slice(), format!("{round}.{number}").as_bytes()]);
                let tagged = format!("tagged {number}");
                assert_eq!(receive(&clients[1]), [b"tag".as_slice(), b"", tagged.as_bytes()]);
            }
            // The system decides the number of requests that arrive together.
            if largest == MESSAGES_MAX {
                let [requests, messages] = ["requests", "request_messages"].map(|name| peers.count(name));
                assert!(messages < requests, "{requests} requests in {messages} messages");
                assert_eq!((requests, peers.count("reply_messages")), (peers.count("replies"), messages));
                return;
            }
        }
        panic!("no bundle is larger than {largest} in {ROUNDS} rounds");
    });
}

#[test]
fn a_server_that_sends_no_bundle_receives_none() {
    const REQUESTS: usize = 100;
    with_broker(&config("tcp://127.0.0.1:0"), |peers| {
        let (client, server) = (peers.client(), peers.server());
        (0..REQUESTS).for_each(|_| send(&client, &[b"", b"lines"]));
        for _ in 0..REQUESTS {
            let request = receive(&server);
            assert_eq!(request[2..], [b"".as_slice(), b"lines"]);
            send(&server, &request.iter().map(Vec::as_slice).collect::<Vec<_>>());
        }
        (0..REQUESTS).for_each(|_| assert_eq!(receive(&client)[1], b"lines"));
        assert_eq!(["request_messages", "reply_messages"].map(|name| peers.count(name)), [100, 100]);
    });
}

/// The server of an older version drops bundles as malformed.
#[test]
fn after_64_bundles_without_a_bundle_of_the_server_the_requests_are_sent_alone() {
    const UNANSWERED_MAX: usize = 64;
    with_broker(&config("tcp://127.0.0.1:0"), |peers| {
        let (client, newer) = bundling_peers(peers);
        drop(newer);
        let (older, mut bundles) = (peers.server(), 0);
        let alone = loop {
            send(&client, &[b"", b"again"]);
            // The broker may have sent the request to the server that left.
            if wait_which([Watch::Readable(&older)], Some(RESEND_DELAY)).expect("waiting succeeds") == [false]
            {
                continue;
            }
            let message = receive(&older);
            if message.len() > 2 {
                break message;
            }
            bundles += 1;
            assert!(bundles <= UNANSWERED_MAX, "the broker still sends bundles");
        };
        send(&older, &alone.iter().map(Vec::as_slice).collect::<Vec<_>>());
        assert_eq!(receive(&client)[1], b"again");
    });
}

#[test]
fn a_second_after_the_last_bundle_of_the_server_a_request_is_sent_alone() {
    with_broker(&config("tcp://127.0.0.1:0"), |peers| {
        let (client, server) = bundling_peers(peers);
        let ready = wait_which([Watch::Readable(&client)], Some(CREDIT_VALIDITY)).expect("waiting succeeds");
        assert_eq!(ready, [false], "a reply without a request");
        send(&client, &[b"", b"later"]);
        assert_eq!(receive(&server).len(), 4);
    });
}

#[test]
fn bundles_wait_while_the_server_does_not_read() {
    const BODY_BYTES: usize = 2000;
    with_broker(&config("tcp://127.0.0.1:0"), |peers| {
        let (client, server) = bundling_peers(peers);
        send(&client, &[b"", b"name"]);
        let broker = receive(&server)[0].clone();
        let body = |number: usize| format!("{number:0BODY_BYTES$}").into_bytes();
        let (mut sent, mut forwarded) = (0, 0);
        loop {
            // The server sends bundles, but reads nothing.
            send(&server, &[&broker, &*bundle(b"stranger", b"reply")]);
            let message = [Frame::new(), Frame::from(body(sent))];
            if client.send(message).expect("sending succeeds") == Sent::Done {
                sent += 1;
                continue;
            }
            // The queue of the client is full. If the broker forwards nothing, so is the queue of the server.
            let before = std::mem::replace(&mut forwarded, peers.count("requests"));
            if forwarded == before {
                break;
            }
        }
        let (mut received, mut bundles) = (0, 0);
        while received < sent {
            let message = receive(&server);
            bundles += usize::from(message.len() == 2);
            for request in requests(&message) {
                assert_eq!(request[2], body(received));
                received += 1;
            }
        }
        assert!(bundles > 0, "no request was bundled");
        assert_eq!(peers.count("dropped_full"), 0);
    });
}

#[test]
fn a_bundle_that_no_server_can_receive_is_sent_to_the_next_server() {
    // A client in this process: the broker can receive each request before it answers `count`.
    with_broker(&config("inproc://clients"), |peers| {
        let (client, server) = bundling_peers(peers);
        drop(server);
        // The broker may still send requests to the server that left. It holds the first bundle that it
        // cannot send, and then counts no request.
        let mut sent = peers.count("requests");
        while peers.count("requests") == sent {
            send(&client, &[b"", b"held"]);
            sent += 1;
            peers.count("requests");
        }
        let received = requests(&receive(&peers.server()));
        assert_eq!((received.len(), &received[0][1..]), (1, &[b"".to_vec(), b"held".to_vec()][..]));
    });
}

#[test]
fn a_large_request_keeps_its_place_between_bundled_requests() {
    with_broker(&config("tcp://127.0.0.1:0"), |peers| {
        let (client, server) = bundling_peers(peers);
        let large = vec![7; 5000];
        for number in 0..50_u8 {
            send(&client, &[b"", &[number]]);
            send(&client, &[b"", &large]);
            send(&client, &[b"", &[number], b"bytes"]);
        }
        let mut received = Vec::new();
        while received.len() < 150 {
            received.extend(requests(&receive(&server)).into_iter().map(|request| request[1..].to_vec()));
        }
        for (number, three) in (0..).zip(received.chunks(3)) {
            let number = vec![number];
            let empty = Vec::<u8>::new;
            let alone = [empty(), number.clone(), b"bytes".to_vec()];
            assert_eq!(three, [vec![empty(), number], vec![empty(), large.clone()], alone.to_vec()]);
        }
    });
}

#[test]
fn a_malformed_bundle_is_dropped_whole_and_counted_once() {
    with_broker(&config("tcp://127.0.0.1:0"), |peers| {
        let (client, server) = (peers.client(), peers.server());
        send(&client, &[b"", b"first"]);
        let request = receive(&server);
        let reply = bundle(&request[1], b"reply");
        send(&server, &[&request[0], &[&*reply, b"\x20\0\0\0short"].concat()]);
        send(&server, &[&request[0], b"bundle.1"]);
        // A bundle is one frame.
        send(&server, &[&request[0], &*reply, b""]);
        // A name without the run tag of the broker.
        send(&server, &[&request[0], &*bundle(b"stranger", b"reply")]);
        echo_bundle(&server, &request);
        assert_eq!(receive(&client)[1], b"first", "no reply of a malformed bundle");
        assert_eq!(["malformed", "strangers", "replies"].map(|name| peers.count(name)), [3, 1, 1]);
        assert_eq!(peers.count("reply_messages"), 5);
    });
}

#[test]
fn a_malformed_bundle_does_not_show_that_the_server_reads_bundles() {
    with_broker(&config("tcp://127.0.0.1:0"), |peers| {
        let (client, server) = (peers.client(), peers.server());
        send(&client, &[b"", b"first"]);
        let request = receive(&server);
        send(&server, &[&request[0], b"bundle.1"]);
        send(&server, &request.iter().map(Vec::as_slice).collect::<Vec<_>>());
        assert_eq!(receive(&client)[1], b"first");
        send(&client, &[b"", b"second"]);
        assert_eq!(receive(&server).len(), 4, "the request is sent alone");
    });
}

#[test]
fn a_client_cannot_send_a_bundle_to_the_server() {
    with_broker(&config("tcp://127.0.0.1:0"), |peers| {
        let (client, server) = bundling_peers(peers);
        let bytes = bundle(b"another", b"lines");
        send(&client, &[&*bytes]);
        assert!(String::from_utf8_lossy(&receive(&client)[1]).contains("no_empty_frame"));
        send(&client, &[b"", &*bytes]);
        let received = requests(&receive(&server));
        assert_eq!(received.len(), 1);
        assert_eq!(received[0][1..], [b"".as_slice(), &*bytes]);
        assert_ne!(received[0][0], b"another");
    });
}

#[test]
fn a_client_that_does_not_read_loses_only_its_own_replies_of_a_bundle() {
    const REPLIES: usize = 15;
    with_broker(&config("tcp://127.0.0.1:0"), |peers| {
        let (silent, server) = bundling_peers(peers);
        let reader = peers.client();
        let mut names = Vec::new();
        for client in [&silent, &reader] {
            send(client, &[b"", b"hello"]);
            let message = receive(&server);
            names.push((message[0].clone(), requests(&message)[0][0].clone()));
        }
        let body = [7; 4000];
        // The unread replies of the reader take less than 64 KiB, so no limit for all peers drops them.
        while peers.count("dropped_full") == 0 {
            for _ in 0..REPLIES {
                let mut bundle = Bundle::default();
                for (_, name) in &names {
                    assert!(bundle.push(&[Frame::from(&**name), Frame::new()], &body));
                }
                send(&server, &[&names[0].0, &*bundle.to_frame()]);
            }
            (0..REPLIES).for_each(|_| assert_eq!(receive(&reader)[1], body));
        }
        assert!(!reader.receive(&mut Vec::new()).expect("receiving succeeds"), "a reply for each request");
    });
}

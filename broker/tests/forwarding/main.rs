//! Tests of a running broker. They act as its clients and its server.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "test helpers may panic")]

mod peers;
mod bundles;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use broker::Broker;
use transport::client_name::{self, Client};
use transport::keys::KeyPair;
use transport::poll::{Watch, wait};
use transport::security::{NodeSecurity, Security};
use transport::shutdown::Shutdown;
use transport::{Context, Frame, Kind, Sent};

use self::peers::{Peers, ShutdownOnDrop, config, echo, receive, send, with_broker, with_protected_broker};

#[test]
fn every_client_gets_its_own_replies_in_order() {
    const CLIENTS: usize = 4;
    const REQUESTS: usize = 1000;
    with_broker(&config("tcp://127.0.0.1:0"), |peers| {
        let server = peers.server();
        let clients: Vec<_> = (0..CLIENTS).map(|_| peers.client()).collect();
        for request in 0..REQUESTS {
            for (number, client) in clients.iter().enumerate() {
                send(client, &[b"", format!("{number}.{request}").as_bytes()]);
            }
        }
        echo(&server, CLIENTS * REQUESTS);
        for (number, client) in clients.iter().enumerate() {
            for request in 0..REQUESTS {
                assert_eq!(receive(client)[1], format!("{number}.{request}").into_bytes());
            }
        }
        assert_eq!(peers.count("requests"), 4000);
        assert_eq!(peers.count("replies"), 4000);
    });
}

#[test]
fn bodies_are_forwarded_unchanged() {
    for endpoint in ["tcp://127.0.0.1:0", "inproc://clients"] {
        with_broker(&config(endpoint), |peers| {
            let (client, server) = (peers.client(), peers.server());
            let every_byte: Vec<u8> = (0..=255).collect();
            for frames in
                [&[b"".as_slice(), &every_byte, b"", b"\n"][..], &[b"", b""], &[b"", &vec![7; 1 << 20]]]
            {
                send(&client, frames);
                let request = receive(&server);
                assert_eq!(request[2..], *frames);
                send(&server, &request.iter().map(Vec::as_slice).collect::<Vec<_>>());
                assert_eq!(receive(&client), frames);
            }
        });
    }
}

#[test]
fn a_tag_comes_back_in_front_of_the_reply() {
    with_broker(&config("tcp://127.0.0.1:0"), |peers| {
        let (client, server) = (peers.client(), peers.server());
        for tag in [&b"t"[..], &[7; 16]] {
            send(&client, &[tag, b"", b"lines", b"bytes"]);
            echo(&server, 1);
            assert_eq!(receive(&client), [tag, b"", b"lines", b"bytes"]);
        }
        send(&client, &[&[7; 17], b"", b"lines"]);
        let refused = receive(&client);
        assert_eq!(refused[0], b"");
        assert!(String::from_utf8_lossy(&refused[1]).contains("no_empty_frame"));
    });
}

#[test]
fn the_server_recognises_the_gateway_of_an_encrypted_node() {
    let [node, service, stranger] = [(); 3].map(|()| KeyPair::generate().expect("a pair"));
    let security = NodeSecurity::Encrypted { node: node.clone(), service: service.clone() };
    let context = Context::new();
    let broker = Broker::bind(&context, &config("tcp://127.0.0.1:0"), &security).expect("free ports");
    broker.bind_gateway("inproc://gateway").expect("an endpoint");
    let peers = Peers { context, endpoints: broker.endpoints().clone() };
    let shutdown = Shutdown::new();
    std::thread::scope(|scope| {
        scope.spawn(|| broker.run(&shutdown).expect("a clean shutdown"));
        let _shutdown = ShutdownOnDrop(&shutdown);
        let link = |own: &KeyPair| Security::Client { server: node.public, own: own.clone() };
        let server = peers.protected(Kind::Router, &peers.endpoints.servers, &link(&service));
        let inside = peers.connected(Kind::Dealer, "inproc://gateway");
        let own = peers.protected(Kind::Dealer, &peers.endpoints.clients, &link(&service));
        let other = peers.protected(Kind::Dealer, &peers.endpoints.clients, &link(&stranger));
        let one = Client::One(Some(stranger.public));
        for (socket, client) in [(&inside, Client::Gateway), (&own, Client::Gateway), (&other, one)] {
            send(socket, &[b"tag", b"", b"lines"]);
            assert_eq!(client_name::client(&receive(&server)[1]), client);
        }
    });
}

#[test]
fn a_message_without_the_empty_frame_is_refused() {
    with_broker(&config("tcp://127.0.0.1:0"), |peers| {
        let (client, server) = (peers.client(), peers.server());
        for frames in [&[b"{}".as_slice()][..], &[b"{}", b"{}"], &[b""]] {
            send(&client, frames);
        }
        for _ in 0..3 {
            let answer = receive(&client);
            assert_eq!(answer[0], b"");
            assert_eq!(
                String::from_utf8_lossy(&answer[1]),
                "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,\"message\":\"send an empty frame before \
                 the request lines, as a REQ socket does by itself\",\"data\":{\"reason\":\"invalid_request\",\"detail\":\"no_empty_frame\"}}}\n"
            );
        }
        send(&client, &[b"", b"good"]);
        echo(&server, 1);
        assert_eq!(receive(&client)[1], b"good");
        assert_eq!(peers.count("malformed"), 3);
        assert_eq!(peers.count("requests"), 1);
    });
}

#[test]
fn a_message_of_too_many_frames_gets_its_own_error() {
    with_broker(&config("tcp://127.0.0.1:0"), |peers| {
        let (client, server) = (peers.client(), peers.server());
        let frames = [b"".as_slice(); 100];
        for count in [15, 16, 17, 100] {
            send(&client, &frames[..count]);
            let answer = receive(&client);
            assert_eq!(answer[0], b"");
            assert_eq!(
                String::from_utf8_lossy(&answer[1]),
                "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,\"message\":\"a message may have at most 14 \
                 frames: send the empty frame, the request lines, and at most one frame of bytes\",\
                 \"data\":{\"reason\":\"invalid_request\",\"detail\":\"too_many_frames\",\"args\":{\"max\":14}}}}\n",
                "{count} frames"
            );
        }
        send(&client, &frames[..14]);
        echo(&server, 1);
        assert_eq!(receive(&client).len(), 14);
        assert_eq!((peers.count("malformed"), peers.count("requests")), (4, 1));
    });
}

#[test]
fn a_reply_to_a_client_that_left_is_counted() {
    with_broker(&config("tcp://127.0.0.1:0"), |peers| {
        let (client, server) = (peers.client(), peers.server());
        send(&client, &[b"", b"last request"]);
        let request = receive(&server);
        drop(client);
        // The broker sends replies until it detects that the client has disconnected.
        while peers.count("unreachable") == 0 {
            send(&server, &request.iter().map(Vec::as_slice).collect::<Vec<_>>());
        }
    });
}

/// A client that sends one request in plain ZMTP 3.0 (RFC 23) and never reads. A socket of libzmq would read
/// in the background.
fn connect_without_reading(endpoint: &str) -> TcpStream {
    let address = endpoint.strip_prefix("tcp://").expect("a TCP endpoint");
    let mut stream = TcpStream::connect(address).expect("a listener");
    let mut greeting = [0; 64];
    greeting[..16].copy_from_slice(b"\xff\0\0\0\0\0\0\0\x01\x7f\x03\0NULL");
    stream.write_all(&greeting).expect("a connection");
    stream.write_all(b"\x04\x1c\x05READY\x0bSocket-Type\0\0\0\x06DEALER").expect("a connection");
    let mut received = Vec::new();
    while !received.ends_with(b"READY") {
        received.push(0);
        stream
            .read_exact(received.last_mut().map(std::slice::from_mut).expect("a byte"))
            .expect("a handshake");
    }
    stream.write_all(b"\x01\0\0\x05hello").expect("a connection");
    stream
}

#[test]
fn large_replies_to_clients_that_do_not_read_are_bounded_by_bytes() {
    const MIB: usize = 1 << 20;
    let large = vec![7; MIB];
    with_broker(&config("tcp://127.0.0.1:0"), |peers| {
        let server = peers.server();
        let name = || {
            let request = receive(&server);
            [request[0].clone(), request[1].clone()]
        };
        let connect = || {
            let client = peers.client();
            send(&client, &[b"", b"hello"]);
            (client, name())
        };
        let connect_silent = || (connect_without_reading(&peers.endpoints.clients), name());
        let answer = |[link, client]: &[Vec<u8>; 2], body: &[u8]| send(&server, &[link, client, b"", body]);
        // The system closes a connection whose peer reads nothing for 30 seconds.
        let answered = || peers.count("replies") + peers.count("dropped_full") + peers.count("unreachable");
        // Waits after each reply until the broker has sent or dropped the reply.
        let flood = |name: &[Vec<u8>; 2], count: usize| {
            for _ in 0..count {
                let before = answered();
                answer(name, &large);
                while answered() == before {}
            }
        };
        let (_silent, name) = connect_silent();
        flood(&name, 60);
        let waiting = peers.count("replies");
        assert!(waiting < 60, "no reply was dropped: {waiting} MiB wait");

        // A client that reads gets all replies, while ten others do not read.
        let (reader, reader_name) = connect();
        let silent: Vec<_> = (0..10).map(|_| connect_silent()).collect();
        silent.iter().for_each(|(_, name)| flood(name, 40));
        assert!(peers.count("replies") < 256 + 10 * 16, "{} MiB wait", peers.count("replies"));
        for _ in 0..100 {
            answer(&reader_name, &large);
            assert_eq!(receive(&reader)[1].len(), MIB);
        }
        // Closing the connections releases the waiting replies.
        drop(silent);
        let (late_reader, name) = connect();
        for _ in 0..100 {
            (0..10).for_each(|_| answer(&name, &large));
            (0..10).for_each(|_| assert_eq!(receive(&late_reader)[1].len(), MIB));
        }
    });
}

/// A client of a new process may get the name of a client of an earlier process.
#[test]
fn a_reply_from_before_a_restart_reaches_no_other_client() {
    let mut before = None;
    with_broker(&config("tcp://127.0.0.1:0"), |peers| {
        let (client, server) = (peers.client(), peers.server());
        send(&client, &[b"", b"who am I?"]);
        before = Some((peers.endpoints.clone(), receive(&server)[1].clone()));
    });
    let (endpoints, old) = before.expect("a client from before the restart");
    with_broker(&endpoints, |peers| {
        let (client, server) = (peers.client(), peers.server());
        send(&client, &[b"", b"who is it?"]);
        let request = receive(&server);
        // The client's name, as another process would assign it, with the tag of the earlier run.
        let (name, tag) = (&request[1][..5], &old[5..]);
        send(&server, &[&request[0], &[name, tag].concat(), b"", b"for another"]);
        send(&server, &request.iter().map(Vec::as_slice).collect::<Vec<_>>());
        assert_eq!(receive(&client)[1], b"who is it?");
        assert_eq!(peers.count("strangers"), 1);
    });
}

#[test]
fn a_client_that_does_not_read_delays_no_other_client() {
    with_broker(&config("tcp://127.0.0.1:0"), |peers| {
        let (silent, server) = (peers.client(), peers.server());
        send(&silent, &[b"", b"hello"]);
        let request = receive(&server);
        let flood: Vec<_> = request.iter().map(Vec::as_slice).collect();
        while peers.count("dropped_full") == 0 {
            (0..1000).for_each(|_| send(&server, &flood));
        }
        let client = peers.client();
        send(&client, &[b"", b"hello"]);
        echo(&server, 1);
        assert_eq!(receive(&client)[1], b"hello");
        drop(silent);
    });
}

#[test]
fn requests_wait_at_the_client_until_a_server_connects() {
    with_broker(&config("tcp://127.0.0.1:0"), |peers| {
        let client = peers.client();
        let body = [0; 64 * 1024];
        let mut sent = 0_usize;
        wait(&[Watch::Writable(&client)], None).expect("a connection");
        while client.send([Frame::new(), Frame::from(body.as_slice())]).expect("sending succeeds")
            == Sent::Done
        {
            sent += 1;
        }
        // After this answer, the broker has completed one round of its loop.
        assert_eq!(peers.count("requests"), 0);
        let server = peers.server();
        for _ in 0..sent {
            assert_eq!(receive(&server)[3].len(), body.len());
        }
        assert_eq!(peers.count("dropped_full"), 0);
    });
}

#[test]
fn a_server_without_the_service_key_is_refused_and_counted() {
    let [node, service, own] = [(); 3].map(|()| KeyPair::generate().expect("a key pair"));
    let client_security = Security::Client { server: node.public, own };
    let security = NodeSecurity::Encrypted { node, service };
    with_protected_broker(&config("tcp://127.0.0.1:0"), &security, |peers| {
        let stranger = peers.protected(Kind::Router, &peers.endpoints.servers, &client_security);
        let client = peers.protected(Kind::Dealer, &peers.endpoints.clients, &client_security);
        send(&client, &[b"", b"for the server only"]);
        while peers.count("refused_peers") == 0 {
            assert_eq!(peers.count("requests"), 0);
        }
        let server = peers.protected(Kind::Router, &peers.endpoints.servers, &security.link());
        echo(&server, 1);
        assert_eq!(receive(&client)[1], b"for the server only");
        assert!(!stranger.receive(&mut Vec::new()).expect("receiving succeeds"));
    });
}

#[test]
fn the_error_for_a_port_in_use_names_the_endpoint() {
    with_broker(&config("tcp://127.0.0.1:0"), |peers| {
        let error = Broker::bind(&peers.context, &config(&peers.endpoints.clients), &NodeSecurity::Plain);
        assert_eq!(
            error.err().expect("binding is refused").to_string(),
            format!(
                "{} is in use: another papo may be running there; stop it, or choose another port with its flag",
                peers.endpoints.clients
            )
        );
    });
}

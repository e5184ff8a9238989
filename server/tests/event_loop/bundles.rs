//! Bundles of requests and replies between a running server and its broker.

use std::collections::VecDeque;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use server::Server;
use tempfile::TempDir;
use transport::bundle::{Bundle, BundleReader, MESSAGES_MAX, is_bundle};
use transport::client_name::{self, Client};
use transport::poll::{Watch, wait_which};
use transport::security::{NodeSecurity, Security};
use transport::shutdown::Shutdown;
use transport::{Context, Frame, Kind, Sent, Socket};

use crate::{BROKER, PROXY, RequestOnDrop, config};

/// The maximum time until the server answers.
const DEADLINE: Duration = Duration::from_secs(60);

/// The broker of a running server.
struct Broker {
    socket: Socket,
    /// The name of a client, as a broker with bundles extends it.
    client: Frame,
    replies: VecDeque<Reply>,
}

struct Reply {
    /// The name and the tag of the client, and the empty frame.
    envelope: Vec<Vec<u8>>,
    lines: Vec<u8>,
    is_bundled: bool,
}

fn with_server(work: impl FnOnce(&mut Broker)) {
    let (context, data) = (Context::new(), TempDir::new().expect("a folder"));
    let socket = context.socket(Kind::Dealer, &Security::Plain).expect("a socket");
    socket.bind(BROKER).expect("an endpoint");
    let proxy = context.socket(Kind::XSubscriber, &Security::Plain).expect("a socket");
    proxy.subscribe(b"").expect("a subscription");
    proxy.bind(PROXY).expect("an endpoint");
    let server = Server::open(&context, &config(data.path()), &NodeSecurity::Plain).expect("a server");
    let shutdown = Shutdown::new();
    thread::scope(|scope| {
        scope.spawn(|| server.run(&shutdown).expect("a clean shutdown"));
        let _end = RequestOnDrop(&shutdown);
        let client = client_name::extend(b"\0client", Client::One(None), b"this run");
        work(&mut Broker { socket, client, replies: VecDeque::new() });
    });
}

impl Broker {
    fn send(&self, frames: &[&[u8]]) {
        let sent = self.socket.send(frames.iter().map(|frame| Frame::from(*frame)));
        assert_eq!(sent.expect("sending succeeds"), Sent::Done);
    }

    /// Sends requests, each with its envelope.
    fn send_bundle<'a>(&self, requests: impl Iterator<Item = (&'a [Vec<u8>], Vec<u8>)>) {
        let mut bundle = Bundle::default();
        for (envelope, request) in requests {
            let envelope: Vec<_> = envelope.iter().map(|frame| Frame::from(&**frame)).collect();
            assert!(bundle.push(&envelope, &request), "a small request");
        }
        self.send(&[&*bundle.to_frame()]);
    }

    fn reply(&mut self) -> Reply {
        while self.replies.is_empty() {
            let mut frames = Vec::new();
            if !self.socket.receive(&mut frames).expect("receiving succeeds") {
                let ready = wait_which([Watch::Readable(&self.socket)], Some(DEADLINE));
                assert_eq!(ready.expect("waiting succeeds"), [true], "the server does not answer");
                continue;
            }
            let is_bundled = frames.len() == 1 && is_bundle(&frames[0]);
            if !is_bundled {
                self.replies.push_back(reply(&frames, is_bundled));
                continue;
            }
            let mut bundle = BundleReader::new(frames.remove(0)).expect("a bundle");
            while bundle.next(&mut frames) {
                self.replies.push_back(reply(&frames, is_bundled));
                frames.clear();
            }
        }
        self.replies.pop_front().expect("a reply")
    }

    /// Sends one request of the client, and returns its result.
    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.send(&[&self.client, b"", &line(0, method, params)]);
        let reply = self.reply();
        let value: Value = serde_json::from_slice(&reply.lines).expect("JSON");
        assert!(value["result"].is_object(), "{value}");
        value["result"].clone()
    }
}

fn reply(frames: &[Frame], is_bundled: bool) -> Reply {
    let (lines, envelope) = frames.split_last().expect("frames");
    assert!(envelope.last().expect("an envelope").is_empty(), "the empty frame precedes the lines");
    let envelope = envelope.iter().map(|frame| frame.to_vec()).collect();
    Reply { envelope, lines: lines.to_vec(), is_bundled }
}

fn line(id: usize, method: &str, params: &Value) -> Vec<u8> {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string().into_bytes()
}

#[test]
fn small_replies_are_bundled_for_a_broker_that_reads_bundles() {
    with_server(|broker| {
        let older = [b"\0client".as_slice(), &[0; 32], b"this run"].concat();
        broker.send(&[&older, b"", &line(1, "server.info", &json!({}))]);
        let reply = broker.reply();
        assert_eq!(
            (&reply.envelope[0], reply.is_bundled),
            (&older, false),
            "an older broker reads no bundles"
        );

        broker.send(&[&broker.client, b"", &line(1, "server.info", &json!({}))]);
        let reply = broker.reply();
        assert_eq!(reply.envelope[0], *broker.client);
        assert!(reply.is_bundled, "one reply in a bundle shows that the server reads bundles");

        let other = client_name::extend(b"\0other", Client::One(None), b"this run").to_vec();
        let envelopes = [
            vec![broker.client.to_vec(), vec![]],
            vec![other.clone(), b"tag 1".to_vec(), vec![]],
            vec![other, b"tag 2".to_vec(), vec![]],
        ];
        let envelopes = || envelopes.iter().map(Vec::as_slice).cycle().zip(0..MESSAGES_MAX);
        broker.send_bundle(envelopes().map(|(to, id)| (to, line(id, "server.info", &json!({})))));
        for (envelope, id) in envelopes() {
            let reply = broker.reply();
            let lines: Value = serde_json::from_slice(&reply.lines).expect("JSON");
            assert_eq!((&*reply.envelope, &lines["id"], reply.is_bundled), (envelope, &json!(id), true));
        }
    });
}

/// Pages of history of nearly a MiB, which are too large for a bundle. The pages of two bundles are more than
/// the server keeps, so the server continues in the middle of a bundle.
#[test]
fn large_replies_are_sent_alone_between_bundled_replies() {
    with_server(|broker| {
        let credentials = json!({ "user": "alice", "password": "correct horse" });
        broker.ask("auth.register", &credentials);
        let token = broker.ask("auth.login", &credentials)["token"].clone();
        for number in 0..60 {
            let id = format!("01890000-0000-7000-8000-0000000000{number:02}");
            let text = "x".repeat(16_000);
            broker.ask("message.send", &json!({ "token": token, "to": "@alice", "id": id, "text": text }));
        }
        let page = json!({ "token": token, "conversation": "@alice", "limit": 60 });
        let envelope = [broker.client.to_vec(), vec![]];
        let request = |id| match id % 2 {
            0 => line(id, "message.history", &page),
            _ => line(id, "server.info", &json!({})),
        };
        for bundle in 0..2 {
            let ids = bundle * MESSAGES_MAX..(bundle + 1) * MESSAGES_MAX;
            broker.send_bundle(ids.map(|id| (&envelope[..], request(id))));
        }
        for id in 0..2 * MESSAGES_MAX {
            let reply = broker.reply();
            assert_eq!((reply.lines.len() > 900_000, reply.is_bundled), (id % 2 == 0, id % 2 == 1), "{id}");
            let lines: Value = serde_json::from_slice(&reply.lines).expect("JSON");
            assert_eq!(lines["id"], json!(id));
        }
    });
}

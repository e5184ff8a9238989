//! Bundles of requests and replies between a running server and its broker.

use std::collections::VecDeque;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use server::Server;
use tempfile::TempDir;
use transport::bundle::{Bundle, MESSAGES_MAX, Unbundling, is_bundle};
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
    /// The name of the client, as a broker with bundles extends it.
    client: Frame,
    replies: VecDeque<Reply>,
}

struct Reply {
    name: Vec<u8>,
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

    fn send_bundle(&self, requests: &[Vec<u8>]) {
        let mut bundle = Bundle::default();
        for request in requests {
            assert!(bundle.push(&[Frame::from(&*self.client), Frame::new()], request), "a small request");
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
            let (mut bundle, mut frames) = (Unbundling::new(frames.remove(0)), Vec::new());
            while bundle.next(&mut frames).expect("a whole bundle") {
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
    assert_eq!((frames.len(), frames[1].len()), (3, 0), "a name, the empty frame and the lines");
    Reply { name: frames[0].to_vec(), lines: frames[2].to_vec(), is_bundled }
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
        assert!(reply.name == older && !reply.is_bundled, "an older broker reads no bundles");

        broker.send(&[&broker.client, b"", &line(1, "server.info", &json!({}))]);
        let reply = broker.reply();
        assert!(
            reply.name == *broker.client && reply.is_bundled,
            "even one reply shows that bundles are read"
        );

        let requests: Vec<_> = (0..MESSAGES_MAX).map(|id| line(id, "server.info", &json!({}))).collect();
        broker.send_bundle(&requests);
        for id in 0..MESSAGES_MAX {
            let reply = broker.reply();
            let lines: Value = serde_json::from_slice(&reply.lines).expect("JSON");
            assert_eq!((&lines["id"], reply.is_bundled), (&json!(id), true));
        }
    });
}

/// Pages of history of nearly a MiB, which are too large for a bundle: together more than the server keeps.
/// The server continues in the middle of the bundle in many turns.
#[test]
fn large_replies_are_sent_alone_and_in_order() {
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
        let requests: Vec<_> = (0..MESSAGES_MAX).map(|id| line(id, "message.history", &page)).collect();
        broker.send_bundle(&requests);
        for id in 0..MESSAGES_MAX {
            let reply = broker.reply();
            assert!(reply.lines.len() > 900_000 && !reply.is_bundled, "{} bytes", reply.lines.len());
            let lines: Value = serde_json::from_slice(&reply.lines).expect("JSON");
            assert_eq!(lines["id"], json!(id));
        }
    });
}

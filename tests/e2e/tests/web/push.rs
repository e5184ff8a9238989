//! Web Push: a push service of the test receives pushes, and Python's libraries verify and decrypt them.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use e2e::{DEADLINE, Node, Peer, Received, Receiver, Web};
use serde_json::{Value, json};
use transport::clock;

use super::team;

/// Without this flag, the gateway does not connect to a push service on this machine.
const LOCAL: (&str, &str) = ("hooks-allow", "127.0.0.0/8");

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = clock::now();
    while !is_so() {
        assert!(started.elapsed() < DEADLINE, "{what}");
        std::thread::yield_now();
    }
}

/// Runs `push.py` in the environment of the interop test. Returns its result.
fn python(argument: &str, input: &Value) -> Value {
    let interop = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop");
    let mut program = Command::new(interop.join("run"));
    program.arg(argument).env("PAPO_INTEROP_PROGRAM", interop.join("push.py"));
    let mut child = program.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("python3");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(input.to_string().as_bytes()).expect("written");
    drop(stdin);
    let output = child.wait_with_output().expect("an end");
    assert!(output.status.success(), "push.py {argument} failed");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// A browser with a subscription.
struct Browser {
    keys: Value,
    /// The key of the node.
    node: Value,
}

impl Browser {
    /// Subscribes the session of a user who is away.
    fn subscribe(user: &mut Peer, receiver: &Receiver) -> Self {
        let keys = python("keys", &json!({}));
        let node = user.call("push.key", json!({})).expect("a key")["key"].clone();
        let params = json!({ "endpoint": receiver.url(), "p256dh": keys["p256dh"], "auth": keys["auth"] });
        user.call("push.subscribe", params).expect("subscribed");
        user.call("presence.set", json!({ "state": "away" })).expect("away");
        Self { keys, node }
    }

    /// The claims of the signature and the payload, which Python's libraries verify and decrypt.
    fn open(&self, request: &Received, receiver: &Receiver) -> Value {
        let body = base64_url(&request.bytes);
        python(
            "open",
            &json!({
                "private": self.keys["private"], "auth": self.keys["auth"], "key": self.node, "body": body,
                "authorization": request.header("authorization"),
                "audience": receiver.url().trim_end_matches("/papo"),
            }),
        )
    }
}

/// The page of the gateway for monitors.
fn metrics(node: &Node) -> String {
    let page = Web::new(node.endpoint("metrics")).request("GET", "/metrics", &[], b"");
    String::from_utf8(page.body).expect("text")
}

/// Base64 for URLs without padding.
fn base64_url(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let number =
            chunk.iter().fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        let digit = |at: usize| char::from(DIGITS[(number >> (18 - 6 * at)) as usize & 63]);
        text.extend((0..=chunk.len()).map(digit));
    }
    text
}

#[test]
fn a_push_service_gets_pushes_that_python_verifies_and_decrypts() {
    let node = Node::with_gateway(&[LOCAL, ("web-origin", "https://chat.example")]);
    let [mut alice, mut bob] = team(&node);
    let receiver = Receiver::start(|_| 201);
    let browser = Browser::subscribe(&mut bob, &receiver);
    alice.send("#ops", "nothing for bob").expect("sent");
    let n = alice.send("#ops", "the secret, @bob").expect("sent").n;
    wait_until("no push", || !receiver.requests().is_empty());
    let request = receiver.requests().remove(0);
    assert_eq!(request.header("content-encoding"), "aes128gcm");
    assert_eq!((request.header("ttl"), request.header("urgency")), ("86400", "high"));
    assert_eq!(request.header("topic").len(), 32);
    let opened = browser.open(&request, &receiver);
    assert_eq!(
        opened["payload"],
        json!({ "user": "bob", "conversation": "#ops", "n": n }),
        "no text and no sender"
    );
    assert_eq!(opened["claims"]["sub"], "https://chat.example");
    let expires = opened["claims"]["exp"].as_u64().expect("a time");
    assert!((1..=24 * 60 * 60).contains(&(expires - clock::unix_ms() / 1_000)), "{expires}");

    let n = (0..3).map(|_| alice.send("@bob", "x").expect("sent").n).max().expect("a number");
    wait_until("no second push", || receiver.requests().len() > 1);
    let requests = receiver.requests();
    let opened = browser.open(&requests[1], &receiver);
    let payload = json!({ "user": "bob", "conversation": "@alice", "n": n });
    assert_eq!(opened["payload"], payload, "one push for three messages");
    assert_ne!(requests[1].header("topic"), request.header("topic"));
    assert_eq!(requests[1].bytes.len(), request.bytes.len(), "the length reveals nothing");
    let counted = "papo_pushes_total{result=\"accepted\"} 2";
    wait_until("not counted", || metrics(&node).lines().any(|line| line == counted));
    node.assert_healthy();
}

#[test]
fn a_push_is_repeated_after_503_and_a_subscription_ends_with_410_or_404() {
    let node = Node::with_gateway(&[LOCAL]);
    let [mut alice, mut bob] = team(&node);
    let receiver = Receiver::start(|request| match request {
        1 => 503,
        2 => 403,
        3 => 201,
        4 => 410,
        _ => 404,
    });
    let is_subscribed =
        |bob: &mut Peer| bob.call("push.list", json!({})).expect("a list")["subscriptions"] != json!([]);
    Browser::subscribe(&mut bob, &receiver);
    // The first push fails and is repeated. The push service refuses it then, and papo gives it up.
    for count in [2, 3, 4] {
        alice.send("@bob", "x").expect("sent");
        wait_until("too few requests", || receiver.requests().len() >= count);
    }
    wait_until("still subscribed after 410", || !is_subscribed(&mut bob));
    Browser::subscribe(&mut bob, &receiver);
    alice.send("@bob", "x").expect("sent");
    wait_until("still subscribed after 404", || !is_subscribed(&mut bob));
    assert_eq!(receiver.requests().len(), 5);
}

#[test]
fn an_internal_push_service_gets_nothing_without_the_flag() {
    let node = Node::with_gateway(&[]);
    let [mut alice, mut bob] = team(&node);
    let receiver = Receiver::start(|_| 201);
    Browser::subscribe(&mut bob, &receiver);
    alice.send("@bob", "x").expect("sent");
    wait_until("no attempt", || {
        metrics(&node).lines().any(|line| {
            line.strip_prefix("papo_pushes_total{result=\"failed\"} ").is_some_and(|count| count != "0")
        })
    });
    assert!(receiver.requests().is_empty());
}

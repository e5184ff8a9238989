//! Outgoing webhooks: a receiver gets each event, signed. The test of kills is in `chaos`.

use std::process::Command;
use std::time::Duration;

use common::Detail;
use e2e::fake_ca::FakeCa;
use e2e::{DEADLINE, Node, Peer, Process, Received, Receiver, Web};
use serde_json::{Value, json};
use transport::clock;

use super::team;
use crate::commands::Shell;

/// Without this flag, the gateway does not connect to a receiver on this machine.
const LOCAL: (&str, &str) = ("hooks-allow", "127.0.0.0/8");

/// Creates an outgoing hook of `#ops`. Returns its id and its secret.
fn outgoing(alice: &mut Peer, url: &str) -> (String, String) {
    let params = json!({ "channel": "#ops", "name": "ci", "url": url });
    let created = alice.call("hook.create", params).expect("a hook");
    let text = |name: &str| created[name].as_str().expect("a text").to_owned();
    (text("id"), text("secret"))
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = clock::now();
    while !is_so() {
        assert!(started.elapsed() < DEADLINE, "{what}");
        std::thread::yield_now();
    }
}

fn wait_for(receiver: &Receiver, count: usize) -> Vec<Received> {
    wait_until("too few requests", || receiver.requests().len() >= count);
    receiver.requests()
}

/// The deliveries of the hook with this id.
fn delivery(alice: &mut Peer, id: &str) -> Value {
    let listed = alice.call("hook.list", json!({ "channel": "#ops" })).expect("hooks");
    let hooks = listed["hooks"].as_array().expect("hooks");
    hooks.iter().find(|hook| hook["id"] == id).expect("the hook")["delivery"].clone()
}

/// Verifies a request as the specification Standard Webhooks describes it, with Python's own library.
fn verify(request: &Received, secret: &str) -> bool {
    let program = "import base64, hashlib, hmac, sys\n\
        secret, message, timestamp, signature, body = sys.argv[1:]\n\
        key = base64.b64decode(secret.removeprefix('whsec_'))\n\
        signed = f'{message}.{timestamp}.{body}'.encode()\n\
        code = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()\n\
        sys.exit(0 if hmac.compare_digest(f'v1,{code}', signature) else 1)\n";
    let [id, timestamp, signature] =
        ["webhook-id", "webhook-timestamp", "webhook-signature"].map(|name| request.header(name));
    let mut python = Command::new("python3");
    python.args(["-c", program, secret, id, timestamp, signature, &request.body]);
    python.status().expect("python3").success()
}

#[test]
fn a_receiver_gets_the_event_lines_with_a_signature_that_python_verifies() {
    let node = Node::with_gateway(&[LOCAL]);
    let [mut alice, mut bob] = team(&node);
    let receiver = Receiver::start(|_| 204);
    let (id, secret) = outgoing(&mut alice, &receiver.url());
    let texts = ["build \"done\"", "é 🎉\n<b>"];
    let sent = texts.map(|text| bob.send("#ops", text).expect("sent").n);
    let requests = wait_for(&receiver, 2);
    let page = bob.call("message.history", json!({ "conversation": "#ops", "limit": 2 })).expect("events");
    for ((request, n), (text, event)) in
        requests.iter().zip(sent).zip(texts.iter().zip(page["events"].as_array().expect("events")))
    {
        assert_eq!(request.path, "/papo");
        assert_eq!(request.json(), *event, "the body is the event line");
        assert_eq!(request.json()["text"], **text);
        assert_eq!(request.header("webhook-id"), format!("{id}:{n}"));
        assert_eq!(request.header("content-type"), "application/json");
        let age_s =
            clock::unix_ms() / 1_000 - request.header("webhook-timestamp").parse::<u64>().expect("seconds");
        assert!(age_s < 60, "{age_s}");
        assert!(verify(request, &secret), "{request:?}");
        let changed = Received { body: request.body.replacen('{', "{ ", 1), ..request.clone() };
        assert!(!verify(&changed, &secret), "another body needs another signature");
    }
    wait_until("not accepted", || delivery(&mut alice, &id)["n"] == sent[1]);
    alice.call("hook.revoke", json!({ "id": id })).expect("revoked");
    bob.send("#ops", "later").expect("sent");
    let (_, _) = outgoing(&mut alice, &receiver.url());
    let last = bob.send("#ops", "for the next hook").expect("sent").n;
    wait_until("no next hook", || receiver.requests().iter().any(|request| request.json()["n"] == last));
    assert_eq!(receiver.requests().len(), 3, "the revoked hook delivers nothing");
    node.assert_healthy();
}

#[test]
fn a_receiver_that_fails_gets_the_event_again_and_a_refusal_is_listed() {
    let node = Node::with_gateway(&[LOCAL]);
    let [mut alice, mut bob] = team(&node);
    let elsewhere = Receiver::start(|_| 200);
    let receiver = Receiver::start(|request| match request {
        1 => 500,
        2 => 302,
        _ => 200,
    });
    let (id, _) = outgoing(&mut alice, &receiver.url());
    let n = bob.send("#ops", "hello").expect("sent").n;
    wait_until("no error is listed", || {
        delivery(&mut alice, &id)["error"] == "the receiver answered 500 Internal Server Error"
    });
    assert_eq!(delivery(&mut alice, &id)["state"], "failing");
    let requests = wait_for(&receiver, 3);
    let numbers: Vec<_> = requests.iter().map(|request| request.json()["n"].clone()).collect();
    assert_eq!(numbers, vec![json!(n); 3]);
    wait_until("still failing", || delivery(&mut alice, &id)["state"] == "active");
    assert!(elsewhere.requests().is_empty(), "no redirect is followed");
}

#[test]
fn an_internal_address_gets_nothing_without_the_flag() {
    let node = Node::with_gateway(&[]);
    let [mut alice, mut bob] = team(&node);
    let receiver = Receiver::start(|_| 200);
    let hosts = ["127.0.0.1", "localhost", "127.1", "[::ffff:127.0.0.1]"];
    let hooks = hosts.map(|host| outgoing(&mut alice, &format!("http://{host}:{}/", receiver.port())).0);
    bob.send("#ops", "secret").expect("sent");
    for id in hooks {
        wait_until("no error is listed", || {
            let delivery = delivery(&mut alice, &id);
            delivery["error"]
                .as_str()
                .is_some_and(|error| error.starts_with("the host has no public address"))
        });
    }
    assert!(receiver.requests().is_empty());
}

/// The deliveries that the gateway counts with this result.
fn counted(node: &Node, result: &str) -> u64 {
    let page = Web::new(node.endpoint("metrics")).request("GET", "/metrics", &[], b"");
    let page = String::from_utf8(page.body).expect("text");
    let sample = format!("papo_webhook_deliveries_total{{result=\"{result}\"}} ");
    let count = page.lines().find_map(|line| line.strip_prefix(&sample)).expect("the sample");
    count.parse().expect("a number")
}

const BAD_CERTIFICATE: &str = "the receiver has no valid certificate for its name";
const DAY: Duration = Duration::from_secs(86_400);

#[test]
fn a_receiver_with_https_needs_a_valid_certificate_for_its_name() {
    let (ca, stranger) = (FakeCa::start(DAY), FakeCa::start(DAY));
    let root = ca.root_file().display().to_string();
    let node = Node::with_gateway(&[LOCAL, ("hooks-root", &root)]);
    let [mut alice, mut bob] = team(&node);
    let bad = [
        ("another name", ca.issue("ci.example", DAY)),
        ("expired", ca.issue_expired("localhost")),
        ("another authority", stranger.issue("localhost", DAY)),
    ];
    let bad = bad.map(|(kind, certificate)| (kind, Receiver::start_tls(&certificate, |_| 200)));
    let failing = bad.each_ref().map(|(_, receiver)| outgoing(&mut alice, &receiver.url_at("localhost")).0);
    let good = Receiver::start_tls(&ca.issue("localhost", DAY), |_| 204);
    let (id, secret) = outgoing(&mut alice, &good.url_at("localhost"));
    let n = bob.send("#ops", "build done").expect("sent").n;
    wait_until("not accepted", || delivery(&mut alice, &id)["n"] == n);
    assert!(good.requests().iter().all(|request| verify(request, &secret)));
    for (id, (kind, receiver)) in failing.iter().zip(&bad) {
        wait_until(kind, || delivery(&mut alice, id)["error"] == BAD_CERTIFICATE);
        assert!(receiver.requests().is_empty(), "{kind}");
    }
    assert!(counted(&node, "failed") >= 3 && counted(&node, "accepted") >= 1);
    let flags = ["gateway", "--metrics", "127.0.0.1:0", "--plaintext", "--hooks-root", "/missing.pem"];
    let unreadable = Process::run(flags);
    assert_eq!(unreadable.code, Some(1));
    assert!(unreadable.log.contains("cannot read /missing.pem"), "{}", unreadable.log);
}

#[test]
fn a_receiver_with_https_is_checked_with_the_certificates_of_the_system() {
    let ca = FakeCa::start(DAY);
    let root = ca.root_file().display().to_string();
    let receiver = Receiver::start_tls(&ca.issue("localhost", DAY), |_| 200);
    let node = Node::with_gateway(&[LOCAL]);
    let [mut alice, mut bob] = team(&node);
    let (id, _) = outgoing(&mut alice, &receiver.url_at("localhost"));
    bob.send("#ops", "hello").expect("sent");
    wait_until("no error is listed", || delivery(&mut alice, &id)["error"] == BAD_CERTIFICATE);
    assert!(receiver.requests().is_empty());
    let node = Node::with_gateway(&[LOCAL, ("SSL_CERT_FILE", &root)]);
    let [mut alice, mut bob] = team(&node);
    outgoing(&mut alice, &receiver.url_at("localhost"));
    bob.send("#ops", "hello").expect("sent");
    wait_for(&receiver, 1);
}

#[test]
fn a_node_without_encryption_refuses_outgoing_webhooks() {
    let node = Node::with_gateway(&[LOCAL, ("plaintext", "")]);
    let [mut alice, _bob] = team(&node);
    let mut create = |url: Option<&str>| {
        let params = json!({ "channel": "#ops", "name": "ci", "url": url });
        alice.call("hook.create", params).map_err(|error| error.detail().cloned())
    };
    assert_eq!(create(Some("https://ci.example/")).expect_err("refused"), Some(Detail::PlainWebhooks));
    create(None).expect("an incoming webhook");
}

#[test]
fn a_client_of_the_gateway_is_not_the_gateway() {
    let node = Node::with_gateway(&[LOCAL]);
    let [alice, _bob] = team(&node);
    let token = crate::web::token(&alice);
    let take = json!({ "jsonrpc": "2.0", "id": 1, "method": "delivery.take", "params": { "runs": 1 } });
    assert_eq!(node.web().post("/rpc", &token, &take).json()["error"]["data"]["detail"], "only_gateway");
    let mut socket = node.web().chat(&token);
    let refused = socket.call("delivery.take", json!({ "runs": 1 })).expect_err("refused");
    assert_eq!(refused.detail(), Some(&Detail::OnlyGateway));
}

#[test]
fn a_moderator_manages_outgoing_webhooks_with_commands() {
    let node = Node::with_gateway(&[LOCAL]);
    let receiver = Receiver::start(|_| 200);
    let alice = Shell::new(&node, "alice");
    alice.run_ok(&["create", "#ops"]);
    let created = alice.run_ok(&["hook", "create", "#ops", "--name", "ci", "--out", &receiver.url()]);
    assert!(created.starts_with("secret: whsec_"), "{created}");
    alice.run_ok(&["send", "#ops", "hello"]);
    wait_for(&receiver, 1);
    wait_until("not accepted", || alice.run_ok(&["hook", "list", "#ops"]).contains("delivered 4 of 4\n"));
    let listed = alice.run_ok(&["hook", "list", "#ops"]);
    let (id, rest) = listed.split_once(' ').expect("an id");
    assert_eq!(rest, format!("@ci by @alice to {}, delivered 4 of 4\n", receiver.url()));
    assert_eq!(alice.run_ok(&["hook", "resume", id]), "the webhook delivers again\n");
    let refused = alice.run(&["hook", "create", "#ops", "--name", "ci", "--out", "ci.example"]);
    assert!(refused.log.contains("write an address such as `https://ci.example/papo`"), "{}", refused.log);
    assert_eq!(alice.run_ok(&["hook", "revoke", id]), "the webhook is revoked\n");
}

//! Incoming webhooks over HTTP, and a real Alertmanager.
#![expect(clippy::disallowed_methods, reason = "the test writes a configuration")]

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};

use common::{Body, Event};
use e2e::{Answer, DEADLINE, Node, Peer, Process, Web};
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;
use transport::clock;

use super::team;
use crate::commands::Shell;

/// Creates a hook in `#ops`. Returns its path, and its secret if it is signed.
fn hook(alice: &mut Peer, more: Value) -> (String, Value) {
    let mut params = json!({ "channel": "#ops", "name": "alerts" });
    for (name, value) in more.as_object().expect("an object") {
        params[name] = value.clone();
    }
    let created = alice.call("hook.create", params).expect("a hook");
    (format!("/hooks/{}", created["hook"].as_str().expect("a token")), created["secret"].clone())
}

fn post(web: &Web, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    web.request("POST", path, headers, body.as_bytes())
}

fn words(answer: &Answer) -> (u16, &str, Option<&str>) {
    (answer.status, std::str::from_utf8(&answer.body).expect("text"), answer.header("content-type"))
}

/// The texts of the messages in `#ops`, with their posters.
fn messages(peer: &mut Peer) -> Vec<String> {
    let text = |event: Event<'_>| {
        if let Body::Message { text, via: Some(via), .. } = event.body {
            let poster = via.username.as_ref().map_or("", |name| name.as_str());
            Some(format!("{} ({poster}): {}", event.from, text.as_str()))
        } else if let Body::Edited { text, .. } = event.body {
            Some(format!("edited: {}", text.as_str()))
        } else {
            None
        }
    };
    peer.history("#ops").into_iter().filter_map(text).collect()
}

#[test]
fn an_accepted_post_is_answered_with_ok_and_a_refused_one_with_a_word_of_slack() {
    let node = Node::with_gateway(&[]);
    let [mut alice, mut bob] = team(&node);
    let (path, _) = hook(&mut alice, json!({}));
    let web = node.web();
    let (ok, text) = ((200, "ok", Some("text/plain")), "{\"text\":\"build *done*\",\"username\":\"CI\"}");
    assert_eq!(words(&post(&web, &path, &[("Content-Type", "application/json; charset=utf-8")], text)), ok);
    assert_eq!(words(&post(&web, &path, &[], text)), ok);
    let form = "payload=%7B%22text%22%3A%22a+form%22%7D";
    let kind = [("Content-Type", "application/x-www-form-urlencoded")];
    assert_eq!(words(&post(&web, &path, &kind, form)), ok);
    let key = [("Idempotency-Key", "deploy 7")];
    for _ in 0..2 {
        assert_eq!(words(&post(&web, &path, &key, "{\"text\":\"once\"}")), ok);
    }
    let done = "alerts (CI): build **done**";
    assert_eq!(messages(&mut bob), [done, done, "alerts (): a form", "alerts (): once"]);
    for (path, body, status, word) in [
        (&*path, "no json", 400, "invalid_payload"),
        (&path, "{\"text\":\"\"}", 400, "no_text"),
        ("/hooks/0000000000000000000000000000000000000000", text, 404, "no_service"),
        ("/hooks/x", text, 404, "no_service"),
    ] {
        let answer = post(&web, path, &[], body);
        assert_eq!(words(&answer), (status, word, Some("text/plain")), "{body}");
    }
    let large = format!("{{\"text\":\"{}\"}}", "x".repeat(256 << 10));
    assert_eq!(post(&web, &path, &[], &large).status, 413);
    let long = format!("{{\"text\":\"{}\"}}", "x".repeat(40_000));
    assert_eq!(words(&post(&web, &path, &[], &long)), ok);
    assert!(messages(&mut bob).pop().expect("a message").ends_with("x … (cut)"));
    assert_eq!(web.request("GET", &path, &[], b"").status, 405);
    let page = Web::new(node.endpoint("metrics")).request("GET", "/metrics", &[], b"");
    let page = String::from_utf8(page.body).expect("text");
    assert!(page.contains("papo_webhook_requests_total{kind=\"slack\",status=\"404\"} 2\n"), "{page}");
    assert!(!page.contains(&path[7..]) && !node.log("up").contains(&path[7..]), "no token in metrics or log");
    alice.call("channel.delete", json!({ "channel": "#ops" })).expect("deleted");
    assert_eq!(words(&post(&web, &path, &[], text)).1, "no_service");
    node.assert_healthy();
}

#[test]
fn a_hook_that_posts_too_fast_waits() {
    let node = Node::with_gateway(&[]);
    let [mut alice, _bob] = team(&node);
    let (path, _) = hook(&mut alice, json!({}));
    let started = clock::now();
    let refused = loop {
        let answer = post(&node.web(), &path, &[], "{\"text\":\"x\"}");
        if answer.status != 200 {
            break answer;
        }
        assert!(started.elapsed() < DEADLINE, "no limit");
    };
    assert_eq!(words(&refused).0, 429);
    assert_eq!(refused.header("retry-after"), Some("1"));
}

#[test]
fn a_post_of_github_is_verified_and_stored_once() {
    let node = Node::with_gateway(&[]);
    let [mut alice, mut bob] = team(&node);
    let (path, secret) = hook(&mut alice, json!({ "signed": true }));
    let path = format!("{path}/github");
    let body = r#"{"zen":"Design for failure.","repository":{"full_name":"team/shop"}}"#;
    let signature = format!("sha256={}", hmac(secret.as_str().expect("a secret"), body));
    let headers = |event: &'static str, signature| {
        [
            ("X-GitHub-Event", event),
            ("X-GitHub-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958"),
            ("X-Hub-Signature-256", signature),
        ]
    };
    for _ in 0..2 {
        assert_eq!(words(&post(&node.web(), &path, &headers("ping", &signature), body)).1, "ok");
    }
    assert_eq!(
        messages(&mut bob),
        ["alerts (GitHub): **team/shop**: the webhook works: Design for failure."]
    );
    assert_eq!(post(&node.web(), &path, &headers("star", &signature), body).status, 202);
    let wrong = signature.replace(&signature[7..9], "zz");
    for headers in [&headers("ping", &wrong)[..], &headers("ping", &signature)[..2]] {
        assert_eq!(
            words(&post(&node.web(), &path, headers, body)),
            (403, "action_prohibited", Some("text/plain"))
        );
    }
    assert_eq!(words(&post(&node.web(), &path, &[], body)).1, "invalid_payload", "no event");
}

/// An address whose port no program uses now.
fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").to_string()
}

/// The HMAC-SHA-256 of a text, as `openssl` computes it.
fn hmac(secret: &str, text: &str) -> String {
    let script = format!("printf %s '{text}' | openssl dgst -sha256 -hmac '{secret}' -r");
    let output = Command::new("sh").args(["-c", &script]).output().expect("openssl");
    String::from_utf8(output.stdout).expect("text").split(' ').next().expect("digits").to_owned()
}

/// Alertmanager of the system, which sends its alerts to a hook in both of its formats.
fn alertmanager(folder: &TempDir, address: &str, web: &Web, path: &str) -> Process {
    let url = format!("http://{}{path}", web.address());
    let receiver = format!(
        "route: {{ receiver: ops, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 1h }}\n\
         receivers:\n- name: ops\n  slack_configs: [{{ api_url: '{url}', channel: '#ops', send_resolved: true }}]\n\
         \x20 webhook_configs: [{{ url: '{url}/alertmanager', send_resolved: true }}]\n"
    );
    let config = folder.path().join("alertmanager.yml");
    fs::write(&config, receiver).expect("written");
    let mut command = Command::new("prometheus-alertmanager");
    command.arg(format!("--config.file={}", config.display()));
    command.arg(format!("--storage.path={}", folder.path().join("data").display()));
    command.args([&format!("--web.listen-address={address}"), "--cluster.listen-address="]);
    Process::start_with_stderr(command, Stdio::null())
}

/// Waits until the messages in `#ops` have all of these parts.
fn wait_for(bob: &mut Peer, parts: &[&str]) {
    let started = clock::now();
    loop {
        let shown = messages(bob);
        let is_shown = |part: &&str| shown.iter().any(|message| message.contains(*part));
        if parts.iter().all(is_shown) {
            return;
        }
        assert!(started.elapsed() < DEADLINE, "{parts:?} is not in {shown:#?}");
        std::thread::yield_now();
    }
}

#[test]
fn a_real_alertmanager_posts_in_both_formats_and_edits_its_group() {
    let node = Node::with_gateway(&[]);
    let [mut alice, mut bob] = team(&node);
    let (path, _) = hook(&mut alice, json!({}));
    let folder = TempDir::new().expect("a folder");
    let address = free_address();
    let manager = alertmanager(&folder, &address, &node.web(), &path);
    let alert = |ends: &str| json!([{ "labels": { "alertname": "DiskFull", "instance": "db1" }, "annotations": { "summary": "3 % free" }, "endsAt": ends }]);
    let send = |ends: &str| {
        let started = clock::now();
        while TcpStream::connect(&address).is_err() {
            assert!(started.elapsed() < DEADLINE, "prometheus-alertmanager does not start");
        }
        let headers = [("Content-Type", "application/json")];
        let answer = post(&Web::new(&address), "/api/v2/alerts", &headers, &alert(ends).to_string());
        assert_eq!(answer.status, 200, "{answer:?}");
    };
    send("2099-01-01T00:00:00Z");
    wait_for(
        &mut bob,
        &["alerts (Alertmanager): 🔴 [(FIRING:1) DiskFull", "alerts (Alertmanager): 🔴 **FIRING** (1)"],
    );
    send("2020-01-01T00:00:00Z");
    wait_for(&mut bob, &["alerts (Alertmanager): 🟢 [(RESOLVED) DiskFull", "edited: 🟢 **RESOLVED** (1)"]);
    let shown = messages(&mut bob);
    assert_eq!(shown.len(), 4, "no post was repeated: {shown:#?}");
    let stopped = manager.stop(Signal::TERM);
    assert_eq!(stopped.code, Some(0));
}

#[test]
fn a_moderator_manages_webhooks_with_commands() {
    let node = Node::with_gateway(&[]);
    let alice = Shell::new(&node, "alice");
    alice.run_ok(&["create", "#ops"]);
    let created = alice.run_ok(&["hook", "create", "#ops", "--name", "alerts", "--signed", "--json"]);
    let created: Value = serde_json::from_str(&created).expect("JSON");
    assert_eq!(created["secret"].as_str().map(str::len), Some(32));
    let path = alice.run_ok(&["hook", "create", "ops", "--name", "@builds"]);
    let answer = post(&node.web(), path.trim(), &[], "{\"text\":\"done\",\"username\":\"CI\"}");
    assert_eq!(answer.status, 200, "{answer:?}");
    let history = alice.run_ok(&["history", "#ops"]);
    assert!(history.contains("builds (CI): done"), "{history}");
    let listed = alice.run_ok(&["hook", "list", "#ops"]);
    let id = created["id"].as_str().expect("an id");
    assert!(listed.starts_with(&format!("{id} @alerts by @alice, signed\n")), "{listed}");
    assert_eq!(alice.run_ok(&["hook", "revoke", id]), "the webhook is revoked\n");
    assert_eq!(alice.run(&["hook", "revoke", id]).code, Some(1));
    assert_eq!(alice.run_ok(&["hook", "list", "#ops"]).lines().count(), 1);
}

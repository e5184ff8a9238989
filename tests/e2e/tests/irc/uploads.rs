//! Uploads of IRC clients to the gateway (FILEHOST), with the credentials of SASL.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::{Body, Reason};
use e2e::{Answer, DEADLINE, IrcClient, Node, PASSWORD, Peer, Web};
use serde_json::json;
use transport::{clock, open_files};

use super::files::{path, with_gateway};
use super::{assert_ends, team, team_on};
use crate::web::token;

/// The value of `Authorization` for a user and a password.
fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

fn bearer(peer: &Peer) -> String {
    format!("Bearer {}", token(peer))
}

fn post(web: &Web, authorization: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    web.request("POST", "/upload", &[&[("Authorization", authorization)], headers].concat(), body)
}

/// The file behind the link of an answer 201.
#[track_caller]
fn linked(web: &Web, answer: &Answer) -> Answer {
    assert_eq!(answer.status, 201, "{answer:?}");
    web.request("GET", path(answer.header("location").expect("an address"), web), &[], b"")
}

/// The lines of ISUPPORT for a client that connects.
fn supported(address: &str, user: &str) -> Vec<String> {
    let mut client = IrcClient::connect(address);
    client.send(&format!("PASS :{user}:{PASSWORD}\r\nNICK {user}\r\nUSER {user} 0 * :{user}"));
    client.sync().into_iter().filter(|line| line.contains(" 005 ")).collect()
}

/// The status of the answer on a stream; `None` if the gateway does not answer within `time`.
fn status_within(stream: &mut TcpStream, time: Duration) -> Option<String> {
    let mut head = [0; 12];
    stream.set_read_timeout(Some(time)).expect("a timeout");
    match stream.read_exact(&mut head) {
        Ok(()) => Some(String::from_utf8_lossy(&head[9..]).into_owned()),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => None,
        Err(_closed) => Some("closed".to_owned()),
    }
}

/// Waits until the gateway has this number of unfinished files.
fn wait_for_unfinished(node: &Node, count: usize) {
    let started = clock::now();
    while node.process("up").nameless_files(".scratch") != count {
        assert!(started.elapsed() < DEADLINE, "{}", node.process("up").nameless_files(".scratch"));
    }
}

/// Waits until the sessions of IRC clients and of uploads have ended.
fn wait_for_one_session(peer: &mut Peer) {
    let started = clock::now();
    let is_alone = |peer: &mut Peer| {
        let listed = peer.call("session.list", json!({})).expect("sessions");
        listed["sessions"].as_array().expect("a list").len() == 1
    };
    while !is_alone(peer) {
        assert!(started.elapsed() < DEADLINE, "another session is open");
    }
}

#[test]
fn a_client_uploads_a_file_and_posts_its_link() {
    let node = with_gateway();
    let ([mut alice, _bob], web) = (team_on(&node), node.web());
    let address = format!("http://{}/upload", web.address());
    let lines = supported(node.endpoint("irc"), "alice");
    let tokens = format!("soju.im/FILEHOST={address} draft/FILEHOST={address} :are supported by this server");
    assert_ends(&lines, &tokens);
    let options = web.request("OPTIONS", "/upload", &[], b"");
    assert_eq!((options.status, options.header("accept-post")), (204, Some("*/*")));

    wait_for_one_session(&mut alice);
    let bytes: Vec<u8> = (0..700_000_u32).map(|n| n.to_le_bytes()[n as usize % 3]).collect();
    let name = ("Content-Disposition", "attachment; filename=\"../../plan b.txt\"");
    let sent = post(&web, &basic("alice@phone", PASSWORD), &[name, ("Content-Type", "text/plain")], &bytes);
    let file = linked(&web, &sent);
    assert_eq!(file.body, bytes);
    let disposition = file.header("content-disposition").expect("a name");
    assert!(disposition.ends_with("filename*=UTF-8''plan%20b%2Etxt"), "{disposition}");
    // The file is in the conversation of alice with herself, and the session of the upload ends.
    let [event] = &alice.history("@alice")[..] else { panic!("one event") };
    assert!(matches!(&event.body, Body::File { file, .. } if file.bytes == 700_000), "{event:?}");
    wait_for_one_session(&mut alice);
    let link = sent.header("location").expect("an address");
    let mut bob = node.irc("bob", "");
    node.irc("alice", "").ask(&format!("PRIVMSG #ops :{link}"));
    bob.wait_for(&format!(":alice!alice@papo PRIVMSG #ops :{link}"));

    // Without a length, and with a token.
    let chunked = [("Authorization", &*bearer(&alice)), ("Transfer-Encoding", "chunked")];
    let mut stream = web.begin("POST", "/upload", &chunked, b"");
    stream.write_all(b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n").expect("written");
    assert_eq!(linked(&web, &e2e::read_answer(stream)).body, b"hello world");
    wait_for_unfinished(&node, 0);
}

#[test]
fn the_address_of_uploads_is_that_of_a_known_gateway() {
    let (node, _peers) = team();
    let lines = supported(node.endpoint("irc"), "alice");
    assert!(lines.len() > 1 && !lines.concat().contains("FILEHOST"), "{lines:#?}");
    let mut node = Node::in_three_processes();
    let _alice = e2e::peers(&node, ["alice"]);
    node.add_irc_with(&[("web-origin", "https://chat.example/")]);
    let lines = supported(node.endpoint("irc"), "alice");
    assert_ends(&lines, "draft/FILEHOST=https://chat.example/upload :are supported by this server");
}

#[test]
fn a_wrong_password_is_a_guess_and_a_token_counts_only_as_the_server_says() {
    let node = with_gateway();
    let ([mut alice, bob], web) = (team_on(&node), node.web());
    for _ in 0..5 {
        let refused = post(&web, &basic("alice", "incorrect horse"), &[], b"oi");
        assert_eq!((refused.status, &*refused.reason()), (401, "wrong_credentials"));
        assert!(refused.header("www-authenticate").is_some_and(|challenge| challenge.starts_with("Basic ")));
    }
    // The node counted the guesses, and the gateway refuses even the right password for a while.
    let guess = |_| {
        let credentials = json!({ "user": "alice", "password": "incorrect horse" });
        let refused = node.peer().call("auth.login", credentials).expect_err("refused");
        refused.reason() == Some(Reason::RateLimited)
    };
    assert!((0..4).any(guess), "the guesses over HTTP count");
    let limited = post(&web, &basic("alice", PASSWORD), &[], b"oi");
    assert_eq!((limited.status, limited.header("retry-after").is_some()), (429, true));

    let valid = bearer(&alice);
    let changed = if valid.ends_with('A') { 'B' } else { 'A' };
    let changed = format!("{}{changed}", &valid[..valid.len() - 1]);
    let first_changed = valid.replacen('.', ".x", 1);
    for refused in [&*changed, &first_changed, "Bearer a.b.c", "Bearer ", "Basic !", "Negotiate YTpi"] {
        assert_eq!(post(&web, refused, &[], b"oi").status, 401, "{refused}");
    }
    let cookie = format!("papo-0={}", token(&alice));
    assert_eq!(web.request("POST", "/upload", &[("Cookie", &cookie)], b"oi").status, 401);
    assert_eq!(post(&web, &valid, &[("Origin", "http://evil.example")], b"oi").status, 403);
    assert_eq!(linked(&web, &post(&web, &valid, &[], b"oi")).body, b"oi");
    alice.call("auth.logout", json!({})).expect("logged out");
    assert_eq!(post(&web, &valid, &[], b"oi").status, 401, "the session has ended");
    assert_eq!(linked(&web, &post(&web, &bearer(&bob), &[], b"")).body, b"");
}

#[test]
fn a_broken_upload_leaves_nothing() {
    let node = with_gateway();
    let ([mut alice, _bob], web) = (team_on(&node), node.web());
    let valid = bearer(&alice);
    let name = |name: &'static str| [("Content-Disposition", name)];
    for bad in
        ["attachment; filename=\"..\"", "attachment; filename=\"a/\"", "attachment; filename*=UTF-8''a%0Ab"]
    {
        let refused = post(&web, &valid, &name(bad), b"oi");
        assert_eq!((refused.status, &*refused.reason()), (400, "invalid_params"), "{bad}");
    }
    let large = post(&web, &valid, &[("Content-Length", "104857601")], b"");
    assert_eq!((large.status, &*large.reason()), (413, "too_large"));
    // The bytes after the announced length are not part of the file.
    let longer = post(&web, &valid, &[("Content-Length", "2")], b"oi and more");
    assert_eq!(linked(&web, &longer).body, b"oi");

    let length = ("Content-Length", "600000");
    let password = [("Authorization", &*basic("alice", PASSWORD)), length];
    let cut = web.begin("POST", "/upload", &password, &[7; 300_000]);
    let headers = [("Authorization", &*valid), length];
    let mut slow = web.begin("POST", "/upload", &headers, b"");
    wait_for_unfinished(&node, 2);
    cut.shutdown(Shutdown::Both).expect("a cut");
    wait_for_unfinished(&node, 1);
    wait_for_one_session(&mut alice);
    // One byte a second.
    let (started, second) = (clock::now(), Duration::from_secs(1));
    let status = loop {
        let _closed_early = slow.write_all(b"x");
        if let Some(status) = status_within(&mut slow, second) {
            break status;
        }
        assert!(started.elapsed() < DEADLINE, "no end");
    };
    assert_eq!(status, "408");
    wait_for_unfinished(&node, 0);
    assert_eq!(alice.history("@alice").len(), 1, "only the complete file was sent");
}

#[test]
fn a_thousand_uploads_at_once_are_bounded() {
    const UPLOADS: usize = 1_000;
    open_files::raise_limit();
    let node = with_gateway();
    let ([alice, bob], web) = (team_on(&node), node.web());
    let headers = [("Authorization", &*bearer(&alice)), ("Content-Length", "5")];
    let mut waiting: Vec<_> = (0..UPLOADS).map(|_| web.begin("POST", "/upload", &headers, b"")).collect();
    let started = clock::now();
    let mut refused = 0;
    while waiting.len() > 16 {
        waiting.retain_mut(|stream| {
            let status = status_within(stream, Duration::from_millis(1));
            // A user has 16 uploads, and an address 16 MiB of bodies. A waiting body is too slow after 10 s.
            assert!(matches!(status.as_deref(), None | Some("429" | "503" | "408")), "{status:?}");
            refused += usize::from(status.is_some());
            status.is_none()
        });
        assert!(node.process("up").nameless_files(".scratch") <= 16);
        assert!(started.elapsed() < DEADLINE, "{} uploads wait", waiting.len());
    }
    assert!(refused >= UPLOADS - 16, "{refused}");
    assert_eq!(linked(&web, &post(&web, &bearer(&bob), &[], b"other")).body, b"other");
    drop(waiting);
    wait_for_unfinished(&node, 0);
    assert_eq!(linked(&web, &post(&web, &bearer(&alice), &[], b"later")).body, b"later");
}

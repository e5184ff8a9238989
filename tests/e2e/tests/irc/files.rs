//! Files as links, which the client opens without a session.

use e2e::{Node, Web};

use super::{MODERN, team, team_on};
use crate::web::files::hash;
use crate::web::links::send_file;

/// A node with a gateway.
pub(super) fn with_gateway() -> Node {
    Node::with_irc(&[("web", "127.0.0.1:0"), ("gateway-control", "tcp://127.0.0.1:0")])
}

/// The path of the link at the end of a line.
pub(super) fn path<'a>(line: &'a str, web: &Web) -> &'a str {
    let url = line.rsplit(' ').next().expect("a word");
    url.strip_prefix(&format!("http://{}", web.address())).unwrap_or_else(|| panic!("{line}"))
}

#[test]
fn a_file_is_a_link_in_messages_and_in_the_history() {
    let node = with_gateway();
    let ([mut alice, bob], web) = (team_on(&node), node.web());
    let mut client = node.irc("alice", MODERN);
    let content = "olá ".repeat(500);
    send_file(&web, &bob, "plan%20b.txt", content.as_bytes());
    alice.send("#ops", "depois").expect("sent");
    let line = client.line().expect("a line");
    assert!(line.contains(":bob!bob@papo PRIVMSG #ops :plan b.txt (2.5 kB) http://"), "{line}");
    assert_eq!(web.request("GET", path(&line, &web), &[], b"").body, content.as_bytes());
    let next = client.line().expect("a line");
    assert!(next.ends_with("PRIVMSG #ops :depois"), "the order of the conversation: {next}");
    let history = client.ask("CHATHISTORY LATEST #ops * 10");
    let line = history.iter().find(|line| line.contains("plan b.txt")).expect("a line");
    assert_eq!(web.request("GET", path(line, &web), &[], b"").body, content.as_bytes());
}

#[test]
fn a_file_without_a_gateway_is_named() {
    let (node, [_alice, mut bob]) = team();
    let mut client = node.irc("alice", "");
    let (id, bytes) = (uuid::Uuid::now_v7(), b"oi");
    let begin =
        serde_json::json!({ "to": "@alice", "id": id, "name": "a.txt", "bytes": 2, "sha256": hash(bytes) });
    bob.call("file.begin", begin).expect("begun");
    let line = bob.line("file.chunk", serde_json::json!({ "file": id, "offset": 0 }));
    bob.post_frames(&[b"", &line, bytes]);
    assert!(String::from_utf8_lossy(&bob.reply()).contains("\"have\":2"));
    bob.call("file.commit", serde_json::json!({ "file": id })).expect("sent");
    let text = "[file a.txt (2 B): open it with papo in a browser or a terminal]";
    client.wait_for(&format!(":bob!bob@papo PRIVMSG alice :{text}"));
}

//! IRC clients, with ZeroMQ clients on the other side. The tests follow the model of irctest, which
//! `make irctest` runs.

mod bounds;
mod channels;
mod encrypted;
mod faces;
mod files;
mod history;
mod hostile;
mod kills;
mod labels;
mod messages;
mod real_clients;
mod registration;
mod uploads;
mod users;

use e2e::{IrcClient, Node, Peer, peers};

/// The capabilities of a modern client.
const MODERN: &str = "batch labeled-response message-tags server-time account-tag echo-message extended-join \
                      standard-replies draft/chathistory draft/multiline draft/message-redaction \
                      draft/read-marker away-notify invite-notify";

/// A node with the channel `#ops` of alice and bob, and their ZeroMQ clients.
fn team() -> (Node, [Peer; 2]) {
    let node = Node::with_irc(&[]);
    let peers = team_on(&node);
    (node, peers)
}

fn team_on(node: &Node) -> [Peer; 2] {
    let [mut alice, mut bob] = peers(node, ["alice", "bob"]);
    alice.create("#ops").expect("created");
    bob.join("#ops").expect("joined");
    [alice, bob]
}

/// A node where each client gets an account.
fn guests() -> Node {
    Node::with_irc(&[("irc-guests", "")])
}

/// A client without a password.
fn guest(node: &Node, nick: &str, capabilities: &str) -> IrcClient {
    let mut client = IrcClient::connect(node.endpoint("irc"));
    client.send(&format!("CAP REQ :{capabilities}"));
    client.send(&format!("NICK {nick}"));
    client.send(&format!("USER {nick} 0 * :{nick}"));
    client.send("CAP END");
    client.sync();
    client
}

/// Asserts that one of the lines ends with a text.
#[track_caller]
fn assert_ends(lines: &[String], end: &str) {
    assert!(lines.iter().any(|line| line.ends_with(end)), "{end:?} in {lines:#?}");
}

/// The value of a tag of a line.
fn tag<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (tags, _) = line.strip_prefix('@')?.split_once(' ')?;
    tags.split(';').find_map(|tag| tag.strip_prefix(name)?.strip_prefix('='))
}

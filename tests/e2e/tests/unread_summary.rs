//! Tests a login after 10,000 messages arrived in 20 conversations. All messages are counted, mentions come
//! first, and the chat starts at the first unread message. `tests/e2e/examples/away.rs` measures the time.

use std::process::{Command, Stdio};

use e2e::{Node, PASSWORD, Peer, binary, peers};
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

const CONVERSATIONS: usize = 20;
const MESSAGES: usize = 500;

/// The mentions of Bob in the order of sending: the conversation, and the message in it.
const MENTIONS: [(usize, usize); 3] = [(3, 400), (7, 100), (7, 250)];

fn channel(conversation: usize) -> String {
    format!("#c{conversation:02}")
}

/// The text of a message; each text is unique.
fn text(conversation: usize, message: usize) -> String {
    let mention = if MENTIONS.contains(&(conversation, message)) { ", @bob" } else { "" };
    format!("{message} of {}{mention}", channel(conversation))
}

/// Alice sends all messages, one frame for each conversation.
fn send_all(alice: &Peer) {
    for conversation in 0..CONVERSATIONS {
        let line = |i| alice.message_line(Uuid::now_v7(), &channel(conversation), &text(conversation, i));
        alice.post(&(0..MESSAGES).flat_map(line).collect::<Vec<_>>());
        let answer = String::from_utf8(alice.reply()).expect("utf-8");
        assert_eq!((answer.lines().count(), answer.matches("\"result\"").count()), (MESSAGES, MESSAGES));
    }
}

fn texts(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["text"].as_str().expect("a text")).collect()
}

/// The output of `papo chat` with an empty standard input.
fn chat(node: &Node, config: &TempDir, arguments: &[&str]) -> String {
    let mut command = Command::new(binary());
    command
        .env("PAPO_SERVER", node.server())
        .env("PAPO_CONFIG", config.path())
        .env("PAPO_PASSWORD", PASSWORD);
    let done = command.args(arguments).stdin(Stdio::null()).output().expect("papo");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).expect("utf-8")
}

#[test]
fn after_an_absence_all_messages_are_counted_and_shown_mentions_first() {
    let node = Node::up_without_user_limits(&[]);
    let [mut alice, mut bob] = peers(&node, ["alice", "bob"]);
    for conversation in 0..CONVERSATIONS {
        alice.create(&channel(conversation)).expect("made");
        bob.join(&channel(conversation)).expect("joined");
    }
    send_all(&alice);

    let reads = bob.call("read.list", json!({})).expect("a list");
    let reads = reads["conversations"].as_array().expect("a list");
    let counts: Vec<_> = reads.iter().filter(|reading| reading["conversation"] != "*").collect();
    for (conversation, reading) in counts.iter().enumerate() {
        let mentions = MENTIONS.iter().filter(|(of, _)| *of == conversation).count();
        let expected = json!({ "conversation": channel(conversation), "n": 2, "head": 502, "unread": 500, "mentions": mentions });
        assert_eq!(**reading, expected);
    }
    assert_eq!(counts.len(), CONVERSATIONS);
    let mentions = bob.call("mention.list", json!({})).expect("a list");
    let newest_first: Vec<_> =
        MENTIONS.iter().rev().map(|(conversation, message)| text(*conversation, *message)).collect();
    assert_eq!(texts(mentions["events"].as_array().expect("events")), newest_first);

    // All messages are shown, in order.
    for conversation in 0..CONVERSATIONS {
        let first = json!({ "conversation": channel(conversation), "after": 2, "limit": 1 });
        let page = bob.call("message.history", first).expect("a page");
        assert_eq!(texts(page["events"].as_array().expect("events")), [text(conversation, 0)]);
        let all = bob.texts(&channel(conversation));
        assert_eq!(all, (0..MESSAGES).map(|i| text(conversation, i)).collect::<Vec<_>>());
    }

    let config = TempDir::new().expect("a folder");
    chat(&node, &config, &["login", "bob"]);
    let screen = chat(&node, &config, &["chat"]);
    let mut lines = screen.lines().skip_while(|line| !line.contains(" unread messages in "));
    assert_eq!(lines.next(), Some("10000 unread messages in 20 conversations"), "{screen}");
    assert_eq!(lines.next(), Some("  #c07: 500 unread, 2 mentioning you, after 2"), "{screen}");
    assert_eq!(lines.next(), Some("  #c03: 500 unread, 1 mentioning you, after 2"), "{screen}");
    for conversation in (0..CONVERSATIONS).filter(|conversation| ![3, 7].contains(conversation)) {
        let counted = format!("  {}: 500 unread, after 2", channel(conversation));
        assert_eq!(lines.next(), Some(&*counted), "{screen}");
    }
    let shown = lines.filter_map(|line| line.split_once("alice: ").map(|(_, text)| text));
    let shown: Vec<_> = shown.collect();
    assert!(screen.contains("-- #c07: 500 unread, from 3 on --") && shown.len() >= 20, "{screen}");
    assert_eq!(shown, (0..shown.len()).map(|i| text(7, i)).collect::<Vec<_>>());
}

//! Tests of texts that imitate log lines, protocol lines or terminal commands.

use std::fs;

use common::Body;
use e2e::{Node, Process, peers};
use serde_json::{Value, json};

/// Control characters for terminals: ESC, BEL, single-character CSI, DEL, and a right-to-left override.
const TRICKS: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\u{7f}\u{202e}";

/// Texts with lines that look like records, commit lines or events.
fn forgeries() -> [String; 5] {
    let commit = r#"{"commit":{"records":1,"bytes":1,"chain":"0000000000000000000000000000000000000000000000000000000000000000"}}"#;
    let event = r##"{"n":3,"at":1,"to":"#general","from":"alice","kind":"message","id":"01970000-0000-7000-8000-000000000001","text":"forged"}"##;
    [
        format!("x\n{commit}\n"),
        format!("x\"}}\n{event}\n{commit}\n"),
        format!("x\r\n2026-01-01T00:00:00.000000Z  INFO server: forged\u{2028}{event}\u{85}"),
        event.to_owned(),
        TRICKS.to_owned(),
    ]
}

#[test]
fn a_text_cannot_forge_a_log_line_or_an_event() {
    let mut node = Node::up();
    let [mut alice, mut eve] = peers(&node, ["alice", "eve"]);
    let topic = alice.create("#general").expect("a channel").topic;
    eve.join("#general").expect("a member");
    let mut subscriber = node.subscriber();
    subscriber.follow(&[&topic]);
    let before = node.verify();
    let mut sent_texts = forgeries().to_vec();
    for text in &sent_texts {
        let sent = eve.send("#general", text).expect("a text may hold any character");
        let (_, event) = std::iter::repeat_with(|| subscriber.next_event())
            .find(|(_, e)| e.n >= sent.n)
            .expect("the event");
        assert_eq!((event.n, event.from.as_str()), (sent.n, "eve"), "one text is one event");
    }
    let records = |verified: &Value| verified["records"].as_u64().expect("a number");
    assert_eq!(records(&node.verify()), records(&before) + sent_texts.len() as u64, "one text is one record");

    node.kill("up");
    let log = fs::read_to_string(node.data().join("log/00000000000000000001.log")).expect("the log");
    for line in log.split_terminator('\n') {
        assert!(line.bytes().all(|byte| byte >= b' '), "raw: {line:?}");
        serde_json::from_str::<Value>(line).expect("a line of the log is JSON");
    }
    node.start("up");
    let mut again = node.peer();
    again.resume(alice.session());
    for event in again.history("#general") {
        if let Body::Message { text, .. } = event.body {
            assert_eq!((text.as_str(), event.from.as_str()), (&*sent_texts.remove(0), "eve"));
        }
    }
    assert_eq!(sent_texts, [""; 0]);
}

/// The log on standard error may be shown in a terminal or parsed line by line.
#[test]
fn process_logs_contain_no_text_from_peers() {
    let node = Node::up();
    let [mut eve] = peers(&node, ["eve"]);
    let forged = format!("x\n2026-01-01T00:00:00Z  INFO papo: forged {TRICKS}");
    for (method, params) in [
        ("auth.register", json!({ "user": forged, "password": "correct horse" })),
        ("auth.login", json!({ "user": "eve", "password": forged })),
        ("channel.create", json!({ "channel": format!("#{forged}") })),
        ("message.history", json!({ "conversation": forged })),
        ("sync.heads", json!({ "token": forged })),
        (&forged, json!({})),
    ] {
        eve.call(method, params).expect_err("refused");
    }
    eve.send("@eve", &forged).expect("stored");
    let mut subscriber = node.subscriber();
    subscriber.follow(&[&forged]);
    let log = node.log("up");
    assert!(!log.contains("forged") && !log.contains("owned"), "{log}");
    assert!(!log.chars().any(|c| c.is_control() && c != '\n'), "{log:?}");
}

/// `papo log tail` prints JSON in which all control characters are escaped.
#[test]
fn log_tail_escapes_control_characters() {
    let node = Node::up();
    let [mut eve] = peers(&node, ["eve"]);
    eve.send("@eve", TRICKS).expect("stored");
    let data = node.data().to_str().expect("a path").to_owned();
    let printed = Process::run(["log", "tail", "@eve", "--data", &data]);
    assert_eq!(printed.code, Some(0), "{}", printed.log);
    let is_control = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
    assert!(!printed.output.contains(is_control), "{:?}", printed.output);
    let event: Value = serde_json::from_str(&printed.output).expect("one event");
    assert_eq!(event["text"], TRICKS, "the JSON has the same value");
}

//! Texts that pose as something else: as lines of the log, as lines on the wire, as commands to a terminal.

use std::fs;

use common::Body;
use e2e::{Node, Process, peers};
use serde_json::{Value, json};

/// What tries to end a line, or to talk to a terminal: ESC, BEL, CSI in one character, DEL, and a text that runs
/// backwards.
const TRICKS: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\u{7f}\u{202e}";

/// Texts that would be records, commits, or events, if a line of theirs were taken for one.
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
fn a_text_forges_no_line_of_the_log_and_no_event() {
    let mut node = Node::up();
    let [mut alice, mut eve] = peers(&node, ["alice", "eve"]);
    let topic = alice.create("#general").expect("a channel").topic;
    eve.join("#general").expect("a member");
    let mut listener = node.listener();
    listener.follow(&[&topic]);
    let before = node.verify();
    let mut said = forgeries().to_vec();
    for text in &said {
        let sent = eve.send("#general", text).expect("a text may hold any character");
        let (_, event) = std::iter::repeat_with(|| listener.hear()).find(|(_, e)| e.n >= sent.n).expect("it");
        assert_eq!((event.n, event.from.as_str()), (sent.n, "eve"), "one text is one event");
    }
    let records = |verified: &Value| verified["records"].as_u64().expect("a number");
    assert_eq!(records(&node.verify()), records(&before) + said.len() as u64, "one text is one record");

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
            assert_eq!((text.as_str(), event.from.as_str()), (&*said.remove(0), "eve"));
        }
    }
    assert_eq!(said, [""; 0]);
}

/// Standard error may be a terminal, or be read by a program that looks for lines.
#[test]
fn what_peers_send_is_not_in_the_log_of_a_process() {
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
    let mut listener = node.listener();
    listener.follow(&[&forged]);
    let log = node.log("up");
    assert!(!log.contains("forged") && !log.contains("owned"), "{log}");
    assert!(!log.chars().any(|c| c.is_control() && c != '\n'), "{log:?}");
}

/// `papo log tail` prints to a terminal as well as to `jq`: the same JSON, with nothing in it that a terminal obeys.
#[test]
fn the_log_can_be_looked_at_on_a_terminal() {
    let node = Node::up();
    let [mut eve] = peers(&node, ["eve"]);
    eve.send("@eve", TRICKS).expect("stored");
    let data = node.data().to_str().expect("a path").to_owned();
    let printed = Process::run(["log", "tail", "@eve", "--data", &data]);
    assert_eq!(printed.code, Some(0), "{}", printed.log);
    let obeyed = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
    assert!(!printed.output.contains(obeyed), "{:?}", printed.output);
    let event: Value = serde_json::from_str(&printed.output).expect("one event");
    assert_eq!(event["text"], TRICKS, "it says the same");
}

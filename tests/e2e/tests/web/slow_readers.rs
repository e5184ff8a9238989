//! A reader that is too slow loses events, receives `lagged`, and repairs.

use common::limits::TEXT_BYTES_MAX;
use e2e::Node;
use serde_json::json;
use uuid::Uuid;

use super::{team, token};

#[test]
fn a_slow_reader_is_informed_and_repairs_from_the_history() {
    const MESSAGES: usize = 1_500;
    let node = Node::with_gateway(&[]);
    let [mut alice, mut bob] = team(&node);
    let topic = bob.heads().heads.into_iter().find_map(|head| head.topic).expect("the topic of #ops");
    let mut socket = node.web().chat(&token(&bob));
    socket.call("gateway.subscribe", json!({ "topics": [topic] })).expect("a barrier");
    let text = "x".repeat(TEXT_BYTES_MAX);
    for _ in 0..MESSAGES / 50 {
        let lines: Vec<_> = (0..50).flat_map(|_| alice.message_line(Uuid::now_v7(), "#ops", &text)).collect();
        alice.post(&lines);
        drop(alice.reply());
    }
    let head =
        alice.heads().heads.iter().find(|head| head.topic.as_deref() == Some(&*topic)).expect("#ops").n;
    let (mut last, mut lagged) = (0, false);
    while !lagged {
        let line = socket.next_line();
        match line["n"].as_u64() {
            Some(n) => last = n,
            None => lagged = line["kind"] == "lagged",
        }
    }
    assert!(last < head, "{MESSAGES} messages do not fit the queue");
    let page = json!({ "conversation": "#ops", "after": last, "limit": 500 });
    let page = socket.call("message.history", page).expect("a page");
    assert_eq!(page["events"][0]["n"], last + 1);
    assert_eq!(page["head"], head);
    alice.send("#ops", "after").expect("stored");
    while socket.next_event()["text"] != "after" {}
}

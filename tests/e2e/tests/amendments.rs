//! Tests of edits, deletions, reactions and replies.

use e2e::{Node, PASSWORD, Peer, Terminal, peers};
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

const SECRET: &str = "the password is 1234";

fn amend(peer: &mut Peer, method: &str, n: u64, more: Value) -> Result<Value, common::Error> {
    let mut params = json!({ "conversation": "#a", "n": n, "id": Uuid::now_v7() });
    let fields = params.as_object_mut().expect("an object");
    fields.extend(more.as_object().expect("an object").clone());
    peer.call(method, params)
}

fn lines(peer: &mut Peer, edits: bool) -> Vec<Value> {
    let page = peer.call("message.history", json!({ "conversation": "#a", "edits": edits })).expect("a page");
    page["events"].as_array().expect("events").clone()
}

/// Alice and bob are members of #a; event 3 is a message of alice.
fn two_in_a_channel(node: &Node) -> [Peer; 2] {
    let [mut alice, mut bob] = peers(node, ["alice", "bob"]);
    alice.create("#a").expect("made");
    bob.join("#a").expect("joined");
    alice.send("#a", SECRET).expect("sent");
    [alice, bob]
}

#[test]
fn history_shows_the_current_text_and_reactions() {
    let mut node = Node::up();
    let [mut alice, mut bob] = two_in_a_channel(&node);
    amend(&mut alice, "message.edit", 3, json!({ "text": "new" })).expect("edited");
    amend(&mut bob, "message.react", 3, json!({ "emoji": "👍" })).expect("reacted");
    let refused = amend(&mut bob, "message.edit", 3, json!({ "text": "forged" })).expect_err("refused");
    assert_eq!(refused.data.reason, "not_allowed");
    for n in [1, 99] {
        let refused = amend(&mut bob, "message.react", n, json!({ "emoji": "👍" })).expect_err("refused");
        assert_eq!(refused.data.reason, "no_such_message");
    }
    for restarted in [false, true] {
        if restarted {
            node.restart("up");
        }
        let line = &lines(&mut bob, true)[2];
        assert_eq!((&line["text"], &line["edits"][0]["text"]), (&json!("new"), &json!(SECRET)), "{line}");
        assert_eq!(line["reactions"], json!([{ "emoji": "👍", "users": ["bob"] }]));
        assert!(line["edited"].is_u64(), "{line}");
        assert_eq!(lines(&mut bob, false)[2].get("edits"), None);
    }
}

#[test]
fn a_deleted_text_is_in_no_page_of_history() {
    let node = Node::up();
    let [mut alice, mut bob] = two_in_a_channel(&node);
    for text in [format!("edited, {SECRET}"), format!("again, {SECRET}")] {
        amend(&mut alice, "message.edit", 3, json!({ "text": text })).expect("edited");
    }
    let id = Uuid::now_v7();
    let delete = |peer: &mut Peer| {
        peer.call("message.delete", json!({ "conversation": "#a", "n": 3, "id": id })).expect("deleted")
    };
    let first = delete(&mut alice);
    assert_eq!(delete(&mut alice), first, "a repeated request gets the first result");
    for edits in [false, true] {
        let lines = lines(&mut bob, edits);
        assert_eq!(lines.len(), 6);
        assert!(!Value::from(lines.clone()).to_string().contains(SECRET), "{lines:?}");
        assert_eq!((&lines[2]["text"], &lines[2]["deleted"]), (&json!(""), &json!(true)));
    }
    let refused = amend(&mut alice, "message.edit", 3, json!({ "text": "back" })).expect_err("refused");
    assert_eq!(refused.data.reason, "no_such_message");
}

#[test]
fn a_message_can_be_edited_before_it_is_durable() {
    let node = Node::up();
    let [mut alice, _bob] = two_in_a_channel(&node);
    // One frame is one batch: the server handles the edit before the message is durable.
    let token = alice.session().token.clone();
    let send = json!({ "token": token, "to": "#a", "id": Uuid::now_v7(), "text": "tpyo" });
    let edit = json!({ "token": token, "conversation": "#a", "n": 4, "id": Uuid::now_v7(), "text": "typo" });
    let frame = [alice.line("message.send", send), alice.line("message.edit", edit)].concat();
    alice.post(&frame);
    let reply = String::from_utf8(alice.reply()).expect("utf-8");
    assert!(reply.lines().count() == 2 && !reply.contains("error"), "{reply}");
    assert_eq!(lines(&mut alice, false)[3]["text"], "typo");
}

#[test]
fn a_user_edits_replies_reacts_and_deletes_in_the_chat() {
    let node = Node::up();
    let [_alice, mut bob] = two_in_a_channel(&node);
    let config = TempDir::new().expect("a folder");
    let alice = Terminal::chat(node.server(), config.path());
    alice.wait_for("papo>");
    alice.enter("/login alice");
    alice.wait_for("password");
    alice.enter(PASSWORD);
    alice.wait_for("alice: the password");
    alice.enter("/edit 3 oi");
    alice.wait_for("alice edited 3: oi");
    alice.enter("/reply 3 e você?");
    alice.wait_for("alice, to 3: e você?");
    amend(&mut bob, "message.react", 3, json!({ "emoji": "👍" })).expect("reacted");
    alice.wait_for("bob 👍 3");
    alice.enter("/delete 5");
    alice.wait_for("alice deleted 5");
    alice.enter("/history");
    alice.wait_for("alice: oi (edited)  👍 bob");
    alice.wait_for("alice: (deleted)");
}

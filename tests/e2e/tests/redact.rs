//! Tests of `papo log redact`: it is refused while a node runs, removes the text, and does not change what
//! users see.

use common::Body;
use e2e::{Finished, Node, Peer, Process, peers};
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

fn redact(data: &str, arguments: &[&str]) -> Finished {
    Process::run([&["log", "redact"], arguments, &["--data", data]].concat())
}

fn shown(peer: &mut Peer) -> Vec<Body<'static>> {
    peer.history("@bob").into_iter().map(|event| event.body).collect()
}

#[test]
fn redaction_removes_the_deleted_text_and_nothing_else() {
    let mut node = Node::up_on(TempDir::new().expect("a folder"));
    let [mut alice, _bob] = peers(&node, ["alice", "bob"]);
    for text in ["one", "xylophone", "three"] {
        alice.send("@bob", text).expect("sent");
    }
    let delete = json!({ "conversation": "@bob", "n": 2, "id": Uuid::now_v7() });
    alice.call("message.delete", delete).expect("deleted");
    let (before, session) = (shown(&mut alice), alice.session().clone());
    let data = node.data().to_str().expect("utf-8").to_owned();
    let running = redact(&data, &["@alice @bob", "2"]);
    assert_eq!(running.code, Some(1));
    assert!(running.log.contains("in use by another papo server"), "{}", running.log);
    node.stop("up", Signal::TERM);

    let refused = redact(&data, &["@bob @alice", "1"]);
    assert!(refused.code == Some(1) && refused.log.contains("is not deleted"), "{}", refused.log);
    let done = redact(&data, &["@bob @alice", "2"]);
    assert_eq!(done.code, Some(0), "{}", done.log);
    let done: Value = serde_json::from_str(&done.output).expect("a line of JSON");
    assert_eq!(done["redacted"], 1);
    let tail = Process::run(["log", "tail", "@alice", "--data", &data]).output;
    assert!(!tail.contains("xylophone") && tail.contains(r#""kind":"redacted""#), "{tail}");
    let verified = node.verify();
    assert_eq!((&verified["chain"], &verified["redactions"]), (&done["chain"], &json!(1)));

    node.start("up");
    let mut alice = node.peer();
    alice.resume(&session);
    assert_eq!(shown(&mut alice), before);
    assert_eq!(alice.send("@bob", "five").expect("sent").n, 5);
}

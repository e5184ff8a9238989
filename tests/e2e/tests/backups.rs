//! Tests of `papo backup` while a node runs, and of the data folder that `papo restore` creates.

use common::{Body, ContentHash};
use e2e::{Node, Peer, Process, Terminal, peers};
use rustix::process::Signal;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use uuid::Uuid;

/// Messages that are acknowledged before the backup, and messages in transit during it.
const MESSAGES: usize = 200;

fn texts(peer: &mut Peer) -> Vec<String> {
    let text = |body: Body<'_>| {
        let Body::Message { text, .. } = body else { panic!("{body:?}") };
        text.as_str().to_owned()
    };
    peer.history("@alice").into_iter().map(|event| text(event.body)).collect()
}

fn papo(arguments: &[&str]) -> Value {
    let finished = Process::run(arguments);
    assert_eq!(finished.code, Some(0), "{arguments:?}: {}", finished.log);
    serde_json::from_str(&finished.output).expect("a line of JSON")
}

#[test]
fn a_backup_of_a_running_node_contains_every_acknowledged_message() {
    let node = Node::up_with_flags(TempDir::new().expect("a folder"), &[("messages-burst", "100000")]);
    let [mut alice] = peers(&node, ["alice"]);
    let expected: Vec<_> = (0..2 * MESSAGES).map(|number| format!("message {number}")).collect();
    let lines = |alice: &mut Peer, texts: &[String]| -> Vec<u8> {
        let line = |text: &String| {
            alice.line("message.send", json!({ "to": "@alice", "id": Uuid::now_v7(), "text": text }))
        };
        texts.iter().flat_map(line).collect()
    };
    let (before, meanwhile) = expected.split_at(MESSAGES);
    let batch = lines(&mut alice, before);
    alice.post(&batch);
    drop(alice.reply());
    let mut waiting = 0;
    for texts in meanwhile.chunks(5) {
        let batch = lines(&mut alice, texts);
        alice.post(&batch);
        waiting += 1;
    }
    let elsewhere = TempDir::new().expect("a folder");
    let (file, new) = (elsewhere.path().join("papo.tar"), elsewhere.path().join("data"));
    let (file, new_name) = (file.to_str().expect("utf-8"), new.to_str().expect("utf-8"));
    let data = node.data().to_str().expect("utf-8");
    let taken = papo(&["backup", file, "--data", data]);
    (0..waiting).for_each(|_| drop(alice.reply()));
    let restored = papo(&["restore", file, "--data", new_name]);
    assert_eq!(restored["holds"], taken["holds"]);
    let verified = papo(&["log", "verify", "--data", new_name]);
    assert_eq!((&verified["chain"], &verified["torn_bytes"]), (&taken["holds"]["chain"], &json!(0)));

    let invite = papo_invite(data);
    assert_eq!(papo_invite(new_name), invite, "the restored node has the same key");
    let session = alice.session().clone();
    let copy = TempDir::new().expect("a folder");
    papo(&["restore", file, "--data", copy.path().to_str().expect("utf-8")]);
    let node = Node::up_on(copy);
    let mut alice = node.peer();
    alice.resume(&session);
    let found = texts(&mut alice);
    assert!(found.len() >= MESSAGES, "{}", found.len());
    assert_eq!(found, expected[..found.len()]);
}

/// The number of files that are deleted during the backup. Each file fits into one chunk.
const FILES: u64 = 60;
const FILE_BYTES: usize = 200_000;

/// Sends a file with a unique content, and returns the number of its event.
fn send_file(peer: &mut Peer, number: u64) -> Value {
    let mut content = vec![0; FILE_BYTES];
    content[..8].copy_from_slice(&number.to_le_bytes());
    let (id, sha256) = (Uuid::now_v7(), ContentHash(Sha256::digest(&content).into()));
    let begin = json!({ "to": "@alice", "id": id, "name": "a.bin", "bytes": FILE_BYTES, "sha256": sha256 });
    peer.call("file.begin", begin).expect("begun");
    let chunk = peer.line("file.chunk", json!({ "file": id, "offset": 0 }));
    peer.post_frames(&[b"", &chunk, &content]);
    drop(peer.reply());
    peer.call("file.commit", json!({ "file": id })).expect("sent")["n"].clone()
}

#[test]
fn a_backup_is_consistent_while_files_are_deleted() {
    let node = Node::up();
    let [mut alice] = peers(&node, ["alice"]);
    let all: Vec<_> = (0..FILES).map(|number| send_file(&mut alice, number)).collect();
    let (elsewhere, data) = (TempDir::new().expect("a folder"), node.data().to_owned());
    let path = |name: &str| elsewhere.path().join(name).to_str().expect("utf-8").to_owned();
    let (file, new) = (path("papo.tar"), path("data"));
    let backup = Process::papo(["backup", &file, "--data", data.to_str().expect("utf-8")]);
    // Delete the files in the reverse order of the backup.
    for n in all.into_iter().rev() {
        let delete = json!({ "conversation": "@alice", "n": n, "id": Uuid::now_v7() });
        alice.call("message.delete", delete).expect("deleted");
    }
    let taken = backup.finish();
    assert_eq!(taken.code, Some(0), "{}", taken.log);
    papo(&["restore", &file, "--data", &new]);
    papo(&["log", "verify", "--data", &new]);
}

fn papo_invite(data: &str) -> String {
    let finished = Process::run(["invite", "--data", data]);
    assert_eq!(finished.code, Some(0), "{}", finished.log);
    finished.output
}

#[test]
fn a_running_chat_reports_a_restored_node_and_continues() {
    let mut node = Node::up();
    let [mut bob] = peers(&node, ["bob"]);
    bob.create("#room").expect("made");
    let config = TempDir::new().expect("a folder");
    let alice = Terminal::registered(node.server(), config.path(), "alice");
    alice.enter("/join #room");
    alice.wait_for("#room>");
    bob.send("#room", "before the backup").expect("stored");
    alice.wait_for("before the backup");

    let elsewhere = TempDir::new().expect("a folder");
    let (file, old) = (elsewhere.path().join("papo.tar"), elsewhere.path().join("data"));
    let (file, old) = (file.to_str().expect("utf-8"), old.to_str().expect("utf-8"));
    papo(&["backup", file, "--data", node.data().to_str().expect("utf-8")]);
    for text in ["one more", "and another"] {
        bob.send("#room", text).expect("stored");
        alice.wait_for(text);
    }
    node.stop("up", Signal::TERM);
    papo(&["restore", file, "--data", old]);
    node.set_flag("up", "data", old);
    node.start("up");
    alice.wait_for("the server returned to an earlier state");
    let mut again = node.peer();
    again.resume(bob.session());
    let sent = again.send("#room", "after the backup").expect("stored");
    alice.wait_for("after the backup");
    assert_eq!(sent.n, 4, "the number is assigned again");
}

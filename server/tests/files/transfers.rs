//! Files, from request to reply: who may do what, and what is answered.

use common::hex::to_hex;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use transport::Frame;

use crate::world::{NOW_MS, Told, World, reason};

fn wrong_offset(have: u64) -> Value {
    json!({ "reason": "wrong_offset", "detail": "wrong_offset", "args": { "have": have }, "have": have })
}

#[test]
fn a_file_goes_up_in_parts_and_comes_down_in_parts() {
    let mut world = World::new();
    let id = world.id();
    assert_eq!(world.begin("alice", id, "#a", b"hello world"), json!({ "file": id, "have": 0 }));
    assert_eq!(world.chunk("alice", id, 0, b"hello"), json!({ "have": 5 }));
    assert_eq!(world.chunk("alice", id, 0, b"hello"), json!({ "have": 5 }), "sent twice");
    assert_eq!(world.chunk("alice", id, 3, b"lo wo"), json!({ "have": 8 }), "half of it is new");
    assert_eq!(world.chunk("alice", id, 9, b"ld"), wrong_offset(8));
    assert_eq!(world.commit("alice", id), wrong_offset(8), "not complete");
    world.restart();
    assert_eq!(world.begin("alice", id, "#a", b"hello world"), json!({ "file": id, "have": 8 }));
    assert_eq!(world.chunk("alice", id, 8, b"rld"), json!({ "have": 11 }));
    let sent = world.commit("alice", id);
    assert_eq!(sent["n"], 3);
    assert_eq!(world.commit("alice", id), sent, "sent twice");
    assert_eq!(world.begin("alice", id, "#a", b"hello world")["have"], 11, "it is sent already");
    world.restart();
    assert_eq!(world.commit("alice", id), sent, "sent again after a restart");

    let part = |offset: u64, bytes: &[u8]| {
        (json!({ "bytes": 11, "offset": offset, "length": bytes.len() }), Some(bytes.to_vec()))
    };
    assert_eq!(world.get("bob", "#a", 3, 0), part(0, b"hello"));
    assert_eq!(world.get("bob", "#a", 3, 8), part(8, b"rld"));
    assert_eq!(world.get("bob", "#a", 3, 11), part(11, b""));
    assert_eq!(reason(&world.get("bob", "#a", 3, 12).0), "invalid_params");
    assert_eq!(reason(&world.get("bob", "#a", 2, 0).0), "no_such_file", "no file, but somebody who joined");
    assert_eq!(reason(&world.get("eve", "#a", 3, 0).0), "not_member");
    assert_eq!(world.files().len(), 1, "nothing of the upload is left: {:?}", world.files());
}

#[test]
fn an_upload_belongs_to_whoever_began_it() {
    let mut world = World::new();
    let id = world.id();
    world.begin("alice", id, "@bob", b"secret");
    assert_eq!(reason(&world.begin("eve", id, "@bob", b"secret")), "id_taken");
    assert_eq!(reason(&world.begin("alice", id, "@bob", b"other!")), "id_taken", "another content");
    assert_eq!(reason(&world.chunk("eve", id, 0, b"secret")), "no_such_upload");
    assert_eq!(reason(&world.commit("eve", id)), "no_such_upload");
    assert_eq!(world.chunk("alice", id, 0, b"secret"), json!({ "have": 6 }));
    assert_eq!(world.commit("alice", id)["n"], 1);
    assert_eq!(world.get("bob", "@alice", 1, 0).1.as_deref(), Some(&b"secre"[..]));
    assert_eq!(reason(&world.get("eve", "@alice", 1, 0).0), "no_such_file");
}

#[test]
fn who_only_knows_a_hash_gets_nothing_and_learns_nothing() {
    let mut world = World::new();
    world.send("alice", "#a", b"secret");
    let (eve, bob) = (world.id(), world.id());
    let guess = world.begin("eve", eve, "@bob", b"secret");
    assert_eq!(guess, json!({ "file": eve, "have": 0 }), "as if nobody had ever sent it");
    assert_eq!(world.commit("eve", eve), wrong_offset(0));
    assert_eq!(
        world.begin("bob", bob, "@eve", b"secret"),
        json!({ "file": bob, "have": 6 }),
        "he has read it"
    );
    assert_eq!(world.commit("bob", bob)["n"], 1);
    assert_eq!(world.get("eve", "@bob", 1, 0).1.as_deref(), Some(&b"secre"[..]), "now she was given it");
}

#[test]
fn a_known_content_has_its_length() {
    let mut world = World::new();
    world.send("alice", "#a", b"secret");
    let id = world.id();
    let sha256 = to_hex(&Sha256::digest(b"secret"));
    let mut begin = |by: &str, bytes: u64| {
        let params = json!({ "to": "@eve", "id": id, "name": "a.txt", "bytes": bytes, "sha256": sha256 });
        world.ask(by, "file.begin", params, None).0
    };
    assert_eq!(reason(&begin("bob", 7)), "wrong_content");
    assert_eq!(begin("bob", 6)["have"], 6);
}

#[test]
fn what_is_not_what_was_announced_is_refused_and_removed() {
    let mut world = World::new();
    let id = world.id();
    world.begin("alice", id, "#a", b"hello");
    assert_eq!(world.chunk("alice", id, 0, b"hellO"), json!({ "have": 5 }));
    assert_eq!(reason(&world.chunk("alice", id, 5, b"!")), "too_large", "longer than announced");
    assert_eq!(reason(&world.commit("alice", id)), "wrong_content");
    assert_eq!(reason(&world.commit("alice", id)), "no_such_upload");
    assert_eq!(world.files(), [""; 0]);
    assert_eq!(world.begin("alice", id, "#a", b"hello"), json!({ "file": id, "have": 0 }), "begun anew");
}

#[test]
fn a_file_that_is_deleted_is_gone() {
    let mut world = World::new();
    assert_eq!(world.send("alice", "#a", b"secret")["n"], 3);
    let id = world.id();
    let edit = json!({ "conversation": "#a", "n": 3, "id": id, "text": "another" });
    assert_eq!(reason(&world.ask("alice", "message.edit", edit, None).0), "no_such_message");
    let delete = json!({ "conversation": "#a", "n": 3, "id": id });
    assert_eq!(reason(&world.ask("bob", "message.delete", delete.clone(), None).0), "not_allowed");
    assert_eq!(world.ask("alice", "message.delete", delete, None).0["n"], 4);
    assert_eq!(reason(&world.get("bob", "#a", 3, 0).0), "no_such_file");
    let again = world.id();
    assert_eq!(
        world.begin("bob", again, "#a", b"secret")["have"],
        0,
        "he could read it once, and cannot now"
    );
    world.restart();
    assert_eq!(reason(&world.get("bob", "#a", 3, 0).0), "no_such_file");
}

#[test]
fn bytes_belong_to_the_only_line_of_a_frame() {
    let mut world = World::new();
    let id = world.id();
    world.begin("alice", id, "#a", b"hello");
    assert_eq!(
        reason(&world.ask("alice", "file.chunk", json!({ "file": id, "offset": 0 }), None).0),
        "invalid_request"
    );
    let line =
        r#"{"jsonrpc":"2.0","id":1,"method":"file.chunk","params":{"token":"alice","file":"ID","offset":0}}"#;
    let line = line.replace("ID", &id.to_string());
    let lines = Frame::from(&*format!("{line}\n{line}"));
    let mut frames = vec![Frame::from("client"), Frame::new(), lines, Frame::from("hello")];
    world.engine.accept(&mut frames, NOW_MS);
    let mut told = Told::default();
    world.engine.flush();
    world.engine.send(&mut told).expect("a sound disk");
    let told = String::from_utf8(told.line).expect("utf-8");
    assert_eq!(told.lines().filter(|line| line.contains("invalid_request")).count(), 2, "{told}");
    assert_eq!(reason(&world.chunk("alice", id, 0, &vec![0; 256 * 1024 + 1])), "too_large");
    assert_eq!(reason(&world.chunk("alice", id, 0, b"")), "too_large");
}

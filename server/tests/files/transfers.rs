//! Files, from request to reply: who may do what, and what is answered.

use serde_json::json;
use server::files::FileLimits;
use transport::Frame;

use crate::world::{NOW_MS, Told, World, reason};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

#[test]
fn a_file_goes_up_in_parts_and_comes_down_in_parts() {
    let mut world = World::new();
    let id = world.id();
    assert_eq!(world.begin("alice", id, "#a", b"hello world"), json!({ "file": id, "have": 0 }));
    assert_eq!(world.chunk("alice", id, 0, b"hello"), json!({ "have": 5 }));
    assert_eq!(world.chunk("alice", id, 0, b"hello"), json!({ "have": 5 }), "sent twice");
    assert_eq!(world.chunk("alice", id, 3, b"lo wo"), json!({ "have": 8 }), "half of it is new");
    assert_eq!(world.chunk("alice", id, 9, b"ld"), json!({ "reason": "wrong_offset", "have": 8 }));
    assert_eq!(world.commit("alice", id), json!({ "reason": "wrong_offset", "have": 8 }), "not complete");
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
    assert_eq!(world.commit("eve", eve), json!({ "reason": "wrong_offset", "have": 0 }));
    assert_eq!(
        world.begin("bob", bob, "@eve", b"secret"),
        json!({ "file": bob, "have": 6 }),
        "he has read it"
    );
    assert_eq!(world.commit("bob", bob)["n"], 1);
    assert_eq!(world.get("eve", "@bob", 1, 0).1.as_deref(), Some(&b"secre"[..]), "now she was given it");
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
    world.now_ms += 2 * DAY_MS;
    world.ask("alice", "server.info", json!({}), None);
    world.ask("alice", "server.info", json!({}), None);
    assert_eq!(world.files(), [""; 0], "the content too");
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
    world.engine.tell(&mut told).expect("a sound disk");
    let told = String::from_utf8(told.line).expect("utf-8");
    assert_eq!(told.lines().filter(|line| line.contains("invalid_request")).count(), 2, "{told}");
    assert_eq!(reason(&world.chunk("alice", id, 0, &vec![0; 256 * 1024 + 1])), "too_large");
    assert_eq!(reason(&world.chunk("alice", id, 0, b"")), "too_large");
}

#[test]
fn a_user_has_so_much_room_and_no_more() {
    let mut world = World::new();
    let id = world.id();
    assert_eq!(reason(&world.begin("alice", id, "#a", &[0; 1001])), "too_large");
    // Each counts a block of 4096 bytes: four fit, five do not.
    for content in [b"1", b"2", b"3"] {
        world.send("alice", "#a", content);
        world.send("alice", "@bob", content);
    }
    let (fourth, fifth) = (world.id(), world.id());
    world.begin("alice", fourth, "#a", b"4");
    assert_eq!(reason(&world.begin("alice", fifth, "#a", b"5")), "quota_exceeded", "one is under way");
    assert_eq!(world.begin("alice", fifth, "#a", b"1")["have"], 1, "counted already");
    let of_bob = world.id();
    assert_eq!(world.begin("bob", of_bob, "#a", b"5")["have"], 0, "bob has room of his own");
    world.restart();
    let id = world.id();
    assert_eq!(reason(&world.begin("alice", id, "#a", b"5")), "quota_exceeded", "after a restart too");
}

#[test]
fn so_many_uploads_at_a_time_and_none_for_longer_than_a_day() {
    let mut world = World::with(FileLimits::default());
    let ids: Vec<_> = (0..16).map(|_| world.id()).collect();
    for id in &ids {
        assert_eq!(world.begin("alice", *id, "#a", id.as_bytes())["have"], 0);
    }
    let id = world.id();
    let refusal = world.begin("alice", id, "#a", b"one more");
    assert_eq!(refusal, json!({ "reason": "rate_limited", "wait_ms": 60_000 }));
    world.now_ms += DAY_MS - 1;
    assert_eq!(world.chunk("alice", ids[0], 0, b"x"), json!({ "have": 1 }), "gone on with in time");
    world.now_ms += 60 * 60 * 1000;
    assert_eq!(
        world.begin("alice", id, "#a", b"one more")["reason"],
        "rate_limited",
        "looked for afterwards"
    );
    assert_eq!(world.begin("alice", id, "#a", b"one more")["have"], 0);
    assert_eq!(reason(&world.chunk("alice", ids[1], 0, b"x")), "no_such_upload");
    assert_eq!(world.chunk("alice", ids[0], 1, b"y"), json!({ "have": 2 }));
    assert_eq!(world.files().len(), 4, "two parts and their notes: {:?}", world.files());
    world.now_ms += DAY_MS;
    world.restart();
    world.ask("alice", "server.info", json!({}), None);
    assert_eq!(world.files(), [""; 0], "looked for at a start");
}

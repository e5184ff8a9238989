//! How much room files and uploads take, and when it is free again.

use serde_json::json;
use server::services::files::FileLimits;

use crate::world::{World, reason};

const MINUTE_MS: u64 = 60 * 1000;
const DAY_MS: u64 = 24 * 60 * MINUTE_MS;

impl World {
    fn delete(&mut self, by: &str, conversation: &str, n: u64) {
        let delete = json!({ "conversation": conversation, "n": n, "id": self.id() });
        assert!(self.ask(by, "message.delete", delete, None).0["n"].is_u64());
    }
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
fn what_is_deleted_leaves_the_disk_at_once() {
    let mut world = World::new();
    for round in 0..10 {
        let sent = world.send("alice", "#a", &[round; 1000]);
        assert_eq!(world.files().len(), 1);
        world.delete("alice", "#a", sent["n"].as_u64().expect("a number"));
        assert_eq!(world.files(), [""; 0], "round {round}");
    }
}

#[test]
fn a_content_stays_as_long_as_somebody_needs_it() {
    let mut world = World::new();
    world.send("alice", "#a", b"shared");
    world.send("bob", "@alice", b"shared");
    world.delete("alice", "#a", 3);
    assert_eq!(world.get("alice", "@bob", 1, 0).1.as_deref(), Some(&b"share"[..]), "another event has it");
    let id = world.id();
    assert_eq!(world.begin("alice", id, "#a", b"shared")["have"], 6);
    world.delete("bob", "@alice", 1);
    assert_eq!(world.files().len(), 2, "an upload needs it, which has a note: {:?}", world.files());
    assert_eq!(world.commit("alice", id)["n"], 5);
    world.delete("alice", "#a", 5);
    assert_eq!(world.files(), [""; 0]);
}

#[test]
fn the_upload_of_somebody_who_may_send_it_no_more_is_thrown_away() {
    let mut world = World::new();
    let (id, other) = (world.id(), world.id());
    world.begin("bob", id, "#a", b"secret");
    world.begin("bob", other, "@eve", b"secret");
    world.chunk("bob", id, 0, b"secret");
    world.ask("alice", "channel.kick", json!({ "channel": "#a", "user": "bob" }), None);
    assert_eq!(
        reason(&world.begin("bob", other, "#a", b"secret")),
        "not_member",
        "that upload goes elsewhere"
    );
    assert_eq!(reason(&world.commit("bob", id)), "not_member");
    assert_eq!(reason(&world.commit("bob", id)), "no_such_upload");
    assert_eq!(world.files().len(), 2, "part and note of the other: {:?}", world.files());
    assert_eq!(world.chunk("bob", other, 0, b"secret"), json!({ "have": 6 }));
    assert_eq!(world.commit("bob", other)["n"], 1);
}

#[test]
fn uploads_that_rest_give_way_to_a_new_one_the_idlest_first() {
    let mut world = World::with(FileLimits { file_bytes_max: 10_000, user_bytes_max: 20_000 });
    let [first, second, third, new] = [(); 4].map(|()| world.id());
    let [one, two, three, four] = [1, 2, 3, 4].map(|byte| [byte; 9000]);
    world.begin("alice", first, "#a", &one);
    world.now_ms += MINUTE_MS;
    world.begin("alice", second, "#a", &two);
    world.now_ms += 4 * MINUTE_MS - 1;
    assert_eq!(reason(&world.begin("alice", third, "#a", &three)), "quota_exceeded", "nobody rests so long");
    world.chunk("alice", first, 0, b"\x01");
    world.now_ms += MINUTE_MS + 1;
    assert_eq!(reason(&world.begin("alice", third, "#a", &[3; 10_001])), "too_large");
    assert_eq!(world.begin("alice", third, "#a", &three)["have"], 0, "the second has rested the longest");
    assert_eq!(reason(&world.chunk("alice", second, 0, b"\x02")), "no_such_upload");
    assert_eq!(world.chunk("alice", first, 1, b"\x01"), json!({ "have": 2 }));
    assert_eq!(world.files().len(), 4, "two parts and their notes: {:?}", world.files());

    world.now_ms += 4 * MINUTE_MS;
    world.restart();
    world.now_ms += MINUTE_MS;
    assert_eq!(reason(&world.begin("alice", new, "#a", &four)), "quota_exceeded", "nobody could go on");
    assert_eq!(world.begin("bob", second, "#a", &four)["have"], 0, "bob has room of his own");
    world.now_ms += 5 * MINUTE_MS;
    assert_eq!(world.begin("alice", new, "#a", &four)["have"], 0);
    assert_eq!(world.chunk("bob", second, 0, b"\x04"), json!({ "have": 1 }), "nobody else's gave way");
}

#[test]
fn a_refusal_says_what_helps() {
    let mut other = World::with(FileLimits { file_bytes_max: 20_000, user_bytes_max: 20_000 });
    let message = |world: &mut World, content: &[u8]| {
        let id = world.id();
        world.begin("alice", id, "#a", content);
        world.told()
    };
    other.send("alice", "#a", b"1");
    insta::assert_snapshot!(message(&mut other, &[7; 16_000]), @"your files would take 20096 bytes, and you may use 20000: delete some of the files you sent");
    let id = other.id();
    other.begin("alice", id, "#a", b"2");
    insta::assert_snapshot!(message(&mut other, &[7; 12_000]), @"your files would take 20192 bytes, and you may use 20000: delete some of the files you sent, or finish your uploads, which take 4096 of them. A new upload replaces one without data for 5 minutes");
    let mut many = World::with(FileLimits::default());
    for _ in 0..16 {
        let id = many.id();
        many.begin("alice", id, "#a", id.as_bytes());
    }
    insta::assert_snapshot!(message(&mut many, b"one more"), @"you are already uploading 16 files: finish one of them first. A new upload replaces one without data for 5 minutes");
}

#[test]
fn so_many_uploads_at_a_time() {
    let mut world = World::with(FileLimits::default());
    let ids: Vec<_> = (0..16).map(|_| world.id()).collect();
    for id in &ids {
        assert_eq!(world.begin("alice", *id, "#a", id.as_bytes())["have"], 0);
    }
    let id = world.id();
    let refusal = world.begin("alice", id, "#a", b"one more");
    assert_eq!((reason(&refusal), &refusal["wait_ms"]), ("rate_limited", &json!(60_000)));
    world.now_ms += 5 * MINUTE_MS - 1;
    assert_eq!(reason(&world.begin("alice", id, "#a", b"one more")), "rate_limited");
    world.now_ms += 1;
    assert_eq!(world.begin("alice", id, "#a", b"one more")["have"], 0, "the first gave way");
    assert_eq!(reason(&world.chunk("alice", ids[0], 0, b"x")), "no_such_upload");
    assert_eq!(world.chunk("alice", ids[1], 0, b"x"), json!({ "have": 1 }));
}

#[test]
fn an_upload_is_given_up_after_a_day() {
    let mut world = World::new();
    let [one, other] = [(); 2].map(|()| world.id());
    for id in [one, other] {
        world.begin("alice", id, "#a", b"xyz");
    }
    world.now_ms += DAY_MS - 1;
    assert_eq!(world.chunk("alice", one, 0, b"x"), json!({ "have": 1 }), "gone on with in time");
    world.now_ms += 60 * MINUTE_MS;
    world.ask("alice", "server.info", json!({}), None);
    assert_eq!(reason(&world.chunk("alice", other, 0, b"x")), "no_such_upload");
    assert_eq!(world.chunk("alice", one, 1, b"y"), json!({ "have": 2 }));
    assert_eq!(world.files().len(), 2, "a part and its note: {:?}", world.files());
    world.now_ms += DAY_MS;
    world.restart();
    world.ask("alice", "server.info", json!({}), None);
    assert_eq!(world.files(), [""; 0], "looked for at a start");
}

//! Tests of the quota for the files and uploads of a user, and of the removal of unused contents.

use serde_json::{Value, json};
use server::services::files::FileLimits;
use testkit::team::{Team, reason};

use crate::requests::{FileRequests as _, team, team_with};

const MINUTE_MS: u64 = 60 * 1000;
const DAY_MS: u64 = 24 * 60 * MINUTE_MS;

/// Begins an upload with a new id.
fn begin_new(team: &mut Team, by: &str, content: &[u8]) -> Value {
    let id = team.id();
    team.begin(by, id, "#a", content)
}

#[test]
fn a_user_has_a_quota() {
    let mut team = team();
    assert_eq!(reason(&begin_new(&mut team, "alice", &[0; 1001])), "too_large");
    // Each file content counts as a block of 4096 bytes. Four contents fit, five do not.
    for content in [b"1", b"2", b"3"] {
        team.send_file("alice", "#a", content);
        team.send_file("alice", "@bob", content);
    }
    begin_new(&mut team, "alice", b"4");
    let fifth = team.id();
    let refused = team.begin("alice", fifth, "#a", b"5");
    assert_eq!(reason(&refused), "quota_exceeded", "the open upload counts");
    assert_eq!(team.begin("alice", fifth, "#a", b"1")["have"], 1, "this content counts already");
    assert_eq!(begin_new(&mut team, "bob", b"5")["have"], 0, "Bob has his own quota");
    team.restart();
    let refused = begin_new(&mut team, "alice", b"5");
    assert_eq!(reason(&refused), "quota_exceeded", "after a restart");
}

#[test]
fn a_deleted_file_is_removed_from_the_disk_immediately() {
    let mut team = team();
    for round in 0..10 {
        let sent = team.send_file("alice", "#a", &[round; 1000]);
        assert_eq!(team.names_on_disk().len(), 1);
        assert!(team.delete("alice", "#a", sent["n"].as_u64().expect("a number"))["n"].is_u64());
        assert_eq!(team.names_on_disk(), [""; 0], "round {round}");
    }
}

#[test]
fn content_stays_until_no_event_and_no_upload_needs_it() {
    let mut team = team();
    team.send_file("alice", "#a", b"shared");
    team.send_file("bob", "@alice", b"shared");
    assert!(team.delete("alice", "#a", 3)["n"].is_u64());
    let read = team.get("alice", "@bob", 1, 0).1;
    assert_eq!(read.as_deref(), Some(&b"share"[..]), "Bob's event needs it");
    let id = team.id();
    assert_eq!(team.begin("alice", id, "#a", b"shared")["have"], 6);
    assert!(team.delete("bob", "@alice", 1)["n"].is_u64());
    assert_eq!(team.names_on_disk().len(), 2, "content and metadata: {:?}", team.names_on_disk());
    assert_eq!(team.commit("alice", id)["n"], 5);
    assert!(team.delete("alice", "#a", 5)["n"].is_u64());
    assert_eq!(team.names_on_disk(), [""; 0]);
}

#[test]
fn a_commit_of_a_kicked_sender_removes_the_upload() {
    let mut team = team();
    let (id, other) = (team.id(), team.id());
    team.begin("bob", id, "#a", b"secret");
    team.begin("bob", other, "@eve", b"secret");
    team.chunk("bob", id, 0, b"secret");
    team.ask("alice", "channel.kick", json!({ "channel": "#a", "user": "bob" }));
    let refused = team.begin("bob", other, "#a", b"secret");
    assert_eq!(reason(&refused), "not_member", "the other upload is for Eve");
    assert_eq!(reason(&team.commit("bob", id)), "not_member");
    assert_eq!(reason(&team.commit("bob", id)), "no_such_upload");
    let names = team.names_on_disk();
    assert_eq!(names.len(), 2, "the files of the other upload: {names:?}");
    assert_eq!(team.chunk("bob", other, 0, b"secret"), json!({ "have": 6 }));
    assert_eq!(team.commit("bob", other)["n"], 1);
}

#[test]
fn a_kicked_sender_cannot_send_content_without_its_bytes() {
    let mut team = team();
    team.send_file("alice", "#a", b"secret");
    let id = team.id();
    assert_eq!(team.begin("bob", id, "@eve", b"secret")["have"], 6, "Bob may read this content");
    team.ask("alice", "channel.kick", json!({ "channel": "#a", "user": "bob" }));
    assert_eq!(reason(&team.commit("bob", id)), "no_such_upload");
    assert_eq!(team.begin("bob", id, "@eve", b"secret")["have"], 0, "Bob must upload the bytes");
    team.ask("alice", "channel.invite", json!({ "channel": "#a", "user": "bob" }));
    team.ask("bob", "channel.join", json!({ "channel": "#a" }));
    let other = team.id();
    assert_eq!(team.begin("bob", other, "@eve", b"secret")["have"], 6);
    team.ask("alice", "channel.kick", json!({ "channel": "#a", "user": "bob" }));
    team.restart();
    assert_eq!(team.begin("bob", other, "@eve", b"secret")["have"], 0, "after a restart");
}

#[test]
fn a_new_upload_replaces_the_longest_idle_upload_of_the_same_user() {
    let mut team = team_with(FileLimits { file_bytes_max: 10_000, user_bytes_max: 20_000 });
    let [first, second, third, new] = [(); 4].map(|()| team.id());
    let [one, two, three, four] = [1, 2, 3, 4].map(|byte| [byte; 9000]);
    team.begin("alice", first, "#a", &one);
    team.now_ms += MINUTE_MS;
    team.begin("alice", second, "#a", &two);
    team.now_ms += 4 * MINUTE_MS - 1;
    let refused = team.begin("alice", third, "#a", &three);
    assert_eq!(reason(&refused), "quota_exceeded", "no upload was idle for 5 minutes");
    team.chunk("alice", first, 0, b"\x01");
    team.now_ms += MINUTE_MS + 1;
    assert_eq!(reason(&team.begin("alice", third, "#a", &[3; 10_001])), "too_large");
    assert_eq!(team.begin("alice", third, "#a", &three)["have"], 0, "it replaces the second upload");
    assert_eq!(reason(&team.chunk("alice", second, 0, b"\x02")), "no_such_upload");
    assert_eq!(team.chunk("alice", first, 1, b"\x01"), json!({ "have": 2 }));
    let names = team.names_on_disk();
    assert_eq!(names.len(), 4, "the files of two uploads: {names:?}");

    team.now_ms += 4 * MINUTE_MS;
    team.restart();
    team.now_ms += MINUTE_MS;
    let refused = team.begin("alice", new, "#a", &four);
    assert_eq!(reason(&refused), "quota_exceeded", "no client could continue while the server was down");
    assert_eq!(team.begin("bob", second, "#a", &four)["have"], 0, "Bob has his own quota");
    team.now_ms += 5 * MINUTE_MS;
    assert_eq!(team.begin("alice", new, "#a", &four)["have"], 0);
    let chunk = team.chunk("bob", second, 0, b"\x04");
    assert_eq!(chunk, json!({ "have": 1 }), "uploads of other users are not replaced");
}

#[test]
fn a_refusal_says_how_to_free_space() {
    let message = |team: &mut Team, content: &[u8]| {
        begin_new(team, "alice", content)["message"].as_str().expect("an error").to_owned()
    };
    let mut team = team_with(FileLimits { file_bytes_max: 20_000, user_bytes_max: 20_000 });
    team.send_file("alice", "#a", b"1");
    insta::assert_snapshot!(message(&mut team, &[7; 16_000]), @"your files would take 20096 bytes, and you may use 20000: delete some of the files you sent");
    begin_new(&mut team, "alice", b"2");
    insta::assert_snapshot!(message(&mut team, &[7; 12_000]), @"your files would take 20192 bytes, and you may use 20000: delete some of the files you sent, or finish your uploads, which reserve 4096 bytes. A new upload can replace an upload that has received no data for 5 minutes");
    let mut team = team_with(FileLimits::default());
    for number in 0..16 {
        begin_new(&mut team, "alice", &[number]);
    }
    insta::assert_snapshot!(message(&mut team, b"another"), @"you are already uploading 16 files: finish an upload first. A new upload can replace an upload that has received no data for 5 minutes");
}

#[test]
fn an_administrator_sees_the_bytes_of_each_user_and_the_quota_if_requested() {
    let mut team = team_with(FileLimits { file_bytes_max: 20_000, user_bytes_max: 20_000 });
    team.send_file("alice", "#a", b"1");
    let with_files = team.ask("alice", "admin.users", json!({ "files": true }));
    let bytes: Vec<_> = with_files["users"]
        .as_array()
        .expect("users")
        .iter()
        .map(|user| user["file_bytes"].clone())
        .collect();
    assert_eq!((&bytes[..2], &with_files["quota_bytes"]), (&[json!(4096), json!(0)][..], &json!(20_000)));
    let without = team.ask("alice", "admin.users", json!({}));
    assert_eq!((&without["users"][0]["file_bytes"], &without["quota_bytes"]), (&json!(null), &json!(null)));
}

#[test]
fn a_user_has_at_most_16_open_uploads() {
    let mut team = team_with(FileLimits::default());
    let ids: Vec<_> = (0..16).map(|_| team.id()).collect();
    for id in &ids {
        assert_eq!(team.begin("alice", *id, "#a", id.as_bytes())["have"], 0);
    }
    let id = team.id();
    let refusal = team.begin("alice", id, "#a", b"another");
    assert_eq!((reason(&refusal), &refusal["data"]["wait_ms"]), ("rate_limited", &json!(60_000)));
    team.now_ms += 5 * MINUTE_MS - 1;
    assert_eq!(reason(&team.begin("alice", id, "#a", b"another")), "rate_limited");
    team.now_ms += 1;
    assert_eq!(team.begin("alice", id, "#a", b"another")["have"], 0, "it replaces the first upload");
    assert_eq!(reason(&team.chunk("alice", ids[0], 0, b"x")), "no_such_upload");
    assert_eq!(team.chunk("alice", ids[1], 0, b"x"), json!({ "have": 1 }));
}

#[test]
fn an_upload_is_abandoned_after_a_day_without_data() {
    let mut team = team();
    let [one, other] = [(); 2].map(|()| team.id());
    for id in [one, other] {
        team.begin("alice", id, "#a", b"xyz");
    }
    team.now_ms += DAY_MS - 1;
    assert_eq!(team.chunk("alice", one, 0, b"x"), json!({ "have": 1 }), "less than a day");
    team.now_ms += 60 * MINUTE_MS;
    team.run();
    assert_eq!(reason(&team.chunk("alice", other, 0, b"x")), "no_such_upload");
    assert_eq!(team.chunk("alice", one, 1, b"y"), json!({ "have": 2 }));
    let names = team.names_on_disk();
    assert_eq!(names.len(), 2, "the files of one upload: {names:?}");
    team.now_ms += DAY_MS;
    team.restart();
    team.run();
    assert_eq!(team.names_on_disk(), [""; 0], "server startup removes the upload");
}

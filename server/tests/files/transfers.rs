//! Tests of uploads and downloads: the requests, the replies, and the right to send and read files.

use common::hex::to_hex;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use testkit::team::{Team, reason, request};

use crate::requests::{FileRequests as _, team};

/// The data of the error for a chunk or a commit at the wrong offset.
fn wrong_offset(have: u64) -> Value {
    json!({ "reason": "wrong_offset", "detail": "wrong_offset", "args": { "have": have }, "have": have })
}

#[test]
fn a_file_is_uploaded_and_downloaded_in_parts() {
    let mut team = team();
    let id = team.id();
    assert_eq!(team.begin("alice", id, "#a", b"hello world"), json!({ "file": id, "have": 0 }));
    assert_eq!(team.chunk("alice", id, 0, b"hello"), json!({ "have": 5 }));
    assert_eq!(team.chunk("alice", id, 0, b"hello"), json!({ "have": 5 }), "sent twice");
    assert_eq!(team.chunk("alice", id, 3, b"lo wo"), json!({ "have": 8 }), "a part of it is new");
    assert_eq!(team.chunk("alice", id, 9, b"ld")["data"], wrong_offset(8));
    assert_eq!(team.commit("alice", id)["data"], wrong_offset(8), "not complete");
    team.restart();
    assert_eq!(team.begin("alice", id, "#a", b"hello world"), json!({ "file": id, "have": 8 }));
    assert_eq!(team.chunk("alice", id, 8, b"rld"), json!({ "have": 11 }));
    let sent = team.commit("alice", id);
    assert_eq!(sent["n"], 3);
    assert_eq!(team.commit("alice", id), sent, "committed twice");
    assert_eq!(team.begin("alice", id, "#a", b"hello world")["have"], 11, "after the event");
    team.restart();
    assert_eq!(team.commit("alice", id), sent, "committed again after a restart");

    let part = |offset: u64, bytes: &[u8]| {
        (json!({ "bytes": 11, "offset": offset, "length": bytes.len() }), Some(bytes.to_vec()))
    };
    assert_eq!(team.get("bob", "#a", 3, 0), part(0, b"hello"));
    assert_eq!(team.get("bob", "#a", 3, 8), part(8, b"rld"));
    assert_eq!(team.get("bob", "#a", 3, 11), part(11, b""));
    assert_eq!(reason(&team.get("bob", "#a", 3, 12).0), "invalid_params");
    assert_eq!(reason(&team.get("bob", "#a", 2, 0).0), "no_such_file", "event 2 is Bob's join");
    assert_eq!(reason(&team.get("eve", "#a", 3, 0).0), "not_member");
    assert_eq!(team.names_on_disk().len(), 1, "only the content: {:?}", team.names_on_disk());
}

#[test]
fn a_commit_that_is_refused_because_others_wait_can_be_repeated() {
    let users = ["ana", "bea", "cleo", "dora", "eva"];
    let mut team = Team::new(&users, []);
    let uploads: Vec<_> = users.iter().flat_map(|user| [*user; 13]).map(|user| (user, team.id())).collect();
    for (user, id) in &uploads {
        team.begin(user, *id, "@ana", b"x");
        assert_eq!(team.chunk(user, *id, 0, b"x"), json!({ "have": 1 }));
    }
    for (number, (user, id)) in uploads.iter().enumerate() {
        let commit = request(1, user, "file.commit", json!({ "file": id }));
        team.accept_from(&number.to_string(), &commit, None);
    }
    team.run();
    let replies = team.sent.replies.iter();
    let refused = replies.filter(|reply| reply.lines.contains("too_many_commits")).count();
    assert_eq!((refused, &team.commit("eva", uploads[64].1)["n"]), (1, &json!(13)));
}

#[test]
fn an_upload_belongs_to_the_user_who_began_it() {
    let mut team = team();
    let id = team.id();
    team.begin("alice", id, "@bob", b"secret");
    assert_eq!(reason(&team.begin("eve", id, "@bob", b"secret")), "id_taken");
    assert_eq!(reason(&team.begin("alice", id, "@bob", b"other!")), "id_taken", "the content differs");
    assert_eq!(reason(&team.chunk("eve", id, 0, b"secret")), "no_such_upload");
    assert_eq!(reason(&team.commit("eve", id)), "no_such_upload");
    assert_eq!(team.chunk("alice", id, 0, b"secret"), json!({ "have": 6 }));
    assert_eq!(team.commit("alice", id)["n"], 1);
    assert_eq!(team.get("bob", "@alice", 1, 0).1.as_deref(), Some(&b"secre"[..]));
    assert_eq!(reason(&team.get("eve", "@alice", 1, 0).0), "no_such_file");
}

#[test]
fn a_hash_alone_does_not_reveal_whether_its_content_is_stored() {
    let mut team = team();
    team.send_file("alice", "#a", b"secret");
    let (eve, bob) = (team.id(), team.id());
    let guess = team.begin("eve", eve, "@bob", b"secret");
    assert_eq!(guess, json!({ "file": eve, "have": 0 }), "the same reply as for an unknown content");
    assert_eq!(team.commit("eve", eve)["data"], wrong_offset(0));
    let known = team.begin("bob", bob, "@eve", b"secret");
    assert_eq!(known, json!({ "file": bob, "have": 6 }), "Bob can read the event of the file");
    assert_eq!(team.commit("bob", bob)["n"], 1);
    assert_eq!(team.get("eve", "@bob", 1, 0).1.as_deref(), Some(&b"secre"[..]), "Bob sent it to Eve");
}

#[test]
fn a_readable_content_must_be_announced_with_its_real_length() {
    let mut team = team();
    team.send_file("alice", "#a", b"secret");
    let id = team.id();
    let sha256 = to_hex(&Sha256::digest(b"secret"));
    let mut begin = |by: &str, bytes: u64| {
        let params = json!({ "to": "@eve", "id": id, "name": "a.txt", "bytes": bytes, "sha256": sha256 });
        team.ask(by, "file.begin", params)
    };
    assert_eq!(reason(&begin("bob", 7)), "wrong_content");
    assert_eq!(begin("bob", 6)["have"], 6);
}

#[test]
fn a_content_that_differs_from_its_announcement_is_refused_and_removed() {
    let mut team = team();
    let id = team.id();
    team.begin("alice", id, "#a", b"hello");
    assert_eq!(team.chunk("alice", id, 0, b"hellO"), json!({ "have": 5 }));
    assert_eq!(reason(&team.chunk("alice", id, 5, b"!")), "too_large", "longer than announced");
    assert_eq!(reason(&team.commit("alice", id)), "wrong_content");
    assert_eq!(reason(&team.commit("alice", id)), "no_such_upload");
    assert_eq!(team.names_on_disk(), [""; 0]);
    assert_eq!(team.begin("alice", id, "#a", b"hello"), json!({ "file": id, "have": 0 }), "a new upload");
}

#[test]
fn a_deleted_file_cannot_be_read() {
    let mut team = team();
    assert_eq!(team.send_file("alice", "#a", b"secret")["n"], 3);
    let edit = json!({ "conversation": "#a", "n": 3, "id": team.id(), "text": "another" });
    assert_eq!(reason(&team.ask("alice", "message.edit", edit)), "no_such_message");
    assert_eq!(reason(&team.delete("bob", "#a", 3)), "not_allowed");
    assert_eq!(team.delete("alice", "#a", 3)["n"], 4);
    assert_eq!(reason(&team.get("bob", "#a", 3, 0).0), "no_such_file");
    let id = team.id();
    let begun = team.begin("bob", id, "#a", b"secret");
    assert_eq!(begun["have"], 0, "Bob can no longer read the event of the file");
    team.restart();
    assert_eq!(reason(&team.get("bob", "#a", 3, 0).0), "no_such_file");
}

#[test]
fn bytes_belong_to_the_only_line_of_a_frame() {
    let mut team = team();
    let id = team.id();
    team.begin("alice", id, "#a", b"hello");
    let params = json!({ "file": id, "offset": 0 });
    assert_eq!(reason(&team.ask("alice", "file.chunk", params.clone())), "invalid_request");
    let line = request(1, "alice", "file.chunk", params);
    team.accept(&format!("{line}\n{line}"), Some(b"hello"));
    team.flush();
    let replies = team.sent.replies.pop().expect("a reply").lines;
    let refused = replies.lines().filter(|line| line.contains("invalid_request"));
    assert_eq!(refused.count(), 2, "{replies}");
    assert_eq!(reason(&team.chunk("alice", id, 0, &vec![0; 256 * 1024 + 1])), "too_large");
    assert_eq!(reason(&team.chunk("alice", id, 0, b"")), "too_large");
}

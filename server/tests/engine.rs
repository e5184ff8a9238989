//! Tests that drive the engine step by step: frames that wait for a job, and a disk that is full or fails.

#![expect(clippy::expect_used, reason = "test helpers may panic")]

use std::io::ErrorKind;

use disk::faulty::{Failure, Loss};
use serde_json::{Value, json};
use server::services::jobs::Kind;
use testkit::team::commands::create;
use testkit::team::{Team, request};

/// Alice, her channel `#a`, and its first event.
fn alice() -> Team {
    Team::new(&["alice"], [create("alice", "#a")])
}

fn send(id: u64, message: u64) -> String {
    let message_id = format!("0197{message:04}-0000-7000-8000-000000000001");
    let params = json!({ "to": "#a", "id": message_id, "text": message.to_string() });
    request(id, "alice", "message.send", params)
}

fn history(id: u64) -> String {
    request(id, "alice", "message.history", json!({ "conversation": "#a" }))
}

/// One round of the server's event loop. Returns the reply frames that it sent.
fn round(team: &mut Team, frames: &[String]) -> Vec<String> {
    team.engine.send(&mut team.sent).expect("a disk that can be read");
    team.engine.resume_pending(team.now_ms);
    frames.iter().for_each(|lines| team.accept(lines, None));
    team.engine.flush();
    if team.engine.ledger().is_quiet() {
        team.engine.send(&mut team.sent).expect("a disk that can be read");
    }
    team.sent.replies.drain(..).map(|reply| reply.lines).collect()
}

/// Runs rounds until all frames are answered. Returns the id and a summary of each reply, ordered by id.
fn answers(team: &mut Team, frames: &[String]) -> Vec<String> {
    let mut replies = round(team, frames);
    while !team.engine.is_quiet() {
        replies.extend(round(team, &[]));
    }
    replies.sort();
    replies.iter().flat_map(|lines| lines.lines()).map(summary).collect()
}

/// The id of a reply, and its reason, the number of its events, or `done`.
fn summary(line: &str) -> String {
    let reply: Value = serde_json::from_str(line).expect("JSON");
    let events = reply.pointer("/result/events").and_then(Value::as_array);
    let events = events.map(|events| format!("{} events", events.len()));
    let reason = reply.pointer("/error/data/reason").and_then(Value::as_str);
    let id = reply.get("id").expect("an id");
    format!("{id} {}", events.unwrap_or_else(|| reason.unwrap_or("done").to_owned()))
}

#[test]
fn a_later_frame_overtakes_a_frame_that_waits_for_a_job() {
    let mut team = Team::new(&[], []);
    let register = r#"{"jsonrpc":"2.0","id":2,"method":"auth.register","params":{"user":"alice","password":"correct horse"}}"#;
    let unknown = |id: u64| request(id, "alice", "nothing", json!({}));
    team.accept(&[unknown(1), register.to_owned(), unknown(3)].join("\n"), None);
    team.accept(&unknown(4), None);
    team.flush();
    let replies = std::mem::take(&mut team.sent.replies);
    let [overtaking] = replies.as_slice() else { panic!("{} replies", replies.len()) };
    assert!(overtaking.lines.starts_with(r#"{"jsonrpc":"2.0","id":4,"#), "{}", overtaking.lines);
    assert_eq!((team.engine.jobs_waiting(Kind::Passwords), team.engine.is_quiet()), (1, false));

    team.engine.resume_pending(team.now_ms);
    assert_eq!((team.engine.jobs_waiting(Kind::Passwords), team.engine.ledger().position()), (0, 1));
    team.engine.send(&mut team.sent).expect("a sound disk");
    assert!(team.sent.replies.is_empty(), "a reply was sent before its record was durable");
    team.flush();
    let [reply] = team.sent.replies.as_slice() else { panic!("{} replies", team.sent.replies.len()) };
    let ids: Vec<_> = reply.lines.lines().map(|line| line.get(17..23)).collect();
    assert_eq!(ids, [Some(r#""id":1"#), Some(r#""id":2"#), Some(r#""id":3"#)]);
    assert!(reply.lines.contains(r#"{"user":"alice","administrator":true}"#), "{}", reply.lines);
    assert!(team.engine.is_quiet());
}

#[test]
fn a_full_disk_refuses_writers_once_and_serves_readers_until_there_is_room() {
    let mut team = alice();
    assert_eq!(answers(&mut team, &[send(1, 1)]), ["1 done"]);
    team.disk.set_room(Some(100));
    let batch = [send(2, 2), history(3)].join("\n");
    // The readers waited for the batch that the disk refused. They receive the events that are on the disk.
    let replies = answers(&mut team, &[batch, history(4), send(5, 1)]);
    assert_eq!(replies, ["2 storage_full", "3 2 events", "4 2 events", "5 done"]);

    // A request without a record is not refused.
    let join = request(7, "alice", "channel.join", json!({ "channel": "#a" }));
    let replies = answers(&mut team, &[send(6, 6), join, history(8)]);
    assert_eq!(replies, ["6 storage_full", "7 done", "8 2 events"]);
    assert!(team.engine.ledger().failure().is_some());

    team.disk.set_room(None);
    assert!(round(&mut team, &[]).is_empty(), "a second reply to a request");
    assert_eq!(answers(&mut team, &[send(2, 2), history(9)]), ["2 done", "9 3 events"]);
    assert!(team.engine.ledger().failure().is_none());
    team.disk = team.disk.after_crash(Loss::Everything);
    team.restart();
    assert_eq!(answers(&mut team, &[history(1)]), ["1 3 events"]);
}

#[test]
fn after_a_failed_sync_only_reads_are_served_until_a_restart() {
    let mut team = alice();
    // A commit writes the lines and the commit line, and then syncs. Here the sync reports a full disk.
    let operation = team.disk.operations() + 2;
    team.disk.fail(Failure { operation, kind: ErrorKind::StorageFull, lasts: false });
    assert_eq!(answers(&mut team, &[send(1, 1), history(2)]), ["1 unavailable", "2 1 events"]);
    assert_eq!(answers(&mut team, &[send(3, 3), history(4)]), ["3 unavailable", "4 1 events"]);
    team.restart();
    assert_eq!(answers(&mut team, &[send(3, 3)]), ["3 done"]);
}

#[test]
fn a_reply_of_a_waiting_frame_is_replaced_if_its_record_is_not_durable() {
    let mut team = alice();
    team.disk.set_room(Some(0));
    let login = r#"{"jsonrpc":"2.0","id":2,"method":"auth.login","params":{"user":"alice","password":"correct house"}}"#;
    // The message is in the open batch; its reply is in a frame that waits for the check of a password.
    team.accept(&[send(1, 1), login.to_owned(), history(3)].join("\n"), None);
    assert_eq!(answers(&mut team, &[]), ["1 storage_full", "2 wrong_credentials", "3 1 events"]);
}

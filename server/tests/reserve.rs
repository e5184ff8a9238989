//! The reserve on a full disk: the server stores removals and the requests of administrators, and refuses all
//! other writes.

#![expect(clippy::expect_used, reason = "tests may panic")]

use disk::Disk as _;
use disk::faulty::Loss;
use serde_json::{Value, json};
use server::journal::RESERVE_FILE;
use server::storage::commit_log::CommitMode;
use server::storage::ledger::{Ledger, Sizes};
use testkit::team::commands::{create, join, log_in};
use testkit::team::{Team, reason, store};

const RESERVE: u64 = 64 << 10;

/// The free bytes with which the writer no longer treats the disk as full.
const ROOM: usize = 1 << 20;

/// Alice, an administrator, and bob's channel `#a` with alice, eva and mallory, on a full disk.
fn full_disk(messages: usize) -> Team {
    let mut commands = vec![create("bob", "#a")];
    commands.extend(["alice", "eva", "mallory"].map(|user| join(user, "#a")));
    commands.extend([log_in("bob", "bob's phone"), log_in("mallory", "mallory's phone")]);
    let mut team = with_reserve(&Team::new(&["alice", "bob", "eva", "mallory"], commands));
    for _ in 0..messages {
        team.say("bob", "#a", "text");
    }
    team.disk.set_room(Some(0));
    assert_eq!(reason(&send(&mut team, "mallory")), "storage_full");
    team
}

/// Starts the server again, with a reserve.
fn with_reserve(team: &Team) -> Team {
    let disk = team.disk.after_crash(Loss::Nothing);
    let ledger = Ledger::open_with_reserve(store(&disk), &CommitMode::WhenPolled, Sizes::default(), RESERVE);
    let mut team = Team::start(ledger.expect("a sound disk"), disk);
    team.now_ms += 1_000;
    team
}

fn send(team: &mut Team, by: &str) -> Value {
    let params = json!({ "to": "#a", "id": team.id(), "text": "text" });
    team.ask(by, "message.send", params)
}

#[test]
fn an_attacker_can_be_locked_out_while_the_disk_is_full() {
    let mut team = full_disk(2);
    let delete = json!({ "conversation": "#a", "n": 5, "id": team.id() });
    let removals = [
        ("bob", "message.delete", delete),
        ("bob", "session.revoke", json!({})),
        ("mallory", "auth.logout", json!({})),
        ("bob", "channel.ban", json!({ "channel": "#a", "user": "mallory" })),
        ("bob", "channel.kick", json!({ "channel": "#a", "user": "alice" })),
        ("eva", "channel.leave", json!({ "channel": "#a" })),
        ("alice", "admin.promote", json!({ "user": "bob", "administrator": true })),
        ("alice", "channel.create", json!({ "channel": "#help" })),
        ("alice", "admin.disable", json!({ "user": "mallory", "disabled": true })),
    ];
    for (by, method, params) in removals {
        let answer = team.ask(by, method, params);
        assert!(answer.get("data").is_none(), "{method}: {answer}");
    }
    for (by, method, params) in [
        ("eva", "channel.join", json!({ "channel": "#a" })),
        ("eva", "channel.create", json!({ "channel": "#b" })),
    ] {
        let answer = team.ask(by, method, params);
        assert_eq!(reason(&answer), "storage_full", "{method}: {answer}");
    }
    assert_eq!(reason(&send(&mut team, "bob")), "storage_full", "an administrator's messages are content");
    assert!(team.engine.ledger().failure().is_some());

    // The acknowledged records are durable.
    team.disk = team.disk.after_crash(Loss::Everything);
    team.disk.set_room(None);
    team.restart();
    let disabled = team.ask("mallory's phone", "session.list", json!({}));
    assert_eq!(reason(&disabled), "unauthenticated", "{disabled}");
    assert_eq!(reason(&team.ask("bob's phone", "session.list", json!({}))), "unauthenticated");
    let members = team.ask("bob", "channel.members", json!({ "channel": "#a" }));
    assert_eq!(members.to_string().matches("\"user\"").count(), 1, "{members}");
}

#[test]
fn the_second_half_of_the_reserve_is_for_administrators() {
    const MESSAGES: usize = 200;
    let mut team = full_disk(MESSAGES);
    let mut first = 5;
    let deleted = (0..MESSAGES).take_while(|_| {
        let delete = json!({ "conversation": "#a", "n": first, "id": team.id() });
        first += 1;
        reason_or_none(&team.ask("bob", "message.delete", delete)).is_none()
    });
    let deleted = deleted.count();
    assert!((50..MESSAGES).contains(&deleted), "{deleted} messages were deleted");
    let disabled = team.ask("alice", "admin.disable", json!({ "user": "mallory", "disabled": true }));
    assert!(disabled.get("data").is_none(), "{disabled}");
    // When the reserve is empty, the server also refuses administrators.
    let promoted = (0..1_000).take_while(|i| {
        let change = json!({ "user": "eva", "administrator": i % 2 == 0 });
        reason_or_none(&team.ask("alice", "admin.promote", change)).is_none()
    });
    let promoted = promoted.count();
    assert!((50..1_000).contains(&promoted), "{promoted} promotions");

    team.disk.set_room(None);
    team.run();
    assert!(send(&mut team, "bob")["n"].is_u64(), "writing continues when the disk has room");
    assert_eq!(team.disk.len(RESERVE_FILE).expect("the file"), RESERVE, "the reserve is filled again");
}

fn reason_or_none(answer: &Value) -> Option<String> {
    answer.pointer("/data/reason").and_then(Value::as_str).map(str::to_owned)
}

#[test]
fn a_restart_on_a_full_disk_keeps_the_reserve() {
    let team = full_disk(2);
    let mut team = with_reserve(&team);
    assert_eq!(reason(&send(&mut team, "bob")), "storage_full");
    let disabled = team.ask("alice", "admin.disable", json!({ "user": "bob", "disabled": true }));
    assert!(disabled.get("data").is_none(), "{disabled}");
}

#[test]
fn the_reserve_leaves_room_for_the_log_and_grows_when_the_disk_has_room() {
    let team = Team::new(&["alice", "bob"], [create("bob", "#a")]);
    team.disk.set_room(Some(ROOM + 10_000));
    let mut team = with_reserve(&team);
    let length = team.disk.len(RESERVE_FILE).expect("the file");
    assert!((5_000..=10_000).contains(&length), "{length} bytes");
    assert!(send(&mut team, "bob")["n"].is_u64(), "the reserve left room");
    team.disk.set_room(Some(0));
    assert_eq!(reason(&send(&mut team, "bob")), "storage_full");
    team.disk.set_room(None);
    team.run();
    assert_eq!(team.disk.len(RESERVE_FILE).expect("the file"), RESERVE);
}

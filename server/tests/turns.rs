//! The turns of the engine: a frame of many expensive lines is answered over several turns, and the requests
//! of other clients are answered in between.

#![expect(clippy::expect_used, reason = "tests may panic")]

use std::time::Duration;

use serde_json::{Value, json};
use testkit::team::commands::create;
use testkit::team::{Team, request};

/// About ten lines fit into the slice of a client.
const LINE: Duration = Duration::from_micros(100);

fn team() -> Team {
    Team::new(&["alice", "bob"], [create("alice", "#a")]).with_slow_lines(LINE)
}

fn list(id: u64, by: &str) -> String {
    request(id, by, "channel.list", json!({}))
}

fn send(id: u64) -> String {
    let message = format!("0197{id:04}-0000-7000-8000-000000000001");
    request(id, "alice", "message.send", json!({ "to": "#a", "id": message, "text": id.to_string() }))
}

fn frame(lines: impl IntoIterator<Item = String>) -> String {
    lines.into_iter().collect::<Vec<_>>().join("\n")
}

/// Runs one turn. Returns the ids of the reply lines of each answered frame.
fn turn(team: &mut Team) -> Vec<Vec<u64>> {
    team.engine.resume_pending(team.now_ms);
    team.flush();
    team.flush();
    replies(team)
        .iter()
        .map(|lines| lines.iter().map(|line| line["id"].as_u64().expect("an id")).collect())
        .collect()
}

/// The reply lines of each answered frame.
fn replies(team: &mut Team) -> Vec<Vec<Value>> {
    let decode = |line: &str| serde_json::from_str(line).expect("JSON");
    team.sent.replies.drain(..).map(|reply| reply.lines.lines().map(decode).collect()).collect()
}

#[test]
fn a_frame_of_expensive_lines_is_answered_over_several_turns_between_the_requests_of_others() {
    let mut team = team();
    team.accept_from("alice", &frame((1..=1024).map(|id| list(id, "alice"))), None);
    team.accept_from("alice", &list(2000, "alice"), None);
    let (mut turns, mut alice) = (0, Vec::new());
    while !team.engine.is_quiet() {
        turns += 1;
        let mut is_bob_answered = false;
        team.accept_from("bob", &list(3000 + turns, "bob"), None);
        for ids in turn(&mut team) {
            if ids[0] > 3000 {
                assert_eq!(ids, [3000 + turns], "bob waited for more than one turn");
                is_bob_answered = true;
            } else {
                alice.push(ids);
            }
        }
        assert!(is_bob_answered, "bob has no reply after turn {turns}");
    }
    assert!(turns > 20, "1,024 lines of 0.1 ms took only {turns} turns");
    assert_eq!(alice, [(1..=1024).collect::<Vec<_>>(), vec![2000]], "the frames of a client stay in order");
}

#[test]
fn clients_take_turns() {
    let mut team = team();
    for (client, first) in [("one", 1), ("two", 1001), ("three", 2001)] {
        team.accept_from(client, &frame((first..first + 30).map(|id| list(id, "alice"))), None);
    }
    team.accept_from("four", &frame((3001..3012).map(|id| list(id, "bob"))), None);
    let mut order = Vec::new();
    while !team.engine.is_quiet() {
        order.extend(turn(&mut team).into_iter().map(|ids| ids[0]));
    }
    assert_eq!(order, [3001, 1, 1001, 2001], "the shorter frame is not behind the longer ones");
}

#[test]
fn the_records_of_an_unfinished_frame_are_rolled_back_if_the_disk_is_full() {
    let mut team = team();
    team.accept_from("alice", &frame((1..=30).map(send)), None);
    team.accept_from("alice", &send(31), None);
    team.disk.set_room(Some(100));
    let mut answered = Vec::new();
    for _ in 0..20 {
        team.engine.resume_pending(team.now_ms);
        team.flush();
        answered.extend(replies(&mut team));
    }
    assert!(team.engine.is_quiet());
    let ids: Vec<_> = answered.iter().flatten().map(|line| line["id"].as_u64().expect("an id")).collect();
    assert_eq!(ids, (1..=31).collect::<Vec<_>>());
    let reasons = answered.iter().flatten().map(|line| line["error"]["data"]["reason"].as_str());
    assert!(
        reasons.clone().all(|reason| reason == Some("storage_full")),
        "{:?}",
        reasons.collect::<Vec<_>>()
    );
}

#[test]
fn frames_beyond_the_limit_of_waiting_frames_are_refused_and_other_clients_are_served() {
    let mut team = team();
    let padding = "x".repeat(100_000);
    let long = |first: u64| {
        frame(
            (first..first + 30).map(|id| request(id, "alice", "channel.list", json!({ "padding": padding }))),
        )
    };
    for at in 0..4 {
        team.accept_from("alice", &long(1 + at * 100), None);
    }
    team.accept_from("bob", &list(1000, "bob"), None);
    team.flush();
    let sent = replies(&mut team);
    let [refused, .., served] = sent.as_slice() else { panic!("{} replies", sent.len()) };
    assert_eq!(refused.len(), 30);
    let data = &refused[0]["error"]["data"];
    assert_eq!((&data["reason"], &data["detail"]), (&json!("rate_limited"), &json!("server_busy")));
    assert!(data["wait_ms"].is_u64(), "{data}");
    assert_eq!((served[0]["id"].as_u64(), served[0]["result"].is_object()), (Some(1000), true));
}

/// The client sends refused messages again. If the server had stored a later message of the frame, the
/// messages would change their order.
#[test]
fn after_a_refused_message_the_later_messages_of_its_frame_are_refused_too() {
    let mut team = team();
    team.disk.set_room(Some(100));
    team.accept_from("alice", &send(1), None);
    while turn(&mut team).is_empty() {}
    team.accept_from("alice", &frame((2..=30).map(send).chain([list(31, "alice")])), None);
    team.disk.set_room(None);
    let mut lines = Vec::new();
    for _ in 0..20 {
        team.engine.resume_pending(team.now_ms);
        team.flush();
        lines.extend(replies(&mut team).into_iter().flatten());
    }
    let reason = |line: &Value| line["error"]["data"]["reason"].as_str().map(str::to_owned);
    let reasons: Vec<_> = lines.iter().map(reason).collect();
    assert_eq!(reasons.len(), 30);
    assert_eq!(reasons[29], None, "the list is answered, and the disk has room: {lines:?}");
    assert!(reasons[..29].iter().all(|reason| reason.as_deref() == Some("storage_full")), "{reasons:?}");
    team.accept_from("alice", &send(2), None);
    assert_eq!(turn(&mut team), [[2]], "the next frame is accepted");
}

/// The simulation found this order (seed 5828): a user writes to a channel and joins it while the frame is
/// being answered.
#[test]
fn after_a_refusal_the_later_messages_of_the_frame_to_the_same_channel_are_refused_too() {
    let mut team = team();
    let to = |id: u64, to: &str| {
        let message = format!("0198{id:04}-0000-7000-8000-000000000001");
        request(id, "bob", "message.send", json!({ "to": to, "id": message, "text": "x" }))
    };
    team.accept_from("one", &frame((1..=30).map(|id| to(id, "#a")).chain([to(31, "@alice")])), None);
    team.accept_from("two", &request(32, "bob", "channel.join", json!({ "channel": "#a" })), None);
    let mut lines = Vec::new();
    while !team.engine.is_quiet() {
        team.engine.resume_pending(team.now_ms);
        team.flush();
        lines.extend(replies(&mut team).into_iter().flatten());
    }
    lines.extend(replies(&mut team).into_iter().flatten());
    lines.sort_by_key(|line| line["id"].as_u64());
    let reason = |line: &Value| line["error"]["data"]["reason"].as_str().map(str::to_owned);
    let reasons: Vec<_> = lines.iter().map(reason).collect();
    assert_eq!(reasons.len(), 32);
    assert!(reasons[..30].iter().all(|reason| reason.as_deref() == Some("not_member")), "{reasons:?}");
    assert_eq!(reasons[30..], [None, None], "the message to alice and the join are accepted");
}

/// One connection can send the messages of several users in one frame, such as a program for many users.
#[test]
fn the_refusal_of_a_message_does_not_affect_the_messages_of_other_users_in_its_frame() {
    let mut team = team();
    let send = |id: u64, by: &str| {
        let message = format!("0199{id:04}-0000-7000-8000-000000000001");
        request(id, by, "message.send", json!({ "to": "#a", "id": message, "text": "x" }))
    };
    team.accept_from("one", &frame([send(1, "bob"), send(2, "alice"), send(3, "bob")]), None);
    let reasons: Vec<_> = {
        team.engine.resume_pending(team.now_ms);
        team.flush();
        team.flush();
        let reason = |line: Value| line["error"]["data"]["reason"].as_str().map(str::to_owned);
        replies(&mut team).into_iter().flatten().map(reason).collect()
    };
    assert_eq!(reasons, [Some("not_member".to_owned()), None, Some("not_member".to_owned())]);
}

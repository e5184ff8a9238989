//! The hub as a state machine: literal lines in, effects out.

use bytes::Bytes;
use common::limits::PRESENCE_HEARTBEAT_MS;
use serde_json::{Value, json};

use super::queue::LineKind;
use super::{Call, Effect, Hello, Hub, Reply, Request};
use crate::close::Close;
use crate::connection_id::{ConnectionId, Purpose};
use crate::limits::{
    BARRIER_DELAY_MS, BARRIER_MS_MAX, CALL_MS_MAX, CHECK_MS_MAX, DEALERS, FILE_DEALER, FIRST_LINE_MS_MAX,
    IN_FLIGHT_MAX, IN_FLIGHT_MS, LAST_TAB_MS, LOGINS_PER_MINUTE, TOPICS_MAX, USER_CONNECTIONS_MAX,
    USER_LOGINS_PER_MINUTE,
};
use crate::token::Token;

const SENDER: [u8; 8] = *b"a sender";
const TOPIC: &str = "channel.ops.000102030405060708090a0b0c0d0e0f";
const USER_TOPIC: &str = "user.alice.000102030405060708090a0b0c0d0e0f";

/// Connections of the first connection to the broker: ids that are multiples of 4.
const ONE: ConnectionId = ConnectionId(4);
const OTHER: ConnectionId = ConnectionId(8);

fn hub() -> Hub {
    Hub::new(Hello { version: "1".to_owned(), page: "p" }, 7, 0)
}

fn with_connections() -> Hub {
    let mut hub = hub();
    for id in [ONE, OTHER] {
        hub.open(id, SENDER, None, 0);
    }
    hub.take_effects();
    hub
}

fn request(method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#)
}

fn next(hub: &mut Hub) -> Option<Request> {
    hub.next_request(0, |_| true, 0)
}

fn next_lines(hub: &mut Hub) -> Option<String> {
    next(hub).map(|request| String::from_utf8(request.lines).expect("text"))
}

/// The effects as text: `4 < line` for a delivery.
fn effects(hub: &mut Hub) -> Vec<String> {
    let text = |effect| match effect {
        Effect::Deliver { to, lines, .. } => {
            format!("{} < {}", to.0, String::from_utf8_lossy(&lines).trim_end())
        }
        Effect::Close { to, close } => format!("{} closed {close:?}", to.0),
        Effect::Subscribe(topic) => format!("subscribe {topic}"),
        Effect::Unsubscribe(topic) => format!("unsubscribe {topic}"),
        Effect::Reconnect(topics) => format!("reconnect {topics:?}"),
        Effect::Answer { to, reply } => format!("{} answered {}", to.0, reply.is_some()),
    };
    hub.take_effects().into_iter().map(text).collect()
}

fn reply(hub: &mut Hub, id: ConnectionId, purpose: Purpose, lines: &str) {
    let reply = Reply { lines: Bytes::copy_from_slice(lines.as_bytes()), bytes: None };
    hub.reply(&id.tag(purpose, SENDER), reply, 0);
}

fn subscribe(hub: &mut Hub, id: ConnectionId, topic: &str, now_ms: u64) {
    let line = request("gateway.subscribe", &format!(r#"{{"topics":["{topic}"]}}"#));
    hub.lines(id, line.as_bytes(), now_ms);
}

#[test]
fn a_frame_is_one_request_and_its_reply_reaches_only_its_connection() {
    let mut hub = with_connections();
    let frame =
        [request("server.info", "{}"), request("gateway.ping", "{}"), "nonsense".to_owned()].join("\n");
    hub.unix_ms = 1_763_700_000_000;
    assert_eq!(hub.lines(ONE, frame.as_bytes(), 5), 0);
    assert_eq!(effects(&mut hub), [r#"4 < {"jsonrpc":"2.0","id":1,"result":{"now":1763700000000}}"#]);
    let sent = next(&mut hub).expect("a request");
    assert_eq!(sent.released, frame.len());
    assert_eq!(String::from_utf8_lossy(&sent.lines), format!("{}\nnonsense\n", request("server.info", "{}")));
    assert_eq!(next(&mut hub), None);
    hub.reply(&sent.tag, Reply { lines: Bytes::from_static(b"any bytes\n"), bytes: None }, 0);
    assert_eq!(effects(&mut hub), ["4 < any bytes"]);
    hub.close(ONE);
    hub.reply(&sent.tag, Reply { lines: Bytes::from_static(b"late\n"), bytes: None }, 0);
    hub.reply(b"unknown", Reply { lines: Bytes::from_static(b"late\n"), bytes: None }, 0);
    assert_eq!(effects(&mut hub), Vec::<String>::new());
}

#[test]
fn connections_take_turns_and_a_flood_of_one_delays_no_other() {
    let mut hub = with_connections();
    for n in 0..3 {
        hub.lines(ONE, format!("one {n}").as_bytes(), 0);
    }
    hub.lines(OTHER, b"other", 0);
    let order: Vec<_> = std::iter::from_fn(|| next_lines(&mut hub)).collect();
    assert_eq!(order, ["one 0\n", "other\n", "one 1\n", "one 2\n"]);
}

#[test]
fn the_frames_in_flight_are_bounded_and_a_lost_reply_counts_only_for_a_while() {
    let mut hub = with_connections();
    for _ in 0..IN_FLIGHT_MAX + 1 {
        hub.lines(ONE, b"line", 0);
    }
    assert_eq!(std::iter::from_fn(|| next(&mut hub)).count(), IN_FLIGHT_MAX);
    reply(&mut hub, ONE, Purpose::Relay, "{}\n");
    assert_eq!(next_lines(&mut hub).as_deref(), Some("line\n"));
    hub.lines(ONE, b"more", 0);
    hub.tick(IN_FLIGHT_MS - 1);
    assert_eq!(next(&mut hub), None);
    hub.tick(IN_FLIGHT_MS);
    assert_eq!(next_lines(&mut hub).as_deref(), Some("more\n"));
}

#[test]
fn no_request_is_sent_for_a_client_that_does_not_read() {
    let mut hub = with_connections();
    hub.lines(ONE, b"line", 0);
    assert_eq!(hub.next_request(0, |id| id != ONE, 0), None);
    hub.drained(ONE);
    assert_eq!(next_lines(&mut hub).as_deref(), Some("line\n"));
}

#[test]
fn a_subscription_is_answered_after_its_barrier_and_made_once() {
    let mut hub = with_connections();
    subscribe(&mut hub, ONE, TOPIC, 0);
    subscribe(&mut hub, OTHER, TOPIC, 1);
    assert_eq!(effects(&mut hub), [format!("subscribe {TOPIC}")]);
    hub.tick_barriers(BARRIER_DELAY_MS);
    let [barrier] = effects(&mut hub).try_into().expect("one barrier for both");
    let barrier = barrier.strip_prefix("subscribe ").expect("a subscription").to_owned();
    hub.published(TOPIC.as_bytes(), b"{\"n\":1}\n", 6);
    hub.published(barrier.as_bytes(), b"", 6);
    let done = r#"{"jsonrpc":"2.0","id":1,"result":{}}"#;
    assert_eq!(
        effects(&mut hub),
        [
            "4 < {\"n\":1}".to_owned(),
            "8 < {\"n\":1}".to_owned(),
            format!("unsubscribe {barrier}"),
            format!("4 < {done}"),
            format!("8 < {done}"),
        ]
    );
    hub.lines(ONE, request("gateway.unsubscribe", &format!(r#"{{"topics":["{TOPIC}"]}}"#)).as_bytes(), 7);
    hub.published(TOPIC.as_bytes(), b"{\"n\":2}", 8);
    assert_eq!(effects(&mut hub), [format!("4 < {done}"), "8 < {\"n\":2}".to_owned()]);
    hub.close(OTHER);
    assert_eq!(effects(&mut hub), [format!("unsubscribe {TOPIC}")]);
}

#[test]
fn a_silent_proxy_gets_a_new_socket_and_all_connections_repair() {
    let mut hub = with_connections();
    subscribe(&mut hub, ONE, TOPIC, 0);
    hub.tick_barriers(BARRIER_DELAY_MS);
    hub.take_effects();
    hub.tick_barriers(BARRIER_DELAY_MS + BARRIER_MS_MAX);
    let mut repaired = effects(&mut hub);
    assert!(repaired.pop().expect("a new barrier").starts_with("subscribe sync.gateway."));
    repaired.sort();
    assert_eq!(
        repaired,
        ["4 < {\"kind\":\"lagged\"}", "8 < {\"kind\":\"lagged\"}", &*format!("reconnect [{TOPIC:?}]")]
    );
}

#[test]
fn only_whole_topics_are_accepted_and_their_number_is_bounded() {
    let mut hub = with_connections();
    for bad in ["", "channel.ops.", "channel.", "sync.a.000102030405060708090a0b0c0d0e0f"] {
        subscribe(&mut hub, ONE, bad, 0);
        let [refused] = effects(&mut hub).try_into().expect("one reply");
        assert!(refused.contains("invalid_params"), "{refused}");
    }
    for n in 0..=TOPICS_MAX {
        subscribe(&mut hub, ONE, &format!("channel.ops.{n:032x}"), 0);
    }
    let last = effects(&mut hub).pop().expect("an effect");
    assert!(last.contains("at most 1000 topics"), "{last}");
    assert_eq!(hub.topics(), TOPICS_MAX);
}

#[test]
fn a_session_is_checked_before_its_first_request_and_whenever_it_may_have_ended() {
    let mut hub = hub();
    hub.open(ONE, SENDER, Token::new("t"), 0);
    hub.lines(ONE, request("sync.heads", "{}").as_bytes(), 0);
    let check = next(&mut hub).expect("the check");
    assert_eq!(check.tag, ONE.tag(Purpose::Check, SENDER));
    assert!(String::from_utf8_lossy(&check.lines).contains("session.list"));
    assert_eq!((next(&mut hub), effects(&mut hub)), (None, Vec::new()));
    reply(&mut hub, ONE, Purpose::Check, r#"{"jsonrpc":"2.0","id":"gateway","result":{"sessions":[]}}"#);
    let [hello] = effects(&mut hub).try_into().expect("the hello");
    assert!(hello.starts_with("4 < {\"gateway\":\"1\",\"kind\":\"hello\""), "{hello}");
    assert_eq!(next_lines(&mut hub).expect("the request"), request("sync.heads", "{\"token\":\"t\"}") + "\n");

    subscribe(&mut hub, ONE, USER_TOPIC, 0);
    hub.published(USER_TOPIC.as_bytes(), b"{\"kind\":\"sessions.ended\"}", 0);
    assert_eq!(next(&mut hub).expect("a check").tag, check.tag);
    let ended = r#"{"jsonrpc":"2.0","id":"gateway","error":{"code":4010,"message":"x","data":{"reason":"unauthenticated"}}}"#;
    hub.take_effects();
    reply(&mut hub, ONE, Purpose::Check, ended);
    assert_eq!(effects(&mut hub), ["4 closed SessionEnded"]);
}

/// The token names alice in its claims; only the server can check its signature.
#[test]
fn only_checked_sessions_count_as_connections_of_their_user() {
    let mut hub = hub();
    let token = || {
        Token::new(
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbGljZSIsImV4cCI6NDEwMjQ0NDgwMH0.c2lnbmF0dXJl",
        )
    };
    let answer = |hub: &mut Hub, id: u64, lines: &str| {
        hub.open(ConnectionId(id), SENDER, token(), 0);
        hub.take_effects();
        reply(hub, ConnectionId(id), Purpose::Check, lines);
        effects(hub).pop().expect("an effect")
    };
    let refused = r#"{"jsonrpc":"2.0","id":"gateway","error":{"code":4010,"message":"x","data":{"reason":"unauthenticated"}}}"#;
    let accepted = r#"{"jsonrpc":"2.0","id":"gateway","result":{"sessions":[]}}"#;
    for id in 0..100 {
        assert!(answer(&mut hub, id, refused).ends_with("closed SessionEnded"));
    }
    for id in 100..100 + USER_CONNECTIONS_MAX as u64 {
        assert!(answer(&mut hub, id, accepted).contains("\"user\":\"alice\""));
    }
    assert_eq!(answer(&mut hub, 200, accepted), "200 closed TooMany");
    hub.close(ConnectionId(200));
    hub.close(ConnectionId(100));
    assert!(answer(&mut hub, 201, accepted).contains("hello"));
}

#[test]
fn a_reply_with_the_code_of_an_ended_session_causes_a_check() {
    let mut hub = hub();
    hub.open(ONE, SENDER, Token::new("t"), 0);
    next(&mut hub);
    reply(&mut hub, ONE, Purpose::Check, r#"{"id":"gateway","result":{}}"#);
    hub.lines(ONE, b"line", 0);
    next(&mut hub);
    hub.take_effects();
    let wrong = r#"{"jsonrpc":"2.0","id":1,"error":{"code":4010,"message":"wrong password"}}"#;
    reply(&mut hub, ONE, Purpose::Relay, wrong);
    assert_eq!(effects(&mut hub), [format!("4 < {wrong}")]);
    assert!(next(&mut hub).is_some());
    reply(&mut hub, ONE, Purpose::Check, r#"{"id":"gateway","result":{}}"#);
    assert_eq!(effects(&mut hub), Vec::<String>::new(), "a wrong password does not end the session");
}

#[test]
fn connections_without_a_session_or_an_answer_are_closed() {
    let mut hub = hub();
    hub.open(ONE, SENDER, Token::new("t"), 0);
    hub.open(OTHER, SENDER, None, 0);
    hub.take_effects();
    hub.tick(CHECK_MS_MAX.min(FIRST_LINE_MS_MAX) - 1);
    assert_eq!(effects(&mut hub), Vec::<String>::new());
    hub.tick(CHECK_MS_MAX.max(FIRST_LINE_MS_MAX));
    let mut closed = effects(&mut hub);
    closed.sort();
    assert_eq!(closed, ["4 closed Unavailable", "8 closed SessionEnded"]);
}

#[test]
fn logins_are_limited_by_address_and_by_account() {
    let mut hub = with_connections();
    let login = |user: &str| request("auth.login", &format!(r#"{{"user":"{user}","password":"x"}}"#));
    for _ in 0..=USER_LOGINS_PER_MINUTE {
        hub.lines(ONE, login("alice").as_bytes(), 0);
    }
    let [refused] = effects(&mut hub).try_into().expect("one refusal");
    assert!(refused.contains("\"code\":4290") && refused.contains("too_many_guesses"), "{refused}");
    for n in 0..LOGINS_PER_MINUTE {
        hub.lines(OTHER, login(&format!("user{n}")).as_bytes(), 0);
    }
    assert_eq!(effects(&mut hub).len(), 1 + USER_LOGINS_PER_MINUTE as usize);
}

/// The states that the gateway reports to the server, each with the id of its request.
fn reported(hub: &mut Hub) -> Vec<String> {
    let mut reported = Vec::new();
    for dealer in 0..DEALERS {
        while let Some(request) = hub.next_request(dealer, |_| true, 0) {
            let line: Value = serde_json::from_slice(&request.lines).expect("one line");
            assert_eq!((&line["method"], &line["params"]["token"]), (&json!("presence.set"), &json!("t")));
            let connection = line["params"]["connection"].as_str().expect("a connection");
            assert!(connection.starts_with("00000000-0000-0007-"), "the gateway chose {connection}");
            reported.push(format!("{} {}", line["id"], line["params"]["state"]).replace('"', ""));
        }
    }
    reported
}

#[test]
fn the_tabs_of_a_session_have_one_presence() {
    let mut hub = hub();
    let open = |hub: &mut Hub, id| {
        hub.open(id, SENDER, Token::new("t"), 0);
        next(hub);
        reply(hub, id, Purpose::Check, r#"{"id":"gateway","result":{}}"#);
    };
    let set = |hub: &mut Hub, id, state: &str, now_ms| {
        let own = r#""connection":"01970000-0000-7000-8000-00000000000a""#;
        hub.lines(id, request("presence.set", &format!(r#"{{"state":"{state}",{own}}}"#)).as_bytes(), now_ms);
        reported(hub)
    };
    let tick = |hub: &mut Hub, now_ms| {
        hub.tick(now_ms);
        reported(hub)
    };
    for id in [ONE, OTHER] {
        open(&mut hub, id);
    }
    assert_eq!(set(&mut hub, ONE, "away", 0), ["1 away"]);
    assert_eq!(set(&mut hub, OTHER, "online", 0), ["1 online"]);
    assert_eq!(set(&mut hub, ONE, "away", 1_000), ["1 online"], "the other tab is online");
    assert_eq!(tick(&mut hub, PRESENCE_HEARTBEAT_MS), [""; 0]);
    let mut now_ms = PRESENCE_HEARTBEAT_MS + 1_000;
    assert_eq!(tick(&mut hub, now_ms), ["presence online"], "the gateway repeats the state of silent tabs");
    hub.close(OTHER);
    assert_eq!(tick(&mut hub, now_ms), ["presence away"]);
    hub.close(ONE);
    assert_eq!((tick(&mut hub, now_ms), tick(&mut hub, now_ms + LAST_TAB_MS - 1)), (vec![], vec![]));
    open(&mut hub, ONE);
    assert_eq!(set(&mut hub, ONE, "online", now_ms + LAST_TAB_MS), ["1 online"], "the page was loaded again");
    assert_eq!(tick(&mut hub, now_ms + LAST_TAB_MS), [""; 0]);
    hub.close(ONE);
    now_ms += 2 * LAST_TAB_MS;
    assert_eq!(tick(&mut hub, now_ms), [""; 0]);
    assert!(hub.deadline(now_ms).is_some(), "the gateway must tick without connections");
    assert_eq!(tick(&mut hub, now_ms + LAST_TAB_MS), ["presence offline"]);
    assert_eq!(tick(&mut hub, now_ms + 10 * LAST_TAB_MS), [""; 0]);
}

#[test]
fn an_http_request_gets_its_reply_or_an_error_in_time() {
    let mut hub = hub();
    let call = |is_file| Call { sender: SENDER, lines: b"line\n".to_vec(), bytes: None, is_file };
    hub.call(ONE, call(false), 0);
    hub.call(OTHER, call(true), 0);
    assert_eq!(next_lines(&mut hub).as_deref(), Some("line\n"));
    assert_eq!(next(&mut hub), None);
    assert!(hub.next_request(FILE_DEALER, |_| true, 0).is_some());
    reply(&mut hub, ONE, Purpose::Relay, "{}");
    hub.tick(CALL_MS_MAX);
    assert_eq!(effects(&mut hub), ["4 answered true", "8 answered false"]);
}

#[test]
fn the_gateway_adds_nothing_to_a_line() {
    let mut hub = with_connections();
    subscribe(&mut hub, ONE, TOPIC, 0);
    hub.take_effects();
    let line = Bytes::from_static("{\"n\": 1,  \"text\":\"ol\u{e1} \\u0041\"}\n".as_bytes());
    hub.published(TOPIC.as_bytes(), &line, 0);
    let delivered = Effect::Deliver { to: ONE, kind: LineKind::Event, lines: line };
    assert_eq!(hub.take_effects(), [delivered]);
    assert_eq!(Close::SessionEnded.frame().0, 4401);
}

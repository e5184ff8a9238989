//! Web Push: which messages notify which user, what a gateway gets, and how subscriptions end.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use common::limits::{
    PRESENCE_TIMEOUT_MS, PUSH_DELAY_MS, PUSH_FAILING_MS_MAX, PUSH_LATE_MS, PUSH_RUNS_PER_USER_MAX,
    PUSH_SUBSCRIPTIONS_MAX, RUN_LEASE_MS, RUNS_MAX,
};
use serde_json::{Value, json};
use server::domain::Command;
use server::domain::records::TokenDigest;
use testkit::team::commands::{actor, join};
use testkit::team::{NOW_MS, Team, reason};
use testkit::user;
use transport::client_name::{Client, GATEWAY_SENDER};
use uuid::Uuid;

/// The example of RFC 8291, section 5.
const KEY: &str = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
const SECRET: &str = "BTBZMqHH6r4Tts7J_aSIgg";

/// The sessions of bob and of carol, by token.
const SESSIONS: [(&str, &str, u128); 3] = [("bob", "phone", 1), ("bob", "laptop", 2), ("carol", "tablet", 3)];

fn session_id(token: &str) -> Uuid {
    let known = SESSIONS.iter().find(|(_, known, _)| *known == token);
    Uuid::from_u128(known.expect("a session").2)
}

/// Opens a session whose id is not that of another session.
fn open(name: &str, token: &str, id: u128) -> Command<'static> {
    let (session, digest) = (Uuid::from_u128(id), TokenDigest::of(token));
    Command::OpenSession { user: user(name), session, digest, expires: u64::MAX }
}

/// Ends the session of a browser.
type End = fn(&mut Team);

/// Alice, bob and carol are members of `#ops`. The server knows that all are offline.
fn team() -> Team {
    let commands =
        [Command::CreateChannel(actor("alice", "#ops"), false), join("bob", "#ops"), join("carol", "#ops")];
    let sessions = SESSIONS.map(|(user, token, id)| open(user, token, id));
    let mut team = Team::new(&["alice", "bob", "carol"], commands.into_iter().chain(sessions));
    settle(&mut team);
    team
}

/// Waits until the server knows who is online.
fn settle(team: &mut Team) {
    team.run();
    team.pass(PRESENCE_TIMEOUT_MS + 1);
}

fn subscribe(team: &mut Team, token: &str) {
    let endpoint = format!("https://push.example/{token}");
    let params = json!({ "endpoint": endpoint, "p256dh": KEY, "auth": SECRET, "name": token });
    assert_eq!(team.ask(token, "push.subscribe", params), json!({}));
}

fn gateway(team: &mut Team, method: &str, params: Value) -> Value {
    team.ask_as((Client::Gateway, GATEWAY_SENDER), method, params)
}

/// The runs that a gateway takes now.
fn take(team: &mut Team) -> Vec<Value> {
    let taken = gateway(team, "push.take", json!({ "runs": RUNS_MAX, "contact": "https://chat.example" }));
    taken["runs"].as_array().unwrap_or_else(|| panic!("{taken}")).clone()
}

/// The runs that a gateway takes when the users had time to read.
fn take_later(team: &mut Team) -> Vec<Value> {
    assert!(take(team).is_empty(), "the users have time to read");
    team.pass(PUSH_DELAY_MS);
    take(team)
}

/// The pushes of runs as `user: conversation n`.
fn announced(runs: &[Value]) -> Vec<String> {
    let pushes = runs.iter().flat_map(|run| {
        let pushes = run["pushes"].as_array().expect("pushes").iter();
        pushes.map(|push| {
            format!("{}: {} {}", run["user"], push["payload"]["conversation"], push["payload"]["n"])
        })
    });
    pushes.map(|text| text.replace('"', "")).collect()
}

fn report(team: &mut Team, run: &Value, result: Value) {
    let mut params = json!({ "session": run["session"], "user": run["user"], "lease": run["lease"] });
    for (name, value) in result.as_object().expect("an object") {
        params[name] = value.clone();
    }
    assert_eq!(gateway(team, "push.report", params), json!({}));
}

/// Reports that the push service accepted all pushes of the runs.
fn accept(team: &mut Team, runs: &[Value]) {
    for run in runs {
        let last = run["pushes"].as_array().expect("pushes").last().expect("a push")["record"].clone();
        report(team, run, json!({ "record": last }));
    }
}

fn subscriptions(team: &mut Team, token: &str) -> Vec<Value> {
    let listed = team.ask(token, "push.list", json!({}));
    listed["subscriptions"].as_array().unwrap_or_else(|| panic!("{listed}")).clone()
}

#[test]
fn direct_messages_and_mentions_are_announced_without_their_texts() {
    let mut team = team();
    subscribe(&mut team, "phone");
    subscribe(&mut team, "tablet");
    team.say("alice", "#ops", "nothing for anybody");
    team.say("alice", "#ops", "the secret, @bob");
    team.say("alice", "@carol", "another secret");
    team.say("carol", "@bob", "a third secret");
    let runs = take_later(&mut team);
    assert_eq!(announced(&runs), ["bob: #ops 5", "bob: @carol 1", "carol: @alice 1"]);
    assert!(!json!(runs).to_string().contains("secret"));
    let run = &runs[0];
    assert_eq!((&run["endpoint"], &run["p256dh"]), (&json!("https://push.example/phone"), &json!(KEY)));
    assert!(run["authorization"].as_str().is_some_and(|header| header.starts_with("vapid t=")), "{run}");
    let topics: Vec<_> = runs.iter().flat_map(|run| run["pushes"].as_array().expect("pushes")).collect();
    assert!(topics.iter().all(|push| push["topic"].as_str().is_some_and(|topic| topic.len() == 32)));
    accept(&mut team, &runs);
    team.say("alice", "#ops", "@here");
    assert_eq!(announced(&take_later(&mut team)), ["bob: #ops 6", "carol: #ops 6"]);
}

#[test]
fn several_messages_of_a_conversation_are_one_push() {
    let mut team = team();
    subscribe(&mut team, "phone");
    subscribe(&mut team, "laptop");
    (0..5).for_each(|_| drop(team.say("alice", "@bob", "x")));
    let runs = take_later(&mut team);
    assert_eq!(announced(&runs), ["bob: @alice 5", "bob: @alice 5"], "one for each browser");
    accept(&mut team, &runs);
    assert!(take_later(&mut team).is_empty());
    team.say("alice", "@bob", "later");
    assert_eq!(announced(&take_later(&mut team)), ["bob: @alice 6"; 2]);
}

#[test]
fn the_levels_of_the_user_decide() {
    for (conversation, level, expected) in [
        (json!(null), "all", vec!["bob: #ops 4", "bob: @alice 1"]),
        (json!(null), "mentions", vec!["bob: #ops 4"]),
        (json!(null), "none", vec![]),
        (json!("#ops"), "none", vec!["bob: @alice 1"]),
        (json!("@alice"), "none", vec!["bob: #ops 4"]),
    ] {
        let mut team = team();
        subscribe(&mut team, "phone");
        let params = json!({ "conversation": conversation, "level": level });
        assert_eq!(team.ask("bob", "notify.set", params), json!({}));
        team.say("alice", "#ops", "@bob");
        team.say("alice", "@bob", "x");
        assert_eq!(announced(&take_later(&mut team)), expected, "{conversation} {level}");
    }
}

#[test]
fn what_the_user_has_read_or_written_is_not_announced() {
    let mut team = team();
    subscribe(&mut team, "phone");
    team.say("bob", "@alice", "of bob");
    team.say("bob", "#ops", "@here");
    assert!(take_later(&mut team).is_empty(), "the user's own messages");
    let n = team.say("alice", "@bob", "x")["n"].clone();
    team.ask("bob", "read.mark", json!({ "conversation": "@alice", "n": n }));
    assert!(take_later(&mut team).is_empty(), "read in time");
    team.say("alice", "@bob", "x");
    let runs = take_later(&mut team);
    report(&mut team, &runs[0], json!({ "error": "503" }));
    team.ask("bob", "read.mark", json!({ "conversation": "@alice", "n": 9 }));
    team.pass(RUN_LEASE_MS);
    assert!(take(&mut team).is_empty(), "read before the next attempt");
    assert_eq!(team.ask("bob", "user.block", json!({ "user": "carol" })), json!({}));
    team.say("carol", "#ops", "@bob");
    assert!(take_later(&mut team).is_empty(), "the user blocks the sender");
}

#[test]
fn a_user_who_is_online_is_considered_again() {
    let mut team = team();
    subscribe(&mut team, "phone");
    let online = json!({ "state": "online" });
    team.ask("bob", "presence.set", online.clone());
    team.say("alice", "@bob", "seen on the screen");
    assert!(take_later(&mut team).is_empty(), "the user looks at the screen");
    for _ in 0..=PUSH_LATE_MS / 10_000 {
        team.pass(10_000);
        team.ask("bob", "presence.set", online.clone());
        assert!(take(&mut team).is_empty(), "the user is still there");
    }
    team.ask("bob", "presence.set", json!({ "state": "away" }));
    assert!(take_later(&mut team).is_empty(), "the user was there for long enough");
    team.ask("bob", "presence.set", online);
    team.say("alice", "@bob", "the lid was closed");
    assert!(take_later(&mut team).is_empty());
    team.pass(PUSH_LATE_MS);
    assert_eq!(announced(&take(&mut team)), ["bob: @alice 2"], "no heartbeat came");
}

#[test]
fn a_restart_loses_no_push_and_repeats_none_that_was_reported() {
    let mut team = team();
    subscribe(&mut team, "phone");
    team.say("alice", "#ops", "@bob");
    let runs = take_later(&mut team);
    accept(&mut team, &runs);
    team.say("alice", "@bob", "x");
    team.restart();
    settle(&mut team);
    take(&mut team);
    team.pass(PUSH_DELAY_MS);
    let runs = take(&mut team);
    assert_eq!(announced(&runs), ["bob: @alice 1"]);
    assert!(take(&mut team).is_empty(), "the run belongs to a gateway");
    team.pass(RUN_LEASE_MS);
    let again = take(&mut team);
    assert_eq!(announced(&again), ["bob: @alice 1"], "the gateway was killed");
    // The first gateway reports late.
    accept(&mut team, &runs);
    report(&mut team, &again[0], json!({}));
    assert!(take_later(&mut team).is_empty());
}

#[test]
fn a_failure_delays_a_browser_until_its_pushes_are_dropped() {
    let mut team = team();
    subscribe(&mut team, "phone");
    subscribe(&mut team, "tablet");
    team.say("alice", "@bob", "x");
    let runs = take_later(&mut team);
    report(&mut team, &runs[0], json!({ "error": "the receiver answered 429", "wait_ms": 60_000 }));
    team.say("alice", "@carol", "x");
    assert_eq!(announced(&take_later(&mut team)), ["carol: @alice 1"], "other browsers do not wait");
    team.pass(60_000);
    let mut attempt = || {
        let runs = take(&mut team);
        let run = runs.iter().find(|run| run["user"] == "bob");
        run.iter().for_each(|run| report(&mut team, run, json!({ "error": "the receiver answered 503" })));
        team.pass(PUSH_FAILING_MS_MAX / 4);
        run.is_some()
    };
    let attempts = (0..10).filter(|_| attempt()).count();
    assert_eq!(attempts, 4, "after 1, 16, 46 and 106 minutes");
    team.restart();
    settle(&mut team);
    take(&mut team);
    team.pass(PUSH_DELAY_MS);
    assert!(!announced(&take(&mut team)).contains(&"bob: @alice 1".to_owned()), "dropped permanently");
    team.say("alice", "@bob", "later");
    assert!(announced(&take_later(&mut team)).contains(&"bob: @alice 2".to_owned()));
}

#[test]
fn a_push_service_that_does_not_know_the_browser_ends_the_subscription() {
    let mut team = team();
    subscribe(&mut team, "phone");
    subscribe(&mut team, "laptop");
    team.say("alice", "@bob", "x");
    let runs = take_later(&mut team);
    let phone = runs.iter().find(|run| run["session"] == json!(session_id("phone"))).expect("a run");
    report(&mut team, phone, json!({ "gone": true, "lease": 99 }));
    assert_eq!(subscriptions(&mut team, "phone").len(), 2, "another run");
    report(&mut team, phone, json!({ "gone": true }));
    let left = subscriptions(&mut team, "phone");
    assert_eq!(left.iter().map(|one| &one["name"]).collect::<Vec<_>>(), ["laptop"]);
    subscribe(&mut team, "phone");
    report(&mut team, phone, json!({ "gone": true }));
    assert_eq!(subscriptions(&mut team, "phone").len(), 2, "the report is about the earlier subscription");
}

/// How many notices for the gateway an `@here` publishes.
fn notices_of_here(team: &mut Team) -> usize {
    team.sent.published.clear();
    team.say("alice", "#ops", "@here");
    team.sent.published.iter().filter(|published| published.line["kind"] == "deliveries").count()
}

#[test]
fn a_subscription_ends_with_its_session() {
    let endings: [(&str, End); 5] = [
        ("unsubscribe", |team| drop(team.ask("phone", "push.unsubscribe", json!({})))),
        ("logout", |team| drop(team.ask("phone", "auth.logout", json!({})))),
        ("revoke", |team| {
            drop(team.ask("laptop", "session.revoke", json!({ "session": session_id("phone") })));
        }),
        ("disable", |team| {
            drop(team.ask("alice", "admin.disable", json!({ "user": "bob", "disabled": true })));
        }),
        ("delete", |team| drop(team.ask("alice", "account.delete", json!({ "user": "bob" })))),
    ];
    for (how, end) in endings {
        let mut team = team();
        assert_eq!(notices_of_here(&mut team), 0, "no browser is subscribed");
        subscribe(&mut team, "phone");
        assert_eq!(notices_of_here(&mut team), 1);
        team.say("alice", "@bob", "x");
        end(&mut team);
        assert_eq!(notices_of_here(&mut team), 0, "{how}");
        assert!(take_later(&mut team).is_empty(), "{how}");
        team.restart();
        settle(&mut team);
        assert!(take_later(&mut team).is_empty(), "{how}");
        assert!(!team.log().lines().last().expect("a line").contains("\"push\":{"), "{how}");
        assert_eq!(notices_of_here(&mut team), 0, "{how}");
    }
}

#[test]
fn a_user_may_subscribe_a_bounded_number_of_browsers() {
    let mut team = team();
    let params = |number: usize| json!({ "endpoint": format!("https://push.example/{number}"), "p256dh": KEY, "auth": SECRET });
    for (field, value) in
        [("p256dh", KEY.replace("BCVx", "BCVy")), ("endpoint", "http://push.example/".to_owned())]
    {
        let mut wrong = params(0);
        wrong[field] = json!(value);
        assert_eq!(reason(&team.ask("phone", "push.subscribe", wrong)), "invalid_params", "{field}");
    }
    let tokens: Vec<_> = (0..=PUSH_SUBSCRIPTIONS_MAX).map(|number| format!("browser {number}")).collect();
    for (token, id) in tokens.iter().zip(100..) {
        let mut commands = vec![open("bob", token, id)];
        testkit_record(&mut team, &mut commands);
    }
    for (number, token) in tokens[..PUSH_SUBSCRIPTIONS_MAX].iter().enumerate() {
        assert_eq!(team.ask(token, "push.subscribe", params(number)), json!({}));
        team.pass(1_000);
    }
    let refused = team.ask(&tokens[PUSH_SUBSCRIPTIONS_MAX], "push.subscribe", params(99));
    assert_eq!(refused["data"]["detail"], "too_many_push_subscriptions");
    assert_eq!(
        team.ask(&tokens[0], "push.subscribe", params(0)),
        json!({}),
        "the same again changes nothing"
    );
    // A browser with a new session ends the subscription of its earlier one.
    assert_eq!(team.ask(&tokens[1], "push.subscribe", params(0)), json!({}));
    assert_eq!(subscriptions(&mut team, "phone").len(), PUSH_SUBSCRIPTIONS_MAX - 1);
    team.say("alice", "@bob", "x");
    let runs = take_later(&mut team);
    assert_eq!(runs.len(), PUSH_RUNS_PER_USER_MAX, "slow push services of one user delay no others");
}

/// Records commands on the disk of the team, which needs a restart.
fn testkit_record(team: &mut Team, commands: &mut Vec<Command<'static>>) {
    let mut ledger = testkit::team::open_ledger(testkit::team::store(&team.disk), Default::default());
    for command in commands.drain(..) {
        ledger.record(command, NOW_MS).expect("an allowed command");
    }
    testkit::team::sync(&mut ledger);
    ledger.close();
    team.restart();
    settle(team);
}

#[test]
fn only_the_gateway_itself_takes_and_reports() {
    let mut team = team();
    subscribe(&mut team, "phone");
    team.say("alice", "@bob", "x");
    let take = json!({ "runs": 1 });
    let report = json!({ "session": session_id("phone"), "user": "bob", "lease": 1, "gone": true });
    for (client, sender) in [(Client::Gateway, *b"a client"), (Client::One(None), GATEWAY_SENDER)] {
        for (method, params) in [("push.take", &take), ("push.report", &report)] {
            let refused = team.ask_as((client, sender), method, params.clone());
            assert_eq!(refused["data"]["detail"], "only_gateway", "{refused}");
        }
    }
    assert_eq!(subscriptions(&mut team, "phone").len(), 1);
}

//! Outgoing webhooks: who may create them, what a gateway gets, and how positions and failures are kept.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use common::limits::{
    DELIVERY_FAILING_MS_MAX, HOOKS_PER_CHANNEL_MAX, RETRY_MS_MAX, RUN_EVENTS_MAX, RUN_LEASE_MS, RUNS_MAX,
    RUNS_PER_CREATOR_MAX,
};
use serde_json::{Value, json};
use server::domain::Command;
use testkit::team::commands::{actor, join};
use testkit::team::{Team, reason};
use testkit::user;
use transport::client_name::{Client, GATEWAY_SENDER};

const URL: &str = "https://ci.example/papo";

/// Alice owns `#ops`, bob is a member of it.
fn team(private: bool) -> Team {
    let commands = [
        Command::CreateChannel(actor("alice", "#ops"), private),
        Command::Invite(actor("alice", "#ops"), user("bob")),
        join("bob", "#ops"),
    ];
    Team::new(&["alice", "bob"], commands)
}

fn create(team: &mut Team, name: &str) -> Value {
    let created = team.ask("alice", "hook.create", json!({ "channel": "#ops", "name": name, "url": URL }));
    assert!(created["secret"].as_str().is_some_and(|secret| secret.starts_with("whsec_")), "{created}");
    assert!(created.get("hook").is_none(), "an outgoing hook has no token");
    created["id"].clone()
}

fn gateway(team: &mut Team, method: &str, params: Value) -> Value {
    team.ask_as((Client::Gateway, GATEWAY_SENDER), method, params)
}

/// The runs that a gateway takes.
fn take(team: &mut Team) -> Vec<Value> {
    let taken = gateway(team, "delivery.take", json!({ "runs": RUNS_MAX }));
    taken["runs"].as_array().unwrap_or_else(|| panic!("{taken}")).clone()
}

/// Takes one run. Returns its lease and the numbers of its events.
fn take_one(team: &mut Team) -> (u64, Vec<u64>) {
    let runs = take(team);
    let [run] = &*runs else { panic!("{runs:?}") };
    let events = run["events"].as_array().expect("events").iter();
    (run["lease"].as_u64().expect("a lease"), events.map(|event| event["n"].as_u64().expect("n")).collect())
}

fn report(team: &mut Team, hook: &Value, lease: u64, n: Option<u64>, error: Option<&str>) {
    let params = json!({ "hook": hook, "lease": lease, "n": n, "error": error });
    assert_eq!(gateway(team, "delivery.report", params), json!({}));
}

/// The deliveries of the only hook, as alice sees them.
fn listed(team: &mut Team) -> Value {
    team.ask("alice", "hook.list", json!({ "channel": "#ops" }))["hooks"][0]["delivery"].clone()
}

#[test]
fn a_gateway_gets_the_events_after_the_creation_in_order_and_signed() {
    for private in [false, true] {
        let mut team = team(private);
        team.say("bob", "#ops", "before");
        let hook = create(&mut team, "ci");
        assert!(take(&mut team).is_empty(), "nothing happened since");
        let texts = ["one", "two"];
        let numbers = texts.map(|text| team.say("bob", "#ops", text)["n"].as_u64().expect("n"));
        let runs = take(&mut team);
        let [run] = &*runs else { panic!("{runs:?}") };
        assert_eq!((&run["hook"], &run["url"]), (&hook, &json!(URL)));
        for (event, (n, text)) in
            run["events"].as_array().expect("events").iter().zip(numbers.iter().zip(texts))
        {
            assert_eq!((&event["n"], &event["event"]["n"]), (&json!(n), &json!(n)));
            assert_eq!(event["event"]["text"], text);
            assert_eq!(event["id"], format!("{}:{n}", hook.as_str().expect("an id")));
            assert_eq!(event["timestamp"].as_u64(), Some(team.now_ms / 1_000));
            assert!(event["signature"].as_str().is_some_and(|signature| signature.starts_with("v1,")));
        }
        assert!(take(&mut team).is_empty(), "the run belongs to a gateway");
        report(&mut team, &hook, run["lease"].as_u64().expect("a lease"), Some(numbers[1]), None);
        assert!(take(&mut team).is_empty());
        team.restart();
        assert!(take(&mut team).is_empty(), "the position is in the log");
        assert_eq!(listed(&mut team)["state"], "active");
    }
}

#[test]
fn only_the_gateway_itself_takes_and_reports() {
    let mut team = team(false);
    let hook = create(&mut team, "ci");
    team.say("bob", "#ops", "secret");
    let take = json!({ "runs": 1 });
    let report = json!({ "hook": hook, "lease": 1, "n": 9 });
    for (client, sender) in [(Client::Gateway, *b"a client"), (Client::One(None), GATEWAY_SENDER)] {
        for (method, params) in [("delivery.take", &take), ("delivery.report", &report)] {
            let refused = team.ask_as((client, sender), method, params.clone());
            assert_eq!(refused["data"]["detail"], "only_gateway", "{refused}");
        }
    }
    assert_eq!(team.ask("alice", "delivery.take", take)["data"]["detail"], "only_gateway");
}

#[test]
fn a_position_only_advances_and_survives_a_restart() {
    let mut team = team(false);
    let hook = create(&mut team, "ci");
    let numbers: Vec<_> = (0..40).map(|_| team.say("bob", "#ops", "x")["n"].as_u64().expect("n")).collect();
    let (lease, run) = take_one(&mut team);
    assert_eq!(run, numbers[..RUN_EVENTS_MAX as usize], "a run is bounded");
    report(&mut team, &hook, lease, Some(run[3]), None);
    for wrong in [run[2], run[3], 10_000] {
        report(&mut team, &hook, lease, Some(wrong), None);
        assert_eq!(listed(&mut team)["n"], json!(run[3]), "{wrong}");
    }
    team.restart();
    let (old_lease, again) = take_one(&mut team);
    assert_eq!(again.first(), numbers.get(4));
    team.pass(RUN_LEASE_MS);
    let (_, other) = take_one(&mut team);
    assert_eq!(other, again, "another gateway takes the run when the lease has ended");
    // The first gateway reports late: the receiver has these events, and the failure is of another run.
    report(&mut team, &hook, old_lease, Some(again[1]), Some("late"));
    assert_eq!((&listed(&mut team)["n"], &listed(&mut team)["state"]), (&json!(again[1]), &json!("active")));
    assert_eq!(team.log().matches("\"step\":\"delivered\"").count(), 2, "a repeated report adds no record");
}

#[test]
fn each_hook_of_many_has_its_turn() {
    let mut team = team(false);
    let hooks: Vec<_> = (0..3).map(|_| create(&mut team, "ci")).collect();
    team.say("bob", "#ops", "x");
    let mut taken = Vec::new();
    for _ in 0..3 {
        let runs = gateway(&mut team, "delivery.take", json!({ "runs": 1, "busy": [] }));
        let run = &runs["runs"][0];
        taken.push(run["hook"].clone());
        report(&mut team, &run["hook"], run["lease"].as_u64().expect("a lease"), None, None);
    }
    taken.sort_by_key(ToString::to_string);
    assert_eq!(taken, hooks);
    let busy = gateway(&mut team, "delivery.take", json!({ "runs": 9, "busy": hooks }));
    assert_eq!(busy["runs"], json!([]), "the gateway still works on them");
}

#[test]
fn failures_delay_the_next_attempt_and_a_day_of_them_pauses_the_hook() {
    let mut team = team(false);
    let hook = create(&mut team, "ci");
    team.say("bob", "#ops", "x");
    let started_ms = team.now_ms;
    let mut attempts = 0;
    while listed(&mut team)["state"] != "paused" {
        let runs = take(&mut team);
        if let [run] = &*runs {
            attempts += 1;
            report(
                &mut team,
                &hook,
                run["lease"].as_u64().expect("a lease"),
                None,
                Some(&format!("no {attempts}")),
            );
        }
        let taken = gateway(&mut team, "delivery.take", json!({ "runs": 9 }));
        team.now_ms += taken["wait_ms"].as_u64().expect("a time").max(250);
        assert!(team.now_ms < started_ms + 2 * DELIVERY_FAILING_MS_MAX, "never paused");
    }
    assert!(team.now_ms - started_ms <= DELIVERY_FAILING_MS_MAX + 2 * RETRY_MS_MAX);
    assert!((30..=60).contains(&attempts), "the delay doubles up to an hour: {attempts}");
    assert_eq!(team.log().matches("\"step\":\"failing\"").count(), 1, "one record for all failures");
    let delivery = listed(&mut team);
    assert_eq!(
        (&delivery["since"], &delivery["error"]),
        (&json!(started_ms), &json!(format!("no {attempts}")))
    );
    team.restart();
    assert_eq!(listed(&mut team)["state"], "paused");
    assert!(take(&mut team).is_empty());
    let notices = team.ask("alice", "message.history", json!({ "conversation": "@ci" }));
    let text = notices["events"][0]["text"].as_str().expect("a notice");
    assert!(text.contains("ci.example in #ops is paused") && !text.contains("/papo"), "{text}");
    assert_eq!(notices["head"], 1, "one notice");

    assert_eq!(reason(&team.ask("bob", "hook.resume", json!({ "id": hook }))), "no_such_hook");
    assert_eq!(team.ask("alice", "hook.resume", json!({ "id": hook })), json!({}));
    let (lease, run) = take_one(&mut team);
    report(&mut team, &hook, lease, run.last().copied(), None);
    let delivery = listed(&mut team);
    assert_eq!((&delivery["state"], delivery.get("error")), (&json!("active"), None));
}

#[test]
fn a_hook_delivers_only_what_its_account_may_read() {
    let mut team = team(true);
    let hook = create(&mut team, "ci");
    team.say("bob", "#ops", "x");
    team.ask("alice", "channel.kick", json!({ "channel": "#ops", "user": "ci" }));
    assert!(take(&mut team).is_empty(), "the account is no longer a member");
    assert_eq!(listed(&mut team)["state"], "not_member");
    team.ask("alice", "channel.invite", json!({ "channel": "#ops", "user": "ci" }));
    assert!(take(&mut team).is_empty(), "an invited account is not a member");
    create(&mut team, "ci");
    assert_eq!(take(&mut team)[0]["hook"], hook, "the account is a member again");
    team.ask("alice", "admin.disable", json!({ "user": "ci", "disabled": true }));
    team.pass(RUN_LEASE_MS);
    assert!(take(&mut team).is_empty(), "the account is disabled");
    assert_eq!(team.ask("alice", "hook.revoke", json!({ "id": hook })), json!({}));
    team.ask("alice", "channel.archive", json!({ "channel": "#ops", "archived": true }));
    team.ask("alice", "channel.delete", json!({ "channel": "#ops" }));
    team.restart();
    assert!(team.engine.ledger().state().users.hooks.outgoing.is_empty());
}

#[test]
fn a_hook_delivers_nothing_while_its_creator_is_disabled() {
    let mut team = team(true);
    let hook = create(&mut team, "ci");
    team.say("bob", "#ops", "x");
    team.ask("alice", "admin.promote", json!({ "user": "bob", "administrator": true }));
    team.ask("bob", "admin.disable", json!({ "user": "alice", "disabled": true }));
    assert!(take(&mut team).is_empty(), "the receiver of a disabled moderator gets nothing");
    team.ask("bob", "admin.disable", json!({ "user": "alice", "disabled": false }));
    assert_eq!(take(&mut team)[0]["hook"], hook);
}

#[test]
fn a_resume_of_a_running_delivery_keeps_its_lease() {
    let mut team = team(true);
    let hook = create(&mut team, "ci");
    team.say("bob", "#ops", "x");
    let (lease, numbers) = take_one(&mut team);
    assert_eq!(team.ask("alice", "hook.resume", json!({ "id": hook })), json!({}));
    assert!(take(&mut team).is_empty(), "the run belongs to the first gateway");
    report(&mut team, &hook, lease, numbers.last().copied(), None);
}

#[test]
fn the_slow_receivers_of_one_user_do_not_take_all_runs() {
    let mut team = team(false);
    let alices = RUNS_PER_CREATOR_MAX + 4;
    for n in 0..alices {
        let channel = format!("#of-alice-{n}");
        team.ask("alice", "channel.create", json!({ "channel": channel }));
        let hook = json!({ "channel": channel, "name": "slow", "url": URL });
        assert!(team.ask("alice", "hook.create", hook)["id"].is_string());
        team.say("alice", &channel, "x");
    }
    team.ask("bob", "channel.create", json!({ "channel": "#of-bob" }));
    let bobs = team.ask("bob", "hook.create", json!({ "channel": "#of-bob", "name": "fast", "url": URL }));
    team.say("bob", "#of-bob", "x");
    let first = take(&mut team);
    assert_eq!(first.len(), RUNS_PER_CREATOR_MAX + 1, "{first:?}");
    assert!(first.iter().any(|run| run["hook"] == bobs["id"]));
    let busy: Vec<_> = first.iter().map(|run| run["hook"].clone()).collect();
    let more = gateway(&mut team, "delivery.take", json!({ "runs": RUNS_MAX, "busy": busy }));
    assert_eq!(more["runs"], json!([]), "the other receivers wait for a run of alice to end");
}

#[test]
fn a_deleted_text_is_not_delivered_and_an_edited_text_is_the_new_one() {
    let mut team = team(false);
    create(&mut team, "ci");
    let [edited, deleted] = ["wrong", "a password"].map(|text| team.say("bob", "#ops", text)["n"].clone());
    let (edit, delete) = (team.id(), team.id());
    let edit = json!({ "conversation": "#ops", "n": edited, "id": edit, "text": "right" });
    assert!(team.ask("bob", "message.edit", edit)["n"].is_u64());
    let delete = json!({ "conversation": "#ops", "n": deleted, "id": delete });
    assert!(team.ask("bob", "message.delete", delete)["n"].is_u64());
    let runs = take(&mut team);
    let events = runs[0]["events"].as_array().expect("events");
    assert_eq!(events.len(), 4, "each number is delivered");
    assert_eq!(events[0]["event"]["text"], "right");
    assert!(!json!(runs).to_string().contains("a password"));
}

#[test]
fn a_url_is_checked_and_excludes_the_flags_of_incoming_hooks() {
    let mut team = team(false);
    for (more, detail) in [
        (json!({ "url": "ftp://ci.example" }), "bad_hook_url"),
        (json!({ "url": "https://user@ci.example" }), "bad_hook_url"),
        (json!({ "url": URL, "signed": true }), "bad_params"),
        (json!({ "url": URL, "here": true }), "bad_params"),
        (json!({ "url": URL, "unlocked": true }), "bad_params"),
    ] {
        let mut params = json!({ "channel": "#ops", "name": "ci" });
        params.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        assert_eq!(team.ask("alice", "hook.create", params)["data"]["detail"], detail, "{more}");
    }
    let params = json!({ "channel": "#ops", "name": "ci", "url": URL });
    assert_eq!(reason(&team.ask("bob", "hook.create", params.clone())), "not_allowed");
    for _ in 0..HOOKS_PER_CHANNEL_MAX {
        create(&mut team, "ci");
    }
    assert_eq!(team.ask("alice", "hook.create", params)["data"]["detail"], "too_many_hooks");
    assert!(!team.log().contains("whsec_"), "the secret is derived");
}

#[test]
fn only_events_of_a_channel_with_a_receiver_notify_the_gateway() {
    let mut team = team(false);
    let topic = gateway(&mut team, "delivery.take", json!({ "runs": 0 }))["topic"].clone();
    let notices = |team: &mut Team| {
        let published = std::mem::take(&mut team.sent.published);
        published.iter().filter(|published| json!(published.topic) == topic).count()
    };
    team.say("bob", "#ops", "x");
    team.run();
    assert_eq!(notices(&mut team), 0);
    let hook = create(&mut team, "ci");
    team.sent.published.clear();
    team.say("bob", "#ops", "x");
    assert_eq!(notices(&mut team), 1);
    team.ask("alice", "hook.revoke", json!({ "id": hook }));
    team.say("bob", "#ops", "x");
    assert_eq!(notices(&mut team), 0);
}

#[test]
fn no_run_is_taken_while_the_disk_is_full() {
    let mut team = team(false);
    create(&mut team, "ci");
    team.say("bob", "#ops", "x");
    team.disk.set_room(Some(100));
    let more = json!({ "to": "#ops", "id": testkit::id(999), "text": "x".repeat(500) });
    assert_eq!(reason(&team.ask("bob", "message.send", more)), "storage_full");
    assert!(take(&mut team).is_empty(), "its position could not be stored");
    team.disk.set_room(None);
    team.run();
    assert_eq!(take_one(&mut team).1.len(), 1);
}

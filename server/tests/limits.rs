//! The limits of a user: rates, the number of channels, and the daily quota of the log. The cost of a list
//! depends only on its length.

#![expect(clippy::indexing_slicing, reason = "tests may panic")]

use std::time::Duration;

use serde_json::{Value, json};
use server::domain::Command;
use server::services::limiters::rates::{Rate, UserLimits};
use server::storage::ledger::Sizes;
use testkit::id;
use testkit::team::commands::{actor, create, join, log_in, send};
use testkit::team::{Team, open_ledger, reason, request, store};
use transport::clock;

/// A team whose users have these limits.
fn team_with(limits: UserLimits) -> Team {
    let mut team = Team::new(&["alice", "bob"], [create("alice", "#a"), log_in("alice", "alice's phone")]);
    team.user_limits = limits;
    team.restart();
    team
}

fn rates(messages: u32, reads: u32) -> UserLimits {
    let rate = |burst| Rate { per_second: 1, burst };
    UserLimits { messages: rate(messages), reads: rate(reads), ..UserLimits::default() }
}

fn message(team: &mut Team, session: &str, to: &str, text: &str) -> Value {
    let params = json!({ "to": to, "id": team.id(), "text": text });
    team.ask(session, "message.send", params)
}

#[test]
fn the_rates_count_all_sessions_of_a_user() {
    let mut team = team_with(rates(4, 4));
    for session in ["alice", "alice's phone", "alice", "alice's phone"] {
        assert!(message(&mut team, session, "#a", "one")["n"].is_u64());
        assert!(team.ask(session, "channel.list", json!({}))["channels"].is_array());
    }
    for session in ["alice", "alice's phone"] {
        assert_eq!(reason(&message(&mut team, session, "#a", "one")), "rate_limited");
        assert_eq!(reason(&team.ask(session, "channel.list", json!({}))), "rate_limited");
    }
    assert!(team.ask("bob", "channel.list", json!({}))["channels"].is_array(), "bob has his own limits");
    assert!(
        team.ask("alice", "session.revoke", json!({})).get("ended").is_some(),
        "a revocation has no rate"
    );
    team.pass(1_000);
    assert!(message(&mut team, "alice", "#a", "one")["n"].is_u64());
    assert!(team.ask("alice", "channel.list", json!({}))["channels"].is_array());
}

#[test]
fn each_method_that_reads_is_limited() {
    let reads = [
        ("session.list", json!({})),
        ("user.list", json!({})),
        ("channel.list", json!({})),
        ("channel.members", json!({ "channel": "#a" })),
        ("channel.invitations", json!({})),
        ("channel.bans", json!({ "channel": "#a" })),
        ("message.history", json!({ "conversation": "#a" })),
        ("mention.list", json!({})),
        ("message.search", json!({ "query": "word" })),
        ("read.list", json!({})),
        ("sync.heads", json!({})),
        ("typing.set", json!({ "to": "#a", "typing": true })),
        ("admin.users", json!({})),
        ("admin.channels", json!({})),
        ("admin.sessions", json!({})),
        ("admin.stats", json!({})),
        ("admin.backups", json!({})),
    ];
    for (method, params) in reads {
        let mut team = team_with(rates(10, 1));
        let first = team.ask("alice", method, params.clone());
        assert_ne!(first["data"]["reason"], "rate_limited", "{method}");
        assert_eq!(reason(&team.ask("alice", method, params)), "rate_limited", "{method}");
    }
}

#[test]
fn a_repeated_message_and_a_large_page_cost_reads() {
    let mut team = team_with(rates(1_000, 30));
    let params = json!({ "to": "#a", "id": team.id(), "text": "once" });
    for _ in 0..=30 {
        assert!(team.ask("alice", "message.send", params.clone())["n"].is_u64());
    }
    assert_eq!(reason(&team.ask("alice", "message.send", params)), "rate_limited");

    team.pass(1_000_000);
    let text = "x".repeat(16_000);
    for _ in 0..70 {
        assert!(message(&mut team, "alice", "#a", &text)["n"].is_u64());
    }
    let page = json!({ "conversation": "#a", "limit": 500 });
    let pages =
        (0..30).take_while(|_| team.ask("alice", "message.history", page.clone())["events"].is_array());
    assert_eq!(pages.count(), 2, "a page of 1 MiB costs 17 reads");
}

#[test]
fn channels_that_a_user_created_and_joined_are_limited() {
    let limits = rates(1_000_000, 1_000_000);
    let others = (0..999).map(|i| create(if i % 2 == 0 { "bob" } else { "eva" }, &format!("#c{i}")));
    let joins = (0..999).map(|i| join("alice", &format!("#c{i}")));
    let more = [create("bob", "#more"), create("bob", "#most")];
    let mut team = Team::new(&["alice", "bob", "eva"], others.chain(joins).chain(more));
    team.user_limits = limits;
    team.restart();
    assert!(team.ask("alice", "channel.join", json!({ "channel": "#more" }))["n"].is_u64());
    let refused = team.ask("alice", "channel.join", json!({ "channel": "#most" }));
    assert_eq!(refused["data"]["detail"], "too_many_memberships", "{refused}");
    assert_eq!(reason(&refused), "too_many_channels");
    let refused = team.ask("alice", "channel.create", json!({ "channel": "#new" }));
    assert_eq!(refused["data"]["detail"], "too_many_memberships", "{refused}");
    assert!(team.ask("alice", "channel.join", json!({ "channel": "#c7" }))["n"].is_u64(), "a member already");
    assert_eq!(team.ask("alice", "channel.leave", json!({ "channel": "#c7" })), json!({}));
    assert!(team.ask("alice", "channel.join", json!({ "channel": "#most" }))["n"].is_u64());

    let refused = team.ask("bob", "channel.create", json!({ "channel": "#new" }));
    assert_eq!(refused["data"]["detail"], "too_many_created", "all channels that bob created count");
    team.ask("bob", "channel.leave", json!({ "channel": "#c2" }));
    let refused = team.ask("bob", "channel.create", json!({ "channel": "#new" }));
    assert_eq!(refused["data"]["detail"], "too_many_created", "a channel without members still counts");
}

#[test]
fn a_deleted_channel_counts_for_its_creator() {
    let mut team = Team::new(&["alice"], (0..200).map(|i| create("alice", &format!("#c{i}"))));
    assert_eq!(team.ask("alice", "channel.delete", json!({ "channel": "#c4" })), json!({}));
    let refused = team.ask("alice", "channel.create", json!({ "channel": "#new" }));
    assert_eq!(refused["data"]["detail"], "too_many_created", "{refused}");
    let Team { engine, disk, .. } = team;
    engine.close();
    let mut team = Team::start(open_ledger(store(&disk), Sizes::default()), disk);
    let refused = team.ask("alice", "channel.create", json!({ "channel": "#new" }));
    assert_eq!(refused["data"]["detail"], "too_many_created", "after a restart with a snapshot: {refused}");
}

#[test]
fn creating_joining_and_inviting_have_their_own_rates() {
    let mut team = team_with(UserLimits::none());
    let frame = |method: &str, first: u64, params: &dyn Fn(u64) -> Value| {
        (first..first + 201).map(|i| request(i, "alice", method, params(i))).collect::<Vec<_>>().join("\n")
    };
    team.accept(&frame("channel.create", 0, &|i| json!({ "channel": format!("#n{i}") })), None);
    team.run();
    let replies: Vec<_> = team.sent.replies.drain(..).collect();
    let refused: Vec<_> = replies[0].lines.lines().filter(|line| line.contains("error")).collect();
    assert_eq!(refused.len(), 1 + 1, "{refused:?}");
    assert!(refused[1].contains("rate_limited"), "{refused:?}");
    for (method, params) in [
        ("channel.join", json!({ "channel": "#a" })),
        ("channel.invite", json!({ "channel": "#a", "user": "bob" })),
    ] {
        let mut lines = 0;
        while !team.ask("alice", method, params.clone()).to_string().contains("rate_limited") {
            lines += 1;
            assert!(lines <= 1_000, "{method} has no rate");
        }
        assert_eq!(lines, 1_000, "{method}");
    }
}

#[test]
fn a_user_over_the_daily_quota_can_still_revoke_sessions_and_delete_messages() {
    let limits = UserLimits { log_bytes_per_day: 2_000, ..UserLimits::default() };
    let mut team = team_with(limits);
    let text = "x".repeat(900);
    let n = message(&mut team, "alice", "#a", &text)["n"].clone();
    assert!(message(&mut team, "alice", "#a", &text)["n"].is_u64());
    let refused = message(&mut team, "alice's phone", "#a", "more");
    assert_eq!((reason(&refused), &refused["data"]["detail"]), ("quota_exceeded", &json!("log_quota")));
    let wait_ms = refused["data"]["wait_ms"].as_u64().expect("the time until the quota ends");
    assert!(refused["message"].as_str().is_some_and(|message| message.contains("minutes")), "{refused}");
    let begin = json!({ "to": "#a", "id": team.id(), "name": "a.txt", "bytes": 5, "sha256": "0".repeat(64) });
    assert_eq!(reason(&team.ask("alice", "file.begin", begin)), "quota_exceeded");
    assert_eq!(reason(&team.ask("alice", "channel.create", json!({ "channel": "#b" }))), "quota_exceeded");
    assert!(message(&mut team, "bob", "@alice", &text)["n"].is_u64(), "bob has his own quota");

    let delete = json!({ "conversation": "#a", "n": n, "id": team.id() });
    assert!(team.ask("alice", "message.delete", delete)["n"].is_u64());
    assert!(team.ask("alice", "session.revoke", json!({})).get("ended").is_some());
    team.pass(wait_ms - 1);
    assert_eq!(reason(&message(&mut team, "alice", "#a", "more")), "quota_exceeded");
    team.pass(1);
    assert!(message(&mut team, "alice", "#a", "more")["n"].is_u64());
}

/// The time in which a debug build answers 1,024 lines on a busy machine. Without an index they take minutes.
const LISTS_TIME: Duration = Duration::from_secs(20);

/// The time for a frame of 1,024 lines of one method.
fn time_of_lines(team: &mut Team, by: &str, method: &str) -> Duration {
    let lines: Vec<_> = (0..1024).map(|i| request(i, by, method, json!({}))).collect();
    let started = clock::now();
    team.accept(&lines.join("\n"), None);
    team.run();
    let time = clock::now().duration_since(started);
    let replies: Vec<_> = team.sent.replies.drain(..).collect();
    assert_eq!(replies[0].lines.lines().filter(|line| line.contains("result")).count(), 1024);
    time
}

#[test]
fn the_cost_of_a_list_depends_only_on_its_length() {
    const CHANNELS: u32 = 30_000;
    let secret = |i| Command::CreateChannel(actor("alice", &format!("#secret{i}")), true);
    let last = send("bob", "#a", id(1), "@alice look");
    let commands = [create("bob", "#a"), join("alice", "#a")].into_iter().chain((0..CHANNELS).map(secret));
    let mut team = Team::new(&["alice", "bob"], commands.chain([last]));
    for (user, method) in [("bob", "channel.list"), ("bob", "channel.invitations"), ("alice", "mention.list")]
    {
        let time = time_of_lines(&mut team, user, method);
        assert!(time < LISTS_TIME, "1,024 x {method}: {time:?}");
    }
}

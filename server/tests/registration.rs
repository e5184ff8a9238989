//! Who may register: the code for the first account, join codes, and their limits.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use serde_json::{Value, json};
use server::services::registration::{Mode, Registration};
use testkit::team::{Team, reason, request};

const DAY_MS: u64 = 86_400_000;
const PASSWORD: &str = "correct horse";
const WRONG: &str = "4f0c19a2b3d4e5f6071829304a5b6c7d";

/// Users with sessions on a node with this registration. Alice is the administrator.
fn team(mode: Mode, users: &[&str]) -> Team {
    with_mode(Team::new(users, []), mode)
}

fn with_mode(mut team: Team, mode: Mode) -> Team {
    let registration = Registration::start(mode, team.engine.ledger().state(), None).expect("random bytes");
    team.engine = team.engine.with_registration(registration);
    team
}

fn registration(user: &str, code: Option<&str>) -> Value {
    let mut params = json!({ "user": user, "password": PASSWORD });
    if let Some(code) = code {
        params["code"] = json!(code);
    }
    params
}

fn register(team: &mut Team, user: &str, code: Option<&str>) -> Value {
    team.ask("", "auth.register", registration(user, code))
}

/// Sends registrations at once, each from its own connection. Returns the replies.
fn register_at_once(team: &mut Team, users: &[&str], code: &str) -> Vec<Value> {
    team.sent.replies.clear();
    for user in users {
        team.accept_from(user, &request(1, "", "auth.register", registration(user, Some(code))), None);
    }
    team.run();
    let replies = team.sent.replies.drain(..);
    replies.map(|reply| serde_json::from_str(&reply.lines).expect("a reply of one line")).collect()
}

/// Creates a join code as Alice. Returns its text and its id.
fn join_code(team: &mut Team, uses: u32) -> (String, Value) {
    let params = json!({ "uses": uses, "days": 7, "note": "for bob" });
    let created = team.ask("alice", "join_code.create", params);
    (created["code"].as_str().unwrap_or_else(|| panic!("{created}")).to_owned(), created["id"].clone())
}

#[test]
fn the_first_account_needs_the_code_of_the_start() {
    for mode in [Mode::Invite, Mode::Closed] {
        let mut team = team(mode, &[]);
        let code = team.engine.registration().first_code().expect("there is no account").to_owned();
        assert!(code.len() == 32 && code != WRONG, "128 bits: {code}");
        for wrong in [None, Some(WRONG), Some(""), Some(&code[1..])] {
            assert_eq!(reason(&register(&mut team, "mallory", wrong)), "invalid_join_code", "{wrong:?}");
        }
        let replies = register_at_once(&mut team, &["alice", "mallory"], &code);
        assert_eq!(replies[0]["result"], json!({ "user": "alice", "administrator": true }), "{replies:?}");
        assert!(replies[1]["error"].is_object(), "the code works once: {replies:?}");
        let again = register(&mut team, "mallory", Some(&code));
        let expected = if mode == Mode::Closed { "registration_closed" } else { "invalid_join_code" };
        assert_eq!(reason(&again), expected);

        team.restart();
        team = with_mode(team, mode);
        assert_eq!(team.engine.registration().first_code(), None, "an account exists");
    }
}

#[test]
fn an_open_node_needs_no_code_and_ignores_one() {
    let mut team = team(Mode::Open, &[]);
    assert_eq!(team.engine.registration().first_code(), None);
    assert_eq!(register(&mut team, "alice", None)["administrator"], true);
    assert_eq!(register(&mut team, "bob", Some(WRONG))["user"], "bob");
}

#[test]
fn a_join_code_registers_as_many_users_as_it_has_uses() {
    let mut team = team(Mode::Invite, &["alice"]);
    let needed = register(&mut team, "bob", None);
    assert_eq!(reason(&needed), "invalid_join_code");
    assert_eq!(needed["data"]["detail"], "join_code_needed");
    let (code, id) = join_code(&mut team, 3);
    assert_eq!(register(&mut team, "bob", Some(&code))["user"], "bob");
    assert_eq!(reason(&register(&mut team, "bob", Some(&code))), "name_taken", "a refusal uses nothing up");
    let listed = team.ask("alice", "join_code.list", json!({}));
    let expected = json!({ "id": id, "by": "alice", "uses": 2, "note": "for bob",
        "expires": team.now_ms + 7 * DAY_MS });
    assert_eq!(listed, json!({ "codes": [expected] }), "the list has no texts");

    team.restart();
    team = with_mode(team, Mode::Invite);
    assert_eq!(register(&mut team, "carol", Some(&code))["user"], "carol");
    let replies = register_at_once(&mut team, &["dave", "erin"], &code);
    assert_eq!(replies[0]["result"]["user"], "dave", "{replies:?}");
    assert_eq!(replies[1]["error"]["data"]["reason"], "invalid_join_code", "{replies:?}");
    assert_eq!(team.ask("alice", "join_code.list", json!({})), json!({ "codes": [] }));
    let log = team.log();
    assert!(log.contains("\"join_code\"") && !log.contains(&code), "the log holds no texts of codes");
}

#[test]
fn a_join_code_ends_when_it_expires_or_is_revoked() {
    let mut team = team(Mode::Invite, &["alice"]);
    let ((expiring, _), (revoked, id)) = (join_code(&mut team, 9), join_code(&mut team, 9));
    assert_eq!(team.ask("alice", "join_code.revoke", json!({ "id": id })), json!({}));
    assert_eq!(reason(&team.ask("alice", "join_code.revoke", json!({ "id": id }))), "no_such_join_code");
    assert_eq!(reason(&register(&mut team, "bob", Some(&revoked))), "invalid_join_code");
    team.now_ms += 7 * DAY_MS - 1;
    assert_eq!(register(&mut team, "bob", Some(&expiring))["user"], "bob");
    team.now_ms += 1;
    assert_eq!(reason(&register(&mut team, "carol", Some(&expiring))), "invalid_join_code");
    assert_eq!(team.ask("alice", "join_code.list", json!({})), json!({ "codes": [] }));
    join_code(&mut team, 1);
    let codes = &team.engine.ledger().state().users.join_codes;
    assert_eq!(codes.unexpired(0).count(), 1, "expired codes are removed");
}

#[test]
fn join_codes_are_for_administrators_and_end_with_the_right_of_their_creator() {
    let mut team = team(Mode::Invite, &["alice", "bob"]);
    let (_, id) = join_code(&mut team, 1);
    for (method, params) in [
        ("join_code.create", json!({})),
        ("join_code.list", json!({})),
        ("join_code.revoke", json!({ "id": id })),
    ] {
        assert_eq!(reason(&team.ask("bob", method, params)), "not_administrator", "{method}");
    }
    let promote = |team: &mut Team, administrator: bool| {
        team.ask("alice", "admin.promote", json!({ "user": "bob", "administrator": administrator }))
    };
    promote(&mut team, true);
    let created = team.ask("bob", "join_code.create", json!({ "uses": 9 }));
    let code = created["code"].as_str().expect("a code").to_owned();
    promote(&mut team, false);
    assert_eq!(reason(&register(&mut team, "carol", Some(&code))), "invalid_join_code");
    promote(&mut team, true);
    assert_eq!(register(&mut team, "carol", Some(&code))["user"], "carol");
    team.ask("alice", "admin.disable", json!({ "user": "bob", "disabled": true }));
    assert_eq!(reason(&register(&mut team, "dave", Some(&code))), "invalid_join_code");
}

#[test]
fn a_closed_node_accepts_no_code_and_join_codes_have_bounds() {
    let mut team = team(Mode::Closed, &["alice"]);
    let (code, _) = join_code(&mut team, 1);
    for code in [None, Some(&*code)] {
        assert_eq!(reason(&register(&mut team, "bob", code)), "registration_closed");
    }
    let bad = [
        json!({ "uses": 0 }),
        json!({ "uses": 1001 }),
        json!({ "days": 0 }),
        json!({ "days": 366 }),
        json!({ "note": "x".repeat(129) }),
    ];
    for params in bad {
        let refused = team.ask("alice", "join_code.create", params);
        assert_eq!(
            (reason(&refused), &refused["data"]["detail"]),
            ("invalid_params", &json!("join_code_bounds"))
        );
    }
    for _ in 1..1_000 {
        join_code(&mut team, 1);
    }
    assert_eq!(reason(&team.ask("alice", "join_code.create", json!({}))), "too_large");
}

#[test]
fn wrong_codes_of_a_client_are_limited_and_lock_no_other_client_out() {
    let mut team = team(Mode::Invite, &["alice"]);
    let (code, _) = join_code(&mut team, 9);
    for _ in 0..5 {
        assert_eq!(reason(&register(&mut team, "mallory", Some(WRONG))), "invalid_join_code");
    }
    let limited = register(&mut team, "mallory", Some(&code));
    assert_eq!((reason(&limited), &limited["data"]["wait_ms"]), ("rate_limited", &json!(1000)), "{limited}");
    let reset = json!({ "user": "alice", "code": WRONG, "new_password": PASSWORD });
    assert_eq!(
        reason(&team.ask("", "auth.reset", reset)),
        "rate_limited",
        "one count for both kinds of codes"
    );
    let replies = register_at_once(&mut team, &["bob"], &code);
    assert_eq!(replies[0]["result"]["user"], "bob", "another client");
    team.now_ms += 1_000;
    assert_eq!(register(&mut team, "carol", Some(&code))["user"], "carol");
}

/// `аdmin` and `оса` have Cyrillic letters.
#[test]
fn a_new_name_that_mixes_scripts_or_looks_like_a_name_of_another_script_is_refused() {
    let mut team = team(Mode::Open, &["alice", "oca", "modern"]);
    for (name, detail) in [("аdmin", "name_mixes_scripts"), ("оса", "name_confusable")] {
        let refused = register(&mut team, name, None);
        assert_eq!(refused["data"]["detail"], detail, "{name}: {refused}");
    }
    for name in ["modem", "дмитрий"] {
        assert_eq!(register(&mut team, name, None)["user"], name);
    }
}

//! Who may register: join codes, the code for the first account, names that look alike, and forgotten passwords.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use serde_json::{Value, json};
use server::services::registration::{Mode, Registration};
use testkit::team::{Team, reason};

const DAY_MS: u64 = 86_400_000;

/// Users with sessions on a node with this registration.
fn team(mode: Mode, users: &[&str]) -> Team {
    let mut team = Team::new(users, []);
    let registration = Registration::start(mode, team.engine.ledger().state()).expect("random bytes");
    team.engine = team.engine.with_registration(registration);
    team
}

fn register(team: &mut Team, user: &str, code: Option<&str>) -> Value {
    let mut params = json!({ "user": user, "password": "correct horse" });
    if let Some(code) = code {
        params["code"] = json!(code);
    }
    team.ask("", "auth.register", params)
}

/// Creates a join code as alice.
fn join_code(team: &mut Team, uses: u32) -> (String, Value) {
    let created =
        team.ask("alice", "join_code.create", json!({ "uses": uses, "days": 7, "note": "for bob" }));
    (created["code"].as_str().expect("a code").to_owned(), created["id"].clone())
}

#[test]
fn the_first_account_needs_the_code_of_the_start() {
    for mode in [Mode::Invite, Mode::Closed] {
        let mut team = team(mode, &[]);
        let code = team.engine.registration().first_code().expect("there is no account").to_owned();
        assert!(register(&mut team, "mallory", None)["data"]["reason"].is_string());
        assert!(register(&mut team, "mallory", Some("4f0c19a2b3d4e5f60718"))["data"]["reason"].is_string());
        let registered = register(&mut team, "alice", Some(&code));
        assert_eq!((&registered["user"], &registered["administrator"]), (&json!("alice"), &json!(true)));
        assert!(register(&mut team, "mallory", Some(&code))["data"]["reason"].is_string(), "it works once");
    }
    assert_eq!(team(Mode::Open, &[]).engine.registration().first_code(), None);
    assert_eq!(team(Mode::Invite, &["alice"]).engine.registration().first_code(), None);
}

#[test]
fn a_join_code_registers_as_many_users_as_it_has_uses() {
    let mut team = team(Mode::Invite, &["alice"]);
    let needed = register(&mut team, "bob", None);
    assert_eq!(
        (reason(&needed), &needed["data"]["detail"]),
        ("invalid_join_code", &json!("join_code_needed"))
    );
    let (code, id) = join_code(&mut team, 2);
    assert_eq!(register(&mut team, "bob", Some(&code))["user"], "bob");
    assert_eq!(reason(&register(&mut team, "bob", Some(&code))), "name_taken", "a refusal uses nothing up");
    let listed = team.ask("alice", "join_code.list", json!({}));
    assert_eq!((&listed["codes"][0]["id"], &listed["codes"][0]["uses"]), (&id, &json!(1)), "{listed}");
    assert!(!listed.to_string().contains(&code), "the list has no texts");

    team.restart();
    let registration = Registration::start(Mode::Invite, team.engine.ledger().state()).expect("random bytes");
    team.engine = team.engine.with_registration(registration);
    assert_eq!(register(&mut team, "carol", Some(&code))["user"], "carol");
    assert_eq!(reason(&register(&mut team, "dave", Some(&code))), "invalid_join_code");
    assert_eq!(team.ask("alice", "join_code.list", json!({})), json!({ "codes": [] }));
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
}

#[test]
fn a_closed_node_accepts_no_code_and_join_codes_have_bounds() {
    let mut team = team(Mode::Closed, &["alice"]);
    let (code, _) = join_code(&mut team, 1);
    assert_eq!(reason(&register(&mut team, "bob", Some(&code))), "registration_closed");
    let bad = [
        json!({ "uses": 0 }),
        json!({ "uses": 1001 }),
        json!({ "days": 366 }),
        json!({ "note": "x".repeat(129) }),
    ];
    for params in bad {
        assert_eq!(reason(&team.ask("alice", "join_code.create", params)), "invalid_params");
    }
    for _ in 1..1_000 {
        join_code(&mut team, 1);
    }
    assert_eq!(reason(&team.ask("alice", "join_code.create", json!({}))), "too_large");
}

/// `сосо` has Cyrillic letters, and `аdmin` a Cyrillic and Latin ones.
#[test]
fn a_new_name_that_looks_like_one_of_another_script_is_refused() {
    let mut team = team(Mode::Open, &["coco", "modern", "дмитрий", "оса"]);
    for (name, detail) in
        [("сосо", "name_confusable"), ("oca", "name_confusable"), ("аdmin", "name_mixes_scripts")]
    {
        assert_eq!(register(&mut team, name, None)["data"]["detail"], detail, "{name}");
    }
    for name in ["modem", "ирина", "joão", "山田たろう", "bob-2.x_", "c0c0"] {
        assert_eq!(register(&mut team, name, None)["user"], name);
    }
}

#[test]
fn an_administrator_gives_a_code_for_a_forgotten_password() {
    let mut team = team(Mode::Closed, &["alice", "bob"]);
    let reset = |team: &mut Team, code: &str| {
        team.ask("", "auth.reset", json!({ "user": "bob", "code": code, "new_password": "battery staple" }))
    };
    assert_eq!(
        reason(&team.ask("bob", "admin.reset_password", json!({ "user": "alice" }))),
        "not_administrator"
    );
    let code = |team: &mut Team| {
        let code = team.ask("alice", "admin.reset_password", json!({ "user": "bob" }))["code"].clone();
        code.as_str().expect("a code").to_owned()
    };
    let expired = code(&mut team);
    team.now_ms += DAY_MS;
    assert_eq!(reason(&reset(&mut team, &expired)), "wrong_credentials");
    let code = code(&mut team);
    assert_eq!(reason(&reset(&mut team, "4f0c19a2b3d4e5f60718")), "wrong_credentials");
    assert_eq!(reset(&mut team, &code), json!({}));
    assert_eq!(reason(&team.ask("bob", "session.list", json!({}))), "unauthenticated", "all sessions ended");
    assert_eq!(reason(&reset(&mut team, &code)), "wrong_credentials", "it works once");
    let login = json!({ "user": "bob", "password": "battery staple" });
    assert!(team.ask("", "auth.login", login)["token"].is_string());
}

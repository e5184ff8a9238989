//! Administrators and disabled accounts.

use super::super::admin::check;
use super::*;
use common::Detail;

fn set_disabled(by: &str, other: &str, disabled: bool) -> Command<'static> {
    Command::Disable { by: user(by), user: user(other), disabled }
}

fn set_administrator(by: &str, other: &str, administrator: bool) -> Command<'static> {
    Command::Promote { by: user(by), user: user(other), administrator }
}

#[test]
fn the_first_account_is_the_administrator() {
    let fixture = Fixture::with(&["zoe", "ana"], []);
    assert_eq!(check(&fixture.state, &user("zoe")), Ok(()));
    assert_eq!(check(&fixture.state, &user("ana")), Err(Detail::NotAdministrator));
    assert_eq!(check(&fixture.state, &user("nobody")), Err(Detail::NotAdministrator));
}

#[test]
fn a_snapshot_without_administrators_promotes_the_oldest_account() {
    let mut fixture = Fixture::new();
    for (number, (name, at)) in (1..).zip([("ana", 2), ("zoe", 1), ("eva", 2)]) {
        let record = ServerRecord::Account { at, user: user(name), password: "hash".into(), bot: None };
        fixture.state.apply(number, &Record::Server(record));
    }
    let mut accounts = fixture.state.users.accounts().clone();
    accounts.values_mut().for_each(|account| account.administrator = false);
    let mut state = State::new(TopicSecret::new([7; 32]));
    state.users.restore(accounts);
    assert_eq!(check(&state, &user("zoe")), Ok(()));
    assert_eq!(state.users.accounts().values().filter(|account| account.administrator).count(), 1);
}

#[test]
fn only_administrators_disable_and_promote() {
    let mut fixture = Fixture::with(&["ana", "bob"], []);
    assert_eq!(fixture.rejection(set_disabled("bob", "ana", true)), Detail::NotAdministrator);
    assert_eq!(fixture.rejection(set_administrator("bob", "bob", true)), Detail::NotAdministrator);
    assert_eq!(
        fixture.rejection(set_disabled("bob", "nobody", true)),
        Detail::NotAdministrator,
        "the error does not reveal whether the user exists"
    );
    assert_eq!(
        fixture.rejection(set_disabled("ana", "nobody", true)),
        Detail::NoSuchUser { user: user("nobody") }
    );
    fixture.run(set_administrator("ana", "bob", true));
    fixture.run(set_administrator("bob", "ana", false));
    assert_eq!(fixture.rejection(set_administrator("ana", "ana", true)), Detail::NotAdministrator);
    insta::assert_snapshot!(fixture.log[2..].join("\n"), @r#"
    {"kind":"account.role","at":4102444800000,"user":"bob","administrator":true}
    {"kind":"account.role","at":4102444800000,"user":"ana","administrator":false}
    "#);
}

#[test]
fn an_administrator_can_join_a_private_channel_without_members() {
    let private = Command::CreateChannel(actor("bob", "#club"), true);
    let mut fixture = Fixture::with(&["ana", "bob", "eva"], [private]);
    let hidden = Detail::NoSuchChannel { channel: actor("ana", "#club").channel };
    assert_eq!(fixture.rejection(join("ana", "#club")), hidden, "bob is a member");
    fixture.run(leave("bob", "#club"));
    assert_eq!(fixture.rejection(join("eva", "#club")), hidden);
    assert_eq!(fixture.rejection(join("bob", "#club")), hidden);
    fixture.run(join("ana", "#club"));
    fixture.run(Command::Invite(actor("ana", "#club"), user("eva")));
}

#[test]
fn there_is_always_an_administrator_who_can_log_in() {
    let mut fixture = Fixture::with(&["ana", "bob"], []);
    let last = Detail::LastAdministrator { user: user("ana") };
    assert_eq!(fixture.rejection(set_administrator("ana", "ana", false)), last);
    assert_eq!(fixture.rejection(set_disabled("ana", "ana", true)), last);
    fixture.run(set_administrator("ana", "bob", true));
    fixture.run(set_disabled("ana", "bob", true));
    assert_eq!(
        fixture.rejection(set_disabled("ana", "ana", true)),
        last,
        "the other administrator is disabled"
    );
    fixture.run(set_disabled("ana", "bob", false));
    fixture.run(set_disabled("ana", "ana", true));
}

#[test]
fn a_disabled_user_has_no_session_and_receives_nothing() {
    let setup = [
        create("ana", "#open"),
        create_private("ana", "#closed"),
        create("ana", "#other"),
        join("bob", "#open"),
        Command::Invite(actor("ana", "#closed"), user("bob")),
        join("bob", "#closed"),
        open("bob", "one", NOW_MS + 10),
        open("bob", "two", NOW_MS + 10),
    ];
    let mut fixture = Fixture::with(&["ana", "bob"], setup);
    let names = ["#open", "#closed", "#other", "@bob", "@ana"];
    let topics = |fixture: &Fixture| names.map(|name| topic(fixture, name));
    let before = topics(&fixture);
    fixture.run(set_disabled("ana", "bob", true));
    let after = topics(&fixture);
    let moved: Vec<_> = (0..names.len()).filter(|i| before[*i] != after[*i]).map(|i| names[i]).collect();
    assert_eq!(moved, ["#open", "#closed", "@bob"]);
    for token in ["one", "two"] {
        assert_eq!(fixture.state.users.owner(&TokenDigest::of(token), NOW_MS), None);
    }
    assert_eq!(fixture.rejection(open("bob", "three", NOW_MS + 10)), Detail::Disabled);

    let position = fixture.log.len();
    fixture.run(set_disabled("ana", "bob", true));
    assert_eq!(fixture.log.len(), position, "the account is already disabled");
    fixture.run(set_disabled("ana", "bob", false));
    assert_eq!(
        fixture.state.users.owner(&TokenDigest::of("one"), NOW_MS),
        None,
        "ended sessions are not restored"
    );
    fixture.run(open("bob", "three", NOW_MS + 10));
    fixture.run(send("bob", "#closed"));
}

#[test]
fn the_presence_topic_moves_when_the_topic_of_a_user_moves() {
    let revoke = |by| Command::Revoke { user: user(by), current: TokenDigest::of("none"), session: None };
    let mut fixture =
        Fixture::with(&["ana", "bob"], [open("bob", "one", NOW_MS + 10), open("ana", "two", NOW_MS + 10)]);
    let mut moves = |command| {
        let before = fixture.state.presence_topic();
        fixture.run(command);
        fixture.state.presence_topic() != before
    };
    assert!(!moves(create("ana", "#a")));
    assert!(!moves(Command::EndSession { user: user("ana"), digest: TokenDigest::of("two") }), "a logout");
    assert!(moves(revoke("bob")));
    assert!(moves(set_disabled("ana", "bob", true)));
    assert!(!moves(set_disabled("ana", "bob", false)));
}

#[test]
fn the_list_of_users_contains_their_last_seen_times() {
    let fixture = Fixture::with(&["ana", "bob"], [Command::Seen { user: user("bob"), at: 7 }]);
    let seen: Vec<_> = fixture.state.users.list(None).map(|info| info.seen).collect();
    assert_eq!(seen, [None, Some(7)]);
    assert_eq!(fixture.log[2], r#"{"kind":"seen","at":7,"user":"bob"}"#);
}

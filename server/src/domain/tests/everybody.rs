//! The channel `*`: administrators write, all users receive.

use super::super::reads;
use super::*;
use common::Detail;

fn disable(by: &str, other: &str, disabled: bool) -> Command<'static> {
    Command::Disable { by: user(by), user: user(other), disabled }
}

fn promote(by: &str, other: &str, administrator: bool) -> Command<'static> {
    Command::Promote { by: user(by), user: user(other), administrator }
}

#[test]
fn only_administrators_write_to_everybody() {
    let mut fixture = Fixture::with(&["ana", "bob"], [send("ana", "*"), send("ana", "*")]);
    assert_eq!(fixture.rejection(send("bob", "*")), Detail::NotAdministrator);
    fixture.run(Command::Register { user: user("eva"), password: "hash".into() });
    let named = |fixture: &Fixture, name: &str| -> Vec<_> {
        heads(&fixture.state, &user(name), 0)
            .map(|head| format!("{} {}", head.conversation, head.n))
            .collect()
    };
    for name in ["ana", "bob", "eva"] {
        assert_eq!(named(&fixture, name), ["* 2"], "all users receive the same numbers");
        assert!(readable(&fixture.state, &user(name), &to("*")).is_ok());
    }
    let unread =
        |name: &str| reads::reading(&fixture.state, &user(name), &to("*")).map(|reading| reading.unread);
    assert_eq!(
        [unread("ana"), unread("bob"), unread("eva")],
        [Some(0), Some(2), Some(0)],
        "eva registered later"
    );
    assert_eq!(fixture.state.channels.list(&user("bob"), None).count(), 0, "the list of channels omits `*`");

    fixture.run(promote("ana", "bob", true));
    fixture.run(promote("bob", "ana", false));
    fixture.run(send("bob", "*"));
    assert_eq!(fixture.rejection(send("ana", "*")), Detail::NotAdministrator);
}

#[test]
fn the_topic_of_everybody_moves_when_a_user_loses_access() {
    let mut fixture = Fixture::with(&["ana", "bob"], [open("bob", "one", NOW_MS + 10), send("ana", "*")]);
    let topic = |fixture: &Fixture| fixture.state.channels.everybody().topic.clone();
    let before = topic(&fixture);
    assert!(before.starts_with("channel.*."));
    let others = Command::Revoke { user: user("bob"), current: TokenDigest::of("none"), session: None };
    fixture.run(others);
    let moved = topic(&fixture);
    assert_ne!(before, moved);
    assert_eq!(fixture.state.channels.take_moved(), [], "no notice: the heads always contain the topic");
    let head = heads(&fixture.state, &user("ana"), u64::MAX).next().expect("a head");
    assert_eq!(head.topic.as_deref(), Some(&*moved));
    fixture.run(disable("ana", "bob", true));
    assert_ne!(topic(&fixture), moved);
}

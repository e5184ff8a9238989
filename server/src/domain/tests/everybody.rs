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
    let mut world = World::with(&["ana", "bob"], [send("ana", "*"), send("ana", "*")]);
    assert_eq!(world.refuses(send("bob", "*")), Detail::NotAdministrator);
    world.does(Command::Register { user: user("eva"), password: "hash".into() });
    let named = |world: &World, name: &str| -> Vec<_> {
        heads(&world.state, &user(name), 0).map(|head| format!("{} {}", head.conversation, head.n)).collect()
    };
    for name in ["ana", "bob", "eva"] {
        assert_eq!(named(&world, name), ["* 2"], "all users receive the same numbers");
        assert!(readable(&world.state, &user(name), &to("*")).is_ok());
    }
    let unread =
        |name: &str| reads::reading(&world.state, &user(name), &to("*")).map(|reading| reading.unread);
    assert_eq!(
        [unread("ana"), unread("bob"), unread("eva")],
        [Some(0), Some(2), Some(0)],
        "eva registered later"
    );
    assert_eq!(world.state.channels.list(&user("bob"), None).count(), 0, "the list of channels omits `*`");

    world.does(promote("ana", "bob", true));
    world.does(promote("bob", "ana", false));
    world.does(send("bob", "*"));
    assert_eq!(world.refuses(send("ana", "*")), Detail::NotAdministrator);
}

#[test]
fn the_topic_of_everybody_moves_when_a_user_loses_access() {
    let mut world = World::with(&["ana", "bob"], [open("bob", "one", NOW_MS + 10), send("ana", "*")]);
    let topic = |world: &World| world.state.channels.everybody().topic.clone();
    let before = topic(&world);
    assert!(before.starts_with("channel.*."));
    let others = Command::Revoke { user: user("bob"), current: TokenDigest::of("none"), session: None };
    world.does(others);
    let moved = topic(&world);
    assert_ne!(before, moved);
    assert_eq!(world.state.channels.take_moved(), [], "no notice: the heads always contain the topic");
    let head = heads(&world.state, &user("ana"), u64::MAX).next().expect("a head");
    assert_eq!(head.topic.as_deref(), Some(&*moved));
    world.does(disable("ana", "bob", true));
    assert_ne!(topic(&world), moved);
}

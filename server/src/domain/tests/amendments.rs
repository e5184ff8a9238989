//! Edits, deletions, reactions, replies.

use common::Detail;
use common::amendments::Emoji;
use common::limits::{EDITS_MAX, REACTIONS_MAX};

use super::*;
use crate::domain::reads::reading;
use crate::domain::{Change, Original};

fn original(n: u64, author: &str) -> Original {
    Original { n, author: user(author), is_file: false }
}

fn amend(by: &str, target: &str, original: Original, change: Change<'static>) -> Command<'static> {
    let id = Uuid::from_u128(0x0197_0000_0000_7000_8000_0000_0000_0002);
    Command::Amend { user: user(by), conversation: to(target), original, id, change }
}

fn edit() -> Change<'static> {
    Change::Edit(testkit::text("olá"))
}

fn react(emoji: &str) -> Change<'static> {
    Change::React(Emoji::new(emoji).expect("an emoji"))
}

fn unreact(emoji: &str) -> Change<'static> {
    Change::Unreact(Emoji::new(emoji).expect("an emoji"))
}

/// An edit of a message, for the tests of replay.
pub(super) fn edits(by: &str, place: &str, n: u64) -> Command<'static> {
    amend(by, place, original(n, by), edit())
}

/// A deletion, for the tests of replay.
pub(super) fn deletes(by: &str, place: &str, n: u64) -> Command<'static> {
    amend(by, place, original(n, by), Change::Delete)
}

/// A reaction, or its removal, for the tests of replay.
pub(super) fn reacts(by: &str, place: &str, n: u64, flag: bool) -> Command<'static> {
    amend(by, place, original(n, by), if flag { react("👍") } else { unreact("👍") })
}

/// A channel with ana as owner, bob as moderator and eva as member. Event 5 is a message of eva.
fn channel_of_three() -> World {
    World::with(
        &["ana", "bob", "eva"],
        [
            create("ana", "#a"),
            join("bob", "#a"),
            give("ana", "#a", "bob", Role::Moderator),
            join("eva", "#a"),
            send("eva", "#a"),
        ],
    )
}

#[test]
fn the_log_records_edits_deletions_and_reactions() {
    let mut world = channel_of_three();
    let before = world.log.len();
    for (by, change) in
        [("eva", edit()), ("ana", react("👍")), ("ana", unreact("👍")), ("bob", Change::Delete)]
    {
        world.does(amend(by, "#a", original(5, "eva"), change));
    }
    insta::assert_snapshot!(world.log[before..].join("\n"), @r##"
    {"n":6,"at":4102444800000,"to":"#a","from":"eva","kind":"message.edited","id":"01970000-0000-7000-8000-000000000002","of":5,"text":"olá"}
    {"n":7,"at":4102444800000,"to":"#a","from":"ana","kind":"message.reacted","id":"01970000-0000-7000-8000-000000000002","of":5,"emoji":"👍"}
    {"n":8,"at":4102444800000,"to":"#a","from":"ana","kind":"message.unreacted","id":"01970000-0000-7000-8000-000000000002","of":5,"emoji":"👍"}
    {"n":9,"at":4102444800000,"to":"#a","from":"bob","kind":"message.deleted","id":"01970000-0000-7000-8000-000000000002","of":5}
    "##);
}

#[test]
fn authors_edit_and_moderators_delete() {
    let mut world = channel_of_three();
    for by in ["ana", "bob"] {
        assert_eq!(world.refuses(amend(by, "#a", original(5, "eva"), edit())), Detail::NotAuthor);
    }
    world.does(send("bob", "#a"));
    let refused = world.refuses(amend("eva", "#a", original(6, "bob"), Change::Delete));
    assert_eq!(refused, Detail::NotAllowed { channel: channel("#a") });
    world.does(amend("ana", "#a", original(6, "bob"), Change::Delete));
    world.does(amend("eva", "#a", original(5, "eva"), Change::Delete));
    world.does(send("ana", "@bob"));
    assert_eq!(world.refuses(amend("bob", "@ana", original(1, "ana"), Change::Delete)), Detail::NotAuthor);
    world.does(leave("eva", "#a"));
    let gone = world.refuses(amend("eva", "#a", original(5, "eva"), edit()));
    assert_eq!(gone, Detail::NotMember { channel: channel("#a") });
}

#[test]
fn a_deleted_message_cannot_be_amended() {
    let mut world = channel_of_three();
    world.does(amend("eva", "#a", original(5, "eva"), edit()));
    world.does(amend("eva", "#a", original(5, "eva"), react("👍")));
    world.does(amend("eva", "#a", original(5, "eva"), Change::Delete));
    for change in [edit(), Change::Delete, react("🎉"), unreact("👍")] {
        let refused = world.refuses(amend("eva", "#a", original(5, "eva"), change));
        assert_eq!(refused, Detail::NoSuchMessage { n: 5, conversation: to("#a") });
    }
    let amendments = &world.state.channels.channel(&channel("#a")).expect("a channel").amendments;
    for (n, deleted) in [(5, true), (6, true), (7, false), (8, false)] {
        assert_eq!(amendments.of(n).is_some_and(|one| one.deleted), deleted, "{n}");
    }
    assert!(amendments.of(5).expect("amended").reactions.is_empty());
    assert!(amendments.has_any_in(1..=5) && !amendments.has_any_in(1..=4) && !amendments.has_any_in(7..=8));
}

#[test]
fn a_user_reacts_once_with_each_emoji_and_can_remove_the_reaction() {
    let mut world = channel_of_three();
    let refused = world.refuses(amend("ana", "#a", original(5, "eva"), unreact("👍")));
    assert_eq!(refused, Detail::ReactionAbsent { emoji: "👍".into() });
    for (by, emoji) in [("ana", "👍"), ("bob", "👍"), ("ana", "🎉")] {
        world.does(amend(by, "#a", original(5, "eva"), react(emoji)));
    }
    let refused = world.refuses(amend("ana", "#a", original(5, "eva"), react("👍")));
    assert_eq!(refused, Detail::ReactionPresent { emoji: "👍".into() });
    let shown = |world: &World| {
        let amendments = &world.state.channels.channel(&channel("#a")).expect("a channel").amendments;
        amendments.of(5).map(|one| serde_json::to_string(&one.reactions).expect("json"))
    };
    let all = r#"[{"emoji":"👍","users":["ana","bob"]},{"emoji":"🎉","users":["ana"]}]"#;
    assert_eq!(shown(&world).as_deref(), Some(all));
    for (by, emoji) in [("ana", "👍"), ("bob", "👍"), ("ana", "🎉")] {
        world.does(amend(by, "#a", original(5, "eva"), unreact(emoji)));
    }
    assert_eq!(shown(&world), None);
}

#[test]
fn edits_and_reactions_are_limited() {
    let mut world = channel_of_three();
    for _ in 0..EDITS_MAX {
        world.does(amend("eva", "#a", original(5, "eva"), edit()));
    }
    assert_eq!(
        world.refuses(amend("eva", "#a", original(5, "eva"), edit())),
        Detail::TooManyEdits { max: EDITS_MAX }
    );
    for i in 0..REACTIONS_MAX {
        world.does(amend("eva", "#a", original(5, "eva"), react(&i.to_string())));
    }
    let refused = world.refuses(amend("ana", "#a", original(5, "eva"), react("👍")));
    assert_eq!(refused, Detail::TooManyReactions { max: REACTIONS_MAX });
}

#[test]
fn a_reply_needs_an_existing_message() {
    let mut world = channel_of_three();
    let id = Uuid::from_u128(0x0197_0000_0000_7000_8000_0000_0000_0003);
    let text = testkit::text("sim");
    let mut reply = |n| {
        let reply = Some(n);
        world.try_to(Command::Send { user: user("ana"), to: to("#a"), id, text: text.clone(), reply })
    };
    assert_eq!(reply(0), Err(Detail::NoSuchMessage { n: 0, conversation: to("#a") }));
    assert_eq!(reply(6), Err(Detail::NoSuchMessage { n: 6, conversation: to("#a") }));
    assert_eq!(reply(5), Ok(()));
    insta::assert_snapshot!(world.log.last().expect("a line"), @r##"{"n":6,"at":4102444800000,"to":"#a","from":"ana","kind":"message","id":"01970000-0000-7000-8000-000000000003","text":"sim","reply":5}"##);
}

#[test]
fn deletions_and_amendments_are_not_unread() {
    let mut world = channel_of_three();
    world.does(send("eva", "#a"));
    let unread = |world: &World| reading(&world.state, &user("bob"), &to("#a")).map(|reading| reading.unread);
    assert_eq!(unread(&world), Some(2));
    world.does(amend("eva", "#a", original(5, "eva"), edit()));
    world.does(amend("ana", "#a", original(5, "eva"), react("👍")));
    assert_eq!(unread(&world), Some(2));
    world.does(amend("eva", "#a", original(5, "eva"), Change::Delete));
    assert_eq!(unread(&world), Some(1));
}

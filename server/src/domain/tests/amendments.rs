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
pub(super) fn edits(by: &str, target: &str, n: u64) -> Command<'static> {
    amend(by, target, original(n, by), edit())
}

/// A deletion, for the tests of replay.
pub(super) fn deletes(by: &str, target: &str, n: u64) -> Command<'static> {
    amend(by, target, original(n, by), Change::Delete)
}

/// A reaction, or its removal, for the tests of replay.
pub(super) fn reacts(by: &str, target: &str, n: u64, is_added: bool) -> Command<'static> {
    amend(by, target, original(n, by), if is_added { react("👍") } else { unreact("👍") })
}

/// A channel with ana as owner, bob as moderator and eva as member. Event 5 is a message of eva.
fn channel_of_three() -> Fixture {
    Fixture::with(
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
    let mut fixture = channel_of_three();
    let before = fixture.log.len();
    for (by, change) in
        [("eva", edit()), ("ana", react("👍")), ("ana", unreact("👍")), ("bob", Change::Delete)]
    {
        fixture.run(amend(by, "#a", original(5, "eva"), change));
    }
    insta::assert_snapshot!(fixture.log[before..].join("\n"), @r##"
    {"n":6,"at":4102444800000,"to":"#a","from":"eva","kind":"message.edited","id":"01970000-0000-7000-8000-000000000002","of":5,"text":"olá"}
    {"n":7,"at":4102444800000,"to":"#a","from":"ana","kind":"message.reacted","id":"01970000-0000-7000-8000-000000000002","of":5,"emoji":"👍"}
    {"n":8,"at":4102444800000,"to":"#a","from":"ana","kind":"message.unreacted","id":"01970000-0000-7000-8000-000000000002","of":5,"emoji":"👍"}
    {"n":9,"at":4102444800000,"to":"#a","from":"bob","kind":"message.deleted","id":"01970000-0000-7000-8000-000000000002","of":5}
    "##);
}

#[test]
fn authors_edit_and_moderators_delete() {
    let mut fixture = channel_of_three();
    for by in ["ana", "bob"] {
        assert_eq!(fixture.rejection(amend(by, "#a", original(5, "eva"), edit())), Detail::NotAuthor);
    }
    fixture.run(send("bob", "#a"));
    let refused = fixture.rejection(amend("eva", "#a", original(6, "bob"), Change::Delete));
    assert_eq!(refused, Detail::NotAllowed { channel: channel("#a") });
    fixture.run(amend("ana", "#a", original(6, "bob"), Change::Delete));
    fixture.run(amend("eva", "#a", original(5, "eva"), Change::Delete));
    fixture.run(send("ana", "@bob"));
    assert_eq!(
        fixture.rejection(amend("bob", "@ana", original(1, "ana"), Change::Delete)),
        Detail::NotAuthor
    );
    fixture.run(leave("eva", "#a"));
    let after_leaving = fixture.rejection(amend("eva", "#a", original(5, "eva"), edit()));
    assert_eq!(after_leaving, Detail::NotMember { channel: channel("#a") });
}

#[test]
fn a_deleted_message_cannot_be_amended() {
    let mut fixture = channel_of_three();
    fixture.run(amend("eva", "#a", original(5, "eva"), edit()));
    fixture.run(amend("eva", "#a", original(5, "eva"), react("👍")));
    fixture.run(amend("eva", "#a", original(5, "eva"), Change::Delete));
    for change in [edit(), Change::Delete, react("🎉"), unreact("👍")] {
        let refused = fixture.rejection(amend("eva", "#a", original(5, "eva"), change));
        assert_eq!(refused, Detail::NoSuchMessage { n: 5, conversation: to("#a") });
    }
    let amendments = &fixture.state.channels.channel(&channel("#a")).expect("a channel").amendments;
    for (n, deleted) in [(5, true), (6, true), (7, false), (8, false)] {
        assert_eq!(amendments.of(n).is_some_and(|amendment| amendment.deleted), deleted, "{n}");
    }
    assert!(amendments.of(5).expect("amended").reactions.is_empty());
    assert!(amendments.has_any_in(1..=5) && !amendments.has_any_in(1..=4) && !amendments.has_any_in(7..=8));
}

#[test]
fn a_user_reacts_once_with_each_emoji_and_can_remove_the_reaction() {
    let mut fixture = channel_of_three();
    let refused = fixture.rejection(amend("ana", "#a", original(5, "eva"), unreact("👍")));
    assert_eq!(refused, Detail::ReactionAbsent { emoji: "👍".into() });
    for (by, emoji) in [("ana", "👍"), ("bob", "👍"), ("ana", "🎉")] {
        fixture.run(amend(by, "#a", original(5, "eva"), react(emoji)));
    }
    let refused = fixture.rejection(amend("ana", "#a", original(5, "eva"), react("👍")));
    assert_eq!(refused, Detail::ReactionPresent { emoji: "👍".into() });
    let shown = |fixture: &Fixture| {
        let amendments = &fixture.state.channels.channel(&channel("#a")).expect("a channel").amendments;
        amendments.of(5).map(|amendment| serde_json::to_string(&amendment.reactions).expect("json"))
    };
    let all = r#"[{"emoji":"👍","users":["ana","bob"]},{"emoji":"🎉","users":["ana"]}]"#;
    assert_eq!(shown(&fixture).as_deref(), Some(all));
    for (by, emoji) in [("ana", "👍"), ("bob", "👍"), ("ana", "🎉")] {
        fixture.run(amend(by, "#a", original(5, "eva"), unreact(emoji)));
    }
    assert_eq!(shown(&fixture), None);
}

#[test]
fn edits_and_reactions_are_limited() {
    let mut fixture = channel_of_three();
    for _ in 0..EDITS_MAX {
        fixture.run(amend("eva", "#a", original(5, "eva"), edit()));
    }
    assert_eq!(
        fixture.rejection(amend("eva", "#a", original(5, "eva"), edit())),
        Detail::TooManyEdits { max: EDITS_MAX }
    );
    for i in 0..REACTIONS_MAX {
        fixture.run(amend("eva", "#a", original(5, "eva"), react(&i.to_string())));
    }
    let refused = fixture.rejection(amend("ana", "#a", original(5, "eva"), react("👍")));
    assert_eq!(refused, Detail::TooManyReactions { max: REACTIONS_MAX });
}

#[test]
fn a_reply_needs_an_existing_message() {
    let mut fixture = channel_of_three();
    let id = Uuid::from_u128(0x0197_0000_0000_7000_8000_0000_0000_0003);
    let text = testkit::text("sim");
    let mut reply = |n| {
        let reply = Some(n);
        fixture.try_to(Command::Send { user: user("ana"), to: to("#a"), id, text: text.clone(), reply })
    };
    assert_eq!(reply(0), Err(Detail::NoSuchMessage { n: 0, conversation: to("#a") }));
    assert_eq!(reply(6), Err(Detail::NoSuchMessage { n: 6, conversation: to("#a") }));
    assert_eq!(reply(5), Ok(()));
    insta::assert_snapshot!(fixture.log.last().expect("a line"), @r##"{"n":6,"at":4102444800000,"to":"#a","from":"ana","kind":"message","id":"01970000-0000-7000-8000-000000000003","text":"sim","reply":5}"##);
}

#[test]
fn deletions_and_amendments_are_not_unread() {
    let mut fixture = channel_of_three();
    fixture.run(send("eva", "#a"));
    let unread =
        |fixture: &Fixture| reading(&fixture.state, &user("bob"), &to("#a")).map(|reading| reading.unread);
    assert_eq!(unread(&fixture), Some(2));
    fixture.run(amend("eva", "#a", original(5, "eva"), edit()));
    fixture.run(amend("ana", "#a", original(5, "eva"), react("👍")));
    assert_eq!(unread(&fixture), Some(2));
    fixture.run(amend("eva", "#a", original(5, "eva"), Change::Delete));
    assert_eq!(unread(&fixture), Some(1));
}

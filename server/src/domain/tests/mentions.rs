//! Mentions: the users that a text mentions, and the list of a user's mentions.

use common::limits::{MENTIONS_KEPT_MAX, MENTIONS_PAGE_MAX};

use super::*;
use crate::domain::mentions::page;
use crate::domain::reads::reading;
use crate::domain::{Change, Original};

/// Sends a message with an arbitrary id.
pub(super) fn send_text(by: &str, target: &str, text: &str) -> Command<'static> {
    let id = Uuid::from_u128(0x0197_0000_0000_7000_8000_0000_0000_0004);
    let text = testkit::text(text.to_owned());
    Command::Send { user: user(by), to: to(target), id, text, reply: None }
}

/// The mentions of a user, newest first.
fn mentioned(fixture: &Fixture, by: &str) -> String {
    let (all, _) = page(&fixture.state, &user(by), None);
    all.iter().map(|(name, mention)| format!("{name} {}", mention.n)).collect::<Vec<_>>().join(", ")
}

fn channel_of_three() -> Fixture {
    Fixture::with(&["ana", "bob", "eva", "ida"], [create("ana", "#a"), join("bob", "#a"), join("eva", "#a")])
}

#[test]
fn a_member_is_mentioned_by_name_and_by_here() {
    let mut fixture = channel_of_three();
    for (by, text) in [("ana", "@bob and @ida, @bob"), ("bob", "@here @ana"), ("eva", "@eva")] {
        fixture.run(send_text(by, "#a", text));
    }
    fixture.run(send_text("ana", "@bob", "@bob, and not @eva"));
    assert_eq!(mentioned(&fixture, "ana"), "#a 5");
    assert_eq!(mentioned(&fixture, "bob"), "@ana @bob 1, #a 4");
    assert_eq!(mentioned(&fixture, "eva"), "#a 5", "users do not mention themselves");
    assert_eq!(mentioned(&fixture, "ida"), "");
    fixture.run(join("ida", "#a"));
    assert_eq!(mentioned(&fixture, "ida"), "", "a message before the user joined does not mention them");
    let unread = |by| reading(&fixture.state, &user(by), &to("#a")).map(|read| (read.unread, read.mentions));
    assert_eq!((unread("bob"), unread("eva")), (Some((2, 1)), Some((2, 1))));
}

#[test]
fn deleted_messages_and_left_channels_have_no_mentions() {
    let mut fixture = channel_of_three();
    fixture.run(send_text("ana", "#a", "@bob @here"));
    fixture.run(send_text("ana", "#a", "@bob"));
    let original = Original { n: 4, author: user("ana"), is_file: false };
    let id = Uuid::from_u128(0x0197_0000_0000_7000_8000_0000_0000_0005);
    let (by, conversation) = (user("ana"), to("#a"));
    fixture.run(Command::Amend { user: by, conversation, original, id, change: Change::Delete });
    assert_eq!((mentioned(&fixture, "bob").as_str(), mentioned(&fixture, "eva").as_str()), ("#a 5", ""));
    fixture.run(leave("bob", "#a"));
    assert_eq!(mentioned(&fixture, "bob"), "");
}

#[test]
fn the_oldest_mentions_are_dropped_and_pages_continue_without_gaps() {
    let mut fixture = channel_of_three();
    for _ in 0..=MENTIONS_KEPT_MAX {
        fixture.run(send_text("ana", "#a", "@bob"));
    }
    let (mut before, mut seen) = (None, Vec::new());
    loop {
        let (all, next) = page(&fixture.state, &user("bob"), before);
        assert!(all.len() <= MENTIONS_PAGE_MAX);
        seen.extend(all.iter().map(|(_, mention)| mention.n));
        before = next;
        if before.is_none() {
            break;
        }
    }
    let kept = MENTIONS_KEPT_MAX as u64;
    assert_eq!(seen, (5..5 + kept).rev().collect::<Vec<_>>());
}

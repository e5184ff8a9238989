//! Tests of `message.history` by number and by time.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "test helpers may panic")]

use common::limits::{HISTORY_BYTES_MAX, TEXT_BYTES_MAX};
use serde_json::{Value, json};
use testkit::team::commands::create;
use testkit::team::{NOW_MS, Team};

/// A team whose channel `#a` has the event 1, its creation, and these messages, each sent at its time.
fn team(messages: &[(u64, &str)]) -> Team {
    let mut team = Team::new(&["alice"], [create("alice", "#a")]);
    for (at_ms, text) in messages {
        team.now_ms = NOW_MS + at_ms;
        team.say("alice", "#a", text);
    }
    team
}

/// The page of a range of `#a`, or the error.
fn page(team: &mut Team, mut range: Value) -> Value {
    range["conversation"] = json!("#a");
    team.ask("alice", "message.history", range)
}

fn numbers(team: &mut Team, range: Value) -> Vec<u64> {
    let page = page(team, range);
    let events = page["events"].as_array().unwrap_or_else(|| panic!("{page}"));
    events.iter().map(|event| event["n"].as_u64().expect("an event")).collect()
}

#[test]
fn a_page_begins_and_ends_at_given_times() {
    let mut team = team(&[(10, "2"), (20, "3"), (20, "4"), (30, "5"), (40, "6")]);
    let mut numbers = |range: Value| numbers(&mut team, range);
    let at = |ms: u64| NOW_MS + ms;
    assert_eq!(numbers(json!({ "after_at": at(20) })), [3, 4, 5, 6]);
    assert_eq!(numbers(json!({ "after_at": at(20), "limit": 2 })), [3, 4], "the page begins at the time");
    assert_eq!(numbers(json!({ "after_at": at(21) })), [5, 6]);
    assert_eq!(numbers(json!({ "before_at": at(20) })), [1, 2]);
    assert_eq!(numbers(json!({ "before_at": at(40), "limit": 2 })), [4, 5], "the page ends at the time");
    assert_eq!(numbers(json!({ "after_at": at(10), "before_at": at(30) })), [2, 3, 4]);
    assert_eq!(numbers(json!({ "after": 3, "before_at": at(40) })), [4, 5]);
    assert_eq!(numbers(json!({ "after_at": at(41) })), [0; 0]);
    assert_eq!(numbers(json!({ "before_at": at(0) })), [0; 0]);
    assert_eq!(numbers(json!({ "after_at": at(40), "before_at": at(20) })), [0; 0]);
}

#[test]
fn a_page_by_time_works_after_the_clock_was_set_back() {
    let mut team = team(&[(10, "2"), (50, "3"), (20, "4"), (30, "5"), (60, "6")]);
    let after_40 = numbers(&mut team, json!({ "after_at": NOW_MS + 40 }));
    assert!([vec![3, 4, 5, 6], vec![6]].contains(&after_40), "{after_40:?}");
}

#[test]
fn a_page_around_a_number_has_events_before_and_after_it() {
    let mut team = team(&[(1, "2"), (2, "3"), (3, "4"), (4, "5")]);
    let mut numbers = |range: Value| numbers(&mut team, range);
    assert_eq!(numbers(json!({ "around": 3, "limit": 3 })), [2, 3, 4]);
    assert_eq!(numbers(json!({ "around": 1, "limit": 3 })), [1, 2, 3]);
    assert_eq!(numbers(json!({ "around": 9, "limit": 2 })), [4, 5]);
    assert_eq!(numbers(json!({ "around": 3, "limit": 0 })), [0; 0]);
}

#[test]
fn a_page_that_is_too_long_keeps_the_requested_number_in_its_middle() {
    let long = "x".repeat(TEXT_BYTES_MAX);
    let mut team = team(&vec![(1, &*long); 200]);
    let page = numbers(&mut team, json!({ "around": 100, "limit": 200 }));
    let half = (HISTORY_BYTES_MAX / 2 / (TEXT_BYTES_MAX + 200)) as u64;
    assert_eq!((page.first(), page.last()), (Some(&(100 - half)), Some(&(99 + half))));
}

#[test]
fn parameters_that_exclude_each_other_are_refused() {
    let mut team = team(&[(1, "2")]);
    let ranges = [
        json!({ "before": 1, "before_at": 1 }),
        json!({ "after": 1, "after_at": 1 }),
        json!({ "around": 1, "after_at": 1 }),
    ];
    let refused =
        ranges.map(|range| page(&mut team, range)["message"].as_str().expect("an error").to_owned());
    insta::assert_snapshot!(refused.join("\n"), @r#"
    message.history: give "before" or "before_at", not both
    message.history: give "after" or "after_at", not both
    message.history: give "around" or "after_at", not both
    "#);
}

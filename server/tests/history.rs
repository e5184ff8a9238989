//! `message.history` by number and by time, asked of the engine.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::convert::Infallible;
use std::sync::Arc;

use common::limits::{HISTORY_BYTES_MAX, TEXT_BYTES_MAX};
use common::{Target, history, rpc};
use disk::faulty::FaultyDisk;
use server::domain::records::TokenDigest;
use server::domain::{Actor, Command};
use server::engine::{Engine, Outlet};
use server::outbound::Publication;
use server::outbound::pending_request::PendingRequest;
use server::services::files::{FileLimits, Files};
use server::services::jobs::Jobs;
use server::services::limiters::rates::Rate;
use server::services::tokens::TokenIssuer;
use server::storage::commit_log::CommitMode;
use server::storage::data_folder::Store;
use server::storage::ledger::Ledger;
use testkit::user;
use transport::Frame;
use uuid::Uuid;

/// 2100-01-01, so that no message id is from the future.
const NOW_MS: u64 = 4_102_444_800_000;

/// The last reply frame.
#[derive(Default)]
struct Replies(Vec<u8>);

impl Outlet for Replies {
    type Error = Infallible;

    fn reply(&mut self, answered: PendingRequest) -> Result<(), Infallible> {
        self.0 = answered.reply;
        Ok(())
    }

    fn publish(&mut self, _publication: Publication) -> Result<(), Infallible> {
        Ok(())
    }
}

/// `#a` of alice, whose token is "t": event 1 is the channel's creation, the messages follow, each at its time.
fn channel(messages: &[(u64, &str)]) -> Engine {
    let disk = FaultyDisk::new();
    let store = Store::on(Arc::new(disk.clone()));
    let mut ledger = Ledger::open(store, &CommitMode::WhenPolled).expect("an empty disk");
    let alice = user("alice");
    let name = testkit::channel("#a");
    let mut record = |command, at| ledger.record(command, at).expect("allowed").is_some();
    record(Command::Register { user: alice.clone(), password: "hash".into() }, NOW_MS);
    let (session, digest) = (Uuid::nil(), TokenDigest::of("t"));
    record(Command::OpenSession { user: alice.clone(), session, digest, expires: u64::MAX }, NOW_MS);
    record(Command::CreateChannel(Actor { user: alice.clone(), channel: name.clone() }, false), NOW_MS);
    for (more, (at, text)) in messages.iter().enumerate() {
        let id = Uuid::from_u128(0x0197_0000_0000_7000_8000_0000_0000_0001 + more as u128);
        let (to, text) = (Target::Channel(name.clone()), testkit::text(*text));
        record(Command::Send { user: alice.clone(), to, id, text, reply: None }, NOW_MS + at);
    }
    let jobs = Jobs::start(&CommitMode::WhenPolled).expect("nothing to start");
    let files = Files::open(Arc::new(disk), FileLimits::default(), &ledger).expect("an empty folder");
    Engine::new(ledger, TokenIssuer::new(&[7; 32]), jobs, files, Rate::default(), "tcp://*:1".to_owned())
}

/// A page, or the message of the error.
fn page(engine: &mut Engine, range: &str) -> Result<history::Page, String> {
    let line = format!(
        r##"{{"jsonrpc":"2.0","id":"1","method":"message.history","params":{{"token":"t","conversation":"#a",{range}}}}}"##
    );
    engine.accept(&mut vec![Frame::from("alice"), Frame::new(), Frame::from(&*line)], NOW_MS);
    let mut replies = Replies::default();
    while !engine.is_quiet() {
        engine.flush();
        engine.send(&mut replies).expect("a sound disk");
    }
    let reply = rpc::decode_reply(&replies.0).expect("a reply");
    match (reply.result, reply.error) {
        (Some(result), None) => Ok(serde_json::from_str(result.get()).expect("a page")),
        (_, error) => Err(error.expect("an error").message),
    }
}

fn numbers(engine: &mut Engine, range: &str) -> Vec<u64> {
    let page = page(engine, range).expect(range);
    let events = page.events.iter().map(|line| serde_json::from_str::<common::Event<'_>>(line.get()));
    events.map(|event| event.expect("an event").n).collect()
}

#[test]
fn a_page_is_found_by_time() {
    let mut engine = channel(&[(10, "2"), (20, "3"), (20, "4"), (30, "5"), (40, "6")]);
    let mut at = |range: &str| {
        let range = range.replace('T', &(NOW_MS / 100).to_string());
        numbers(&mut engine, &range)
    };
    assert_eq!(at(r#""after_at":T20"#), [3, 4, 5, 6]);
    assert_eq!(at(r#""after_at":T20,"limit":2"#), [3, 4], "the page begins there");
    assert_eq!(at(r#""after_at":T21"#), [5, 6]);
    assert_eq!(at(r#""before_at":T20"#), [1, 2]);
    assert_eq!(at(r#""before_at":T40,"limit":2"#), [4, 5], "the page ends there");
    assert_eq!(at(r#""after_at":T10,"before_at":T30"#), [2, 3, 4]);
    assert_eq!(at(r#""after":3,"before_at":T40"#), [4, 5]);
    assert_eq!(at(r#""after_at":T41"#), [0; 0]);
    assert_eq!(at(r#""before_at":T00"#), [0; 0]);
    assert_eq!(at(r#""after_at":T40,"before_at":T20"#), [0; 0]);
}

#[test]
fn after_a_clock_that_was_set_back_a_page_begins_where_the_time_passes_the_given_one() {
    let mut engine = channel(&[(10, "2"), (50, "3"), (20, "4"), (30, "5"), (60, "6")]);
    let after_40 = numbers(&mut engine, &format!(r#""after_at":{}"#, NOW_MS + 40));
    assert!([vec![3, 4, 5, 6], vec![6]].contains(&after_40), "{after_40:?}");
}

#[test]
fn a_page_around_a_number_shows_what_came_before_and_after_it() {
    let mut engine = channel(&[(1, "2"), (2, "3"), (3, "4"), (4, "5")]);
    assert_eq!(numbers(&mut engine, r#""around":3,"limit":3"#), [2, 3, 4]);
    assert_eq!(numbers(&mut engine, r#""around":1,"limit":3"#), [1, 2, 3]);
    assert_eq!(numbers(&mut engine, r#""around":9,"limit":2"#), [4, 5]);
    assert_eq!(numbers(&mut engine, r#""around":3,"limit":0"#), [0; 0]);
}

#[test]
fn a_page_around_a_number_that_would_get_too_large_keeps_the_number_in_its_middle() {
    let long = "x".repeat(TEXT_BYTES_MAX);
    let mut engine = channel(&vec![(1, &*long); 200]);
    let page = numbers(&mut engine, r#""around":100,"limit":200"#);
    let in_half = (HISTORY_BYTES_MAX / 2 / (TEXT_BYTES_MAX + 200)) as u64;
    assert_eq!((page.first(), page.last()), (Some(&(100 - in_half)), Some(&(99 + in_half))));
}

#[test]
fn parameters_that_exclude_each_other_are_refused() {
    let mut engine = channel(&[(1, "2")]);
    let refused = |range: &str| page(&mut engine, range).expect_err(range);
    let ranges = [r#""before":1,"before_at":1"#, r#""after":1,"after_at":1"#, r#""around":1,"after_at":1"#];
    insta::assert_snapshot!(ranges.map(refused).join("\n"), @r#"
    message.history: "before" and "before_at" exclude each other: give one of them
    message.history: "after" and "after_at" exclude each other: give one of them
    message.history: "around" and "after_at" exclude each other: give one of them
    "#);
}

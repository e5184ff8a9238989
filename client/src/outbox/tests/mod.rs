//! The outbox on a failing disk, and in a real folder with two processes.

mod crashes;
mod fixture;

use super::*;
use fixture::{Fixture, message, on_disk, texts};

#[test]
fn stored_messages_are_loaded_in_order_without_removed_messages() {
    let fixture = Fixture::new();
    let mut first = fixture.outbox();
    assert!(first.load(&fixture.alice()).messages.is_empty());
    first.store(&[message(1), message(2)]).expect("stored");
    first.store(&[message(3)]).expect("stored");
    first.remove(&[message(2).id]);
    fixture.kill(first);
    assert_eq!(texts(&fixture.outbox().load(&fixture.alice())), ["1", "3"]);
}

#[test]
fn a_locked_file_is_not_taken_over() {
    let fixture = Fixture::new();
    let (mut first, mut second) = (fixture.outbox(), fixture.outbox());
    first.load(&fixture.alice());
    first.store(&[message(1)]).expect("stored");
    assert!(second.load(&fixture.alice()).messages.is_empty());
    second.store(&[message(2)]).expect("stored");
    fixture.kill(first);
    assert_eq!(texts(&second.load(&fixture.alice())), ["1"], "taken over after the first process exited");
    let third = fixture.outbox().load(&fixture.alice());
    assert!(third.messages.is_empty(), "now locked by the second process");
}

#[test]
fn messages_are_loaded_only_for_their_user_and_server() {
    let fixture = Fixture::new();
    let mut outbox = fixture.outbox();
    outbox.load(&fixture.alice());
    outbox.store(&[message(1)]).expect("stored");
    fixture.kill(outbox);
    assert!(fixture.outbox().load(&testkit::user("bob")).messages.is_empty());
    assert!(fixture.outbox_at("tcp://elsewhere:5555").load(&fixture.alice()).messages.is_empty());
    assert_eq!(texts(&fixture.outbox().load(&fixture.alice())), ["1"]);
}

#[test]
fn a_login_as_another_user_keeps_the_messages_of_the_first() {
    let fixture = Fixture::new();
    let mut outbox = fixture.outbox();
    outbox.load(&fixture.alice());
    outbox.store(&[message(1)]).expect("stored");
    assert!(outbox.load(&testkit::user("bob")).messages.is_empty());
    outbox.store(&[message(2)]).expect("stored");
    assert_eq!(texts(&outbox.load(&fixture.alice())), ["1"]);
}

#[test]
fn no_file_is_left_when_all_messages_are_acknowledged() {
    let fixture = Fixture::new();
    let mut first = fixture.outbox();
    first.load(&fixture.alice());
    first.store(&[message(1), message(2)]).expect("stored");
    fixture.kill(first);
    let mut outbox = fixture.outbox();
    outbox.load(&fixture.alice());
    outbox.store(&[message(3)]).expect("stored");
    outbox.remove(&[message(1).id, message(2).id, message(3).id]);
    assert_eq!(fixture.files().len(), 1, "a file for the next message");
    drop(outbox);
    assert!(fixture.files().is_empty());
}

#[test]
fn a_torn_line_is_cut_and_a_damaged_line_skipped() {
    let fixture = Fixture::new();
    let mut outbox = fixture.outbox();
    outbox.load(&fixture.alice());
    outbox.store(&[message(1), message(2), message(3)]).expect("stored");
    fixture.kill(outbox);
    fixture.tamper(|bytes| {
        let at = bytes.windows(9).position(|window| window == br#""text":"2"#.as_slice());
        bytes[at.expect("the second message")] = b'x';
        bytes.extend(br#"{"id":"0000"#);
    });
    let [name] = fixture.files().try_into().expect("one file");
    let mut again = fixture.outbox();
    let loaded = again.load(&fixture.alice());
    assert_eq!(texts(&loaded), ["1", "3"]);
    assert_eq!(loaded.problems, [format!("1 damaged line of {name} was skipped")]);
    again.remove(&[message(1).id]);
    fixture.kill(again);
    assert_eq!(texts(&fixture.outbox().load(&fixture.alice())), ["3"], "the removal was written");
}

#[test]
fn a_damaged_file_is_reported_and_kept() {
    let fixture = Fixture::new();
    let mut outbox = fixture.outbox();
    outbox.load(&fixture.alice());
    outbox.store(&[message(1)]).expect("stored");
    fixture.kill(outbox);
    fixture.tamper(|bytes| bytes[0] = b'x');
    let files = fixture.files();
    let loaded = fixture.outbox().load(&fixture.alice());
    assert!(loaded.messages.is_empty());
    let sentence = format!("{} in the outbox is damaged", files[0]);
    assert!(loaded.problems[0].starts_with(&sentence), "{loaded:?}");
    assert_eq!(fixture.files(), files);
}

#[test]
fn a_file_of_another_format_is_ignored() {
    let fixture = Fixture::new();
    let mut outbox = fixture.outbox();
    outbox.load(&fixture.alice());
    outbox.store(&[message(1)]).expect("stored");
    fixture.kill(outbox);
    let change = |from: &'static [u8], to: u8| {
        move |bytes: &mut Vec<u8>| {
            let at = bytes.windows(from.len()).position(|window| window == from).expect("the format");
            bytes[at + from.len() - 1] = to;
        }
    };
    fixture.tamper(change(br#""format":1"#, b'2'));
    assert!(fixture.outbox().load(&fixture.alice()).messages.is_empty());
    fixture.tamper(change(br#""format":2"#, b'1'));
    assert_eq!(texts(&fixture.outbox().load(&fixture.alice())), ["1"], "the file was not changed");
}

#[test]
fn a_message_in_two_files_is_loaded_once() {
    let fixture = Fixture::new();
    let (mut first, mut second) = (fixture.outbox(), fixture.outbox());
    for outbox in [&mut first, &mut second] {
        outbox.load(&fixture.alice());
        outbox.store(&[message(1)]).expect("stored");
    }
    fixture.kill(first);
    fixture.kill(second);
    assert_eq!(texts(&fixture.outbox().load(&fixture.alice())), ["1"]);
}

#[test]
fn a_file_has_a_maximum_size() {
    let fixture = Fixture::new();
    let mut outbox = fixture.outbox();
    outbox.load(&fixture.alice());
    let long = "x".repeat(common::limits::TEXT_BYTES_MAX);
    for id in 0..600 {
        let message = Message { text: testkit::text(long.clone()), ..message(id) };
        outbox.store(&[message]).expect("stored");
        if id > 0 {
            outbox.remove(&[fixture::message(id - 1).id]);
        }
        assert!(fixture.files().len() <= 2, "{:?}", fixture.files());
    }
    assert!(fixture.bytes() < 2 * FILE_BYTES_MAX, "{}", fixture.bytes());
}

#[test]
fn messages_above_the_maximum_wait_for_the_next_process() {
    let fixture = Fixture::new();
    for half in 0..2 {
        let mut outbox = fixture.outbox();
        outbox.load(&testkit::user("bob"));
        outbox.owner = Some(fixture.alice());
        let messages: Vec<_> = (0..2500).map(|id| message(half * 2500 + id)).collect();
        outbox.store(&messages).expect("stored");
        fixture.kill(outbox);
    }
    let mut first = fixture.outbox();
    let loaded = first.load(&fixture.alice());
    assert_eq!(
        (loaded.messages.len(), &*loaded.problems[0]),
        (2500, "2500 unsent messages wait until the next time papo starts")
    );
    let ids: Vec<_> = loaded.messages.iter().map(|message| message.id).collect();
    first.remove(&ids);
    fixture.kill(first);
    assert_eq!(fixture.outbox().load(&fixture.alice()).messages.len(), 2500);
}

#[test]
fn bytes_above_the_maximum_wait_for_the_next_process() {
    let fixture = Fixture::new();
    let long = "x".repeat(common::limits::TEXT_BYTES_MAX);
    let half = OUTBOX_BYTES_MAX / long.len() / 2 + 1;
    for first in [0, half] {
        let mut outbox = fixture.outbox();
        outbox.owner = Some(fixture.alice());
        let text = || testkit::text(long.clone());
        let messages = (first..first + half).map(|id| Message { text: text(), ..message(id as u128) });
        outbox.store(&messages.collect::<Vec<_>>()).expect("stored");
        fixture.kill(outbox);
    }
    let loaded = fixture.outbox().load(&fixture.alice());
    assert_eq!(loaded.messages.len(), half);
    assert_eq!(loaded.problems, [format!("{half} unsent messages wait until the next time papo starts")]);
}

#[test]
fn a_real_folder_is_private_and_a_file_has_one_process() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let own = folder.path().join("papo");
    let path = own.join("outbox");
    let (mut first, mut second) = (on_disk(&own), on_disk(&own));
    first.load(&testkit::user("alice"));
    assert!(!path.exists(), "the folder is created for the first message");
    first.store(&[message(1)]).expect("stored");
    let file = std::fs::read_dir(&path).expect("a folder").next().expect("a file").expect("a file").path();
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).expect("metadata").permissions().mode() & 0o777;
    assert_eq!([&own, &path, &file].map(|path| mode(path)), [0o700, 0o700, 0o600]);
    assert!(second.load(&testkit::user("alice")).messages.is_empty(), "the file is locked");
    // As if the process was killed: the lock is gone, and the file stays.
    let file = first.files.pop().expect("a file").file;
    drop(file);
    assert_eq!(texts(&second.load(&testkit::user("alice"))), ["1"]);
    second.remove(&[message(1).id]);
    assert_eq!(std::fs::read_dir(&path).expect("a folder").count(), 0);
}

//! The outbox on a failing disk, and in a real folder with two processes.

mod crashes;
mod stage;

use super::*;
use stage::{Stage, message, on_disk, texts};

#[test]
fn stored_messages_are_recalled_in_order_without_removed_ones() {
    let stage = Stage::new();
    let mut first = stage.outbox();
    assert!(first.load(&stage.alice()).messages.is_empty());
    first.store(&[message(1), message(2)]).expect("stored");
    first.store(&[message(3)]).expect("stored");
    first.remove(&[message(2).id]);
    stage.kill(first);
    assert_eq!(texts(&stage.outbox().load(&stage.alice())), ["1", "3"]);
}

#[test]
fn a_locked_file_is_not_adopted() {
    let stage = Stage::new();
    let (mut one, mut other) = (stage.outbox(), stage.outbox());
    one.load(&stage.alice());
    one.store(&[message(1)]).expect("stored");
    assert!(other.load(&stage.alice()).messages.is_empty());
    other.store(&[message(2)]).expect("stored");
    stage.kill(one);
    assert_eq!(texts(&other.load(&stage.alice())), ["1"], "adopted after the end of its process");
    let third = stage.outbox().load(&stage.alice());
    assert!(third.messages.is_empty(), "now locked by the second process");
}

#[test]
fn messages_are_recalled_only_for_their_user_and_server() {
    let stage = Stage::new();
    let mut outbox = stage.outbox();
    outbox.load(&stage.alice());
    outbox.store(&[message(1)]).expect("stored");
    stage.kill(outbox);
    assert!(stage.outbox().load(&testkit::user("bob")).messages.is_empty());
    assert!(stage.outbox_at("tcp://elsewhere:5555").load(&stage.alice()).messages.is_empty());
    assert_eq!(texts(&stage.outbox().load(&stage.alice())), ["1"]);
}

#[test]
fn a_login_as_another_user_keeps_the_messages_of_the_first() {
    let stage = Stage::new();
    let mut outbox = stage.outbox();
    outbox.load(&stage.alice());
    outbox.store(&[message(1)]).expect("stored");
    assert!(outbox.load(&testkit::user("bob")).messages.is_empty());
    outbox.store(&[message(2)]).expect("stored");
    assert_eq!(texts(&outbox.load(&stage.alice())), ["1"]);
}

#[test]
fn no_file_is_left_when_all_messages_are_acknowledged() {
    let stage = Stage::new();
    let mut first = stage.outbox();
    first.load(&stage.alice());
    first.store(&[message(1), message(2)]).expect("stored");
    stage.kill(first);
    let mut outbox = stage.outbox();
    outbox.load(&stage.alice());
    outbox.store(&[message(3)]).expect("stored");
    outbox.remove(&[message(1).id, message(2).id, message(3).id]);
    assert_eq!(stage.files().len(), 1, "a file for the next message");
    drop(outbox);
    assert!(stage.files().is_empty());
}

#[test]
fn a_torn_line_is_cut_and_a_damaged_line_skipped() {
    let stage = Stage::new();
    let mut outbox = stage.outbox();
    outbox.load(&stage.alice());
    outbox.store(&[message(1), message(2), message(3)]).expect("stored");
    stage.kill(outbox);
    stage.tamper(|bytes| {
        let at = bytes.windows(9).position(|window| window == br#""text":"2"#.as_slice());
        bytes[at.expect("the second message")] = b'x';
        bytes.extend(br#"{"id":"0000"#);
    });
    let [name] = stage.files().try_into().expect("one file");
    let mut again = stage.outbox();
    let loaded = again.load(&stage.alice());
    assert_eq!(texts(&loaded), ["1", "3"]);
    assert_eq!(loaded.problems, [format!("lines of {name} that are damaged and were skipped: 1")]);
    again.remove(&[message(1).id]);
    stage.kill(again);
    assert_eq!(texts(&stage.outbox().load(&stage.alice())), ["3"], "the removal was written");
}

#[test]
fn a_damaged_file_is_reported_and_kept() {
    let stage = Stage::new();
    let mut outbox = stage.outbox();
    outbox.load(&stage.alice());
    outbox.store(&[message(1)]).expect("stored");
    stage.kill(outbox);
    stage.tamper(|bytes| bytes[0] = b'x');
    let files = stage.files();
    let loaded = stage.outbox().load(&stage.alice());
    assert!(loaded.messages.is_empty());
    let sentence = format!("{} in the outbox is damaged", files[0]);
    assert!(loaded.problems[0].starts_with(&sentence), "{loaded:?}");
    assert_eq!(stage.files(), files);
}

#[test]
fn a_file_of_another_format_is_ignored() {
    let stage = Stage::new();
    let mut outbox = stage.outbox();
    outbox.load(&stage.alice());
    outbox.store(&[message(1)]).expect("stored");
    stage.kill(outbox);
    let change = |from: &'static [u8], to: u8| {
        move |bytes: &mut Vec<u8>| {
            let at = bytes.windows(from.len()).position(|window| window == from).expect("the format");
            bytes[at + from.len() - 1] = to;
        }
    };
    stage.tamper(change(br#""format":1"#, b'2'));
    assert!(stage.outbox().load(&stage.alice()).messages.is_empty());
    stage.tamper(change(br#""format":2"#, b'1'));
    assert_eq!(texts(&stage.outbox().load(&stage.alice())), ["1"], "the file was not changed");
}

#[test]
fn a_message_in_two_files_is_recalled_once() {
    let stage = Stage::new();
    let (mut one, mut other) = (stage.outbox(), stage.outbox());
    for outbox in [&mut one, &mut other] {
        outbox.load(&stage.alice());
        outbox.store(&[message(1)]).expect("stored");
    }
    stage.kill(one);
    stage.kill(other);
    assert_eq!(texts(&stage.outbox().load(&stage.alice())), ["1"]);
}

#[test]
fn a_file_has_a_maximum_size() {
    let stage = Stage::new();
    let mut outbox = stage.outbox();
    outbox.load(&stage.alice());
    let long = "x".repeat(common::limits::TEXT_BYTES_MAX);
    for id in 0..600 {
        let message = Message { text: testkit::text(long.clone()), ..message(id) };
        outbox.store(&[message]).expect("stored");
        if id > 0 {
            outbox.remove(&[stage::message(id - 1).id]);
        }
        assert!(stage.files().len() <= 2, "{:?}", stage.files());
    }
    assert!(stage.bytes() < 2 * FILE_BYTES_MAX, "{}", stage.bytes());
}

#[test]
fn messages_beyond_the_maximum_wait_for_the_next_start() {
    let stage = Stage::new();
    for half in 0..2 {
        let mut outbox = stage.outbox();
        outbox.load(&testkit::user("bob"));
        outbox.owner = Some(stage.alice());
        let messages: Vec<_> = (0..2500).map(|id| message(half * 2500 + id)).collect();
        outbox.store(&messages).expect("stored");
        stage.kill(outbox);
    }
    let mut first = stage.outbox();
    let loaded = first.load(&stage.alice());
    assert_eq!(
        (loaded.messages.len(), &*loaded.problems[0]),
        (2500, "unsent messages that wait for the next start of papo: 2500")
    );
    let ids: Vec<_> = loaded.messages.iter().map(|message| message.id).collect();
    first.remove(&ids);
    stage.kill(first);
    assert_eq!(stage.outbox().load(&stage.alice()).messages.len(), 2500);
}

#[test]
fn bytes_beyond_the_maximum_wait_for_the_next_start() {
    let stage = Stage::new();
    let long = "x".repeat(common::limits::TEXT_BYTES_MAX);
    let half = OUTBOX_BYTES_MAX / long.len() / 2 + 1;
    for first in [0, half] {
        let mut outbox = stage.outbox();
        outbox.owner = Some(stage.alice());
        let text = || testkit::text(long.clone());
        let messages = (first..first + half).map(|id| Message { text: text(), ..message(id as u128) });
        outbox.store(&messages.collect::<Vec<_>>()).expect("stored");
        stage.kill(outbox);
    }
    let loaded = stage.outbox().load(&stage.alice());
    assert_eq!(loaded.messages.len(), half);
    assert_eq!(loaded.problems, [format!("unsent messages that wait for the next start of papo: {half}")]);
}

#[test]
fn a_real_folder_is_private_and_a_file_has_one_process() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let own = folder.path().join("papo");
    let path = own.join("outbox");
    let (mut one, mut other) = (on_disk(&own), on_disk(&own));
    one.load(&testkit::user("alice"));
    assert!(!path.exists(), "the folder is created for the first message");
    one.store(&[message(1)]).expect("stored");
    let file = std::fs::read_dir(&path).expect("a folder").next().expect("a file").expect("a file").path();
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).expect("metadata").permissions().mode() & 0o777;
    assert_eq!([&own, &path, &file].map(|path| mode(path)), [0o700, 0o700, 0o600]);
    assert!(other.load(&testkit::user("alice")).messages.is_empty(), "the file is locked");
    // As if the process was killed: the lock is gone, and the file stays.
    let file = one.files.pop().expect("a file").file;
    drop(file);
    assert_eq!(texts(&other.load(&testkit::user("alice"))), ["1"]);
    other.remove(&[message(1).id]);
    assert_eq!(std::fs::read_dir(&path).expect("a folder").count(), 0);
}

//! The outbox on a disk that fails at every step, and in a real folder with two holders.

mod crashes;
mod stage;

use super::*;
use stage::{Stage, message, on_disk, texts};

#[test]
fn what_was_kept_is_recalled_in_its_order_and_what_was_released_is_not() {
    let stage = Stage::new();
    let mut first = stage.outbox();
    assert!(first.recall(&stage.alice()).messages.is_empty());
    first.keep(&[message(1), message(2)]).expect("kept");
    first.keep(&[message(3)]).expect("kept");
    first.release(&[message(2).id]);
    stage.process_dies(first);
    assert_eq!(texts(&stage.outbox().recall(&stage.alice())), ["1", "3"]);
}

#[test]
fn nobody_takes_what_another_process_still_holds() {
    let stage = Stage::new();
    let (mut one, mut other) = (stage.outbox(), stage.outbox());
    one.recall(&stage.alice());
    one.keep(&[message(1)]).expect("kept");
    assert!(other.recall(&stage.alice()).messages.is_empty());
    other.keep(&[message(2)]).expect("kept");
    stage.process_dies(one);
    assert_eq!(texts(&other.recall(&stage.alice())), ["1"], "it is adopted when its holder is gone");
    let third = stage.outbox().recall(&stage.alice());
    assert!(third.messages.is_empty(), "and has another holder then");
}

#[test]
fn other_people_and_other_servers_find_nothing() {
    let stage = Stage::new();
    let mut outbox = stage.outbox();
    outbox.recall(&stage.alice());
    outbox.keep(&[message(1)]).expect("kept");
    stage.process_dies(outbox);
    assert!(stage.outbox().recall(&testkit::user("bob")).messages.is_empty());
    assert!(stage.outbox_at("tcp://elsewhere:5555").recall(&stage.alice()).messages.is_empty());
    assert_eq!(texts(&stage.outbox().recall(&stage.alice())), ["1"]);
}

#[test]
fn a_person_who_changes_places_leaves_their_messages_behind_for_themselves() {
    let stage = Stage::new();
    let mut outbox = stage.outbox();
    outbox.recall(&stage.alice());
    outbox.keep(&[message(1)]).expect("kept");
    assert!(outbox.recall(&testkit::user("bob")).messages.is_empty());
    outbox.keep(&[message(2)]).expect("kept");
    assert_eq!(texts(&outbox.recall(&stage.alice())), ["1"]);
}

#[test]
fn nothing_is_left_when_everything_is_acknowledged() {
    let stage = Stage::new();
    let mut first = stage.outbox();
    first.recall(&stage.alice());
    first.keep(&[message(1), message(2)]).expect("kept");
    stage.process_dies(first);
    let mut outbox = stage.outbox();
    outbox.recall(&stage.alice());
    outbox.keep(&[message(3)]).expect("kept");
    outbox.release(&[message(1).id, message(2).id, message(3).id]);
    assert_eq!(stage.files().len(), 1, "its own file, for the next message");
    drop(outbox);
    assert!(stage.files().is_empty());
}

#[test]
fn a_torn_end_is_cut_and_a_damaged_line_left_out() {
    let stage = Stage::new();
    let mut outbox = stage.outbox();
    outbox.recall(&stage.alice());
    outbox.keep(&[message(1), message(2), message(3)]).expect("kept");
    stage.process_dies(outbox);
    stage.tamper(|bytes| {
        let at = bytes.windows(9).position(|window| window == br#""text":"2"#.as_slice());
        bytes[at.expect("the second message")] = b'x';
        bytes.extend(br#"{"id":"0000"#);
    });
    let [name] = stage.files().try_into().expect("one file");
    let mut again = stage.outbox();
    let recalled = again.recall(&stage.alice());
    assert_eq!(texts(&recalled), ["1", "3"]);
    assert_eq!(recalled.complaints, [format!("1 lines of {name} are damaged and left out")]);
    again.release(&[message(1).id]);
    stage.process_dies(again);
    assert_eq!(texts(&stage.outbox().recall(&stage.alice())), ["3"], "what was done is known");
}

#[test]
fn a_file_that_is_none_of_ours_is_left_and_named() {
    let stage = Stage::new();
    let mut outbox = stage.outbox();
    outbox.recall(&stage.alice());
    outbox.keep(&[message(1)]).expect("kept");
    stage.process_dies(outbox);
    stage.tamper(|bytes| bytes[0] = b'x');
    let files = stage.files();
    let recalled = stage.outbox().recall(&stage.alice());
    assert!(recalled.messages.is_empty());
    let sentence = format!("{} in the outbox is damaged", files[0]);
    assert!(recalled.complaints[0].starts_with(&sentence), "{recalled:?}");
    assert_eq!(stage.files(), files);
}

#[test]
fn a_file_of_another_format_is_left_alone() {
    let stage = Stage::new();
    let mut outbox = stage.outbox();
    outbox.recall(&stage.alice());
    outbox.keep(&[message(1)]).expect("kept");
    stage.process_dies(outbox);
    let change = |from: &'static [u8], to: u8| {
        move |bytes: &mut Vec<u8>| {
            let at = bytes.windows(from.len()).position(|window| window == from).expect("the format");
            bytes[at + from.len() - 1] = to;
        }
    };
    stage.tamper(change(br#""format":1"#, b'2'));
    assert!(stage.outbox().recall(&stage.alice()).messages.is_empty());
    stage.tamper(change(br#""format":2"#, b'1'));
    assert_eq!(texts(&stage.outbox().recall(&stage.alice())), ["1"], "nothing was done to it");
}

#[test]
fn what_is_in_two_files_is_recalled_once() {
    let stage = Stage::new();
    let (mut one, mut other) = (stage.outbox(), stage.outbox());
    for outbox in [&mut one, &mut other] {
        outbox.recall(&stage.alice());
        outbox.keep(&[message(1)]).expect("kept");
    }
    stage.process_dies(one);
    stage.process_dies(other);
    assert_eq!(texts(&stage.outbox().recall(&stage.alice())), ["1"]);
}

#[test]
fn a_file_grows_to_its_bound_only() {
    let stage = Stage::new();
    let mut outbox = stage.outbox();
    outbox.recall(&stage.alice());
    let long = "x".repeat(common::limits::TEXT_BYTES_MAX);
    for id in 0..600 {
        let message = Message { text: testkit::text(long.clone()), ..message(id) };
        outbox.keep(&[message]).expect("kept");
        if id > 0 {
            outbox.release(&[stage::message(id - 1).id]);
        }
        assert!(stage.files().len() <= 2, "{:?}", stage.files());
    }
    assert!(stage.bytes() < 2 * FILE_BYTES_MAX, "{}", stage.bytes());
}

#[test]
fn what_is_too_much_waits_for_the_next_start() {
    let stage = Stage::new();
    for half in 0..2 {
        let mut outbox = stage.outbox();
        outbox.recall(&testkit::user("bob"));
        outbox.owner = Some(stage.alice());
        let messages: Vec<_> = (0..2500).map(|id| message(half * 2500 + id)).collect();
        outbox.keep(&messages).expect("kept");
        stage.process_dies(outbox);
    }
    let mut first = stage.outbox();
    let recalled = first.recall(&stage.alice());
    assert_eq!(
        (recalled.messages.len(), &*recalled.complaints[0]),
        (2500, "2500 more messages wait for the next start")
    );
    let ids: Vec<_> = recalled.messages.iter().map(|message| message.id).collect();
    first.release(&ids);
    stage.process_dies(first);
    assert_eq!(stage.outbox().recall(&stage.alice()).messages.len(), 2500);
}

#[test]
fn what_is_too_long_waits_for_the_next_start_too() {
    let stage = Stage::new();
    let long = "x".repeat(common::limits::TEXT_BYTES_MAX);
    let half = OUTBOX_BYTES_MAX / long.len() / 2 + 1;
    for first in [0, half] {
        let mut outbox = stage.outbox();
        outbox.owner = Some(stage.alice());
        let text = || testkit::text(long.clone());
        let messages = (first..first + half).map(|id| Message { text: text(), ..message(id as u128) });
        outbox.keep(&messages.collect::<Vec<_>>()).expect("kept");
        stage.process_dies(outbox);
    }
    let recalled = stage.outbox().recall(&stage.alice());
    assert_eq!(recalled.messages.len(), half);
    assert_eq!(recalled.complaints, [format!("{half} more messages wait for the next start")]);
}

#[test]
fn a_real_folder_is_private_and_its_files_have_one_holder() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let own = folder.path().join("papo");
    let path = own.join("outbox");
    let (mut one, mut other) = (on_disk(&own), on_disk(&own));
    one.recall(&testkit::user("alice"));
    assert!(!path.exists(), "who has sent nothing leaves nothing");
    one.keep(&[message(1)]).expect("kept");
    let file = std::fs::read_dir(&path).expect("a folder").next().expect("a file").expect("a file").path();
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).expect("metadata").permissions().mode() & 0o777;
    assert_eq!([&own, &path, &file].map(|path| mode(path)), [0o700, 0o700, 0o600]);
    assert!(other.recall(&testkit::user("alice")).messages.is_empty(), "it is held");
    // As when its process is killed: nothing is removed, the lock is gone.
    let file = one.files.pop().expect("a file").file;
    drop(file);
    assert_eq!(texts(&other.recall(&testkit::user("alice"))), ["1"]);
    other.release(&[message(1).id]);
    assert_eq!(std::fs::read_dir(&path).expect("a folder").count(), 0);
}

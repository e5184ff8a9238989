//! Files that are redacted: their names are nowhere in the log, their contents nowhere on the disk, unless another event
//! or an upload needs them; whichever step a crash comes at.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::sync::Arc;

use common::{ContentHash, Conversation, FileInfo, FileName, UserName};
use disk::Disk as _;
use disk::faulty::{Failure, FaultyDisk, Loss};
use server::domain::{Actor, Change, Command, Original};
use server::journal::{Checkpoint, for_each_line};
use server::maintenance::redact::{RedactError, Redaction, Request};
use server::services::files::check::{self, CheckError, ContentCounts};
use server::services::files::folder::content;
use server::services::files::{FileLimits, Files, Folder, Upload};
use server::services::jobs::{Job, Jobs, NO_TICKET};
use server::storage::commit_log::CommitMode;
use server::storage::data_folder::{Store, finish_redaction};
use server::storage::ledger::Ledger;
use server::storage::snapshots;
use sha2::{Digest as _, Sha256};
use testkit::{id, target};

const NOW_MS: u64 = 4_102_444_800_000;

/// Sent twice, and deleted once; sent and deleted; sent.
const CONTENTS: [&[u8]; 3] = [b"what two have sent", b"what was taken back", b"what is there"];

/// The name of every file that is to go.
const NAME: &str = "xylophone.pdf";

fn alice() -> UserName {
    testkit::user("alice")
}

fn channel() -> Conversation {
    Conversation::Channel(testkit::channel("#a"))
}

fn hash(bytes: &[u8]) -> ContentHash {
    ContentHash(Sha256::digest(bytes).into())
}

fn file(bytes: &[u8], name: &str) -> FileInfo {
    FileInfo { name: FileName::new(name).expect("a name"), bytes: bytes.len() as u64, sha256: hash(bytes) }
}

fn store(disk: &FaultyDisk) -> Store {
    Store::on(Arc::new(disk.clone()))
}

/// In `#a` the events 2 (deleted) and 3 have the first content, 4 (deleted) the second, and 5 the third.
fn worked() -> FaultyDisk {
    let disk = FaultyDisk::new();
    disk.replace_atomically("keys/topic.secret", "07".repeat(32).as_bytes()).expect("a sound disk");
    for bytes in CONTENTS {
        let name = content(&hash(bytes));
        disk.create_new(&name)
            .and_then(|mut file| file.write_all(bytes).and(file.sync_data()))
            .expect("room");
        disk.sync_folder(&name[..8]).expect("a sound disk");
    }
    let mut ledger = Ledger::open(store(&disk), &CommitMode::WhenPolled).expect("a sound disk");
    let mut record = |command| {
        ledger.record(command, NOW_MS).expect("allowed");
    };
    record(Command::Register { user: alice(), password: "hash".into() });
    let name = testkit::channel("#a");
    record(Command::CreateChannel(Actor { user: alice(), channel: name }, false));
    let sent = [(2, 0, NAME), (3, 0, "plan.pdf"), (4, 1, NAME), (5, 2, NAME)];
    for (n, bytes, name) in sent {
        let (user, to) = (alice(), target("#a"));
        record(Command::Share { user, to, id: id(n), file: file(CONTENTS[bytes], name) });
    }
    for n in [2, 4] {
        let (user, conversation) = (alice(), target("#a"));
        let (original, change) = (Original { n, author: alice(), is_file: true }, Change::Delete);
        record(Command::Amend { user, conversation, original, id: id(u128::from(n) + 10), change });
    }
    while !ledger.is_quiet() {
        ledger.flush();
        ledger.poll().map_err(|failure| failure.answer).expect("a sound disk");
    }
    ledger.close();
    for folder in ["", "log", "keys"] {
        disk.sync_folder(folder).expect("a sound disk");
    }
    disk
}

/// An upload of the second content.
fn begin(disk: &FaultyDisk, number: u128) {
    let FileInfo { name, bytes, sha256 } = file(CONTENTS[1], "again.pdf");
    let to = target("#a");
    let upload = Upload {
        id: id(number),
        user: alice(),
        to,
        name,
        bytes,
        sha256,
        begun: NOW_MS,
        is_verified: true,
        is_from_earlier_run: false,
    };
    let note = serde_json::to_vec(&upload).expect("json");
    disk.replace_atomically(&format!("files/uploads/{}.json", upload.id), &note).expect("room");
}

fn redact(disk: &FaultyDisk, numbers: &[u64], force: bool) -> Result<Redaction, RedactError> {
    let numbers = numbers.iter().copied().collect();
    Request { conversation: channel(), numbers, force }.run_on(&store(disk), NOW_MS)
}

/// Which of the contents are there.
fn there(disk: &FaultyDisk) -> [bool; 3] {
    CONTENTS.map(|bytes| disk.read(&content(&hash(bytes))).is_ok_and(|found| found == bytes))
}

fn lines(disk: &FaultyDisk) -> Vec<String> {
    let mut lines = Vec::new();
    for_each_line(disk, |_, line| {
        lines.push(String::from_utf8_lossy(line).into_owned());
        std::ops::ControlFlow::Continue(())
    })
    .expect("a sound log");
    lines
}

/// What `papo log verify` says of the files.
fn verified(disk: &FaultyDisk) -> Result<ContentCounts, CheckError> {
    let found = check::check(&Folder::new(Arc::new(disk.clone())), || Ok(check::read_log(disk, |_| {})?));
    found.map(|(_, found)| found)
}

/// A start of the server, up to where it has removed what nobody needs.
fn start(disk: &FaultyDisk, what: &str) {
    finish_redaction(disk).map_err(|error| format!("{what}: {error}")).expect("recovered");
    let ledger = Ledger::open(store(disk), &CommitMode::WhenPolled).expect("a sound disk");
    let mut jobs = Jobs::start(&CommitMode::WhenPolled).expect("nothing to start");
    let mut files =
        Files::open(Arc::new(disk.clone()), FileLimits::default(), &ledger).expect("a sound disk");
    let mut submit = |kind, work| jobs.submit(NO_TICKET, Job::file(kind, work));
    files.clean_up(&ledger, NOW_MS, &mut submit);
    while jobs.poll().is_some() {}
}

#[test]
fn a_content_goes_with_the_last_event_that_has_it() {
    let disk = worked();
    assert_eq!(verified(&disk).expect("whole"), ContentCounts { intact: 2, unreferenced: 1 });
    let state = |disk: &FaultyDisk| {
        let ledger = Ledger::open(store(disk), &CommitMode::WhenPolled).expect("a sound disk");
        snapshots::prepare(ledger.state(), Checkpoint::GENESIS).expect("json")
    };
    let before = state(&disk);
    let done = redact(&disk, &[2, 4], false).expect("redacted");
    assert_eq!((done.redacted, done.contents), (2, 1));
    assert_eq!(there(&disk), [true, false, true], "another event has the first");
    assert!(state(&disk) == before, "the state has changed");
    assert_eq!(verified(&disk).expect("whole"), ContentCounts { intact: 2, unreferenced: 0 });
    insta::assert_snapshot!(lines(&disk)[2..6].join("\n"), @r##"
    {"n":2,"at":4102444800000,"to":"#a","from":"alice","kind":"message","id":"01970000-0000-7000-8000-000000000002","text":"","deleted":true}
    {"n":3,"at":4102444800000,"to":"#a","from":"alice","kind":"file","id":"01970000-0000-7000-8000-000000000003","name":"plan.pdf","bytes":18,"sha256":"2b8f9f25bcf0c978fcf0c719951e2aeffac7eb715d916076b43c4dba301947cb"}
    {"n":4,"at":4102444800000,"to":"#a","from":"alice","kind":"message","id":"01970000-0000-7000-8000-000000000004","text":"","deleted":true}
    {"n":5,"at":4102444800000,"to":"#a","from":"alice","kind":"file","id":"01970000-0000-7000-8000-000000000005","name":"xylophone.pdf","bytes":13,"sha256":"16de1a8c7a0cbb0af3fb835e9330b486f97d903c510b685b0e0fd23611d2fb0d"}
    "##);

    let refused = redact(&disk, &[5], false).expect_err("not deleted").to_string();
    assert!(refused.starts_with("message 5 of #a is not deleted"), "{refused}");
    let done = redact(&disk, &[5], true).expect("redacted");
    assert_eq!((done.redacted, done.contents), (1, 1));
    assert_eq!(there(&disk), [true, false, false]);
    assert!(!lines(&disk).iter().any(|line| line.contains(NAME)));
    let done = redact(&disk, &[3, 4, 5], true).expect("redacted");
    assert_eq!((done.redacted, done.contents), (1, 1));
    assert_eq!(there(&disk), [false; 3]);
}

#[test]
fn an_upload_keeps_the_content_that_it_is_going_to_be() {
    let disk = worked();
    begin(&disk, 4);
    begin(&disk, 99);
    let done = redact(&disk, &[4], false).expect("redacted");
    assert_eq!((done.redacted, done.contents), (1, 0), "one of them became an event, the other has not yet");
    disk.remove(&format!("files/uploads/{}.json", id(99))).expect("a note");
    let again = redact(&disk, &[4], false).expect("nothing left to redact");
    assert_eq!((again.redacted, again.contents), (0, 1));
    assert_eq!(there(&disk), [true, false, true]);
}

#[test]
fn a_content_that_is_damaged_or_missing_is_named() {
    let disk = worked();
    disk.tamper(&content(&hash(CONTENTS[2])), |bytes| bytes[0] ^= 1).expect("a file");
    insta::assert_snapshot!(verified(&disk).expect_err("damaged"), @"files/16/16de1a8c7a0cbb0af3fb835e9330b486f97d903c510b685b0e0fd23611d2fb0d is damaged: it is the content of event 5 from alice to #a; restore it from a backup");
    disk.remove(&content(&hash(CONTENTS[2]))).expect("a file");
    insta::assert_snapshot!(verified(&disk).expect_err("missing"), @"files/16/16de1a8c7a0cbb0af3fb835e9330b486f97d903c510b685b0e0fd23611d2fb0d is missing: it is the content of event 5 from alice to #a; restore it from a backup");
}

#[test]
fn the_power_may_go_off_at_every_step() {
    const NUMBERS: [u64; 3] = [2, 4, 5];
    let disk = worked();
    let (old, first) = (lines(&disk), disk.operations());
    redact(&disk, &NUMBERS, true).expect("redacted");
    let (steps, mut outcomes) = (disk.operations() - first, BTreeSet::new());
    for step in 0..steps {
        for loss in [Loss::Everything, Loss::Nothing, Loss::Tail(50), Loss::Sectors] {
            let what = format!("step {step} of {steps}, {loss:?}");
            let disk = worked();
            let operation = disk.operations() + step;
            disk.fail(Failure { operation, kind: ErrorKind::Other, lasts: true });
            redact(&disk, &NUMBERS, true).expect_err("the power is off");
            let found = disk.after_crash(loss);
            start(&found, &what);
            let is_redacted = lines(&found) != old;
            // Also what a start removes is what nobody needs, and nothing else.
            assert_eq!(there(&found), [true, false, !is_redacted], "{what}, redacted: {is_redacted}");
            verified(&found).map_err(|error| format!("{what}: {error}")).expect("whole");
            outcomes.insert(is_redacted);

            let again = disk.after_crash(loss);
            redact(&again, &NUMBERS, true).map_err(|error| format!("{what}: {error}")).expect("redacted");
            assert_eq!(there(&again), [true, false, false], "{what}, and once more");
            let last = again.after_crash(Loss::Everything);
            assert_eq!(there(&last), [true, false, false], "{what}: it was told to be gone for good");
        }
    }
    assert_eq!(outcomes.len(), 2, "both outcomes were seen in {steps} steps");
}

//! Tests of the redaction of files. The log does not contain the names of redacted files. The disk does not
//! contain their contents, unless another event or an upload needs the content. A crash at any operation
//! leaves either the old state or the new state.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "test helpers may panic")]

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use common::{Conversation, FileInfo};
use disk::Disk as _;
use disk::faulty::{FaultyDisk, Loss};
use server::domain::{Change, Command, Original};
use server::journal::{Checkpoint, for_each_line};
use server::maintenance::redact::{RedactError, Redaction, Request};
use server::services::files::check::{self, CheckError, ContentCounts};
use server::services::files::folder::content;
use server::services::files::{FileLimits, Files, Folder, Upload};
use server::services::jobs::{Job, Jobs, NO_TICKET};
use server::storage::commit_log::CommitMode;
use server::storage::data_folder::finish_redaction;
use server::storage::ledger::{Ledger, Sizes};
use server::storage::snapshots;
use testkit::team::commands::{create, file, register, share};
use testkit::team::{LOSSES, NOW_MS, cut_power, faulty_disk, open_ledger, record, store};
use testkit::{channel, id, target, user};

/// The contents of the sent files. The first file is sent twice and deleted once, the second is sent and
/// deleted, the third is sent.
const CONTENTS: [&[u8]; 3] = [b"what two have sent", b"what was taken back", b"what is there"];

/// The name of the redacted files.
const NAME: &str = "xylophone.pdf";

/// The path of a file content.
fn path(bytes: &[u8]) -> String {
    content(&file(NAME, bytes).sha256)
}

fn ledger(disk: &FaultyDisk) -> Ledger {
    open_ledger(store(disk), Sizes::default())
}

/// A disk with files in `#a`. Events 2 (deleted) and 3 have the first content, event 4 (deleted) has the
/// second content, and event 5 has the third content.
fn disk_with_files() -> FaultyDisk {
    let disk = faulty_disk();
    for bytes in CONTENTS {
        let path = path(bytes);
        disk.create_new(&path)
            .and_then(|mut file| file.write_all(bytes).and(file.sync_data()))
            .expect("room");
        disk.sync_folder(&path[..8]).expect("a sound disk");
    }
    let mut ledger = ledger(&disk);
    let sent = [(2, 0, NAME), (3, 0, "plan.pdf"), (4, 1, NAME), (5, 2, NAME)];
    let sent = sent.map(|(n, bytes, name)| share("alice", "#a", id(n), file(name, CONTENTS[bytes])));
    for command in [register("alice"), create("alice", "#a")].into_iter().chain(sent) {
        record(&mut ledger, command);
    }
    for n in [2, 4] {
        let (user, conversation, id) = (user("alice"), target("#a"), id(u128::from(n) + 10));
        let original = Original { n, author: user.clone(), is_file: true };
        record(&mut ledger, Command::Amend { user, conversation, original, id, change: Change::Delete });
    }
    ledger.close();
    for folder in ["", "log", "keys"] {
        disk.sync_folder(folder).expect("a sound disk");
    }
    disk
}

/// Begins an upload of the second content.
fn begin_upload(disk: &FaultyDisk, number: u128) {
    let FileInfo { name, bytes, sha256 } = file("again.pdf", CONTENTS[1]);
    let upload = Upload {
        id: id(number),
        user: user("alice"),
        to: target("#a"),
        name,
        bytes,
        sha256,
        begun: NOW_MS,
        is_verified: true,
        by_hash: None,
        is_from_earlier_run: false,
    };
    let metadata = serde_json::to_vec(&upload).expect("JSON");
    disk.replace_atomically(&format!("files/uploads/{}.json", upload.id), &metadata).expect("room");
}

fn redact(disk: &FaultyDisk, numbers: &[u64], force: bool) -> Result<Redaction, RedactError> {
    let numbers = numbers.iter().copied().collect();
    let conversation = Conversation::Channel(channel("#a"));
    Request { conversation, numbers, force }.run_on(&store(disk), NOW_MS)
}

/// Whether each of the contents is on the disk.
fn stored(disk: &FaultyDisk) -> [bool; 3] {
    CONTENTS.map(|bytes| disk.read(&path(bytes)).is_ok_and(|found| found == bytes))
}

fn lines(disk: &FaultyDisk) -> Vec<String> {
    let mut lines = Vec::new();
    for_each_line(disk, |_, line| {
        lines.push(String::from_utf8_lossy(line).into_owned());
        ControlFlow::Continue(())
    })
    .expect("a sound log");
    lines
}

/// The check of the files by `papo log verify`.
fn verified(disk: &FaultyDisk) -> Result<ContentCounts, CheckError> {
    let found = check::check(&Folder::new(Arc::new(disk.clone())), || Ok(check::read_log(disk, |_| {})?));
    found.map(|(_, found)| found)
}

/// Starts the server, and waits until it has removed unused file contents.
fn start(disk: &FaultyDisk, case: &str) {
    finish_redaction(disk).map_err(|error| format!("{case}: {error}")).expect("recovered");
    let ledger = ledger(disk);
    let mut jobs = Jobs::start(&CommitMode::WhenPolled).expect("jobs without threads");
    let disk = Arc::new(disk.clone());
    let mut files = Files::open(disk, FileLimits::default(), &ledger).expect("a sound disk");
    let mut submit = |kind, work| jobs.submit(NO_TICKET, Job::file(kind, work));
    files.clean_up(&ledger, NOW_MS, &mut submit);
    while jobs.poll().is_some() {}
}

#[test]
fn a_file_content_is_removed_with_the_last_event_that_refers_to_it() {
    let disk = disk_with_files();
    assert_eq!(verified(&disk).expect("sound files"), ContentCounts { intact: 2, unreferenced: 1 });
    let state =
        |disk: &FaultyDisk| snapshots::prepare(ledger(disk).state(), Checkpoint::GENESIS).expect("JSON");
    let before = state(&disk);
    let result = redact(&disk, &[2, 4], false).expect("redacted");
    assert_eq!((result.redacted, result.contents), (2, 1));
    assert_eq!(stored(&disk), [true, false, true], "event 3 needs the first content");
    assert!(state(&disk) == before, "the state has changed");
    assert_eq!(verified(&disk).expect("sound files"), ContentCounts { intact: 2, unreferenced: 0 });
    insta::assert_snapshot!(lines(&disk)[2..6].join("\n"), @r##"
    {"n":2,"at":1763700000000,"to":"#a","from":"alice","kind":"message","id":"01970000-0000-7000-8000-000000000002","text":"","deleted":true}
    {"n":3,"at":1763700000000,"to":"#a","from":"alice","kind":"file","id":"01970000-0000-7000-8000-000000000003","name":"plan.pdf","bytes":18,"sha256":"2b8f9f25bcf0c978fcf0c719951e2aeffac7eb715d916076b43c4dba301947cb"}
    {"n":4,"at":1763700000000,"to":"#a","from":"alice","kind":"message","id":"01970000-0000-7000-8000-000000000004","text":"","deleted":true}
    {"n":5,"at":1763700000000,"to":"#a","from":"alice","kind":"file","id":"01970000-0000-7000-8000-000000000005","name":"xylophone.pdf","bytes":13,"sha256":"16de1a8c7a0cbb0af3fb835e9330b486f97d903c510b685b0e0fd23611d2fb0d"}
    "##);

    let refused = redact(&disk, &[5], false).expect_err("not deleted").to_string();
    assert!(refused.starts_with("message 5 of #a is not deleted"), "{refused}");
    let result = redact(&disk, &[5], true).expect("redacted");
    assert_eq!((result.redacted, result.contents), (1, 1));
    assert_eq!(stored(&disk), [true, false, false]);
    assert!(!lines(&disk).iter().any(|line| line.contains(NAME)));
    let result = redact(&disk, &[3, 4, 5], true).expect("redacted");
    assert_eq!((result.redacted, result.contents), (1, 1));
    assert_eq!(stored(&disk), [false; 3]);
}

#[test]
fn an_open_upload_keeps_its_content() {
    let disk = disk_with_files();
    begin_upload(&disk, 4);
    begin_upload(&disk, 99);
    let result = redact(&disk, &[4], false).expect("redacted");
    assert_eq!((result.redacted, result.contents), (1, 0), "upload 4 became an event, upload 99 is open");
    disk.remove(&format!("files/uploads/{}.json", id(99))).expect("a metadata file");
    let again = redact(&disk, &[4], false).expect("nothing left to redact");
    assert_eq!((again.redacted, again.contents), (0, 1));
    assert_eq!(stored(&disk), [true, false, true]);
}

#[test]
fn the_error_contains_the_path_of_damaged_or_missing_content() {
    let disk = disk_with_files();
    disk.tamper(&path(CONTENTS[2]), |bytes| bytes[0] ^= 1).expect("a file");
    insta::assert_snapshot!(verified(&disk).expect_err("damaged"), @"files/16/16de1a8c7a0cbb0af3fb835e9330b486f97d903c510b685b0e0fd23611d2fb0d is damaged: it is the content of event 5 from alice to #a; restore it from a backup");
    disk.remove(&path(CONTENTS[2])).expect("a file");
    insta::assert_snapshot!(verified(&disk).expect_err("missing"), @"files/16/16de1a8c7a0cbb0af3fb835e9330b486f97d903c510b685b0e0fd23611d2fb0d is missing: it is the content of event 5 from alice to #a; restore it from a backup");
}

#[test]
fn the_power_can_be_cut_at_every_operation() {
    const NUMBERS: [u64; 3] = [2, 4, 5];
    let disk = disk_with_files();
    let (old, first) = (lines(&disk), disk.operations());
    redact(&disk, &NUMBERS, true).expect("redacted");
    let (operations, mut outcomes) = (disk.operations() - first, BTreeSet::new());
    for operation in 0..operations {
        for loss in LOSSES {
            let case = format!("operation {operation} of {operations}, {loss:?}");
            let disk = disk_with_files();
            cut_power(&disk, disk.operations() + operation);
            redact(&disk, &NUMBERS, true).expect_err("a power cut");
            let crashed = disk.after_crash(loss);
            start(&crashed, &case);
            let is_redacted = lines(&crashed) != old;
            // Startup removed only unused contents.
            assert_eq!(stored(&crashed), [true, false, !is_redacted], "{case}, redacted: {is_redacted}");
            verified(&crashed).map_err(|error| format!("{case}: {error}")).expect("sound files");
            outcomes.insert(is_redacted);

            let again = disk.after_crash(loss);
            redact(&again, &NUMBERS, true).map_err(|error| format!("{case}: {error}")).expect("redacted");
            assert_eq!(stored(&again), [true, false, false], "{case}, redacted again");
            let crashed = again.after_crash(Loss::Everything);
            assert_eq!(stored(&crashed), [true, false, false], "{case}: an acknowledged redaction was lost");
        }
    }
    assert_eq!(outcomes.len(), 2, "only one outcome in {operations} operations");
}

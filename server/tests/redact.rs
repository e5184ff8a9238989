//! Tests of the redaction of texts. No file of the data folder contains a redacted text, all other data is
//! unchanged, and a crash at any operation leaves either the old log or the new log.

#![expect(
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "test helpers may panic, and the tests look into files"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use disk::faulty::FaultyDisk;
use disk::{Disk, RealDisk};
use server::domain::{Change, Command, Original};
use server::journal::{Checkpoint, Options, for_each_line, verify};
use server::maintenance::redact::{RedactError, Redaction, Request};
use server::services::search;
use server::storage::data_folder::{Store, StoreError, finish_redaction};
use server::storage::ledger::Sizes;
use server::storage::snapshots;
use tempfile::TempDir;
use testkit::team::commands::{create, register, send};
use testkit::team::{LOSSES, NOW_MS, cut_power, event_lines, faulty_disk, open_ledger, record, store};
use testkit::{channel, id, target, user};

/// Small sizes. There are then segments before, between and after the redacted texts.
const SIZES: Sizes = Sizes { segments: Options { segment_bytes: 900 }, snapshot_every_bytes: 2000 };

/// The redacted words: in the message 5 of `#a`, and in its edit.
const SECRETS: [&str; 2] = ["xylophone", "zeppelin"];

/// Records messages of two channels alternately. The message 5 of `#a` is edited and deleted, and the message
/// 11 is deleted.
fn record_messages(store: Store) {
    let mut ledger = open_ledger(store, SIZES);
    for command in [register("alice"), create("alice", "#a"), create("alice", "#b")] {
        record(&mut ledger, command);
    }
    for number in 2..12 {
        for (to, first_id) in [("#a", 0), ("#b", 100)] {
            let word = if (to, number) == ("#a", 5) { SECRETS[0] } else { "word" };
            let text = format!("{word} {number} {}", "y".repeat(50));
            record(&mut ledger, send("alice", to, id(first_id + number), text));
        }
    }
    let edit = Change::Edit(testkit::text(SECRETS[1]));
    for (number, n, change) in [(50, 5, edit), (51, 5, Change::Delete), (52, 11, Change::Delete)] {
        let (user, conversation) = (user("alice"), target("#a"));
        let original = Original { n, author: user.clone(), is_file: false };
        record(&mut ledger, Command::Amend { user, conversation, original, id: id(number), change });
    }
    ledger.close();
}

fn request(numbers: &[u64], force: bool) -> Request {
    let conversation = common::Conversation::Channel(channel("#a"));
    Request { conversation, numbers: numbers.iter().copied().collect(), force }
}

/// The state, independent of its position in the log, and the lines of both channels.
fn contents(store: Store) -> (snapshots::Prepared, Vec<String>, Vec<String>) {
    let ledger = open_ledger(store, SIZES);
    let lines = |name| event_lines(&ledger, "alice", name).lines().map(str::to_owned).collect();
    let (a, b) = (lines("#a"), lines("#b"));
    (snapshots::prepare(ledger.state(), Checkpoint::GENESIS).expect("JSON"), a, b)
}

/// The files below a folder that contain a word.
fn files_with(folder: &Path, word: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files_with(&path, word));
        } else if fs::read(&path).expect("a file").windows(word.len()).any(|bytes| bytes == word.as_bytes()) {
            found.push(path.display().to_string());
        }
    }
    found
}

/// A data folder with messages and an index.
fn data_folder() -> TempDir {
    let data = TempDir::new().expect("a folder");
    record_messages(Store::open(data.path()).expect("an empty folder"));
    search::rebuild(data.path()).expect("a sound log");
    data
}

fn run(data: &TempDir, request: &Request) -> Redaction {
    request.run(data.path(), NOW_MS).expect("redacted")
}

#[test]
fn redacted_texts_are_in_no_file_and_all_other_data_is_unchanged() {
    let data = data_folder();
    let (state, a, b) = contents(Store::open(data.path()).expect("unlocked"));
    let before = verify(&RealDisk::new(data.path())).expect("a sound log").head;
    for word in SECRETS {
        assert!(!files_with(data.path(), word).is_empty(), "{word}");
    }
    assert!(data.path().join("users.json").exists() && data.path().join("search/meta.json").exists());

    let redaction = run(&data, &request(&[5, 11], false));
    assert_eq!((redaction.redacted, &redaction.chain_before), (3, &before.chain.to_string()));
    for word in SECRETS {
        assert_eq!(files_with(data.path(), word), [""; 0], "{word}");
    }
    let head = verify(&RealDisk::new(data.path())).expect("a sound log").head;
    assert_eq!((head.record, head.chain.to_string()), (redaction.records, redaction.chain.clone()));
    assert_eq!(head.record, before.record + 1);
    let mut last = String::new();
    for_each_line(&RealDisk::new(data.path()), |_, line| {
        last = String::from_utf8_lossy(line).into_owned();
        std::ops::ControlFlow::Continue(())
    })
    .expect("a sound log");
    let chain = before.chain;
    assert_eq!(
        last,
        format!(
            r##"{{"kind":"redacted","at":{NOW_MS},"conversation":"#a","numbers":[5,11],"by":"operator","head_before":"{chain}"}}"##
        )
    );

    let (state_after, a_after, b_after) = contents(Store::open(data.path()).expect("unlocked"));
    assert!(state == state_after, "the state has changed");
    assert_eq!(b, b_after);
    let changed: Vec<_> =
        a.iter().zip(&a_after).filter(|(old, new)| old != new).map(|(_, new)| new).collect();
    assert_eq!((a.len(), changed.len()), (a_after.len(), 3));
    insta::assert_snapshot!(changed[0], @r##"{"n":5,"at":1763700000000,"to":"#a","from":"alice","kind":"message","id":"01970000-0000-7000-8000-000000000005","text":"","deleted":true}"##);
    insta::assert_snapshot!(changed[2], @r##"{"n":12,"at":1763700000000,"to":"#a","from":"alice","kind":"message.edited","id":"01970000-0000-7000-8000-000000000032","of":5,"text":"","deleted":true}"##);

    let again = run(&data, &request(&[5], false));
    assert_eq!((again.redacted, again.chain), (0, redaction.chain));
    search::rebuild(data.path()).expect("a sound log");
    assert_eq!(files_with(data.path(), SECRETS[0]), [""; 0]);
}

#[test]
fn an_invalid_redaction_is_refused_and_changes_nothing() {
    let data = data_folder();
    let before = verify(&RealDisk::new(data.path())).expect("a sound log");
    let refused = |request: &Request| request.run(data.path(), NOW_MS).expect_err("refused");
    insta::assert_snapshot!(refused(&request(&[5, 6], false)), @"message 6 of #a is not deleted; nothing was redacted. Delete it first, or use --force to delete and redact it");
    insta::assert_snapshot!(refused(&request(&[5, 99], true)), @"#a has no message 99; nothing was redacted. `papo log tail` shows the numbers");
    insta::assert_snapshot!(refused(&request(&[1], true)), @"#a has no message 1; nothing was redacted. `papo log tail` shows the numbers");
    insta::assert_snapshot!(refused(&request(&[12], true)), @"#a has no message 12; nothing was redacted. `papo log tail` shows the numbers");
    assert!(matches!(refused(&request(&[], true)), RedactError::Numbers));
    let empty = TempDir::new().expect("a folder");
    let error = request(&[5], true).run(empty.path(), NOW_MS).expect_err("no data");
    assert!(matches!(error, RedactError::Store(StoreError::NoData(_))), "{error}");
    let store = Store::open(data.path()).expect("unlocked");
    let error = refused(&request(&[5], false)).to_string();
    assert!(error.contains("is in use by another papo server"), "{error}");
    drop(store);
    assert_eq!(verify(&RealDisk::new(data.path())).expect("a sound log"), before);

    assert_eq!(run(&data, &request(&[6], true)).redacted, 1);
    let (_, a, _) = contents(Store::open(data.path()).expect("unlocked"));
    assert!(a[5].ends_with(r#""text":"","deleted":true}"#), "{}", a[5]);
}

/// A faulty disk with messages, and with a word in the folder of the index.
fn disk_with_messages() -> FaultyDisk {
    let disk = faulty_disk();
    disk.create_new("search/words").expect("a file").write_all(SECRETS[0].as_bytes()).expect("room");
    record_messages(store(&disk));
    for folder in ["", "log", "search", "keys"] {
        disk.sync_folder(folder).expect("a sound disk");
    }
    disk
}

/// Starts a server on a disk. Returns whether the log is redacted. If it is, checks that no file contains the
/// texts.
fn is_redacted(disk: &FaultyDisk, old: &[String], case: &str) -> bool {
    finish_redaction(disk).map_err(|error| format!("{case}: {error}")).expect("recovered");
    let (_, a, _) = contents(store(disk));
    let log = disk.list("log").expect("a folder");
    assert!(!log.iter().any(|name| name.contains("staged")), "{case}: {log:?}");
    if a == old {
        return false;
    }
    assert_eq!(a.iter().zip(old).filter(|(new, old)| new != old).count(), 2, "{case}");
    let files = log.iter().map(|name| format!("log/{name}")).chain(["search/words".to_owned()]);
    for file in files {
        let bytes = disk.read(&file).unwrap_or_default();
        for word in SECRETS {
            assert!(!bytes.windows(word.len()).any(|bytes| bytes == word.as_bytes()), "{case}: {file}");
        }
    }
    true
}

#[test]
fn the_power_can_be_cut_at_every_operation() {
    let disk = disk_with_messages();
    let (_, old, _) = contents(store(&disk));
    let first = disk.operations();
    request(&[5], false).run_on(&store(&disk), NOW_MS).expect("redacted");
    let operations = disk.operations() - first;
    let mut outcomes = BTreeSet::new();
    for operation in 0..operations {
        for loss in LOSSES {
            let case = format!("operation {operation} of {operations}, {loss:?}");
            let disk = disk_with_messages();
            cut_power(&disk, disk.operations() + operation);
            let _ignore_failure = request(&[5], false).run_on(&store(&disk), NOW_MS);
            let crashed = disk.after_crash(loss);
            // The power is cut again at each operation of the recovery.
            let recovering = disk.after_crash(loss);
            let first = recovering.operations();
            finish_redaction(&recovering).expect("a sound disk");
            for again in 0..recovering.operations() - first {
                let disk = disk.after_crash(loss);
                cut_power(&disk, disk.operations() + again);
                finish_redaction(&disk).expect_err("a power cut");
                is_redacted(&disk.after_crash(loss), &old, &format!("{case}, and {again} of the recovery"));
            }
            let redacted = is_redacted(&crashed, &old, &case);
            assert_eq!(is_redacted(&crashed, &old, &case), redacted, "{case}: a second startup differs");
            outcomes.insert(redacted);
        }
    }
    assert_eq!(outcomes.len(), 2, "only one outcome in {operations} operations");
}

#[test]
fn startup_completes_an_activated_redaction_and_discards_any_other() {
    let data = data_folder();
    let segment = |name: &str| data.path().join("log").join(name);
    fs::write(segment("00000000000000000001.log.staged"), b"half").expect("a file");
    drop(Store::open(data.path()).expect("a folder"));
    assert!(!segment("00000000000000000001.log.staged").exists());
    let log = fs::read(segment("00000000000000000001.log")).expect("a file");
    fs::write(segment("00000000000000000001.log.staged"), &log).expect("a file");
    fs::write(segment("staged"), b"").expect("a file");
    drop(Store::open(data.path()).expect("a folder"));
    assert!(!segment("staged").exists() && !segment("00000000000000000001.log.staged").exists());
    assert!(!data.path().join("users.json").exists(), "the snapshot may belong to another log");
    assert_eq!(fs::read_dir(data.path().join("search")).expect("a folder").count(), 0);
    contents(Store::open(data.path()).expect("a folder"));
}

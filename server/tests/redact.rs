//! Texts that are taken out of a data folder: they are nowhere in it any more, and everything else is as it was,
//! whichever step a crash comes at.

#![expect(
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and looks into files"
)]

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use common::{Conversation, UserName};
use disk::faulty::{Failure, FaultyDisk, Loss};
use disk::{Disk, RealDisk};
use server::domain::{Actor, Change, Command, Original};
use server::journal::{Checkpoint, Options, for_each_line, verify};
use server::maintenance::redact::{RedactError, Redaction, Request};
use server::services::search;
use server::storage::commit_log::CommitMode;
use server::storage::data_folder::{Store, StoreError, finish_redaction};
use server::storage::ledger::{Ledger, Sizes};
use server::storage::snapshots;
use tempfile::TempDir;
use testkit::{id, target, user};

const NOW_MS: u64 = 4_102_444_800_000;

/// Small, so that there are several segments before, between and after what is redacted.
const SIZES: Sizes = Sizes { segments: Options { segment_bytes: 900 }, snapshot_every_bytes: 2000 };

/// The words that must go: of the message 5 of `#a`, and of its edit.
const SECRETS: [&str; 2] = ["xylophone", "zeppelin"];

fn alice() -> UserName {
    user("alice")
}

fn channel(name: &str) -> Conversation {
    Conversation::Channel(testkit::channel(name))
}

fn record(ledger: &mut Ledger, command: Command<'_>) {
    ledger.record(command, NOW_MS).expect("allowed");
    while !ledger.is_quiet() {
        ledger.flush();
        ledger.poll().map_err(|failure| failure.answer).expect("a sound disk");
    }
}

/// Two channels whose messages come in turns. The message 5 of `#a` was edited and deleted, and its last
/// one, 11, deleted.
fn work(store: Store) {
    let mut ledger = Ledger::open_with(store, &CommitMode::WhenPolled, SIZES).expect("a sound folder");
    record(&mut ledger, Command::Register { user: alice(), password: "hash".into() });
    for name in ["#a", "#b"] {
        let channel = testkit::channel(name);
        record(&mut ledger, Command::CreateChannel(Actor { user: alice(), channel }, false));
    }
    for number in 2..12 {
        for (name, at) in [("#a", 0), ("#b", 100)] {
            let to = target(name);
            let word = if (name, number) == ("#a", 5) { SECRETS[0] } else { "word" };
            let text = testkit::text(format!("{word} {number} {}", "y".repeat(50)));
            record(&mut ledger, Command::Send { user: alice(), to, id: id(at + number), text, reply: None });
        }
    }
    let edit = Change::Edit(testkit::text(SECRETS[1]));
    for (number, n, change) in [(50, 5, edit), (51, 5, Change::Delete), (52, 11, Change::Delete)] {
        let (conversation, original) = (target("#a"), Original { n, author: alice(), is_file: false });
        let amend = Command::Amend { user: alice(), conversation, original, id: id(number), change };
        record(&mut ledger, amend);
    }
    ledger.close();
}

fn request(numbers: &[u64], force: bool) -> Request {
    Request { conversation: channel("#a"), numbers: numbers.iter().copied().collect(), force }
}

/// The state but for its place in the log, and the lines of both conversations.
fn seen(store: Store) -> (snapshots::Prepared, Vec<String>, Vec<String>) {
    let ledger = Ledger::open_with(store, &CommitMode::WhenPolled, SIZES).expect("a sound folder");
    let lines = |name| {
        let mut out = Vec::new();
        ledger.read(&channel(name), 1, 100, &mut out).expect("readable");
        String::from_utf8(out).expect("utf-8").lines().map(str::to_owned).collect()
    };
    let (one, other) = (lines("#a"), lines("#b"));
    (snapshots::prepare(ledger.state(), Checkpoint::GENESIS).expect("json"), one, other)
}

/// Where in a folder the word is.
fn holding(folder: &Path, word: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(holding(&path, word));
        } else if fs::read(&path).expect("a file").windows(word.len()).any(|bytes| bytes == word.as_bytes()) {
            found.push(path.display().to_string());
        }
    }
    found
}

/// A data folder that was worked on and searched.
fn data() -> TempDir {
    let data = TempDir::new().expect("a folder");
    work(Store::open(data.path()).expect("a folder of our own"));
    search::rebuild(data.path()).expect("a sound log");
    data
}

fn run(data: &TempDir, request: &Request) -> Redaction {
    request.run(data.path(), NOW_MS).expect("redacted")
}

#[test]
fn the_texts_are_nowhere_and_all_else_is_as_it_was() {
    let data = data();
    let (state, a, b) = seen(Store::open(data.path()).expect("unlocked"));
    let before = verify(&RealDisk::new(data.path())).expect("whole").head;
    for word in SECRETS {
        assert!(!holding(data.path(), word).is_empty(), "{word}");
    }
    assert!(data.path().join("users.json").exists() && data.path().join("search/meta.json").exists());

    let done = run(&data, &request(&[5, 11], false));
    assert_eq!((done.redacted, &done.chain_before), (3, &before.chain.to_string()));
    for word in SECRETS {
        assert_eq!(holding(data.path(), word), [""; 0], "{word}");
    }
    let head = verify(&RealDisk::new(data.path())).expect("whole").head;
    assert_eq!((head.record, head.chain.to_string()), (done.records, done.chain.clone()));
    assert_eq!(head.record, before.record + 1);
    let mut last = String::new();
    for_each_line(&RealDisk::new(data.path()), |_, line| {
        last = String::from_utf8_lossy(line).into_owned();
        std::ops::ControlFlow::Continue(())
    })
    .expect("whole");
    let chain = before.chain;
    assert_eq!(
        last,
        format!(
            r##"{{"kind":"redacted","at":{NOW_MS},"conversation":"#a","numbers":[5,11],"by":"operator","head_before":"{chain}"}}"##
        )
    );

    let (state_after, a_after, b_after) = seen(Store::open(data.path()).expect("unlocked"));
    assert!(state == state_after, "the state has changed");
    assert_eq!(b, b_after);
    let changed: Vec<_> =
        a.iter().zip(&a_after).filter(|(old, new)| old != new).map(|(_, new)| new).collect();
    assert_eq!((a.len(), changed.len()), (a_after.len(), 3));
    insta::assert_snapshot!(changed[0], @r##"{"n":5,"at":4102444800000,"to":"#a","from":"alice","kind":"message","id":"01970000-0000-7000-8000-000000000005","text":"","deleted":true}"##);
    insta::assert_snapshot!(changed[2], @r##"{"n":12,"at":4102444800000,"to":"#a","from":"alice","kind":"message.edited","id":"01970000-0000-7000-8000-000000000032","of":5,"text":"","deleted":true}"##);

    let again = run(&data, &request(&[5], false));
    assert_eq!((again.redacted, again.chain), (0, done.chain));
    search::rebuild(data.path()).expect("a sound log");
    assert_eq!(holding(data.path(), SECRETS[0]), [""; 0]);
}

#[test]
fn what_cannot_be_redacted_is_refused_and_nothing_changes() {
    let data = data();
    let before = verify(&RealDisk::new(data.path())).expect("whole");
    let refused = |request: &Request| request.run(data.path(), NOW_MS).expect_err("refused");
    insta::assert_snapshot!(refused(&request(&[5, 6], false)), @"message 6 of #a is not deleted; nothing was redacted. Delete it first, or use --force to delete and redact it");
    insta::assert_snapshot!(refused(&request(&[5, 99], true)), @"#a has no message 99; nothing was redacted. `papo log tail` shows the numbers");
    insta::assert_snapshot!(refused(&request(&[1], true)), @"#a has no message 1; nothing was redacted. `papo log tail` shows the numbers");
    insta::assert_snapshot!(refused(&request(&[12], true)), @"#a has no message 12; nothing was redacted. `papo log tail` shows the numbers");
    assert!(matches!(refused(&request(&[], true)), RedactError::Numbers));
    let elsewhere = TempDir::new().expect("a folder");
    let error = request(&[5], true).run(elsewhere.path(), NOW_MS).expect_err("no data");
    assert!(matches!(error, RedactError::Store(StoreError::NoData(_))), "{error}");
    let store = Store::open(data.path()).expect("unlocked");
    let error = refused(&request(&[5], false)).to_string();
    assert!(error.contains("is in use by another papo server"), "{error}");
    drop(store);
    assert_eq!(verify(&RealDisk::new(data.path())).expect("whole"), before);

    assert_eq!(run(&data, &request(&[6], true)).redacted, 1);
    let (_, a, _) = seen(Store::open(data.path()).expect("unlocked"));
    assert!(a[5].ends_with(r#""text":"","deleted":true}"#), "{}", a[5]);
}

/// A disk that was worked on.
fn worked() -> FaultyDisk {
    let disk = FaultyDisk::new();
    disk.replace_atomically("keys/topic.secret", "07".repeat(32).as_bytes()).expect("a sound disk");
    disk.create_new("search/words").expect("a file").write_all(SECRETS[0].as_bytes()).expect("room");
    work(store(&disk));
    for folder in ["", "log", "search", "keys"] {
        disk.sync_folder(folder).expect("a sound disk");
    }
    disk
}

fn store(disk: &FaultyDisk) -> Store {
    Store::on(Arc::new(disk.clone()))
}

/// How a start finds a disk: the old log, or the new one and nothing of the old.
fn is_redacted(disk: &FaultyDisk, old: &[String], what: &str) -> bool {
    finish_redaction(disk).map_err(|error| format!("{what}: {error}")).expect("recovered");
    let (_, a, _) = seen(store(disk));
    let log = disk.list("log").expect("a folder");
    assert!(!log.iter().any(|name| name.contains("staged")), "{what}: {log:?}");
    if a == old {
        return false;
    }
    assert_eq!(a.iter().zip(old).filter(|(new, old)| new != old).count(), 2, "{what}");
    let files = log.iter().map(|name| format!("log/{name}")).chain(["search/words".to_owned()]);
    for file in files {
        let bytes = disk.read(&file).unwrap_or_default();
        for word in SECRETS {
            assert!(!bytes.windows(word.len()).any(|bytes| bytes == word.as_bytes()), "{what}: {file}");
        }
    }
    true
}

#[test]
fn the_power_may_go_off_at_every_step() {
    let disk = worked();
    let (_, old, _) = seen(store(&disk));
    let start = disk.operations();
    request(&[5], false).run_on(&store(&disk), NOW_MS).expect("redacted");
    let steps = disk.operations() - start;
    let mut outcomes = BTreeSet::new();
    for step in 0..steps {
        for loss in [Loss::Everything, Loss::Nothing, Loss::Tail(50), Loss::Sectors] {
            let cut = |disk: &FaultyDisk, step| {
                let operation = disk.operations() + step;
                disk.fail(Failure { operation, kind: ErrorKind::Other, lasts: true });
            };
            let disk = worked();
            cut(&disk, step);
            let _unknown = request(&[5], false).run_on(&store(&disk), NOW_MS);
            let found = disk.after_crash(loss);
            // Recovery itself may be cut short, at each of its steps.
            let recovering = disk.after_crash(loss);
            let first = recovering.operations();
            finish_redaction(&recovering).expect("a sound disk");
            for again in 0..recovering.operations() - first {
                let disk = disk.after_crash(loss);
                cut(&disk, again);
                finish_redaction(&disk).expect_err("the power is off");
                let found = disk.after_crash(loss);
                is_redacted(&found, &old, &format!("step {step}, {loss:?}, and {again} of recovery"));
            }
            let what = format!("step {step} of {steps}, {loss:?}");
            let redacted = is_redacted(&found, &old, &what);
            // What a start has found stays so.
            assert_eq!(is_redacted(&found, &old, &what), redacted, "{what}");
            outcomes.insert(redacted);
        }
    }
    assert_eq!(outcomes.len(), 2, "both outcomes were seen in {steps} steps");
}

#[test]
fn a_start_finishes_what_was_decided_and_forgets_what_was_not() {
    let data = data();
    let segment = |name: &str| data.path().join("log").join(name);
    fs::write(segment("00000000000000000001.log.staged"), b"half").expect("a file");
    drop(Store::open(data.path()).expect("a folder"));
    assert!(!segment("00000000000000000001.log.staged").exists());
    let log = fs::read(segment("00000000000000000001.log")).expect("a file");
    fs::write(segment("00000000000000000001.log.staged"), &log).expect("a file");
    fs::write(segment("staged"), b"").expect("a file");
    drop(Store::open(data.path()).expect("a folder"));
    assert!(!segment("staged").exists() && !segment("00000000000000000001.log.staged").exists());
    assert!(!data.path().join("users.json").exists(), "it may stand for another log");
    assert_eq!(fs::read_dir(data.path().join("search")).expect("a folder").count(), 0);
    seen(Store::open(data.path()).expect("a folder"));
}

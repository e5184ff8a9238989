//! Crash consistency of the whole data folder: log, indexes and snapshots together. Every step that changes the disk
//! is failed once, and the power is cut at it once with each kind of loss; what was told to be on disk is there
//! afterwards, and the folder opens.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::io::ErrorKind;
use std::sync::Arc;

use common::{Conversation, Reason, Target, UserName};
use disk::Disk as _;
use disk::faulty::{Failure, FaultyDisk, Loss};
use server::domain::{Actor, Command};
use server::journal::Options;
use server::storage::commit_log::CommitMode;
use server::storage::data_folder::Store;
use server::storage::ledger::{Ledger, LedgerError, Sizes};
use testkit::{text, user};
use uuid::Uuid;

const NOW_MS: u64 = 4_102_444_800_000;

/// Small enough that the messages below fill several segments, and that the snapshots are renewed in between.
const SIZES: Sizes = Sizes { segments: Options { segment_bytes: 500 }, snapshot_every_bytes: 900 };

const MESSAGES: u64 = 12;

fn alice() -> UserName {
    user("alice")
}

fn open(disk: &FaultyDisk) -> Result<Ledger, LedgerError> {
    Ledger::open_with(Store::on(Arc::new(disk.clone())), &CommitMode::WhenPolled, SIZES)
}

/// A disk with the secret that all topics are made from.
fn new_disk() -> FaultyDisk {
    let disk = FaultyDisk::new();
    disk.replace_atomically("keys/topic.secret", "07".repeat(32).as_bytes()).expect("a sound disk");
    disk
}

/// What alice does: an account, a channel, and the messages.
fn commands() -> impl Iterator<Item = Command<'static>> {
    let channel = testkit::channel("#a");
    let first = [
        Command::Register { user: alice(), password: "hash".into() },
        Command::CreateChannel(Actor { user: alice(), channel: channel.clone() }, false),
    ];
    let messages = (0..u128::from(MESSAGES)).map(move |number| Command::Send {
        user: alice(),
        to: Target::Channel(channel.clone()),
        id: Uuid::from_u128(0x0197_0000_0000_7000_8000_0000_0000_0000 + number),
        text: text(format!("{number} {}", "x".repeat(60))),
        reply: None,
    });
    first.into_iter().chain(messages)
}

/// Opens, says a few things, and stops in order. Returns the number of the last event that was on disk for sure.
fn work(disk: &FaultyDisk) -> u64 {
    let Ok(mut ledger) = open(disk) else { return 0 };
    let mut durable_n = 0;
    for command in commands() {
        let Ok(recorded) = ledger.record(command, NOW_MS) else { break };
        let receipt = recorded.and_then(|recorded| recorded.receipt());
        ledger.flush();
        if ledger.poll().is_err() {
            break;
        }
        durable_n = receipt.map_or(durable_n, |receipt| receipt.n);
        if ledger.wants_snapshot() {
            ledger.snapshot();
        }
    }
    ledger.close();
    durable_n
}

/// The same with room for so many bytes. When the disk is full, room is made, and what was refused is done then.
/// Whether anything was refused.
fn work_on_a_full_disk(disk: &FaultyDisk, room: usize) -> bool {
    let (mut ledger, mut was_refused) = (open(disk).expect("a sound disk"), false);
    disk.set_room(Some(room));
    for command in commands() {
        ledger.record(command.clone(), NOW_MS).expect("there is room, as far as is known");
        ledger.flush();
        if let Err(failure) = ledger.poll() {
            assert_eq!(failure.answer.reason(), Some(Reason::StorageFull));
            assert!(failure.is_taken_back);
            let refused = ledger.record(command.clone(), NOW_MS).map(drop).expect_err("still full");
            assert_eq!(refused.reason(), Some(Reason::StorageFull));
            was_refused = true;
            disk.set_room(None);
            ledger.poll().map_err(|failure| failure.answer).expect("room");
            ledger.record(command, NOW_MS).expect("room");
            ledger.flush();
            ledger.poll().map_err(|failure| failure.answer).expect("room");
        }
        if ledger.wants_snapshot() {
            ledger.snapshot();
        }
    }
    // Killed, not stopped: what is not on the disk now never will be.
    drop(ledger);
    was_refused
}

/// Everything that was on disk for sure is there, in order; nothing is there twice.
fn check(disk: &FaultyDisk, durable_n: u64, what: &str) {
    let ledger = open(disk).map_err(|error| format!("{what}: {error}")).expect("the folder opens");
    let conversation = Conversation::Channel(testkit::channel("#a"));
    let head = ledger.state().head(&conversation);
    assert!(head >= durable_n, "{what}: {durable_n} events were on disk, and {head} are there");
    let mut lines = Vec::new();
    ledger.read(&conversation, 1, head, &mut lines).expect("readable");
    let lines = String::from_utf8(lines).expect("utf-8");
    let numbers: Vec<u64> = lines.lines().map(number).collect();
    assert!(numbers.iter().copied().eq(1..=head), "{what}: {numbers:?} of {head}");
}

fn number(line: &str) -> u64 {
    serde_json::from_str::<common::Event<'_>>(line).expect("an event").n
}

/// How many steps it takes when nothing fails, recovery not counted.
fn steps() -> std::ops::Range<u64> {
    let disk = new_disk();
    let first = disk.operations();
    assert_eq!(work(&disk), MESSAGES + 1);
    let log = disk.list("log").expect("a folder");
    assert!(log.iter().filter(|name| name.ends_with(".idx")).count() > 1, "too few segments: {log:?}");
    first..disk.operations()
}

#[test]
fn every_step_may_fail_once_or_for_good() {
    for operation in steps() {
        for (kind, lasts) in
            [(ErrorKind::Other, false), (ErrorKind::Other, true), (ErrorKind::StorageFull, true)]
        {
            let disk = new_disk();
            disk.fail(Failure { operation, kind, lasts });
            let durable_n = work(&disk);
            disk.heal();
            check(&disk, durable_n, &format!("step {operation} fails, {kind}, for good: {lasts}"));
        }
    }
}

#[test]
fn the_power_may_go_off_at_every_step() {
    for operation in steps() {
        for loss in [Loss::Everything, Loss::Nothing, Loss::Tail(50), Loss::Sectors] {
            let disk = new_disk();
            disk.fail(Failure { operation, kind: ErrorKind::Other, lasts: true });
            let durable_n = work(&disk);
            let found = disk.after_crash(loss);
            check(&found, durable_n, &format!("power cut at step {operation}, {loss:?}"));
            // Recovery itself may be cut short, at each of its steps.
            let recovered = disk.after_crash(loss);
            let first = recovered.operations();
            drop(open(&recovered));
            for step in first..recovered.operations() {
                let again = disk.after_crash(loss);
                again.fail(Failure { operation: step, kind: ErrorKind::Other, lasts: true });
                drop(open(&again));
                let what = format!("power cut at step {operation}, {loss:?}, and at step {step} of recovery");
                check(&again.after_crash(loss), durable_n, &what);
            }
        }
    }
}

#[test]
fn a_disk_that_was_full_at_any_byte_has_everything_once_there_is_room() {
    let mut full = 0;
    for room in (0..).step_by(499) {
        let disk = new_disk();
        let was_full = work_on_a_full_disk(&disk, room);
        for loss in [Loss::Everything, Loss::Nothing] {
            let what = format!("room for {room} bytes, then a crash: {loss:?}");
            check(&disk.after_crash(loss), MESSAGES + 1, &what);
        }
        if !was_full {
            break;
        }
        full += 1;
    }
    assert!(full > 50, "too little was tried: {full}");
}

//! Tests of crash consistency of the whole data folder: log, indexes and snapshots. Each operation of the
//! disk fails once, and the power is cut at each operation with each kind of loss. The folder can then be
//! opened, and contains every durable event.

#![expect(clippy::expect_used, reason = "test helpers may panic")]

use std::ops::Range;

use common::{Conversation, Reason};
use disk::Disk as _;
use disk::faulty::{Failure, FaultyDisk, Loss};
use server::domain::Command;
use server::journal::Options;
use server::storage::commit_log::CommitMode;
use server::storage::ledger::{Ledger, LedgerError, Sizes};
use testkit::team::commands::{create, register, send};
use testkit::team::{DISK_ERRORS, LOSSES, NOW_MS, cut_power, event_lines, faulty_disk, store};
use testkit::{channel, id};

/// Small sizes. The messages then fill several segments, and the snapshots are renewed meanwhile.
const SIZES: Sizes = Sizes { segments: Options { segment_bytes: 500 }, snapshot_every_bytes: 900 };

const MESSAGES: u64 = 12;

fn open(disk: &FaultyDisk) -> Result<Ledger, LedgerError> {
    Ledger::open_with(store(disk), &CommitMode::WhenPolled, SIZES)
}

/// Alice registers, creates a channel, and sends the messages.
fn commands() -> impl Iterator<Item = Command<'static>> {
    let text = |number| format!("{number} {}", "x".repeat(60));
    let messages = (0..u128::from(MESSAGES)).map(move |number| send("alice", "#a", id(number), text(number)));
    [register("alice"), create("alice", "#a")].into_iter().chain(messages)
}

/// Opens the ledger, records the commands until the disk fails, and closes it. Returns the number of the last
/// event that was acknowledged.
fn record_until_failure(disk: &FaultyDisk) -> u64 {
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

/// Records the commands on a disk with this many free bytes. When the disk is full, frees space and records
/// the refused command again. Returns whether a command was refused. The server is then killed.
fn record_on_a_full_disk(disk: &FaultyDisk, room: usize) -> bool {
    let (mut ledger, mut was_refused) = (open(disk).expect("a sound disk"), false);
    disk.set_room(Some(room));
    for command in commands() {
        ledger.record(command.clone(), NOW_MS).expect("the disk was not full yet");
        ledger.flush();
        if let Err(failure) = ledger.poll() {
            assert_eq!(failure.answer.reason(), Some(Reason::StorageFull));
            assert!(failure.is_rolled_back);
            let refused = ledger.record(command.clone(), NOW_MS).map(drop).expect_err("a full disk");
            assert_eq!(refused.reason(), Some(Reason::StorageFull));
            was_refused = true;
            disk.set_room(None);
            ledger.poll().map_err(|failure| failure.answer).expect("the disk has room");
            ledger.record(command, NOW_MS).expect("the disk has room");
            ledger.flush();
            ledger.poll().map_err(|failure| failure.answer).expect("the disk has room");
        }
        if ledger.wants_snapshot() {
            ledger.snapshot();
        }
    }
    // The server is killed, so `close` is not called.
    drop(ledger);
    was_refused
}

/// Checks that the log contains all acknowledged events in order, each once.
fn check(disk: &FaultyDisk, durable_n: u64, case: &str) {
    let ledger = open(disk).map_err(|error| format!("{case}: {error}")).expect("the folder opens");
    let head = ledger.state().head(&Conversation::Channel(channel("#a")));
    assert!(head >= durable_n, "{case}: {durable_n} events were acknowledged, and the log has {head}");
    let numbers: Vec<u64> = event_lines(&ledger, "alice", "#a").lines().map(number).collect();
    assert!(numbers.iter().copied().eq(1..=head), "{case}: {numbers:?} of {head}");
}

fn number(line: &str) -> u64 {
    serde_json::from_str::<common::Event<'_>>(line).expect("an event").n
}

/// The operations of `record_until_failure` without failures.
fn operations() -> Range<u64> {
    let disk = faulty_disk();
    let first = disk.operations();
    assert_eq!(record_until_failure(&disk), MESSAGES + 1);
    let log = disk.list("log").expect("a folder");
    assert!(log.iter().filter(|name| name.ends_with(".idx")).count() > 1, "too few segments: {log:?}");
    first..disk.operations()
}

#[test]
fn every_operation_can_fail_once_or_permanently() {
    for operation in operations() {
        for (kind, lasts) in DISK_ERRORS {
            let disk = faulty_disk();
            disk.fail(Failure { operation, kind, lasts });
            let durable_n = record_until_failure(&disk);
            disk.heal();
            check(&disk, durable_n, &format!("operation {operation} fails, {kind}, permanently: {lasts}"));
        }
    }
}

#[test]
fn the_power_can_be_cut_at_every_operation() {
    for operation in operations() {
        for loss in LOSSES {
            let disk = faulty_disk();
            cut_power(&disk, operation);
            let durable_n = record_until_failure(&disk);
            let case = format!("power cut at operation {operation}, {loss:?}");
            check(&disk.after_crash(loss), durable_n, &case);
            // The power is cut again at each operation of the recovery.
            let recovered = disk.after_crash(loss);
            let first = recovered.operations();
            drop(open(&recovered));
            for operation in first..recovered.operations() {
                let again = disk.after_crash(loss);
                cut_power(&again, operation);
                drop(open(&again));
                let case = format!("{case}, and at operation {operation} of the recovery");
                check(&again.after_crash(loss), durable_n, &case);
            }
        }
    }
}

#[test]
fn a_disk_that_was_full_at_any_byte_has_all_events_after_space_was_freed() {
    let mut full = 0;
    for room in (0..).step_by(499) {
        let disk = faulty_disk();
        let was_full = record_on_a_full_disk(&disk, room);
        for loss in [Loss::Everything, Loss::Nothing] {
            let case = format!("{room} free bytes, then a crash: {loss:?}");
            check(&disk.after_crash(loss), MESSAGES + 1, &case);
        }
        if !was_full {
            break;
        }
        full += 1;
    }
    assert!(full > 50, "the disk was full in only {full} runs");
}

//! No acknowledged record is lost, for each failed disk operation and for each kind of loss in a crash after
//! it.

use std::io::ErrorKind;

use super::*;
use disk::faulty::{Failure, Loss};

const LOSSES: [Loss; 6] =
    [Loss::Everything, Loss::Nothing, Loss::Tail(0), Loss::Tail(50), Loss::Tail(99), Loss::Sectors];

/// Fills segments until an operation fails. Returns the acknowledged and the appended records.
fn work(disk: &FaultyDisk) -> (Vec<Record>, Vec<Record>) {
    let Ok(mut world) = open_all(disk, SMALL) else { return Default::default() };
    let mut acknowledged = world.records.clone();
    for number in 0..8 {
        world.append("#general", &"long ".repeat(number * 20));
        world.append("@alice @bob", "oi");
        if world.commit().is_err() {
            break;
        }
        acknowledged.clone_from(&world.records);
    }
    (acknowledged, world.records)
}

#[test]
fn acknowledged_records_survive_any_failed_operation_and_any_crash() {
    let disk = FaultyDisk::new();
    work(&disk);
    for operation in 0..disk.operations() {
        for lasts in [false, true] {
            let disk = FaultyDisk::new();
            disk.fail(Failure { operation, kind: ErrorKind::Other, lasts });
            let (acknowledged, appended) = work(&disk);
            for loss in LOSSES {
                let context = format!("operation {operation}, lasts {lasts}, {loss:?}");
                let disk = disk.after_crash(loss);
                let mut world = open_all(&disk, SMALL).unwrap_or_else(|error| panic!("{context}: {error}"));
                assert!(world.records.starts_with(&acknowledged), "{context}");
                assert!(appended.starts_with(&world.records), "{context}");
                world.fill(4);
                world.check().unwrap();
                open_all(&disk.after_crash(Loss::Everything), SMALL).unwrap().check().unwrap();
                verify(&disk).unwrap();
            }
        }
    }
}

#[test]
fn a_batch_in_the_page_cache_is_made_durable_before_it_is_readable() {
    let disk = FaultyDisk::new();
    work(&disk);
    for operation in 0..disk.operations() {
        let disk = FaultyDisk::new();
        disk.fail(Failure { operation, kind: ErrorKind::Other, lasts: false });
        work(&disk);
        let mut world = open_all(&disk, SMALL).unwrap();
        let after_crash = || open_all(&disk.after_crash(Loss::Everything), SMALL).unwrap().records;
        assert_eq!(after_crash(), world.records, "{operation}");
        world.fill(1);
        assert_eq!(after_crash(), world.records, "{operation}, and more");
    }
}

#[test]
fn a_crash_during_recovery_loses_no_record() {
    let disk = FaultyDisk::new();
    let (acknowledged, _) = work(&disk);
    let torn = || {
        let disk = disk.after_crash(Loss::Nothing);
        let last = *segment::list(&disk).unwrap().last().unwrap();
        disk.tamper(&log_name(last), |bytes| bytes.extend_from_slice(b"{\"to\":")).unwrap();
        disk.remove(&index_name(1)).unwrap();
        disk.after_crash(Loss::Nothing)
    };
    let probe = torn();
    let recovery = open_all(&probe, SMALL).unwrap().recovery;
    assert_eq!((recovery.bytes_cut, recovery.indexes_rebuilt), (6, 1));
    for operation in 0..probe.operations() {
        for loss in LOSSES {
            let disk = torn();
            disk.fail(Failure { operation, kind: ErrorKind::Other, lasts: true });
            assert!(open_all(&disk, SMALL).is_err());
            assert_eq!(open_all(&disk.after_crash(loss), SMALL).unwrap().records, acknowledged);
        }
    }
}

#[test]
fn after_a_failure_the_writer_writes_nothing_and_returns_the_same_error() {
    for kind in [ErrorKind::StorageFull, ErrorKind::QuotaExceeded, ErrorKind::Other] {
        // The operations are: lines, commit line, sync. A full disk is a permanent failure only for the sync.
        for later in if kind == ErrorKind::Other { 0..3 } else { 2..3 } {
            let mut world = World::new(Options::default());
            world.fill(2);
            world.append("#general", "never acknowledged");
            let operation = world.disk.operations() + later;
            world.disk.fail(Failure { operation, kind, lasts: false });
            let first = world.commit().unwrap_err();
            assert!(matches!(first, JournalError::Unavailable { .. }), "{first:?}");
            let operations = world.disk.operations();
            world.append("#general", "not written");
            assert_eq!(world.commit().unwrap_err().to_string(), first.to_string());
            assert!(!world.writer.find_room());
            assert_eq!(world.disk.operations(), operations);
            world.check().unwrap();
        }
    }
}

/// Discards the records that are not on the disk, as the ledger does.
fn take_back(world: &mut World, records: usize, head: Checkpoint) {
    let mut again = Vec::new();
    let taken_back = world.journal.take_back(Checkpoint::GENESIS, head, &mut |_, line| {
        again.push(parse(line)?);
        Ok(again.last().and_then(key))
    });
    taken_back.unwrap();
    world.records.truncate(records);
    assert_eq!(again, world.records);
}

/// Commits `batches`, then another batch with `room` bytes left on the disk, and continues after the disk has
/// room. Returns whether the failed commit began a new segment; `None` if it did not fail.
fn fill_the_disk(batches: usize, room: usize) -> Option<bool> {
    let options = Options { segment_bytes: 400 };
    let mut world = World::new(options);
    world.fill(batches);
    world.append("#general", "the last one");
    let head = world.commit().unwrap().head;
    let (records, segments) = (world.records.len(), world.segments().len());
    world.append("#general", &"full ".repeat(20));
    world.append("@alice @bob", "oi");
    let before = world.disk.read(&log_name(*world.segments().last().unwrap())).unwrap();
    world.disk.set_room(Some(room));
    let error = world.commit().err()?;
    assert!(matches!(error, JournalError::StorageFull { .. }), "{error:?}");
    let is_begun = world.segments().len() > segments;
    // No byte of the batch is on the disk or in the page cache.
    let disk = world.disk.after_crash(Loss::Nothing);
    let last = disk.read(&log_name(*segment::list(&disk).unwrap().last().unwrap())).unwrap();
    assert!(last == before || last.is_empty(), "{batches} batches, room for {room}");
    assert_eq!(open_all(&disk, options).unwrap().recovery.bytes_cut, 0);

    take_back(&mut world, records, head);
    world.check().unwrap();
    assert!(world.writer.is_full() && (room > 5 || !world.writer.find_room()));
    world.disk.set_room(None);
    assert!(world.writer.find_room() && !world.writer.is_full());
    world.fill(3);
    world.check().unwrap();
    for loss in LOSSES {
        assert_eq!(open_all(&world.disk.after_crash(loss), options).unwrap().records, world.records);
    }
    verify(&world.disk).unwrap();
    Some(is_begun)
}

#[test]
fn a_full_disk_leaves_the_log_unchanged_until_there_is_room() {
    let rooms = || (0..).step_by(13);
    let failures = (1..4).flat_map(|batches| rooms().map_while(move |room| fill_the_disk(batches, room)));
    let failures: Vec<bool> = failures.collect();
    let with_new_segment = failures.iter().filter(|is_begun| **is_begun).count();
    assert!(
        with_new_segment > 10 && failures.len() - with_new_segment > 50,
        "{with_new_segment} of {}",
        failures.len()
    );
}

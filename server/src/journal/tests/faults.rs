//! Tests that no acknowledged record is lost after any failed disk operation and any kind of crash.

use std::io::ErrorKind;

use super::*;
use disk::faulty::{Failure, Loss};

const LOSSES: [Loss; 6] =
    [Loss::Everything, Loss::Nothing, Loss::Tail(0), Loss::Tail(50), Loss::Tail(99), Loss::Sectors];

/// Fills segments until an operation fails. Returns the acknowledged and the appended records.
fn append_until_failure(disk: &FaultyDisk) -> (Vec<Record>, Vec<Record>) {
    let Ok(mut fixture) = open_all(disk, SMALL) else { return Default::default() };
    let mut acknowledged = fixture.records.clone();
    for number in 0..8 {
        fixture.append("#general", &"long ".repeat(number * 20));
        fixture.append("@alice @bob", "oi");
        if fixture.commit().is_err() {
            break;
        }
        acknowledged.clone_from(&fixture.records);
    }
    (acknowledged, fixture.records)
}

#[test]
fn acknowledged_records_survive_any_failed_operation_and_any_crash() {
    let disk = FaultyDisk::new();
    append_until_failure(&disk);
    for operation in 0..disk.operations() {
        for lasts in [false, true] {
            let disk = FaultyDisk::new();
            disk.fail(Failure { operation, kind: ErrorKind::Other, lasts });
            let (acknowledged, appended) = append_until_failure(&disk);
            for loss in LOSSES {
                let context = format!("operation {operation}, lasts {lasts}, {loss:?}");
                let disk = disk.after_crash(loss);
                let mut fixture = open_all(&disk, SMALL).unwrap_or_else(|error| panic!("{context}: {error}"));
                assert!(fixture.records.starts_with(&acknowledged), "{context}");
                assert!(appended.starts_with(&fixture.records), "{context}");
                fixture.fill(4);
                fixture.check().unwrap();
                open_all(&disk.after_crash(Loss::Everything), SMALL).unwrap().check().unwrap();
                verify(&disk).unwrap();
            }
        }
    }
}

#[test]
fn a_batch_in_the_page_cache_is_made_durable_before_it_is_readable() {
    let disk = FaultyDisk::new();
    append_until_failure(&disk);
    for operation in 0..disk.operations() {
        let disk = FaultyDisk::new();
        disk.fail(Failure { operation, kind: ErrorKind::Other, lasts: false });
        append_until_failure(&disk);
        let mut fixture = open_all(&disk, SMALL).unwrap();
        let after_crash = || open_all(&disk.after_crash(Loss::Everything), SMALL).unwrap().records;
        assert_eq!(after_crash(), fixture.records, "{operation}");
        fixture.fill(1);
        assert_eq!(after_crash(), fixture.records, "{operation}, after another batch");
    }
}

#[test]
fn a_crash_during_recovery_loses_no_record() {
    let disk = FaultyDisk::new();
    let (acknowledged, _) = append_until_failure(&disk);
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
        // The writer writes the lines and the commit line, and syncs. A full disk poisons only the sync.
        for later in if kind == ErrorKind::Other { 0..3 } else { 2..3 } {
            let mut fixture = Fixture::new(Options::default());
            fixture.fill(2);
            fixture.append("#general", "never acknowledged");
            let operation = fixture.disk.operations() + later;
            fixture.disk.fail(Failure { operation, kind, lasts: false });
            let first = fixture.commit().unwrap_err();
            assert!(matches!(first, JournalError::Unavailable { .. }), "{first:?}");
            let operations = fixture.disk.operations();
            fixture.append("#general", "not written");
            assert_eq!(fixture.commit().unwrap_err().to_string(), first.to_string());
            assert!(!fixture.writer.find_room());
            assert_eq!(fixture.disk.operations(), operations);
            fixture.check().unwrap();
        }
    }
}

/// Discards the records that are not on the disk, as the ledger does.
fn roll_back(fixture: &mut Fixture, records: usize, head: Checkpoint) {
    let mut reread = Vec::new();
    let rolled_back = fixture.journal.roll_back(Checkpoint::GENESIS, head, &mut |_, line| {
        reread.push(parse(line)?);
        Ok(reread.last().and_then(key))
    });
    rolled_back.unwrap();
    fixture.records.truncate(records);
    assert_eq!(reread, fixture.records);
}

/// Commits `batches`, then another batch with `room` bytes left on the disk, and continues after the disk has
/// room. Returns whether the failed commit began a new segment; `None` if the commit succeeded.
fn fill_the_disk(batches: usize, room: usize) -> Option<bool> {
    let options = Options { segment_bytes: 400 };
    let mut fixture = Fixture::new(options);
    fixture.fill(batches);
    fixture.append("#general", "the last one");
    let head = fixture.commit().unwrap().head;
    let (records, segments) = (fixture.records.len(), fixture.segments().len());
    fixture.append("#general", &"full ".repeat(20));
    fixture.append("@alice @bob", "oi");
    let before = fixture.disk.read(&log_name(*fixture.segments().last().unwrap())).unwrap();
    fixture.disk.set_room(Some(room));
    let error = fixture.commit().err()?;
    assert!(matches!(error, JournalError::StorageFull { .. }), "{error:?}");
    let has_new_segment = fixture.segments().len() > segments;
    // No byte of the batch is on the disk or in the page cache.
    let disk = fixture.disk.after_crash(Loss::Nothing);
    let last = disk.read(&log_name(*segment::list(&disk).unwrap().last().unwrap())).unwrap();
    assert!(last == before || last.is_empty(), "{batches} batches, room for {room}");
    assert_eq!(open_all(&disk, options).unwrap().recovery.bytes_cut, 0);

    roll_back(&mut fixture, records, head);
    fixture.check().unwrap();
    assert!(fixture.writer.is_full() && (room > 5 || !fixture.writer.find_room()));
    fixture.disk.set_room(None);
    assert!(fixture.writer.find_room() && !fixture.writer.is_full());
    fixture.fill(3);
    fixture.check().unwrap();
    for loss in LOSSES {
        assert_eq!(open_all(&fixture.disk.after_crash(loss), options).unwrap().records, fixture.records);
    }
    verify(&fixture.disk).unwrap();
    Some(has_new_segment)
}

#[test]
fn a_full_disk_leaves_the_log_unchanged_until_there_is_room() {
    let rooms = || (0..).step_by(13);
    let failures = (1..4).flat_map(|batches| rooms().map_while(move |room| fill_the_disk(batches, room)));
    let failures: Vec<bool> = failures.collect();
    let with_new_segment = failures.iter().filter(|has_new_segment| **has_new_segment).count();
    assert!(
        with_new_segment > 10 && failures.len() - with_new_segment > 50,
        "{with_new_segment} of {}",
        failures.len()
    );
}

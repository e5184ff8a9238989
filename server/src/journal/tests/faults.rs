//! Nothing that was acknowledged is ever lost: whichever operation fails, and whatever a crash then takes away.

use std::io::ErrorKind;

use super::*;
use crate::journal::faulty_disk::{Failure, Loss};

const LOSSES: [Loss; 6] =
    [Loss::Everything, Loss::Nothing, Loss::Tail(0), Loss::Tail(50), Loss::Tail(99), Loss::Sectors];

/// Fills segments until something fails. Returns what was acknowledged and what was appended.
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
fn whichever_operation_fails_and_whatever_a_crash_takes_the_acknowledged_is_there() {
    let disk = FaultyDisk::new();
    work(&disk);
    for operation in 0..disk.operations() {
        for lasts in [false, true] {
            let disk = FaultyDisk::new();
            disk.fail(Failure { operation, kind: ErrorKind::Other, lasts });
            let (acknowledged, appended) = work(&disk);
            for loss in LOSSES {
                let told = format!("operation {operation}, lasts {lasts}, {loss:?}");
                let disk = disk.after_crash(loss);
                let mut world = open_all(&disk, SMALL).unwrap_or_else(|error| panic!("{told}: {error}"));
                assert!(world.records.starts_with(&acknowledged), "{told}");
                assert!(appended.starts_with(&world.records), "{told}");
                world.fill(4);
                world.check().unwrap();
                open_all(&disk.after_crash(Loss::Everything), SMALL).unwrap().check().unwrap();
                verify(&disk).unwrap();
            }
        }
    }
}

#[test]
fn what_a_killed_process_left_in_the_systems_memory_is_on_the_disk_once_it_is_served() {
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
fn a_crash_while_recovering_is_recovered_from() {
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
fn after_a_failure_the_writer_touches_nothing_and_says_the_same_again() {
    for (kind, full) in
        [(ErrorKind::StorageFull, true), (ErrorKind::QuotaExceeded, true), (ErrorKind::Other, false)]
    {
        for later in 0..3 {
            let mut world = World::new(Options::default());
            world.fill(2);
            world.append("#general", "never acknowledged");
            // The lines, the commit line, the sync.
            let operation = world.disk.operations() + later;
            world.disk.fail(Failure { operation, kind, lasts: false });
            let first = world.commit().unwrap_err();
            assert_eq!(matches!(first, JournalError::StorageFull { .. }), full, "{first:?}");
            let operations = world.disk.operations();
            world.append("#general", "neither");
            assert_eq!(world.commit().unwrap_err().to_string(), first.to_string());
            assert_eq!(world.disk.operations(), operations);
            world.check().unwrap();
        }
    }
}

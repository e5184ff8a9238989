//! Tests that open a log after its files were cut or changed.

use super::*;
use crate::journal::format::CommitLine;
use disk::faulty::Loss;

/// The file of the first segment.
fn first_segment() -> String {
    log_name(1)
}

/// One segment of three batches, the start of each batch, and the end of the last one.
fn three_batches() -> (Fixture, Vec<usize>) {
    let mut fixture = Fixture::new(Options::default());
    fixture.fill(3);
    let bytes = fixture.disk.read(&first_segment()).unwrap();
    let mut starts = vec![0];
    for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
        let start = bytes[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        if CommitLine::parse(&bytes[start..=at]).is_some() {
            starts.push(at + 1);
        }
    }
    (fixture, starts)
}

#[test]
fn a_cut_last_batch_is_dropped_and_the_log_accepts_records() {
    let (whole, starts) = three_batches();
    for length in starts[2]..starts[3] {
        let disk = whole.disk.after_crash(Loss::Nothing);
        disk.tamper(&first_segment(), |bytes| bytes.truncate(length)).unwrap();
        let mut fixture = open_all(&disk, Options::default()).unwrap();
        assert_eq!(fixture.records, whole.records[..4], "cut at {length}");
        assert_eq!(fixture.recovery.bytes_cut, (length - starts[2]) as u64);
        fixture.append("#general", "after the cut");
        fixture.commit().unwrap();
        let again = open_all(&disk, Options::default()).unwrap();
        assert_eq!((again.records.len(), again.recovery.bytes_cut), (5, 0));
        again.check().unwrap();
    }
}

#[test]
fn a_flipped_byte_is_reported_with_file_and_offset_and_changes_no_file() {
    let (whole, starts) = three_batches();
    for at in 0..starts[3] {
        let disk = whole.disk.after_crash(Loss::Nothing);
        disk.tamper(&first_segment(), |bytes| bytes[at] ^= 1).unwrap();
        let before = disk.read(&first_segment()).unwrap();
        let batch = *starts.iter().rfind(|start| **start <= at).unwrap();
        for error in [open_all(&disk, Options::default()).err(), verify(&disk).err()] {
            match error {
                Some(JournalError::Damaged { file, offset, .. }) => {
                    assert_eq!((file, offset), (first_segment(), batch as u64))
                }
                unexpected => panic!("byte {at}: {unexpected:?}"),
            }
        }
        assert_eq!(disk.read(&first_segment()).unwrap(), before);
    }
}

#[test]
fn a_flipped_byte_in_a_sealed_segment_is_found_when_it_is_replayed_or_verified() {
    let mut fixture = Fixture::new(SMALL);
    fixture.fill(9);
    let head = fixture.append_and_commit();
    fixture.disk.tamper(&first_segment(), |bytes| bytes[100] ^= 1).unwrap();
    let damaged = |result: Result<(), JournalError>| matches!(result, Err(JournalError::Damaged { file, .. }) if file == first_segment());
    assert!(damaged(open_all(&fixture.disk, SMALL).map(drop)));
    assert!(damaged(verify(&fixture.disk).map(drop)));
    assert!(open(&fixture.disk, SMALL, head).is_ok(), "a segment that the snapshots cover is not read");
}

#[test]
fn a_changed_line_is_an_error_and_other_lines_are_readable() {
    let mut fixture = Fixture::new(SMALL);
    fixture.fill(9);
    let sealed = fixture.segments()[1];
    let open = *fixture.segments().last().unwrap();
    for segment in [sealed, open] {
        let name = log_name(segment);
        let text = String::from_utf8(fixture.disk.read(&name).unwrap()).unwrap();
        let line = text.lines().find(|line| line.contains("#general")).unwrap();
        let (n, at) = (parse(line.as_bytes()).unwrap().n, text.find(line).unwrap());
        for byte in at..at + line.len() {
            fixture.disk.tamper(&name, |bytes| bytes[byte] ^= 1).unwrap();
            for (first, last) in [(n, n), (1, u64::MAX)] {
                match fixture.read("#general", first, last) {
                    Err(JournalError::Damaged { file, offset, .. }) => {
                        assert_eq!((&file, offset), (&name, at as u64));
                    }
                    unexpected => panic!("byte {byte}: {unexpected:?}"),
                }
            }
            let before = fixture.expected("#general", 1, n - 1);
            assert_eq!(fixture.read("#general", 1, n - 1).unwrap(), before);
            fixture.disk.tamper(&name, |bytes| bytes[byte] ^= 1).unwrap();
        }
    }
}

/// The file and the offset of each damaged batch that a scrub finds.
fn scrub(disk: &FaultyDisk) -> Vec<(String, u64)> {
    let mut scrub = Scrub::begin(disk).unwrap();
    let mut found = Vec::new();
    loop {
        match scrub.step(disk).unwrap() {
            ScrubStep::Sound(_) => {}
            ScrubStep::Damaged { file, offset } => found.push((file, offset)),
            ScrubStep::End => return found,
        }
    }
}

/// The start of the batch that contains the byte at `at`.
fn batch_of(segment: &[u8], at: usize) -> u64 {
    let lines = segment.split_inclusive(|byte| *byte == b'\n');
    let (mut start, mut end) = (0, 0);
    for line in lines {
        end += line.len();
        if CommitLine::parse(line).is_some() {
            if end > at {
                break;
            }
            start = end;
        }
    }
    start as u64
}

#[test]
fn a_scrub_finds_any_flipped_byte_of_a_sealed_segment_and_nothing_else() {
    let mut fixture = Fixture::new(SMALL);
    fixture.fill(9);
    assert_eq!(scrub(&fixture.disk), []);
    let sealed = fixture.segments();
    for segment in &sealed[..3] {
        let name = log_name(*segment);
        let sound = fixture.disk.read(&name).unwrap();
        for at in 0..sound.len() {
            let disk = fixture.disk.after_crash(Loss::Nothing);
            disk.tamper(&name, |bytes| bytes[at] ^= 1).unwrap();
            let found = scrub(&disk);
            assert_eq!(found.first(), Some(&(name.clone(), batch_of(&sound, at))), "byte {at}: {found:?}");
            // An unreadable commit line also affects the next batch, but no later batch.
            assert!(found.len() <= 2, "byte {at}: {found:?}");
        }
        for cut in [0, sound.len() / 2, batch_of(&sound, sound.len() - 1) as usize] {
            let disk = fixture.disk.after_crash(Loss::Nothing);
            disk.tamper(&name, |bytes| bytes.truncate(cut)).unwrap();
            assert_eq!(scrub(&disk).first().map(|(file, _)| file), Some(&name), "cut at {cut}");
        }
    }
}

#[test]
fn the_error_names_the_missing_segment() {
    let mut fixture = Fixture::new(SMALL);
    fixture.fill(12);
    let segments = fixture.segments();
    assert!(segments.len() > 3, "{segments:?}");
    for segment in &segments[..segments.len() - 1] {
        let disk = fixture.disk.after_crash(Loss::Nothing);
        disk.remove(&log_name(*segment)).unwrap();
        for error in [open_all(&disk, SMALL).err(), verify(&disk).err()] {
            assert!(matches!(error, Some(JournalError::Missing { file }) if file == log_name(*segment)));
        }
        disk.remove(&index_name(*segment)).unwrap();
        let error = open_all(&disk, SMALL).err();
        assert!(matches!(error, Some(JournalError::Missing { file }) if file == log_name(*segment)));
    }
    // The last two segments are removed. The index of the first of them proves that it existed.
    let [.., sealed, last] = segments[..] else { panic!() };
    fixture.disk.remove(&log_name(sealed)).unwrap();
    fixture.disk.remove(&log_name(last)).unwrap();
    let error = open_all(&fixture.disk, SMALL).err();
    assert!(matches!(error, Some(JournalError::Missing { file }) if file == log_name(sealed)));
}

#[test]
fn a_segment_with_a_wrong_name_is_refused() {
    let mut fixture = Fixture::new(SMALL);
    fixture.fill(6);
    let last = *fixture.segments().last().unwrap();
    fixture.disk.rename(&log_name(last), &log_name(last - 1)).unwrap();
    let error = open_all(&fixture.disk, SMALL).err();
    assert!(
        matches!(error, Some(JournalError::Damaged { file, offset: 0, .. }) if file == log_name(last - 1))
    );
}

#[test]
fn an_incomplete_batch_at_the_end_of_a_sealed_segment_is_damage() {
    let mut fixture = Fixture::new(SMALL);
    fixture.fill(6);
    fixture.disk.tamper(&first_segment(), |bytes| bytes.truncate(bytes.len() - 9)).unwrap();
    let error = open_all(&fixture.disk, SMALL).err();
    assert!(
        matches!(error, Some(JournalError::Damaged { ref file, .. }) if *file == first_segment()),
        "{error:?}"
    );
}

#[test]
fn new_records_are_appended_to_an_empty_last_segment() {
    let mut fixture = Fixture::new(SMALL);
    fixture.fill(2);
    let next = fixture.journal.last() + 1;
    fixture.disk.create_new(&log_name(next)).unwrap();
    let mut fixture = open_all(&fixture.disk, SMALL).unwrap();
    assert_eq!(fixture.recovery.bytes_cut, 0);
    fixture.append("#general", "first of its segment");
    fixture.commit().unwrap();
    assert_eq!(fixture.segments(), [1, next]);
    open_all(&fixture.disk, SMALL).unwrap().check().unwrap();
}

#[test]
fn snapshots_of_a_different_or_longer_log_are_refused() {
    let mut fixture = Fixture::new(SMALL);
    fixture.fill(9);
    let head = fixture.append_and_commit();
    let other = Chain::GENESIS.extended(b"a different log\n");
    for from in [
        Checkpoint { record: 0, chain: other },
        Checkpoint { record: 2, chain: other },
        Checkpoint { record: 6, chain: other },
        Checkpoint { record: 3, chain: other },
        Checkpoint { chain: other, ..head },
        Checkpoint { record: head.record + 1, ..head },
    ] {
        let error = open(&fixture.disk, SMALL, from).err();
        assert!(
            matches!(error, Some(JournalError::Checkpoint { record, .. }) if record == from.record),
            "{from:?}"
        );
    }
    let none = open(&FaultyDisk::new(), SMALL, head).err();
    assert!(matches!(none, Some(JournalError::Checkpoint { .. })), "an empty log");
}

#[test]
fn a_log_with_a_record_that_the_state_machine_rejects_is_not_opened() {
    let mut fixture = Fixture::new(SMALL);
    fixture.journal.append(b"{}", None);
    fixture.commit().unwrap();
    let error = open_all(&fixture.disk, SMALL).err();
    assert!(matches!(error, Some(JournalError::Record { record: 1, .. })), "{error:?}");
}

#[test]
fn gaps_in_the_numbers_of_a_conversation_are_refused_within_and_across_segments() {
    for (segment_bytes, numbers) in [(5000, [1, 3, 4]), (1, [1, 2, 4]), (1, [1, 3, 4])] {
        let options = Options { segment_bytes };
        let mut fixture = Fixture::new(options);
        for n in numbers {
            // Without an `EventKey`, `append` does not check the event number, so the log can have a gap.
            fixture.journal.append(&line("#general", n, n.into(), ""), None);
            fixture.commit().unwrap();
        }
        for segment in fixture.segments().iter().rev().skip(1) {
            fixture.disk.remove(&index_name(*segment)).unwrap();
        }
        let error = open_all(&fixture.disk, options).err();
        assert!(matches!(error, Some(JournalError::Damaged { .. })), "{numbers:?}: {error:?}");
    }
}

impl Fixture {
    fn append_and_commit(&mut self) -> Checkpoint {
        self.append("#general", "the last one");
        self.commit().unwrap().head
    }
}

//! Fuzzes the recovery of a log whose last segment ends with arbitrary bytes. The log is opened or refused,
//! and an opened log accepts new records.
//!
//! The input before the byte 0xff contains batches of lines, which the journal writes: a newline ends a line,
//! and the byte 0xfe ends a batch. The input after the byte 0xff is appended to the file.
#![no_main]

use std::collections::HashMap;
use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use disk::faulty::{FaultyDisk, Loss};
use server::journal::{Checkpoint, EventKey, Journal, Opened, Options};
use server::domain::records::Record;

const LOG: &str = "log/00000000000000000001.log";

fuzz_target!(|input: &[u8]| {
    let (batches, tail) = match input.iter().position(|byte| *byte == 0xff) {
        Some(at) => (&input[..at], &input[at + 1..]),
        None => (input, &[][..]),
    };
    let disk = FaultyDisk::new();
    let mut written = Vec::new();
    let mut log = Log::open(&disk).expect("an empty log");
    for batch in batches.split(|byte| *byte == 0xfe) {
        let lines: Vec<_> = batch.split(|byte| *byte == b'\n').filter(|line| is_record(line)).collect();
        log.commit(&lines);
        written.extend(lines.iter().map(|line| line.to_vec()));
    }
    drop(log);
    disk.tamper(LOG, |bytes| bytes.extend_from_slice(tail)).expect("the first segment");
    tail.split(|byte| *byte == b'\n').for_each(assert_record_round_trips);

    let Some(mut log) = Log::open(&disk) else {
        assert!(!tail.is_empty(), "the journal's own log is never refused");
        return;
    };
    assert!(log.lines.starts_with(&written), "committed lines are in the log");
    log.commit(&[b"a new line"]);
    let lines = log.lines.clone();
    drop(log);
    let reopened = Log::open(&disk.after_crash(Loss::Everything)).expect("a log that was opened before");
    assert_eq!(reopened.lines, lines, "no line is lost, and no cut line returns");
    assert_eq!(reopened.bytes_cut, 0, "the torn bytes were removed");
});

/// Whether the journal accepts a line as a record: see [`Journal::append`].
fn is_record(line: &[u8]) -> bool {
    let has = |word: &[u8]| line.windows(word.len()).any(|window| window == word);
    !line.is_empty() && !line.contains(&0) && !has(b"\"commit\"") && !has(b"\"chain\"")
}

/// Asserts that a decoded record equals itself after encoding and decoding.
fn assert_record_round_trips(line: &[u8]) {
    let Ok(record) = Record::decode(line) else { return };
    let mut written = Vec::new();
    record.encode(&mut written).expect("a decoded record can be encoded");
    assert_eq!(Record::decode(&written).expect("an encoded record can be decoded"), record);
}

struct Log {
    opened: Opened,
    numbers: HashMap<u8, u64>,
    lines: Vec<Vec<u8>>,
    bytes_cut: u64,
}

impl Log {
    fn open(disk: &FaultyDisk) -> Option<Self> {
        let (mut numbers, mut lines) = (HashMap::new(), Vec::new());
        let opened = Journal::open(
            Arc::new(disk.clone()),
            Options::default(),
            Checkpoint::GENESIS,
            &mut |_record, line| {
                lines.push(line.to_vec());
                Ok(Some(key(&mut numbers, line)))
            },
        );
        let opened = opened.ok()?;
        let bytes_cut = opened.recovery.bytes_cut;
        Some(Self { opened, numbers, lines, bytes_cut })
    }

    fn commit(&mut self, lines: &[&[u8]]) {
        let Opened { journal, writer, .. } = &mut self.opened;
        for line in lines {
            journal.append(line, Some(&key(&mut self.numbers, line)));
            self.lines.push(line.to_vec());
        }
        if let Some(batch) = journal.close_batch() {
            journal.committed(&writer.commit(batch).expect("a disk without faults"));
        }
        let mut read = Vec::new();
        for conversation in self.numbers.keys() {
            journal
                .read(&conversation.to_string(), 0, u64::MAX, &mut read)
                .expect("written lines can be read");
        }
        let bytes: usize = self.lines.iter().map(|line| line.len() + 1).sum();
        assert_eq!(read.len(), bytes, "every line is read once");
    }
}

/// The key of a line: its first byte is the conversation.
fn key(numbers: &mut HashMap<u8, u64>, line: &[u8]) -> EventKey<'static> {
    let conversation = line.first().copied().unwrap_or_default();
    let n = numbers.entry(conversation).or_default();
    *n += 1;
    EventKey { conversation: conversation.to_string().into(), n: *n, id: None }
}

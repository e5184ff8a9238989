//! A log whose last segment holds anything at all: it is opened, or refused, and what is opened can be gone on with.
//!
//! The input is some batches of lines, which the journal writes as it always does (lines end with a newline, the
//! batches with a byte 0xfe), and then, behind a byte 0xff, what stands behind them in the file. An input that begins
//! with 0xff is a file of arbitrary bytes.
#![no_main]

use std::collections::HashMap;
use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use disk::faulty::{FaultyDisk, Loss};
use server::journal::{Checkpoint, EventKey, Journal, Opened, Options};
use server::records::Record;

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
    tail.split(|byte| *byte == b'\n').for_each(assert_record_goes_round);

    let Some(mut log) = Log::open(&disk) else {
        assert!(!tail.is_empty(), "what the journal wrote is never refused");
        return;
    };
    assert!(log.lines.starts_with(&written), "what was committed is there");
    log.commit(&[b"and on"]);
    let lines = log.lines.clone();
    drop(log);
    let again = Log::open(&disk.after_crash(Loss::Everything)).expect("a log that was opened before");
    assert_eq!(again.lines, lines, "nothing of it is lost, and nothing comes back");
    assert_eq!(again.bytes_cut, 0, "it was cut for good");
});

/// What the journal takes for a record: see [`Journal::append_with`].
fn is_record(line: &[u8]) -> bool {
    let has = |word: &[u8]| line.windows(word.len()).any(|window| window == word);
    !line.is_empty() && !line.contains(&0) && !has(b"\"commit\"") && !has(b"\"chain\"")
}

/// A line that is read as a record is written as one that reads the same.
fn assert_record_goes_round(line: &[u8]) {
    let Ok(record) = Record::decode(line) else { return };
    let mut written = Vec::new();
    record.encode(&mut written).expect("what was read can be written");
    assert_eq!(Record::decode(&written).expect("what was written can be read"), record);
}

/// An open log, and the lines in it.
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
                .expect("what was written is read");
        }
        let bytes: usize = self.lines.iter().map(|line| line.len() + 1).sum();
        assert_eq!(read.len(), bytes, "every line, once");
    }
}

/// The first byte says which conversation a line belongs to.
fn key(numbers: &mut HashMap<u8, u64>, line: &[u8]) -> EventKey<'static> {
    let conversation = line.first().copied().unwrap_or_default();
    let n = numbers.entry(conversation).or_default();
    *n += 1;
    EventKey { conversation: conversation.to_string().into(), n: *n, id: None }
}

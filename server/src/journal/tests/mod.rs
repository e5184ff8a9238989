//! Tests of the whole journal, and the fixture that they share.

mod cuts;
mod faults;
mod model;
mod real;

use std::sync::Arc;

use super::format::{index_name, log_name};
use super::*;
use disk::faulty::FaultyDisk;

/// The size of two batches of [`Fixture::fill`].
const SMALL: Options = Options { segment_bytes: 500 };

/// An open journal and the records that were appended to it.
struct Fixture {
    disk: FaultyDisk,
    journal: Journal,
    writer: Writer,
    recovery: Recovery,
    /// All records of the log, in order.
    records: Vec<Record>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Record {
    conversation: String,
    n: u64,
    id: u128,
    line: Vec<u8>,
}

/// The line of an event, or of a server record if the conversation is `-`.
fn line(conversation: &str, n: u64, id: u128, text: &str) -> Vec<u8> {
    format!("{{\"to\":\"{conversation}\",\"n\":\"{n}\",\"id\":\"{id}\",\"text\":\"{text}\"}}").into_bytes()
}

fn parse(line: &[u8]) -> Result<Record, String> {
    let text = std::str::from_utf8(line).map_err(|error| error.to_string())?;
    let fields: Vec<&str> = text.split('"').collect();
    let [_, _, _, to, _, _, _, n, _, _, _, id, ..] = fields[..] else { return Err("no record".to_owned()) };
    let (n, id) = (n.parse().unwrap(), id.parse().unwrap());
    Ok(Record { conversation: to.to_owned(), n, id, line: line.to_vec() })
}

fn key(record: &Record) -> Option<EventKey<'static>> {
    let conversation = record.conversation.clone().into();
    (record.conversation != "-").then_some(EventKey { conversation, n: record.n, id: Some(record.id) })
}

fn open(disk: &FaultyDisk, options: Options, from: Checkpoint) -> Result<Fixture, JournalError> {
    let mut records = Vec::new();
    let opened = Journal::open(Arc::new(disk.clone()), options, from, &mut |number, line| {
        let record = parse(line)?;
        let key = key(&record);
        records.push((number, record));
        Ok(key)
    })?;
    let first = opened.recovery.head.record + 1 - records.len() as u64;
    assert!(
        records.iter().map(|(number, _)| *number).eq(first..=opened.recovery.head.record),
        "replayed in order"
    );
    let records = records.into_iter().map(|(_, record)| record).collect();
    let Opened { journal, writer, recovery } = opened;
    Ok(Fixture { disk: disk.clone(), journal, writer, recovery, records })
}

fn open_all(disk: &FaultyDisk, options: Options) -> Result<Fixture, JournalError> {
    open(disk, options, Checkpoint::GENESIS)
}

impl Fixture {
    fn new(options: Options) -> Self {
        open_all(&FaultyDisk::new(), options).unwrap()
    }

    fn append(&mut self, conversation: &str, text: &str) {
        let n = 1 + self.records.iter().filter(|record| record.conversation == conversation).count() as u64;
        // The ids are neither ordered nor consecutive.
        let id = (self.records.len() as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        let line = line(conversation, n, id, text);
        let record = Record { conversation: conversation.to_owned(), n, id, line };
        let number = self.journal.append(&record.line, key(&record).as_ref());
        self.records.push(record);
        assert_eq!(number, self.records.len() as u64);
    }

    fn commit(&mut self) -> Result<CommitAck, JournalError> {
        let batch = self.journal.close_batch().expect("an open batch with records");
        let committed = self.writer.commit(batch)?;
        self.journal.committed(&committed);
        Ok(committed)
    }

    /// Commits this many batches of two records.
    fn fill(&mut self, batches: usize) {
        for number in 0..batches {
            self.append("#general", &format!("number {number}"));
            self.append(["@alice @bob", "-"][number % 2], "oi");
            self.commit().unwrap();
        }
    }

    fn read(&self, conversation: &str, first_n: u64, last_n: u64) -> Result<Vec<u8>, JournalError> {
        let mut out = Vec::new();
        self.journal.read(conversation, first_n, last_n, &mut out)?;
        Ok(out)
    }

    /// Compares all results of the journal with the appended records.
    fn check(&self) -> Result<(), JournalError> {
        for conversation in ["#general", "@alice @bob", "#nobody"] {
            assert_eq!(self.read(conversation, 0, u64::MAX)?, self.expected(conversation, 0, u64::MAX));
        }
        for record in self.records.iter().filter(|record| record.conversation != "-") {
            assert_eq!(self.journal.line_by_id(record.id)?.as_ref(), Some(&record.line));
        }
        if let Some(record) = self.records.first() {
            assert_eq!(self.journal.line_by_id(record.id + 1)?, None);
        }
        assert_eq!(self.journal.last(), self.records.len() as u64);
        Ok(())
    }

    fn expected(&self, conversation: &str, first_n: u64, last_n: u64) -> Vec<u8> {
        let is_wanted =
            |record: &&Record| record.conversation == conversation && (first_n..=last_n).contains(&record.n);
        self.records.iter().filter(is_wanted).flat_map(|record| [&record.line[..], b"\n"].concat()).collect()
    }

    fn segments(&self) -> Vec<u64> {
        segment::list(&self.disk).unwrap()
    }
}

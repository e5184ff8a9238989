//! Tests that compare the journal with a list of lines, over several segments and restarts.

use proptest::prelude::*;

use super::*;
use disk::faulty::Loss;

#[test]
fn lines_are_readable_in_the_open_batch_in_flight_and_on_the_disk() {
    let mut fixture = Fixture::new(SMALL);
    fixture.fill(2);
    fixture.append("#general", "in flight");
    let first = fixture.journal.close_batch().unwrap();
    fixture.append("#general", "also in flight, in the next segment");
    let second = fixture.journal.close_batch().unwrap();
    fixture.append("#general", "in the open batch");
    fixture.check().unwrap();
    assert!(fixture.journal.close_batch().is_some() && fixture.journal.close_batch().is_none());
    for batch in [first, second] {
        let committed = fixture.writer.commit(batch).unwrap();
        fixture.check().unwrap();
        fixture.journal.committed(&committed);
        fixture.check().unwrap();
    }
}

#[test]
fn a_failed_append_changes_nothing() {
    let mut fixture = Fixture::new(SMALL);
    fixture.append("#general", "one");
    let refused = fixture.journal.append_with(None, |buffer| {
        buffer.extend_from_slice(b"half a li");
        Err("no")
    });
    assert_eq!(refused.unwrap_err(), "no");
    fixture.append("#general", "two");
    fixture.commit().unwrap();
    fixture.check().unwrap();
    assert_eq!(open_all(&fixture.disk, SMALL).unwrap().records, fixture.records);
}

#[test]
fn missing_and_outdated_indexes_are_rebuilt_byte_for_byte() {
    let mut fixture = Fixture::new(SMALL);
    fixture.fill(20);
    let segments = fixture.segments();
    let sealed = &segments[..segments.len() - 1];
    assert!(sealed.len() > 4);
    for segment in sealed {
        let index = fixture.disk.read(&index_name(*segment)).unwrap();
        let disk = fixture.disk.after_crash(Loss::Nothing);
        disk.remove(&index_name(*segment)).unwrap();
        let opened = open_all(&disk, SMALL).unwrap();
        assert_eq!(opened.recovery.indexes_rebuilt, 1);
        assert_eq!(disk.read(&index_name(*segment)).unwrap(), index);
        opened.check().unwrap();
    }
    // Valid indexes in the wrong file: the index of another segment, and of the first segment of another log.
    let mut other = Fixture::new(Options { segment_bytes: 1000 });
    other.fill(20);
    for index in [fixture.disk.read(&index_name(sealed[1])), other.disk.read(&index_name(1))] {
        fixture.disk.tamper(&index_name(1), |bytes| *bytes = index.unwrap()).unwrap();
        let opened = open_all(&fixture.disk, SMALL).unwrap();
        assert_eq!(opened.recovery.indexes_rebuilt, 1);
        opened.check().unwrap();
    }
}

#[test]
fn a_damaged_index_is_rebuilt_or_refused_and_never_used() {
    let mut fixture = Fixture::new(SMALL);
    fixture.fill(4);
    let length = fixture.disk.len(&index_name(1)).unwrap();
    let mut outcomes = [0, 0];
    for at in (0..length as usize).step_by(3).chain([length as usize - 1]) {
        let disk = fixture.disk.after_crash(Loss::Nothing);
        disk.tamper(&index_name(1), |bytes| bytes[at] ^= 1).unwrap();
        let opened = open_all(&disk, SMALL).unwrap();
        match opened.check() {
            Ok(()) => assert_eq!(opened.recovery.indexes_rebuilt, 1, "byte {at}"),
            Err(error) => assert!(matches!(error, JournalError::IndexDamaged { .. }), "byte {at}: {error}"),
        }
        outcomes[usize::try_from(opened.recovery.indexes_rebuilt).unwrap()] += 1;
    }
    assert!(outcomes.iter().all(|times| *times > 0), "{outcomes:?}");
}

#[test]
fn an_index_of_several_pages_finds_every_event() {
    let mut fixture = Fixture::new(Options { segment_bytes: 50_000 });
    for number in 0..1100 {
        fixture.append(["#general", "@alice @bob"][usize::from(number % 500 == 1)], "");
    }
    fixture.commit().unwrap();
    fixture.append("#general", "in the next segment");
    fixture.commit().unwrap();
    assert_eq!(fixture.segments().len(), 2);
    fixture.check().unwrap();
    for (first_n, last_n) in [(1014, 1019), (1, 1), (1097, 1099), (5, 4), (2000, 3000)] {
        let expected = fixture.expected("#general", first_n, last_n);
        assert_eq!(fixture.read("#general", first_n, last_n).unwrap(), expected);
    }
}

#[test]
fn lines_longer_than_one_read_are_returned_completely() {
    let mut fixture = Fixture::new(SMALL);
    for length in [16_000, 16_384, 100_000, 1] {
        fixture.append("#general", &"x".repeat(length));
        fixture.append("#general", "short");
        fixture.commit().unwrap();
    }
    fixture.check().unwrap();
}

#[derive(Debug, Clone)]
enum Step {
    Append(usize, usize),
    CloseBatch,
    Commit,
    Restart { with_snapshot: bool },
    Read(usize, u64, u64),
}

const CONVERSATIONS: [&str; 3] = ["#general", "@alice @bob", "-"];

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..3usize, 0..200usize).prop_map(|(conversation, length)| Step::Append(conversation, length)),
        2 => Just(Step::CloseBatch),
        2 => Just(Step::Commit),
        1 => any::<bool>().prop_map(|with_snapshot| Step::Restart { with_snapshot }),
        3 => (0..2usize, 0..30u64, 0..30u64).prop_map(|(conversation, first, count)| Step::Read(conversation, first, first + count)),
    ]
}

/// A journal, and the batches that the writer has not received yet.
struct Run {
    fixture: Fixture,
    closed: VecDeque<Batch>,
    head: Checkpoint,
}

impl Run {
    fn step(&mut self, step: Step) {
        let fixture = &mut self.fixture;
        match step {
            Step::Append(conversation, length) => {
                fixture.append(CONVERSATIONS[conversation], &"x".repeat(length))
            }
            Step::CloseBatch => self.closed.extend(fixture.journal.close_batch()),
            Step::Commit => self.commit(),
            Step::Restart { with_snapshot } => self.restart(with_snapshot),
            Step::Read(conversation, first_n, last_n) => {
                let conversation = CONVERSATIONS[conversation];
                let expected = fixture.expected(conversation, first_n, last_n);
                assert_eq!(fixture.read(conversation, first_n, last_n).unwrap(), expected);
            }
        }
    }

    fn commit(&mut self) {
        if let Some(batch) = self.closed.pop_front() {
            let committed = self.fixture.writer.commit(batch).unwrap();
            self.fixture.journal.committed(&committed);
            self.head = committed.head;
        }
    }

    fn restart(&mut self, with_snapshot: bool) {
        self.closed.extend(self.fixture.journal.close_batch());
        while !self.closed.is_empty() {
            self.commit();
        }
        let from = if with_snapshot { self.head } else { Checkpoint::GENESIS };
        let records = std::mem::take(&mut self.fixture.records);
        let mut fixture = open(&self.fixture.disk, SMALL, from).unwrap();
        assert!(records.ends_with(&fixture.records));
        assert_eq!((fixture.recovery.head, fixture.recovery.indexes_rebuilt), (self.head, 0));
        fixture.records = records;
        self.fixture = fixture;
        self.fixture.check().unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_journal_behaves_like_a_list_of_lines(steps in prop::collection::vec(step(), 1..120)) {
        let mut run = Run { fixture: Fixture::new(SMALL), closed: VecDeque::new(), head: Checkpoint::GENESIS };
        for step in steps {
            run.step(step);
        }
        run.fixture.check().unwrap();
        run.restart(true);
    }
}

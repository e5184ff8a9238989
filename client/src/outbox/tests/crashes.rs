//! Each disk operation of two processes fails in one run, once or permanently. After a power cut, a third
//! process must find all stored messages.

use std::io::ErrorKind;

use disk::faulty::{Failure, FaultyDisk, Loss};

use super::fixture::{Fixture, message, texts};

const LOSSES: [Loss; 4] = [Loss::Everything, Loss::Nothing, Loss::Tail(50), Loss::Sectors];

/// The messages of two processes.
#[derive(Debug, Default)]
struct Messages {
    /// Stored without an error, and not removed.
    pending: Vec<u128>,
    /// All messages in order, even messages that could not be stored.
    sent: Vec<u128>,
}

impl Messages {
    /// The first process sends messages and is killed.
    fn run_first_process(&mut self, fixture: &Fixture) {
        let mut first = fixture.outbox();
        first.load(&fixture.alice());
        self.store(&mut first, &[1, 2]);
        self.store(&mut first, &[3]);
        // The previous write may have failed.
        self.store(&mut first, &[4]);
        self.remove(&mut first, &[1]);
        self.store(&mut first, &[5]);
        fixture.kill(first);
    }

    /// The second process takes over the messages, sends more messages, and is killed.
    fn run_second_process(&mut self, fixture: &Fixture) {
        let mut second = fixture.outbox();
        second.load(&fixture.alice());
        self.store(&mut second, &[6, 7]);
        self.remove(&mut second, &[2, 3]);
        self.remove(&mut second, &[4, 5, 6, 7]);
        self.store(&mut second, &[8]);
        fixture.kill(second);
    }

    fn store(&mut self, outbox: &mut super::Outbox, ids: &[u128]) {
        let messages: Vec<_> = ids.iter().map(|id| message(*id)).collect();
        self.sent.extend(ids);
        if outbox.store(&messages).is_ok() {
            self.pending.extend(ids);
        }
    }

    fn remove(&mut self, outbox: &mut super::Outbox, ids: &[u128]) {
        let stored: Vec<_> = ids.iter().filter(|id| self.pending.contains(id)).collect();
        outbox.remove(&stored.iter().map(|id| message(**id).id).collect::<Vec<_>>());
        self.pending.retain(|id| !ids.contains(id));
    }

    /// The next process must find all pending messages, once, in order, and only messages that were sent.
    fn check(&self, disk: FaultyDisk, what: &str) {
        let fixture = Fixture::with(disk);
        let mut outbox = fixture.outbox();
        let loaded = outbox.load(&fixture.alice());
        let found: Vec<u128> = texts(&loaded).iter().map(|text| text.parse().expect("a number")).collect();
        assert!(found.is_sorted_by(|one, other| one < other), "{what}: out of order: {found:?}");
        assert!(found.iter().all(|id| self.sent.contains(id)), "{what}: {found:?} of {self:?}");
        let lost = self.pending.iter().find(|id| !found.contains(id));
        assert_eq!(lost, None, "{what}: lost: {found:?} of {self:?}");
        // The outbox still works.
        outbox.store(&[message(100)]).expect("stored");
        outbox.remove(&loaded.messages.iter().map(|message| message.id).collect::<Vec<_>>());
        fixture.kill(outbox);
        assert_eq!(texts(&fixture.outbox().load(&fixture.alice())), ["100"], "{what}");
    }
}

#[test]
fn no_stored_message_is_lost_when_any_operation_fails() {
    let (fixture, mut messages) = (Fixture::new(), Messages::default());
    messages.run_first_process(&fixture);
    messages.run_second_process(&fixture);
    let operations = fixture.disk.operations();
    assert!(operations > 15, "too few operations: {operations}");
    for operation in 0..=operations {
        for (kind, lasts) in
            [(ErrorKind::StorageFull, false), (ErrorKind::StorageFull, true), (ErrorKind::Other, true)]
        {
            let (fixture, mut messages) = (Fixture::new(), Messages::default());
            fixture.disk.fail(Failure { operation, kind, lasts });
            messages.run_first_process(&fixture);
            let middle = LOSSES.map(|loss| fixture.disk.after_crash(loss));
            for (disk, loss) in middle.into_iter().zip(LOSSES) {
                messages.check(
                    disk,
                    &format!("operation {operation} fails ({kind}, {lasts}), first process, {loss:?}"),
                );
            }
            messages.run_second_process(&fixture);
            for loss in LOSSES {
                let what = format!("operation {operation} of {operations} fails ({kind}, {lasts}), {loss:?}");
                messages.check(fixture.disk.after_crash(loss), &what);
            }
        }
    }
}

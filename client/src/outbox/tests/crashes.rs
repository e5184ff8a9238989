//! Each disk operation of two processes fails in one run, once or permanently. After a power cut, a third
//! process must find all stored messages.

use std::io::ErrorKind;

use disk::faulty::{Failure, FaultyDisk, Loss};

use super::stage::{Stage, message, texts};

const LOSSES: [Loss; 4] = [Loss::Everything, Loss::Nothing, Loss::Tail(50), Loss::Sectors];

/// The messages of two processes.
#[derive(Debug, Default)]
struct Messages {
    /// Stored without an error, and not removed.
    pending: Vec<u128>,
    /// All messages in order, also those that could not be stored.
    sent: Vec<u128>,
}

impl Messages {
    /// The first process sends messages and is killed.
    fn run_first_process(&mut self, stage: &Stage) {
        let mut first = stage.outbox();
        first.load(&stage.alice());
        self.store(&mut first, &[1, 2]);
        self.store(&mut first, &[3]);
        // Right after a write that may have failed.
        self.store(&mut first, &[4]);
        self.remove(&mut first, &[1]);
        self.store(&mut first, &[5]);
        stage.kill(first);
    }

    /// The second process adopts the messages, sends more, and is killed, too.
    fn run_second_process(&mut self, stage: &Stage) {
        let mut second = stage.outbox();
        second.load(&stage.alice());
        self.store(&mut second, &[6, 7]);
        self.remove(&mut second, &[2, 3]);
        self.remove(&mut second, &[4, 5, 6, 7]);
        self.store(&mut second, &[8]);
        stage.kill(second);
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
        let stage = Stage::with(disk);
        let mut outbox = stage.outbox();
        let loaded = outbox.load(&stage.alice());
        let found: Vec<u128> = texts(&loaded).iter().map(|text| text.parse().expect("a number")).collect();
        assert!(found.is_sorted_by(|one, other| one < other), "{what}: out of order: {found:?}");
        assert!(found.iter().all(|id| self.sent.contains(id)), "{what}: {found:?} of {self:?}");
        let lost = self.pending.iter().find(|id| !found.contains(id));
        assert_eq!(lost, None, "{what}: lost: {found:?} of {self:?}");
        // The outbox still works.
        outbox.store(&[message(100)]).expect("stored");
        outbox.remove(&loaded.messages.iter().map(|message| message.id).collect::<Vec<_>>());
        stage.kill(outbox);
        assert_eq!(texts(&stage.outbox().load(&stage.alice())), ["100"], "{what}");
    }
}

#[test]
fn no_stored_message_is_lost_when_any_operation_fails() {
    let (stage, mut messages) = (Stage::new(), Messages::default());
    messages.run_first_process(&stage);
    messages.run_second_process(&stage);
    let operations = stage.disk.operations();
    assert!(operations > 15, "too few operations: {operations}");
    for operation in 0..=operations {
        for (kind, lasts) in
            [(ErrorKind::StorageFull, false), (ErrorKind::StorageFull, true), (ErrorKind::Other, true)]
        {
            let (stage, mut messages) = (Stage::new(), Messages::default());
            stage.disk.fail(Failure { operation, kind, lasts });
            messages.run_first_process(&stage);
            let middle = LOSSES.map(|loss| stage.disk.after_crash(loss));
            for (disk, loss) in middle.into_iter().zip(LOSSES) {
                messages.check(
                    disk,
                    &format!("operation {operation} fails ({kind}, {lasts}), first process, {loss:?}"),
                );
            }
            messages.run_second_process(&stage);
            for loss in LOSSES {
                let what = format!("operation {operation} of {operations} fails ({kind}, {lasts}), {loss:?}");
                messages.check(stage.disk.after_crash(loss), &what);
            }
        }
    }
}

//! Every write, cut, sync, creation and removal of a life of the outbox is failed once, and once permanently;
//! after each the power is cut, and what is found is checked.

use std::io::ErrorKind;

use disk::faulty::{Failure, FaultyDisk, Loss};

use super::stage::{Stage, message, texts};

const LOSSES: [Loss; 4] = [Loss::Everything, Loss::Nothing, Loss::Tail(50), Loss::Sectors];

/// What a life has come to.
#[derive(Debug, Default)]
struct Life {
    /// Kept, as the outbox has said, and not released.
    waiting: Vec<u128>,
    /// Everything that the person has sent, in order, whether it was kept or not.
    sent: Vec<u128>,
}

impl Life {
    /// A process that is killed.
    fn begin(&mut self, stage: &Stage) {
        let mut first = stage.outbox();
        first.recall(&stage.alice());
        self.keep(&mut first, &[1, 2]);
        self.keep(&mut first, &[3]);
        // Right behind one that may have failed.
        self.keep(&mut first, &[4]);
        self.release(&mut first, &[1]);
        self.keep(&mut first, &[5]);
        stage.process_dies(first);
    }

    /// One that adopts what it has left, sends more, has it acknowledged, and is killed too.
    fn go_on(&mut self, stage: &Stage) {
        let mut second = stage.outbox();
        second.recall(&stage.alice());
        self.keep(&mut second, &[6, 7]);
        self.release(&mut second, &[2, 3]);
        self.release(&mut second, &[4, 5, 6, 7]);
        self.keep(&mut second, &[8]);
        stage.process_dies(second);
    }

    fn keep(&mut self, outbox: &mut super::Outbox, ids: &[u128]) {
        let messages: Vec<_> = ids.iter().map(|id| message(*id)).collect();
        self.sent.extend(ids);
        if outbox.keep(&messages).is_ok() {
            self.waiting.extend(ids);
        }
    }

    fn release(&mut self, outbox: &mut super::Outbox, ids: &[u128]) {
        let kept: Vec<_> = ids.iter().filter(|id| self.waiting.contains(id)).collect();
        outbox.release(&kept.iter().map(|id| message(**id).id).collect::<Vec<_>>());
        self.waiting.retain(|id| !ids.contains(id));
    }

    /// Everything that waits is found, nothing that was never sent, all of it once and in order.
    fn check(&self, disk: FaultyDisk, what: &str) {
        let stage = Stage::with(disk);
        let mut outbox = stage.outbox();
        let recalled = outbox.recall(&stage.alice());
        let found: Vec<u128> = texts(&recalled).iter().map(|text| text.parse().expect("a number")).collect();
        assert!(found.is_sorted_by(|one, other| one < other), "{what}: out of order: {found:?}");
        assert!(found.iter().all(|id| self.sent.contains(id)), "{what}: {found:?} of {self:?}");
        let lost = self.waiting.iter().find(|id| !found.contains(id));
        assert_eq!(lost, None, "{what}: lost: {found:?} of {self:?}");
        // And it is of use still.
        outbox.keep(&[message(100)]).expect("kept");
        outbox.release(&recalled.messages.iter().map(|message| message.id).collect::<Vec<_>>());
        stage.process_dies(outbox);
        assert_eq!(texts(&stage.outbox().recall(&stage.alice())), ["100"], "{what}");
    }
}

#[test]
fn nothing_that_was_kept_is_lost_whatever_step_fails() {
    let whole = Stage::new();
    let mut life = Life::default();
    life.begin(&whole);
    life.go_on(&whole);
    let operations = whole.disk.operations();
    assert!(operations > 15, "a life has some steps: {operations}");
    for operation in 0..=operations {
        for (kind, lasts) in
            [(ErrorKind::StorageFull, false), (ErrorKind::StorageFull, true), (ErrorKind::Other, true)]
        {
            let (stage, mut life) = (Stage::new(), Life::default());
            stage.disk.fail(Failure { operation, kind, lasts });
            life.begin(&stage);
            let middle = LOSSES.map(|loss| stage.disk.after_crash(loss));
            for (disk, loss) in middle.into_iter().zip(LOSSES) {
                life.check(
                    disk,
                    &format!("step {operation} fails ({kind}, {lasts}), killed, lost: {loss:?}"),
                );
            }
            life.go_on(&stage);
            for loss in LOSSES {
                let what =
                    format!("step {operation} of {operations} fails ({kind}, {lasts}), lost: {loss:?}");
                life.check(stage.disk.after_crash(loss), &what);
            }
        }
    }
}

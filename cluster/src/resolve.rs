//! Appends a batch, and finds out what became of an append without an answer.

use crate::{Append, Head, SharedBatch, SharedLog};

/// Why a batch was not appended. The batch may still be in the log, and then arrives through
/// [`SharedLog::follow`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("another node has taken over")]
    Deposed,
    #[error("the shared log ends at record {}, not where the batch begins", .0.record)]
    Behind(Head),
    #[error("etcd does not answer")]
    Unavailable,
}

/// An append whose outcome is not known yet.
///
/// If there is no answer, the head of the log shows whether the batch is stored. If it is not, the same
/// transaction is sent again. If the first transaction arrives late after all, etcd refuses the second one
/// with a head that is `batch.after`, so the batch is stored once.
pub struct Appending {
    term: u64,
    batch: SharedBatch,
    /// Whether the last transaction had no answer.
    is_unknown: bool,
}

/// The outcome of one request of an [`Appending`].
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    Done(Result<(), Refused>),
    /// Send the next request at once.
    Again,
    /// Wait, then send the next request.
    Wait,
}

impl Appending {
    #[must_use]
    pub fn new(term: u64, batch: SharedBatch) -> Self {
        Self { term, batch, is_unknown: false }
    }

    #[must_use]
    pub fn batch(&self) -> &SharedBatch {
        &self.batch
    }

    /// Sends one request.
    pub fn step(&mut self, log: &mut dyn SharedLog) -> Step {
        if self.is_unknown {
            return self.ask(log);
        }
        match log.append(self.term, &self.batch) {
            Append::Stored => Step::Done(Ok(())),
            Append::Deposed { .. } => Step::Done(Err(Refused::Deposed)),
            Append::Behind { head } if head == self.batch.after => Step::Done(Ok(())),
            Append::Behind { head } => Step::Done(Err(Refused::Behind(head))),
            Append::Unknown => {
                self.is_unknown = true;
                Step::Again
            }
        }
    }

    /// Reads the head, which shows whether the batch is stored.
    fn ask(&mut self, log: &mut dyn SharedLog) -> Step {
        let Ok(standing) = log.standing() else { return Step::Wait };
        if standing.head == self.batch.after {
            return Step::Done(Ok(()));
        }
        if standing.term != self.term {
            return Step::Done(Err(Refused::Deposed));
        }
        if standing.head != self.batch.before {
            return Step::Done(Err(Refused::Behind(standing.head)));
        }
        self.is_unknown = false;
        Step::Wait
    }
}

/// Appends a batch, and waits for the outcome. Gives up when `may_wait` returns false.
pub fn append(
    log: &mut dyn SharedLog,
    mut appending: Appending,
    may_wait: &mut dyn FnMut() -> bool,
) -> Result<(), Refused> {
    loop {
        match appending.step(log) {
            Step::Done(outcome) => return outcome,
            Step::Again => {}
            Step::Wait if may_wait() => {}
            Step::Wait => return Err(Refused::Unavailable),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Model;
    use crate::model::testing::{GENESIS, batch};

    fn lead(log: &Model) -> u64 {
        log.lead("n1")
    }

    fn append(
        log: &mut Model,
        term: u64,
        batch: &SharedBatch,
        may_wait: &mut dyn FnMut() -> bool,
    ) -> Result<(), Refused> {
        super::append(log, Appending::new(term, batch.clone()), may_wait)
    }

    #[test]
    fn a_batch_whose_answer_was_lost_is_stored_once() {
        let log = Model::new(GENESIS.parse().unwrap());
        let term = lead(&log);
        let one = batch(GENESIS, 1);
        log.lose_answers(1);
        assert_eq!(append(&mut log.clone(), term, &one, &mut || true), Ok(()));
        assert_eq!(log.batches(), [one]);
    }

    #[test]
    fn a_batch_that_did_not_arrive_is_sent_again() {
        let log = Model::new(GENESIS.parse().unwrap());
        let term = lead(&log);
        let one = batch(GENESIS, 1);
        log.lose_requests(1);
        assert_eq!(append(&mut log.clone(), term, &one, &mut || true), Ok(()));
        assert_eq!(log.batches(), [one]);
    }

    #[test]
    fn a_transaction_that_arrives_late_is_stored_once() {
        let log = Model::new(GENESIS.parse().unwrap());
        let term = lead(&log);
        let one = batch(GENESIS, 1);
        log.delay_next();
        assert_eq!(append(&mut log.clone(), term, &one, &mut || true), Ok(()));
        assert_eq!(log.batches(), [one]);
    }

    #[test]
    fn a_deposed_leader_stores_nothing_even_with_a_batch_in_flight() {
        let log = Model::new(GENESIS.parse().unwrap());
        let term = lead(&log);
        log.delay_next();
        let late = batch(GENESIS, 1);
        assert_eq!(log.clone().append(term, &late), Append::Unknown);
        let new_term = log.lead("n2");
        assert!(new_term > term);
        assert_eq!(append(&mut log.clone(), term, &late, &mut || true), Err(Refused::Deposed));
        let other = batch(GENESIS, 2);
        assert_eq!(append(&mut log.clone(), new_term, &other, &mut || true), Ok(()));
        assert_eq!(log.batches(), [other]);
    }

    #[test]
    fn a_leader_whose_log_differs_stores_nothing() {
        let log = Model::new(GENESIS.parse().unwrap());
        let term = lead(&log);
        let (one, other) = (batch(GENESIS, 1), batch(GENESIS, 2));
        assert_eq!(append(&mut log.clone(), term, &one, &mut || true), Ok(()));
        let refused = append(&mut log.clone(), term, &other, &mut || true);
        assert_eq!(refused, Err(Refused::Behind(one.after.clone())));
        assert_eq!(append(&mut log.clone(), term, &one, &mut || true), Ok(()), "the same batch again");
        assert_eq!(log.batches(), [one]);
    }

    #[test]
    fn a_log_without_answers_is_given_up() {
        let log = Model::new(GENESIS.parse().unwrap());
        let term = lead(&log);
        log.cut(true);
        let mut waits = 3;
        let mut may_wait = || {
            waits -= 1;
            waits > 0
        };
        let refused = append(&mut log.clone(), term, &batch(GENESIS, 1), &mut may_wait);
        assert_eq!((refused, waits), (Err(Refused::Unavailable), 0));
    }
}

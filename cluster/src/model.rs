//! The shared log in memory, with the failures of a real one, for tests.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::{Append, Followed, Head, Node, SharedBatch, SharedLog, Standing, TakeOver, Unavailable};

/// The maximum number of batches of one read, as for etcd.
const BATCHES_PER_READ: usize = 16;

/// A shared log in memory. Clones share one log.
#[derive(Debug, Clone)]
pub struct Model(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    revision: u64,
    term: u64,
    leader: String,
    /// The position before the first batch of the window.
    start: Head,
    batches: Vec<SharedBatch>,
    nodes: Vec<Node>,
    answers_to_lose: u32,
    requests_to_lose: u32,
    delays_next: bool,
    /// Appends that arrive with the next request.
    late: Vec<(u64, SharedBatch)>,
    is_cut: bool,
}

impl Model {
    #[must_use]
    pub fn new(start: Head) -> Self {
        Self(Arc::new(Mutex::new(State {
            revision: 1,
            term: 1,
            leader: String::new(),
            start,
            batches: Vec::new(),
            nodes: Vec::new(),
            answers_to_lose: 0,
            requests_to_lose: 0,
            delays_next: false,
            late: Vec::new(),
            is_cut: false,
        })))
    }

    /// Makes a node the leader. Returns the new term.
    pub fn lead(&self, name: &str) -> u64 {
        let mut state = self.state();
        state.begin_term(name)
    }

    /// Stores the next appends, and loses their answers.
    pub fn lose_answers(&self, answers: u32) {
        self.state().answers_to_lose = answers;
    }

    /// Loses the next appends.
    pub fn lose_requests(&self, requests: u32) {
        self.state().requests_to_lose = requests;
    }

    /// Delays the next append: it has no answer, and arrives with the request after the next one.
    pub fn delay_next(&self) {
        self.state().delays_next = true;
    }

    /// While the log is cut off, no request has an answer.
    pub fn cut(&self, is_cut: bool) {
        self.state().is_cut = is_cut;
    }

    /// All batches of the window.
    #[must_use]
    pub fn batches(&self) -> Vec<SharedBatch> {
        self.state().batches.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn head(&self) -> Head {
        self.batches.last().map_or_else(|| self.start.clone(), |batch| batch.after.clone())
    }

    fn begin_term(&mut self, name: &str) -> u64 {
        self.revision += 1;
        (self.term, self.leader) = (self.revision, name.to_owned());
        self.term
    }

    fn append(&mut self, term: u64, batch: &SharedBatch) -> Append {
        if term != self.term {
            return Append::Deposed { term: self.term };
        }
        if self.head() != batch.before {
            return Append::Behind { head: self.head() };
        }
        self.revision += 1;
        self.batches.push(batch.clone());
        Append::Stored
    }

    fn answer(&self) -> Result<(), Unavailable> {
        if self.is_cut { Err(Unavailable("the model is cut off".to_owned())) } else { Ok(()) }
    }
}

impl SharedLog for Model {
    fn append(&mut self, term: u64, batch: &SharedBatch) -> Append {
        let mut state = self.state();
        for (term, late) in std::mem::take(&mut state.late) {
            state.append(term, &late);
        }
        if state.is_cut || state.requests_to_lose > 0 {
            state.requests_to_lose = state.requests_to_lose.saturating_sub(1);
            return Append::Unknown;
        }
        if std::mem::take(&mut state.delays_next) {
            state.late.push((term, batch.clone()));
            return Append::Unknown;
        }
        let answer = state.append(term, batch);
        if state.answers_to_lose > 0 {
            state.answers_to_lose -= 1;
            return Append::Unknown;
        }
        answer
    }

    fn standing(&mut self) -> Result<Standing, Unavailable> {
        let state = self.state();
        state.answer()?;
        let (leader, nodes) = (state.leader.clone(), state.nodes.clone());
        Ok(Standing { term: state.term, leader, head: state.head(), nodes })
    }

    fn follow(&mut self, from: &Head, _wait: Duration) -> Result<Followed, Unavailable> {
        let state = self.state();
        state.answer()?;
        let head = state.head();
        if *from == head {
            return Ok(Followed::Batches(Vec::new()));
        }
        let next = state.batches.partition_point(|batch| batch.before.record < from.record);
        let batches = state.batches.get(next..).unwrap_or_default();
        match batches.first().filter(|batch| batch.before == *from) {
            Some(_) => Ok(Followed::Batches(batches.iter().take(BATCHES_PER_READ).cloned().collect())),
            None if from.record < state.start.record => Ok(Followed::Trimmed { start: state.start.clone() }),
            None => Ok(Followed::Diverged { head }),
        }
    }

    fn take_over(&mut self, seen: u64, name: &str) -> Result<TakeOver, Unavailable> {
        let mut state = self.state();
        state.answer()?;
        if state.term != seen {
            return Ok(TakeOver::Lost);
        }
        let term = state.begin_term(name);
        Ok(TakeOver::Won { term, head: state.head() })
    }

    fn trim(&mut self, batches: u64) -> Result<(), Unavailable> {
        let mut state = self.state();
        state.answer()?;
        while state.batches.len() as u64 > batches {
            state.start = state.batches.remove(0).after;
        }
        Ok(())
    }

    fn register(&mut self, node: &Node) -> Result<(), Unavailable> {
        let mut state = self.state();
        state.answer()?;
        state.nodes.retain(|known| known.name != node.name);
        state.nodes.push(node.clone());
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    pub(crate) const GENESIS: &str = "0 0000000000000000000000000000000000000000000000000000000000000000";

    /// A batch of one record after `before`. `content` decides its chain.
    pub(crate) fn batch(before: &str, content: u8) -> SharedBatch {
        let before: Head = before.parse().unwrap();
        let after = Head { record: before.record + 1, chain: format!("{content:064x}") };
        SharedBatch { before, after, bytes: format!("{{\"content\":{content}}}\n").into_bytes() }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{GENESIS, batch};
    use super::*;

    #[test]
    fn a_follower_reads_on_from_its_head_and_learns_that_its_log_differs() {
        let mut log = Model::new(GENESIS.parse().unwrap());
        let term = log.lead("n1");
        let one = batch(GENESIS, 1);
        let two = batch(&one.after.to_string(), 2);
        for each in [&one, &two] {
            assert_eq!(log.append(term, each), Append::Stored);
        }
        let follow = |log: &mut Model, from: &Head| log.follow(from, Duration::ZERO).unwrap();
        assert_eq!(follow(&mut log, &one.after), Followed::Batches(vec![two.clone()]));
        assert_eq!(follow(&mut log, &two.after), Followed::Batches(Vec::new()));
        let other = batch(GENESIS, 9).after;
        assert_eq!(follow(&mut log, &other), Followed::Diverged { head: two.after.clone() });
        log.trim(1).unwrap();
        assert_eq!(follow(&mut log, &one.before), Followed::Trimmed { start: one.after.clone() });
        assert_eq!(follow(&mut log, &one.after), Followed::Batches(vec![two]));
    }
}

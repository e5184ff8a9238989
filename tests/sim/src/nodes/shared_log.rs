//! The shared log of a simulated cluster: the model of `cluster`, behind a network that loses requests and
//! answers, and delays requests.
//!
//! A request takes effect at once, or late, or never. The times until it arrives and until its answer arrives
//! are in the schedule of the world.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cluster::{Append, Followed, Head, Model, Node, SharedBatch, SharedLog, Standing, TakeOver, Unavailable};
use testkit::Rng;

use super::name_of;

/// Maximum delay of a request that arrives late: the node has given up waiting, and others may have taken
/// over.
const LATE_MS_MAX: u64 = 4_000;

/// A rule of the shared log that a test breaks on purpose, to see the checkers fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breakage {
    /// The log stores the appends of a deposed leader.
    TermIsNotCompared,
    /// The log acknowledges some appends and does not store them.
    StoredIsLost,
    /// A node publishes the events of a batch when it receives the batch.
    PublishedEarly,
    /// A node lags behind, and answers `sync.heads` although it lacks records that the client knows.
    SinceIsIgnored,
}

/// The faults of the requests to the shared log, per mille.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LogRates {
    pub(crate) request_loss: u64,
    pub(crate) answer_loss: u64,
    pub(crate) late: u64,
}

/// A batch of the shared log, and the nodes that led and wrote when it was stored.
#[derive(Clone)]
pub(crate) struct StoredBatch {
    pub(crate) batch: SharedBatch,
    pub(crate) leader: String,
    pub(crate) writer: String,
}

/// The shared log of all nodes. Clones share one log.
#[derive(Clone)]
pub(crate) struct SimLog(Arc<Mutex<State>>);

struct State {
    model: Model,
    rng: Rng,
    now_ms: u64,
    rates: LogRates,
    /// No request of a node arrives before this time.
    cut_until_ms: Vec<u64>,
    /// The requests that arrive late, with their times.
    late: Vec<(u64, usize, Late)>,
    stored: Vec<StoredBatch>,
    breakage: Option<Breakage>,
    /// The number of batches that the log keeps.
    window: Option<u64>,
    faults: u64,
}

enum Late {
    Append { term: u64, batch: SharedBatch },
    TakeOver { seen: u64 },
}

/// The fate of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Answered,
    /// The request has no effect.
    Lost,
    /// The request takes effect, and has no answer.
    AnswerLost,
    /// The request takes effect later, and has no answer.
    Late,
}

impl SimLog {
    pub(crate) fn new(start: Head, nodes: usize, rng: Rng, breakage: Option<Breakage>) -> Self {
        Self(Arc::new(Mutex::new(State {
            model: Model::new(start),
            rng,
            now_ms: 0,
            rates: LogRates::default(),
            cut_until_ms: vec![0; nodes],
            late: Vec::new(),
            stored: Vec::new(),
            breakage,
            window: None,
            faults: 0,
        })))
    }

    /// The connection of a node to the log.
    pub(crate) fn connection(&self, node: usize) -> LogConnection {
        LogConnection { log: self.clone(), node }
    }

    pub(crate) fn set_rates(&self, rates: LogRates) {
        self.state().rates = rates;
    }

    /// Keeps only this number of batches. The writer of a batch has all earlier batches on its disk.
    pub(crate) fn set_window(&self, window: Option<u64>) {
        self.state().window = window;
    }

    /// Loses all requests of a node until this time.
    pub(crate) fn cut(&self, node: usize, until_ms: u64) {
        self.state().cut_until_ms[node] = until_ms;
    }

    /// Moves the time forward. The late requests that are due take effect.
    pub(crate) fn advance(&self, now_ms: u64) {
        let mut state = self.state();
        state.now_ms = now_ms;
        state.settle();
    }

    /// The stored batches after the first `from` batches.
    pub(crate) fn stored_after(&self, from: usize) -> Vec<StoredBatch> {
        self.state().stored[from..].to_vec()
    }

    /// The number of requests that were lost, delayed, or not answered.
    pub(crate) fn faults(&self) -> u64 {
        self.state().faults
    }

    pub(crate) fn breakage(&self) -> Option<Breakage> {
        self.state().breakage
    }

    pub(crate) fn standing(&self) -> Standing {
        self.state().model.standing().expect("the model answers")
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn settle(&mut self) {
        while let Some(next) = (0..self.late.len()).min_by_key(|index| self.late[*index].0)
            && self.late[next].0 <= self.now_ms
        {
            let (_, node, request) = self.late.remove(next);
            match request {
                Late::Append { term, batch } => drop(self.append(node, term, &batch)),
                Late::TakeOver { seen } => drop(self.model.take_over(seen, &name_of(node))),
            }
        }
    }

    /// Draws the fate of a request.
    fn fate(&mut self, node: usize) -> Fate {
        let LogRates { request_loss, answer_loss, late } = self.rates;
        let is_cut = self.cut_until_ms[node] > self.now_ms;
        let roll = self.rng.below(1_000);
        let fate = if is_cut || roll < request_loss {
            Fate::Lost
        } else if roll < request_loss + answer_loss {
            Fate::AnswerLost
        } else if roll < request_loss + answer_loss + late {
            Fate::Late
        } else {
            Fate::Answered
        };
        self.faults += u64::from(fate != Fate::Answered);
        fate
    }

    fn delay(&mut self, node: usize, request: Late) {
        let at_ms = self.now_ms + self.rng.between(1, LATE_MS_MAX);
        self.late.push((at_ms, node, request));
    }

    fn append(&mut self, node: usize, term: u64, batch: &SharedBatch) -> Append {
        let standing = self.model.standing().expect("the model answers");
        if self.breakage == Some(Breakage::StoredIsLost) && standing.term == term && self.rng.per_mille(20) {
            return Append::Stored;
        }
        let is_fenced = self.breakage != Some(Breakage::TermIsNotCompared);
        let term = if is_fenced { term } else { standing.term };
        let outcome = self.model.append(term, batch);
        if outcome == Append::Stored {
            let (leader, writer) = (standing.leader, name_of(node));
            self.stored.push(StoredBatch { batch: batch.clone(), leader, writer });
            if let Some(window) = self.window {
                self.model.trim(window).expect("the model answers");
            }
        }
        outcome
    }

    /// Sends a request that only reads.
    fn read<T>(
        &mut self,
        node: usize,
        read: impl FnOnce(&mut Model) -> Result<T, Unavailable>,
    ) -> Result<T, Unavailable> {
        match self.fate(node) {
            Fate::Answered => read(&mut self.model),
            Fate::Lost | Fate::AnswerLost | Fate::Late => Err(no_answer()),
        }
    }
}

fn no_answer() -> Unavailable {
    Unavailable("the simulated log does not answer".to_owned())
}

/// The connection of one node to the shared log.
#[derive(Clone)]
pub(crate) struct LogConnection {
    log: SimLog,
    node: usize,
}

impl SharedLog for LogConnection {
    fn append(&mut self, term: u64, batch: &SharedBatch) -> Append {
        let mut state = self.log.state();
        match state.fate(self.node) {
            Fate::Answered => state.append(self.node, term, batch),
            Fate::Lost => Append::Unknown,
            Fate::AnswerLost => {
                state.append(self.node, term, batch);
                Append::Unknown
            }
            Fate::Late => {
                state.delay(self.node, Late::Append { term, batch: batch.clone() });
                Append::Unknown
            }
        }
    }

    fn standing(&mut self) -> Result<Standing, Unavailable> {
        self.log.state().read(self.node, SharedLog::standing)
    }

    fn follow(&mut self, from: &Head, wait: Duration) -> Result<Followed, Unavailable> {
        self.log.state().read(self.node, |model| model.follow(from, wait))
    }

    fn take_over(&mut self, seen: u64, name: &str) -> Result<TakeOver, Unavailable> {
        let mut state = self.log.state();
        match state.fate(self.node) {
            Fate::Answered => state.model.take_over(seen, name),
            Fate::Lost => Err(no_answer()),
            Fate::AnswerLost => {
                state.model.take_over(seen, name)?;
                Err(no_answer())
            }
            Fate::Late => {
                state.delay(self.node, Late::TakeOver { seen });
                Err(no_answer())
            }
        }
    }

    fn trim(&mut self, batches: u64) -> Result<(), Unavailable> {
        self.log.state().read(self.node, |model| model.trim(batches))
    }

    fn register(&mut self, node: &Node) -> Result<(), Unavailable> {
        self.log.state().read(self.node, |model| model.register(node))
    }
}

//! A simulated node as a member of its cluster: the real membership and the real reader of the shared log, on
//! simulated connections.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cluster::{Head, Node, SharedLog as _, Unavailable};
use server::engine::membership::Membership;
use server::replication::follower::{Command, LogReader, Next, Reading, Report};
use server::storage::commit_log::{CommitMode, SharedCommits};

use super::link::{Mail, SharedMail, SimLink, open};
use super::name_of;
use super::shared_log::LogConnection;

/// The monotonic clocks of two nodes differ by this time.
const CLOCK_DIFFERENCE_MS: u64 = 10_000_000;

/// The number of attempts to register at startup, as in the server.
const REGISTER_ATTEMPTS: usize = 6;

/// The membership of one node. It keeps its clock and its connection while the node is down.
pub(crate) struct Member {
    node: usize,
    connection: LogConnection,
    clock_ms: Arc<AtomicU64>,
    term: Arc<AtomicU64>,
    /// The number of startups. A message or an answer for an earlier startup is dropped.
    pub(crate) starts: u64,
    /// `None` while the node is down.
    pub(crate) running: Option<Running>,
}

pub(crate) struct Running {
    pub(crate) membership: Membership<SimLink>,
    pub(crate) mail: SharedMail,
    /// The last durable record whose chain was compared with the shared log.
    pub(crate) checked_record: u64,
    reading: Reading,
    queues: Arc<Queues>,
}

/// The commands and reports between the membership and the reader.
#[derive(Default)]
struct Queues {
    commands: Mutex<VecDeque<Command>>,
    /// The reports whose answers have not arrived at the node.
    in_transit: Mutex<VecDeque<Report>>,
    reports: Mutex<VecDeque<Report>>,
}

fn lock<T>(queue: &Mutex<T>) -> MutexGuard<'_, T> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

struct SimReader(Arc<Queues>);

impl LogReader for SimReader {
    fn send(&self, command: Command) {
        lock(&self.0.commands).push_back(command);
    }

    fn poll(&self) -> Option<Report> {
        lock(&self.0.reports).pop_front()
    }
}

impl Member {
    pub(crate) fn new(node: usize, connection: LogConnection) -> Self {
        let (clock_ms, term) = (Arc::default(), Arc::default());
        Self { node, connection, clock_ms, term, starts: 0, running: None }
    }

    /// Sets the monotonic clock of the node. Returns its time.
    pub(crate) fn set_time(&self, now_ms: u64) -> u64 {
        let now_ms = now_ms + (self.node as u64 + 1) * CLOCK_DIFFERENCE_MS;
        self.clock_ms.store(now_ms, Ordering::Relaxed);
        now_ms
    }

    /// The commit mode of a starting node, which does not lead.
    pub(crate) fn commits(&self) -> CommitMode {
        self.term.store(0, Ordering::Relaxed);
        let (connection, clock_ms) = (self.connection.clone(), Arc::clone(&self.clock_ms));
        let open = Arc::new(move || Ok(Box::new(connection.clone()) as Box<dyn cluster::SharedLog>));
        let now = Arc::new(move || Duration::from_millis(clock_ms.load(Ordering::Relaxed)));
        CommitMode::SharedWhenPolled(SharedCommits { open, term: Arc::clone(&self.term) }, now)
    }

    /// Registers the node, and starts to follow the shared log after `head`.
    pub(crate) fn start(&mut self, head: Head, now_ms: u64) -> Result<(), Unavailable> {
        let name = name_of(self.node);
        let node =
            Node { name: name.clone(), link: format!("link {name}"), clients: format!("clients {name}") };
        let mut log = self.connection.clone();
        let mut attempts = (0..REGISTER_ATTEMPTS).map(|_| log.register(&node));
        attempts.find(Result::is_ok).unwrap_or_else(|| Err(Unavailable("not registered".to_owned())))?;
        let standing = log.standing()?;
        let (queues, mail) = (Arc::<Queues>::default(), Arc::<Mutex<Mail>>::default());
        let sink = Arc::clone(&queues);
        let report = Box::new(move |report| {
            lock(&sink.in_transit).push_back(report);
            true
        });
        let reading = Reading::new(Box::new(log), name.clone(), report);
        let link = SimLink { name, mail: Arc::clone(&mail), peers: Vec::new() };
        let reader = Box::new(SimReader(Arc::clone(&queues)));
        let asked_ms = self.set_time(now_ms);
        let membership = Membership::new(link, reader, Arc::clone(&self.term), standing, head, asked_ms);
        self.starts += 1;
        self.running = Some(Running { membership, mail, checked_record: 0, reading, queues });
        Ok(())
    }

    pub(crate) fn kill(&mut self) {
        self.running = None;
    }

    /// Whether a client that connects receives an answer.
    pub(crate) fn serves(&self, now_ms: u64) -> bool {
        let now_ms = now_ms + (self.node as u64 + 1) * CLOCK_DIFFERENCE_MS;
        let membership = self.running.as_ref().map(|running| &running.membership);
        membership.is_some_and(|membership| membership.has_started() && !membership.refuses_all(now_ms))
    }

    pub(crate) fn membership(&mut self) -> Option<&mut Membership<SimLink>> {
        self.running.as_mut().map(|running| &mut running.membership)
    }

    pub(crate) fn leads(&self) -> bool {
        self.running.as_ref().is_some_and(|running| running.membership.leads())
    }
}

impl Running {
    /// The requests of the reader arrive at the shared log. The node sent them at `asked_ms` of its clock.
    /// Returns the time until the next requests.
    pub(crate) fn ask(&mut self, asked_ms: u64) -> Duration {
        let commands = std::mem::take(&mut *lock(&self.queues.commands));
        for command in commands {
            self.reading.obey(command);
        }
        match self.reading.step(asked_ms) {
            Next::Wait(wait) => wait,
            Next::Step | Next::End => Duration::ZERO,
        }
    }

    /// The answers of the shared log arrive at the node.
    pub(crate) fn answered(&self) {
        lock(&self.queues.reports).append(&mut lock(&self.queues.in_transit));
    }

    /// The lines of the batches that have not arrived at the node.
    pub(crate) fn lines_in_transit(&self) -> String {
        let in_transit = lock(&self.queues.in_transit);
        let batches = in_transit.iter().filter_map(|report| match report {
            Report::Batches(batches) => Some(batches),
            Report::Standing { .. }
            | Report::TakeOver(_)
            | Report::Trimmed { .. }
            | Report::Diverged { .. } => None,
        });
        batches.flatten().map(|batch| String::from_utf8_lossy(&batch.bytes)).collect()
    }

    /// Whether the node has taken all reports. Otherwise, the reader waits.
    pub(crate) fn has_taken_reports(&self) -> bool {
        lock(&self.queues.reports).is_empty()
    }

    pub(crate) fn take_outgoing(&self) -> Vec<(String, super::link::Message)> {
        std::mem::take(&mut open(&self.mail).outgoing)
    }
}

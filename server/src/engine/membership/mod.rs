//! Drives a node in a cluster: passes messages of the other nodes and batches of the shared log to the
//! engine, and requests and heartbeats to the other nodes. No call blocks, and no call reads a clock: times
//! are arguments.

mod health;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cluster::{Head, SharedBatch, Standing, TakeOver};
use tracing::{info, warn};
use transport::clock;
use transport::poll::Watch;
use transport::wake::Waker;

use super::Engine;
use super::catching_up::CatchingUp;
use super::cluster_config::{ClusterConfig, ClusterError, register};
use super::contents::{Contents, View};
use crate::outbound::pending_request::{Origin, PendingRequest};
use crate::replication::Differs;
use crate::replication::applied::{Applied, is_revocation};
use crate::replication::election::{Election, HEARTBEAT_MS, Phase};
use crate::replication::follower::{Command, Follower, LogReader, Report};
use crate::replication::forwarding::Mode;
use crate::replication::link::{Header, Link, NodeLink};

/// The maximum number of messages of other nodes in one round.
const MESSAGES_PER_ROUND: usize = 128;

/// The maximum time between two steps, in milliseconds.
pub(super) const STEP_MS: u64 = 50;

/// A node in its cluster. `L` is the link to the other nodes.
pub struct Membership<L = Link> {
    election: Election,
    follower: Box<dyn LogReader>,
    link: L,
    /// The term in which the commit log appends; 0 while the node does not lead.
    term: Arc<AtomicU64>,
    batches: VecDeque<SharedBatch>,
    /// Whether the shared log has a newer term, so the node must step down.
    is_deposed: bool,
    /// Whether the disk failed, so the node must read the shared log again from its head.
    had_failure: bool,
    /// Whether the node was up to date once. Before, it receives no requests.
    has_started: bool,
    heartbeat_ms: u64,
    contents: Contents,
    catching_up: CatchingUp,
    applied: Applied,
}

impl Membership<Link> {
    /// Registers the node, and starts to follow the shared log after `head`.
    pub(super) fn start(
        config: &ClusterConfig,
        link: Link,
        term: Arc<AtomicU64>,
        head: Head,
        waker: Waker,
    ) -> Result<Self, ClusterError> {
        let mut log = (config.log)()?;
        let asked_ms = clock::monotonic_ms();
        let standing = register(&mut *log, config, &link)?;
        let follower = Follower::start(log, config.node.clone(), move || waker.wake())?;
        Ok(Self::new(link, Box::new(follower), term, standing, head, asked_ms))
    }

    pub(super) fn watch(&self) -> Watch<'_> {
        Watch::Readable(self.link.socket())
    }

    pub(super) fn link(&self) -> &str {
        self.link.endpoint()
    }
}

impl<L: NodeLink> Membership<L> {
    /// Starts to follow the shared log after `head`. `standing` is an answer of the shared log to a question
    /// at `asked_ms`.
    #[must_use]
    pub fn new(
        link: L,
        follower: Box<dyn LogReader>,
        term: Arc<AtomicU64>,
        standing: Standing,
        head: Head,
        asked_ms: u64,
    ) -> Self {
        let name = link.name().to_owned();
        let mut election = Election::new(name.clone(), asked_ms);
        election.answered(asked_ms, standing, asked_ms);
        follower.send(Command::Follow(head));
        Self {
            election,
            follower,
            link,
            term,
            batches: VecDeque::new(),
            is_deposed: false,
            had_failure: false,
            has_started: false,
            heartbeat_ms: 0,
            contents: Contents::new(&name),
            catching_up: CatchingUp::default(),
            applied: Applied::default(),
        }
    }

    /// Delays the reply to a revocation until every live node has applied it. Returns the reply if it can be
    /// sent now.
    pub fn delay(&mut self, reply: PendingRequest, now_ms: u64) -> Option<PendingRequest> {
        if !self.leads() || !is_revocation(&reply) {
            return Some(reply);
        }
        let reply = self.applied.wait(reply, now_ms);
        if reply.is_none() {
            // The next step asks the other nodes how far they are.
            self.heartbeat_ms = 0;
        }
        reply
    }

    /// The next delayed reply that can be sent.
    pub fn next_delayed(&mut self, now_ms: u64) -> Option<PendingRequest> {
        self.applied.next_reply(now_ms)
    }

    /// Sends a reply to the node that forwarded the request.
    pub fn reply(&self, origin: &Origin, request: PendingRequest) {
        let header = Header::Reply { ticket: origin.ticket, position: request.position };
        if !self.link.send(&origin.node, &header, request.into_reply_body()) {
            warn!(node = origin.node, "cannot send a reply to a node of the cluster");
        }
    }

    /// Sends the notices of presence and typing to the other nodes. Only the leader makes them.
    pub fn share_notices(&self, engine: &Engine) {
        if self.leads() {
            for notice in engine.outbound.notices() {
                self.link.broadcast(&Header::Notice {}, &[notice.topic.as_bytes(), &notice.lines]);
            }
        }
    }

    /// Does the work of one round. `now_ms` is a monotonic time, `unix_ms` the time for requests.
    pub fn step(&mut self, engine: &mut Engine, now_ms: u64, unix_ms: u64) -> Result<(), ClusterError> {
        self.receive_messages(engine, now_ms, unix_ms)?;
        self.receive_reports(engine, now_ms)?;
        self.step_down_if_deposed(engine, now_ms)?;
        self.catch_up(engine, now_ms);
        self.apply_batches(engine, unix_ms)?;
        self.election.stored(engine.ledger().durable());
        self.lead_if_complete(engine, now_ms, unix_ms)?;
        self.select_mode(engine, now_ms, unix_ms);
        if !self.had_failure
            && !self.catching_up.is_behind()
            && let Some(seen) = self.election.suspects(now_ms)
        {
            info!(term = seen, "the leader of the cluster is silent: taking over");
            self.election.phase = Phase::Candidate;
            self.follower.send(Command::TakeOver { seen });
        }
        self.send_heartbeat(now_ms);
        self.forward(engine);
        self.contents.step(engine, &self.link, &View::of(&self.election, &self.applied, now_ms, unix_ms));
        for expired in engine.forwarding.take_expired(now_ms) {
            engine.outbound.reply(engine.ledger.position(), expired);
        }
        Ok(())
    }

    fn receive_messages(
        &mut self,
        engine: &mut Engine,
        now_ms: u64,
        unix_ms: u64,
    ) -> Result<(), ClusterError> {
        let mut frames = Vec::new();
        for _ in 0..MESSAGES_PER_ROUND {
            if self.leads() && !engine.accepts_requests() {
                return Ok(());
            }
            let Some(header) = self.link.receive(&mut frames)? else { return Ok(()) };
            match header {
                Header::Hello { from } => self.link.greeted_by(&from),
                Header::Heartbeat { from, term, lacks_answer } => {
                    self.is_deposed |= self.election.heard(term, &from, !lacks_answer, now_ms);
                    let name = self.election.name().to_owned();
                    let applied = Header::Applied { from: name, record: engine.ledger().durable() };
                    // The leader asks again with its next heartbeat.
                    let _sent = self.link.send(&from, &applied, []);
                }
                Header::Applied { from, record } => self.applied.heard(from, record, now_ms),
                Header::Forward { from, term, ticket } => {
                    if self.election.phase == (Phase::Leading { term }) {
                        engine.accept_forwarded(Origin { node: from, ticket }, &mut frames, unix_ms);
                    }
                }
                Header::Reply { ticket, position } => {
                    let mut body = frames.drain(..).map(|frame| frame.to_vec());
                    let (reply, attached) = (body.next().unwrap_or_default(), body.next());
                    engine.forwarding.answer(ticket, position, reply, attached);
                }
                Header::Notice {} => engine.publish_notice(&frames),
                header @ (Header::Fetch { .. }
                | Header::Part { .. }
                | Header::Keep { .. }
                | Header::Kept { .. }) => {
                    let view = View::of(&self.election, &self.applied, now_ms, unix_ms);
                    self.contents.receive(engine, header, &mut frames, &view);
                }
                header @ (Header::Lacking { .. } | Header::Holding { .. }) => {
                    self.batches
                        .extend(self.catching_up.receive(engine, &self.link, header, &frames, now_ms)?);
                }
            }
        }
        Ok(())
    }

    fn receive_reports(&mut self, engine: &mut Engine, now_ms: u64) -> Result<(), ClusterError> {
        while self.batches.is_empty() {
            let Some(report) = self.follower.poll() else { return Ok(()) };
            match report {
                Report::Standing { asked_ms, standing } => {
                    self.link.connect(&standing.nodes);
                    self.applied.retain(|name| standing.nodes.iter().any(|node| node.name == name));
                    self.is_deposed |= self.election.answered(asked_ms, standing, now_ms);
                    engine.nodes = self.clients();
                }
                Report::Batches(batches) => self.batches.extend(batches),
                Report::TakeOver(Ok(TakeOver::Won { term, head })) => {
                    self.election.won(term, head, now_ms);
                }
                Report::TakeOver(Ok(TakeOver::Lost)) => self.election.follow(now_ms),
                Report::TakeOver(Err(error)) => self.election.failed(error.is_full(), now_ms),
                Report::Trimmed { from, start } => self.catching_up.begin(self.election.name(), from, start),
                Report::Diverged { from } => return Err(ClusterError::Diverged(from)),
            }
        }
        Ok(())
    }

    /// Follows after the shared log has refused a batch, after another node has taken over, or after the disk
    /// has failed.
    fn step_down_if_deposed(&mut self, engine: &mut Engine, now_ms: u64) -> Result<(), ClusterError> {
        let leads = matches!(self.election.phase, Phase::Leading { .. });
        let has_failed = engine.ledger().failure().is_some();
        if leads && (self.is_deposed || has_failed) {
            self.term.store(0, Ordering::Release);
            if engine.ledger().is_idle() && engine.ledger().leads() {
                engine.step_down()?;
            }
        }
        let was_taken_back = leads && !engine.ledger().leads();
        if was_taken_back || (self.had_failure && !has_failed) {
            self.term.store(0, Ordering::Release);
            self.follow_again(engine);
        }
        if was_taken_back || (self.is_deposed && matches!(self.election.phase, Phase::Won { .. })) {
            self.election.follow(now_ms);
        }
        if !matches!(self.election.phase, Phase::Leading { .. }) {
            self.is_deposed = false;
        }
        self.had_failure = has_failed;
        Ok(())
    }

    /// Follows the shared log from the end of the log on the disk.
    fn follow_again(&mut self, engine: &Engine) {
        self.batches.clear();
        self.catching_up.stop();
        self.follower.send(Command::Follow(engine.ledger().head()));
    }

    /// Receives the batches that the shared log no longer keeps from another node, and then follows again.
    fn catch_up(&mut self, engine: &Engine, now_ms: u64) {
        let may_ask = self.batches.is_empty() && engine.accepts_batches();
        if let Some(end) = self.catching_up.step(&self.link, &self.election, may_ask, now_ms) {
            self.follower.send(Command::Follow(end));
        }
    }

    /// Applies the received batches. Skips batches that the log has already, which the thread reports after a
    /// change of the leader.
    fn apply_batches(&mut self, engine: &mut Engine, unix_ms: u64) -> Result<(), ClusterError> {
        if matches!(self.election.phase, Phase::Leading { .. }) {
            self.batches.clear();
        }
        while engine.accepts_batches()
            && let Some(batch) = self.batches.pop_front()
        {
            let position = engine.ledger().position();
            if batch.before.record > position {
                self.follow_again(engine);
            } else if batch.before.record == position {
                engine.receive_batch(&batch, unix_ms)?;
            }
        }
        engine.flush();
        Ok(())
    }

    fn lead_if_complete(
        &mut self,
        engine: &mut Engine,
        now_ms: u64,
        unix_ms: u64,
    ) -> Result<(), ClusterError> {
        let own = engine.ledger().head();
        if !engine.ledger().is_quiet() {
            return Ok(());
        }
        let term = self.election.term_to_lead(&own, now_ms);
        let Some(term) = term.map_err(|Differs(head)| ClusterError::Diverged(head))? else { return Ok(()) };
        info!(term, record = own.record, "this node leads its cluster");
        self.term.store(term, Ordering::Release);
        self.follower.send(Command::Pause);
        self.election.phase = Phase::Leading { term };
        self.heartbeat_ms = now_ms;
        engine.lead(unix_ms);
        Ok(())
    }

    fn select_mode(&mut self, engine: &mut Engine, now_ms: u64, unix_ms: u64) {
        let refuses_all = self.refuses_all(now_ms);
        self.has_started |= !refuses_all;
        let mode = match self.election.phase {
            _ if refuses_all => Mode::CutOff,
            Phase::Leading { .. } => Mode::AnswersAll,
            Phase::Following | Phase::Candidate if self.election.is_full() => Mode::RefusesWrites,
            Phase::Following | Phase::Candidate | Phase::Won { .. } => Mode::Follows,
        };
        if mode != engine.forwarding.mode {
            info!(?mode, "the node changes how it answers requests");
            match mode {
                Mode::RefusesWrites | Mode::CutOff => engine.refuse(mode, unix_ms),
                Mode::AnswersAll | Mode::Follows => engine.forwarding.mode = mode,
            }
        }
    }

    fn send_heartbeat(&mut self, now_ms: u64) {
        if let Phase::Leading { term } = self.election.phase
            && !self.is_deposed
            && now_ms >= self.heartbeat_ms
        {
            let interval_ms = if self.applied.is_waiting() { STEP_MS } else { HEARTBEAT_MS };
            self.heartbeat_ms = now_ms + interval_ms;
            let (from, lacks_answer) = (self.election.name().to_owned(), !self.election.has_answer(now_ms));
            self.link.broadcast(&Header::Heartbeat { from, term, lacks_answer }, &[]);
        }
    }

    /// Sends the waiting requests to the leader.
    fn forward(&mut self, engine: &mut Engine) {
        if let Some((term, leader)) = self.election.leader_for_requests() {
            let link = &self.link;
            engine.forwarding.send(term, |ticket, request| {
                let header = Header::Forward { from: self.election.name().to_owned(), term, ticket };
                link.send(leader, &header, request.to_forward())
            });
        }
    }
}

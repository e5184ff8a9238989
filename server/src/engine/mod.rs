//! The engine: the server without its sockets. Request frames go in; replies and events come out once their
//! records are durable.
//!
//! Its driver calls it step by step, and no step blocks: [`crate::Server`] drives it with real sockets, and a
//! simulation drives it with a simulated network.

pub mod event_loop;

use std::collections::HashMap;

use common::limits::REPLY_BYTES_MAX;
use common::presence::State;
use common::{Detail, rpc};
use transport::Frame;

use crate::domain::Command;
use crate::handlers::known_tokens::KnownTokens;
use crate::handlers::{Attached, RequestContext};
use crate::outbound::ephemeral::publish_presence;
use crate::outbound::pending_request::{PendingRequest, refuse};
use crate::outbound::{OutboundQueue, Publication, fan_out};
use crate::services::files::Files;
use crate::services::jobs::{Job, Jobs, Kind, NO_TICKET, Outcome};
use crate::services::limiters::rates::Rate;
use crate::services::limiters::{Guesses, Rates, Typing};
use crate::services::presence::{Changed, Presence};
use crate::services::registration::Registration;
use crate::services::search::Search;
use crate::services::tokens::TokenIssuer;
use crate::storage::ledger::{DiskFailure, Ledger, LedgerError};

pub trait Outlet {
    /// A failure of the sockets themselves, not of a peer.
    type Error;
    /// Sends the reply of an answered request. A client that does not receive it sends the request again.
    fn reply(&mut self, request: PendingRequest) -> Result<(), Self::Error>;
    /// Sends event lines of one topic.
    fn publish(&mut self, publication: Publication) -> Result<(), Self::Error>;
}

/// The ledger, the services, and the requests in progress.
pub struct Engine {
    ledger: Ledger,
    outbound: OutboundQueue,
    tokens: TokenIssuer,
    jobs: Jobs,
    files: Files,
    known_tokens: KnownTokens,
    guesses: Guesses,
    rates: Rates,
    search: Option<Search>,
    presence: Presence,
    typing: Typing,
    registration: Registration,
    /// Requests that wait for a job, by ticket.
    waiting_for_job: HashMap<u64, PendingRequest>,
    next_ticket: u64,
    /// Requests to answer again: their replies were discarded because the log could not be written.
    retry_queue: Vec<PendingRequest>,
    /// The endpoint at which clients subscribe to events.
    events_endpoint: String,
    pub counters: Counters,
}

/// Counters since the start; they only grow.
#[derive(Debug, Default, Clone, Copy)]
pub struct Counters {
    pub frames: u64,
    /// Request lines answered.
    pub requests: u64,
    /// Messages that were not requests.
    pub malformed: u64,
}

impl Engine {
    /// Creates the engine. Clients subscribe to events at `events_endpoint`.
    #[must_use]
    pub fn new(
        ledger: Ledger,
        tokens: TokenIssuer,
        jobs: Jobs,
        files: Files,
        rate: Rate,
        events_endpoint: String,
    ) -> Self {
        Self {
            ledger,
            outbound: OutboundQueue::default(),
            tokens,
            jobs,
            files,
            known_tokens: KnownTokens::default(),
            guesses: Guesses::default(),
            rates: Rates::new(rate),
            search: None,
            presence: Presence::default(),
            typing: Typing::default(),
            registration: Registration::OPEN,
            waiting_for_job: HashMap::new(),
            next_ticket: 0,
            retry_queue: Vec::new(),
            events_endpoint,
            counters: Counters::default(),
        }
    }

    /// Adds the search index. Without it, `message.search` fails.
    #[must_use]
    pub fn with_search(self, search: Search) -> Self {
        search.durable(self.ledger.durable());
        Self { search: Some(search), ..self }
    }

    /// Sets who may register. Without it, everybody may.
    #[must_use]
    pub fn with_registration(self, registration: Registration) -> Self {
        Self { registration, ..self }
    }

    #[must_use]
    pub fn registration(&self) -> &Registration {
        &self.registration
    }

    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    #[must_use]
    pub fn outbound(&self) -> &OutboundQueue {
        &self.outbound
    }

    /// The number of jobs of a kind that are not done.
    #[must_use]
    pub fn jobs_waiting(&self, kind: Kind) -> usize {
        self.jobs.waiting(kind)
    }

    /// Returns false while too many records or replies wait for the disk, or while a snapshot is due. The
    /// driver must then pass no more requests.
    #[must_use]
    pub fn accepts_requests(&self) -> bool {
        !self.ledger.is_full() && !self.outbound.is_full() && !self.ledger.wants_snapshot()
    }

    /// Whether all accepted requests are answered, their records durable, and their replies and events sent.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        let is_answered = self.waiting_for_job.is_empty() && self.retry_queue.is_empty();
        is_answered && self.ledger.is_quiet() && self.outbound.is_empty()
    }

    /// Answers one message: an envelope and a frame of request lines.
    pub fn accept(&mut self, frames: &mut Vec<Frame>, now_ms: u64) {
        self.counters.frames += 1;
        match PendingRequest::new(frames) {
            Some(pending) => self.process(pending, None, now_ms),
            None => self.counters.malformed += 1,
        }
    }

    /// Continues the requests whose replies were discarded, and the requests whose jobs are done.
    pub fn resume_pending(&mut self, now_ms: u64) {
        for pending in std::mem::take(&mut self.retry_queue) {
            self.process(pending, None, now_ms);
        }
        while let Some((ticket, outcome)) = self.jobs.poll() {
            if let Some(pending) = self.waiting_for_job.remove(&ticket) {
                self.process(pending, Some(outcome), now_ms);
            }
        }
    }

    /// Does the work that is due at this time: marks users without heartbeats as offline, publishes changes
    /// of presence, and removes files that are no longer needed.
    pub fn tick(&mut self, now_ms: u64) {
        let Self { ledger, files, jobs, .. } = self;
        files.clean_up(ledger, now_ms, &mut |kind, work| jobs.submit(NO_TICKET, Job::file(kind, work)));
        let changed = self.presence.poll(now_ms);
        self.record_last_seen(&changed, now_ms);
        if !changed.is_empty() {
            let changes: Vec<_> = changed.into_iter().map(|changed| changed.change).collect();
            let topic = self.ledger.state().presence_topic().into();
            publish_presence(&mut self.outbound, &topic, &changes, now_ms);
        }
    }

    /// The time at which [`tick`](Self::tick) has work next, in Unix milliseconds.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        [self.presence.deadline(), Some(self.files.deadline())].into_iter().flatten().min()
    }

    /// Records the time at which the present users were last seen, before a shutdown. Publishes no change,
    /// because the users are present again after the next start.
    pub fn record_present_users(&mut self, now_ms: u64) {
        let present = self.presence.end();
        self.record_last_seen(&present, now_ms);
    }

    fn record_last_seen(&mut self, changed: &[Changed], now_ms: u64) {
        for Changed { change, last_heartbeat_unix_ms } in changed {
            if change.state == State::Offline {
                let seen = Command::Seen { user: change.user.clone(), at: *last_heartbeat_unix_ms };
                // The ledger has already logged the failure.
                let _recorded_or_not = fan_out::record(&mut self.ledger, &mut self.outbound, seen, now_ms);
            }
        }
    }

    /// Submits the open batch, and writes the snapshots when they are due.
    pub fn flush(&mut self) {
        if self.ledger.wants_snapshot() && self.ledger.is_quiet() {
            self.ledger.snapshot();
        }
        if let Some(last_record) = self.ledger.flush() {
            self.outbound.close_batch(last_record);
        }
    }

    /// Sends the replies and events whose records are durable.
    ///
    /// # Errors
    ///
    /// [`SendError::Outlet`], or [`SendError::Ledger`] if the disk cannot be read. A failed write is not an
    /// error here: the waiting requests get it as their reply.
    pub fn send<O: Outlet>(&mut self, outlet: &mut O) -> Result<(), SendError<O::Error>> {
        let durable = match self.ledger.poll() {
            Ok(durable) => durable,
            Err(failure) => self.take_back(*failure).map_err(SendError::Ledger)?,
        };
        if let Some(search) = &self.search {
            search.durable(durable);
        }
        while let Some(request) = self.outbound.next_reply(durable) {
            outlet.reply(request).map_err(SendError::Outlet)?;
        }
        while let Some(publication) = self.outbound.next_publication(durable) {
            outlet.publish(publication).map_err(SendError::Outlet)?;
        }
        Ok(())
    }

    /// Closes the data folder so that the next start is fast.
    pub fn close(self) {
        self.ledger.close();
    }

    /// Answers the lines of a request. If a line needs a job, the request waits for its outcome.
    fn process(&mut self, mut pending: PendingRequest, mut outcome: Option<Outcome>, now_ms: u64) {
        while let Some(job) = self.answer_lines(&mut pending, outcome.take(), now_ms) {
            let kind = job.kind();
            if self.jobs.submit(self.next_ticket, job) {
                pending.save_progress(self.ledger.position());
                self.waiting_for_job.insert(self.next_ticket, pending);
                self.next_ticket += 1;
                return;
            }
            pending.refuse_next(&kind.refusal());
        }
        self.outbound.reply(self.ledger.position(), pending);
    }

    /// Answers lines until all are answered, or until one needs a job. Returns that job.
    fn answer_lines(
        &mut self,
        pending: &mut PendingRequest,
        mut outcome: Option<Outcome>,
        now_ms: u64,
    ) -> Option<Job> {
        let PendingRequest { route, request, bytes, answered, reply, attached, .. } = pending;
        let lines = match rpc::lines(request) {
            Ok(lines) => lines,
            Err(error) => {
                rpc::encode_error(reply, "null", &error);
                return None;
            }
        };
        let mut context = RequestContext {
            route,
            ledger: &mut self.ledger,
            outbound: &mut self.outbound,
            tokens: &self.tokens,
            known_tokens: &mut self.known_tokens,
            guesses: &mut self.guesses,
            rates: &mut self.rates,
            search: self.search.as_ref(),
            presence: &mut self.presence,
            typing: &mut self.typing,
            registration: &self.registration,
            events_endpoint: &self.events_endpoint,
            files: &mut self.files,
            attached: Attached { is_single_line: lines.clone().nth(1).is_none(), bytes, reply: attached },
            now_ms,
        };
        for line in lines.skip(*answered) {
            if reply.len() > REPLY_BYTES_MAX {
                refuse(line, &Detail::ReplyTooLong.into(), reply);
            } else if let Some(job) = context.answer(line, outcome.take(), reply) {
                return Some(job);
            }
            self.counters.requests += 1;
            *answered += 1;
        }
        None
    }

    /// Discards the replies to records that could not be written; none of them was sent. Their requests are
    /// answered again: reads from the state on the disk, and writes with the error.
    fn take_back(&mut self, failure: DiskFailure) -> Result<u64, LedgerError> {
        let DiskFailure { durable, answer, cause, is_taken_back } = failure;
        if !is_taken_back {
            return Err(cause);
        }
        self.files.take_back(durable);
        self.retry_queue.extend(self.outbound.take_back(durable));
        self.retry_queue.iter_mut().for_each(|pending| pending.take_back(durable));
        self.waiting_for_job.values_mut().for_each(|pending| pending.take_back_with_error(durable, &answer));
        Ok(durable)
    }
}

/// Why [`Engine::send`] failed.
#[derive(Debug)]
pub enum SendError<E> {
    Outlet(E),
    /// The disk cannot be read.
    Ledger(LedgerError),
}

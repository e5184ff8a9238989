//! The engine: the server without its sockets. Request frames go in; replies and events come out once their
//! records are durable.
//!
//! [`crate::Server`] drives the engine with real sockets, and the simulation with a simulated network. No
//! call blocks.

pub mod event_loop;
pub mod cluster_config;
mod cluster_node;
pub mod membership;
mod build;
mod catching_up;
mod contents;
mod deletions;
mod inbox;
mod metrics;
mod outlet;
mod rollback;
mod sockets;
mod turns;
mod upkeep;

use std::collections::HashMap;
use std::time::Duration;

use self::contents::Needs;
use self::deletions::Deletions;
use common::{Detail, limits::REPLY_BYTES_MAX, rpc};
use transport::Frame;

pub use self::outlet::{Outlet, SendError};
pub use self::turns::Stopwatch;
use self::turns::{Slice, Turns};
use crate::handlers::known_tokens::KnownTokens;
use crate::handlers::{Attached, RequestContext, Wait};
use crate::outbound::OutboundQueue;
use crate::outbound::pending_request::{PendingRequest, refuse};
use crate::replication::forwarding::Forwarding;
use crate::services::backups::Backups;
use crate::services::files::Files;
use crate::services::files::copies::Need;
use crate::services::jobs::{Job, Jobs, Kind, Outcome};
use crate::services::leases::Leases;
use crate::services::limiters::{Guesses, Rates, Typing};
use crate::services::presence::Presence;
use crate::services::pushes::Pushes;
use crate::services::registration::Registration;
use crate::services::request_metrics::{Outcome as RequestOutcome, RequestMetrics};
use crate::services::search::Search;
use crate::services::tokens::TokenIssuer;
use crate::storage::ledger::Ledger;

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
    leases: Leases,
    pushes: Pushes,
    backups: Backups,
    registration: Registration,
    deletions: Deletions,
    /// Requests that wait for a job or for other nodes of the cluster, by ticket.
    waiting_for_job: HashMap<u64, PendingRequest>,
    next_ticket: u64,
    /// The requests that wait for other nodes.
    needs: Needs,
    /// The requests that the leader of the cluster answers.
    forwarding: Forwarding,
    /// Requests that wait for a later turn, or must be answered again because the log could not be written.
    turns: Turns,
    stopwatch: Stopwatch,
    /// The time since server startup, for the durations of requests.
    elapsed: Duration,
    metrics: RequestMetrics,
    /// The endpoint at which clients subscribe to events.
    events_endpoint: String,
    /// The origin of the gateway, with which links begin.
    web_origin: Option<String>,
    /// The endpoints at which the nodes of the cluster receive requests.
    nodes: Vec<String>,
    pub counters: Counters,
}

/// Totals since the server started.
#[derive(Debug, Default, Clone, Copy)]
pub struct Counters {
    pub frames: u64,
    /// Request lines answered.
    pub requests: u64,
    /// Messages that were not requests.
    pub malformed: u64,
}

impl Engine {
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    #[must_use]
    pub fn registration(&self) -> &Registration {
        &self.registration
    }

    #[must_use]
    pub fn outbound(&self) -> &OutboundQueue {
        &self.outbound
    }

    /// The number of unfinished jobs of this kind.
    #[must_use]
    pub fn jobs_waiting(&self, kind: Kind) -> usize {
        self.jobs.waiting(kind)
    }

    /// The failure of the search, as a sentence for the operator.
    #[must_use]
    pub fn search_problem(&self) -> Option<String> {
        self.search.as_ref().and_then(Search::problem)
    }

    #[must_use]
    pub fn backups(&self) -> &Backups {
        &self.backups
    }

    /// Returns false while too many records or replies wait for the disk, or while a snapshot is due. The
    /// driver must then pass no more requests.
    #[must_use]
    pub fn accepts_requests(&self) -> bool {
        !self.ledger.is_full() && !self.outbound.is_full() && !self.ledger.wants_snapshot()
    }

    /// Whether [`resume_pending`](Self::resume_pending) can continue a frame now.
    #[must_use]
    pub fn has_unfinished_frames(&self) -> bool {
        !self.turns.is_empty() && self.accepts_requests()
    }

    /// Whether all accepted requests are answered, their records durable, and their replies and events sent.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        let is_answered = self.waiting_for_job.is_empty() && self.turns.is_empty();
        let is_answered = is_answered && self.forwarding.is_empty();
        is_answered && self.ledger.is_quiet() && self.outbound.is_empty()
    }

    /// Accepts one message: an envelope and a frame of request lines. Answers lines for at most a slice of
    /// time; the remaining lines wait for a later turn.
    pub fn accept(&mut self, frames: &mut Vec<Frame>, now_ms: u64) {
        self.counters.frames += 1;
        match PendingRequest::new(frames) {
            Some(pending) => self.accept_request(pending, now_ms),
            None => self.counters.malformed += 1,
        }
    }

    fn accept_request(&mut self, mut pending: PendingRequest, now_ms: u64) {
        pending.arrived = self.elapsed;
        let unfinished = if self.turns.is_waiting(&pending) {
            Some(pending)
        } else {
            let mut slice = Slice::for_frame(&pending, &self.stopwatch);
            self.process(pending, None, now_ms, &mut slice)
        };
        if let Some(mut refused) = unfinished.and_then(|unfinished| self.turns.push(unfinished)) {
            let lines = refused.refuse_rest(&turns::server_busy());
            self.metrics.count(None, RequestOutcome::Limited, lines);
            self.outbound.reply(self.ledger.position(), refused);
        }
    }

    /// Continues the requests whose jobs are done, and then, for the time of a turn, the requests that wait
    /// for one.
    pub fn resume_pending(&mut self, now_ms: u64) {
        while let Some((ticket, outcome)) = self.jobs.poll() {
            self.continue_request(ticket, outcome, now_ms);
        }
        self.continue_frames(now_ms);
    }

    /// Continues the request with this ticket, whose outcome has arrived.
    fn continue_request(&mut self, ticket: u64, outcome: Outcome, now_ms: u64) {
        if let Some(pending) = self.waiting_for_job.remove(&ticket) {
            let mut slice = Slice::for_frame(&pending, &self.stopwatch);
            if let Some(unfinished) = self.process(pending, Some(outcome), now_ms, &mut slice) {
                self.turns.push_front(unfinished);
            }
        }
    }

    /// Continues unfinished frames, client by client, until the turn has ended.
    fn continue_frames(&mut self, now_ms: u64) {
        let end = (self.stopwatch)() + turns::TURN;
        for _ in 0..self.turns.clients() {
            if !self.accepts_requests() || (self.stopwatch)() >= end {
                return;
            }
            let Some((client, mut frames)) = self.turns.next() else { return };
            let mut slice = Slice::begin(&self.stopwatch);
            while let Some(pending) = frames.pop_front() {
                if let Some(unfinished) = self.process(pending, None, now_ms, &mut slice) {
                    frames.push_front(unfinished);
                    break;
                }
            }
            self.turns.put_back(client, frames);
        }
    }

    /// Submits the open batch. Writes the snapshots if they are due.
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
    /// [`SendError::Outlet`], or [`SendError::Ledger`] if the disk cannot be read. After a failed write, the
    /// waiting requests get an error as their reply, and this function succeeds.
    pub fn send<O: Outlet>(&mut self, outlet: &mut O) -> Result<(), SendError<O::Error>> {
        let durable = match self.ledger.poll() {
            Ok(durable) => durable,
            Err(failure) => self.roll_back(*failure).map_err(SendError::Ledger)?,
        };
        self.search.iter().for_each(|search| search.set_durable(durable));
        let replied = self.replied_up_to(durable);
        while let Some(request) = self.outbound.next_reply(replied) {
            self.metrics.observe(&request.methods, self.elapsed.saturating_sub(request.arrived));
            outlet.reply(request).map_err(SendError::Outlet)?;
        }
        while let Some(request) = self.forwarding.next_answered(replied) {
            outlet.reply(request).map_err(SendError::Outlet)?;
        }
        while let Some(publication) = self.outbound.next_publication(durable) {
            outlet.publish(publication).map_err(SendError::Outlet)?;
        }
        Ok(())
    }

    /// Writes the snapshots, which make the next startup fast, and closes the data folder.
    pub fn close(self) {
        self.ledger.close();
    }

    /// Answers the lines of a request. If a line needs a job, the request waits for its outcome. Returns the
    /// request if the slice has ended before all lines are answered.
    fn process(
        &mut self,
        pending: PendingRequest,
        mut outcome: Option<Outcome>,
        now_ms: u64,
        slice: &mut Slice,
    ) -> Option<PendingRequest> {
        let mut pending = self.divert(pending, outcome.is_some())?;
        loop {
            match self.answer_lines(&mut pending, outcome.take(), now_ms, slice) {
                Answered::All => break,
                Answered::UntilSliceEnd => {
                    pending.save_progress(self.ledger.position());
                    return Some(pending);
                }
                Answered::UntilJob(job) => {
                    let (kind, upload) = (job.kind(), job.upload());
                    if self.jobs.submit(self.next_ticket, job) {
                        pending.save_progress(self.ledger.position());
                        self.waiting_for_job.insert(self.next_ticket, pending);
                        self.next_ticket += 1;
                        return None;
                    }
                    if let Some(upload) = upload {
                        self.files.uploads.end_commit(upload, false);
                    }
                    pending.refuse_next(&kind.refusal());
                    self.metrics.count(None, RequestOutcome::Limited, 1);
                    slice.lines += 1;
                }
                Answered::UntilNodes(need) => {
                    if self.needs.add(self.next_ticket, need) {
                        pending.save_progress(self.ledger.position());
                        self.waiting_for_job.insert(self.next_ticket, pending);
                        self.next_ticket += 1;
                        return None;
                    }
                    pending.refuse_next(&Kind::Transfers.refusal());
                    self.metrics.count(None, RequestOutcome::Limited, 1);
                    slice.lines += 1;
                }
            }
        }
        self.outbound.reply(self.ledger.position(), pending);
        None
    }

    /// Answers lines until all are answered, the slice has ended, or a line needs a job.
    fn answer_lines(
        &mut self,
        pending: &mut PendingRequest,
        mut outcome: Option<Outcome>,
        now_ms: u64,
        slice: &mut Slice,
    ) -> Answered {
        let PendingRequest {
            route,
            request,
            bytes,
            answered,
            reply,
            attached,
            message_refusals,
            methods,
            ..
        } = pending;
        let lines = match rpc::lines(request) {
            Ok(lines) => lines,
            Err(error) => {
                rpc::encode_error(reply, "null", &error);
                // The whole frame counts as one line.
                self.metrics.count(None, RequestOutcome::Refused, 1);
                return Answered::All;
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
            rate_kind: None,
            renamed: None,
            needed: None,
            bot_token: None,
            reader: None,
            search: self.search.as_ref(),
            presence: &mut self.presence,
            typing: &mut self.typing,
            leases: &mut self.leases,
            pushes: &mut self.pushes,
            backups: &mut self.backups,
            registration: &self.registration,
            events_endpoint: &self.events_endpoint,
            web_origin: self.web_origin.as_deref(),
            nodes: &self.nodes,
            files: &mut self.files,
            line: 0,
            message_refusals,
            methods,
            metrics: &mut self.metrics,
            attached: Attached { is_single_line: lines.clone().nth(1).is_none(), bytes, reply: attached },
            now_ms,
        };
        for line in lines.skip(*answered) {
            if slice.has_ended(&self.stopwatch) {
                return Answered::UntilSliceEnd;
            }
            context.line = *answered;
            if reply.len() > REPLY_BYTES_MAX {
                refuse(line, &Detail::ReplyTooLong.into(), reply);
                context.count(None, RequestOutcome::Refused);
            } else if let Some(wait) = context.answer(line, outcome.take(), reply) {
                return match wait {
                    Wait::Job(job) => Answered::UntilJob(job),
                    Wait::Nodes(need) => Answered::UntilNodes(need),
                };
            }
            self.counters.requests += 1;
            slice.lines += 1;
            *answered += 1;
        }
        Answered::All
    }
}

/// The lines of a request that were answered.
enum Answered {
    All,
    /// The lines before the end of the slice.
    UntilSliceEnd,
    /// The lines before one that needs this job.
    UntilJob(Job),
    /// The lines before one that needs other nodes.
    UntilNodes(Need),
}

//! The server without its sockets: request frames in, replies and events out, once they are on disk.
//!
//! It is driven from outside, a step at a time, and never waits: [`crate::Server`] drives it with real sockets, a
//! simulation with a network of its own.

pub mod event_loop;

use std::collections::HashMap;

use common::limits::REPLY_BYTES_MAX;
use common::presence::State;
use common::{Detail, rpc};
use transport::Frame;

use crate::domain::Command;
use crate::handlers::known_tokens::KnownTokens;
use crate::handlers::{Attached, RequestContext};
use crate::outbound::Publication;
use crate::outbound::ephemeral::tell_presence;
use crate::outbound::pending_request::{PendingRequest, refuse};
use crate::services::files::Files;
use crate::services::jobs::{Job, Jobs, Kind, Outcome};
use crate::services::limiters::rates::Rate;
use crate::services::limiters::{Guesses, Rates, Typing};
use crate::services::presence::{Changed, Presence};
use crate::services::search::Search;
use crate::services::tokens::TokenIssuer;
use crate::storage::ledger::{DiskFailure, Ledger, LedgerError};

/// Where what may be told goes to.
pub trait Outlet {
    /// Why telling can fail: the sockets themselves, not a peer.
    type Error;
    /// Sends the reply to a frame that is answered. Whoever cannot be reached asks again.
    fn reply(&mut self, answered: PendingRequest) -> Result<(), Self::Error>;
    /// Sends event lines of one topic.
    fn publish(&mut self, publication: Publication) -> Result<(), Self::Error>;
}

/// State, disk, and the requests that are being answered.
pub struct Engine {
    ledger: Ledger,
    tokens: TokenIssuer,
    jobs: Jobs,
    files: Files,
    known_tokens: KnownTokens,
    guesses: Guesses,
    rates: Rates,
    search: Option<Search>,
    presence: Presence,
    typing: Typing,
    /// Frames that wait for a job, by ticket.
    waiting_for_job: HashMap<u64, PendingRequest>,
    next_ticket: u64,
    /// Frames that were answered, but the disk did not take what their answers rest on.
    retry_queue: Vec<PendingRequest>,
    /// Where clients find the fan-out.
    events: String,
    /// What was done so far.
    pub counters: Counters,
}

/// What was done so far; these only grow.
#[derive(Debug, Default, Clone, Copy)]
pub struct Counters {
    /// Frames taken.
    pub frames: u64,
    /// Request lines answered.
    pub requests: u64,
    /// Messages that were no requests.
    pub malformed: u64,
}

impl Engine {
    /// Puts the parts together. `events` is where clients find the fan-out.
    #[must_use]
    pub fn new(
        ledger: Ledger,
        tokens: TokenIssuer,
        jobs: Jobs,
        files: Files,
        rate: Rate,
        events: String,
    ) -> Self {
        let (known_tokens, guesses, waiting_for_job, next_ticket, retry_queue, counters) = Default::default();
        let search = None;
        let (rates, presence, typing) = (Rates::new(rate), Presence::default(), Typing::default());
        Self {
            ledger,
            tokens,
            jobs,
            files,
            known_tokens,
            guesses,
            rates,
            search,
            presence,
            typing,
            waiting_for_job,
            next_ticket,
            retry_queue,
            events,
            counters,
        }
    }

    /// With an index of all messages; without it, nothing can be searched.
    #[must_use]
    pub fn with_search(self, search: Search) -> Self {
        search.durable(self.ledger.durable());
        Self { search: Some(search), ..self }
    }

    /// State and journal.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// How many frames wait for a job of a kind.
    #[must_use]
    pub fn jobs_waiting(&self, kind: Kind) -> usize {
        self.jobs.waiting(kind)
    }

    /// Requests wait while too much waits for the disk, and while a snapshot waits for the disk to catch up.
    #[must_use]
    pub fn takes_requests(&self) -> bool {
        !self.ledger.is_full() && !self.ledger.wants_snapshot()
    }

    /// Whether everything accepted is done, on disk and told.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        let nobody_waits = self.waiting_for_job.is_empty() && self.retry_queue.is_empty();
        nobody_waits && self.ledger.is_quiet() && self.ledger.held.is_empty()
    }

    /// Takes one message: an envelope and a frame of request lines.
    pub fn accept(&mut self, frames: &mut Vec<Frame>, now_ms: u64) {
        self.counters.frames += 1;
        match PendingRequest::new(frames) {
            Some(work) => self.process(work, None, now_ms),
            None => self.counters.malformed += 1,
        }
    }

    /// Goes on with the frames whose job is done, and with those whose answer the disk did not take.
    pub fn take_outcomes(&mut self, now_ms: u64) {
        for work in std::mem::take(&mut self.retry_queue) {
            self.process(work, None, now_ms);
        }
        while let Some((ticket, outcome)) = self.jobs.poll() {
            if let Some(work) = self.waiting_for_job.remove(&ticket) {
                self.process(work, Some(outcome), now_ms);
            }
        }
    }

    /// Does what is due by the time: whoever has said nothing for long is gone, changes are told,
    /// and what nobody needs any more is removed.
    pub fn tick(&mut self, now_ms: u64) {
        self.files.tidy(&self.ledger, &mut self.jobs, now_ms);
        let changed = self.presence.poll(now_ms);
        self.note_seen(&changed, now_ms);
        if !changed.is_empty() {
            let changes: Vec<_> = changed.into_iter().map(|changed| changed.change).collect();
            tell_presence(&mut self.ledger, &changes, now_ms);
        }
    }

    /// When [`tick`](Self::tick) has something to do, in Unix milliseconds.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        [self.presence.deadline(), Some(self.files.deadline())].into_iter().flatten().min()
    }

    /// The server is about to stop: that everybody was there until now is noted. Nobody is told that they are gone,
    /// who will be there again when it has started anew.
    pub fn note_present(&mut self, now_ms: u64) {
        let left = self.presence.end();
        self.note_seen(&left, now_ms);
    }

    fn note_seen(&mut self, changed: &[Changed], now_ms: u64) {
        for Changed { change, heard_unix_ms } in changed {
            if change.state == State::Offline {
                let seen = Command::Seen { user: change.user.clone(), at: *heard_unix_ms };
                // A disk that takes nothing has been complained of already.
                let _recorded_or_not = self.ledger.record(seen, now_ms);
            }
        }
    }

    /// Hands what was decided to the disk.
    pub fn flush(&mut self) {
        if self.ledger.wants_snapshot() && self.ledger.is_quiet() {
            self.ledger.snapshot();
        }
        self.ledger.flush();
    }

    /// Tells what is on disk.
    ///
    /// # Errors
    ///
    /// [`Failed::Outlet`]; or [`Failed::Ledger`] when not even what is on disk can be read any more. A disk that
    /// only refuses to be written is no error: it is what the waiting replies then say.
    pub fn tell<O: Outlet>(&mut self, outlet: &mut O) -> Result<(), Failed<O::Error>> {
        let durable = match self.ledger.poll() {
            Ok(durable) => durable,
            Err(failure) => self.take_back(*failure).map_err(Failed::Ledger)?,
        };
        if let Some(search) = &self.search {
            search.durable(durable);
        }
        while let Some(work) = self.ledger.held.next_reply(durable) {
            outlet.reply(work).map_err(Failed::Outlet)?;
        }
        while let Some(publication) = self.ledger.held.next_publication(durable) {
            outlet.publish(publication).map_err(Failed::Outlet)?;
        }
        Ok(())
    }

    /// The end: leaves the data folder ready for a quick start.
    pub fn close(self) {
        self.ledger.close();
    }

    /// Answers the lines of a frame; puts it aside when one needs a job done.
    fn process(&mut self, mut work: PendingRequest, mut outcome: Option<Outcome>, now_ms: u64) {
        while let Some(job) = self.answer_lines(&mut work, outcome.take(), now_ms) {
            let kind = job.kind();
            if self.jobs.submit(self.next_ticket, job) {
                work.put_aside(self.ledger.position());
                self.waiting_for_job.insert(self.next_ticket, work);
                self.next_ticket += 1;
                return;
            }
            work.refuse_next(&kind.refusal());
        }
        self.ledger.held.reply(self.ledger.position(), work);
    }

    /// Answers lines until all are done, or one needs a job done first.
    fn answer_lines(
        &mut self,
        work: &mut PendingRequest,
        mut outcome: Option<Outcome>,
        now_ms: u64,
    ) -> Option<Job> {
        let PendingRequest { request, bytes, answered, reply, attached, .. } = work;
        let lines = match rpc::lines(request) {
            Ok(lines) => lines,
            Err(error) => {
                rpc::encode_error(reply, "null", &error);
                return None;
            }
        };
        let mut context = RequestContext {
            ledger: &mut self.ledger,
            tokens: &self.tokens,
            known_tokens: &mut self.known_tokens,
            guesses: &mut self.guesses,
            rates: &mut self.rates,
            search: self.search.as_ref(),
            presence: &mut self.presence,
            typing: &mut self.typing,
            events: &self.events,
            files: &mut self.files,
            attached: Attached { is_alone: lines.clone().nth(1).is_none(), bytes, reply: attached },
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

    /// The disk took no more: what waited for it is asked again, once. So readers get what is on disk, writers are
    /// refused, and nobody is told twice.
    fn take_back(&mut self, failure: DiskFailure) -> Result<u64, LedgerError> {
        let DiskFailure { durable, answer, cause, is_taken_back } = failure;
        if !is_taken_back {
            return Err(cause);
        }
        self.files.take_back(durable);
        self.retry_queue.extend(self.ledger.held.take_back(durable));
        self.retry_queue.iter_mut().for_each(|work| work.go_back(durable));
        self.waiting_for_job.values_mut().for_each(|work| work.refuse_back(durable, &answer));
        Ok(durable)
    }
}

/// Why nothing can be told any more.
#[derive(Debug)]
pub enum Failed<E> {
    /// The outlet.
    Outlet(E),
    /// What is on disk cannot be read again.
    Ledger(LedgerError),
}

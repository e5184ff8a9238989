//! The server without its sockets: request frames in, replies and events out, once they are on disk.
//!
//! It is driven from outside, a step at a time, and never waits: [`crate::Server`] drives it with real sockets, a
//! simulation with a network of its own.

use std::collections::HashMap;

use common::limits::REPLY_BYTES_MAX;
use common::{Error, Reason, rpc};
use tracing::warn;
use transport::Frame;

use crate::calls::known_tokens::KnownTokens;
use crate::calls::{Attached, Desk};
use crate::files::Files;
use crate::held::{Publication, Reply};
use crate::jobs::{Job, Jobs, Kind, Outcome};
use crate::ledger::{DiskFailure, Ledger, LedgerError};
use crate::limiters::rates::Rate;
use crate::limiters::{Guesses, Rates};
use crate::tokens::TokenIssuer;
use crate::work::{Work, refuse};

/// Where what may be told goes to.
pub trait Outlet {
    /// Why telling can fail: the sockets themselves, not a peer.
    type Error;
    /// Sends a reply. Whoever cannot be reached asks again.
    fn reply(&mut self, reply: Reply) -> Result<(), Self::Error>;
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
    /// Frames that wait for a job, by ticket.
    parked: HashMap<u64, Work>,
    next_ticket: u64,
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
        let (known_tokens, guesses, parked, next_ticket, counters) = Default::default();
        let rates = Rates::new(rate);
        Self {
            ledger,
            tokens,
            jobs,
            files,
            known_tokens,
            guesses,
            rates,
            parked,
            next_ticket,
            events,
            counters,
        }
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
        self.parked.is_empty() && self.ledger.is_quiet() && self.ledger.held.is_empty()
    }

    /// Takes one message: an envelope and a frame of request lines.
    pub fn accept(&mut self, frames: &mut Vec<Frame>, now_ms: u64) {
        self.counters.frames += 1;
        match Work::new(frames) {
            Some(work) => self.process(work, None, now_ms),
            None => self.counters.malformed += 1,
        }
    }

    /// Goes on with the frames whose job is done.
    pub fn take_outcomes(&mut self, now_ms: u64) {
        while let Some((ticket, outcome)) = self.jobs.poll() {
            if let Some(work) = self.parked.remove(&ticket) {
                self.process(work, Some(outcome), now_ms);
            }
        }
    }

    /// Has removed what is not needed any more.
    pub fn tidy(&mut self, now_ms: u64) {
        self.files.tidy(&self.ledger, &mut self.jobs, now_ms);
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
            Err(failure) => return self.answer_failure(*failure, outlet),
        };
        while let Some(reply) = self.ledger.held.next_reply(durable) {
            outlet.reply(reply).map_err(Failed::Outlet)?;
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
    fn process(&mut self, mut work: Work, mut outcome: Option<Outcome>, now_ms: u64) {
        while let Some(job) = self.answer_lines(&mut work, outcome.take(), now_ms) {
            let kind = job.kind();
            if self.jobs.submit(self.next_ticket, job) {
                self.parked.insert(self.next_ticket, work);
                self.next_ticket += 1;
                return;
            }
            work.refuse_next(&kind.refusal());
        }
        let Work { route, request, reply: lines, reply_bytes: bytes, .. } = work;
        let reply = Reply { route, request, lines, bytes };
        self.ledger.held.reply(self.ledger.position(), reply);
    }

    /// Answers lines until all are done, or one needs a job done first.
    fn answer_lines(&mut self, work: &mut Work, mut outcome: Option<Outcome>, now_ms: u64) -> Option<Job> {
        let Work { request, bytes, answered, reply, reply_bytes, .. } = work;
        let lines = match rpc::lines(request) {
            Ok(lines) => lines,
            Err(error) => {
                rpc::encode_error(reply, "null", &error);
                return None;
            }
        };
        let mut desk = Desk {
            ledger: &mut self.ledger,
            tokens: &self.tokens,
            known_tokens: &mut self.known_tokens,
            guesses: &mut self.guesses,
            rates: &mut self.rates,
            events: &self.events,
            files: &mut self.files,
            attached: Attached { is_alone: lines.clone().nth(1).is_none(), bytes, reply: reply_bytes },
            now_ms,
        };
        for line in lines.skip(*answered) {
            if reply.len() > REPLY_BYTES_MAX {
                refuse(line, &Error::new(Reason::TooLarge, "too much for one reply: ask again"), reply);
            } else if let Some(job) = desk.answer(line, outcome.take(), reply) {
                return Some(job);
            }
            self.counters.requests += 1;
            *answered += 1;
        }
        None
    }

    /// The disk failed: whoever waits is told that nothing of what they sent counts.
    fn answer_failure<O: Outlet>(
        &mut self,
        DiskFailure { answer, cause }: DiskFailure,
        outlet: &mut O,
    ) -> Result<(), Failed<O::Error>> {
        for (_, reply) in self.ledger.held.give_up() {
            let mut lines = Vec::new();
            match rpc::lines(&reply.request) {
                Ok(requests) => requests.for_each(|line| refuse(line, &answer, &mut lines)),
                Err(error) => rpc::encode_error(&mut lines, "null", &error),
            }
            outlet.reply(Reply { lines, bytes: None, ..reply }).map_err(Failed::Outlet)?;
        }
        match cause {
            LedgerError::Journal(error) => warn!(%error, "serving reads only"),
            LedgerError::Store(_) | LedgerError::Thread(_) => return Err(Failed::Ledger(cause)),
        }
        Ok(())
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

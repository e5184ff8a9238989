//! The event loop: takes requests, answers them from the state, and tells nobody anything before it is on disk.
//!
//! One thread owns the sockets and the state. Another syncs the log (see [`crate::journal::Syncer`]), a few
//! hash passwords (see [`crate::passwords`]); all of them wake this one when they have something.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use common::limits::REPLY_BYTES_MAX;
use common::{Error, Reason, rpc};
use thiserror::Error as ThisError;
use tracing::{info, warn};
use transport::control::{self, Control};
use transport::poll::{Watch, wait};
use transport::security::NodeSecurity;
use transport::stop::Stop;
use transport::wake::{Wake, Waker};
use transport::{Context, Frame, Kind, Sent, Socket, TransportError, clock};

use crate::calls::Desk;
use crate::held::Reply;
use crate::ledger::{Ledger, LedgerError};
use crate::passwords::{Job, Outcome, Passwords};
use crate::tokens::TokenIssuer;
use crate::work::{Work, refuse};

/// Request frames taken in one round, before what has gathered goes to the disk.
const FRAMES_PER_ROUND_MAX: usize = 256;

/// How long a stop waits for the disk.
const STOP_WAIT: Duration = Duration::from_secs(10);

/// Where a server is connected, and where its data lies.
#[derive(Debug, Clone)]
pub struct Config {
    /// The broker's inner endpoint, where requests come from.
    pub broker: String,
    /// The proxy's inner endpoint, where events go to.
    pub proxy: String,
    /// Where clients subscribe to events; the host `*` means the one they reach the broker at.
    pub advertise: String,
    /// Where to listen for questions about this role.
    pub control: String,
    /// The data folder.
    pub data: PathBuf,
}

/// Why a server cannot start or go on.
#[derive(Debug, ThisError)]
pub enum ServerError {
    /// A socket.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The data.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The system gives no thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] std::io::Error),
}

/// The server role.
pub struct Server {
    requests: Socket,
    events: Socket,
    control: Control,
    ledger: Ledger,
    tokens: TokenIssuer,
    passwords: Passwords,
    /// Frames that wait for a hash, by ticket.
    parked: HashMap<u64, Work>,
    next_ticket: u64,
    advertise: String,
    waker: Waker,
    wake: Wake,
    started: Instant,
    counters: Counters,
}

#[derive(Default)]
struct Counters {
    frames: u64,
    requests: u64,
    malformed: u64,
    replies: u64,
    replies_dropped: u64,
    publications: u64,
    publications_dropped: u64,
}

impl Server {
    /// Opens the data folder and connects to broker and proxy.
    pub fn open(context: &Context, config: &Config, security: &NodeSecurity) -> Result<Self, ServerError> {
        let (waker, wake) = Wake::new()?;
        let ledger = Ledger::open(&config.data, waker.clone())?;
        let tokens = TokenIssuer::new(&ledger.secret("token.secret")?);
        let control = Control::bind(context, &config.control, &security.control())?;
        let requests = context.socket(Kind::Router, &security.link())?;
        requests.connect(&config.broker)?;
        let events = context.socket(Kind::Publisher, &security.link())?;
        events.connect(&config.proxy)?;
        Ok(Self {
            requests,
            events,
            control,
            ledger,
            tokens,
            passwords: Passwords::start(waker.clone())?,
            parked: HashMap::new(),
            next_ticket: 0,
            advertise: config.advertise.clone(),
            waker,
            wake,
            started: clock::now(),
            counters: Counters::default(),
        })
    }

    /// Where questions about this role are answered.
    #[must_use]
    pub fn control(&self) -> &str {
        self.control.endpoint()
    }

    /// Serves until a stop is requested; then everything that was accepted is on disk and answered.
    pub fn run(mut self, stop: &Stop) -> Result<(), ServerError> {
        stop.watch(self.waker.clone());
        while !stop.is_requested() {
            self.wait(None)?;
            self.round(true)?;
        }
        let deadline = clock::now() + STOP_WAIT;
        while !(self.ledger.is_quiet() && self.ledger.held.is_empty()) && clock::now() < deadline {
            self.round(false)?;
            if !self.ledger.is_quiet() {
                self.wait(Some(Duration::from_millis(100)))?;
            }
        }
        self.ledger.close();
        info!("stopped");
        Ok(())
    }

    fn wait(&self, timeout: Option<Duration>) -> Result<(), TransportError> {
        let always = [Watch::Wake(&self.wake), Watch::Readable(self.control.socket())];
        if timeout.is_none() && self.takes_requests() {
            let [wake, control] = always;
            wait(&[wake, control, Watch::Readable(&self.requests)], timeout)
        } else {
            wait(&always, timeout)
        }
    }

    /// Requests wait while too much waits for the disk, and while a snapshot waits for the disk to catch up.
    fn takes_requests(&self) -> bool {
        !self.ledger.is_full() && !self.ledger.wants_snapshot()
    }

    /// One round: what the disk has done is told, what is asked is decided, and what was decided goes to disk.
    fn round(&mut self, takes_requests: bool) -> Result<(), ServerError> {
        self.wake.clear();
        self.tell()?;
        while let Some((ticket, outcome)) = self.passwords.poll() {
            if let Some(work) = self.parked.remove(&ticket) {
                self.process(work, Some(outcome));
            }
        }
        if self.ledger.wants_snapshot() && self.ledger.is_quiet() {
            self.ledger.snapshot();
        }
        if takes_requests && self.takes_requests() {
            self.take_requests()?;
        }
        self.ledger.flush();
        if self.ledger.is_quiet() {
            // Answers that changed nothing wait for nothing.
            self.tell()?;
        }
        self.answer_control()?;
        Ok(())
    }

    fn take_requests(&mut self) -> Result<(), TransportError> {
        let mut frames = Vec::new();
        for _ in 0..FRAMES_PER_ROUND_MAX {
            if self.ledger.is_full() || !self.requests.receive(&mut frames)? {
                return Ok(());
            }
            self.counters.frames += 1;
            match Work::new(&mut frames) {
                Some(work) => self.process(work, None),
                None => self.counters.malformed += 1,
            }
        }
        // There may be more: the next wait must not sleep over it.
        self.waker.wake();
        Ok(())
    }

    /// Answers the lines of a frame; puts it aside when one needs a hash.
    fn process(&mut self, mut work: Work, mut outcome: Option<Outcome>) {
        while let Some(job) = self.answer_lines(&mut work, outcome.take()) {
            if self.passwords.submit(self.next_ticket, job) {
                self.parked.insert(self.next_ticket, work);
                self.next_ticket += 1;
                return;
            }
            work.refuse_next(&Error::new(
                Reason::RateLimited,
                "too many log in at once: try again in a moment",
            ));
        }
        let reply = Reply { route: work.route, request: work.request, lines: work.reply };
        self.ledger.held.reply(self.ledger.position(), reply);
    }

    /// Answers lines until all are done, or one needs a password hashed first.
    fn answer_lines(&mut self, work: &mut Work, mut outcome: Option<Outcome>) -> Option<Job> {
        let Work { request, answered, reply, .. } = work;
        let lines = match rpc::lines(request) {
            Ok(lines) => lines.skip(*answered),
            Err(error) => {
                rpc::encode_error(reply, "null", &error);
                return None;
            }
        };
        let (tokens, events, now_ms) = (&self.tokens, &*self.advertise, clock::unix_ms());
        let mut desk = Desk { ledger: &mut self.ledger, tokens, events, now_ms };
        for line in lines {
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

    /// Sends the replies and events that are on disk.
    fn tell(&mut self) -> Result<(), ServerError> {
        let durable = match self.ledger.poll() {
            Ok(durable) => durable,
            Err((answer, cause)) => return self.answer_failure(&answer, cause),
        };
        while let Some(reply) = self.ledger.held.next_reply(durable) {
            self.send_reply(reply)?;
        }
        while let Some(publication) = self.ledger.held.next_publication(durable) {
            let frames = [Frame::from(&*publication.topic), Frame::from(publication.lines)];
            let sent = self.events.send(frames)?;
            self.counters.publications += 1;
            self.counters.publications_dropped += u64::from(sent != Sent::Done);
        }
        Ok(())
    }

    /// Whoever has lost the broker on the way, or does not read, sends the request again.
    fn send_reply(&mut self, reply: Reply) -> Result<(), TransportError> {
        let sent = self.requests.send(reply.route.into_reply(reply.lines))?;
        self.counters.replies += 1;
        self.counters.replies_dropped += u64::from(sent != Sent::Done);
        Ok(())
    }

    /// The disk failed: whoever waits is told that nothing of what they sent counts.
    fn answer_failure(&mut self, answer: &Error, cause: LedgerError) -> Result<(), ServerError> {
        for (_, mut reply) in self.ledger.held.give_up() {
            reply.lines.clear();
            match rpc::lines(&reply.request) {
                Ok(lines) => lines.for_each(|line| refuse(line, answer, &mut reply.lines)),
                Err(error) => rpc::encode_error(&mut reply.lines, "null", &error),
            }
            self.send_reply(reply)?;
        }
        match cause {
            LedgerError::Journal(error) => warn!(%error, "serving reads only"),
            // Not even what is on disk could be read again.
            LedgerError::Store(_) | LedgerError::Thread(_) => return Err(cause.into()),
        }
        Ok(())
    }

    fn answer_control(&self) -> Result<(), TransportError> {
        let Counters { frames, requests, malformed, replies, replies_dropped, .. } = self.counters;
        let Counters { publications, publications_dropped, .. } = self.counters;
        let counters = [
            ("frames", frames),
            ("requests", requests),
            ("malformed", malformed),
            ("replies", replies),
            ("replies_dropped", replies_dropped),
            ("publications", publications),
            ("publications_dropped", publications_dropped),
            ("records", self.ledger.position()),
            ("logins_waiting", self.parked.len() as u64),
        ];
        self.control.answer(|| control::status("server", self.started, &counters))
    }
}

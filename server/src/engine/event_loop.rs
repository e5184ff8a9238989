//! The event loop: receives requests, drives the [`Engine`], and sends replies and events.
//!
//! One thread owns the sockets and the engine. The commit thread syncs the log, and a few threads run
//! [jobs](crate::services::jobs); both wake this thread when they have a result.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use thiserror::Error as ThisError;
use tracing::info;
use transport::control::{self, Control};
use transport::poll::{Watch, wait};
use transport::security::NodeSecurity;
use transport::shutdown::Shutdown;
use transport::wake::{Wake, Waker};
use transport::{Context, Frame, Kind, Sent, Socket, TransportError, clock};

use crate::engine::{Engine, Failed, Outlet};
use crate::maintenance::scrub::Scrubbing;
use crate::outbound::Publication;
use crate::outbound::pending_request::PendingRequest;
use crate::services::files::{FileLimits, Files};
use crate::services::jobs::{Jobs, Kind as JobKind};
use crate::services::limiters::rates::Rate;
use crate::services::search::Search;
use crate::services::tokens::TokenIssuer;
use crate::storage::commit_log::CommitMode;
use crate::storage::data_folder::Store;
use crate::storage::ledger::{Ledger, LedgerError};
use disk::RealDisk;

/// Request lines after which a round ends. The next round submits the batch that gathered and sends the
/// replies that are durable. With longer rounds, clients, server and disk wait for each other instead of
/// working at the same time. A round costs as much as a few requests.
const LINES_PER_ROUND: u64 = 64;

/// How long a shutdown waits for the disk.
const STOP_WAIT: Duration = Duration::from_secs(10);

/// The longest wait during a shutdown without a wake.
const STOP_STEP: Duration = Duration::from_millis(100);

/// The configuration of a server.
#[derive(Debug, Clone)]
pub struct Config {
    /// The broker's inner endpoint, which sends the requests.
    pub broker: String,
    /// The proxy's inner endpoint, which receives the events.
    pub proxy: String,
    /// The endpoint where clients subscribe to events. The host `*` means the host of the broker's endpoint.
    pub advertise: String,
    /// The endpoint of the control socket.
    pub control: String,
    /// The data folder.
    pub data: PathBuf,
    /// The rate limit of a session.
    pub rate: Rate,
    /// The size limits of files.
    pub files: FileLimits,
    /// The secret that signs tokens, instead of the data folder's own.
    pub auth_secret: Option<String>,
}

/// Why a server cannot start or continue.
#[derive(Debug, ThisError)]
pub enum ServerError {
    /// A socket.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The data.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The folder of files.
    #[error("cannot open the folder of files: {0}")]
    Files(std::io::Error),
    /// The system cannot start a thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] std::io::Error),
}

impl From<Failed<TransportError>> for ServerError {
    fn from(failed: Failed<TransportError>) -> Self {
        match failed {
            Failed::Outlet(error) => error.into(),
            Failed::Ledger(error) => error.into(),
        }
    }
}

/// The server role.
pub struct Server {
    engine: Engine,
    sockets: Sockets,
    control: Control,
    waker: Waker,
    wake: Wake,
    scrubbing: Scrubbing,
    started: Instant,
}

/// The links to broker and proxy.
struct Sockets {
    requests: Socket,
    events: Socket,
    replies: u64,
    replies_dropped: u64,
    publications: u64,
    publications_dropped: u64,
}

impl Outlet for Sockets {
    type Error = TransportError;

    fn reply(&mut self, answered: PendingRequest) -> Result<(), TransportError> {
        let sent = self.requests.send(answered.into_reply())?;
        self.replies += 1;
        self.replies_dropped += u64::from(sent != Sent::Done);
        Ok(())
    }

    fn publish(&mut self, publication: Publication) -> Result<(), TransportError> {
        let frames = [Frame::from(&*publication.topic), Frame::from(publication.lines)];
        let sent = self.events.send(frames)?;
        self.publications += 1;
        self.publications_dropped += u64::from(sent != Sent::Done);
        Ok(())
    }
}

impl Server {
    /// Opens the data folder and connects to broker and proxy.
    pub fn open(context: &Context, config: &Config, security: &NodeSecurity) -> Result<Self, ServerError> {
        let (waker, wake) = Wake::new()?;
        let store = Store::open(&config.data).map_err(LedgerError::from)?;
        let commits = CommitMode::OnThread(waker.clone());
        let ledger = Ledger::open(store, &commits)?;
        let tokens = match &config.auth_secret {
            Some(secret) => TokenIssuer::from_text(secret),
            None => TokenIssuer::new(&ledger.secret("token.secret")?),
        };
        let jobs = Jobs::start(&commits)?;
        // A second `RealDisk`: the contents that are read must not close the files that the log keeps open.
        let disk = Arc::new(RealDisk::new(&config.data));
        let files = Files::open(disk, config.files, &ledger).map_err(ServerError::Files)?;
        let control = Control::bind(context, &config.control, &security.control())?;
        let requests = context.socket(Kind::Server, &security.link())?;
        requests.connect(&config.broker)?;
        let events = context.socket(Kind::Publisher, &security.link())?;
        events.connect(&config.proxy)?;
        let scrubbing = Scrubbing::start(ledger.disk())?;
        let advertise = config.advertise.clone();
        let engine = Engine::new(ledger, tokens, jobs, files, config.rate, advertise);
        let engine = engine.with_search(Search::start(&config.data)?);
        let sockets = Sockets {
            requests,
            events,
            replies: 0,
            replies_dropped: 0,
            publications: 0,
            publications_dropped: 0,
        };
        Ok(Self { engine, sockets, control, waker, wake, scrubbing, started: clock::now() })
    }

    /// The endpoint of the control socket.
    #[must_use]
    pub fn control(&self) -> &str {
        self.control.endpoint()
    }

    /// Serves until a shutdown is requested. Then it makes every accepted request durable and answers it.
    pub fn run(mut self, stop: &Shutdown) -> Result<(), ServerError> {
        stop.watch(self.waker.clone());
        let mut has_more = false;
        while !stop.is_requested() {
            if !has_more {
                self.wait()?;
            }
            has_more = self.round(true)?;
        }
        self.engine.note_present(clock::unix_ms());
        let deadline = clock::now() + STOP_WAIT;
        self.round(false)?;
        while !self.engine.is_quiet() && clock::now() < deadline {
            wait(&[Watch::Wake(&self.wake)], Some(STOP_STEP))?;
            self.round(false)?;
        }
        self.engine.close();
        info!("stopped");
        Ok(())
    }

    /// Waits until there is something to do.
    fn wait(&self) -> Result<(), TransportError> {
        let idle = [Watch::Wake(&self.wake), Watch::Readable(self.control.socket())];
        let [wake, control] = idle;
        let left_ms = self.engine.deadline().map(|due| due.saturating_sub(clock::unix_ms()));
        let timeout = left_ms.map(Duration::from_millis);
        if self.engine.takes_requests() {
            wait(&[wake, control, Watch::Readable(&self.sockets.requests)], timeout)
        } else {
            wait(&idle, timeout)
        }
    }

    /// One round: sends what is durable, answers requests, and submits their records. Returns whether more
    /// requests may wait.
    fn round(&mut self, takes_requests: bool) -> Result<bool, ServerError> {
        self.wake.clear();
        self.engine.send(&mut self.sockets)?;
        // The commit log may have become idle; the batch that gathered need not wait for more requests.
        self.engine.flush();
        let now_ms = clock::unix_ms();
        self.engine.take_outcomes(now_ms);
        let has_more = takes_requests && self.take_requests(now_ms)?;
        self.engine.tick(now_ms);
        self.engine.flush();
        if self.engine.ledger().is_quiet() {
            // The replies to requests that changed nothing wait for no record.
            self.engine.send(&mut self.sockets)?;
        }
        self.answer_control()?;
        Ok(has_more)
    }

    /// Accepts some requests. Returns whether more may wait.
    fn take_requests(&mut self, now_ms: u64) -> Result<bool, TransportError> {
        let (mut frames, enough) = (Vec::new(), self.engine.counters.requests + LINES_PER_ROUND);
        for _ in 0..LINES_PER_ROUND {
            if self.engine.counters.requests >= enough {
                break;
            }
            if !self.engine.takes_requests() || !self.sockets.requests.receive(&mut frames)? {
                return Ok(false);
            }
            self.engine.accept(&mut frames, now_ms);
        }
        Ok(true)
    }

    fn answer_control(&self) -> Result<(), TransportError> {
        let (counters, sockets) = (self.engine.counters, &self.sockets);
        let counters = [
            ("frames", counters.frames),
            ("requests", counters.requests),
            ("malformed", counters.malformed),
            ("logins_waiting", self.engine.jobs_waiting(JobKind::Passwords) as u64),
            ("records", self.engine.ledger().position()),
            ("replies", sockets.replies),
            ("replies_dropped", sockets.replies_dropped),
            ("publications", sockets.publications),
            ("publications_dropped", sockets.publications_dropped),
            ("log_bytes_checked", self.scrubbing.bytes()),
        ];
        self.control.answer(|| control::status("server", self.started, &counters, &self.problems()))
    }

    /// The problems that the operator must look at.
    fn problems(&self) -> Vec<String> {
        let mut problems = self.scrubbing.problems();
        problems.extend(self.engine.ledger().failure().map(|failure| failure.message.to_string()));
        problems
    }
}

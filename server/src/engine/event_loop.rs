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
use transport::metrics::{Family, MetricKind};
use transport::poll::{Watch, wait};
use transport::security::NodeSecurity;
use transport::shutdown::Shutdown;
use transport::wake::{Wake, Waker};
use transport::{Context, Kind, TransportError, clock};

use crate::engine::cluster_config::{ClusterConfig, ClusterError};
use crate::engine::inbox::Inbox;
use crate::engine::membership::{Membership, STEP_MS};
use crate::engine::sockets::Sockets;
use crate::engine::turns::TURN;
use crate::engine::{Engine, SendError};
use crate::maintenance::backup::node::{self as backups, BackupConfig};
use crate::maintenance::scrub::ScrubThread;
use crate::replication::link::Link;
use crate::services::files::{FileLimits, Files};
use crate::services::jobs::{Jobs, Kind as JobKind};
use crate::services::limiters::rates::UserLimits;
use crate::services::registration::{Mode, Registration};
use crate::services::search::Search;
use crate::services::tokens::TokenIssuer;
use crate::storage::commit_log::{CommitMode, SharedCommits};
use crate::storage::data_folder::Store;
use crate::storage::ledger::{Ledger, LedgerError, RESERVE_BYTES, Sizes};
use disk::RealDisk;

/// The maximum number of request lines in one round. After each round, the server submits the open batch and
/// sends the durable replies. In a longer round, the clients and the disk would be idle while the server
/// works. A round costs as much as a few requests.
const LINES_PER_ROUND: u64 = 64;

/// The maximum time that a started server waits for the proxy before it answers requests.
const PROXY_WAIT: Duration = Duration::from_secs(2);

/// The maximum time that a shutdown waits for the disk.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// How often a shutdown checks for durable records without a wake-up.
const SHUTDOWN_POLL_INTERVAL: Duration = Duration::from_millis(100);

#[derive(Clone)]
pub struct Config {
    /// The broker's inner endpoint.
    pub broker: String,
    /// The proxy's inner endpoint.
    pub proxy: String,
    /// The endpoint where clients subscribe to events. The host `*` means the host of the broker's endpoint.
    pub advertise: String,
    pub control: String,
    pub data: PathBuf,
    /// The limits of each user.
    pub limits: UserLimits,
    pub files: FileLimits,
    /// The secret that signs tokens. By default, the server uses the secret in the data folder.
    pub auth_secret: Option<String>,
    /// The rule for registration.
    pub registration: Mode,
    pub backups: BackupConfig,
    /// The node's cluster; `None` for a node on its own.
    pub cluster: Option<ClusterConfig>,
}

/// Why a server cannot start or continue.
#[derive(Debug, ThisError)]
pub enum ServerError {
    #[error(transparent)]
    Transport(#[from] TransportError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error("cannot open the folder files/ of the data folder: {0}")]
    Files(std::io::Error),
    #[error("the operating system returned no random bytes: {0}")]
    Random(#[from] getrandom::Error),
    #[error("cannot start a thread: {0}")]
    Thread(#[from] std::io::Error),
    #[error(transparent)]
    Cluster(#[from] ClusterError),
}

impl From<SendError<TransportError>> for ServerError {
    fn from(error: SendError<TransportError>) -> Self {
        match error {
            SendError::Outlet(error) => error.into(),
            SendError::Ledger(error) => error.into(),
        }
    }
}

pub struct Server {
    engine: Engine,
    sockets: Sockets,
    control: Control,
    waker: Waker,
    wake: Wake,
    scrub: ScrubThread,
    started: Instant,
}

impl Server {
    /// Opens the data folder and connects to broker and proxy.
    pub fn open(context: &Context, config: &Config, security: &NodeSecurity) -> Result<Self, ServerError> {
        let (waker, wake) = Wake::new()?;
        let store = match &config.cluster {
            Some(cluster) => Store::open_in_cluster(&config.data, &cluster.name),
            None => Store::open(&config.data),
        };
        let store = store.map_err(LedgerError::from)?;
        let term = Arc::default();
        let commits = match &config.cluster {
            Some(cluster) => {
                let commits = SharedCommits { open: Arc::clone(&cluster.log), term: Arc::clone(&term) };
                CommitMode::Shared(waker.clone(), commits)
            }
            None => CommitMode::OnThread(waker.clone()),
        };
        let ledger = Ledger::open_with_reserve(store, &commits, Sizes::default(), RESERVE_BYTES)?;
        let tokens = match &config.auth_secret {
            Some(secret) => TokenIssuer::from_text(secret),
            None => TokenIssuer::new(&ledger.secret("token.secret")?),
        };
        let jobs = Jobs::start(&commits)?;
        // `RealDisk` limits its open files. A second one for file contents never closes a segment of the log.
        let disk = Arc::new(RealDisk::new(&config.data));
        let files = Files::open(disk, config.files, &ledger).map_err(ServerError::Files)?;
        let control = Control::bind(context, &config.control, &security.control())?;
        let requests = context.socket(Kind::Server, &security.link())?;
        requests.connect(&config.broker)?;
        let events = context.socket(Kind::Publisher, &security.link())?;
        events.connect(&config.proxy)?;
        let scrub = ScrubThread::start(ledger.disk())?;
        let membership = match &config.cluster {
            Some(cluster) => {
                let link = Link::bind(context, security, &cluster.link, &cluster.node)?;
                Some(Membership::start(cluster, link, term, ledger.head(), waker.clone())?)
            }
            None => None,
        };
        let advertise = config.advertise.clone();
        let shared_secret = config.cluster.as_ref().map(|_| ledger.secret("token.secret")).transpose()?;
        let registration = Registration::start(config.registration, ledger.state(), shared_secret.as_ref())?;
        let mut engine = Engine::new(ledger, tokens, jobs, files, config.limits, advertise);
        if membership.is_some() {
            let mut first_ticket = [0; 4];
            getrandom::fill(&mut first_ticket)?;
            engine.join_cluster(u64::from(u32::from_le_bytes(first_ticket)) << 31, clock::unix_ms());
        }
        let started = clock::now();
        let engine = engine
            .with_search(Search::start(&config.data)?)
            .with_registration(registration)
            .with_backups(backups::open(&config.data, &config.backups, waker.clone(), clock::unix_ms()))
            .with_stopwatch(Box::new(move || clock::now().duration_since(started)));
        let is_plain = matches!(security, NodeSecurity::Plain);
        let engine = if is_plain { engine.without_deliveries() } else { engine };
        let sockets = Sockets {
            requests: Inbox::new(requests),
            events,
            membership,
            bundle: Default::default(),
            replies: 0,
            replies_dropped: 0,
            publications: 0,
            publications_dropped: 0,
        };
        Ok(Self { engine, sockets, control, waker, wake, scrub, started })
    }

    #[must_use]
    pub fn control(&self) -> &str {
        self.control.endpoint()
    }

    /// The endpoints at which the nodes of the cluster receive requests; none for a node on its own.
    #[must_use]
    pub fn cluster_clients(&self) -> Vec<String> {
        self.sockets.membership.as_ref().map_or_else(Vec::new, Membership::clients)
    }

    /// The endpoint for the other nodes of the cluster; `None` for a node on its own.
    #[must_use]
    pub fn link(&self) -> Option<&str> {
        self.sockets.membership.as_ref().map(Membership::link)
    }

    /// The join code for the first account; `None` if an account exists, or if every client may register.
    #[must_use]
    pub fn first_join_code(&self) -> Option<&str> {
        self.engine.registration().first_code()
    }

    /// Sets the origin of the gateway, such as `https://chat.example`, with which links to files begin.
    pub fn set_web_origin(&mut self, origin: Option<String>) {
        self.engine.set_web_origin(origin);
    }

    /// Serves until `shutdown` is requested. Then waits until the records of all accepted requests are
    /// durable, and sends the replies.
    pub fn run(mut self, shutdown: &Shutdown) -> Result<(), ServerError> {
        shutdown.watch(self.waker.clone());
        self.wait_for_proxy(shutdown)?;
        let mut has_more = true;
        while !shutdown.is_requested() {
            if !has_more {
                self.wait()?;
            }
            has_more = self.round(true)?;
        }
        self.engine.record_present_users(clock::unix_ms());
        let deadline = clock::now() + SHUTDOWN_TIMEOUT;
        self.round(false)?;
        while !self.engine.is_quiet() && clock::now() < deadline {
            wait(&[Watch::Wake(&self.wake)], Some(SHUTDOWN_POLL_INTERVAL))?;
            self.round(false)?;
        }
        self.engine.close();
        info!("server stopped");
        Ok(())
    }

    /// Waits until the proxy has subscribed to the events. Otherwise, the events of the first requests would
    /// be lost, and their subscribers would have to load them from the history.
    fn wait_for_proxy(&self, shutdown: &Shutdown) -> Result<(), TransportError> {
        let (mut subscription, deadline) = (Vec::new(), clock::now() + PROXY_WAIT);
        loop {
            self.wake.clear();
            let is_late = clock::now() >= deadline;
            if is_late || shutdown.is_requested() || self.sockets.events.receive(&mut subscription)? {
                return Ok(());
            }
            let left = deadline.saturating_duration_since(clock::now());
            wait(&[Watch::Wake(&self.wake), Watch::Readable(&self.sockets.events)], Some(left))?;
        }
    }

    /// Waits for a request, a control request, a wake-up or the next deadline.
    fn wait(&self) -> Result<(), TransportError> {
        let idle = [Watch::Wake(&self.wake), Watch::Readable(self.control.socket())];
        let [wake, control] = idle;
        let left_ms = self.engine.deadline().map(|due| due.saturating_sub(clock::unix_ms()));
        let timeout = left_ms.map(Duration::from_millis).into_iter().chain(self.engine.until_backup()).min();
        let requests = Watch::Readable(self.sockets.requests.socket());
        match &self.sockets.membership {
            Some(membership) => {
                let step = Duration::from_millis(STEP_MS);
                let timeout = timeout.map_or(step, |timeout| timeout.min(step));
                let is_open = self.accepts_requests();
                wait(
                    &[wake, control, if is_open { requests } else { wake }, membership.watch()],
                    Some(timeout),
                )
            }
            None if self.engine.accepts_requests() => wait(&[wake, control, requests], timeout),
            None => wait(&idle, timeout),
        }
    }

    /// Whether the server may receive a request. A node of a cluster must first have the whole log.
    fn accepts_requests(&self) -> bool {
        let has_started = self.sockets.membership.as_ref().is_none_or(Membership::has_started);
        has_started && self.engine.accepts_requests()
    }

    fn send(&mut self) -> Result<(), ServerError> {
        if let Some(membership) = &self.sockets.membership {
            membership.share_notices(&self.engine);
        }
        self.engine.send(&mut self.sockets)?;
        self.sockets.send_delayed()?;
        Ok(self.sockets.send_bundle()?)
    }

    fn step(&mut self) -> Result<(), ServerError> {
        if let Some(membership) = &mut self.sockets.membership {
            membership.step(&mut self.engine, clock::monotonic_ms(), clock::unix_ms())?;
        }
        Ok(())
    }

    /// Sends durable replies and events, answers requests, and submits their records. Returns true if more
    /// requests may be waiting.
    fn round(&mut self, accepts_requests: bool) -> Result<bool, ServerError> {
        self.wake.clear();
        self.engine.set_elapsed(clock::now().duration_since(self.started));
        self.send()?;
        self.step()?;
        // If the commit log is idle, submit the open batch without waiting for more requests.
        self.engine.flush();
        let now_ms = clock::unix_ms();
        self.engine.resume_pending(now_ms);
        let has_more = accepts_requests && self.receive_requests(now_ms)?;
        self.engine.tick(now_ms);
        self.engine.flush();
        if self.engine.ledger().is_quiet() {
            // No record is pending, so the replies to reads are sent now.
            self.engine.set_elapsed(clock::now().duration_since(self.started));
            self.send()?;
        }
        self.answer_control()?;
        // The socket does not report the rest of a bundle.
        let has_unread = self.sockets.requests.has_unread() && self.accepts_requests();
        Ok(has_more || has_unread || self.engine.has_unfinished_frames())
    }

    /// Answers up to [`LINES_PER_ROUND`] request lines, for at most the time of a turn. Returns true if more
    /// may be waiting.
    fn receive_requests(&mut self, now_ms: u64) -> Result<bool, TransportError> {
        let (mut frames, requests_max) = (Vec::new(), self.engine.counters.requests + LINES_PER_ROUND);
        let end = clock::now() + TURN;
        for _ in 0..LINES_PER_ROUND {
            if self.engine.counters.requests >= requests_max || clock::now() >= end {
                break;
            }
            if !self.accepts_requests() || !self.sockets.requests.receive(&mut frames)? {
                return Ok(false);
            }
            self.engine.accept(&mut frames, now_ms);
        }
        Ok(true)
    }

    fn answer_control(&self) -> Result<(), TransportError> {
        let (counters, sockets) = (self.engine.counters, &self.sockets);
        let mut counters = vec![
            ("frames", counters.frames),
            ("requests", counters.requests),
            ("malformed", counters.malformed),
            ("logins_waiting", self.engine.jobs_waiting(JobKind::Passwords) as u64),
            ("records", self.engine.ledger().position()),
            ("replies", sockets.replies),
            ("replies_dropped", sockets.replies_dropped),
            ("publications", sockets.publications),
            ("publications_dropped", sockets.publications_dropped),
            ("log_bytes_checked", self.scrub.bytes()),
        ];
        if let Some(membership) = &sockets.membership {
            counters.extend(membership.counters());
        }
        let status = || {
            let mut status = control::status("server", self.started, &counters, &self.problems());
            if let Some(fields) = status.as_object_mut() {
                fields.insert("backup".to_owned(), self.engine.backups().health());
            }
            status
        };
        self.control.answer_with_metrics(status, || self.metrics())
    }

    fn metrics(&self) -> Vec<Family> {
        let mut families = self.engine.metrics(clock::unix_ms());
        families.push(Family::single(
            MetricKind::Counter,
            "papo_events_published_total",
            "Events and notices that the server sent to the proxy, one for each topic.",
            self.sockets.publications,
        ));
        families
    }

    fn problems(&self) -> Vec<String> {
        let (mut problems, now_ms) = (self.scrub.problems(), clock::monotonic_ms());
        problems.extend(self.engine.ledger().failure().map(|failure| failure.message.to_string()));
        problems.extend(self.engine.search_problem());
        problems.extend(self.engine.backups().problems());
        problems.extend(self.sockets.membership.as_ref().and_then(|membership| membership.problem(now_ms)));
        problems
    }
}

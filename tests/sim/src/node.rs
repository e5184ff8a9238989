//! The server of a run: the real engine, ledger and journal, on a disk in memory with injected failures.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use common::{ChannelName, Reason, UserName, rpc};
use disk::Disk as _;
use disk::faulty::{FaultyDisk, Loss};
use serde_json::Value;
use server::domain::records::TokenDigest;
use server::domain::{Actor, Command};
use server::engine::{Engine, Outlet, SendError};
use server::outbound::Publication;
use server::outbound::pending_request::PendingRequest;
use server::services::files::{FileLimits, Files};
use server::services::jobs::Jobs;
use server::services::limiters::rates::UserLimits;
use server::services::tokens::TokenIssuer;
use server::storage::commit_log::CommitMode;
use server::storage::data_folder::{Store, StoreError};
use server::storage::ledger::{Ledger, LedgerError, Sizes};
use transport::Frame;
use uuid::Uuid;

use crate::checks::stored::fingerprint;
use crate::checks::{Check, ensure};
use crate::plan::Plan;
use crate::schedule::BrokerConnection;

/// The Unix time at the start of a run.
pub(crate) const BEGIN_UNIX_MS: u64 = 1_763_700_000_000;

/// The maximum number of rounds until the reply to a request at the end of a run.
const REQUEST_ROUNDS_MAX: u32 = 100;

/// The maximum number of request frames in one round, as in `server::Server`.
const FRAMES_PER_ROUND_MAX: usize = 256;

/// The simulated time in which the engine answers one request line. The engine works about 1 ms for one
/// client and then serves the next client, so it answers a frame of more than four lines in several parts.
const LINE_TIME: Duration = Duration::from_micros(300);

pub(crate) struct Node {
    pub(crate) disk: FaultyDisk,
    pub(crate) engine: Option<Engine>,
    pub(crate) inbox: VecDeque<Request>,
    pub(crate) is_round_scheduled: bool,
    /// The power cut that will follow the planned disk failure.
    pub(crate) power_cut: Option<Loss>,
    /// The clock error of the server; negative if its clock is behind.
    pub(crate) clock_error_ms: i64,
    has_files: bool,
    sizes: Sizes,
    /// Accepted frames without a reply, by connection. A negative number means too many replies.
    unanswered: BTreeMap<(usize, u64), i64>,
    /// The last durable record and the fingerprint of the state, at the end of the last round without pending
    /// writes.
    last_durable: Option<(u64, String)>,
}

/// A frame of request lines, and an optional frame of file bytes.
pub(crate) struct Request {
    pub(crate) from: BrokerConnection,
    pub(crate) frame: Vec<u8>,
    pub(crate) bytes: Option<Arc<[u8]>>,
}

/// A frame of reply lines, and an optional frame of file bytes.
pub(crate) struct Reply {
    pub(crate) to: BrokerConnection,
    pub(crate) lines: Vec<u8>,
    pub(crate) bytes: Option<Vec<u8>>,
}

/// The output of one round of the server.
#[derive(Default)]
pub(crate) struct Outgoing {
    pub(crate) replies: Vec<Reply>,
    pub(crate) publications: Vec<(String, Vec<u8>)>,
}

impl Outlet for Outgoing {
    type Error = Infallible;

    fn reply(&mut self, answered: PendingRequest) -> Result<(), Infallible> {
        let frames: Vec<_> = answered.into_reply().collect();
        if let [address, _delimiter, lines, bytes @ ..] = frames.as_slice() {
            let bytes = bytes.first().map(|bytes| bytes.to_vec());
            self.replies.extend(connection_of(address).map(|to| Reply { to, lines: lines.to_vec(), bytes }));
        }
        Ok(())
    }

    fn publish(&mut self, publication: Publication) -> Result<(), Infallible> {
        self.publications.push((publication.topic.to_string(), publication.lines));
        Ok(())
    }
}

pub(crate) enum RoundEnd {
    /// The round succeeded with this output.
    Success(Outgoing),
    /// The power was cut during the round.
    PowerCut(Loss),
    /// The server stopped because its disk cannot be read.
    Failed(LedgerError),
}

impl Node {
    /// Creates a data folder with the users, their sessions and the channels.
    pub(crate) fn create(users: &[UserName], channels: &[ChannelName], secret: u64, plan: &Plan) -> Self {
        let sizes = plan.sizes;
        let disk = FaultyDisk::new();
        let digits = format!("{secret:016x}").repeat(4);
        disk.replace_atomically("keys/topic.secret", digits.as_bytes()).expect("a sound disk");
        let mut ledger = open(&disk, sizes).expect("an empty disk");
        for (number, user) in users.iter().enumerate() {
            let (user, digest) = (user.clone(), TokenDigest::of(&token(user)));
            let session = Uuid::from_u128(number as u128);
            let register = Command::Register { user: user.clone(), password: "none".into() };
            let open = Command::OpenSession { user, session, digest, expires: u64::MAX };
            for command in [register, open] {
                ledger.record(command, BEGIN_UNIX_MS).expect("allowed");
            }
        }
        for (number, channel) in channels.iter().enumerate() {
            let actor = |user: &UserName| Actor { user: user.clone(), channel: channel.clone() };
            let create = Command::CreateChannel(actor(&users[number % users.len()]), false);
            ledger.record(create, BEGIN_UNIX_MS).expect("allowed");
            for user in users {
                ledger.record(Command::Join(actor(user)), BEGIN_UNIX_MS).expect("allowed");
            }
        }
        while !ledger.is_quiet() {
            ledger.flush();
            ledger.poll().map_err(|failure| failure.answer).expect("a sound disk");
        }
        Self {
            disk,
            engine: None,
            inbox: VecDeque::new(),
            is_round_scheduled: false,
            power_cut: None,
            clock_error_ms: 0,
            has_files: plan.is_varied,
            sizes,
            unanswered: BTreeMap::new(),
            last_durable: None,
        }
    }

    pub(crate) fn start(&mut self) -> Result<&Engine, LedgerError> {
        let ledger = open(&self.disk, self.sizes)?;
        let jobs = Jobs::start(&CommitMode::WhenPolled).expect("no threads to start");
        let tokens = TokenIssuer::new(&[7; 32]);
        // If the run sends no files, the folder `files` is on a second disk without faults.
        let disk = if self.has_files { self.disk.clone() } else { FaultyDisk::new() };
        let files = Files::open(Arc::new(disk), FileLimits::default(), &ledger);
        let files = files.map_err(|source| {
            LedgerError::Store(StoreError::Io { action: "open", path: "files".into(), source })
        })?;
        let events = "tcp://*:5558".to_owned();
        let engine = Engine::new(ledger, tokens, jobs, files, UserLimits::default(), events);
        let clock_reads = AtomicU32::new(0);
        let stopwatch = Box::new(move || LINE_TIME * clock_reads.fetch_add(1, Ordering::Relaxed));
        Ok(self.engine.insert(engine.with_stopwatch(stopwatch)))
    }

    /// Kills the process. Unwritten data and the messages in its sockets are lost.
    pub(crate) fn kill(&mut self) {
        self.engine = None;
        self.inbox.clear();
        self.unanswered.clear();
        self.power_cut = None;
        self.disk.heal();
    }

    pub(crate) fn cut_power(&mut self, loss: Loss) {
        self.kill();
        self.disk = self.disk.after_crash(loss);
    }

    pub(crate) fn stop(&mut self) {
        if let Some(engine) = self.engine.take() {
            engine.close();
        }
        self.kill();
    }

    pub(crate) fn unix_ms(&self, now_ms: u64) -> u64 {
        (BEGIN_UNIX_MS + now_ms).saturating_add_signed(self.clock_error_ms)
    }

    /// Runs one round of the event loop, as `server::Server` does. Returns `None` if the server is down.
    pub(crate) fn round(&mut self, now_ms: u64) -> Option<RoundEnd> {
        let unix_ms = self.unix_ms(now_ms);
        let engine = self.engine.as_mut()?;
        let mut outgoing = Outgoing::default();
        let mut sent = engine.send(&mut outgoing);
        engine.resume_pending(unix_ms);
        for _ in 0..FRAMES_PER_ROUND_MAX {
            if !engine.accepts_requests() {
                break;
            }
            let Some(Request { from, frame, bytes }) = self.inbox.pop_front() else { break };
            *self.unanswered.entry((from.client, from.incarnation)).or_default() += 1;
            engine.accept(&mut frames(from, frame, bytes.as_deref()), unix_ms);
        }
        engine.tick(unix_ms);
        engine.flush();
        if sent.is_ok() && engine.ledger().is_quiet() {
            sent = engine.send(&mut outgoing);
        }
        for Reply { to, .. } in &outgoing.replies {
            *self.unanswered.entry((to.client, to.incarnation)).or_default() -= 1;
        }
        if let Some(loss) = self.power_cut.filter(|_| self.disk.has_failed()) {
            return Some(RoundEnd::PowerCut(loss));
        }
        if engine.ledger().is_quiet() {
            self.last_durable = Some((engine.ledger().position(), fingerprint(engine.ledger().state())));
        }
        match sent {
            Ok(()) => Some(RoundEnd::Success(outgoing)),
            Err(SendError::Ledger(error)) => Some(RoundEnd::Failed(error)),
            Err(SendError::Outlet(never)) => match never {},
        }
    }

    /// Sends one request at the end of a run. Returns the result, and the file bytes of the reply.
    pub(crate) fn request(
        &mut self,
        user: &UserName,
        method: &str,
        mut params: Value,
        now_ms: u64,
    ) -> Result<(Value, Option<Vec<u8>>), String> {
        let unix_ms = self.unix_ms(now_ms);
        let engine = self.engine.as_mut().ok_or("the server is down")?;
        params["token"] = token(user).into();
        let (from, mut line) = (BrokerConnection { client: usize::MAX, incarnation: 0 }, Vec::new());
        rpc::encode_request(&mut line, "1", method, &params);
        engine.accept(&mut frames(from, line, None), unix_ms);
        for _ in 0..REQUEST_ROUNDS_MAX {
            let mut outgoing = Outgoing::default();
            engine.resume_pending(unix_ms);
            engine.flush();
            engine.send(&mut outgoing).map_err(|_| "the server stopped")?;
            if let Some(reply) = outgoing.replies.into_iter().find(|reply| reply.to == from) {
                let answer: Value =
                    serde_json::from_slice(&reply.lines).map_err(|error| error.to_string())?;
                let result = answer.get("result").cloned().ok_or_else(|| answer.to_string())?;
                return Ok((result, reply.bytes));
            }
        }
        Err("no answer".to_owned())
    }

    /// Whether the server has work to do without a new request.
    pub(crate) fn is_busy(&self) -> bool {
        self.engine.as_ref().is_some_and(|engine| !engine.is_quiet() || !self.inbox.is_empty())
    }

    pub(crate) fn has_unfinished_frames(&self) -> bool {
        self.engine.as_ref().is_some_and(Engine::has_unfinished_frames)
    }

    /// Every accepted frame gets exactly one reply. No reply is missing after all work is done.
    pub(crate) fn answered_once(&self) -> Check {
        let is_quiet = self.engine.as_ref().is_some_and(Engine::is_quiet);
        self.unanswered.iter().try_for_each(|(from, count)| {
            ensure(*count == 0 || (*count > 0 && !is_quiet), "answered_once", || {
                format!("{count} frames of {from:?} have no reply; the server has no more work: {is_quiet}")
            })
        })
    }

    /// Whether the server has detected that its disk is full.
    pub(crate) fn is_full(&self) -> bool {
        let failure = self.engine.as_ref().and_then(|engine| engine.ledger().failure());
        failure.is_some_and(|failure| failure.reason() == Some(Reason::StorageFull))
    }

    /// Whether the free space of the disk is limited.
    pub(crate) fn has_limited_room(&self) -> bool {
        self.disk.room().is_some()
    }

    /// Whether the server must restart, because the disk failed or a power cut is planned.
    pub(crate) fn needs_restart(&self) -> bool {
        self.power_cut.is_some() || self.disk.has_failed()
    }

    /// Checks that the state after a startup equals the last durable state before the startup.
    pub(crate) fn startup_restores_the_durable_state(&self, ledger: &Ledger) -> Check {
        let Some((record, before)) = &self.last_durable else { return Ok(()) };
        ensure(*record <= ledger.position(), "startup_restores_the_durable_state", || {
            format!("record {record} was durable, but the log ends at {}", ledger.position())
        })?;
        let now = fingerprint(ledger.state());
        ensure(*record < ledger.position() || *before == now, "startup_restores_the_durable_state", || {
            format!("at record {record} the state was\n{before}\nand now it is\n{now}")
        })
    }

    pub(crate) fn sizes(&self) -> Sizes {
        self.sizes
    }
}

fn open(disk: &FaultyDisk, sizes: Sizes) -> Result<Ledger, LedgerError> {
    Ledger::open_with(Store::on(Arc::new(disk.clone())), &CommitMode::WhenPolled, sizes)
}

pub(crate) fn token(user: &UserName) -> String {
    format!("token of {user}")
}

/// The frames of a request as the broker forwards them.
fn frames(from: BrokerConnection, lines: Vec<u8>, bytes: Option<&[u8]>) -> Vec<Frame> {
    let address = Frame::from(format!("{} {}", from.client, from.incarnation).as_bytes());
    [address, Frame::new(), Frame::from(lines)].into_iter().chain(bytes.map(Frame::from)).collect()
}

fn connection_of(address: &[u8]) -> Option<BrokerConnection> {
    let (client, incarnation) = std::str::from_utf8(address).ok()?.split_once(' ')?;
    Some(BrokerConnection { client: client.parse().ok()?, incarnation: incarnation.parse().ok()? })
}

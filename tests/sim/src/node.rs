//! The server of a run: the real engine, ledger and journal, on a disk in memory that fails when told to.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;

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
use server::services::limiters::rates::Rate;
use server::services::tokens::TokenIssuer;
use server::storage::commit_log::CommitMode;
use server::storage::data_folder::{Store, StoreError};
use server::storage::ledger::{Ledger, LedgerError, Sizes};
use transport::Frame;
use uuid::Uuid;

use crate::agenda::Link;
use crate::checks::stored::fingerprint;
use crate::checks::{Check, ensure};
use crate::plan::Plan;

/// What the clocks of server and clients say at the beginning, in Unix milliseconds.
pub(crate) const BEGIN_UNIX_MS: u64 = 1_763_700_000_000;

/// Rounds within which a question at the end is answered: it waits for one job of files at most.
const ASK_ROUNDS_MAX: u32 = 100;

/// Request frames taken in one round, as in `server::Server`.
const FRAMES_PER_ROUND_MAX: usize = 256;

/// The machine that the server runs on.
pub(crate) struct Node {
    pub(crate) disk: FaultyDisk,
    pub(crate) engine: Option<Engine>,
    /// Requests that have arrived.
    pub(crate) inbox: VecDeque<Request>,
    /// Whether a round is planned.
    pub(crate) has_round: bool,
    /// What the power cut does that comes when the planned failure has happened.
    pub(crate) power_cut: Option<Loss>,
    /// Milliseconds that its clock is ahead or behind.
    pub(crate) clock_error_ms: i64,
    /// Whether anybody sends files.
    has_files: bool,
    sizes: Sizes,
    /// Frames taken and not answered yet, by the connection they came from; fewer than none: answered too often.
    owed: BTreeMap<(usize, u64), i64>,
    /// The state when everything was last on disk, and the record that was.
    quiet: Option<(u64, String)>,
}

/// A frame of request lines that has arrived, and maybe one of bytes behind it.
pub(crate) struct Request {
    pub(crate) from: Link,
    pub(crate) frame: Vec<u8>,
    pub(crate) bytes: Option<Arc<[u8]>>,
}

/// The same on the way back.
pub(crate) struct Reply {
    pub(crate) to: Link,
    pub(crate) lines: Vec<u8>,
    pub(crate) bytes: Option<Vec<u8>>,
}

/// What the server tells in one round.
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
            self.replies.extend(link(address).map(|to| Reply { to, lines: lines.to_vec(), bytes }));
        }
        Ok(())
    }

    fn publish(&mut self, publication: Publication) -> Result<(), Infallible> {
        self.publications.push((publication.topic.to_string(), publication.lines));
        Ok(())
    }
}

/// How a round ended.
pub(crate) enum Ended {
    /// This may be told.
    Well(Outgoing),
    /// The power went off in the middle of it.
    PowerCut(Loss),
    /// The server gave up: its disk cannot even be read.
    GaveUp(LedgerError),
}

impl Node {
    /// A new data folder with some users, their sessions and some channels.
    pub(crate) fn found(users: &[UserName], channels: &[ChannelName], secret: u64, plan: &Plan) -> Self {
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
            has_round: false,
            power_cut: None,
            clock_error_ms: 0,
            has_files: plan.is_varied,
            sizes,
            owed: BTreeMap::new(),
            quiet: None,
        }
    }

    /// Starts the server on what its disk holds.
    pub(crate) fn start(&mut self) -> Result<&Engine, LedgerError> {
        let ledger = open(&self.disk, self.sizes)?;
        let jobs = Jobs::start(&CommitMode::WhenPolled).expect("no threads to start");
        let tokens = TokenIssuer::new(&[7; 32]);
        // Where nobody sends any, no fault is spent on them.
        let disk = if self.has_files { self.disk.clone() } else { FaultyDisk::new() };
        let files = Files::open(Arc::new(disk), FileLimits::default(), &ledger);
        let files = files.map_err(|source| {
            LedgerError::Store(StoreError::Io { action: "open", path: "files".into(), source })
        })?;
        let events = "tcp://*:5558".to_owned();
        Ok(self.engine.insert(Engine::new(ledger, tokens, jobs, files, Rate::default(), events)))
    }

    /// The process dies: what it had not written is gone, what waited in its sockets too.
    pub(crate) fn kill(&mut self) {
        self.engine = None;
        self.inbox.clear();
        self.owed.clear();
        self.power_cut = None;
        self.disk.heal();
    }

    /// The machine loses its power.
    pub(crate) fn cut_power(&mut self, loss: Loss) {
        self.kill();
        self.disk = self.disk.after_crash(loss);
    }

    /// The server stops in order.
    pub(crate) fn stop(&mut self) {
        if let Some(engine) = self.engine.take() {
            engine.close();
        }
        self.kill();
    }

    /// What the server's clock says.
    pub(crate) fn unix_ms(&self, now_ms: u64) -> u64 {
        (BEGIN_UNIX_MS + now_ms).saturating_add_signed(self.clock_error_ms)
    }

    /// One round of the server's loop, as `server::Server` makes it. `None`: it is down.
    pub(crate) fn round(&mut self, now_ms: u64) -> Option<Ended> {
        let unix_ms = self.unix_ms(now_ms);
        let engine = self.engine.as_mut()?;
        let mut outgoing = Outgoing::default();
        let mut told = engine.send(&mut outgoing);
        engine.resume_pending(unix_ms);
        for _ in 0..FRAMES_PER_ROUND_MAX {
            if !engine.accepts_requests() {
                break;
            }
            let Some(Request { from, frame, bytes }) = self.inbox.pop_front() else { break };
            *self.owed.entry((from.client, from.life)).or_default() += 1;
            engine.accept(&mut frames(from, frame, bytes.as_deref()), unix_ms);
        }
        engine.tick(unix_ms);
        engine.flush();
        if told.is_ok() && engine.ledger().is_quiet() {
            told = engine.send(&mut outgoing);
        }
        for Reply { to, .. } in &outgoing.replies {
            *self.owed.entry((to.client, to.life)).or_default() -= 1;
        }
        if let Some(loss) = self.power_cut.filter(|_| self.disk.has_failed()) {
            return Some(Ended::PowerCut(loss));
        }
        if engine.ledger().is_quiet() {
            self.quiet = Some((engine.ledger().position(), fingerprint(engine.ledger().state())));
        }
        match told {
            Ok(()) => Some(Ended::Well(outgoing)),
            Err(SendError::Ledger(error)) => Some(Ended::GaveUp(error)),
            Err(SendError::Outlet(never)) => match never {},
        }
    }

    /// Asks at the end of a run, when nobody else does any more. The result, and the bytes behind it.
    pub(crate) fn ask(
        &mut self,
        user: &UserName,
        method: &str,
        mut params: Value,
        now_ms: u64,
    ) -> Result<(Value, Option<Vec<u8>>), String> {
        let unix_ms = self.unix_ms(now_ms);
        let engine = self.engine.as_mut().ok_or("the server is down")?;
        params["token"] = token(user).into();
        let (from, mut line) = (Link { client: usize::MAX, life: 0 }, Vec::new());
        rpc::encode_request(&mut line, "1", method, &params);
        engine.accept(&mut frames(from, line, None), unix_ms);
        for _ in 0..ASK_ROUNDS_MAX {
            let mut outgoing = Outgoing::default();
            engine.resume_pending(unix_ms);
            engine.flush();
            engine.send(&mut outgoing).map_err(|_| "the server gives up")?;
            if let Some(reply) = outgoing.replies.into_iter().find(|reply| reply.to == from) {
                let answer: Value =
                    serde_json::from_slice(&reply.lines).map_err(|error| error.to_string())?;
                let result = answer.get("result").cloned().ok_or_else(|| answer.to_string())?;
                return Ok((result, reply.bytes));
            }
        }
        Err("no answer".to_owned())
    }

    /// Whether the server has anything left to do without being asked.
    pub(crate) fn is_busy(&self) -> bool {
        self.engine.as_ref().is_some_and(|engine| !engine.is_quiet() || !self.inbox.is_empty())
    }

    /// Every frame that the server took is answered, once. What it took and has not answered is on its way.
    pub(crate) fn answered_once(&self) -> Check {
        let is_quiet = self.engine.as_ref().is_some_and(Engine::is_quiet);
        self.owed.iter().try_for_each(|(from, owed)| {
            ensure(*owed == 0 || (*owed > 0 && !is_quiet), "answered_once", || {
                format!("{owed} frames of {from:?} are owed an answer, and the server is quiet: {is_quiet}")
            })
        })
    }

    /// Whether the server has seen that its disk is full.
    pub(crate) fn is_full(&self) -> bool {
        let failure = self.engine.as_ref().and_then(|engine| engine.ledger().failure());
        failure.is_some_and(|failure| failure.reason() == Some(Reason::StorageFull))
    }

    /// Whether its disk is full, or is going to be.
    pub(crate) fn has_little_room(&self) -> bool {
        self.disk.room().is_some()
    }

    /// Whether its disk has failed or is going to, so that only a restart helps.
    pub(crate) fn is_suspect(&self) -> bool {
        self.power_cut.is_some() || self.disk.has_failed()
    }

    /// The state that a start finds is the one of before, as far as that was on disk.
    pub(crate) fn state_equals_before(&self, ledger: &Ledger) -> Check {
        let Some((record, before)) = &self.quiet else { return Ok(()) };
        ensure(*record <= ledger.position(), "state_equals_before", || {
            format!("record {record} was on disk, and the log ends at {}", ledger.position())
        })?;
        let now = fingerprint(ledger.state());
        ensure(*record < ledger.position() || *before == now, "state_equals_before", || {
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

/// The token of a user's session.
pub(crate) fn token(user: &UserName) -> String {
    format!("token of {user}")
}

/// A request as it leaves the broker.
fn frames(from: Link, lines: Vec<u8>, bytes: Option<&[u8]>) -> Vec<Frame> {
    let address = Frame::from(format!("{} {}", from.client, from.life).as_bytes());
    [address, Frame::new(), Frame::from(lines)].into_iter().chain(bytes.map(Frame::from)).collect()
}

fn link(address: &[u8]) -> Option<Link> {
    let (client, life) = std::str::from_utf8(address).ok()?.split_once(' ')?;
    Some(Link { client: client.parse().ok()?, life: life.parse().ok()? })
}

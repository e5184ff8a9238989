//! The server of a run: the real engine, ledger and journal, on a disk in memory with injected failures.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
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
use server::engine::cluster_config::ClusterError;
use server::engine::membership::Membership;
use server::engine::{Engine, SendError};
use server::services::files::{FileLimits, Files};
use server::services::jobs::Jobs;
use server::services::limiters::rates::UserLimits;
use server::services::tokens::TokenIssuer;
use server::storage::commit_log::CommitMode;
use server::storage::data_folder::{Store, StoreError};
use server::storage::ledger::{Ledger, LedgerError, Sizes};
use uuid::Uuid;

use crate::checks::stored::fingerprint;
use crate::checks::{Check, ensure};
use crate::nodes::link::SimLink;
use crate::nodes::member::Member;
use crate::outlet::{NodeOutlet, Outgoing, Reply, frames};
use crate::parts::{Role, Round, RoundEnd, StartError};
use crate::plan::Plan;
use crate::schedule::{BrokerConnection, ProxyConnection};

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
    /// The next scheduled round.
    pub(crate) round: Option<Round>,
    pub(crate) broker: Role,
    pub(crate) proxy: Role,
    /// The subscriptions of each connection at the proxy.
    pub(crate) subscriptions: BTreeMap<ProxyConnection, BTreeSet<String>>,
    /// `None` if the node is not in a cluster.
    pub(crate) member: Option<Member>,
    /// The server is paused until this time, as by SIGSTOP.
    pub(crate) paused_until_ms: u64,
    /// The number of the node.
    number: usize,
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

impl Node {
    /// Creates a data folder with the users, their sessions and the channels.
    pub(crate) fn create(users: &[UserName], channels: &[ChannelName], secret: u64, plan: &Plan) -> Self {
        let sizes = plan.sizes;
        let disk = FaultyDisk::new();
        let digits = format!("{secret:016x}").repeat(4);
        disk.replace_atomically("keys/topic.secret", digits.as_bytes()).expect("a sound disk");
        let mut ledger = open(&disk, sizes, &CommitMode::WhenPolled).expect("an empty disk");
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
        Self::on(0, disk, plan)
    }

    /// A node with this data folder.
    pub(crate) fn on(number: usize, disk: FaultyDisk, plan: &Plan) -> Self {
        Self {
            disk,
            engine: None,
            inbox: VecDeque::new(),
            round: None,
            broker: Role::UP,
            proxy: Role::UP,
            subscriptions: BTreeMap::new(),
            member: None,
            paused_until_ms: 0,
            number,
            power_cut: None,
            clock_error_ms: 0,
            has_files: plan.is_varied,
            sizes: plan.sizes,
            unanswered: BTreeMap::new(),
            last_durable: None,
        }
    }

    pub(crate) fn start(&mut self, now_ms: u64) -> Result<(), StartError> {
        let commits = self.member.as_ref().map_or(CommitMode::WhenPolled, Member::commits);
        let ledger = open(&self.disk, self.sizes, &commits).map_err(StartError::Ledger)?;
        let jobs = Jobs::start(&CommitMode::WhenPolled).expect("no threads to start");
        let tokens = TokenIssuer::new(&[7; 32]);
        // If the run sends no files, the folder `files` is on a second disk without faults.
        let disk = if self.has_files { self.disk.clone() } else { FaultyDisk::new() };
        let files = Files::open(Arc::new(disk), FileLimits::default(), &ledger);
        let files = files.map_err(|source| {
            let error = StoreError::Io { action: "open", path: "files".into(), source };
            StartError::Ledger(LedgerError::Store(error))
        })?;
        let events = events_endpoint(self.number, self.member.is_some());
        let mut engine = Engine::new(ledger, tokens, jobs, files, UserLimits::default(), events);
        let clock_reads = AtomicU32::new(0);
        let stopwatch = Box::new(move || LINE_TIME * clock_reads.fetch_add(1, Ordering::Relaxed));
        if let Some(member) = &mut self.member {
            let first_ticket = member.starts << 32;
            engine.join_cluster(
                first_ticket,
                (BEGIN_UNIX_MS + now_ms).saturating_add_signed(self.clock_error_ms),
            );
            member.start(engine.ledger().head(), now_ms).map_err(StartError::SharedLog)?;
        }
        self.engine = Some(engine.with_stopwatch(stopwatch));
        Ok(())
    }

    /// Kills the process. Unwritten data and the messages in its sockets are lost.
    pub(crate) fn kill(&mut self) {
        self.engine = None;
        self.inbox.clear();
        self.unanswered.clear();
        self.power_cut = None;
        if let Some(member) = &mut self.member {
            member.kill();
            (self.round, self.paused_until_ms) = (None, 0);
        }
        self.disk.heal();
    }

    pub(crate) fn kill_proxy(&mut self) {
        self.proxy.kill();
        self.subscriptions.clear();
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
        let mut outgoing = Outgoing { node: self.number, ..Outgoing::default() };
        let own_ms = self.member.as_ref().map_or(now_ms, |member| member.set_time(now_ms));
        let mut membership = self.member.as_mut().and_then(Member::membership);
        let mut sent = send(engine, membership.as_deref_mut(), &mut outgoing, own_ms);
        if let Some(membership) = membership.as_deref_mut().filter(|_| sent.is_ok()) {
            if let Err(error) = membership.step(engine, own_ms, unix_ms) {
                return Some(self.left_cluster(error));
            }
            engine.flush();
        }
        engine.resume_pending(unix_ms);
        let has_started = membership.as_ref().is_none_or(|membership| membership.has_started());
        for _ in 0..FRAMES_PER_ROUND_MAX {
            if !has_started || !engine.accepts_requests() {
                break;
            }
            let Some(Request { from, frame, bytes }) = self.inbox.pop_front() else { break };
            *self.unanswered.entry((from.client, from.incarnation)).or_default() += 1;
            engine.accept(&mut frames(from, frame, bytes.as_deref(), membership.is_some()), unix_ms);
        }
        engine.tick(unix_ms);
        engine.flush();
        if sent.is_ok() && engine.ledger().is_quiet() {
            sent = send(engine, membership, &mut outgoing, own_ms);
        }
        for Reply { to, .. } in &outgoing.replies {
            *self.unanswered.entry((to.client, to.incarnation)).or_default() -= 1;
        }
        if let Some(loss) = self.power_cut.filter(|_| self.disk.has_failed()) {
            return Some(RoundEnd::PowerCut(loss));
        }
        let is_new = self.last_durable.as_ref().is_none_or(|(last, _)| *last != engine.ledger().position());
        if engine.ledger().is_quiet() && (self.member.is_none() || is_new) {
            self.last_durable = Some((engine.ledger().position(), fingerprint(engine.ledger().state())));
        }
        match sent {
            Ok(()) => Some(RoundEnd::Success(outgoing)),
            Err(SendError::Ledger(error)) => Some(RoundEnd::Failed(error)),
            Err(SendError::Outlet(never)) => match never {},
        }
    }

    /// The end of a round in which the server left its cluster.
    fn left_cluster(&self, error: ClusterError) -> RoundEnd {
        match self.power_cut.filter(|_| self.disk.has_failed()) {
            Some(loss) => RoundEnd::PowerCut(loss),
            None => RoundEnd::LeftCluster(error),
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
        let from = BrokerConnection { client: usize::MAX, incarnation: 0, node: self.number };
        let mut line = Vec::new();
        rpc::encode_request(&mut line, "1", method, &params);
        engine.accept(&mut frames(from, line, None, false), unix_ms);
        for _ in 0..REQUEST_ROUNDS_MAX {
            let mut outgoing = Outgoing { node: self.number, ..Outgoing::default() };
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

fn open(disk: &FaultyDisk, sizes: Sizes, commits: &CommitMode) -> Result<Ledger, LedgerError> {
    Ledger::open_with(Store::on(Arc::new(disk.clone())), commits, sizes)
}

/// Sends the replies and events whose records are durable, as `server::Server` does.
fn send(
    engine: &mut Engine,
    membership: Option<&mut Membership<SimLink>>,
    outgoing: &mut Outgoing,
    now_ms: u64,
) -> Result<(), SendError<Infallible>> {
    membership.iter().for_each(|membership| membership.share_notices(engine));
    let mut outlet = NodeOutlet { outgoing, membership, now_ms };
    engine.send(&mut outlet)?;
    outlet.send_delayed();
    Ok(())
}

/// The endpoint at which clients subscribe to the events of a node.
fn events_endpoint(node: usize, is_in_cluster: bool) -> String {
    if is_in_cluster { format!("tcp://{node}:5558") } else { "tcp://*:5558".to_owned() }
}

/// The node of an endpoint from `events_endpoint`.
pub(crate) fn node_of(endpoint: &str) -> usize {
    let host = endpoint.strip_prefix("tcp://").and_then(|rest| rest.split(':').next());
    host.and_then(|host| host.parse().ok()).unwrap_or_default()
}

pub(crate) fn token(user: &UserName) -> String {
    format!("token of {user}")
}

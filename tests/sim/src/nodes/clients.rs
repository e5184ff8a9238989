//! Clients of a cluster: they move to the next node when their node does not answer, as the network thread of
//! the real client does, and the state that they see never becomes older.

use std::collections::BTreeMap;

use common::history::Heads;
use common::{Detail, Target, rpc};
use serde_json::Value;
use session::Session;

use super::events::ClusterEvent;
use super::shared_log::Breakage;
use crate::checks::{Check, ensure};
use crate::node::Request;
use crate::schedule::{BrokerConnection, SimEvent};
use crate::world::World;

/// Time between two checks of a client's connection.
const CHECK_INTERVAL_MS: u64 = 200;

/// Time without a reply after which a client moves, as in the network thread of the client.
const SILENCE_MS: u64 = 1_000;

/// Maximum time until the first request over a new connection arrives.
const CONNECT_MS_MAX: u64 = 20;

/// Per mille of the checks of a connection after which a client moves, if a node may show an older state.
const MOVES_PER_MILLE: u64 = 100;

/// A client's view of its cluster.
pub(crate) struct ClusterClient {
    /// The number of endpoints of the cluster.
    pub(crate) endpoints: usize,
    /// The moves that the session does not know.
    moves: usize,
    /// The time of the first request since the last reply.
    waiting_since_ms: Option<u64>,
    newest: Position,
    /// The newest state that the client knew when it sent each request for the heads.
    asked: BTreeMap<String, Position>,
}

/// The newest state that a client has received.
#[derive(Debug, Clone, Default)]
struct Position {
    cursor: u64,
    heads: BTreeMap<Target, u64>,
}

impl Default for ClusterClient {
    fn default() -> Self {
        Self {
            endpoints: 1,
            moves: 0,
            waiting_since_ms: None,
            newest: Position::default(),
            asked: BTreeMap::new(),
        }
    }
}

impl ClusterClient {
    /// The process of the client ended: it forgets what it received.
    pub(crate) fn restart(&mut self) {
        let Self { endpoints, moves, .. } = *self;
        *self = Self { endpoints, moves, ..Self::default() };
    }

    fn asks(&mut self, frame: &[u8]) {
        let lines = frame.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let requests = lines.filter_map(|line| rpc::decode(line).ok());
        for request in requests.filter(|request| request.method == "sync.heads") {
            self.asked.entry(request.id.trim_matches('"').to_owned()).or_insert_with(|| self.newest.clone());
        }
    }

    /// A client never receives an older state after a newer one: neither the cursor nor the head of a
    /// conversation is smaller than when it sent the request.
    fn positions_never_fall(&mut self, user: &str, lines: &[u8]) -> Check {
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let Ok(reply) = rpc::decode_reply(line) else { continue };
            let Some(known) = reply.id.and_then(|id| self.asked.get(&id)) else { continue };
            let heads = reply.result.and_then(|result| serde_json::from_str::<Heads>(result.get()).ok());
            let Some(heads) = heads else { continue };
            ensure(heads.cursor >= known.cursor, "positions_never_fall", || {
                format!("{user} had the cursor {} and received {}", known.cursor, heads.cursor)
            })?;
            for head in &heads.heads {
                let before = known.heads.get(&head.conversation).copied().unwrap_or_default();
                ensure(head.n >= before, "positions_never_fall", || {
                    format!("{user} knew {} {before} and received the head {}", head.conversation, head.n)
                })?;
                let newest = self.newest.heads.entry(head.conversation.clone()).or_default();
                *newest = head.n.max(*newest);
            }
            self.newest.cursor = heads.cursor.max(self.newest.cursor);
        }
        Ok(())
    }
}

impl World {
    /// Connects each client to a node.
    pub(crate) fn spread_clients(&mut self) {
        if self.cluster.is_none() {
            return;
        }
        let nodes = self.nodes.len();
        for client in 0..self.clients.len() {
            let node = self.rng.index(nodes);
            let sim_client = &mut self.clients[client];
            sim_client.member.endpoints = nodes;
            sim_client.member.moves = node;
            sim_client.broker_connection.node = node;
            sim_client.proxy_connection.node = node;
            let check = SimEvent::Cluster(ClusterEvent::CheckConnection(client));
            self.schedule.after(CHECK_INTERVAL_MS, check);
        }
    }

    /// A client sends a frame of requests.
    pub(crate) fn note_request(&mut self, from: BrokerConnection, frame: &[u8]) {
        if self.cluster.is_some() {
            let member = &mut self.clients[from.client].member;
            member.waiting_since_ms.get_or_insert(self.schedule.now_ms);
            member.asks(frame);
        }
    }

    /// Replaces the cursor of the client in a request by 0, if this rule is broken.
    pub(crate) fn maybe_without_since(&self, mut request: Request) -> Request {
        let breakage = self.cluster.as_ref().and_then(|cluster| cluster.log.breakage());
        if breakage == Some(Breakage::SinceIsIgnored) {
            let frame = String::from_utf8_lossy(&request.frame).into_owned();
            let lines = frame.lines().map(|line| {
                let mut line: Value = serde_json::from_str(line).expect("a request");
                if line["method"] == "sync.heads" {
                    line["params"]["since"] = 0.into();
                }
                format!("{line}\n")
            });
            request.frame = lines.collect::<String>().into_bytes();
        }
        request
    }

    /// A frame of replies arrives at a client.
    pub(crate) fn reply_arrives(&mut self, client: usize, lines: &[u8]) -> Check {
        if self.cluster.is_none() {
            return Ok(());
        }
        let user = self.clients[client].user().to_string();
        let member = &mut self.clients[client].member;
        member.waiting_since_ms = None;
        member.positions_never_fall(&user, lines)?;
        let error = rpc::decode_reply(lines).ok().and_then(|reply| reply.error);
        if error.as_ref().and_then(common::Error::detail) == Some(&Detail::CutOff) {
            self.move_on(client);
        }
        Ok(())
    }

    /// A client whose node does not answer moves to the next node.
    pub(crate) fn check_connection(&mut self, client: usize) -> Check {
        let check = SimEvent::Cluster(ClusterEvent::CheckConnection(client));
        self.schedule.after(CHECK_INTERVAL_MS, check);
        let (sim_client, now_ms) = (&self.clients[client], self.schedule.now_ms);
        if sim_client.session.is_none() || sim_client.suspended_until_ms > now_ms {
            return Ok(());
        }
        let is_down = !self.nodes[sim_client.broker_connection.node].broker.is_up;
        let is_silent = sim_client.member.waiting_since_ms.is_some_and(|since| since + SILENCE_MS <= now_ms);
        if is_down || is_silent || self.moves_without_reason() {
            self.move_on(client);
            return self.with_session(client, Session::link_down);
        }
        Ok(())
    }

    /// A client that moves often finds the older states of slow nodes, if they may show them.
    fn moves_without_reason(&mut self) -> bool {
        let breakage = self.cluster.as_ref().and_then(|cluster| cluster.log.breakage());
        breakage == Some(Breakage::SinceIsIgnored) && self.rng.per_mille(MOVES_PER_MILLE)
    }

    /// Connects a client to the next node, and sends a ping there.
    pub(crate) fn move_on(&mut self, client: usize) {
        let nodes = self.nodes.len();
        let node = (self.clients[client].broker_connection.node + 1) % nodes;
        self.clients[client].member.moves += 1;
        self.connect_broker(client, node);
        self.counters.moves += 1;
        let connection = self.clients[client].broker_connection;
        let in_ms = self.rng.between(1, CONNECT_MS_MAX);
        self.clients[client].member.waiting_since_ms = Some(self.schedule.now_ms);
        self.schedule.after(in_ms, SimEvent::Cluster(ClusterEvent::Ping(connection)));
    }

    fn connect_broker(&mut self, client: usize, node: usize) {
        let connection = &mut self.clients[client].broker_connection;
        (connection.incarnation, connection.node) = (connection.incarnation + 1, node);
        let user = self.users[client].clone();
        self.note(format_args!("{user} connects to {}", super::name_of(node)));
    }

    /// The session of a client selects an endpoint.
    pub(crate) fn use_endpoint(&mut self, client: usize, index: usize) {
        let node = (index + self.clients[client].member.moves) % self.nodes.len();
        self.connect_broker(client, node);
    }

    /// The first request over a new connection arrives. If the node answers, the client subscribes there.
    pub(crate) fn ping_arrives(&mut self, connection: BrokerConnection) -> Check {
        let (client, node) = (connection.client, &self.nodes[connection.node]);
        let is_current = self.clients[client].broker_connection == connection;
        let serves = node.member.as_ref().is_some_and(|member| member.serves(self.schedule.now_ms));
        let is_answered = node.broker.is_up && serves && node.paused_until_ms <= self.schedule.now_ms;
        if !is_current || !is_answered || self.is_cut_off(client) {
            return Ok(());
        }
        self.clients[client].member.waiting_since_ms = None;
        self.connect_to(client, connection.node);
        self.with_session(client, Session::link_up)
    }
}

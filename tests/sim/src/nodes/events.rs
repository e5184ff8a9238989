//! The events of a cluster: requests to the shared log, messages between nodes, and their delays.

use server::replication::link::Header;

use super::link::{Message, open};
use super::shared_log::Breakage;
use super::{name_of, number_of};
use crate::checks::{Check, Violation};
use crate::network::Lane;
use crate::parts::Round;
use crate::schedule::{BrokerConnection, SimEvent};
use crate::world::World;

/// Maximum time between two rounds of the event loop, as in `server::Server`.
const ROUND_INTERVAL_MS: u64 = 50;

/// Maximum time until a follower sees a batch that was stored in the shared log.
const WATCH_MS_MAX: u64 = 15;

/// The time until answers arrive at a node that lags behind on purpose.
const SLOW_MS: u64 = 700;

/// An event that only a cluster has. `start` is the number of the startup of the node: an event for an
/// earlier startup is dropped.
#[derive(Debug)]
pub(crate) enum ClusterEvent {
    /// A node sends requests to the shared log.
    Ask { node: usize, start: u64 },
    /// The requests that a node sent at `asked_ms` of its clock arrive at the shared log.
    Asked { node: usize, start: u64, asked_ms: u64 },
    /// The answers of the shared log arrive at the node.
    Answered { node: usize, start: u64, next_in_ms: u64 },
    /// A message arrives at a node.
    Message { to: usize, start: u64, header: Header, frames: Vec<Vec<u8>> },
    /// A client checks whether its node answers.
    CheckConnection(usize),
    /// The first request over a new connection of a client arrives.
    Ping(BrokerConnection),
}

impl World {
    pub(crate) fn cluster_step(&mut self, event: ClusterEvent) -> Check {
        match event {
            ClusterEvent::Ask { node, start } => self.ask(node, start),
            ClusterEvent::Asked { node, start, asked_ms } => self.asked(node, start, asked_ms),
            ClusterEvent::Answered { node, start, next_in_ms } => {
                self.maybe_publish_early(node)?;
                self.answered_log(node, start, next_in_ms);
            }
            ClusterEvent::Message { to, start, header, frames } => {
                let member = self.nodes[to].member.as_ref().filter(|member| member.starts == start);
                if let Some(running) = member.and_then(|member| member.running.as_ref()) {
                    open(&running.mail).incoming.push_back(Message { header, frames });
                    self.schedule_round(to, 0);
                }
            }
            ClusterEvent::CheckConnection(client) => self.check_connection(client)?,
            ClusterEvent::Ping(connection) => self.ping_arrives(connection)?,
        }
        Ok(())
    }

    fn is_running(&self, node: usize, start: u64) -> bool {
        let member = self.nodes[node].member.as_ref();
        member.is_some_and(|member| member.starts == start && member.running.is_some())
    }

    /// A node that has started reads the shared log.
    pub(crate) fn start_reading_log(&mut self, node: usize) {
        if let Some(member) = &self.nodes[node].member {
            let start = member.starts;
            self.schedule.after(0, SimEvent::Cluster(ClusterEvent::Ask { node, start }));
        }
    }

    fn ask(&mut self, node: usize, start: u64) {
        let paused_until_ms = self.nodes[node].paused_until_ms;
        if !self.is_running(node, start) {
            return;
        }
        if paused_until_ms > self.schedule.now_ms {
            return self.schedule.at(paused_until_ms, SimEvent::Cluster(ClusterEvent::Ask { node, start }));
        }
        let running = self.nodes[node].member.as_ref().and_then(|member| member.running.as_ref());
        if running.is_some_and(|running| !running.has_taken_reports()) {
            // The thread waits until the event loop takes its reports.
            return self.schedule.after(WATCH_MS_MAX, SimEvent::Cluster(ClusterEvent::Ask { node, start }));
        }
        let member = self.nodes[node].member.as_ref();
        let asked_ms = member.map_or(0, |member| member.set_time(self.schedule.now_ms));
        let delay_ms = self.link_delay_ms();
        self.schedule.after(delay_ms, SimEvent::Cluster(ClusterEvent::Asked { node, start, asked_ms }));
    }

    fn asked(&mut self, node: usize, start: u64, asked_ms: u64) {
        self.advance_log();
        if !self.is_running(node, start) {
            return;
        }
        let running = self.nodes[node].member.as_mut().and_then(|member| member.running.as_mut());
        let next = running.map_or(std::time::Duration::ZERO, |running| running.ask(asked_ms));
        let next_in_ms = u64::try_from(next.as_millis()).unwrap_or_default() + self.rng.below(WATCH_MS_MAX);
        let delay_ms = self.answer_delay_ms();
        let answered = ClusterEvent::Answered { node, start, next_in_ms };
        self.schedule.after(delay_ms, SimEvent::Cluster(answered));
    }

    fn answered_log(&mut self, node: usize, start: u64, next_in_ms: u64) {
        if !self.is_running(node, start) {
            return;
        }
        let paused_until_ms = self.nodes[node].paused_until_ms;
        if paused_until_ms > self.schedule.now_ms {
            let answered = ClusterEvent::Answered { node, start, next_in_ms };
            return self.schedule.at(paused_until_ms, SimEvent::Cluster(answered));
        }
        if let Some(running) = self.nodes[node].member.as_ref().and_then(|member| member.running.as_ref()) {
            running.answered();
            if !running.has_taken_reports() {
                self.schedule_round(node, 0);
            }
        }
        self.schedule.after(next_in_ms, SimEvent::Cluster(ClusterEvent::Ask { node, start }));
    }

    /// Publishes the events of the batches that arrive at a node, if this rule is broken.
    fn maybe_publish_early(&mut self, node: usize) -> Check {
        let running = self.nodes[node].member.as_ref().and_then(|member| member.running.as_ref());
        let (Some(cluster), Some(running)) = (&self.cluster, running) else { return Ok(()) };
        if cluster.log.breakage() != Some(Breakage::PublishedEarly) {
            return Ok(());
        }
        let lines = running.lines_in_transit();
        let events = lines.lines().filter(|line| cluster.lines.record(line).is_some());
        let events = events.flat_map(|line| [line, "\n"]).collect::<String>();
        self.check_published(node, &events)
    }

    /// Sets the time of the shared log.
    pub(crate) fn advance_log(&mut self) {
        if let Some(cluster) = &self.cluster {
            cluster.log.advance(self.schedule.now_ms);
        }
    }

    fn link_delay_ms(&mut self) -> u64 {
        let delay_ms_max = self.cluster.as_ref().map_or(1, |cluster| cluster.plan.link_delay_ms_max);
        let is_slow = self.rng.per_mille(200);
        self.rng.below(if is_slow { delay_ms_max } else { super::plan::LINK_DELAY_MS_MAX })
    }

    /// The time until the answers of the shared log arrive at a node.
    fn answer_delay_ms(&mut self) -> u64 {
        let breakage = self.cluster.as_ref().and_then(|cluster| cluster.log.breakage());
        if breakage == Some(Breakage::SinceIsIgnored) { SLOW_MS } else { self.link_delay_ms() }
    }

    /// Sends the messages that a node queued for other nodes.
    pub(crate) fn send_messages_to_nodes(&mut self, node: usize) {
        let running = self.nodes[node].member.as_ref().and_then(|member| member.running.as_ref());
        let messages = running.map(super::member::Running::take_outgoing).unwrap_or_default();
        for (to, Message { header, frames }) in messages {
            let Some(to) = number_of(&to) else { continue };
            let Some(member) = &self.nodes[to].member else { continue };
            let start = member.starts;
            let Some(cluster) = &self.cluster else { continue };
            let (loss, delay_ms_max) = (cluster.plan.link_loss, cluster.plan.link_delay_ms_max);
            let cut_until_ms = cluster.cut_links.get(&(node.min(to), node.max(to))).copied().unwrap_or(0);
            let is_cut = cut_until_ms > self.schedule.now_ms;
            // A broken connection loses the messages in transit; a silent one delivers them later.
            if (is_cut && self.rng.per_mille(500)) || self.rng.per_mille(loss) {
                self.counters.fault("message between nodes lost");
                continue;
            }
            let at_ms = self.link_arrival(node, to, delay_ms_max).max(cut_until_ms);
            self.keep_link_order(node, to, at_ms);
            let message = ClusterEvent::Message { to, start, header, frames };
            self.schedule.at(at_ms, SimEvent::Cluster(message));
        }
    }

    fn link_arrival(&mut self, from: usize, to: usize, delay_ms_max: u64) -> u64 {
        let is_slow = self.rng.per_mille(100);
        let delay_ms = self.rng.below(if is_slow { delay_ms_max } else { super::plan::LINK_DELAY_MS_MAX });
        let last = self.lanes.get(&Lane::Link(from, to)).copied().unwrap_or_default();
        (self.schedule.now_ms + delay_ms).max(last)
    }

    fn keep_link_order(&mut self, from: usize, to: usize, at_ms: u64) {
        self.lanes.insert(Lane::Link(from, to), at_ms);
    }

    /// Moves the round of a paused server to the end of the pause. Returns false if the server is not paused.
    pub(crate) fn postpone_while_paused(&mut self, node: usize) -> bool {
        self.advance_log();
        let until_ms = self.nodes[node].paused_until_ms;
        if until_ms <= self.schedule.now_ms {
            return false;
        }
        self.nodes[node].round = Some(Round { at_ms: until_ms, is_idle: false });
        self.schedule.at(until_ms, SimEvent::ServerRound(node));
        true
    }

    /// Schedules the next round of a node in a cluster, which checks the time.
    pub(crate) fn schedule_idle_round(&mut self, node: usize) {
        let state = &mut self.nodes[node];
        let is_running = state.member.as_ref().is_some_and(|member| member.running.is_some());
        if is_running && state.round.is_none() {
            let at_ms = self.schedule.now_ms + ROUND_INTERVAL_MS;
            state.round = Some(Round { at_ms, is_idle: true });
            self.schedule.at(at_ms, SimEvent::ServerRound(node));
        }
    }

    /// The nodes of a cluster have one leader when the faults have ended for some time.
    pub(crate) fn check_leader(&self) -> Check {
        if self.cluster.is_none() {
            return Ok(());
        }
        let leads =
            |node: &usize| self.nodes[*node].member.as_ref().is_some_and(super::member::Member::leads);
        let leaders: Vec<_> = (0..self.nodes.len()).filter(leads).map(name_of).collect();
        if leaders.len() == 1 {
            return Ok(());
        }
        Err(Violation { checker: "one_leader", what: format!("the leaders are {leaders:?}") })
    }
}

//! The simulated network, with models of the broker and the proxy.
//!
//! The broker forwards frames between clients and the server. When it is killed, the frames in transit are
//! lost. The proxy sends each event to the connections that are subscribed to the whole topic of the event,
//! and answers barriers. The subscriptions of one connection keep their order, as in TCP.

use std::sync::Arc;

use common::topics::{Subscription, parse_subscription};

use crate::checks::{Check, bounds};
use crate::outlet::{Outgoing, Reply};
use crate::plan::DELAY_MS_MAX;
use crate::schedule::{BrokerConnection, ProxyConnection, SimEvent};
use crate::world::World;

/// A one-way path of frames. Frames on one lane keep their order, unless the network reorders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lane {
    Requests(usize),
    Replies(usize),
    Subscriptions(usize),
    Events(usize),
    /// The publications of a node.
    Publications(usize),
    /// The messages of a node to another node of its cluster.
    Link(usize, usize),
}

impl World {
    /// A client sends a frame of request lines, followed by an optional frame of file bytes.
    pub(crate) fn send_request(
        &mut self,
        from: BrokerConnection,
        frame: Vec<u8>,
        bytes: Option<Arc<[u8]>>,
    ) -> Check {
        bounds::request_frame(&frame)?;
        self.note_request(from, &frame);
        let in_flight =
            |event: &SimEvent| matches!(event, SimEvent::Request { from: other, .. } if *other == from);
        bounds::requests_in_flight(self.schedule.count(in_flight))?;
        if self.is_cut_off(from.client) || self.is_lost("request lost", self.rates.loss, from.client) {
            return Ok(());
        }
        for _ in 0..self.copies("request duplicated", from.client) {
            let at_ms = self.arrival(Lane::Requests(from.client), self.rates.reorders);
            let (frame, bytes) = (frame.clone(), bytes.clone());
            let broker_kills = self.nodes[from.node].broker.kills;
            let request = SimEvent::Request { from, broker_kills, frame, bytes };
            self.schedule.at(at_ms, request);
        }
        Ok(())
    }

    /// The server of a node sends replies and publications whose records are durable.
    pub(crate) fn send_outgoing(&mut self, node: usize, outgoing: Outgoing) -> Check {
        for Reply { to, lines, bytes } in outgoing.replies {
            self.send_reply(to, &lines, bytes.as_ref());
        }
        let mut publications = outgoing.publications;
        // The publications of one batch come from a hash table, whose order differs between runs.
        publications.sort_by(|(topic, _), (other, _)| topic.cmp(other));
        for (topic, lines) in publications {
            let text = String::from_utf8_lossy(&lines);
            // Only in recorded runs, users cause notices.
            let is_notice = |line: &&str| self.plan.is_recorded && line.starts_with("{\"kind\":");
            text.lines()
                .filter(|line| !is_notice(line))
                .try_for_each(|line| self.observed.observe_line(line))?;
            self.check_published(node, &text)?;
            let first = String::from_utf8_lossy(lines.get(..100).unwrap_or(&lines)).into_owned();
            self.note_at(node, format_args!("the server publishes {} bytes: {first}", lines.len()));
            let at_ms = self.arrival(Lane::Publications(node), false);
            self.schedule.at(at_ms, SimEvent::Publication { node, topic, lines });
        }
        Ok(())
    }

    fn send_reply(&mut self, to: BrokerConnection, lines: &[u8], bytes: Option<&Vec<u8>>) {
        if !self.nodes[to.node].broker.is_up || self.is_lost("reply lost", self.rates.loss, to.client) {
            return;
        }
        for _ in 0..self.copies("reply duplicated", to.client) {
            let at_ms = self.arrival(Lane::Replies(to.client), self.rates.reorders);
            let (lines, bytes) = (lines.to_vec(), bytes.cloned());
            let broker_kills = self.nodes[to.node].broker.kills;
            self.schedule.at(at_ms, SimEvent::Reply { to, broker_kills, lines, bytes });
        }
    }

    /// A client subscribes or unsubscribes.
    pub(crate) fn send_subscription(&mut self, from: ProxyConnection, topic: String, is_subscribe: bool) {
        if !self.is_cut_off(from.client)
            && !self.is_lost("subscription lost", self.rates.subscription_loss, from.client)
        {
            let at_ms = self.arrival(Lane::Subscriptions(from.client), false);
            self.schedule.at(at_ms, SimEvent::Subscription { from, topic, is_subscribe });
        }
    }

    pub(crate) fn subscribe(&mut self, from: ProxyConnection, topic: String, is_subscribe: bool) {
        if !self.nodes[from.node].proxy.is_up || self.clients[from.client].proxy_connection != from {
            return;
        }
        let Ok(subscription) = parse_subscription(topic.as_bytes()) else { return };
        if matches!(subscription, Subscription::Sync(_)) && is_subscribe {
            self.send_event(from, &topic, &[]);
        }
        let topics = self.nodes[from.node].subscriptions.entry(from).or_default();
        let _was_subscribed = if is_subscribe { topics.insert(topic) } else { topics.remove(&topic) };
    }

    pub(crate) fn fan_out(&mut self, node: usize, topic: &str, lines: &[u8]) {
        if !self.nodes[node].proxy.is_up {
            return;
        }
        let subscribers = self.nodes[node].subscriptions.iter().filter(|(_, topics)| topics.contains(topic));
        let subscribers: Vec<_> = subscribers.map(|(connection, _)| *connection).collect();
        subscribers.into_iter().for_each(|to| self.send_event(to, topic, lines));
    }

    fn send_event(&mut self, to: ProxyConnection, topic: &str, lines: &[u8]) {
        if self.is_lost("event frame lost", self.rates.event_loss, to.client) {
            let is_barrier = lines.is_empty();
            if self.clients[to.client].has_websocket && !is_barrier {
                self.schedule.after(DELAY_MS_MAX, SimEvent::EventsLost(to.client));
            }
            return;
        }
        for _ in 0..self.copies("event frame duplicated", to.client) {
            let at_ms = self.arrival(Lane::Events(to.client), self.rates.reorders);
            let (topic, lines) = (topic.to_owned(), lines.to_vec());
            let proxy_kills = self.nodes[to.node].proxy.kills;
            self.schedule.at(at_ms, SimEvent::Event { to, proxy_kills, topic, lines });
        }
    }

    /// Replaces the client's SUB socket by one to the same node. The old subscriptions are lost.
    pub(crate) fn connect(&mut self, client: usize) {
        let node = self.clients[client].proxy_connection.node;
        self.connect_to(client, node);
    }

    /// Replaces the client's SUB socket. The old subscriptions are lost.
    pub(crate) fn connect_to(&mut self, client: usize, node: usize) {
        let sim_client = &mut self.clients[client];
        let connection = &mut sim_client.proxy_connection;
        self.nodes[connection.node].subscriptions.remove(connection);
        (connection.number, connection.node) = (connection.number + 1, node);
        sim_client.topics.clear();
    }

    /// libzmq reconnected a SUB socket and sends its subscriptions again.
    pub(crate) fn reconnect(&mut self, connection: ProxyConnection) {
        if self.clients[connection.client].proxy_connection == connection {
            let topics = self.clients[connection.client].topics.clone();
            topics.into_iter().for_each(|topic| self.send_subscription(connection, topic, true));
        }
    }

    /// Whether frames from and to this client are being dropped.
    pub(crate) fn is_cut_off(&self, client: usize) -> bool {
        self.clients[client].cut_off_until_ms > self.schedule.now_ms
    }

    fn is_lost(&mut self, name: &'static str, per_mille: u64, client: usize) -> bool {
        let is_lost = self.rng.per_mille(per_mille);
        if is_lost {
            self.count_fault(name, Some(client));
            self.note(format_args!("{name}"));
        }
        is_lost
    }

    fn copies(&mut self, name: &'static str, client: usize) -> u64 {
        let is_duplicated = self.rng.per_mille(self.rates.duplication);
        if is_duplicated {
            self.count_fault(name, Some(client));
        }
        1 + u64::from(is_duplicated)
    }

    /// The arrival time of a frame that is sent now.
    pub(crate) fn arrival(&mut self, lane: Lane, reorders: bool) -> u64 {
        // In both profiles, one in five frames takes up to the maximum delay. The other frames are fast.
        let is_slow = self.rng.per_mille(200);
        let delay_ms_max = if is_slow { self.rates.delay_ms_max } else { DELAY_MS_MAX };
        let at_ms = self.schedule.now_ms + 1 + self.rng.below(delay_ms_max);
        let last = self.lanes.entry(lane).or_default();
        let at_ms = if reorders { at_ms } else { at_ms.max(*last) };
        *last = at_ms.max(*last);
        at_ms
    }
}

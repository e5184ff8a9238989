//! The network, and models of the two roles that only pass things on.
//!
//! The broker carries frames between clients and the server, and loses what is on its way through it when it dies.
//! The proxy gives each event to the connections that are subscribed to its topic, honours whole topics only, and
//! answers a barrier as soon as it is in force. Subscriptions of a connection keep their order, as TCP has it.

use std::sync::Arc;

use common::topics::{Subscription, parse_subscription};

use crate::agenda::{Connection, Happening, Link};
use crate::checks::{Check, bounds};
use crate::node::{Outgoing, Reply};
use crate::plan::DELAY_MS_MAX;
use crate::world::World;

/// Frames of one lane keep their order, unless the network reorders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lane {
    Requests(usize),
    Replies(usize),
    Subscriptions(usize),
    Events(usize),
    Publications,
}

impl World {
    /// A client sends a frame of request lines, with or without one of bytes behind it.
    pub(crate) fn send_request(&mut self, from: Link, frame: Vec<u8>, bytes: Option<Arc<[u8]>>) -> Check {
        bounds::request_frame(&frame)?;
        let underway = |happening: &Happening| matches!(happening, Happening::Request { from: other, .. } if *other == from);
        bounds::requests_underway(self.agenda.count(underway))?;
        if self.is_cut_off(from.client) || self.is_lost("request lost", self.rates.loss) {
            return Ok(());
        }
        for _ in 0..self.copies("request doubled") {
            let at_ms = self.arrival(Lane::Requests(from.client), self.rates.reorders);
            let (frame, bytes) = (frame.clone(), bytes.clone());
            let request = Happening::Request { from, broker: self.broker.deaths, frame, bytes };
            self.agenda.at(at_ms, request);
        }
        Ok(())
    }

    /// The server tells what is on its disk.
    pub(crate) fn send_outgoing(&mut self, outgoing: Outgoing) -> Check {
        for Reply { to, lines, bytes } in outgoing.replies {
            self.send_reply(to, &lines, bytes.as_ref());
        }
        let mut publications = outgoing.publications;
        // Those of one batch come in the order of a hash table, which is another one in every run.
        publications.sort_by(|(one, _), (other, _)| one.cmp(other));
        for (topic, lines) in publications {
            String::from_utf8_lossy(&lines).lines().try_for_each(|line| self.told.note(line))?;
            let first = String::from_utf8_lossy(lines.get(..100).unwrap_or(&lines)).into_owned();
            self.note(format_args!("the server publishes {} bytes: {first}", lines.len()));
            let at_ms = self.arrival(Lane::Publications, false);
            self.agenda.at(at_ms, Happening::Publication { topic, lines });
        }
        Ok(())
    }

    fn send_reply(&mut self, to: Link, lines: &[u8], bytes: Option<&Vec<u8>>) {
        if !self.broker.is_up || self.is_lost("reply lost", self.rates.loss) {
            return;
        }
        for _ in 0..self.copies("reply doubled") {
            let at_ms = self.arrival(Lane::Replies(to.client), self.rates.reorders);
            let (lines, bytes) = (lines.to_vec(), bytes.cloned());
            let reply = Happening::Reply { to, broker: self.broker.deaths, lines, bytes };
            self.agenda.at(at_ms, reply);
        }
    }

    /// A client subscribes, or takes it back.
    pub(crate) fn send_subscription(&mut self, from: Connection, topic: String, is_wanted: bool) {
        if !self.is_cut_off(from.client) && !self.is_lost("subscription lost", self.rates.subscription_loss) {
            let at_ms = self.arrival(Lane::Subscriptions(from.client), false);
            self.agenda.at(at_ms, Happening::Subscription { from, topic, is_wanted });
        }
    }

    /// A subscription reaches the proxy.
    pub(crate) fn subscribe(&mut self, from: Connection, topic: String, is_wanted: bool) {
        if !self.proxy.is_up || self.clients[from.client].connection != from {
            return;
        }
        let Ok(subscription) = parse_subscription(topic.as_bytes()) else { return };
        if matches!(subscription, Subscription::Sync(_)) && is_wanted {
            self.send_event(from, &topic, &[]);
        }
        let topics = self.subscriptions.entry(from).or_default();
        let _was_there = if is_wanted { topics.insert(topic) } else { topics.remove(&topic) };
    }

    /// Events reach the proxy.
    pub(crate) fn fan_out(&mut self, topic: &str, lines: &[u8]) {
        if !self.proxy.is_up {
            return;
        }
        let subscribers = self.subscriptions.iter().filter(|(_, topics)| topics.contains(topic));
        let subscribers: Vec<_> = subscribers.map(|(connection, _)| *connection).collect();
        subscribers.into_iter().for_each(|to| self.send_event(to, topic, lines));
    }

    fn send_event(&mut self, to: Connection, topic: &str, lines: &[u8]) {
        if self.is_lost("event frame lost", self.rates.event_loss) {
            return;
        }
        for _ in 0..self.copies("event frame doubled") {
            let at_ms = self.arrival(Lane::Events(to.client), self.rates.reorders);
            let (topic, lines) = (topic.to_owned(), lines.to_vec());
            self.agenda.at(at_ms, Happening::Event { to, proxy: self.proxy.deaths, topic, lines });
        }
    }

    /// A new SUB socket: what the old one had is gone.
    pub(crate) fn connect(&mut self, client: usize) {
        let sim_client = &mut self.clients[client];
        self.subscriptions.remove(&sim_client.connection);
        sim_client.connection.number += 1;
        sim_client.topics.clear();
    }

    /// The library has connected a SUB socket again, and says anew what it is subscribed to.
    pub(crate) fn reconnect(&mut self, connection: Connection) {
        if self.clients[connection.client].connection == connection {
            let topics = self.clients[connection.client].topics.clone();
            topics.into_iter().for_each(|topic| self.send_subscription(connection, topic, true));
        }
    }

    /// Whether no frame of this client comes through now.
    pub(crate) fn is_cut_off(&self, client: usize) -> bool {
        self.clients[client].cut_off_until_ms > self.agenda.now_ms
    }

    fn is_lost(&mut self, name: &'static str, per_mille: u64) -> bool {
        let is_lost = self.rng.per_mille(per_mille);
        if is_lost {
            self.tally.fault(name);
            self.note(format_args!("{name}"));
        }
        is_lost
    }

    fn copies(&mut self, name: &'static str) -> u64 {
        let is_doubled = self.rng.per_mille(self.rates.duplication);
        if is_doubled {
            self.tally.fault(name);
        }
        1 + u64::from(is_doubled)
    }

    /// When a frame that leaves now arrives.
    fn arrival(&mut self, lane: Lane, reorders: bool) -> u64 {
        // In both profiles most frames are fast; some have the longest delay.
        let is_slow = self.rng.per_mille(200);
        let delay_ms_max = if is_slow { self.rates.delay_ms_max } else { DELAY_MS_MAX };
        let at_ms = self.agenda.now_ms + 1 + self.rng.below(delay_ms_max);
        let last = self.lanes.entry(lane).or_default();
        let at_ms = if reorders { at_ms } else { at_ms.max(*last) };
        *last = at_ms.max(*last);
        at_ms
    }
}

//! Executes one event of the simulation.

use session::Session;

use crate::checks::stored::{Stored, log_flip_is_detected, snapshot_flip_is_repaired, state_equals_replay};
use crate::checks::{Check, Violation, bounds, files};
use crate::node::Request;
use crate::parts::{Round, RoundEnd, StartError};
use crate::plan::Rates;
use crate::schedule::{Part, SimEvent};
use crate::world::World;

/// Time between two checks of the free space of a full disk.
const ROOM_CHECK_INTERVAL_MS: u64 = 100;

/// Time between two attempts to start a server.
const RESTART_DELAY_MS: u64 = 300;

impl World {
    pub(crate) fn step(&mut self, event: SimEvent) -> Check {
        let Some(event) = self.postpone_while_suspended(event) else { return Ok(()) };
        match event {
            SimEvent::Request { from, broker_kills, frame, bytes } => {
                self.request_arrives(broker_kills, Request { from, frame, bytes });
            }
            SimEvent::Reply { to, broker_kills, lines, bytes } => {
                let is_delivered = self.clients[to.client].broker_connection == to
                    && self.nodes[to.node].broker.kills == broker_kills;
                if is_delivered && !self.is_cut_off(to.client) {
                    self.reply_arrives(to.client, &lines)?;
                    self.with_session(to.client, |session, now_ms| match bytes {
                        None => session.replies(now_ms, &lines),
                        Some(bytes) => session.replies_with_bytes(now_ms, &lines, bytes),
                    })?;
                }
            }
            SimEvent::Publication { node, topic, lines } => self.fan_out(node, &topic, &lines),
            SimEvent::Subscription { from, topic, is_subscribe } => self.subscribe(from, topic, is_subscribe),
            SimEvent::Event { to, proxy_kills, topic, lines } => {
                let is_delivered = self.clients[to.client].proxy_connection == to
                    && self.nodes[to.node].proxy.kills == proxy_kills;
                if is_delivered && !self.is_cut_off(to.client) {
                    let topic = topic.as_bytes();
                    self.with_session(to.client, |session, now_ms| session.events(now_ms, topic, &lines))?;
                }
            }
            SimEvent::Tick(client) => self.tick(client)?,
            SimEvent::Command(client) => self.command(client)?,
            SimEvent::Follow(from) if self.clients[from.client].broker_connection == from => {
                self.clients[from.client].follow(self.schedule.now_ms);
                self.carry_out_effects(from.client)?;
            }
            SimEvent::Follow(_) => {}
            SimEvent::ServerRound(node) => self.round(node)?,
            SimEvent::Fault => self.fault()?,
            SimEvent::FreeDisk(node) => self.free_disk(node),
            SimEvent::Start(part) => self.start(part)?,
            SimEvent::LinkUp(client) => self.link_up(client)?,
            SimEvent::EventsLost(client) => self.with_session(client, Session::events_lost)?,
            SimEvent::Reconnect(connection) => self.reconnect(connection),
            SimEvent::Cluster(event) => self.cluster_step(event)?,
            SimEvent::Calm => self.calm_down(),
            SimEvent::CheckComplete => self.check_complete()?,
            SimEvent::End => {}
        }
        Ok(())
    }

    /// Moves an event of a suspended client to the time at which the client continues.
    fn postpone_while_suspended(&mut self, event: SimEvent) -> Option<SimEvent> {
        let client = match &event {
            SimEvent::Reply { to, .. } => to.client,
            SimEvent::Event { to, .. } => to.client,
            SimEvent::Tick(client)
            | SimEvent::Command(client)
            | SimEvent::LinkUp(client)
            | SimEvent::EventsLost(client) => *client,
            SimEvent::Request { .. }
            | SimEvent::Publication { .. }
            | SimEvent::Subscription { .. }
            | SimEvent::Follow(_)
            | SimEvent::ServerRound(_)
            | SimEvent::Fault
            | SimEvent::FreeDisk(_)
            | SimEvent::Start(_)
            | SimEvent::Reconnect(_)
            | SimEvent::Cluster(_)
            | SimEvent::Calm
            | SimEvent::CheckComplete
            | SimEvent::End => return Some(event),
        };
        let until_ms = self.clients[client].suspended_until_ms;
        if until_ms <= self.schedule.now_ms {
            return Some(event);
        }
        self.schedule.at(until_ms, event);
        None
    }

    fn request_arrives(&mut self, broker_kills: u64, request: Request) {
        let node = request.from.node;
        if self.nodes[node].broker.kills != broker_kills {
            return;
        }
        if !self.nodes[node].broker.is_up {
            // The request waits in the client's socket.
            let Request { from, frame, bytes } = request;
            return self
                .schedule
                .after(RESTART_DELAY_MS, SimEvent::Request { from, broker_kills, frame, bytes });
        }
        let request = self.maybe_without_since(request);
        self.nodes[node].inbox.push_back(request);
        self.schedule_round(node, 0);
    }

    /// Schedules a round of a server's event loop, unless one is scheduled. A round replaces a scheduled
    /// round without work.
    pub(crate) fn schedule_round(&mut self, node: usize, delay_ms: u64) {
        let round = Round { at_ms: self.schedule.now_ms + delay_ms, is_idle: false };
        if self.nodes[node].round.is_none_or(|planned| planned.is_idle && planned.at_ms > round.at_ms) {
            self.nodes[node].round = Some(round);
            self.schedule.at(round.at_ms, SimEvent::ServerRound(node));
        }
    }

    fn round(&mut self, node: usize) -> Check {
        if self.nodes[node].round.is_none_or(|planned| planned.at_ms != self.schedule.now_ms) {
            return Ok(());
        }
        if self.postpone_while_paused(node) {
            return Ok(());
        }
        self.nodes[node].round = None;
        match self.nodes[node].round(self.schedule.now_ms) {
            None => {}
            Some(RoundEnd::Success(outgoing)) => {
                self.check_round(node)?;
                self.send_outgoing(node, outgoing)?;
                self.send_messages_to_nodes(node);
            }
            Some(RoundEnd::PowerCut(loss)) => {
                self.note_at(node, format_args!("the power is cut: {loss:?}"));
                self.nodes[node].cut_power(loss);
                self.restart_later(Part::Server(node));
            }
            Some(RoundEnd::Failed(error)) => {
                self.note_at(node, format_args!("the server stops: {error}"));
                self.nodes[node].kill();
                self.restart_later(Part::Server(node));
            }
            Some(RoundEnd::LeftCluster(error)) => self.left_cluster(node, &error)?,
        }
        if let Some(engine) = &self.nodes[node].engine {
            bounds::queued_reply_bytes(engine)?;
        }
        self.nodes[node].answered_once()?;
        if self.nodes[node].is_full() {
            self.schedule_round(node, ROOM_CHECK_INTERVAL_MS);
        } else if self.nodes[node].has_unfinished_frames() {
            // The event loop continues at once. It waits for the disk only without other work.
            self.schedule_round(node, 1);
        } else if self.nodes[node].is_busy() {
            let delay_ms = self.rng.below(self.plan.disk_ms_max);
            self.schedule_round(node, delay_ms);
        }
        self.schedule_idle_round(node);
        Ok(())
    }

    fn command(&mut self, client: usize) -> Check {
        if self.is_calm {
            return Ok(());
        }
        let next_in_ms = self.rng.between(1, self.plan.command_interval_ms_max);
        self.schedule.after(next_in_ms, SimEvent::Command(client));
        let now_ms = self.schedule.now_ms;
        let (users, channels) = (&self.users, &self.channels);
        let sim_client = &mut self.clients[client];
        let sent_before = sim_client.sent.len();
        let Some(description) = sim_client.act_randomly(now_ms, &mut self.rng, users, channels) else {
            return Ok(());
        };
        self.counters.sent += (sim_client.sent.len() - sent_before) as u64;
        let user = self.users[client].clone();
        self.note(format_args!("{user} {description}"));
        self.carry_out_effects(client)
    }

    fn start(&mut self, part: Part) -> Check {
        match part {
            Part::Broker(node) => self.nodes[node].broker.is_up = true,
            Part::Proxy(node) if self.nodes[node].proxy.is_up => {}
            Part::Proxy(node) => {
                self.nodes[node].proxy.is_up = true;
                let connections = self.clients.iter().map(|sim_client| sim_client.proxy_connection);
                let connections: Vec<_> = connections.filter(|connection| connection.node == node).collect();
                connections.into_iter().for_each(|connection| self.reconnect_later(connection));
            }
            Part::Server(node) => return self.start_server(node),
            Part::Client(client) if self.clients[client].session.is_some() => {}
            Part::Client(client) => {
                let seed = self.rng.next_u64();
                self.clients[client].start(self.schedule.now_ms, seed);
                self.carry_out_effects(client)?;
            }
        }
        self.note(format_args!("{part} is up"));
        Ok(())
    }

    /// Starts or restarts the server, then checks its disk.
    pub(crate) fn start_server(&mut self, node: usize) -> Check {
        if self.is_calm && self.nodes[node].engine.is_some() && !self.nodes[node].needs_restart() {
            return Ok(());
        }
        self.nodes[node].stop();
        self.maybe_fail_recovery(node);
        let now_ms = self.schedule.now_ms;
        if let Err(error) = self.nodes[node].start(now_ms) {
            self.note_at(node, format_args!("the server does not start: {error}"));
            let disk = &self.nodes[node].disk;
            let is_expected = matches!(error, StartError::SharedLog(_));
            if !is_expected && !disk.has_failed() && !self.nodes[node].has_limited_room() {
                return Err(Violation { checker: "intact_log_opens", what: error.to_string() });
            }
            self.nodes[node].kill();
            self.schedule.after(RESTART_DELAY_MS, SimEvent::Start(Part::Server(node)));
            return Ok(());
        }
        self.counters.recoveries += 1;
        self.note_at(node, format_args!("the server is up"));
        self.check_disk(node)?;
        self.start_reading_log(node);
        self.schedule_round(node, 0);
        Ok(())
    }

    /// Runs all checkers that need only the disk of a node.
    pub(crate) fn check_disk(&mut self, node: usize) -> Check {
        let is_complete = self.cluster.is_none() || self.must_write;
        let number = node;
        let node = &self.nodes[node];
        let Some(engine) = &node.engine else { return Ok(()) };
        let ledger = engine.ledger();
        node.startup_restores_the_durable_state(ledger)?;
        let stored = Stored::numbered_without_gaps(ledger)?;
        // A node that was down may lack the newest records until it has read the shared log.
        if is_complete {
            stored.acknowledged_is_stored(&self.observed)?;
            stored.received_is_stored(&self.observed)?;
        }
        stored.all().try_for_each(|line| self.observed.observe_line(line))?;
        self.clients.iter().try_for_each(|sim_client| stored.sending_order_is_kept(&sim_client.sent))?;
        if self.cluster.is_none() {
            files::files_are_complete(&node.disk, &stored)?;
        }
        state_equals_replay(&node.disk, node.sizes(), ledger.state())?;
        self.check_local_log(number)?;
        let node = &self.nodes[number];
        let Some(engine) = &node.engine else { return Ok(()) };
        self.counters.fault("byte of the log changed");
        log_flip_is_detected(&node.disk, node.sizes(), &mut self.rng)?;
        self.counters.fault("byte of a snapshot changed");
        snapshot_flip_is_repaired(&node.disk, node.sizes(), engine.ledger().state(), &mut self.rng)
    }

    fn free_disk(&mut self, node: usize) {
        self.note_at(node, format_args!("the disk has free space"));
        self.nodes[node].disk.set_room(None);
    }

    /// Ends all faults and restarts all parts that are down.
    fn calm_down(&mut self) {
        self.note(format_args!("the faults end"));
        self.is_calm = true;
        for node in 0..self.nodes.len() {
            self.free_disk(node);
            if !self.nodes[node].needs_restart() {
                self.nodes[node].disk.heal();
            }
        }
        self.rates = Rates::CALM;
        self.calm_cluster();
        let now_ms = self.schedule.now_ms;
        for sim_client in &mut self.clients {
            sim_client.suspended_until_ms = sim_client.suspended_until_ms.min(now_ms);
            sim_client.cut_off_until_ms = sim_client.cut_off_until_ms.min(now_ms);
        }
        for node in 0..self.nodes.len() {
            self.schedule.after(0, SimEvent::Start(Part::Broker(node)));
            self.schedule.after(0, SimEvent::Start(Part::Proxy(node)));
            self.schedule.after(0, SimEvent::Start(Part::Server(node)));
        }
        for client in 0..self.clients.len() {
            self.schedule.after(0, SimEvent::Start(Part::Client(client)));
        }
        self.schedule.after(self.plan.complete_within_ms(), SimEvent::CheckComplete);
    }
}

//! Executes one event of the simulation.

use common::Target;
use disk::faulty::Loss;
use server::domain::State;
use session::Session;

use crate::checks::amendments::{self, ExpectedMessages, readers};
use crate::checks::stored::{
    Stored, fingerprint, log_flip_is_detected, snapshot_flip_is_repaired, state_equals_replay,
};
use crate::checks::{Check, Violation, bounds, complete, files};
use crate::node::{Request, RoundEnd};
use crate::plan::{DELAY_MS_MAX, Rates};
use crate::schedule::{Part, SimEvent};
use crate::world::World;

/// Maximum time to deliver an event to all clients after the faults: one request for the heads, and a page.
const DELIVERY_MS_MAX: u64 = 12_000;

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
                let is_delivered =
                    self.clients[to.client].broker_connection == to && self.broker.kills == broker_kills;
                if is_delivered && !self.is_cut_off(to.client) {
                    self.with_session(to.client, |session, now_ms| match bytes {
                        None => session.replies(now_ms, &lines),
                        Some(bytes) => session.replies_with_bytes(now_ms, &lines, bytes),
                    })?;
                }
            }
            SimEvent::Publication { topic, lines } => self.fan_out(&topic, &lines),
            SimEvent::Subscription { from, topic, is_subscribe } => self.subscribe(from, topic, is_subscribe),
            SimEvent::Event { to, proxy_kills, topic, lines } => {
                let is_delivered =
                    self.clients[to.client].proxy_connection == to && self.proxy.kills == proxy_kills;
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
            SimEvent::ServerRound => self.round()?,
            SimEvent::Fault => self.fault()?,
            SimEvent::FreeDisk => self.free_disk(),
            SimEvent::Start(part) => self.start(part)?,
            SimEvent::LinkUp(client) => self.link_up(client)?,
            SimEvent::EventsLost(client) => self.with_session(client, Session::events_lost)?,
            SimEvent::Reconnect(connection) => self.reconnect(connection),
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
            | SimEvent::ServerRound
            | SimEvent::Fault
            | SimEvent::FreeDisk
            | SimEvent::Start(_)
            | SimEvent::Reconnect(_)
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
        if self.broker.kills != broker_kills {
            return;
        }
        if !self.broker.is_up {
            // The request waits in the client's socket.
            let Request { from, frame, bytes } = request;
            return self
                .schedule
                .after(RESTART_DELAY_MS, SimEvent::Request { from, broker_kills, frame, bytes });
        }
        self.node.inbox.push_back(request);
        self.schedule_round(0);
    }

    /// Schedules a round of the server's event loop, unless one is scheduled.
    pub(crate) fn schedule_round(&mut self, delay_ms: u64) {
        if !std::mem::replace(&mut self.node.is_round_scheduled, true) {
            self.schedule.after(delay_ms, SimEvent::ServerRound);
        }
    }

    fn round(&mut self) -> Check {
        self.node.is_round_scheduled = false;
        match self.node.round(self.schedule.now_ms) {
            None => {}
            Some(RoundEnd::Success(outgoing)) => self.send_outgoing(outgoing)?,
            Some(RoundEnd::PowerCut(loss)) => {
                self.note(format_args!("the power is cut: {loss:?}"));
                self.node.cut_power(loss);
                self.restart_later(Part::Server);
            }
            Some(RoundEnd::Failed(error)) => {
                self.note(format_args!("the server stops: {error}"));
                self.node.kill();
                self.restart_later(Part::Server);
            }
        }
        if let Some(engine) = &self.node.engine {
            bounds::queued_reply_bytes(engine)?;
        }
        self.node.answered_once()?;
        if self.node.is_full() {
            self.schedule_round(ROOM_CHECK_INTERVAL_MS);
        } else if self.node.has_unfinished_frames() {
            // The event loop continues at once. It waits for the disk only without other work.
            self.schedule_round(1);
        } else if self.node.is_busy() {
            let delay_ms = self.rng.below(self.plan.disk_ms_max);
            self.schedule_round(delay_ms);
        }
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
            Part::Broker => self.broker.is_up = true,
            Part::Proxy if self.proxy.is_up => {}
            Part::Proxy => {
                self.proxy.is_up = true;
                let connections: Vec<_> =
                    self.clients.iter().map(|sim_client| sim_client.proxy_connection).collect();
                connections.into_iter().for_each(|connection| self.reconnect_later(connection));
            }
            Part::Server => return self.start_server(),
            Part::Client(client) if self.clients[client].session.is_some() => {}
            Part::Client(client) => {
                let seed = self.rng.next_u64();
                self.clients[client].start(self.schedule.now_ms, seed);
                self.carry_out_effects(client)?;
            }
        }
        self.note(format_args!("{part:?} is up"));
        Ok(())
    }

    /// Starts or restarts the server, then checks its disk.
    pub(crate) fn start_server(&mut self) -> Check {
        if self.is_calm && self.node.engine.is_some() && !self.node.needs_restart() {
            return Ok(());
        }
        self.node.stop();
        self.maybe_fail_recovery();
        if let Err(error) = self.node.start() {
            self.note(format_args!("the server does not start: {error}"));
            if !self.node.disk.has_failed() && !self.node.has_limited_room() {
                return Err(Violation { checker: "intact_log_opens", what: error.to_string() });
            }
            self.node.kill();
            self.schedule.after(RESTART_DELAY_MS, SimEvent::Start(Part::Server));
            return Ok(());
        }
        self.counters.recoveries += 1;
        self.note(format_args!("the server is up"));
        self.check_disk()?;
        self.schedule_round(0);
        Ok(())
    }

    /// Runs all checkers that need only the disk.
    fn check_disk(&mut self) -> Check {
        let Some(engine) = &self.node.engine else { return Ok(()) };
        let ledger = engine.ledger();
        self.node.startup_restores_the_durable_state(ledger)?;
        let stored = Stored::numbered_without_gaps(ledger)?;
        stored.acknowledged_is_stored(&self.observed)?;
        stored.received_is_stored(&self.observed)?;
        stored.all().try_for_each(|line| self.observed.observe_line(line))?;
        self.clients.iter().try_for_each(|sim_client| stored.sending_order_is_kept(&sim_client.sent))?;
        files::files_are_complete(&self.node.disk, &stored)?;
        state_equals_replay(&self.node.disk, self.node.sizes(), ledger.state())?;
        self.counters.fault("byte of the log changed");
        log_flip_is_detected(&self.node.disk, self.node.sizes(), &mut self.rng)?;
        self.counters.fault("byte of a snapshot changed");
        snapshot_flip_is_repaired(&self.node.disk, self.node.sizes(), ledger.state(), &mut self.rng)
    }

    fn free_disk(&mut self) {
        self.note(format_args!("the disk has free space"));
        self.node.disk.set_room(None);
    }

    /// Ends all faults and restarts all parts that are down.
    fn calm_down(&mut self) {
        self.note(format_args!("the faults end"));
        self.is_calm = true;
        self.free_disk();
        self.rates = Rates::CALM;
        if !self.node.needs_restart() {
            self.node.disk.heal();
        }
        let now_ms = self.schedule.now_ms;
        for sim_client in &mut self.clients {
            sim_client.suspended_until_ms = sim_client.suspended_until_ms.min(now_ms);
            sim_client.cut_off_until_ms = sim_client.cut_off_until_ms.min(now_ms);
        }
        self.schedule.after(0, SimEvent::Start(Part::Broker));
        self.schedule.after(0, SimEvent::Start(Part::Proxy));
        self.schedule.after(0, SimEvent::Start(Part::Server));
        for client in 0..self.clients.len() {
            self.schedule.after(0, SimEvent::Start(Part::Client(client)));
        }
        self.schedule.after(self.plan.complete_within_ms(), SimEvent::CheckComplete);
    }

    /// Postpones `event` if the newest conversation event may still be in transit, for example after a recent
    /// upload.
    pub(crate) fn postpone_if_too_early(&mut self, event: SimEvent) -> bool {
        let newest_arrives_at_ms = self.observed.newest_event_at_ms + DELIVERY_MS_MAX;
        let is_early = self.node.is_busy() || newest_arrives_at_ms > self.schedule.now_ms;
        if is_early {
            self.schedule.at(newest_arrives_at_ms.max(self.schedule.now_ms + DELAY_MS_MAX), event);
        }
        is_early
    }

    /// Checks that all clients are complete. Then sends one final message to each conversation, to check that
    /// every client still follows all conversations.
    fn check_complete(&mut self) -> Check {
        if self.postpone_if_too_early(SimEvent::CheckComplete) {
            return Ok(());
        }
        self.note(format_args!("checks that all clients are complete"));
        self.must_write = true;
        self.all_clients_are_complete(false)?;
        let Some(state) = self.state() else { return Ok(()) };
        let mut final_messages = Vec::new();
        for (name, channel) in state.channels.all() {
            let sender = channel.members.keys().next().and_then(|member| self.number_of(member));
            final_messages.extend(sender.map(|sender| (sender, Target::Channel(name.clone()))));
        }
        for ((from, to), _) in state.channels.all_direct() {
            final_messages.extend(self.number_of(from).map(|sender| (sender, Target::User(to.clone()))));
        }
        final_messages.sort();
        for (sender, to) in final_messages {
            self.clients[sender].send_messages(self.schedule.now_ms, &mut self.rng, to);
            self.carry_out_effects(sender)?;
        }
        self.schedule.after(DELIVERY_MS_MAX, SimEvent::End);
        Ok(())
    }

    fn number_of(&self, user: &common::UserName) -> Option<usize> {
        self.users.iter().position(|known| known == user)
    }

    fn all_clients_are_complete(&self, must_follow_all: bool) -> Check {
        let Some(engine) = &self.node.engine else {
            return Err(Violation { checker: "client_is_complete", what: "the server is down".to_owned() });
        };
        for sim_client in &self.clients {
            let pending = sim_client.session.as_ref().map_or(0, Session::messages_waiting);
            complete::nothing_is_pending(sim_client.user(), pending)?;
            let must_follow_all = must_follow_all && sim_client.follows;
            complete::client_is_complete(
                engine.ledger(),
                sim_client.user(),
                &sim_client.shown,
                must_follow_all,
            )?;
            if let Some(session) = sim_client.session.as_ref().filter(|_| must_follow_all) {
                complete::names_are_known(engine.ledger(), sim_client.user(), session.channel_names())?;
            }
        }
        Ok(())
    }

    /// Ends the run: all clients are still complete, and the log survives a last power cut.
    pub(crate) fn end(&mut self) -> Check {
        self.all_clients_are_complete(true)?;
        self.check_disk()?;
        if let Some(engine) = &self.node.engine {
            let stored = Stored::numbered_without_gaps(engine.ledger())?;
            self.clients.iter().try_for_each(|sim_client| stored.sent_is_stored(&sim_client.sent))?;
        }
        self.check_amendments()?;
        self.node.cut_power(Loss::Everything);
        self.start_server()
    }

    /// Compares the server's history, mentions and files with the events, then redacts all deleted messages.
    fn check_amendments(&mut self) -> Check {
        let now_ms = self.schedule.now_ms;
        let Some(engine) = self.node.engine.as_ref().filter(|_| self.plan.is_varied) else { return Ok(()) };
        let stored = Stored::numbered_without_gaps(engine.ledger())?;
        let expected = ExpectedMessages::of(&stored);
        let readers = readers(engine.ledger().state());
        let node = &mut self.node;
        let pages = amendments::read_all(&readers, |user, method, params| {
            node.request(user, method, params, now_ms).map(|(result, _)| result)
        })?;
        pages.iter().try_for_each(|(_, page)| expected.deleted_is_hidden(page))?;
        pages
            .iter()
            .try_for_each(|(conversation, page)| expected.history_shows_the_last_edit(conversation, page))?;
        pages
            .iter()
            .try_for_each(|(conversation, page)| expected.history_shows_reactions(conversation, page))?;
        for user in &self.users {
            let ask =
                |params| self.node.request(user, "mention.list", params, now_ms).map(|(result, _)| result);
            expected.mentions_are_listed(user, &amendments::all_mentions(ask)?)?;
        }
        for (conversation, reader) in &readers {
            files::downloads_are_complete(&expected, conversation, reader, |params| {
                self.node.request(reader, "file.get", params, now_ms)
            })?;
        }
        let before = self.state().map(fingerprint).unwrap_or_default();
        expected.redacted_is_removed(&self.node.disk, self.node.sizes(), &before)
    }

    pub(crate) fn state(&self) -> Option<&State> {
        self.node.engine.as_ref().map(|engine| engine.ledger().state())
    }
}

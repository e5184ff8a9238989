//! One step of a run: what each happening does.

use common::Target;
use disk::faulty::Loss;
use server::domain::State;
use session::Session;

use crate::agenda::{Happening, Part};
use crate::checks::amended::{self, Amended, readers};
use crate::checks::stored::{
    Stored, fingerprint, flip_is_refused, snapshot_flip_is_mended, state_equals_replay,
};
use crate::checks::{Check, Violation, bounds, complete, files};
use crate::node::{Ended, Request};
use crate::plan::{DELAY_MS_MAX, Rates};
use crate::world::World;

/// Milliseconds within which an event reaches everybody, when nothing is wrong any more: one look at the heads, and a page.
const NEWEST_WITHIN_MS: u64 = 12_000;

/// Milliseconds between two looks for room on a full disk.
const ROOM_LOOK_MS: u64 = 100;

/// Milliseconds between two tries to start a server.
const START_AGAIN_MS: u64 = 300;

impl World {
    pub(crate) fn step(&mut self, happening: Happening) -> Check {
        let Some(happening) = self.unless_asleep(happening) else { return Ok(()) };
        match happening {
            Happening::Request { from, broker, frame, bytes } => {
                self.request_arrives(broker, Request { from, frame, bytes });
            }
            Happening::Reply { to, broker, lines, bytes } => {
                let comes_through = self.clients[to.client].link == to && self.broker.deaths == broker;
                if comes_through && !self.is_cut_off(to.client) {
                    self.with_session(to.client, |session, now_ms| match bytes {
                        None => session.replies(now_ms, &lines),
                        Some(bytes) => session.replies_with_bytes(now_ms, &lines, bytes),
                    })?;
                }
            }
            Happening::Publication { topic, lines } => self.fan_out(&topic, &lines),
            Happening::Subscription { from, topic, is_wanted } => self.subscribe(from, topic, is_wanted),
            Happening::Event { to, proxy, topic, lines } => {
                let comes_through = self.clients[to.client].connection == to && self.proxy.deaths == proxy;
                if comes_through && !self.is_cut_off(to.client) {
                    let topic = topic.as_bytes();
                    self.with_session(to.client, |session, now_ms| session.events(now_ms, topic, &lines))?;
                }
            }
            Happening::Tick(client) => self.tick(client)?,
            Happening::Command(client) => self.command(client)?,
            Happening::Follow(link) if self.clients[link.client].link == link => {
                self.clients[link.client].follow(self.agenda.now_ms);
                self.carry_out_effects(link.client)?;
            }
            Happening::Follow(_) => {}
            Happening::Round => self.round()?,
            Happening::Fault => self.fault(),
            Happening::Room => self.make_room(),
            Happening::Start(part) => self.start(part)?,
            Happening::Reconnect(connection) => self.reconnect(connection),
            Happening::Calm => self.calm_down(),
            Happening::Complete => self.look_whether_all_are_complete()?,
            Happening::End => {}
        }
        Ok(())
    }

    /// What a suspended client is told or does waits until it goes on.
    fn unless_asleep(&mut self, happening: Happening) -> Option<Happening> {
        let client = match &happening {
            Happening::Reply { to, .. } => to.client,
            Happening::Event { to, .. } => to.client,
            Happening::Tick(client) | Happening::Command(client) => *client,
            Happening::Request { .. }
            | Happening::Publication { .. }
            | Happening::Subscription { .. }
            | Happening::Follow(_)
            | Happening::Round
            | Happening::Fault
            | Happening::Room
            | Happening::Start(_)
            | Happening::Reconnect(_)
            | Happening::Calm
            | Happening::Complete
            | Happening::End => return Some(happening),
        };
        let wakes_at_ms = self.clients[client].asleep_until_ms;
        if wakes_at_ms <= self.agenda.now_ms {
            return Some(happening);
        }
        self.agenda.at(wakes_at_ms, happening);
        None
    }

    fn request_arrives(&mut self, broker: u64, request: Request) {
        if self.broker.deaths != broker {
            return;
        }
        if !self.broker.is_up {
            // It waits in the client's own socket.
            let Request { from, frame, bytes } = request;
            return self.agenda.after(START_AGAIN_MS, Happening::Request { from, broker, frame, bytes });
        }
        self.node.inbox.push_back(request);
        self.plan_round(0);
    }

    /// The server goes round its loop soon, if it is not going to already.
    pub(crate) fn plan_round(&mut self, delay_ms: u64) {
        if !std::mem::replace(&mut self.node.has_round, true) {
            self.agenda.after(delay_ms, Happening::Round);
        }
    }

    fn round(&mut self) -> Check {
        self.node.has_round = false;
        match self.node.round(self.agenda.now_ms) {
            None => {}
            Some(Ended::Well(outgoing)) => self.send_outgoing(outgoing)?,
            Some(Ended::PowerCut(loss)) => {
                self.note(format_args!("the power goes off: {loss:?}"));
                self.node.cut_power(loss);
                self.start_later(Part::Server);
            }
            Some(Ended::GaveUp(error)) => {
                self.note(format_args!("the server gives up: {error}"));
                self.node.kill();
                self.start_later(Part::Server);
            }
        }
        if let Some(engine) = &self.node.engine {
            bounds::server_holds(engine)?;
        }
        self.node.answered_once()?;
        if self.node.is_full() {
            self.plan_round(ROOM_LOOK_MS);
        } else if self.node.is_busy() {
            let delay_ms = self.rng.below(self.plan.disk_ms_max);
            self.plan_round(delay_ms);
        }
        Ok(())
    }

    fn command(&mut self, client: usize) -> Check {
        if self.is_calm {
            return Ok(());
        }
        let next_in_ms = self.rng.between(1, self.plan.command_every_ms_max);
        self.agenda.after(next_in_ms, Happening::Command(client));
        let now_ms = self.agenda.now_ms;
        let (users, channels) = (&self.users, &self.channels);
        let sim_client = &mut self.clients[client];
        let said_before = sim_client.said.len();
        let Some(said) = sim_client.act(now_ms, &mut self.rng, users, channels) else { return Ok(()) };
        self.tally.said += (sim_client.said.len() - said_before) as u64;
        let user = self.users[client].clone();
        self.note(format_args!("{user} {said}"));
        self.carry_out_effects(client)
    }

    fn start(&mut self, part: Part) -> Check {
        match part {
            Part::Broker => self.broker.is_up = true,
            Part::Proxy if self.proxy.is_up => {}
            Part::Proxy => {
                self.proxy.is_up = true;
                let connections: Vec<_> =
                    self.clients.iter().map(|sim_client| sim_client.connection).collect();
                connections.into_iter().for_each(|connection| self.reconnect_later(connection));
            }
            Part::Server => return self.start_server(),
            Part::Client(client) if self.clients[client].session.is_some() => {}
            Part::Client(client) => {
                let seed = self.rng.next_u64();
                self.clients[client].start(self.agenda.now_ms, seed);
                self.carry_out_effects(client)?;
            }
        }
        self.note(format_args!("{part:?} is up"));
        Ok(())
    }

    /// Starts the server, or starts it again; then looks at what it found on its disk.
    pub(crate) fn start_server(&mut self) -> Check {
        if self.is_calm && self.node.engine.is_some() && !self.node.is_suspect() {
            return Ok(());
        }
        self.node.stop();
        self.maybe_fail_recovery();
        if let Err(error) = self.node.start() {
            self.note(format_args!("the server does not start: {error}"));
            if !self.node.disk.has_failed() && !self.node.has_little_room() {
                return Err(Violation { checker: "a_sound_log_opens", what: error.to_string() });
            }
            self.node.kill();
            self.agenda.after(START_AGAIN_MS, Happening::Start(Part::Server));
            return Ok(());
        }
        self.tally.recoveries += 1;
        self.note(format_args!("the server is up"));
        self.look_at_the_disk()?;
        self.plan_round(0);
        Ok(())
    }

    /// Everything that can be known from the disk alone.
    fn look_at_the_disk(&mut self) -> Check {
        let Some(engine) = &self.node.engine else { return Ok(()) };
        let ledger = engine.ledger();
        self.node.state_equals_before(ledger)?;
        let stored = Stored::without_a_hole(ledger)?;
        stored.holds_what_was_acknowledged(&self.told)?;
        stored.holds_what_was_told(&self.told)?;
        stored.all().try_for_each(|line| self.told.note(line))?;
        self.clients.iter().try_for_each(|sim_client| stored.keeps_the_order_of_sending(&sim_client.said))?;
        files::files_are_whole(&self.node.disk, &stored)?;
        state_equals_replay(&self.node.disk, self.node.sizes(), ledger.state())?;
        self.tally.fault("byte of the log changed");
        flip_is_refused(&self.node.disk, self.node.sizes(), &mut self.rng)?;
        self.tally.fault("byte of a snapshot changed");
        snapshot_flip_is_mended(&self.node.disk, self.node.sizes(), ledger.state(), &mut self.rng)
    }

    /// A full disk has room again.
    fn make_room(&mut self) {
        self.note(format_args!("there is room"));
        self.node.disk.set_room(None);
    }

    /// The faults stop, and what is down comes up.
    fn calm_down(&mut self) {
        self.note(format_args!("calm"));
        self.is_calm = true;
        self.make_room();
        self.rates = Rates::CALM;
        if !self.node.is_suspect() {
            self.node.disk.heal();
        }
        let now_ms = self.agenda.now_ms;
        for sim_client in &mut self.clients {
            sim_client.asleep_until_ms = sim_client.asleep_until_ms.min(now_ms);
            sim_client.cut_off_until_ms = sim_client.cut_off_until_ms.min(now_ms);
        }
        self.agenda.after(0, Happening::Start(Part::Broker));
        self.agenda.after(0, Happening::Start(Part::Proxy));
        self.agenda.after(0, Happening::Start(Part::Server));
        for client in 0..self.clients.len() {
            self.agenda.after(0, Happening::Start(Part::Client(client)));
        }
        self.agenda.after(self.plan.complete_within_ms(), Happening::Complete);
    }

    /// Whether some event is so new that it may be on its way yet, as after an upload that has just ended: then this happens later.
    pub(crate) fn is_too_early_for(&mut self, happening: Happening) -> bool {
        let newest_is_there_at_ms = self.told.newest_at_ms + NEWEST_WITHIN_MS;
        let is_early = self.node.is_busy() || newest_is_there_at_ms > self.agenda.now_ms;
        if is_early {
            self.agenda.at(newest_is_there_at_ms.max(self.agenda.now_ms + DELAY_MS_MAX), happening);
        }
        is_early
    }

    /// Everybody has everything. Then one last message goes to every conversation: none is forgotten by anybody.
    fn look_whether_all_are_complete(&mut self) -> Check {
        if self.is_too_early_for(Happening::Complete) {
            return Ok(());
        }
        self.note(format_args!("complete?"));
        self.must_write = true;
        self.everybody_is_complete(false)?;
        let Some(state) = self.state() else { return Ok(()) };
        let mut last_words = Vec::new();
        for (name, channel) in state.channels.all() {
            let speaker = channel.members.keys().next().and_then(|member| self.number_of(member));
            last_words.extend(speaker.map(|speaker| (speaker, Target::Channel(name.clone()))));
        }
        for ((one, other), _) in state.channels.all_direct() {
            last_words.extend(self.number_of(one).map(|speaker| (speaker, Target::User(other.clone()))));
        }
        last_words.sort();
        for (speaker, to) in last_words {
            self.clients[speaker].say(self.agenda.now_ms, &mut self.rng, to);
            self.carry_out_effects(speaker)?;
        }
        self.agenda.after(NEWEST_WITHIN_MS, Happening::End);
        Ok(())
    }

    fn number_of(&self, user: &common::UserName) -> Option<usize> {
        self.users.iter().position(|known| known == user)
    }

    fn everybody_is_complete(&self, all_begun: bool) -> Check {
        let Some(engine) = &self.node.engine else {
            return Err(Violation { checker: "client_is_complete", what: "the server is down".to_owned() });
        };
        for sim_client in &self.clients {
            let waiting = sim_client.session.as_ref().map_or(0, Session::messages_waiting);
            complete::nothing_waits(sim_client.user(), waiting)?;
            let all_begun = all_begun && sim_client.follows;
            complete::client_is_complete(engine.ledger(), sim_client.user(), &sim_client.shown, all_begun)?;
        }
        Ok(())
    }

    /// The end of the run: everybody is complete still, and all of it survives one last power cut.
    pub(crate) fn end(&mut self) -> Check {
        self.everybody_is_complete(true)?;
        self.look_at_the_disk()?;
        if let Some(engine) = &self.node.engine {
            let stored = Stored::without_a_hole(engine.ledger())?;
            self.clients.iter().try_for_each(|sim_client| stored.holds_what_was_said(&sim_client.said))?;
        }
        self.look_at_what_became_of_it()?;
        self.node.cut_power(Loss::Everything);
        self.start_server()
    }

    /// Asks the server, as people would, what became of all that was said; and has all that was deleted redacted.
    fn look_at_what_became_of_it(&mut self) -> Check {
        let now_ms = self.agenda.now_ms;
        let Some(engine) = self.node.engine.as_ref().filter(|_| self.plan.is_varied) else { return Ok(()) };
        let stored = Stored::without_a_hole(engine.ledger())?;
        let amended = Amended::of(&stored);
        let readers = readers(engine.ledger().state());
        let node = &mut self.node;
        let pages = amended::read_all(&readers, |user, method, params| {
            node.ask(user, method, params, now_ms).map(|(result, _)| result)
        })?;
        pages.iter().try_for_each(|(_, page)| amended.deleted_is_gone(page))?;
        pages
            .iter()
            .try_for_each(|(conversation, page)| amended.history_shows_the_last_edit(conversation, page))?;
        pages
            .iter()
            .try_for_each(|(conversation, page)| amended.history_shows_reactions(conversation, page))?;
        for user in &self.users {
            let ask = |params| self.node.ask(user, "mention.list", params, now_ms).map(|(result, _)| result);
            amended.mentions_are_listed(user, &amended::all_mentions(ask)?)?;
        }
        for (conversation, reader) in &readers {
            files::downloads_are_whole(&amended, conversation, reader, |params| {
                self.node.ask(reader, "file.get", params, now_ms)
            })?;
        }
        let before = self.state().map(fingerprint).unwrap_or_default();
        amended.redacted_is_nowhere(&self.node.disk, self.node.sizes(), &before)
    }

    /// The server's state, if it is up.
    pub(crate) fn state(&self) -> Option<&State> {
        self.node.engine.as_ref().map(|engine| engine.ledger().state())
    }
}

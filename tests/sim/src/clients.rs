//! What clients want and what people see.

use common::{Conversation, Error, Target};
use session::{Answer, Entry, News, Session};

use crate::agenda::Happening;
use crate::checks::complete;
use crate::checks::shown::Shown;
use crate::checks::stored::came_or_went;
use crate::checks::{Check, Violation, bounds, files};
use crate::client::{ClientAction, FOLLOW_TICKET, Shows, summary};
use crate::world::World;

/// Milliseconds after which a client that could not begin to follow tries again.
const FOLLOW_AGAIN_MS: u64 = 1_000;

/// Milliseconds that an answer is old at most: the slowest network, and a client that was suspended.
const ANSWER_MS_MAX: u64 = 10_000;

/// A number that no conversation comes to.
const HEAD_UNKNOWN: u64 = u64::MAX / 2;

impl World {
    /// Hands something to a client's session, and does what it wants then.
    pub(crate) fn with_session(&mut self, client: usize, tell: impl FnOnce(&mut Session, u64)) -> Check {
        let now_ms = self.agenda.now_ms;
        if let Some(session) = &mut self.clients[client].session {
            tell(session, now_ms);
        }
        self.carry_out_effects(client)
    }

    /// Carries out what a session wants, and plans its next tick.
    pub(crate) fn carry_out_effects(&mut self, client: usize) -> Check {
        let now_ms = self.agenda.now_ms;
        loop {
            for action in self.clients[client].actions(now_ms) {
                self.carry_out(client, action)?;
            }
            if !self.clients[client].goes_on_uploading(now_ms) {
                return self.plan_tick(client);
            }
        }
    }

    fn carry_out(&mut self, client: usize, action: ClientAction) -> Check {
        match action {
            ClientAction::Send(frame) => {
                let lines = frame.iter().filter(|byte| **byte == b'\n').count();
                let user = self.users[client].clone();
                self.note(format_args!("{user} asks {lines}"));
                self.send_request(self.clients[client].link, frame, None)
            }
            ClientAction::SendAlone(line, bytes) => self.send_request(self.clients[client].link, line, bytes),
            ClientAction::Connect => {
                self.connect(client);
                Ok(())
            }
            ClientAction::Subscribe(topic, is_wanted) => {
                let sim_client = &mut self.clients[client];
                let topics = &mut sim_client.topics;
                let (from, shared) = (sim_client.connection, topic.clone());
                let _ = if is_wanted { topics.insert(shared) } else { topics.remove(&shared) };
                self.send_subscription(from, topic, is_wanted);
                Ok(())
            }
            ClientAction::News(news) => self.show(client, *news),
            ClientAction::Answer(FOLLOW_TICKET, outcome) => {
                self.begin_if(client, outcome.is_ok());
                Ok(())
            }
            ClientAction::Answer(ticket, outcome) => self.answer(client, ticket, outcome),
        }
    }

    /// A user's question has this outcome.
    fn answer(&mut self, client: usize, ticket: u64, outcome: Result<Answer, Error>) -> Check {
        let user = self.users[client].clone();
        let words = outcome.as_ref().map_or_else(|error| error.message.clone(), summary);
        self.note(format_args!("{user} is answered: {words}"));
        let sim_client = &mut self.clients[client];
        let uploaded = sim_client.transferred(ticket, &outcome);
        for shown in uploaded.into_iter().chain(sim_client.answered(ticket, outcome.ok())) {
            match shown {
                Shows::Events(entries) => entries.iter().try_for_each(|entry| self.told.note_entry(entry))?,
                Shows::Joined(conversation) => self.begin_one(client, conversation),
                Shows::Done { id, conversation, n } => {
                    self.tally.amended += 1;
                    self.told.note_done(id, conversation, n)?;
                }
                Shows::Bytes { of, offset, bytes } => {
                    self.tally.downloaded += 1;
                    files::downloads_are_what_was_sent(&self.told, &user, &of, offset, &bytes)?;
                }
            }
        }
        Ok(())
    }

    fn plan_tick(&mut self, client: usize) -> Check {
        let now_ms = self.agenda.now_ms;
        let sim_client = &mut self.clients[client];
        let Some(session) = &sim_client.session else { return Ok(()) };
        bounds::session_queues(&session.queues())?;
        let Some(deadline) = session.deadline().map(|deadline| deadline.max(now_ms)) else { return Ok(()) };
        if sim_client.tick_at_ms.is_none_or(|planned| deadline < planned) {
            sim_client.tick_at_ms = Some(deadline);
            self.agenda.at(deadline, Happening::Tick(client));
        }
        Ok(())
    }

    /// A client's deadline has come.
    pub(crate) fn tick(&mut self, client: usize) -> Check {
        let now_ms = self.agenda.now_ms;
        let sim_client = &mut self.clients[client];
        sim_client.tick_at_ms = None;
        let is_due = sim_client.session.as_ref().and_then(Session::deadline).is_some_and(|due| due <= now_ms);
        if !is_due {
            return self.plan_tick(client);
        }
        let (last, count) = sim_client.ticks;
        sim_client.ticks = if last == now_ms { (now_ms, count + 1) } else { (now_ms, 1) };
        bounds::no_busy_loop(sim_client.ticks.1)?;
        self.with_session(client, Session::tick)
    }

    /// A client follows from now on, or tries again later.
    fn begin_if(&mut self, client: usize, follows: bool) {
        if follows {
            return self.begin(client);
        }
        // The session has forgotten how far it was, and has said so.
        self.clients[client].shown = Shown::default();
        self.agenda.after(FOLLOW_AGAIN_MS, Happening::Follow(self.clients[client].link));
    }

    /// From now on nothing is missed: of what there is already nothing is owed.
    fn begin(&mut self, client: usize) {
        let user = self.users[client].clone();
        let heads: Vec<(Target, u64)> = match self.state() {
            Some(state) => {
                let targets = state.channels.conversations(&user);
                targets.map(|to| (to.clone(), state.head(&Conversation::of(&user, to)))).collect()
            }
            // How far things have come cannot be known now; more than was told may be on the disk.
            None => self.told.conversations().map(|known| (known.seen_by(&user), HEAD_UNKNOWN)).collect(),
        };
        for (conversation, n) in heads {
            // Whoever has just come may not know of it yet: the heads that the client has seen are older.
            let of_all = Conversation::of(&user, &conversation);
            if !self.told.has_moved(&user, &of_all, ANSWER_MS_MAX) {
                self.clients[client].shown.owe_after(conversation, n);
            }
        }
        self.clients[client].follows = true;
        self.note(format_args!("{user} follows"));
    }

    /// The same for a channel that was joined. The answer may be late: what was said before it comes is not
    /// owed.
    fn begin_one(&mut self, client: usize, conversation: Target) {
        let of_all = Conversation::of(&self.users[client], &conversation);
        let head = self.state().map_or(HEAD_UNKNOWN, |state| state.head(&of_all));
        self.clients[client].shown.owe_after(conversation, head);
    }

    /// Something is shown to a sim_client.
    fn show(&mut self, client: usize, news: News) -> Check {
        let user = self.users[client].clone();
        match news {
            News::Entry(entry) => {
                self.note(format_args!("{user} sees {} {}", entry.conversation, entry.n));
                self.tally.shown += 1;
                self.told.note_entry(&entry)?;
                self.clients[client].saw(&entry);
                let conversation = Conversation::of(&user, &entry.conversation);
                let engine = self.node.engine.as_ref();
                let was_away = |after| {
                    engine.is_none_or(|engine| came_or_went(engine.ledger(), &user, &conversation, after))
                };
                self.clients[client].shown.shown_in_order(&user, &entry, was_away)
            }
            News::Opened { conversation, entries, .. } => {
                self.note(format_args!("{user} opens {conversation}"));
                entries.iter().try_for_each(|entry: &Entry| self.told.note_entry(entry))?;
                self.clients[client].shown.opened_in_order(&user, &entries)
            }
            News::Sent { message, outcome: Ok(entry), .. } => {
                self.note(format_args!("{user} sent {} {}", entry.conversation, entry.n));
                self.tally.acknowledged += 1;
                self.clients[client].saw(&entry);
                self.told.note_acknowledged(message.id, &entry.line)
            }
            News::Sent { message, outcome: Err(error), .. } => {
                self.note(format_args!("{user} may not send to {}: {}", message.to, error.message));
                self.tally.refused += 1;
                complete::refusals_are_final(&user, &error)?;
                complete::writing_resumes(&user, &error, self.must_write)?;
                // A copy of it that is late may still be stored, but in no order.
                self.clients[client].said.retain(|(_, id)| *id != message.id);
                Ok(())
            }
            News::ConnectionLost
            | News::ConnectionRestored
            | News::Read(_)
            | News::Invited(_)
            | News::MembershipEnded(_)
            | News::Recalled(_)
            | News::Pending(_)
            | News::Presence(_)
            | News::Standing(_)
            | News::Typing(_) => {
                self.note(format_args!("{user}: {news:?}"));
                Ok(())
            }
            News::RolledBack => {
                let what = format!("{user} was told that the server has gone back");
                Err(Violation { checker: "never_set_back", what })
            }
            News::SessionEnded(error) => {
                let what = format!("{user} was logged out: {}", error.message);
                Err(Violation { checker: "sessions_last", what })
            }
        }
    }
}

//! Carries out the effects of the clients' sessions, and checks all events that users see.

use common::{Conversation, Error, Target};
use session::{Answer, Entry, News, Session};

use crate::checks::complete;
use crate::checks::shown::Shown;
use crate::checks::stored::membership_changed;
use crate::checks::{Check, Violation, bounds, files};
use crate::client::{AnswerContent, ClientAction, FOLLOW_TICKET};
use crate::schedule::SimEvent;
use crate::world::World;

/// Delay before a client retries a refused command to follow.
const FOLLOW_RETRY_MS: u64 = 1_000;

/// Maximum age of an answer: the slowest network, and a suspended client.
const ANSWER_AGE_MS_MAX: u64 = 10_000;

/// Larger than the head of any conversation.
const HEAD_UNKNOWN: u64 = u64::MAX / 2;

impl World {
    /// Passes an input to a client's session and carries out its effects.
    pub(crate) fn with_session(&mut self, client: usize, input: impl FnOnce(&mut Session, u64)) -> Check {
        let now_ms = self.schedule.now_ms;
        if let Some(session) = &mut self.clients[client].session {
            input(session, now_ms);
        }
        self.carry_out_effects(client)
    }

    /// Carries out the effects of a session, and schedules its next tick.
    pub(crate) fn carry_out_effects(&mut self, client: usize) -> Check {
        let now_ms = self.schedule.now_ms;
        loop {
            for action in self.clients[client].actions(now_ms) {
                self.carry_out(client, action)?;
            }
            if !self.clients[client].continue_upload(now_ms) {
                return self.schedule_tick(client);
            }
        }
    }

    fn carry_out(&mut self, client: usize, action: ClientAction) -> Check {
        match action {
            ClientAction::Send(frame) => {
                let lines = frame.iter().filter(|byte| **byte == b'\n').count();
                let user = self.users[client].clone();
                self.note(format_args!("{user} requests {lines}"));
                self.send_request(self.clients[client].broker_connection, frame, None)
            }
            ClientAction::SendAlone(line, bytes) => {
                self.send_request(self.clients[client].broker_connection, line, bytes)
            }
            ClientAction::Connect(node) => {
                self.connect_to(client, node);
                Ok(())
            }
            ClientAction::UseEndpoint(index) => {
                self.use_endpoint(client, index);
                Ok(())
            }
            ClientAction::Subscribe(topic, is_subscribe) => {
                let sim_client = &mut self.clients[client];
                let topics = &mut sim_client.topics;
                let (from, shared) = (sim_client.proxy_connection, topic.clone());
                let _ = if is_subscribe { topics.insert(shared) } else { topics.remove(&shared) };
                self.send_subscription(from, topic, is_subscribe);
                Ok(())
            }
            ClientAction::News(news) => self.show(client, *news),
            ClientAction::Answer(FOLLOW_TICKET, outcome) => {
                self.start_following_if(client, outcome.is_ok());
                Ok(())
            }
            ClientAction::Answer(ticket, outcome) => self.answer(client, ticket, outcome),
        }
    }

    /// Handles the outcome of a user's command.
    fn answer(&mut self, client: usize, ticket: u64, outcome: Result<Answer, Error>) -> Check {
        let user = self.users[client].clone();
        let description = outcome.as_ref().map_or_else(|error| error.message.clone(), summary);
        self.note(format_args!("{user} is answered: {description}"));
        let sim_client = &mut self.clients[client];
        let uploaded = sim_client.upload_answered(ticket, &outcome);
        for content in uploaded.into_iter().chain(sim_client.take_answer(ticket, outcome.ok())) {
            match content {
                AnswerContent::Events(entries) => {
                    entries.iter().try_for_each(|entry| self.observed.observe_entry(entry))?
                }
                AnswerContent::Joined(conversation) => self.start_following_channel(client, conversation),
                AnswerContent::Amended { id, conversation, n } => {
                    self.counters.amended += 1;
                    self.observed.observe_amended(id, conversation, n)?;
                }
                AnswerContent::Bytes { of, offset, bytes } => {
                    self.counters.downloaded += 1;
                    files::downloads_match_uploads(&self.observed, &user, &of, offset, &bytes)?;
                }
            }
        }
        Ok(())
    }

    fn schedule_tick(&mut self, client: usize) -> Check {
        let now_ms = self.schedule.now_ms;
        let sim_client = &mut self.clients[client];
        let Some(session) = &sim_client.session else { return Ok(()) };
        bounds::session_queues(&session.queues())?;
        let Some(deadline) = session.deadline().map(|deadline| deadline.max(now_ms)) else { return Ok(()) };
        if sim_client.tick_at_ms.is_none_or(|planned| deadline < planned) {
            sim_client.tick_at_ms = Some(deadline);
            self.schedule.at(deadline, SimEvent::Tick(client));
        }
        Ok(())
    }

    /// Ticks a session whose deadline expired.
    pub(crate) fn tick(&mut self, client: usize) -> Check {
        let now_ms = self.schedule.now_ms;
        let sim_client = &mut self.clients[client];
        sim_client.tick_at_ms = None;
        let is_due = sim_client.session.as_ref().and_then(Session::deadline).is_some_and(|due| due <= now_ms);
        if !is_due {
            return self.schedule_tick(client);
        }
        let (last, count) = sim_client.ticks;
        sim_client.ticks = if last == now_ms { (now_ms, count + 1) } else { (now_ms, 1) };
        bounds::no_busy_loop(sim_client.ticks.1)?;
        self.with_session(client, Session::tick)
    }

    /// Starts following, or schedules a retry.
    fn start_following_if(&mut self, client: usize, follows: bool) {
        if follows {
            return self.start_following(client);
        }
        // The session has discarded its position, and has reported this.
        self.clients[client].shown = Shown::default();
        self.schedule.after(FOLLOW_RETRY_MS, SimEvent::Follow(self.clients[client].broker_connection));
    }

    /// From now on the client must show all events. Events up to the current heads are not required.
    fn start_following(&mut self, client: usize) {
        let user = self.users[client].clone();
        let heads: Vec<(Target, u64)> = match self.state() {
            _ if self.cluster.is_some() => self.shared_heads(&user),
            Some(state) => {
                let targets = state.channels.conversations(&user);
                targets.map(|to| (to.clone(), state.head(&Conversation::of(&user, to)))).collect()
            }
            // The server is down, so the heads are unknown. The disk may contain events that the checkers
            // have not observed.
            None => self.observed.conversations().map(|known| (known.seen_by(&user), HEAD_UNKNOWN)).collect(),
        };
        for (conversation, n) in heads {
            // The heads that the client received may be older than a recent join.
            let of_all = Conversation::of(&user, &conversation);
            if !self.observed.membership_changed_within(&user, &of_all, ANSWER_AGE_MS_MAX) {
                self.clients[client].shown.expect_after(conversation, n);
            }
        }
        self.clients[client].follows = true;
        self.note(format_args!("{user} follows"));
    }

    /// From now on, the client must show all events of a channel that the user joined. Events before the
    /// answer are not required.
    fn start_following_channel(&mut self, client: usize, conversation: Target) {
        let of_all = Conversation::of(&self.users[client], &conversation);
        let head = self.state().map_or(HEAD_UNKNOWN, |state| self.newest_head(state, &of_all));
        self.clients[client].shown.expect_after(conversation, head);
    }

    /// Checks news that a client shows to its user.
    fn show(&mut self, client: usize, news: News) -> Check {
        let user = self.users[client].clone();
        match news {
            News::Entry(entry) => {
                self.note(format_args!("{user} sees {} {}", entry.conversation, entry.n));
                self.counters.shown += 1;
                self.observed.observe_entry(&entry)?;
                self.clients[client].remember_shown(&entry);
                let conversation = Conversation::of(&user, &entry.conversation);
                let Self { nodes, cluster, clients, .. } = self;
                let engine = nodes[0].engine.as_ref();
                let membership_changed_after = |after| match cluster {
                    Some(cluster) => cluster.lines.membership_changed(&user, &conversation, after),
                    None => engine.is_none_or(|engine| {
                        membership_changed(engine.ledger(), &user, &conversation, after)
                    }),
                };
                clients[client].shown.shown_in_order(&user, &entry, membership_changed_after)
            }
            News::Opened { conversation, entries, more, .. } => {
                self.note(format_args!("{user} opens {conversation}"));
                entries.iter().try_for_each(|entry: &Entry| self.observed.observe_entry(entry))?;
                self.clients[client].shown.opened_in_order(&user, &entries, more)?;
                self.clients[client].next_page = Some(conversation).filter(|_| more > 0);
                Ok(())
            }
            News::Sent { message, outcome: Ok(entry), .. } => {
                self.note(format_args!("{user} sent {} {}", entry.conversation, entry.n));
                self.counters.acknowledged += 1;
                self.clients[client].remember_shown(&entry);
                self.observed.observe_acknowledged(message.id, &entry.line)
            }
            News::Sent { message, outcome: Err(error), .. } => {
                self.note(format_args!(
                    "the message of {user} to {} was refused: {}",
                    message.to, error.message
                ));
                self.counters.refused += 1;
                complete::refusals_are_final(&user, &error)?;
                complete::writing_resumes(&user, &error, self.must_write)?;
                // A delayed copy of the request may still be stored, in any order.
                self.clients[client].sent.retain(|(_, id)| *id != message.id);
                Ok(())
            }
            News::ConnectionLost
            | News::ConnectionRestored
            | News::Named { .. }
            | News::Read(_)
            | News::Invited(_)
            | News::MembershipEnded(_)
            | News::OutboxLoaded(_)
            | News::Delayed(_)
            | News::Presence(_)
            | News::StatusSummary(_)
            | News::Typing(_) => {
                self.note(format_args!("{user}: {news:?}"));
                Ok(())
            }
            News::RolledBack => {
                let what = format!("{user} received News::RolledBack");
                Err(Violation { checker: "never_rolled_back", what })
            }
            News::SessionEnded(error) => {
                let what = format!("{user} was logged out: {}", error.message);
                Err(Violation { checker: "sessions_stay_valid", what })
            }
        }
    }
}

/// A short description of an answer, for the trace.
fn summary(answer: &Answer) -> String {
    match answer {
        Answer::Done => "done".to_owned(),
        Answer::Joined(joined) => format!("joined {} at {}", joined.channel, joined.n),
        Answer::Registered(registered) => format!("registered {}", registered.user),
        Answer::LoggedIn(account) => format!("logged in as {}", account.user),
        Answer::SessionsEnded(count) => format!("{count} sessions ended"),
        Answer::Reads(reads) => format!("{} conversations", reads.len()),
        Answer::Blocks(_) => "blocked users".to_owned(),
        Answer::Unread(count) => format!("{count} unread"),
        Answer::Have(bytes) => format!("{bytes} bytes uploaded"),
        Answer::Part(offset, bytes) => format!("{} bytes from {offset} on", bytes.len()),
        Answer::Status(status) => format!("{:?}", status.summary.connectivity),
        Answer::Result(result) => format!("{} bytes", result.len()),
    }
}

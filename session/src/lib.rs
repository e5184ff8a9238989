//! The session core: what a client knows and does, without sockets, files, clocks or chance.
//!
//! Commands, reply lines, event lines and the time go in; a list of [`Effect`]s comes out. Whoever drives it does
//! what the effects say and calls [`Session::tick`] at [`Session::deadline`].

mod exchange;
mod entry;
pub mod limits;

mod accounts;
mod channels;
mod following;
mod topics;
mod memberships;
mod history;
mod files;
mod messages;
mod search;
mod amendments;
mod mentions;
mod reads;
mod outbox;
mod presence;
mod typing;
mod keeping;
mod link;
mod status;
mod admin;

mod dice;
mod requests;
mod timeline;
mod queues;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use common::accounts::{LoggedIn, Token};
use common::{Detail, Error, Method, Target, rpc};
use serde::Serialize;

pub use admin::{Administration, Overview};
pub use exchange::{
    Alteration, Amend, Answer, Appearance, Command, Deed, Effect, Entry, Findings, Follow, Lookup, Message,
    NOBODY, News, Range,
};
pub use files::{Transfer, Transferred};
pub use queues::Queue;
pub use status::{Connectivity, Progress, Standing, Status};

use dice::Dice;
use following::Following;
use history::Repairs;
use link::Link;
use outbox::Outbox;
use presence::Presence;
use reads::Reads;
use requests::{Purpose, Question, Requests, Settled};
use timeline::Timeline;
use typing::Typing;

/// A client's side of the conversation with a server.
pub struct Session {
    dice: Dice,
    account: Option<LoggedIn>,
    requests: Requests,
    outbox: Outbox,
    following: Following,
    conversations: BTreeMap<Target, Timeline>,
    /// With which event the last membership ended, of channels that one is not in any more.
    ended: BTreeMap<Target, u64>,
    repairs: Repairs,
    presence: Presence,
    typing: Typing,
    reads: Reads,
    link: Link,
    /// How the session stands, as the person was told last.
    standing_told: Option<Standing>,
    /// The bytes behind the replies that are being taken.
    received: Option<Vec<u8>>,
    effects: Vec<Effect>,
}

impl Session {
    /// A session of nobody. The seed decides jitter and the names of barriers.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            dice: Dice::new(seed),
            account: None,
            requests: Requests::default(),
            outbox: Outbox::default(),
            following: Following::default(),
            conversations: BTreeMap::new(),
            ended: BTreeMap::new(),
            repairs: Repairs::default(),
            presence: Presence::default(),
            typing: Typing::default(),
            reads: Reads::default(),
            link: Link::new(1),
            standing_told: None,
            received: None,
            effects: Vec::new(),
        }
    }

    /// What is to be done since the last call, in order.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// When [`tick`](Self::tick) has something to do.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        let outbox = self.account.as_ref().and_then(|_| self.outbox.deadline());
        let reads = self.account.as_ref().and_then(|_| self.reads.deadline());
        let deadlines = [
            self.requests.deadline(),
            outbox,
            self.pending_deadline(),
            self.following.deadline(),
            self.repairs.deadline(),
            reads,
            self.presence.deadline(),
            self.typing.deadline(),
        ];
        deadlines.into_iter().flatten().min()
    }

    /// Does what is due.
    pub fn tick(&mut self, now_ms: u64) {
        let (again, is_reply_missing) = self.requests.due(now_ms, &mut self.dice);
        self.effects.extend(again);
        if is_reply_missing {
            self.lost(now_ms);
        }
        self.send_due(now_ms);
        self.show_pending(now_ms);
        self.follow_due(now_ms);
        self.repair_gaps(now_ms);
        self.presence_due(now_ms);
        self.typing_due(now_ms);
        self.mark_due(now_ms);
        self.tell_standing(now_ms);
    }

    /// Does what the person asks. The outcome comes as [`Effect::Answer`] with the same ticket, except that of
    /// [`Command::Send`].
    pub fn command(&mut self, now_ms: u64, ticket: u64, command: Command) {
        let asks_nobody = matches!(command, Command::Send(_) | Command::Status | Command::KeyTyped(_));
        if self.requests.is_full() && !asks_nobody {
            return self.answer(ticket, Err(Detail::TooManyRequests.into()));
        }
        match command {
            Command::Knock => self.knock(now_ms, ticket),
            Command::Register(credentials) => self.register(now_ms, ticket, &credentials),
            Command::Login(credentials) => self.login(now_ms, ticket, &credentials),
            Command::Restore(account) => self.restore(now_ms, ticket, account),
            Command::Logout => self.logout(now_ms, ticket),
            Command::Follow(follow) => self.follow(now_ms, ticket, follow),
            Command::Create { channel, private } => self.create(now_ms, ticket, channel, private),
            Command::Join(channel) => self.join(now_ms, ticket, channel),
            Command::Leave(channel) => self.leave(now_ms, ticket, channel),
            Command::Invitations => self.list_invitations(now_ms, ticket, Vec::new()),
            Command::Decline(channel) => self.decline(now_ms, ticket, channel),
            Command::Manage(channel, deed) => self.manage(now_ms, ticket, channel, deed),
            Command::Members(channel) => self.list_members(now_ms, ticket, channel, Vec::new()),
            Command::Channels => self.list_channels(now_ms, ticket, Vec::new()),
            Command::Users => self.list_users(now_ms, ticket, Vec::new()),
            Command::ChangePassword { password, new_password } => {
                self.change_password(now_ms, ticket, password, new_password);
            }
            Command::Sessions => self.list_sessions(now_ms, ticket),
            Command::Appear(appearance) => self.appear(now_ms, ticket, appearance),
            Command::KeyTyped(to) => self.typed(now_ms, to),
            Command::Administrate(what) => self.administrate(now_ms, ticket, what),
            Command::Revoke(session) => self.revoke(now_ms, ticket, session),
            Command::Send(message) => self.send(now_ms, message),
            Command::Status => self.tell_status(now_ms, ticket),
            Command::Transfer(transfer) => self.transfer(now_ms, ticket, transfer),
            Command::History(range) => self.read_history(now_ms, ticket, range),
            Command::Search(lookup) => self.search(now_ms, ticket, lookup),
            Command::Open(conversation) => self.open(now_ms, ticket, conversation),
            Command::ReadOn(conversation) => self.read_on(now_ms, ticket, conversation),
            Command::Mentions => self.list_mentions(now_ms, ticket),
            Command::Amend(amend) => self.amend(now_ms, ticket, amend),
            Command::Reads => self.list_reads(now_ms, ticket, Vec::new()),
            Command::MarkRead(conversation, n) => self.mark_read(now_ms, ticket, conversation, n),
        }
    }

    /// Takes a frame of reply lines. A line that answers nothing we asked is passed over.
    pub fn replies(&mut self, now_ms: u64, lines: &[u8]) {
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let Ok(reply) = rpc::decode_reply(line) else { continue };
            let Some(id) = reply.id.and_then(|id| id.parse().ok()) else { continue };
            let outcome = match reply.error {
                Some(error) => Err(error),
                None => Ok(reply.result.map_or("null", serde_json::value::RawValue::get)),
            };
            self.reply(now_ms, id, outcome);
        }
        self.repair_gaps(now_ms);
    }

    fn reply(&mut self, now_ms: u64, id: u64, outcome: Result<&str, Error>) {
        self.heard(now_ms);
        if let Err(error) = &outcome
            && error.ends_session()
            && self.account.is_some()
        {
            return self.session_expired(error.clone());
        }
        self.farewell_taken(id);
        if self.sent(now_ms, id, &outcome) {
            return;
        }
        let error = outcome.as_ref().err();
        let Some(Settled { purpose, attempt }) = self.requests.settle(now_ms, &mut self.dice, id, error)
        else {
            return;
        };
        match purpose {
            Purpose::Info => self.informed(now_ms, outcome),
            Purpose::Presence => self.presence_set(now_ms, outcome),
            Purpose::Heads { kind, cursor } => self.heads_read(now_ms, kind, cursor, outcome),
            Purpose::Repair(conversation) => self.repaired(now_ms, &conversation, outcome),
            // Whatever became of it: the next one says the same and more.
            Purpose::Mark => {}
            Purpose::Question { ticket, question } => {
                if let Some(outcome) = self.answered(now_ms, ticket, question, attempt, outcome).transpose() {
                    self.answer(ticket, outcome);
                }
            }
        }
    }

    /// What the person's question led to; nothing yet when it takes another request.
    fn answered(
        &mut self,
        now_ms: u64,
        ticket: u64,
        question: Question,
        attempt: u32,
        outcome: Result<&str, Error>,
    ) -> Result<Option<Answer>, Error> {
        let answer = match question {
            Question::Knock => Self::opened_to(outcome?)?,
            Question::Register => Self::registered(outcome, attempt)?,
            Question::Open(conversation) => self.opened(now_ms, conversation, outcome)?,
            Question::ReadOn(conversation) => self.read_on_to(conversation, outcome?)?,
            Question::Mark(conversation) => self.marked(&conversation, outcome?)?,
            Question::Mentions => self.mentions_listed(outcome?)?,
            Question::Amend => Self::amended(outcome?)?,
            Question::Login => self.logged_in(now_ms, outcome?)?,
            Question::Logout => outcome.map(|_done| self.logged_out())?,
            Question::Join(_) => self.joined(now_ms, outcome?)?,
            Question::Leave(channel) => outcome.map(|_done| self.left(channel))?,
            Question::Manage => outcome.map(|_done| Answer::Done)?,
            Question::EndSessions => self.sessions_ended(now_ms, outcome?)?,
            Question::Sessions => Self::sessions_listed(outcome?)?,
            Question::File(step) => self.transferred(step, outcome)?,
            Question::History => self.history_read(outcome?)?,
            Question::Search => self.found(outcome?)?,
            Question::Members { channel, so_far } => {
                return self.members_listed(now_ms, ticket, channel, so_far, outcome?);
            }
            Question::Invitations { so_far } => {
                return self.invitations_listed(now_ms, ticket, so_far, outcome?);
            }
            Question::Channels { so_far } => return self.channels_listed(now_ms, ticket, so_far, outcome?),
            Question::Reads { so_far } => return self.reads_listed(now_ms, ticket, so_far, outcome?),
            Question::Admin(question) => return self.administrated(now_ms, ticket, question, outcome?),
            Question::Users { so_far } => return self.users_listed(now_ms, ticket, so_far, outcome?),
        };
        Ok(Some(answer))
    }

    /// Makes a request of the person's, in the name of the session.
    fn ask_question<P: Serialize>(
        &mut self,
        now_ms: u64,
        ticket: u64,
        question: Question,
        method: Method,
        params: impl FnOnce(Token<'static>) -> P,
    ) {
        self.ask(now_ms, Purpose::Question { ticket, question }, method, params);
    }

    /// Makes a request in the name of the session.
    fn ask<P: Serialize>(
        &mut self,
        now_ms: u64,
        purpose: Purpose,
        method: Method,
        params: impl FnOnce(Token<'static>) -> P,
    ) {
        match (&self.account, purpose) {
            (Some(account), purpose) => {
                let params = params(account.token.clone().into());
                let request = self.requests.ask(now_ms, &mut self.dice, purpose, method, &params);
                self.effects.push(request);
            }
            (None, Purpose::Question { ticket, .. }) => self.answer(ticket, Err(not_logged_in())),
            (
                None,
                Purpose::Info
                | Purpose::Presence
                | Purpose::Heads { .. }
                | Purpose::Repair(_)
                | Purpose::Mark,
            ) => {}
        }
    }

    fn answer(&mut self, ticket: u64, outcome: Result<Answer, Error>) {
        self.effects.push(Effect::Answer { ticket, outcome });
    }
}

fn not_logged_in() -> Error {
    Detail::NotLoggedIn.into()
}

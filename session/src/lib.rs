//! The session core: the state and the decisions of a client, without sockets, files or clocks.
//!
//! The inputs are commands, reply lines, event lines and the time. The output is a list of [`Effect`]s. A
//! front end implements [`driver::Io`], calls [`driver::step`] after each input, and calls [`Session::tick`]
//! at [`Session::deadline`].
//!
//! Only a request that changes the session's state has its own [`Command`]. All other methods use a
//! [`PlainRequest`]:
//!
//! ```
//! # use common::{methods::ServerInfo, node::NoParams};
//! # use session::{Answer, PlainRequest, Command, Effect, Session, decode};
//! let mut session = Session::new(7);
//! session.command(0, 1, Command::Request(PlainRequest::of::<ServerInfo>(|_token| NoParams {})));
//! let [Effect::Send { line, .. }] = &*session.take_effects() else { panic!("one request") };
//! assert_eq!(line, b"{\"jsonrpc\":\"2.0\",\"id\":\"1\",\"method\":\"server.info\",\"params\":{}}\n");
//!
//! # let result = common::Method::ServerInfo.description().result;
//! session.replies(9, format!(r#"{{"jsonrpc":"2.0","id":"1","result":{result}}}"#).as_bytes());
//! let effects = session.take_effects();
//! let [Effect::Answer { outcome: Ok(Answer::Result(result)), .. }] = &*effects else { panic!("an answer") };
//! assert_eq!(decode::<ServerInfo>(result).unwrap().name, "papo");
//! ```
//!
//! [`Session`] passes each input to one component, and the outcome to the other components. The components do
//! not call each other. They share the `Context`.

#![warn(missing_docs)]

mod api;
pub mod driver;
mod entry;
mod published;
pub mod limits;

mod context;
mod requests;
mod replies;
mod plain_request;
mod names;
mod rng;

mod accounts;
mod blocks;
mod levels;
mod channels;
mod outbox;
mod link;
mod conversations;
mod sync;
mod history;
mod reads;
mod presence;
mod typing;
mod files;
mod status;
mod queues;

#[cfg(any(test, feature = "recorder"))]
pub mod recorder;

#[cfg(test)]
mod tests;

use common::accounts::LoggedIn;
use common::{Detail, Error};
use uuid::Uuid;

pub use api::{Answer, Blocks, Command, Effect, Entry, Follow, Message, NO_TICKET, News, PresenceMode};
pub use files::Transfer;
pub use names::ChannelNames;
pub use plain_request::{Pager, PlainRequest, decode};
pub use published::Published;
pub use queues::Queue;
pub use status::{Connectivity, Progress, Status, StatusSummary};

use context::Context;
use conversations::Conversations;
use link::Link;
use outbox::Outbox;
#[cfg(any(test, feature = "recorder"))]
use recorder::Input;
use requests::Pending;
use status::StatusSummaryNews;

/// The client's side of a login.
pub struct Session {
    cx: Context,
    link: Link,
    outbox: Outbox,
    conversations: Conversations,
    summary: StatusSummaryNews,
    /// The bytes after the reply line that is being handled.
    received: Option<Vec<u8>>,
    #[cfg(any(test, feature = "recorder"))]
    recorder: Option<recorder::Recorder>,
}

impl Session {
    /// Creates a session without a login. The seed determines the jitter and the names of barriers.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            cx: Context::new(seed),
            link: Link::new(1),
            outbox: Outbox::default(),
            conversations: Conversations::default(),
            summary: StatusSummaryNews::default(),
            received: None,
            #[cfg(any(test, feature = "recorder"))]
            recorder: None,
        }
    }

    /// Sets the number of endpoints, see [`Effect::UseEndpoint`]. The session begins with the first.
    #[must_use]
    pub fn with_endpoints(mut self, count: usize) -> Self {
        self.link = Link::new(count);
        self
    }

    /// Returns the effects since the last call, in order.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        let effects = self.cx.take_effects();
        #[cfg(any(test, feature = "recorder"))]
        self.record_effects(&effects);
        effects
    }

    /// The later names of the channels that the session knows.
    #[must_use]
    pub fn channel_names(&self) -> &ChannelNames {
        self.cx.names()
    }

    /// The users whom the user blocks, as [`Command::ListBlocks`] loaded them.
    #[must_use]
    pub fn blocks(&self) -> &Blocks {
        self.conversations.blocks()
    }

    /// The time at which the front end must call [`tick`](Self::tick), in milliseconds.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        let deadlines = [
            self.cx.requests().deadline(),
            self.cx.account().and_then(|_| self.outbox.deadline()),
            self.outbox.delayed_deadline(self.link.is_up()),
            self.conversations.deadline(&self.cx),
        ];
        deadlines.into_iter().flatten().min()
    }

    /// Sends the retries, heartbeats, requests for pages and read marks that are due.
    pub fn tick(&mut self, now_ms: u64) {
        #[cfg(any(test, feature = "recorder"))]
        self.record_input(|| Input::Tick(now_ms));
        self.cx.set_now(now_ms);
        if self.cx.repeat_requests() {
            self.reply_missing();
        }
        self.send_due();
        self.outbox.report_delayed(&mut self.cx, self.link.is_up());
        self.conversations.tick(&mut self.cx);
        self.summary.tick(&mut self.cx, &self.link, &self.outbox, &self.conversations);
    }

    /// Carries out a command. Its outcome is an [`Effect::Answer`] with the same ticket, except for
    /// [`Command::Send`] and [`Command::KeyTyped`].
    pub fn command(&mut self, now_ms: u64, ticket: u64, command: Command) {
        #[cfg(any(test, feature = "recorder"))]
        self.record_input(|| Input::Command(now_ms, ticket, &command));
        self.cx.set_now(now_ms);
        let cx = &mut self.cx;
        let needs_no_request = matches!(command, Command::Send(_) | Command::Status | Command::KeyTyped(_));
        if cx.requests().is_full() && !needs_no_request {
            let error = Detail::TooManyRequests.into();
            return cx.answer(ticket, Err(error));
        }
        match command.with_first_names(cx.names()) {
            Command::Register(registration) => accounts::register(cx, ticket, &registration),
            Command::Reset(reset) => accounts::reset(cx, ticket, &reset),
            Command::Login(credentials) => accounts::login(cx, ticket, &credentials),
            Command::Restore(account) => {
                self.begin_session(account);
                self.cx.answer(ticket, Ok(Answer::Done));
            }
            Command::Logout => accounts::logout(cx, ticket),
            Command::ChangePassword { password, new_password } => {
                accounts::change_password(cx, ticket, password, new_password);
            }
            Command::Revoke(session) => accounts::revoke(cx, ticket, session),
            Command::Ping => link::ping(cx, ticket),
            Command::Status => {
                let status = self.status(now_ms);
                self.cx.answer(ticket, Ok(Answer::Status(status)));
            }
            Command::Follow(follow) => self.conversations.follow(cx, ticket, follow),
            Command::Create { channel, private } => channels::create(cx, ticket, channel, private),
            Command::Join(channel) => channels::join(cx, ticket, channel),
            Command::Leave(channel) => channels::leave(cx, ticket, channel),
            Command::Open(conversation) => self.conversations.open(cx, ticket, conversation),
            Command::NextPage(conversation) => self.conversations.request_next_page(cx, ticket, conversation),
            Command::ListBlocks => blocks::list(cx, ticket),
            Command::ListLevels => levels::list(cx, ticket),
            Command::ListReads => reads::list(cx, ticket),
            Command::MarkRead(conversation, n) => reads::mark(cx, ticket, conversation, n),
            Command::SetPresence(mode) => {
                self.conversations.presence().set_mode(cx, mode);
                cx.answer(ticket, Ok(Answer::Done));
            }
            Command::KeyTyped(to) => self.conversations.key_typed(cx, to),
            Command::Send(message) => {
                let to = message.to.clone();
                if self.outbox.send(cx, message) {
                    self.conversations.message_sent(&to);
                }
            }
            Command::Transfer(transfer) => files::transfer(cx, ticket, transfer),
            Command::Request(request) => cx.transmit(ticket, Pending::Request, request),
        }
    }

    /// Handles a frame of reply lines. Replies to unknown requests are ignored.
    pub fn replies(&mut self, now_ms: u64, lines: &[u8]) {
        #[cfg(any(test, feature = "recorder"))]
        self.record_input(|| Input::Replies(now_ms, lines));
        self.cx.set_now(now_ms);
        self.handle_replies(lines);
        self.conversations.sync().repair_gaps(&mut self.cx);
    }

    /// Handles a reply line that is followed by a frame of bytes.
    pub fn replies_with_bytes(&mut self, now_ms: u64, lines: &[u8], bytes: Vec<u8>) {
        self.received = Some(bytes);
        self.replies(now_ms, lines);
        self.received = None;
    }

    /// Handles the lines that the proxy published on a topic. A barrier has no lines.
    pub fn events(&mut self, now_ms: u64, topic: &[u8], lines: &[u8]) {
        self.published(now_ms, topic, &Published::read(lines));
    }

    /// Like [`events`](Self::events), for a frame that other sessions receive too.
    pub fn published(&mut self, now_ms: u64, topic: &[u8], published: &Published) {
        #[cfg(any(test, feature = "recorder"))]
        self.record_input(|| Input::Events(now_ms, topic, published.lines()));
        self.cx.set_now(now_ms);
        if published.lines().is_empty() {
            self.conversations.sync().barrier_arrived(&mut self.cx, topic);
        } else {
            self.conversations.published(&mut self.cx, published);
        }
    }

    /// Handles the outcome of [`Effect::Persist`] for these messages. After an error the session refuses
    /// them.
    pub fn persisted(&mut self, now_ms: u64, ids: &[Uuid], outcome: Result<(), Error>) {
        #[cfg(any(test, feature = "recorder"))]
        self.record_input(|| Input::Persisted(now_ms, ids, outcome.as_ref().err()));
        self.cx.set_now(now_ms);
        self.outbox.persisted(&mut self.cx, ids, &outcome);
        if outcome.is_ok() {
            self.send_due();
            self.outbox.report_delayed(&mut self.cx, self.link.is_up());
        }
    }

    /// Handles the outcome of [`Effect::LoadOutbox`]: the unacknowledged messages of an earlier run, in the
    /// order of sending. The session sends them before newer messages.
    pub fn outbox_loaded(&mut self, now_ms: u64, messages: Vec<Message>) {
        #[cfg(any(test, feature = "recorder"))]
        self.record_input(|| Input::Outbox(now_ms, &messages));
        self.cx.set_now(now_ms);
        if self.outbox.loaded(&mut self.cx, messages) {
            self.send_due();
        }
    }

    /// Handles the loss of a connection that carries both requests and events, such as a WebSocket.
    pub fn link_down(&mut self, now_ms: u64) {
        #[cfg(any(test, feature = "recorder"))]
        self.record_input(|| Input::LinkDown(now_ms));
        self.cx.set_now(now_ms);
        self.link.lost(&mut self.cx);
        self.outbox.report_delayed(&mut self.cx, self.link.is_up());
    }

    /// Handles a new connection that carries both requests and events. It has no subscriptions. The session
    /// sends all pending requests again, and requests the events that it missed.
    pub fn link_up(&mut self, now_ms: u64) {
        #[cfg(any(test, feature = "recorder"))]
        self.record_input(|| Input::LinkUp(now_ms));
        self.cx.set_now(now_ms);
        self.link.reply_received(&mut self.cx);
        self.cx.resend_requests();
        self.conversations.sync().resubscribe(&mut self.cx);
        self.outbox.resend_flight(&mut self.cx, 0);
    }

    /// Handles the notice that events were dropped, although the connection works.
    pub fn events_lost(&mut self, now_ms: u64) {
        #[cfg(any(test, feature = "recorder"))]
        self.record_input(|| Input::EventsLost(now_ms));
        self.cx.set_now(now_ms);
        self.conversations.sync().find_lost_events(&mut self.cx);
    }

    /// Reports to the server that the user is offline. Returns false if nothing is sent: the server does not
    /// reply, or the session never reported another state.
    pub fn quit(&mut self) -> bool {
        #[cfg(any(test, feature = "recorder"))]
        self.record_input(|| Input::Quit);
        self.link.is_up() && self.conversations.presence().quit(&mut self.cx)
    }

    /// Whether the server has replied to the report of [`quit`](Self::quit).
    #[must_use]
    pub fn has_quit(&self) -> bool {
        self.conversations.has_quit()
    }

    /// The status of the session at the time `now_ms`.
    #[must_use]
    pub fn status(&self, now_ms: u64) -> Status {
        Status::of(&self.link, &self.outbox, &self.conversations, now_ms)
    }

    /// The lengths and limits of all queues.
    #[must_use]
    pub fn queues(&self) -> [Queue; 5] {
        queues::all(&self.outbox, self.cx.requests(), self.conversations.timelines())
    }

    /// The number of messages that the server has not acknowledged.
    #[must_use]
    pub fn messages_waiting(&self) -> usize {
        self.outbox.len()
    }

    fn begin_session(&mut self, account: LoggedIn) {
        if self.cx.account().is_some() {
            self.end_session(&Detail::OtherSession.into());
        }
        self.outbox.discard_unless_owned_by(&mut self.cx, Some(&account.user));
        self.cx.emit(Effect::LoadOutbox(account.user.clone()));
        self.cx.set_account(Some(account));
        self.conversations.presence().report_now(&mut self.cx);
        self.send_due();
    }

    /// Ends the session because its token is invalid. The outbox keeps the messages for the next login.
    fn session_expired(&mut self, error: Error) {
        self.end_session(&error);
        self.cx.emit_news(News::SessionEnded(error));
    }

    fn end_session(&mut self, error: &Error) {
        self.cx.set_account(None);
        self.cx.forget_names();
        self.outbox.forget_request_ids();
        self.conversations.end_session(&mut self.cx, error);
        for ticket in self.cx.requests_mut().clear() {
            self.cx.answer(ticket, Err(error.clone()));
        }
    }

    fn send_due(&mut self) {
        if self.outbox.send_due(&mut self.cx) {
            self.reply_missing();
        }
    }

    /// Switches to the next endpoint, if there is one, because a reply is missing.
    fn reply_missing(&mut self) {
        if let Some(attempt) = self.link.reply_missing(&mut self.cx) {
            self.outbox.resend_flight(&mut self.cx, attempt);
        }
    }
}

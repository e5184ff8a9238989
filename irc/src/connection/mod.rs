//! One connection of an IRC client: a task with its own session. The task handles one line after the other,
//! and handles replies and events while a line waits for the node.

mod socket;
mod io;
mod requests;
mod respond;
mod register;
mod guests;
mod welcome;
mod events;
mod held;
mod later;
mod close;
mod commands;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use common::channels::Role;
use common::{Body, ChannelName, Conversation, Error, Target, UserName};
use session::{Entry, Session, driver};
use tokio::io::{AsyncRead, AsyncWrite};
use transport::clock;
use uuid::Uuid;

use crate::inbox::{Inbox, Item};
use crate::limits::{LINES_BURST, LINES_PER_SECOND, PING_MS, REGISTRATION_MS_MAX, SILENT_MS_MAX};
use crate::protocol::capabilities::Caps;
use crate::protocol::lines::Input;
use crate::rate::Rate;
use crate::relay::{self, ConnectionId};
use crate::shared::Shared;

pub(crate) use respond::HOST;
pub(crate) use welcome::is_token_value;

use commands::multiline::Multiline;
use held::Held;
use io::SessionIo;
use later::Later;
use register::Registration;
use respond::Response;
use socket::Socket;

/// The end of a connection.
#[derive(Debug)]
pub(crate) enum End {
    /// The client has closed the connection.
    Gone,
    /// The client receives this reason.
    Because(String),
    /// The front is shutting down.
    Shutdown,
}

/// A channel that the client is in.
struct Channel {
    /// The name that the client knows.
    shown: ChannelName,
    subject: String,
    is_private: bool,
    /// The members with a higher role than `member`.
    ranks: BTreeMap<UserName, Role>,
}

/// An event that a command of the client causes.
struct Expected {
    conversation: Target,
    body: Body<'static>,
    until_ms: u64,
}

/// The number of an event, and its time in Unix milliseconds.
type Seen = (u64, u64);

pub(crate) struct Connection {
    shared: Arc<Shared>,
    id: ConnectionId,
    address: IpAddr,
    inbox: Arc<Inbox>,
    socket: Socket,
    line_rate: Rate<LINES_BURST, LINES_PER_SECOND>,
    session: Session,
    io: SessionIo,
    next_ticket: u64,
    opened_ms: u64,
    /// The time of the last PING to the client.
    pinged_ms: u64,
    /// The reason why the connection must end.
    end: Option<End>,

    caps: Caps,
    registration: Registration,
    /// The user who is logged in.
    user: Option<UserName>,
    /// Whether the client has received its welcome.
    is_welcome: bool,
    is_operator: bool,
    /// The id with which AWAY reports the presence of the user.
    presence_id: Uuid,
    signon_ms: u64,
    spoke_ms: u64,
    channels: BTreeMap<ChannelName, Channel>,
    /// The monitored users, with the state that the client knows.
    monitored: BTreeMap<UserName, bool>,
    /// The users whom the client knows as away because they are offline.
    shown_offline: BTreeSet<UserName>,
    multiline: Option<Multiline>,
    /// Whether the front counts the connection as one that is being closed.
    is_closing: bool,

    /// The lines of the response to a command with a label.
    response: Option<Response>,
    batches: u64,
    /// The outcome of the message that is being sent.
    sent: Option<(Uuid, Result<Entry, Error>)>,
    /// The ids of messages of this client whose events have not arrived.
    own_messages: VecDeque<Uuid>,
    /// The events of commands of this client that have not arrived. The response shows them.
    expected: VecDeque<Expected>,
    /// The last of them that has arrived.
    seen: Option<Seen>,
    held: Held,
    /// The links to the files that are about to be shown; `None` if the node made no link.
    links: BTreeMap<(Conversation, u64), Option<String>>,
    /// The events that need requests before the client can see them.
    later: VecDeque<Later>,
}

impl Connection {
    pub(crate) fn new(
        shared: Arc<Shared>,
        address: IpAddr,
        inbox: Arc<Inbox>,
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Self {
        let (id, now_ms) = (shared.next_id(), clock::monotonic_ms());
        let sender = shared.sender(address);
        shared.relay.send(relay::Input::Open { id, inbox: Arc::clone(&inbox), sender });
        let (session, io) = (Session::new(shared.random()), SessionIo::new(id, shared.relay.clone()));
        Self {
            presence_id: shared.uuid(),
            shared,
            id,
            address,
            inbox,
            socket: Socket::new(reader, writer, now_ms),
            line_rate: Rate::default(),
            session,
            io,
            next_ticket: 1,
            opened_ms: now_ms,
            pinged_ms: now_ms,
            end: None,
            caps: Caps::default(),
            registration: Registration::default(),
            user: None,
            is_welcome: false,
            is_operator: false,
            signon_ms: clock::unix_ms(),
            spoke_ms: now_ms,
            channels: BTreeMap::new(),
            monitored: BTreeMap::new(),
            shown_offline: BTreeSet::new(),
            multiline: None,
            is_closing: false,
            response: None,
            batches: 0,
            sent: None,
            own_messages: VecDeque::new(),
            expected: VecDeque::new(),
            seen: None,
            held: Held::default(),
            links: BTreeMap::new(),
            later: VecDeque::new(),
        }
    }

    /// Serves the client until the connection ends.
    pub(crate) async fn run(mut self) {
        let end = loop {
            if let Err(end) = self.serve().await {
                break end;
            }
        };
        Box::pin(self.close(end)).await;
    }

    /// Handles the lines that have arrived, and waits for further input.
    async fn serve(&mut self) -> Result<(), End> {
        while self.line_rate.due(clock::monotonic_ms()).is_none()
            && let Some(input) = self.socket.next_line()
        {
            self.line_rate.take(1, clock::monotonic_ms());
            self.handle(input).await?;
            Box::pin(self.handle_later()).await?;
            // The other connections of the thread get their turn.
            tokio::task::yield_now().await;
        }
        if !self.later.is_empty() || !self.held.is_empty() {
            Box::pin(self.handle_later()).await?;
        }
        self.pump().await
    }

    async fn handle(&mut self, input: Input) -> Result<(), End> {
        match input {
            // The futures of commands are large, and an idle connection needs no memory for them.
            Input::Line(line) => Box::pin(self.handle_line(&line)).await,
            Input::TooLong => {
                self.refuse_long_line();
                Ok(())
            }
            Input::NotUtf8(command) => {
                self.refuse_bytes(&command);
                Ok(())
            }
        }
    }

    /// Waits until the client has read most of its output, so that a long response fits.
    async fn make_room(&mut self) -> Result<(), End> {
        while self.socket.is_filled() {
            self.pump().await?;
        }
        Ok(())
    }

    /// Waits for bytes, for an item of the inbox, or for the next deadline, and handles it.
    async fn pump(&mut self) -> Result<(), End> {
        let now_ms = clock::monotonic_ms();
        let wait = Duration::from_millis(self.deadline(now_ms).saturating_sub(now_ms));
        let Self { socket, inbox, .. } = self;
        tokio::select! {
            open = socket.exchange(clock::monotonic_ms) => {
                if !open.unwrap_or(false) {
                    return Err(End::Gone);
                }
            }
            () = inbox.ready() => {}
            () = tokio::time::sleep(wait) => {}
        }
        // One item at a time: the effects of a full inbox would take many times its memory.
        for item in self.inbox.take() {
            self.handle_item(item);
            self.carry_out();
        }
        self.check_times(clock::monotonic_ms())?;
        self.step()
    }

    fn handle_item(&mut self, item: Item) {
        let now_ms = clock::monotonic_ms();
        match item {
            Item::Replies(lines) => self.session.replies(now_ms, &lines),
            Item::Events(topic, published) => {
                self.see_notices(&published);
                self.session.published(now_ms, topic.as_bytes(), &published);
            }
            Item::EventsLost => self.session.events_lost(now_ms),
            Item::Away(user, text) => {
                let _is_shown = self.show_away(&user, text.as_deref());
            }
            Item::Online(user, is_online) => self.show_online(&user, is_online),
            Item::Wallops(user, text) => self.show_wallops(&user, &text),
            Item::Renamed(user, source, nick) => self.show_spelling(&user, &source, &nick),
            Item::LoggedIn(user, account) => self.show_account(&user, &account),
            Item::Tagged(user, line) => self.show_tagged(&user, &line),
            Item::Marked(target) => self.show_known_mark(&target),
            Item::End(reason) => self.end = Some(End::Because(reason)),
            Item::Shutdown => self.end = Some(End::Shutdown),
        }
    }

    /// Passes the time to the session, and carries out its effects.
    fn step(&mut self) -> Result<(), End> {
        self.session.tick(clock::monotonic_ms());
        self.carry_out();
        if self.socket.is_overfull() {
            return Err(End::Because("SendQ exceeded".to_owned()));
        }
        self.end.take().map_or(Ok(()), Err)
    }

    /// Carries out the effects of the session, and shows its news.
    fn carry_out(&mut self) {
        let Ok(()) = driver::step(&mut self.session, &mut self.io);
        self.io.flush();
        while let Some(news) = self.io.news.pop_front() {
            self.show_news(news);
        }
    }

    fn deadline(&self, now_ms: u64) -> u64 {
        let checked = if self.is_welcome {
            self.pinged_ms.max(self.socket.received_ms) + PING_MS
        } else {
            self.opened_ms + REGISTRATION_MS_MAX
        };
        let others = [self.session.deadline(), self.line_rate.due(now_ms)];
        others.into_iter().flatten().fold(checked, u64::min)
    }

    /// Sends a PING to a silent client, and ends a connection that is silent for too long.
    fn check_times(&mut self, now_ms: u64) -> Result<(), End> {
        if !self.is_welcome {
            let is_late = now_ms >= self.opened_ms + REGISTRATION_MS_MAX;
            return if is_late { Err(End::Because("Registration timeout".to_owned())) } else { Ok(()) };
        }
        let silent_ms = now_ms.saturating_sub(self.socket.received_ms);
        if silent_ms >= SILENT_MS_MAX {
            return Err(End::Because(format!("Ping timeout: {} seconds", silent_ms / 1_000)));
        }
        if now_ms >= self.pinged_ms.max(self.socket.received_ms) + PING_MS {
            self.pinged_ms = now_ms;
            let ping = self.server_line("PING").param(self.shared.settings.name.clone());
            self.send(&ping);
        }
        Ok(())
    }
}

impl Drop for Connection {
    /// Also after a panic, the front forgets the connection.
    fn drop(&mut self) {
        if let Some(user) = &self.user {
            self.is_closing |= self.shared.farewell(user, self.id);
        }
        self.shared.relay.send(relay::Input::Closed(self.id));
        self.shared.release(self.address, self.is_closing);
    }
}

#[cfg(test)]
mod tests;

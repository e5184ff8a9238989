//! One simulated client and its user: the real session core, the events that it showed, and the user's
//! actions.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::Arc;

use common::accounts::{ListNames, LoggedIn, Token};
use common::channels::ListInChannel;
use common::history::History;
use common::messages::Sent;
use common::methods::{ChannelList, ChannelMembers, MessageEdit, MessageHistory, UserList};
use common::{ChannelName, Conversation, Error, Target, UserName};
use session::driver::{self, Io};
use session::recorder::Recorder;
use session::{Answer, Command, Entry, Follow, Message, NO_TICKET, News, PlainRequest, Session, decode};
use testkit::Rng;
use uuid::{Builder, Uuid};

use crate::checks::shown::Shown;
use crate::node::{BEGIN_UNIX_MS, node_of, token};
use crate::nodes::clients::ClusterClient;
use crate::plan::Plan;
use crate::reading::start_reading;
use crate::schedule::{BrokerConnection, ProxyConnection};
use crate::workload::Workload;

/// The ticket of the command to follow all conversations. The tickets of other commands are greater.
pub(crate) const FOLLOW_TICKET: u64 = NO_TICKET + 1;

/// A simulated client and its user.
pub(crate) struct SimClient {
    pub(crate) broker_connection: BrokerConnection,
    pub(crate) proxy_connection: ProxyConnection,
    /// The subscriptions of the client's SUB socket.
    pub(crate) topics: BTreeSet<String>,
    pub(crate) account: LoggedIn,
    /// `None` while the client is down.
    pub(crate) session: Option<Session>,
    /// Whether the server accepted the command to follow.
    pub(crate) follows: bool,
    /// The only command without an answer. The user waits for the answer.
    pub(crate) pending: Option<PendingCommand>,
    pub(crate) tickets: u64,
    /// The edits, reactions and files of the user, in varied runs.
    pub(crate) workload: Option<Workload>,
    /// Whether the user also reads, types and sets levels.
    pub(crate) reads: bool,
    /// The open conversation, if pages after the shown page follow.
    pub(crate) next_page: Option<Target>,
    /// Whether one connection carries requests and events, as a WebSocket does. The client notices when it
    /// breaks.
    pub(crate) has_websocket: bool,
    pub(crate) recorder: Option<Recorder>,
    pub(crate) shown: Shown,
    /// The messages on the client's disk that are not acknowledged. They survive a kill of the client.
    outbox: Vec<Message>,
    /// The messages that the user sent and that were not refused, in order.
    pub(crate) sent: Vec<(Conversation, Uuid)>,
    /// The client is suspended until this time.
    pub(crate) suspended_until_ms: u64,
    /// No frame to or from the client arrives before this time.
    pub(crate) cut_off_until_ms: u64,
    /// The clock error of the client; negative if its clock is behind.
    pub(crate) clock_error_ms: i64,
    /// The client's view of its cluster.
    pub(crate) member: ClusterClient,
    /// The time of the planned tick.
    pub(crate) tick_at_ms: Option<u64>,
    /// The time of the last tick, and the number of ticks in that millisecond.
    pub(crate) ticks: (u64, u32),
}

/// A command without an answer.
pub(crate) struct PendingCommand {
    pub(crate) ticket: u64,
    pub(crate) on_answer: OnAnswer,
}

/// How the answer to a command is used.
pub(crate) enum OnAnswer {
    Ignore,
    /// Check the events of the page of history.
    CheckPage,
    /// The user left this channel.
    ForgetChannel(ChannelName),
    /// The edit, deletion or reaction with this id is stored.
    NoteAmendment(Uuid, Conversation),
    /// Check the bytes of this file.
    CheckBytes(Conversation, u64),
}

/// An effect of the session that the simulated network or the checkers carry out.
pub(crate) enum ClientAction {
    Send(Vec<u8>),
    /// Send this line in its own frame, followed by an optional frame of bytes.
    SendAlone(Vec<u8>, Option<Arc<[u8]>>),
    /// Connect the SUB socket to this node.
    Connect(usize),
    /// Send all further requests to the endpoint with this index.
    UseEndpoint(usize),
    /// Subscribe (`true`) or unsubscribe (`false`).
    Subscribe(String, bool),
    News(Box<News>),
    /// Handle the outcome of the command with this ticket.
    Answer(u64, Result<Answer, Error>),
}

/// The content of an answer that the checkers compare.
pub(crate) enum AnswerContent {
    /// Events of a page of history.
    Events(Vec<Entry>),
    /// A channel that the client now follows.
    Joined(Target),
    /// The request with this id is stored as event `n`.
    Amended { id: Uuid, conversation: Conversation, n: u64 },
    /// Bytes of the file of event `of`.
    Bytes { of: (Conversation, u64), offset: u64, bytes: Vec<u8> },
}

/// The client's disk, and a list of the effects that the caller carries out.
struct ClientIo<'a> {
    now_ms: u64,
    outbox: &'a mut Vec<Message>,
    /// The request lines of the next frame, by request id, as the network thread collects them.
    lines: BTreeMap<u64, Vec<u8>>,
    actions: Vec<ClientAction>,
}

impl Io for ClientIo<'_> {
    type Error = Infallible;

    fn now_ms(&self) -> u64 {
        self.now_ms
    }

    fn load_outbox(&mut self, _user: &UserName) -> Vec<Message> {
        self.outbox.clone()
    }

    fn persist(&mut self, messages: &[Message]) -> Option<Result<(), Error>> {
        self.outbox.extend_from_slice(messages);
        Some(Ok(()))
    }

    fn forget(&mut self, ids: &[Uuid]) {
        self.outbox.retain(|message| !ids.contains(&message.id));
    }

    fn send(&mut self, id: u64, line: Vec<u8>) {
        self.lines.insert(id, line);
    }

    fn send_alone(&mut self, _id: u64, line: Vec<u8>, bytes: Option<Arc<[u8]>>) {
        self.actions.push(ClientAction::SendAlone(line, bytes));
    }

    fn use_endpoint(&mut self, index: usize) -> Result<(), Infallible> {
        self.actions.push(ClientAction::UseEndpoint(index));
        Ok(())
    }

    fn connect(&mut self, endpoint: &str) {
        self.actions.push(ClientAction::Connect(node_of(endpoint)));
    }

    fn subscribe(&mut self, topic: &str) -> Result<(), Infallible> {
        self.actions.push(ClientAction::Subscribe(topic.to_owned(), true));
        Ok(())
    }

    fn unsubscribe(&mut self, topic: &str) -> Result<(), Infallible> {
        self.actions.push(ClientAction::Subscribe(topic.to_owned(), false));
        Ok(())
    }

    fn answer(&mut self, ticket: u64, outcome: Result<Answer, Error>) {
        self.actions.push(ClientAction::Answer(ticket, outcome));
    }

    fn news(&mut self, news: News) {
        self.actions.push(ClientAction::News(Box::new(news)));
    }
}

impl SimClient {
    pub(crate) fn new(number: usize, user: UserName, topic: String, plan: &Plan) -> Self {
        let account = LoggedIn { token: token(&user), user, topic, expires: u64::MAX };
        Self {
            broker_connection: BrokerConnection { client: number, incarnation: 0, node: 0 },
            proxy_connection: ProxyConnection { client: number, number: 0, node: 0 },
            topics: BTreeSet::new(),
            account,
            session: None,
            follows: false,
            pending: None,
            tickets: FOLLOW_TICKET,
            workload: plan.is_varied.then(Workload::default),
            reads: plan.is_recorded,
            next_page: None,
            has_websocket: false,
            recorder: None,
            shown: Shown::default(),
            outbox: Vec::new(),
            sent: Vec::new(),
            suspended_until_ms: 0,
            cut_off_until_ms: 0,
            clock_error_ms: 0,
            member: ClusterClient::default(),
            tick_at_ms: None,
            ticks: (0, 0),
        }
    }

    pub(crate) fn user(&self) -> &UserName {
        &self.account.user
    }

    /// Starts the client with its token. The session loads the messages in the outbox.
    pub(crate) fn start(&mut self, now_ms: u64, seed: u64) {
        self.broker_connection.incarnation += 1;
        let mut session = Session::new(seed).with_endpoints(self.member.endpoints);
        if let Some(recorder) = &self.recorder {
            session = session.recorded(recorder, seed);
        }
        session.command(now_ms, FOLLOW_TICKET + 1, Command::Restore(self.account.clone()));
        if self.reads {
            start_reading(&mut session, now_ms);
        }
        session.command(now_ms, FOLLOW_TICKET, Command::Follow(Follow::Everything));
        self.session = Some(session);
        self.tickets = FOLLOW_TICKET + 1;
    }

    /// Kills the client's process; its memory is lost.
    pub(crate) fn kill(&mut self) {
        self.session = None;
        self.follows = false;
        self.pending = None;
        self.workload.iter_mut().for_each(Workload::interrupt);
        self.shown = Shown::default();
        self.topics.clear();
        self.member.restart();
        self.tick_at_ms = None;
    }

    /// Sends the command to follow all conversations again.
    pub(crate) fn follow(&mut self, now_ms: u64) {
        self.shown = Shown::default();
        if let Some(session) = &mut self.session {
            session.command(now_ms, FOLLOW_TICKET, Command::Follow(Follow::Everything));
        }
    }

    /// Performs a random action of the user. Returns a description of the action for the trace.
    pub(crate) fn act_randomly(
        &mut self,
        now_ms: u64,
        rng: &mut Rng,
        users: &[UserName],
        channels: &[ChannelName],
    ) -> Option<String> {
        self.session.as_ref()?;
        let channel = channels[rng.index(channels.len())].clone();
        let target = match rng.below(4) {
            0 => Target::User(users[rng.index(users.len())].clone()),
            _ => Target::Channel(channel.clone()),
        };
        let channel = self.maybe_later_name(rng, channel);
        if let Some(done) = self.other_action(now_ms, rng, &target) {
            return Some(done);
        }
        if self.reads && rng.per_mille(400) {
            return self.read_or_type(now_ms, rng, target, users);
        }
        let target = match target {
            Target::Channel(_) => Target::Channel(channel.clone()),
            user @ Target::User(_) => user,
        };
        let choice = rng.below(100);
        if choice < 70 || self.pending.is_some() {
            return Some(self.send_messages(now_ms, rng, target));
        }
        let (names, in_channel) = (
            |token| ListNames { token, after: None },
            |token| ListInChannel { token, channel: channel.clone(), after: None },
        );
        let command = match choice {
            70..78 => Command::Join(channel.clone()),
            78..82 => Command::Create { channel: channel.clone(), private: false },
            82..88 => Command::Leave(channel.clone()),
            88..92 => Command::Open(target),
            92..96 => Command::Request(PlainRequest::of::<MessageHistory>(|token| newest(token, target))),
            96..98 => Command::Request(PlainRequest::of::<ChannelMembers>(in_channel)),
            98 => Command::Request(PlainRequest::of::<ChannelList>(names)),
            _ => Command::Request(PlainRequest::of::<UserList>(names)),
        };
        let on_answer = match choice {
            82..88 => OnAnswer::ForgetChannel(channel),
            92..96 => OnAnswer::CheckPage,
            _ => OnAnswer::Ignore,
        };
        self.tickets += 1;
        self.pending = Some(PendingCommand { ticket: self.tickets, on_answer });
        let description = format!("{command:?}");
        self.session.as_mut()?.command(now_ms, self.tickets, command);
        Some(description)
    }

    /// Sends one message, or 30 at once.
    pub(crate) fn send_messages(&mut self, now_ms: u64, rng: &mut Rng, to: Target) -> String {
        let count = if rng.per_mille(50) { 30 } else { 1 };
        let mention = self.mention(rng);
        for _ in 0..count {
            let id = self.id(now_ms, rng);
            // In plain runs the number of a refused message is used again. In varied runs each text is
            // unique, because a checker searches for deleted texts.
            let number = self.workload.as_mut().map_or(self.sent.len(), Workload::next_text_number);
            let text = format!("{number} of {}{mention}", self.user());
            let text = testkit::text(text);
            self.sent.push((self.known_conversation(&to), id));
            if let Some(session) = &mut self.session {
                session.command(
                    now_ms,
                    NO_TICKET,
                    Command::Send(Message { to: to.clone(), id, text, reply: None }),
                );
            }
        }
        format!("sends {count} to {to}")
    }

    /// A new message id with the time of the client's clock.
    pub(crate) fn id(&self, now_ms: u64, rng: &mut Rng) -> Uuid {
        let unix_ms = (BEGIN_UNIX_MS + now_ms).saturating_add_signed(self.clock_error_ms);
        let mut random = [0; 10];
        random.iter_mut().for_each(|byte| *byte = rng.next_u64() as u8);
        Builder::from_unix_timestamp_millis(unix_ms, &random).into_uuid()
    }

    /// Carries out the session's effects on the client's disk. Returns the other effects.
    pub(crate) fn actions(&mut self, now_ms: u64) -> Vec<ClientAction> {
        let Some(session) = &mut self.session else { return Vec::new() };
        let mut io =
            ClientIo { now_ms, outbox: &mut self.outbox, lines: BTreeMap::new(), actions: Vec::new() };
        let Ok(()) = driver::step(session, &mut io);
        let ClientIo { lines, mut actions, .. } = io;
        if !lines.is_empty() {
            actions.push(ClientAction::Send(lines.into_values().flatten().collect()));
        }
        actions
    }

    /// Handles the answer to the user's pending command.
    pub(crate) fn take_answer(&mut self, ticket: u64, answer: Option<Answer>) -> Option<AnswerContent> {
        let command = self.pending.take_if(|pending| pending.ticket == ticket)?;
        match (answer?, command.on_answer) {
            (Answer::Done, OnAnswer::ForgetChannel(channel)) => {
                let channel = match &self.session {
                    Some(session) => session.channel_names().first(&channel),
                    None => channel,
                };
                self.shown.forget(&Target::Channel(channel));
                None
            }
            (Answer::Result(page), OnAnswer::CheckPage) => {
                let page = decode::<MessageHistory>(&page).expect("a page");
                let lines = page.events.iter().map(|event| event.get());
                Some(AnswerContent::Events(
                    lines.filter_map(|line| Entry::read_amended(self.user(), line)).collect(),
                ))
            }
            // Edit, delete and react have the same result type.
            (Answer::Result(sent), OnAnswer::NoteAmendment(id, conversation)) => {
                let Sent { n, .. } = decode::<MessageEdit>(&sent).expect("an event");
                Some(AnswerContent::Amended { id, conversation, n })
            }
            (Answer::Part(offset, bytes), OnAnswer::CheckBytes(conversation, n)) => {
                Some(AnswerContent::Bytes { of: (conversation, n), offset, bytes })
            }
            (Answer::Joined(joined), _) => Some(AnswerContent::Joined(Target::Channel(joined.channel))),
            (_, _) => None,
        }
    }
}

fn newest(token: Token<'static>, conversation: Target) -> History<'static> {
    let (before, after, before_at, after_at, around) = (None, None, None, None, None);
    History { token, conversation, before, after, before_at, after_at, around, limit: Some(5), edits: false }
}

//! One client and the person before it: the real session core, what it has shown, and what the person does.

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
use session::{Answer, Ask, Command, Entry, Follow, Message, NO_TICKET, News, Session, decode};
use testkit::Rng;
use uuid::{Builder, Uuid};

use crate::agenda::{Connection, Link};
use crate::checks::shown::Shown;
use crate::node::{BEGIN_UNIX_MS, token};
use crate::workload::Workload;

/// The ticket of the wish to follow everything; those of questions are greater.
pub(crate) const FOLLOW_TICKET: u64 = NO_TICKET + 1;

/// A client and its sim_client.
pub(crate) struct SimClient {
    pub(crate) link: Link,
    pub(crate) connection: Connection,
    /// What the client's SUB socket is subscribed to.
    pub(crate) topics: BTreeSet<String>,
    pub(crate) account: LoggedIn,
    /// Nothing while the client is down.
    pub(crate) session: Option<Session>,
    /// Whether following has begun.
    pub(crate) follows: bool,
    /// The question that the person waits for an answer to; people ask one at a time.
    pub(crate) asking: Option<Asking>,
    pub(crate) tickets: u64,
    /// What the person does beside talking, in runs where people do.
    pub(crate) workload: Option<Workload>,
    pub(crate) shown: Shown,
    /// What the client has on its own disk, until it is acknowledged. It survives the client.
    kept: Vec<Message>,
    /// What was said, in order.
    pub(crate) said: Vec<(Conversation, Uuid)>,
    /// When the client looks at anything again: it is suspended until then.
    pub(crate) asleep_until_ms: u64,
    /// No frame comes through until then.
    pub(crate) cut_off_until_ms: u64,
    /// Milliseconds that its clock is ahead or behind.
    pub(crate) clock_error_ms: i64,
    /// When a tick is planned.
    pub(crate) tick_at_ms: Option<u64>,
    /// The last tick, and how many there were in the same millisecond.
    pub(crate) ticks: (u64, u32),
}

/// What the person waits for an answer to.
pub(crate) struct Asking {
    pub(crate) ticket: u64,
    pub(crate) about: About,
}

/// What has to be done when the answer comes.
pub(crate) enum About {
    /// Nothing else.
    Itself,
    /// The events of a page are checked.
    Reading,
    /// The person takes part no more.
    Leaving(ChannelName),
    /// Something under this id is done.
    Amending(Uuid, Conversation),
    /// A part of a file is there.
    Downloading(Conversation, u64),
}

/// What a session wants done outside of its own disk.
pub(crate) enum ClientAction {
    /// Send this frame of request lines.
    Send(Vec<u8>),
    /// Send this line by itself, with or without bytes behind it.
    SendAlone(Vec<u8>, Option<Arc<[u8]>>),
    /// Make a new SUB socket.
    Connect,
    /// Subscribe, or unsubscribe.
    Subscribe(String, bool),
    /// Check what the user learns.
    News(Box<News>),
    /// Take the outcome of the command with this ticket.
    Answer(u64, Result<Answer, Error>),
}

/// What the answer to a command shows.
pub(crate) enum Shows {
    /// Events that the user reads.
    Events(Vec<Entry>),
    /// A channel that is followed from now on.
    Joined(Target),
    /// The request with this id is done, as this event.
    Done { id: Uuid, conversation: Conversation, n: u64 },
    /// These bytes of a file, which this event has.
    Bytes { of: (Conversation, u64), offset: u64, bytes: Vec<u8> },
}

/// The client's own disk, and what its session wants done beyond it.
struct ClientIo<'a> {
    now_ms: u64,
    kept: &'a mut Vec<Message>,
    /// The request lines leave in one frame, each once, as the network thread sends them.
    lines: BTreeMap<u64, Vec<u8>>,
    actions: Vec<ClientAction>,
}

impl Io for ClientIo<'_> {
    type Error = Infallible;

    fn now_ms(&self) -> u64 {
        self.now_ms
    }

    fn recall(&mut self, _user: &UserName) -> Vec<Message> {
        self.kept.clone()
    }

    fn persist(&mut self, messages: &[Message]) -> Option<Result<(), Error>> {
        self.kept.extend_from_slice(messages);
        Some(Ok(()))
    }

    fn forget(&mut self, ids: &[Uuid]) {
        self.kept.retain(|kept| !ids.contains(&kept.id));
    }

    fn send(&mut self, id: u64, line: Vec<u8>) {
        self.lines.insert(id, line);
    }

    fn send_alone(&mut self, _id: u64, line: Vec<u8>, bytes: Option<Arc<[u8]>>) {
        self.actions.push(ClientAction::SendAlone(line, bytes));
    }

    fn use_endpoint(&mut self, _place: usize) -> Result<(), Infallible> {
        Ok(())
    }

    fn connect(&mut self, _address: &str) {
        self.actions.push(ClientAction::Connect);
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
    pub(crate) fn new(number: usize, user: UserName, topic: String, is_varied: bool) -> Self {
        let account = LoggedIn { token: token(&user), user, topic, expires: u64::MAX };
        Self {
            link: Link { client: number, life: 0 },
            connection: Connection { client: number, number: 0 },
            topics: BTreeSet::new(),
            account,
            session: None,
            follows: false,
            asking: None,
            tickets: FOLLOW_TICKET,
            workload: is_varied.then(Workload::default),
            shown: Shown::default(),
            kept: Vec::new(),
            said: Vec::new(),
            asleep_until_ms: 0,
            cut_off_until_ms: 0,
            clock_error_ms: 0,
            tick_at_ms: None,
            ticks: (0, 0),
        }
    }

    pub(crate) fn user(&self) -> &UserName {
        &self.account.user
    }

    /// The client starts, with its token and with what it had not sent.
    pub(crate) fn start(&mut self, now_ms: u64, seed: u64) {
        self.link.life += 1;
        let mut session = Session::new(seed);
        session.command(now_ms, FOLLOW_TICKET + 1, Command::Restore(self.account.clone()));
        session.command(now_ms, FOLLOW_TICKET, Command::Follow(Follow::Everything));
        self.session = Some(session);
        self.tickets = FOLLOW_TICKET + 1;
    }

    /// The client's process dies, and its memory with it.
    pub(crate) fn kill(&mut self) {
        self.session = None;
        self.follows = false;
        self.asking = None;
        self.workload.iter_mut().for_each(Workload::interrupt);
        self.shown = Shown::default();
        self.topics.clear();
        self.tick_at_ms = None;
    }

    /// Asks to follow everything, again.
    pub(crate) fn follow(&mut self, now_ms: u64) {
        self.shown = Shown::default();
        if let Some(session) = &mut self.session {
            session.command(now_ms, FOLLOW_TICKET, Command::Follow(Follow::Everything));
        }
    }

    /// Does something at random. Says what, for the trace.
    pub(crate) fn act(
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
        if let Some(done) = self.do_something_else(now_ms, rng, &target) {
            return Some(done);
        }
        let choice = rng.below(100);
        if choice < 70 || self.asking.is_some() {
            return Some(self.say(now_ms, rng, target));
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
            92..96 => Command::Ask(Ask::of::<MessageHistory>(|token| newest(token, target))),
            96..98 => Command::Ask(Ask::of::<ChannelMembers>(in_channel)),
            98 => Command::Ask(Ask::of::<ChannelList>(names)),
            _ => Command::Ask(Ask::of::<UserList>(names)),
        };
        let about = match choice {
            82..88 => About::Leaving(channel),
            92..96 => About::Reading,
            _ => About::Itself,
        };
        self.tickets += 1;
        self.asking = Some(Asking { ticket: self.tickets, about });
        let said = format!("{command:?}");
        self.session.as_mut()?.command(now_ms, self.tickets, command);
        Some(said)
    }

    /// Says something: now and then several things at once.
    pub(crate) fn say(&mut self, now_ms: u64, rng: &mut Rng, to: Target) -> String {
        let count = if rng.per_mille(50) { 30 } else { 1 };
        let mention = self.mention(rng);
        for _ in 0..count {
            let id = self.id(now_ms, rng);
            // A refused message is forgotten, and its text may come again; but what is deleted must be one of
            // a kind.
            let number = self.workload.as_mut().map_or(self.said.len(), Workload::count);
            let text = format!("{number} of {}{mention}", self.user());
            let text = testkit::text(text);
            self.said.push((Conversation::of(self.user(), &to), id));
            if let Some(session) = &mut self.session {
                session.command(
                    now_ms,
                    NO_TICKET,
                    Command::Send(Message { to: to.clone(), id, text, reply: None }),
                );
            }
        }
        format!("says {count} to {to}")
    }

    /// A new id, as the client's clock has it.
    pub(crate) fn id(&self, now_ms: u64, rng: &mut Rng) -> Uuid {
        let unix_ms = (BEGIN_UNIX_MS + now_ms).saturating_add_signed(self.clock_error_ms);
        let mut random = [0; 10];
        random.iter_mut().for_each(|byte| *byte = rng.next_u64() as u8);
        Builder::from_unix_timestamp_millis(unix_ms, &random).into_uuid()
    }

    /// Carries out what the session wants on the client's own disk. Returns the rest.
    pub(crate) fn actions(&mut self, now_ms: u64) -> Vec<ClientAction> {
        let Some(session) = &mut self.session else { return Vec::new() };
        let mut io = ClientIo { now_ms, kept: &mut self.kept, lines: BTreeMap::new(), actions: Vec::new() };
        let Ok(()) = driver::step(session, &mut io);
        let ClientIo { lines, mut actions, .. } = io;
        if !lines.is_empty() {
            actions.push(ClientAction::Send(lines.into_values().flatten().collect()));
        }
        actions
    }

    /// Takes the answer to a question of the user's.
    pub(crate) fn answered(&mut self, ticket: u64, answer: Option<Answer>) -> Option<Shows> {
        let asked = self.asking.take_if(|asking| asking.ticket == ticket)?;
        match (answer?, asked.about) {
            (Answer::Done, About::Leaving(channel)) => {
                self.shown.forget(&Target::Channel(channel));
                None
            }
            (Answer::Result(page), About::Reading) => {
                let page = decode::<MessageHistory>(&page).expect("a page");
                let lines = page.events.iter().map(|event| event.get());
                Some(Shows::Events(lines.filter_map(|line| Entry::read_amended(self.user(), line)).collect()))
            }
            // The three requests that change a message have the same result.
            (Answer::Result(sent), About::Amending(id, conversation)) => {
                let Sent { n, .. } = decode::<MessageEdit>(&sent).expect("an event");
                Some(Shows::Done { id, conversation, n })
            }
            (Answer::Part(offset, bytes), About::Downloading(conversation, n)) => {
                Some(Shows::Bytes { of: (conversation, n), offset, bytes })
            }
            (Answer::Joined(joined), _) => Some(Shows::Joined(Target::Channel(joined.channel))),
            (_, _) => None,
        }
    }
}

/// The newest events of a conversation.
fn newest(token: Token<'static>, conversation: Target) -> History<'static> {
    let (before, after, before_at, after_at, around) = (None, None, None, None, None);
    History { token, conversation, before, after, before_at, after_at, around, limit: Some(5), edits: false }
}

/// An answer in short, for the trace.
pub(crate) fn summary(answer: &Answer) -> String {
    match answer {
        Answer::Done => "done".to_owned(),
        Answer::Joined(joined) => format!("joined {} at {}", joined.channel, joined.n),
        Answer::Registered(registered) => format!("registered {}", registered.user),
        Answer::LoggedIn(account) => format!("logged in as {}", account.user),
        Answer::SessionsEnded(count) => format!("{count} sessions ended"),
        Answer::Reads(reads) => format!("{} conversations", reads.len()),
        Answer::Unread(count) => format!("{count} unread"),
        Answer::Have(bytes) => format!("{bytes} bytes uploaded"),
        Answer::Part(offset, bytes) => format!("{} bytes from {offset} on", bytes.len()),
        Answer::Status(status) => format!("{:?}", status.standing.connectivity),
        Answer::Result(result) => format!("{} bytes", result.len()),
    }
}

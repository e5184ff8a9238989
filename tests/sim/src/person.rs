//! One client and the person before it: the real session core, what it has shown, and what the person does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use common::accounts::LoggedIn;
use common::{ChannelName, Conversation, Target, Text, UserName};
use session::{Answer, Command, Effect, Entry, Follow, Message, NOBODY, News, Range, Session, Transferred};
use uuid::{Builder, Uuid};

use crate::agenda::{Connection, Link};
use crate::checks::shown::Shown;
use crate::deeds::Deeds;
use crate::dice::Dice;
use crate::node::{BEGIN_UNIX_MS, token};

/// The ticket of the wish to follow everything; those of questions are greater.
const FOLLOW_TICKET: u64 = NOBODY + 1;

/// A client and its person.
pub(crate) struct Person {
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
    pub(crate) deeds: Option<Deeds>,
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
    /// The person takes part no more.
    Leaving(ChannelName),
    /// Something under this id is done.
    Amending(Uuid, Conversation),
    /// A part of a file is there.
    Downloading(Conversation, u64),
}

/// What a client has to be done for it.
pub(crate) enum Wish {
    /// Send this frame of request lines.
    Request(Vec<u8>),
    /// Send this line by itself, with or without bytes behind it.
    Alone(Vec<u8>, Option<Arc<[u8]>>),
    /// Make a new SUB socket.
    Connect,
    /// Subscribe, or take it back.
    Subscribe(String, bool),
    /// Look at what the person is told.
    News(Box<News>),
    /// Following has begun.
    Begun,
    /// Following has not begun: try again later.
    NotBegun,
    /// Note in the trace that the person was answered so.
    Note(String),
    /// Look at what the person reads.
    Read(Vec<Entry>),
    /// A channel is followed from now on.
    Joined(Target),
    /// What was asked for under this id is done, as this event.
    Done { id: Uuid, conversation: Conversation, n: u64 },
    /// These bytes of a file, which this event has, are there.
    Downloaded { of: (Conversation, u64), offset: u64, bytes: Vec<u8> },
}

impl Person {
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
            deeds: is_varied.then(Deeds::default),
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
        self.deeds.iter_mut().for_each(Deeds::interrupt);
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
        dice: &mut Dice,
        users: &[UserName],
        channels: &[ChannelName],
    ) -> Option<String> {
        self.session.as_ref()?;
        let channel = channels[dice.place(channels.len())].clone();
        let target = match dice.below(4) {
            0 => Target::User(users[dice.place(users.len())].clone()),
            _ => Target::Channel(channel.clone()),
        };
        if let Some(done) = self.do_something_else(now_ms, dice, &target) {
            return Some(done);
        }
        let choice = dice.below(100);
        if choice < 70 || self.asking.is_some() {
            return Some(self.say(now_ms, dice, target));
        }
        let range =
            |conversation| Range { conversation, before: None, after: None, limit: Some(5), edits: false };
        let command = match choice {
            70..78 => Command::Join(channel.clone()),
            78..82 => Command::Create { channel: channel.clone(), private: false },
            82..88 => Command::Leave(channel.clone()),
            88..92 => Command::Open(target),
            92..96 => Command::History(range(target)),
            96..98 => Command::Members(channel.clone()),
            98 => Command::Channels,
            _ => Command::Users,
        };
        let leaves = matches!(command, Command::Leave(_));
        let about = if leaves { About::Leaving(channel) } else { About::Itself };
        self.tickets += 1;
        self.asking = Some(Asking { ticket: self.tickets, about });
        let said = format!("{command:?}");
        self.session.as_mut()?.command(now_ms, self.tickets, command);
        Some(said)
    }

    /// Says something: now and then several things at once.
    pub(crate) fn say(&mut self, now_ms: u64, dice: &mut Dice, to: Target) -> String {
        let count = if dice.per_mille(50) { 30 } else { 1 };
        let mention = self.mention(dice);
        for _ in 0..count {
            let id = self.id(now_ms, dice);
            // A refused message is forgotten, and its text may come again; but what is deleted must be one of a kind.
            let number = self.deeds.as_mut().map_or(self.said.len(), Deeds::count);
            let text = format!("{number} of {}{mention}", self.user());
            let text = Text::new(text).expect("a text");
            self.said.push((Conversation::of(self.user(), &to), id));
            if let Some(session) = &mut self.session {
                session.command(
                    now_ms,
                    NOBODY,
                    Command::Send(Message { to: to.clone(), id, text, reply: None }),
                );
            }
        }
        format!("says {count} to {to}")
    }

    /// A new id, as the client's clock has it.
    pub(crate) fn id(&self, now_ms: u64, dice: &mut Dice) -> Uuid {
        let unix_ms = (BEGIN_UNIX_MS + now_ms).saturating_add_signed(self.clock_error_ms);
        let mut random = [0; 10];
        random.iter_mut().for_each(|byte| *byte = dice.roll() as u8);
        Builder::from_unix_timestamp_millis(unix_ms, &random).into_uuid()
    }

    /// What the session wants done. Its request lines leave in one frame, each but once, as the network thread
    /// has them leave.
    pub(crate) fn wishes(&mut self, now_ms: u64) -> Vec<Wish> {
        let mut lines = BTreeMap::new();
        let mut wishes = Vec::new();
        for effect in self.effects(now_ms) {
            match effect {
                Effect::Request { id, line } => drop(lines.insert(id, line)),
                Effect::Connect(_) => wishes.push(Wish::Connect),
                Effect::Subscribe(topic) => wishes.push(Wish::Subscribe(topic, true)),
                Effect::Unsubscribe(topic) => wishes.push(Wish::Subscribe(topic, false)),
                Effect::Answer { ticket: FOLLOW_TICKET, outcome: Ok(_) } => wishes.push(Wish::Begun),
                Effect::Answer { ticket: FOLLOW_TICKET, outcome: Err(_) } => wishes.push(Wish::NotBegun),
                Effect::Answer { ticket, outcome } => {
                    let words = outcome.as_ref().map_or_else(|error| error.message.clone(), summary);
                    wishes.push(Wish::Note(words));
                    wishes.extend(self.transferred(ticket, &outcome));
                    wishes.extend(self.answered(ticket, outcome.ok()));
                }
                Effect::News(news) => wishes.push(Wish::News(Box::new(news))),
                Effect::Alone { line, bytes, .. } => wishes.push(Wish::Alone(line, bytes)),
                Effect::Keep(_) | Effect::Release(_) | Effect::Recall(_) | Effect::Endpoint(_) => {}
            }
        }
        if !lines.is_empty() {
            wishes.push(Wish::Request(lines.into_values().flatten().collect()));
        }
        if self.goes_on_uploading(now_ms) {
            wishes.extend(self.wishes(now_ms));
        }
        wishes
    }

    /// What the session does, after its own disk has done its part.
    fn effects(&mut self, now_ms: u64) -> Vec<Effect> {
        let Some(session) = &mut self.session else { return Vec::new() };
        let mut effects = session.take_effects();
        let mut done = 0;
        while let Some(effect) = effects.get(done) {
            done += 1;
            match effect {
                Effect::Keep(message) => {
                    self.kept.push(message.clone());
                    session.kept(now_ms, &[message.id], Ok(()));
                }
                Effect::Release(id) => self.kept.retain(|kept| kept.id != *id),
                Effect::Recall(_) => session.recalled(now_ms, self.kept.clone()),
                Effect::Request { .. }
                | Effect::Alone { .. }
                | Effect::Endpoint(_)
                | Effect::Connect(_)
                | Effect::Subscribe(_)
                | Effect::Unsubscribe(_)
                | Effect::Answer { .. }
                | Effect::News(_) => continue,
            }
            effects.extend(session.take_effects());
        }
        effects
    }

    fn answered(&mut self, ticket: u64, answer: Option<Answer>) -> Option<Wish> {
        let asked = self.asking.take_if(|asking| asking.ticket == ticket)?;
        match (answer?, asked.about) {
            (Answer::Done, About::Leaving(channel)) => {
                self.shown.forget(&Target::Channel(channel));
                None
            }
            (Answer::History(entries), _) => Some(Wish::Read(entries)),
            (Answer::Amended(sent), About::Amending(id, conversation)) => {
                Some(Wish::Done { id, conversation, n: sent.n })
            }
            (Answer::Transferred(Transferred::Part(offset, bytes)), About::Downloading(conversation, n)) => {
                Some(Wish::Downloaded { of: (conversation, n), offset, bytes })
            }
            (Answer::Joined(joined), _) => Some(Wish::Joined(Target::Channel(joined.channel))),
            (_, _) => None,
        }
    }
}

/// An answer in short, for the trace.
fn summary(answer: &Answer) -> String {
    match answer {
        Answer::Done => "done".to_owned(),
        Answer::Joined(joined) => format!("joined {} at {}", joined.channel, joined.n),
        Answer::History(entries) => format!("{} events", entries.len()),
        Answer::Members(names) => format!("{} members", names.len()),
        Answer::Invitations(invitations) => format!("{} invitations", invitations.len()),
        Answer::Channels(channels) => format!("{} channels", channels.len()),
        Answer::Users(users) => format!("{} users", users.len()),
        Answer::Registered(registered) => format!("registered {}", registered.user),
        Answer::LoggedIn(account) => format!("logged in as {}", account.user),
        Answer::Sessions(sessions) => format!("{} sessions", sessions.len()),
        Answer::Found(found) => format!("{} events found", found.entries.len()),
        Answer::Reads(reads) => format!("{} conversations", reads.len()),
        Answer::Amended(sent) => format!("amended by {}", sent.n),
        Answer::Unread(count) => format!("{count} unread"),
        Answer::Overview(_) => "an overview".to_owned(),
        Answer::Transferred(_) => "a step of a transfer".to_owned(),
        Answer::SessionsEnded(count) => format!("{count} sessions ended"),
        Answer::Status(status) => format!("{:?}", status.standing.connectivity),
    }
}

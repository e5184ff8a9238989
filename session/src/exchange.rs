//! What goes into a [`Session`](super::Session) and what comes out of it.

use std::sync::Arc;

use common::accounts::{Credentials, LoggedIn, Registered, SessionInfo, UserInfo};
use common::amendments::Emoji;
use common::channels::{ChannelInfo, Invitation, Joined, Member, Role};
use common::messages::Sent;
use common::presence::Change;
use common::reads::Reading;
use common::{ChannelName, Error, NewPassword, Password, Subject, Target, Text, UserName};
use uuid::Uuid;

use super::files::{Transfer, Transferred};

use super::admin::{Administration, Overview};
pub use super::entry::Entry;

/// The ticket of what nobody waits for: what has no answer, and what a session asks by itself.
pub const NOBODY: u64 = 0;

/// What the person asks for.
#[derive(Debug, Clone)]
pub enum Command {
    /// Make an account.
    Register(Credentials<NewPassword>),
    /// Open a session.
    Login(Credentials),
    /// Go on with a session that was opened earlier.
    Restore(LoggedIn),
    /// End the session.
    Logout,
    /// Tell what happens from now on; answered once nothing can be missed any more.
    Follow(Follow),
    /// Make a channel.
    Create {
        /// Which.
        channel: ChannelName,
        /// Whether only the invited may join.
        private: bool,
    },
    /// Become a member.
    Join(ChannelName),
    /// Be a member no more.
    Leave(ChannelName),
    /// Which channels the person is invited to.
    Invitations,
    /// Take no part in what one is invited to.
    Decline(ChannelName),
    /// Look after a channel.
    Manage(ChannelName, Deed),
    /// Who the members are.
    Members(ChannelName),
    /// Which channels there are.
    Channels,
    /// Which users there are.
    Users,
    /// Change the password, which ends all other sessions.
    ChangePassword {
        /// The one so far.
        password: Password,
        /// The one from now on.
        new_password: NewPassword,
    },
    /// Which sessions the person has open.
    Sessions,
    /// End one of the person's sessions, or all others.
    Revoke(Option<Uuid>),
    /// Say whether the person is there, from now on and every now and then.
    Appear(Appearance),
    /// Ask whether the server is there, in nobody's name.
    Knock,
    /// The person typed a key, of a line that is to be said there, or of another. There is no answer.
    KeyTyped(Option<Target>),
    /// See to the node; for administrators.
    Administrate(Administration),
    /// Say something. The outcome comes as [`News::Sent`].
    Send(Message),
    /// The newest messages that mention the person; answered as [`Answer::History`], newest first.
    Mentions,
    /// Do something to a message.
    Amend(Amend),
    /// Tell how the session stands.
    Status,
    /// Read one page.
    History(Range),
    /// Do a step of a transfer.
    Transfer(Transfer),
    /// Find what was said.
    Search(Lookup),
    /// Tell the newest page as [`News::Opened`], or what is unread if that is known, and everything that is new after
    /// that.
    Open(Target),
    /// Tell what comes next in the open conversation, as [`News::Opened`], when not all of it was told.
    ReadOn(Target),
    /// How far the conversations have been read.
    Reads,
    /// Note that a conversation was read up to an event.
    MarkRead(Target, u64),
}

/// How the person is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appearance {
    /// Online as long as keys are typed, away some time after the last one.
    AtKeyboard,
    /// Online; for programs.
    Always,
    /// Away, until said otherwise.
    Away,
}

/// What those who look after a channel may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// Allow somebody to join.
    Invite(UserName),
    /// Remove somebody.
    Kick(UserName),
    /// Remove somebody, or keep them out, for good.
    Ban(UserName),
    /// Take a ban back.
    Unban(UserName),
    /// Give a member a role.
    Role(UserName, Role),
    /// Change what is given.
    Set {
        /// What the channel is about; an empty one takes it away.
        subject: Option<Subject<'static>>,
        /// Whether it is private.
        private: Option<bool>,
    },
}

/// Which conversations to follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Follow {
    /// All of the person's.
    Everything,
    /// One, from the event after the given one on, or from now on.
    One {
        /// Which.
        conversation: Target,
        /// The last event that is known already.
        after: Option<u64>,
    },
}

/// A message on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// `#channel` or `@user`.
    pub to: Target,
    /// Keeps it one message however often it is sent.
    pub id: Uuid,
    /// What to say.
    pub text: Text<'static>,
    /// The number of the event that it answers.
    pub reply: Option<u64>,
}

/// Something to be done to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amend {
    /// Where it was said.
    pub conversation: Target,
    /// Which.
    pub n: u64,
    /// Keeps it one event however often it is sent.
    pub id: Uuid,
    /// What.
    pub change: Alteration,
}

/// What is to become of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Alteration {
    /// It says something else.
    Edit(Text<'static>),
    /// It is taken back.
    Delete,
    /// The person reacts to it, or takes that back.
    React {
        /// With what.
        emoji: Emoji,
        /// Whether it is taken back.
        remove: bool,
    },
}

/// What to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// As `docs/PROTOCOL.md` has it: words, phrases, conditions.
    pub query: String,
    /// Goes on where an earlier page has ended.
    pub before: Option<u64>,
    /// How many at most.
    pub limit: Option<u64>,
}

/// What a search has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings {
    /// Oldest first; the newest of all that there are.
    pub entries: Vec<Entry>,
    /// Where the next page goes on, if there is one.
    pub before: Option<u64>,
    /// How many records of the log were not searched, because the index is being made.
    pub behind: u64,
}

/// A part of a conversation: the newest events, or those before or after a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// Of which conversation.
    pub conversation: Target,
    /// Only events with a smaller number.
    pub before: Option<u64>,
    /// Only events with a greater number.
    pub after: Option<u64>,
    /// How many at most.
    pub limit: Option<u64>,
    /// With what edited messages said before.
    pub edits: bool,
}

/// What a command led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It is done, and there is nothing to tell.
    Done,
    /// The account is there, under this name.
    Registered(Registered),
    /// The session, to be kept for [`Command::Restore`].
    LoggedIn(LoggedIn),
    /// The person is a member.
    Joined(Joined),
    /// The members of a channel.
    Members(Vec<Member>),
    /// All channels.
    Channels(Vec<ChannelInfo>),
    /// What the person is invited to.
    Invitations(Vec<Invitation>),
    /// All users.
    Users(Vec<UserInfo>),
    /// The open sessions, oldest first.
    Sessions(Vec<SessionInfo>),
    /// So many sessions were ended.
    SessionsEnded(u64),
    /// What an administrator asked to see.
    Overview(Overview),
    /// A page of history.
    History(Vec<Entry>),
    /// What a step of a transfer has led to.
    Transferred(Transferred),
    /// What a search has found.
    Found(Findings),
    /// How the session stands.
    Status(super::Status),
    /// How far all conversations have been read.
    Reads(Vec<Reading>),
    /// It is done, and on disk under this number.
    Amended(Sent),
    /// So many messages of the conversation are still unread.
    Unread(u64),
}

/// What happens without being asked for, in the order in which it is to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// The next event of a conversation: each comes once, in order, without a hole.
    Entry(Entry),
    /// The newest page of a conversation that was opened.
    Opened {
        /// Which.
        conversation: Target,
        /// Its newest events, or those from the first unread one on.
        entries: Vec<Entry>,
        /// How many messages were unread.
        unread: u64,
        /// How many events come after these, which [`Command::ReadOn`] tells.
        more: u64,
    },
    /// The person has read a conversation up to an event, in this session or another one.
    Read(Reading),
    /// The person may join a channel.
    Invited(Entry),
    /// The person left a channel in another session, or was removed from it: it is not followed any more.
    MembershipEnded(Entry),
    /// Messages that were taken on before the client was started, and wait to be sent, in their order.
    Recalled(Vec<Message>),
    /// A message waits to be sent: for longer than usual, or because the server does not answer.
    Pending(Message),
    /// A message is on the server's disk under a number, or was refused for good.
    Sent {
        /// The message.
        message: Message,
        /// Its event, or why there is none.
        outcome: Result<Entry, Error>,
        /// Whether the event is told in its place as well, as [`News::Entry`].
        is_told: bool,
    },
    /// Somebody whose conversation is open is something else than before.
    Presence(Change),
    /// Who is writing in the conversation that is open; nobody any more, perhaps.
    Typing(Vec<UserName>),
    /// What is unread elsewhere, how the link is, or what waits is another than before.
    Standing(super::Standing),
    /// The server does not answer; everything is tried again until it does.
    ConnectionLost,
    /// It answers again, and nothing was missed.
    ConnectionRestored,
    /// The server has gone back to an earlier state, as when a backup was restored: what it does not know any more is
    /// gone, and what is told from now on follows what it has.
    SetBack,
    /// The session is not valid any more: the person must log in again.
    SessionEnded(Error),
}

/// What the surroundings are to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Send a request line; the same `id` again replaces what still waits under it.
    Request {
        /// Orders the lines.
        id: u64,
        /// The line, with its newline.
        line: Vec<u8>,
    },
    /// Send requests to this endpoint from now on, by a new socket.
    Endpoint(usize),
    /// Send a request line in a frame of its own, and bytes behind it where there are some; the same `id` again replaces
    /// what still waits under it.
    Alone {
        /// Orders the lines.
        id: u64,
        /// The line, with its newline.
        line: Vec<u8>,
        /// The bytes.
        bytes: Option<Arc<[u8]>>,
    },
    /// Take events from here, by a new socket without subscriptions.
    Connect(String),
    /// Subscribe to a topic.
    Subscribe(String),
    /// Take a subscription back.
    Unsubscribe(String),
    /// Answer the command that came with this ticket.
    Answer {
        /// As it came with the command.
        ticket: u64,
        /// What it led to.
        outcome: Result<Answer, Error>,
    },
    /// Look for messages that this person has sent here and that were not acknowledged; say which to
    /// [`Session::recalled`](super::Session::recalled).
    Recall(UserName),
    /// Write a message to this machine's disk, so that it survives the end of this process; say how that went to
    /// [`Session::kept`](super::Session::kept). It is not sent before.
    Keep(Message),
    /// Forget a message: it is stored by the server, or the person knows that it will not be.
    Release(Uuid),
    /// Tell the person.
    News(News),
}

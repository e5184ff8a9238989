//! The inputs and outputs of a [`Session`](super::Session): commands, answers, news and effects. All of them
//! are plain data.

use std::sync::Arc;

use common::accounts::{Credentials, LoggedIn, Registered};
use common::channels::Joined;
use common::presence::Change;
use common::reads::Reading;
use common::{ChannelName, Error, NewPassword, Password, Target, Text, UserName};
use uuid::Uuid;

use super::ask::Ask;
pub use super::entry::Entry;
use super::files::Transfer;
use super::status::{Standing, Status};

/// The ticket of a command whose answer nobody waits for.
pub const NO_TICKET: u64 = 0;

/// What the user asks for.
#[derive(Debug, Clone)]
pub enum Command {
    /// Make an account.
    Register(Credentials<NewPassword>),
    /// Log in.
    Login(Credentials),
    /// Continue a session that was opened earlier. Whether it is still valid shows with the first request.
    Restore(LoggedIn),
    /// Log out.
    Logout,
    /// Change the password, and end all other sessions.
    ChangePassword {
        /// The present password.
        password: Password,
        /// The new one.
        new_password: NewPassword,
    },
    /// End one of the user's sessions, or all others.
    Revoke(Option<Uuid>),
    /// Ask whether the server is there, without an account.
    Knock,
    /// Tell the status of the session. No request is sent.
    Status,
    /// Emit events from now on. Answered when no event can be missed any longer.
    Follow(Follow),
    /// Create a channel.
    Create {
        /// Its name.
        channel: ChannelName,
        /// Whether users may join only when they are invited.
        private: bool,
    },
    /// Join a channel.
    Join(ChannelName),
    /// Leave a channel.
    Leave(ChannelName),
    /// Emit the newest page of a conversation as [`News::Opened`], or the unread one, and its presence and
    /// typing from then on.
    Open(Target),
    /// Emit the next page of the open conversation as [`News::Opened`], if it has one.
    ReadOn(Target),
    /// List how far every conversation is read, and count from there.
    Reads,
    /// Mark a conversation as read up to an event.
    MarkRead(Target, u64),
    /// Report the user's presence from now on.
    Appear(PresenceMode),
    /// Report a key; with a target if the line is a message to it. Not answered.
    KeyTyped(Option<Target>),
    /// Send a message. Its outcome is [`News::Sent`] in place of an answer.
    Send(Message),
    /// Transfer a part of a file.
    Transfer(Transfer),
    /// Send any other request.
    Ask(Ask),
}

/// How a user is present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PresenceMode {
    /// Online while keys are typed, away some time after the last one.
    AtKeyboard,
    /// Online, as a program is.
    Always,
    /// Away, until another appearance is set.
    Away,
}

/// Which conversations to follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Follow {
    /// All of the user's.
    Everything,
    /// A single one.
    One {
        /// Its name.
        conversation: Target,
        /// The last event that is not emitted; without it, the newest one.
        after: Option<u64>,
    },
}

/// A message to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// `#channel` or `@user`.
    pub to: Target,
    /// The server stores one message of this id, however often it is sent.
    pub id: Uuid,
    /// The text.
    pub text: Text<'static>,
    /// The number of the event that it replies to.
    pub reply: Option<u64>,
}

/// The outcome of a command that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Done; there is no result.
    Done,
    /// The new account.
    Registered(Registered),
    /// The session, which the front end stores for [`Command::Restore`].
    LoggedIn(LoggedIn),
    /// The channel that was created or joined.
    Joined(Joined),
    /// How many sessions were ended.
    SessionsEnded(u64),
    /// The status of the session.
    Status(Status),
    /// How far every conversation is read.
    Reads(Vec<Reading>),
    /// How many messages of the conversation are still unread.
    Unread(u64),
    /// How many bytes of an upload the server has.
    Have(u64),
    /// A part of a file, and where it begins.
    Part(u64, Vec<u8>),
    /// The result of an [`Ask`], as JSON; see [`decode`](super::decode).
    Result(String),
}

/// What happens without a command, in the order in which a front end shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// The next event of a conversation: each is emitted once, in order and without a gap.
    Entry(Entry),
    /// A page of a conversation that was opened.
    Opened {
        /// The conversation.
        conversation: Target,
        /// Its newest events, or those from the first unread one on.
        entries: Vec<Entry>,
        /// How many messages were unread.
        unread: u64,
        /// How many events come after these; see [`Command::NextPage`].
        more: u64,
    },
    /// The user has read a conversation up to an event, in this session or another one.
    Read(Reading),
    /// The user is invited to a channel.
    Invited(Entry),
    /// The user left a channel in another session, or was removed from it: it is no longer followed.
    MembershipEnded(Entry),
    /// Messages of an earlier run of the client that wait to be sent, in their order.
    Recalled(Vec<Message>),
    /// A message waits to be sent: for longer than usual, or because the server does not reply.
    Pending(Message),
    /// The server has stored a message, or has refused it permanently.
    Sent {
        /// The message.
        message: Message,
        /// Its event, or why there is none.
        outcome: Result<Entry, Error>,
        /// Whether the event is emitted in its place as well, as [`News::Entry`].
        is_emitted: bool,
    },
    /// The presence of the user whose conversation is open has changed.
    Presence(Change),
    /// The users who write in the open conversation, perhaps none.
    Typing(Vec<UserName>),
    /// The standing of the session has changed.
    Standing(Standing),
    /// The server does not reply. All requests are sent again until it does.
    ConnectionLost,
    /// The server replies again. No event was missed.
    ConnectionRestored,
    /// The server has an earlier state than before, as after a restored backup. Events that are emitted from
    /// now on belong to that state.
    SetBack,
    /// The session is no longer valid: the user must log in again.
    SessionEnded(Error),
}

/// What the session wants done. [`driver::step`](super::driver::step) carries it out, in the right order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Send a request line; it replaces a line with the same `id` that was not sent yet.
    Send {
        /// Orders the lines.
        id: u64,
        /// The line, with its newline.
        line: Vec<u8>,
    },
    /// Send a request line in a frame of its own, with these bytes behind it if there are any; likewise.
    SendAlone {
        /// Orders the lines.
        id: u64,
        /// The line, with its newline.
        line: Vec<u8>,
        /// The bytes.
        bytes: Option<Arc<[u8]>>,
    },
    /// Send requests to the endpoint of this place from now on, on a new socket.
    UseEndpoint(usize),
    /// Receive events from this address, on a new socket without subscriptions.
    Connect(String),
    /// Subscribe to a topic.
    Subscribe(String),
    /// Unsubscribe from a topic.
    Unsubscribe(String),
    /// Answer the command that came with this ticket.
    Answer {
        /// The command's ticket.
        ticket: u64,
        /// Its outcome.
        outcome: Result<Answer, Error>,
    },
    /// Read the messages that this user has sent here and that were not acknowledged, and hand them to
    /// [`Session::recalled`](super::Session::recalled).
    Recall(UserName),
    /// Write a message to this machine's disk, so that it survives the end of the process, and report the
    /// outcome to [`Session::persisted`](super::Session::persisted). The message is not sent before.
    Persist(Message),
    /// Remove a message from this machine's disk: the server has stored it, or the user knows that it will
    /// not be sent.
    Forget(Uuid),
    /// Tell the user.
    News(News),
}

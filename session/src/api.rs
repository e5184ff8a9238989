//! The inputs and outputs of a [`Session`](super::Session): commands, answers, news and effects.

use std::sync::Arc;

use common::accounts::{Credentials, LoggedIn, Registered, Registration, Reset};
use common::channels::Joined;
use common::presence::Change;
use common::reads::Reading;
use common::{ChannelName, Error, NewPassword, Password, Target, Text, UserName};
use uuid::Uuid;

use super::ask::Ask;
pub use super::entry::Entry;
use super::files::Transfer;
use super::status::{Standing, Status};

/// The ticket of a command whose answer the front end ignores.
pub const NO_TICKET: u64 = 0;

/// A command of the user.
#[derive(Debug, Clone)]
pub enum Command {
    /// Create an account.
    Register(Registration),
    /// Replace a forgotten password, with a code of an administrator. No login is needed.
    Reset(Reset),
    /// Log in.
    Login(Credentials),
    /// Continue a session of an earlier run. The first request shows whether its token is still valid.
    Restore(LoggedIn),
    /// Log out.
    Logout,
    /// Change the password, and end all other sessions.
    ChangePassword {
        /// The current password.
        password: Password,
        /// The new password.
        new_password: NewPassword,
    },
    /// End one of the user's sessions, or all others.
    Revoke(Option<Uuid>),
    /// Check that the server replies. No login is needed.
    Ping,
    /// Return the status of the session. No request is sent.
    Status,
    /// Emit events from now on. The answer means that the session misses no further event.
    Follow(Follow),
    /// Create a channel.
    Create {
        /// The name of the new channel.
        channel: ChannelName,
        /// Whether only invited users may join.
        private: bool,
    },
    /// Join a channel.
    Join(ChannelName),
    /// Leave a channel.
    Leave(ChannelName),
    /// Open a conversation: emit its first unread page or its newest page, then presence and typing.
    Open(Target),
    /// Emit the next page of the open conversation as [`News::Opened`].
    NextPage(Target),
    /// List the read marks and unread counts of all conversations, and keep the counts current.
    ListReads,
    /// Mark a conversation as read up to an event.
    MarkRead(Target, u64),
    /// Report the user's presence from now on.
    SetPresence(PresenceMode),
    /// Report a key without an answer. The target is the recipient, if the user is typing a message.
    KeyTyped(Option<Target>),
    /// Send a message. Its outcome is [`News::Sent`], and not an answer.
    Send(Message),
    /// Upload or download a part of a file.
    Transfer(Transfer),
    /// Send any other request.
    Ask(Ask),
}

/// The source of the presence that a session reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PresenceMode {
    /// Online while the user types keys, and away 10 minutes after the last key.
    AtKeyboard,
    /// Always online, for a program.
    Always,
    /// Always away.
    Away,
}

/// The conversations to follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Follow {
    /// All conversations of the user.
    Everything,
    /// A single conversation.
    One {
        /// The conversation.
        conversation: Target,
        /// Emit only later events. `None` for the newest event.
        after: Option<u64>,
    },
}

/// A message to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The conversation that the message is sent to.
    pub to: Target,
    /// The UUID that makes retries safe: the server stores only one message with this id.
    pub id: Uuid,
    /// The text.
    pub text: Text<'static>,
    /// The number of the event that the message replies to.
    pub reply: Option<u64>,
}

/// The answer to a command that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The command has no result.
    Done,
    /// The new account.
    Registered(Registered),
    /// The new session, which the front end stores for [`Command::Restore`].
    LoggedIn(LoggedIn),
    /// The channel that the user created or joined.
    Joined(Joined),
    /// How many sessions the server ended.
    SessionsEnded(u64),
    /// The status of the session.
    Status(Status),
    /// The read marks and unread counts of all conversations.
    Reads(Vec<Reading>),
    /// How many messages of the conversation are unread.
    Unread(u64),
    /// How many bytes of an upload the server has.
    Have(u64),
    /// The position of a part of a file, and its bytes.
    Part(u64, Vec<u8>),
    /// The result of an [`Ask`], as JSON; see [`decode`](super::decode).
    Result(String),
}

/// What the session reports to the user interface, in the order in which it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// The next event of a conversation. Each event is emitted once, in order and without a gap.
    Entry(Entry),
    /// A page of the conversation that the user opened.
    Opened {
        /// The conversation.
        conversation: Target,
        /// The newest events, or the first unread ones.
        entries: Vec<Entry>,
        /// How many messages were unread.
        unread: u64,
        /// How many events follow the page; see [`Command::NextPage`].
        more: u64,
    },
    /// The user has read a conversation up to an event, in this session or another one.
    Read(Reading),
    /// Another user invited the user to a channel.
    Invited(Entry),
    /// The user left a channel in another session, or was removed from it. The session no longer follows it.
    MembershipEnded(Entry),
    /// Unsent messages of an earlier run of the client, in order.
    Recalled(Vec<Message>),
    /// A message is not acknowledged after the usual time, or the server does not reply.
    Pending(Message),
    /// The server has stored a message, or has refused it permanently.
    Sent {
        /// The message.
        message: Message,
        /// The message's event, or the error.
        outcome: Result<Entry, Error>,
        /// Whether the session also emits the event as [`News::Entry`], in the order of the conversation.
        is_emitted: bool,
    },
    /// The presence of the other user of the open conversation has changed.
    Presence(Change),
    /// The users who are typing in the open conversation. The list may be empty.
    Typing(Vec<UserName>),
    /// The standing of the session has changed.
    Standing(Standing),
    /// The server does not reply. The session repeats all requests until it does.
    ConnectionLost,
    /// The server replies again.
    ConnectionRestored,
    /// The server has returned to an earlier state, and may give event numbers a second time.
    RolledBack,
    /// The token is no longer valid: the user must log in again.
    SessionEnded(Error),
}

/// What the session asks its front end to do. [`driver::step`](super::driver::step) carries the effects out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Send a request line. It replaces an unsent line with the same `id`.
    Send {
        /// The request's id. Lines are sent in the order of their ids.
        id: u64,
        /// The line, with its newline.
        line: Vec<u8>,
    },
    /// Like [`Send`](Self::Send), but the line is the only one of its frame.
    SendAlone {
        /// The request's id. Lines are sent in the order of their ids.
        id: u64,
        /// The line, with its newline.
        line: Vec<u8>,
        /// The bytes of a second frame.
        bytes: Option<Arc<[u8]>>,
    },
    /// Send requests to the endpoint of this index from now on, over a new socket.
    UseEndpoint(usize),
    /// Receive events from this endpoint of the proxy, over a new socket without subscriptions.
    Connect(String),
    /// Subscribe to a topic.
    Subscribe(String),
    /// Unsubscribe from a topic.
    Unsubscribe(String),
    /// Answer a command.
    Answer {
        /// The command's ticket.
        ticket: u64,
        /// The command's outcome.
        outcome: Result<Answer, Error>,
    },
    /// Read this user's unacknowledged messages for [`Session::recalled`](super::Session::recalled).
    Recall(UserName),
    /// Write a message to the disk for [`Session::persisted`](super::Session::persisted), which sends it.
    Persist(Message),
    /// Delete a message from the client's disk.
    Forget(Uuid),
    /// Report to the user interface.
    News(News),
}

//! The inputs and outputs of a [`Session`](super::Session): commands, answers, news and effects.

use std::sync::Arc;

use common::accounts::{Credentials, LoggedIn, Registered, Registration, Reset};
use common::channels::{Joined, LaterNames};
use common::presence::Change;
use common::reads::Reading;
use common::{ChannelName, Error, NewPassword, Password, Target, Text, UserName};
use uuid::Uuid;

pub use super::blocks::Blocks;
pub use super::entry::Entry;
use super::files::Transfer;
use super::names::ChannelNames;
use super::plain_request::PlainRequest;
use super::status::{Status, StatusSummary};

/// The ticket of a command whose answer the front end ignores. A ticket is a number that the front end
/// chooses; the answer to the command has the same ticket.
pub const NO_TICKET: u64 = 0;

/// A command of the user.
#[derive(Debug, Clone)]
pub enum Command {
    /// Create an account.
    Register(Registration),
    /// Replace a forgotten password, with a code of an administrator.
    Reset(Reset),
    /// Log in.
    Login(Credentials),
    /// Continue a session of an earlier run. The server checks the token at the first request.
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
    /// End the user's session with this id. `None` ends all sessions of the user except this session.
    Revoke(Option<Uuid>),
    /// Check that the server replies. No login is needed.
    Ping,
    /// Return the status of the session. No request is sent.
    Status,
    /// Follow these conversations, and emit their events as [`News::Entry`]. After the answer, every new
    /// event of these conversations is emitted.
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
    /// Open a conversation: emit its first unread page, or else its newest page. After that, emit changes of
    /// presence and typing in this conversation.
    Open(Target),
    /// Emit the next page of the open conversation as [`News::Opened`].
    NextPage(Target),
    /// Load the users whom the user blocks. From then on, the session marks their messages in channels as
    /// hidden.
    ListBlocks,
    /// Load the notification levels of the user. The session then applies them, and follows their changes.
    ListLevels,
    /// List the read marks and unread counts of all conversations, and keep the counts current.
    ListReads,
    /// Mark a conversation as read up to an event.
    MarkRead(Target, u64),
    /// Start to report the user's presence.
    SetPresence(PresenceMode),
    /// Report a keystroke. The target is the recipient of the message that the user is typing. `None` means
    /// that the line is not a message. The command has no answer.
    KeyTyped(Option<Target>),
    /// Send a message. [`News::Sent`] reports the outcome; the command has no answer.
    Send(Message),
    /// Upload or download a chunk of a file.
    Transfer(Transfer),
    /// Send any other request.
    Request(PlainRequest),
}

impl Command {
    /// The command with first names of channels, which all components use.
    pub(crate) fn with_first_names(self, names: &ChannelNames) -> Self {
        match self {
            Self::Follow(Follow::One { conversation, after }) => {
                Self::Follow(Follow::One { conversation: names.first_of(conversation), after })
            }
            Self::Join(channel) => Self::Join(names.first(&channel)),
            Self::Leave(channel) => Self::Leave(names.first(&channel)),
            Self::Open(conversation) => Self::Open(names.first_of(conversation)),
            Self::NextPage(conversation) => Self::NextPage(names.first_of(conversation)),
            Self::MarkRead(conversation, n) => Self::MarkRead(names.first_of(conversation), n),
            Self::KeyTyped(to) => Self::KeyTyped(to.map(|to| names.first_of(to))),
            Self::Send(message) => Self::Send(Message { to: names.first_of(message.to), ..message }),
            Self::Register(_)
            | Self::Reset(_)
            | Self::Login(_)
            | Self::Restore(_)
            | Self::Logout
            | Self::ChangePassword { .. }
            | Self::Revoke(_)
            | Self::Ping
            | Self::Status
            | Self::Follow(Follow::Everything)
            | Self::Create { .. }
            | Self::ListBlocks
            | Self::ListLevels
            | Self::ListReads
            | Self::SetPresence(_)
            | Self::Transfer(_)
            | Self::Request(_) => self,
        }
    }
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
        /// Emit only events with a greater number. `None` means that only future events are emitted.
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
    /// The new session. The front end stores it for [`Command::Restore`].
    LoggedIn(LoggedIn),
    /// The channel that the user created or joined.
    Joined(Joined),
    /// The number of sessions that the server ended.
    SessionsEnded(u64),
    /// The status of the session.
    Status(Status),
    /// The read marks and unread counts of all conversations.
    Reads(Vec<Reading>),
    /// The users whom the user blocks.
    Blocks(Blocks),
    /// The number of unread messages in the conversation.
    Unread(u64),
    /// The number of bytes of an upload that the server has.
    Have(u64),
    /// The position of a downloaded chunk, and its bytes.
    Part(u64, Vec<u8>),
    /// The result of a [`PlainRequest`], as JSON; see [`decode`](super::decode).
    Result(String),
}

/// A report to the user interface, which shows the reports in their order.
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
        /// The number of unread messages when the conversation was opened.
        unread: u64,
        /// The number of events after the page. [`Command::NextPage`] requests them.
        more: u64,
    },
    /// A channel has other later names than before. All other news identify it by its first name.
    Named {
        /// The first name.
        channel: ChannelName,
        /// The later names.
        names: LaterNames,
    },
    /// The user has read a conversation up to an event, in this session or in another session of the user.
    Read(Reading),
    /// Another user invited the user to a channel.
    Invited(Entry),
    /// The user left a channel in another session, or was removed from the channel. The session no longer
    /// follows the channel.
    MembershipEnded(Entry),
    /// Unacknowledged messages of an earlier run of the client, in the order of sending.
    OutboxLoaded(Vec<Message>),
    /// A message was not acknowledged within the usual time, or the server does not reply.
    Delayed(Message),
    /// The server has stored a message, or has refused it permanently.
    Sent {
        /// The message.
        message: Message,
        /// The message's event, or the error.
        outcome: Result<Entry, Error>,
        /// Whether a [`News::Entry`] with this event follows. False if the conversation is not followed.
        entry_follows: bool,
    },
    /// The presence of the other user of the open conversation has changed.
    Presence(Change),
    /// The users who are typing in the open conversation. The list may be empty.
    Typing(Vec<UserName>),
    /// A field of the [`StatusSummary`] has changed.
    StatusSummary(StatusSummary),
    /// The server does not reply. The session repeats all requests until it does.
    ConnectionLost,
    /// The server replies again.
    ConnectionRestored,
    /// The state of the server is older than before, as after a restored backup. New events may have numbers
    /// that lost events had.
    RolledBack,
    /// The token is no longer valid: the user must log in again.
    SessionEnded(Error),
}

/// An action for the front end. [`driver::step`](super::driver::step) carries out the effects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Send a request line. The line replaces an unsent line with the same `id`.
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
    /// Close the request socket, and send all further requests to the endpoint with this index.
    UseEndpoint(usize),
    /// Close the event socket, and receive events from this endpoint of the proxy, over a new socket without
    /// subscriptions.
    Connect(String),
    /// Subscribe to a topic.
    Subscribe(String),
    /// Unsubscribe from a topic.
    Unsubscribe(String),
    /// Answer a command.
    Answer {
        /// The ticket that the front end gave to the command.
        ticket: u64,
        /// The command's outcome.
        outcome: Result<Answer, Error>,
    },
    /// Read this user's unacknowledged messages from the disk, and pass them to
    /// [`Session::outbox_loaded`](super::Session::outbox_loaded).
    LoadOutbox(UserName),
    /// Write a message to the disk, and report the outcome with
    /// [`Session::persisted`](super::Session::persisted). The session sends the message after that.
    Persist(Message),
    /// Delete a message from the client's disk.
    Forget(Uuid),
    /// Report to the user interface.
    News(News),
}

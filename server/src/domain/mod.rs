//! The rules: a deterministic state machine. It reads no clock, draws no random numbers, touches no disk and
//! sends nothing; all that comes in as arguments, and what is to happen comes out as a [`Record`].
//!
//! [`decide`] looks at the state and says what a command would record, or why it may not; [`State::apply`]
//! makes a record part of the state and cannot fail. Replaying the log applies the same records in the same
//! order and so gives the same state.

pub mod errors;
pub mod topics;

pub mod accounts;
pub mod channels;
pub mod messages;
pub mod history;

use common::{ChannelName, Conversation, Target, Text, UserName};
use uuid::Uuid;

use crate::records::{Record, TokenDigest};
pub use accounts::Users;
pub use channels::Channels;
pub use errors::DomainError;
pub use topics::TopicSecret;

/// Everything the server knows but the texts, which stay in the log.
pub struct State {
    /// Accounts and sessions: what `users.json` holds.
    pub users: Users,
    /// Channels, memberships and how far every conversation has come: what `channels.json` holds.
    pub channels: Channels,
}

/// What somebody wants, with everything that chance or a slow computation had to contribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command<'a> {
    /// Make an account; the password is hashed already.
    Register {
        /// Whose.
        user: UserName,
        /// The hash as a PHC string.
        password: Box<str>,
    },
    /// Open a session; the password has been verified already.
    OpenSession {
        /// Whose.
        user: UserName,
        /// The token's own identity.
        session: Uuid,
        /// What the token is recognised by.
        digest: TokenDigest,
        /// When it ends, in Unix milliseconds.
        expires: u64,
    },
    /// End a session.
    EndSession {
        /// Whose.
        user: UserName,
        /// Which.
        digest: TokenDigest,
    },
    /// Make a channel.
    CreateChannel {
        /// By whom.
        user: UserName,
        /// Its name.
        channel: ChannelName,
    },
    /// Become a member.
    Join {
        /// Who.
        user: UserName,
        /// Of which channel.
        channel: ChannelName,
    },
    /// Be a member no more.
    Leave {
        /// Who.
        user: UserName,
        /// Of which channel.
        channel: ChannelName,
    },
    /// Say something.
    Send {
        /// Who.
        user: UserName,
        /// To whom.
        to: Target,
        /// The sender's id for it.
        id: Uuid,
        /// What.
        text: Text<'a>,
    },
}

/// What `command` would record at the time `at` (Unix milliseconds); `None` when things are so already.
pub fn decide<'a>(state: &State, command: Command<'a>, at: u64) -> Result<Option<Record<'a>>, DomainError> {
    match command {
        Command::Register { user, password } => accounts::register(state, user, password, at).map(Some),
        Command::OpenSession { user, session, digest, expires } => {
            accounts::open_session(state, user, session, digest, expires, at).map(Some)
        }
        Command::EndSession { user, digest } => Ok(accounts::end_session(state, user, digest, at)),
        Command::CreateChannel { user, channel } => channels::create(state, user, channel, at).map(Some),
        Command::Join { user, channel } => channels::join(state, user, channel, at),
        Command::Leave { user, channel } => channels::leave(state, user, channel, at).map(Some),
        Command::Send { user, to, id, text } => messages::send(state, user, to, id, text, at).map(Some),
    }
}

impl State {
    /// The empty state of a new data folder.
    #[must_use]
    pub fn new(secret: TopicSecret) -> Self {
        Self { users: Users::default(), channels: Channels::new(secret) }
    }

    /// Makes the record with this number part of the state. A record that a snapshot already contains
    /// changes nothing, so that replay may begin at the older of the two snapshots.
    pub fn apply(&mut self, number: u64, record: &Record<'_>) {
        match record {
            Record::Private(private) if number > self.users.applied => self.users.apply(private),
            Record::Event(event) if number > self.channels.applied => self.channels.apply(number, event),
            Record::Private(_) | Record::Event(_) => {}
        }
        self.users.applied = self.users.applied.max(number);
        self.channels.applied = self.channels.applied.max(number);
    }

    /// The number of the newest event in a conversation, 0 when it has none.
    #[must_use]
    pub fn head(&self, conversation: &Conversation) -> u64 {
        self.channels.head(conversation)
    }
}

#[cfg(test)]
pub(crate) mod tests;

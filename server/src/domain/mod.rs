//! The rules: a deterministic state machine. It reads no clock, draws no random numbers, touches no disk and
//! sends nothing; all that comes in as arguments, and what is to happen comes out as a [`Record`].
//!
//! [`decide`] looks at the state and says what a command would record, or why it may not; [`State::apply`]
//! makes a record part of the state and cannot fail. Replaying the log applies the same records in the same
//! order and so gives the same state.

pub mod records;
pub mod topics;

pub mod accounts;
pub mod channels;
pub mod messages;
pub mod files;
pub mod amendments;
pub mod mentions;
pub mod history;
pub mod search;
pub mod reads;
pub mod admin;

use std::sync::Arc;

use common::channels::Role;
use common::{Body, Conversation, Detail, Event, FileInfo, Subject, Target, Text, UserName};
use uuid::Uuid;

use crate::domain::records::{Record, ServerRecord, TokenDigest};
pub use accounts::Users;
pub use amendments::decide::{Change, Original};
pub use channels::Channels;
pub use channels::decide::Actor;
pub use files::Files;
pub use topics::TopicSecret;

/// Everything the server knows but the texts, which stay in the log.
pub struct State {
    /// Accounts and sessions: what `users.json` holds.
    pub users: Users,
    /// Channels, memberships and how far every conversation has come: what `channels.json` holds.
    pub channels: Channels,
    /// The files that were sent, in `channels.json` too.
    pub files: Files,
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
    /// End sessions of a user, all but the one that asks or only the one named.
    Revoke {
        /// Whose.
        user: UserName,
        /// The session that asks.
        current: TokenDigest,
        /// Which to end; without it, all others.
        session: Option<Uuid>,
    },
    /// Set another password; it is hashed already.
    ChangePassword {
        /// Whose.
        user: UserName,
        /// The hash as a PHC string.
        password: Box<str>,
    },
    /// Shut a user out, or let them in again; for administrators.
    Disable {
        /// Who asks.
        by: UserName,
        /// Whom.
        user: UserName,
        /// Out or in.
        disabled: bool,
    },
    /// Make a user an administrator, or one no more; for administrators.
    Promote {
        /// Who asks.
        by: UserName,
        /// Whom.
        user: UserName,
        /// What they are to be.
        administrator: bool,
    },
    /// Note when somebody who is gone was there last.
    Seen {
        /// Who.
        user: UserName,
        /// When, in Unix milliseconds.
        at: u64,
    },
    /// Make a channel.
    CreateChannel(Actor, bool),
    /// Become a member.
    Join(Actor),
    /// Be a member no more.
    Leave(Actor),
    /// Allow somebody to join.
    Invite(Actor, UserName),
    /// Take no part in what one is invited to.
    Decline(Actor),
    /// Remove somebody.
    Kick(Actor, UserName),
    /// Remove somebody, or keep them out, for good.
    Ban(Actor, UserName),
    /// Take a ban back.
    Unban(Actor, UserName),
    /// Give a member a role.
    GiveRole(Actor, UserName, Role),
    /// Change the subject, or whether it is private.
    SetChannel(Actor, Option<Subject<'a>>, Option<bool>),
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
        /// The number of the event that it answers.
        reply: Option<u64>,
    },
    /// Do something to a message.
    Amend {
        /// Who.
        user: UserName,
        /// In which conversation, as they name it.
        conversation: Target,
        /// To which message.
        original: Original,
        /// The sender's id for it.
        id: Uuid,
        /// What.
        change: Change<'a>,
    },
    /// Send a file, whose content is on the disk already.
    Share {
        /// Who.
        user: UserName,
        /// To whom.
        to: Target,
        /// The sender's id for it.
        id: Uuid,
        /// What.
        file: FileInfo,
    },
    /// Note how far somebody has read.
    MarkRead {
        /// Who.
        user: UserName,
        /// Which conversation, as they name it.
        conversation: Target,
        /// The last event that was read.
        n: u64,
    },
}

/// What `command` would record at the time `at` (Unix milliseconds); `None` when things are so already.
pub fn decide<'a>(state: &State, command: Command<'a>, at: u64) -> Result<Option<Record<'a>>, Detail> {
    match command {
        Command::Register { user, password } => accounts::register(state, user, password, at).map(Some),
        Command::OpenSession { user, session, digest, expires } => {
            accounts::open_session(state, user, session, digest, expires, at).map(Some)
        }
        Command::EndSession { user, digest } => Ok(accounts::end_session(state, user, digest, at)),
        Command::Revoke { user, current, session: None } => {
            Ok(accounts::revoke(state, user, |digest, _| *digest != current, at))
        }
        Command::Revoke { user, session: Some(wanted), .. } => {
            let found = accounts::revoke(state, user, |_, session| session.session == wanted, at);
            found.ok_or(Detail::NoSuchSession).map(Some)
        }
        Command::ChangePassword { user, password } => {
            accounts::change_password(state, user, password, at).map(Some)
        }
        Command::Disable { by, user, disabled } => admin::disable(state, &by, user, disabled, at),
        Command::Promote { by, user, administrator } => admin::promote(state, &by, user, administrator, at),
        Command::Seen { user, at } => Ok(accounts::seen(state, user, at)),
        Command::CreateChannel(actor, private) => channels::decide::create(state, actor, private, at),
        Command::Join(actor) => channels::decide::join(state, actor, at),
        Command::Leave(actor) => channels::decide::leave(state, actor, at),
        Command::Invite(actor, user) => channels::decide::invite(state, actor, user, at),
        Command::Decline(actor) => channels::decide::decline(state, actor, at),
        Command::Kick(actor, user) => channels::decide::kick(state, actor, user, at),
        Command::Ban(actor, user) => channels::decide::ban(state, actor, user, at),
        Command::Unban(actor, user) => channels::decide::unban(state, actor, user, at),
        Command::GiveRole(actor, user, role) => channels::decide::give_role(state, actor, user, role, at),
        Command::SetChannel(actor, subject, private) => {
            channels::decide::set(state, actor, subject, private, at)
        }
        Command::Send { user, to, id, text, reply } => {
            messages::send(state, user, to, Body::Message { id, text, reply }, at).map(Some)
        }
        Command::Amend { user, conversation, original, id, change } => {
            amendments::decide::amend(state, user, conversation, &original, id, change, at).map(Some)
        }
        Command::Share { user, to, id, file } => files::share(state, user, to, id, file, at).map(Some),
        Command::MarkRead { user, conversation, n } => reads::mark(state, user, conversation, n, at),
    }
}

impl State {
    /// The empty state of a new data folder.
    #[must_use]
    pub fn new(secret: TopicSecret) -> Self {
        Self { users: Users::default(), channels: Channels::new(secret), files: Files::default() }
    }

    /// Makes the record with this number part of the state. A record that a snapshot already contains
    /// changes nothing, so that replay may begin at the older of the two snapshots.
    pub fn apply(&mut self, number: u64, record: &Record<'_>) {
        match record {
            Record::Server(private) => {
                if number > self.users.applied {
                    self.users.apply(private);
                }
                if number > self.channels.applied {
                    self.apply_to_channels(private);
                }
            }
            Record::Event(event) if number > self.channels.applied => {
                self.channels.apply(number, event);
                self.files.apply(event);
            }
            Record::Event(_) => {}
        }
        self.users.applied = self.users.applied.max(number);
        self.channels.applied = self.channels.applied.max(number);
    }

    /// What one of the server's own records means to channels and conversations.
    fn apply_to_channels(&mut self, private: &ServerRecord) {
        match private {
            ServerRecord::SessionsRevoked { user, .. } => self.channels.sessions_ended(user, false),
            ServerRecord::DisabledSet { user, disabled: true, .. } => {
                self.channels.sessions_ended(user, true)
            }
            ServerRecord::Read { user, conversation, n, .. } => {
                let conversation = Conversation::of(user, conversation);
                if let Some(reads) = self.channels.reads_mut(&conversation) {
                    reads.mark(user, *n);
                }
            }
            ServerRecord::Account { user, .. } => {
                self.channels.add_user(user);
                self.channels.set_administrator(user, self.users.is_administrator(user));
            }
            ServerRecord::AdministratorSet { user, administrator, .. } => {
                self.channels.set_administrator(user, *administrator);
            }
            // Most of them were deleted before; nobody did that to the others, and their texts are gone all the same.
            ServerRecord::Redacted { conversation, numbers, .. } => {
                let conversation = Conversation::named(conversation).ok().flatten();
                if let Some(reads) = conversation.and_then(|one| self.channels.reads_mut(&one)) {
                    numbers.iter().for_each(|n| reads.take_back(*n));
                }
            }
            ServerRecord::SessionOpened { .. }
            | ServerRecord::SessionEnded { .. }
            | ServerRecord::PasswordChanged { .. }
            | ServerRecord::Seen { .. }
            | ServerRecord::DisabledSet { .. } => {}
        }
    }

    /// Puts all users into the channel of everybody, which a snapshot from before it does not have.
    pub fn make_everybody(&mut self) {
        for (user, account) in self.users.accounts() {
            self.channels.add_user(user);
            self.channels.set_administrator(user, account.administrator);
        }
    }

    /// The topic of what is meant for one user.
    #[must_use]
    pub fn user_topic(&self, user: &UserName) -> String {
        self.channels.user_topic(user, self.users.epoch(user))
    }

    /// The topic of the channel that an event belongs to; `None` between two users, and for a channel that does not exist.
    #[must_use]
    pub fn members_topic(&self, event: &Event<'_>) -> Option<Arc<str>> {
        match &event.to {
            Target::Channel(name) => {
                self.channels.channel(name).ok().map(|channel| Arc::clone(&channel.topic))
            }
            Target::User(_) => None,
        }
    }

    /// The topic of everybody's presence: it moves whenever somebody who knows it is to hear no more.
    #[must_use]
    pub fn presence_topic(&self) -> String {
        self.channels.presence_topic(self.users.shared_epoch())
    }

    /// Where it is told that `user` is writing to `to`: to the members, or to the other one.
    pub fn typing_topic(&self, user: &UserName, to: &Target) -> Result<Arc<str>, Detail> {
        match to {
            Target::Channel(name) => {
                self.channels.writable(name, user).map(|channel| Arc::clone(&channel.topic))
            }
            Target::User(other) if self.users.exists(other) => Ok(self.user_topic(other).into()),
            Target::User(other) => Err(Detail::NoSuchUser { user: other.clone() }),
        }
    }

    /// The number of the newest event in a conversation, 0 when it has none.
    #[must_use]
    pub fn head(&self, conversation: &Conversation) -> u64 {
        self.channels.head(conversation)
    }
}

#[cfg(test)]
pub(crate) mod tests;

//! The rules of papo: a deterministic state machine without clock, random numbers, disk or network. Times,
//! ids and hashes are arguments; the result is a [`Record`].
//!
//! [`decide`] checks a command against the state and returns the record for the log, or an error.
//! [`State::apply`] applies a record and cannot fail. Replay applies the same records in the same order, so
//! it restores the same state.

pub mod records;
pub mod topics;

mod account;
pub mod accounts;
pub mod sessions;
pub mod deletion;
pub mod blocks;
mod display_names;
pub mod levels;
pub mod push;
pub mod push_key;
pub mod links;
mod confusable;
pub mod join_codes;
pub mod hooks;
pub mod deliveries;
pub mod outgoing_hooks;
pub mod delivery_secret;
pub mod bot_tokens;
pub mod bots;
pub mod commands;
pub mod reset_codes;
pub mod channels;
pub mod messages;
pub mod files;
pub mod amendments;
pub mod mentions;
pub mod history;
pub mod search;
pub mod reads;
pub mod shared_reads;
pub mod admin;
pub mod urgency;

use common::channels::Role;
use common::commands::BotCommand;
use common::hooks::Via;
use common::notify::Level;
use common::{
    Body, ChannelName, Conversation, Detail, DisplayName, Event, FileInfo, Subject, Target, Text, UserName,
};
use uuid::Uuid;

use crate::domain::records::{
    BotToken, ClientKey, Hook, JoinCode, OutgoingHook, PushSubscription, Record, ResetCode, ServerRecord,
    Step, TokenDigest,
};
pub use accounts::Users;
pub use amendments::decide::{Change, Original};
pub use channels::Channels;
pub use channels::decide::Actor;
pub use files::Files;
pub use topics::TopicSecret;
pub use urgency::ReservePart;

/// The state of the server. The texts of messages are only in the log.
pub struct State {
    /// Accounts and sessions, stored in `users.json`.
    pub users: Users,
    /// Channels, members and the newest event of every conversation, stored in `channels.json`.
    pub channels: Channels,
    /// The files that were sent, also stored in `channels.json`.
    pub files: Files,
}

/// A request to change the state. It already contains random ids and the results of slow work, such as
/// password hashes. Times are Unix milliseconds, and `password` is a hash as a PHC string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command<'a> {
    /// Create an account.
    Register { user: UserName, password: Box<str> },
    /// Open a session. The password has already been verified.
    OpenSession { user: UserName, session: Uuid, digest: TokenDigest, expires: u64 },
    /// End a session.
    EndSession { user: UserName, digest: TokenDigest },
    /// End one session of a user, or all except the current one.
    Revoke {
        user: UserName,
        /// The session that sent the request.
        current: TokenDigest,
        /// The session to end; `None` ends all except `current`.
        session: Option<Uuid>,
    },
    /// Change a password.
    ChangePassword { user: UserName, password: Box<str> },
    /// Create a join code. Only administrators may do it.
    CreateJoinCode { id: Uuid, code: JoinCode },
    /// Take one use from a join code, for the registration of `user`.
    UseJoinCode { user: UserName, id: Uuid },
    /// Revoke a join code. Only administrators may do it.
    RevokeJoinCode { by: UserName, id: Uuid },
    /// Create the account of a bot. Its owner may use it again.
    RegisterBot { user: UserName, by: UserName },
    /// Create an incoming webhook. Only moderators of its channel may do it.
    CreateHook { id: Uuid, hook: Hook },
    /// Revoke a webhook. Only moderators of its channel may do it.
    RevokeHook { by: UserName, id: Uuid },
    /// Create an outgoing webhook. Only moderators of its channel may do it.
    CreateOutgoingHook { id: Uuid, hook: OutgoingHook },
    /// Record a step of the deliveries of an outgoing webhook.
    ChangeDelivery { user: UserName, id: Uuid, step: Step },
    /// Create a token of a bot. Only its owner, who moderates its channels, may do it.
    CreateBotToken { id: Uuid, token: BotToken },
    /// Record that the token of a bot was used.
    UseBotToken { user: UserName, id: Uuid },
    /// Replace the commands of a bot's token.
    RegisterCommands { user: UserName, id: Uuid, commands: Vec<BotCommand> },
    /// Revoke a token of a bot. Only the user who created it and administrators may do it.
    RevokeBotToken { by: UserName, id: Uuid },
    /// Give a user a code for a new password. Only administrators may do it.
    CreateResetCode { by: UserName, user: UserName, code: ResetCode },
    /// Remember a client that has logged in to the account.
    KnowClient { user: UserName, key: ClientKey },
    /// Disable or enable an account. Only administrators may do it.
    Disable { by: UserName, user: UserName, disabled: bool },
    /// Grant or revoke the administrator role. Only administrators may do it.
    Promote { by: UserName, user: UserName, administrator: bool },
    /// Delete an account. Its password has already been verified, or `by` is an administrator.
    DeleteAccount {
        by: UserName,
        user: UserName,
        /// Whether to delete the user's messages, too.
        erase: bool,
    },
    /// Remove the user of a deleted account from their next channel.
    Depart { user: UserName },
    /// Delete one message of a deleted account. The server chooses the id of the deletion.
    Erase { event: Event<'static>, id: Uuid },
    /// Record that nothing remains to do for a deleted account.
    FinishDeletion { user: UserName },
    /// Set or remove the display name of a user.
    SetDisplayName { user: UserName, display_name: DisplayName },
    /// Share the read marks in direct conversations, or stop that.
    ShareReads { user: UserName, shared: bool },
    /// Block or unblock a user.
    Block { user: UserName, other: UserName, blocked: bool },
    /// Set the notification level of a conversation, or the maximum for all conversations.
    SetLevel { user: UserName, conversation: Option<Target>, level: Level },
    /// Subscribe the browser of a session to pushes, or end its subscription.
    SetPush { user: UserName, session: Uuid, push: Option<Box<PushSubscription>> },
    /// Record that the pushes of all messages up to a record were sent to the browser of a session.
    PushSent { user: UserName, session: Uuid, record: u64 },
    /// Record when a user was last seen, after they went offline.
    Seen { user: UserName, at: u64 },
    /// Create a channel. The flag makes it private.
    CreateChannel(Actor, bool),
    /// Join a channel.
    Join(Actor),
    /// Leave a channel.
    Leave(Actor),
    /// Invite a user to a channel.
    Invite(Actor, UserName),
    /// Decline an invitation.
    Decline(Actor),
    /// Remove a user from a channel. The user may join again.
    Kick(Actor, UserName),
    /// Remove a user from a channel. The user may not join again until the ban is revoked.
    Ban(Actor, UserName),
    /// Revoke a ban.
    Unban(Actor, UserName),
    /// Give a member a role.
    GiveRole(Actor, UserName, Role),
    /// Change the subject or the privacy of a channel.
    SetChannel(Actor, Option<Subject<'a>>, Option<bool>),
    /// Rename a channel.
    Rename(Actor, ChannelName),
    /// Archive or restore a channel.
    Archive(Actor, bool),
    /// Delete a channel.
    DeleteChannel(Actor),
    /// Send a message. The sender chooses its id.
    Send {
        user: UserName,
        to: Target,
        id: Uuid,
        text: Text<'a>,
        /// The number of the event that the message replies to.
        reply: Option<u64>,
    },
    /// Send a message with an incoming webhook.
    Post { user: UserName, to: Target, id: Uuid, text: Text<'a>, via: Via },
    /// Edit or delete a message, or change its reactions.
    Amend {
        user: UserName,
        /// The conversation, as `user` addresses it.
        conversation: Target,
        original: Original,
        /// The id of the amendment, chosen by the sender.
        id: Uuid,
        change: Change<'a>,
    },
    /// Send a file. Its content is already on the disk.
    Share { user: UserName, to: Target, id: Uuid, file: FileInfo },
    /// Record that a user has read a conversation up to the event `n`.
    MarkRead {
        user: UserName,
        /// The conversation, as `user` addresses it.
        conversation: Target,
        n: u64,
    },
}

/// Returns the record of `command` at the time `at` (Unix milliseconds); `None` if the command changes
/// nothing.
#[expect(clippy::too_many_lines, reason = "one row for each command")]
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
        Command::CreateJoinCode { id, code } => join_codes::create(state, id, code, at).map(Some),
        Command::UseJoinCode { user, id } => join_codes::take_use(state, user, id, at).map(Some),
        Command::RevokeJoinCode { by, id } => join_codes::revoke(state, by, id, at).map(Some),
        Command::RegisterBot { user, by } => bots::register_bot(state, user, by, at),
        Command::CreateHook { id, hook } => hooks::create(state, id, hook, at).map(Some),
        Command::RevokeHook { by, id } => hooks::revoke(state, by, id, at).map(Some),
        Command::CreateOutgoingHook { id, hook } => deliveries::create(state, id, hook, at).map(Some),
        Command::ChangeDelivery { id, step, .. } => deliveries::step(state, id, step, at),
        Command::CreateBotToken { id, token } => bots::create_token(state, id, token, at).map(Some),
        Command::UseBotToken { user, id } => Ok(bots::use_token(state, user, id, at)),
        Command::RegisterCommands { user, id, commands } => commands::register(state, user, id, commands, at),
        Command::RevokeBotToken { by, id } => bots::revoke_token(state, &by, id, at).map(Some),
        Command::CreateResetCode { by, user, code } => {
            reset_codes::create(state, by, user, code, at).map(Some)
        }
        Command::KnowClient { user, key } => Ok(account::know_client(state, user, key, at)),
        Command::Disable { by, user, disabled } => admin::disable(state, &by, user, disabled, at),
        Command::Promote { by, user, administrator } => admin::promote(state, &by, user, administrator, at),
        Command::DeleteAccount { by, user, erase } => deletion::delete(state, by, user, erase, at).map(Some),
        Command::Depart { user } => Ok(deletion::depart(state, user, at)),
        Command::Erase { event, id } => Ok(deletion::erase(state, event, id, at)),
        Command::FinishDeletion { user } => Ok(deletion::finish(state, user, at)),
        Command::SetDisplayName { user, display_name } => display_names::set(state, user, display_name, at),
        Command::ShareReads { user, shared } => shared_reads::set(state, user, shared, at),
        Command::Block { user, other, blocked } => blocks::set(state, user, other, blocked, at),
        Command::SetLevel { user, conversation, level } => levels::set(state, user, conversation, level, at),
        Command::SetPush { user, session, push } => push::set(state, user, session, push, at),
        Command::PushSent { user, session, record } => Ok(push::sent(state, user, session, record, at)),
        Command::Seen { user, at } => Ok(account::seen(state, user, at)),
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
        Command::Rename(actor, name) => channels::decide::rename(state, actor, name, at),
        Command::Archive(actor, archived) => channels::decide::archive(state, actor, archived, at),
        Command::DeleteChannel(actor) => channels::decide::delete(state, actor, at),
        Command::Send { user, to, id, text, reply } => {
            let command = commands::invoked(state, &user, &to, text.as_str());
            let body = Body::Message { id, text, reply, via: None, command };
            messages::send(state, user, to, body, at).map(Some)
        }
        Command::Post { user, to, id, text, via } => {
            let body = Body::Message { id, text, reply: None, via: Some(Box::new(via)), command: None };
            messages::send(state, user, to, body, at).map(Some)
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

    /// Applies the record with this number. Records that a snapshot already contains are skipped, so replay
    /// can begin at the older of the two snapshots.
    pub fn apply(&mut self, number: u64, record: &Record<'_>) {
        match record {
            Record::Server(record) => {
                if number > self.users.applied {
                    self.users.apply(record);
                }
                if number > self.channels.applied {
                    self.apply_to_channels(record);
                }
            }
            Record::Event(event) => {
                if let (Target::Channel(name), Body::ChannelDeleted) = (&event.to, &event.body)
                    && number > self.users.applied
                {
                    self.users.hooks.remove_channel(name);
                }
                if number > self.channels.applied {
                    self.channels.apply(number, event);
                    self.files.apply(event);
                }
            }
        }
        self.users.applied = self.users.applied.max(number);
        self.channels.applied = self.channels.applied.max(number);
    }

    /// Applies a server record to channels and conversations.
    fn apply_to_channels(&mut self, record: &ServerRecord) {
        match record {
            ServerRecord::SessionsRevoked { user, .. } => self.channels.move_topics_of(user, false),
            ServerRecord::DisabledSet { user, disabled: true, .. } => {
                self.channels.move_topics_of(user, true)
            }
            ServerRecord::AccountDeleted { user, .. } => self.channels.remove_account(user),
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
            // An operator can redact messages that no user deleted. Redacted messages do not count as unread.
            ServerRecord::Redacted { conversation, numbers, .. } => {
                let conversation = Conversation::from_key(conversation).ok().flatten();
                if let Some(reads) =
                    conversation.and_then(|conversation| self.channels.reads_mut(&conversation))
                {
                    numbers.iter().for_each(|n| reads.remove_message(*n));
                }
            }
            ServerRecord::SessionOpened { .. }
            | ServerRecord::SessionEnded { .. }
            | ServerRecord::PasswordChanged { .. }
            | ServerRecord::ClientKnown { .. }
            | ServerRecord::JoinCodeCreated { .. }
            | ServerRecord::JoinCodeUsed { .. }
            | ServerRecord::JoinCodeRevoked { .. }
            | ServerRecord::HookCreated { .. }
            | ServerRecord::BotTokenCreated { .. }
            | ServerRecord::BotTokenUsed { .. }
            | ServerRecord::CommandsRegistered { .. }
            | ServerRecord::HookRevoked { .. }
            | ServerRecord::OutgoingHookCreated { .. }
            | ServerRecord::DeliveryChanged { .. }
            | ServerRecord::ResetCodeCreated { .. }
            | ServerRecord::Seen { .. }
            | ServerRecord::DisplayNameSet { .. }
            | ServerRecord::ReadsShared { .. }
            | ServerRecord::BlockSet { .. }
            | ServerRecord::LevelSet { .. }
            | ServerRecord::PushSet { .. }
            | ServerRecord::PushSent { .. }
            | ServerRecord::DeletionFinished { .. }
            | ServerRecord::DisabledSet { .. } => {}
        }
    }

    /// Rebuilds the channel `*`, which snapshots of older versions do not contain.
    pub fn rebuild_everybody(&mut self) {
        for (user, account) in self.users.accounts_after(None) {
            self.channels.add_user(user);
            self.channels.set_administrator(user, account.administrator);
        }
    }

    /// The number of the newest event; 0 if the conversation has no events.
    #[must_use]
    pub fn head(&self, conversation: &Conversation) -> u64 {
        self.channels.head(conversation)
    }
}

#[cfg(test)]
pub(crate) mod tests;

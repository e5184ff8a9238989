//! Turns the entries of an export into records. An entry that the data folder contains adds no record.

use common::limits::RESET_CODE_MS;
use common::{Conversation, Detail, DisplayName, Event, Target, Text, UserName};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::names::Names;
use super::parts::parts;
use super::place::{Imported, Place};
use super::{MigrationError, Report};
use crate::domain::records::{ResetCode, TokenDigest};
use crate::domain::{Actor, Command};
use crate::services::codes;
use crate::services::passwords::no_password;
use crate::storage::ledger::Ledger;

/// The reason why records could not be made durable.
pub type SyncError = Box<dyn std::error::Error + Send + Sync>;

/// The bytes of records in one batch. A killed import loses at most the records of one batch.
const BATCH_BYTES: u64 = 1 << 20;

pub struct Writer<'a> {
    pub(super) ledger: &'a mut Ledger,
    sync: &'a mut dyn FnMut(&mut Ledger) -> Result<(), SyncError>,
    batch_bytes: u64,
    /// [`Ledger::appended_bytes`] at the beginning of the batch.
    batch_begin: u64,
    now_ms: u64,
    /// The time of records for which the export has no time.
    pub(super) start_ms: u64,
    pub(super) user_names: Names,
    pub(super) channel_names: Names,
    /// Users to disable at the end.
    disabled: Vec<UserName>,
    pub report: Report,
}

/// A user of the export.
pub(super) struct Person<'e> {
    pub(super) name: &'e str,
    /// The first display name that papo accepts is set.
    pub(super) display_names: Vec<&'e str>,
    pub(super) is_bot: bool,
    pub(super) is_disabled: bool,
}

/// A message of the export.
pub(super) struct Message {
    pub(super) id: Uuid,
    pub(super) sender: UserName,
    /// The time in Unix milliseconds.
    pub(super) at: u64,
    pub(super) text: String,
    /// The id of the message that it replies to.
    pub(super) reply: Option<Uuid>,
}

impl<'a> Writer<'a> {
    /// Creates a writer. It calls `sync` at the end of each batch. `sync` must make all records of the ledger
    /// durable.
    pub fn new(
        ledger: &'a mut Ledger,
        sync: &'a mut dyn FnMut(&mut Ledger) -> Result<(), SyncError>,
        now_ms: u64,
    ) -> Self {
        let batch_begin = ledger.appended_bytes();
        Self {
            ledger,
            sync,
            batch_bytes: BATCH_BYTES,
            batch_begin,
            now_ms,
            start_ms: now_ms,
            user_names: Names::default(),
            channel_names: Names::default(),
            disabled: Vec::new(),
            report: Report::default(),
        }
    }

    /// Sets the bytes of records in one batch.
    #[must_use]
    pub fn with_batches_of(self, batch_bytes: u64) -> Self {
        Self { batch_bytes, ..self }
    }

    /// Records a command. Returns the number of its event; `None` if the command changes nothing.
    pub(super) fn record(&mut self, command: Command<'_>, at: u64) -> Result<Option<u64>, MigrationError> {
        if self.ledger.appended_bytes() - self.batch_begin >= self.batch_bytes {
            self.sync()?;
        }
        let recorded = self.ledger.record(command, at.min(self.now_ms));
        let recorded = recorded
            .map(|recorded| recorded.map(|recorded| recorded.receipt().map_or(0, |receipt| receipt.n)));
        match recorded {
            Err(error) if self.ledger.failure().is_some() => Err(MigrationError::Log(error.message.into())),
            recorded => recorded.map_err(MigrationError::Refused),
        }
    }

    pub(super) fn sync(&mut self) -> Result<(), MigrationError> {
        (self.sync)(self.ledger).map_err(MigrationError::Log)?;
        self.batch_begin = self.ledger.appended_bytes();
        Ok(())
    }

    /// Lists the error of an entry. Other errors end the import.
    pub(super) fn list<T>(
        &mut self,
        outcome: Result<T, MigrationError>,
        entry: impl FnOnce() -> String,
    ) -> Result<Option<T>, MigrationError> {
        match outcome {
            Err(MigrationError::Refused(error)) => {
                self.report.problem(format!("{}: {}", entry(), error.message));
                Ok(None)
            }
            outcome => outcome.map(Some),
        }
    }

    /// Determines the time of records without a time: the time of the first run that imported these users.
    pub(super) fn begin<'e>(&mut self, people: impl Iterator<Item = &'e str>) {
        let accounts = self.ledger.state().users.accounts();
        let mut earlier = people.filter_map(|name| {
            let account = accounts.get(&UserName::new(name).ok()?)?;
            (*account.password == *no_password()).then_some(account.since)
        });
        self.start_ms = earlier.next().unwrap_or(self.now_ms);
    }

    /// Imports a user. An account of the same name counts as this user.
    pub(super) fn person(&mut self, person: &Person<'_>) -> Result<UserName, MigrationError> {
        let users = &self.ledger.state().users;
        let user = self
            .user_names
            .user(person.name, |name| !users.exists(name) || users.must_be_active(name).is_ok());
        let is_first = users.accounts().is_empty();
        self.report.rename(person.name, user.as_str());
        if self.ledger.state().users.exists(&user) {
            self.report.known += 1;
        } else {
            self.register(&user, person.is_bot)?;
            if is_first {
                self.report.administrator = Some(user.clone());
            }
        }
        let display_name = person
            .display_names
            .iter()
            .filter_map(|name| DisplayName::new(name).ok())
            .find(|name| !name.is_empty());
        if let Some(display_name) = display_name
            && self.ledger.state().users.display_name(&user).is_empty()
            && display_name.as_str() != user.as_str()
        {
            let set =
                self.record(Command::SetDisplayName { user: user.clone(), display_name }, self.start_ms);
            self.list(set, || format!("display name of {user}"))?;
        }
        if person.is_disabled {
            self.disabled.push(user.clone());
        }
        Ok(user)
    }

    /// Creates an account. No password matches the password of the account.
    fn register(&mut self, user: &UserName, is_bot: bool) -> Result<(), MigrationError> {
        if is_bot && let Some(by) = self.administrator() {
            match self.record(Command::RegisterBot { user: user.clone(), by }, self.start_ms) {
                Ok(_) => {
                    self.report.bots += 1;
                    return Ok(());
                }
                // The name looks like another name. Accounts of people may have such names after an import.
                Err(MigrationError::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        self.record(Command::Register { user: user.clone(), password: no_password() }, self.start_ms)?;
        self.report.users += 1;
        Ok(())
    }

    /// The first administrator who is not disabled. They own imported bots.
    pub(super) fn administrator(&self) -> Option<UserName> {
        let mut accounts = self.ledger.state().users.accounts().iter();
        accounts.find(|(_, account)| account.administrator && !account.disabled).map(|(user, _)| user.clone())
    }

    /// The event with this id. Its conversation counts as imported up to the event.
    pub(super) fn known(
        &self,
        conversation: &mut Imported,
        id: Uuid,
    ) -> Result<Option<Event<'static>>, MigrationError> {
        let event = self.ledger.event_by_id(id).map_err(MigrationError::Refused)?;
        let event = event.filter(|event| event.conversation() == conversation.place.conversation());
        if let Some(event) = &event {
            conversation.last_n = conversation.last_n.max(event.n);
        }
        Ok(event)
    }

    /// Imports a message. A text above the limit becomes several messages. Returns whether the message is
    /// stored now.
    pub(super) fn message(
        &mut self,
        conversation: &mut Imported,
        message: &Message,
    ) -> Result<bool, MigrationError> {
        let Message { sender, at, reply, .. } = message;
        let Some(to) = conversation.place.seen_by(sender) else {
            self.report.skip("message of another user in a direct conversation", 1);
            return Ok(false);
        };
        conversation.last_at = conversation.last_at.max(*at);
        let mut is_known = true;
        for (number, part) in (0_u64..).zip(parts(&message.text)) {
            let id = if number == 0 {
                message.id
            } else {
                derived(message.id, *at, &["part", &number.to_string()])
            };
            if self.known(conversation, id)?.is_some() {
                self.visit(conversation, sender);
                continue;
            }
            let Ok(text) = Text::new(part) else { continue };
            is_known = false;
            self.enter(conversation, sender, *at)?;
            let reply = self.replied(conversation, *reply)?;
            let send = Command::Send { user: sender.clone(), to: to.clone(), id, text, reply };
            let sent = self.record(send, *at);
            let Some(n) = self.list(sent, || format!("message of {sender} to {to}"))? else {
                return Ok(false);
            };
            conversation.last_n = n.unwrap_or(conversation.last_n);
            if number == 0 {
                self.report.messages += 1;
                self.report.replies += u64::from(reply.is_some());
            }
        }
        self.report.known += u64::from(is_known);
        Ok(true)
    }

    /// The number of the message that a message replies to. A missing message is counted.
    fn replied(
        &mut self,
        conversation: &mut Imported,
        reply: Option<Uuid>,
    ) -> Result<Option<u64>, MigrationError> {
        let Some(id) = reply else { return Ok(None) };
        let event = self.known(conversation, id)?;
        let n = event.filter(|event| event.body.is_content()).map(|event| event.n);
        let deleted = |n: &u64| {
            let amendments = self.ledger.state().channels.amendments(&conversation.place.conversation());
            amendments.and_then(|all| all.of(*n)).is_some_and(|amendment| amendment.deleted)
        };
        let n = n.filter(|n| !deleted(n));
        self.report.skip("reply mark of a message whose parent is missing", u64::from(n.is_none()));
        Ok(n)
    }

    /// Ends the import: disables the users that were disabled in the export, and makes all records durable.
    pub(super) fn end(&mut self) -> Result<(), MigrationError> {
        for user in std::mem::take(&mut self.disabled) {
            let Some(by) = self.administrator() else { break };
            let disable = Command::Disable { by, user: user.clone(), disabled: true };
            let disabled = self.record(disable, self.start_ms);
            self.list(disabled, || format!("disabled user {user}"))?;
        }
        self.sync()
    }

    /// Creates a code with which the first administrator sets a password. The code works for a day.
    pub fn administrator_code(&mut self) -> Result<Option<(UserName, String)>, MigrationError> {
        let Some(user) = self.administrator() else { return Ok(None) };
        let code = codes::random()
            .map_err(|_no_random_bytes| MigrationError::Refused(Detail::OutOfMemory.into()))?;
        let expires = self.now_ms.saturating_add(RESET_CODE_MS);
        let stored = ResetCode { digest: TokenDigest::of(&code), expires };
        let create = Command::CreateResetCode { by: user.clone(), user: user.clone(), code: stored };
        self.record(create, self.now_ms)?;
        self.sync()?;
        Ok(Some((user, code)))
    }

    /// The owner of a channel, who acts for the import.
    pub(super) fn actor(&self, place: &Place) -> Option<Actor> {
        let Conversation::Channel(channel) = place.conversation() else { return None };
        let members = &self.ledger.state().channels.channel(&channel).ok()?.members;
        let owner = members.iter().find(|(_, role)| **role == common::channels::Role::Owner);
        owner.map(|(user, _)| Actor { user: user.clone(), channel })
    }

    /// Whether `user` may write to the target.
    pub(super) fn is_member(&self, to: &Target, user: &UserName) -> bool {
        match to {
            Target::Channel(channel) => self.ledger.state().channels.membership(channel, user).is_ok(),
            Target::User(_) => true,
        }
    }
}

/// An id of a time in Unix milliseconds and of parts that identify an entry.
pub(super) fn id_of(at: u64, parts: &[&str]) -> Uuid {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let digest: [u8; 32] = hash.finalize().into();
    let mut bits = [0; 10];
    bits.iter_mut().zip(digest).for_each(|(byte, digest)| *byte = digest);
    uuid::Builder::from_unix_timestamp_millis(at, &bits).into_uuid()
}

/// The id of an entry that belongs to the entry `id`.
pub(super) fn derived(id: Uuid, at: u64, parts: &[&str]) -> Uuid {
    id_of(at, &[&[&*id.to_string()], parts].concat())
}

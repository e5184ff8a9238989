//! Imports users with SHA-256 password hashes, channels and messages from the files of an older chat.
//!
//! The files have no schema, so the import accepts several field names in English and Portuguese, and reports
//! the entries that it skips. Importing the same files again adds nothing.

use std::collections::{BTreeMap, HashMap};

use common::{ChannelName, DisplayName, Reason, Target, Text, UserName};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use uuid::Uuid;

use crate::domain::{Actor, Command};
use crate::services::passwords::legacy_hash;
use crate::storage::ledger::Ledger;

const NAME_FIELDS: [&str; 6] = ["user", "username", "name", "nome", "usuario", "login"];
const DISPLAY_NAME_FIELDS: [&str; 5] = ["display_name", "full_name", "real_name", "nome_completo", "apelido"];
const PASSWORD_FIELDS: [&str; 6] = ["password", "password_hash", "hash", "senha", "senha_hash", "pass"];
const CHANNEL_FIELDS: [&str; 4] = ["channel", "name", "nome", "canal"];
const MEMBER_FIELDS: [&str; 5] = ["members", "membros", "users", "usuarios", "subscribers"];
const FROM_FIELDS: [&str; 8] = ["from", "user", "username", "sender", "src", "de", "usuario", "autor"];
const TO_FIELDS: [&str; 7] = ["to", "channel", "canal", "dst", "para", "destino", "topic"];
const TEXT_FIELDS: [&str; 6] = ["text", "message", "msg", "mensagem", "content", "conteudo"];
const MESSAGES_FIELDS: [&str; 2] = ["messages", "mensagens"];
const TIME_FIELDS: [&str; 7] = ["at", "timestamp", "time", "ts", "data", "hora", "date"];

/// Some programs write this mark at the beginning of a file in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The maximum number of problems in the report. Further problems are only counted.
const PROBLEMS_MAX: usize = 100;

#[derive(Debug, Default, serde::Serialize)]
pub struct ImportReport {
    pub users: u64,
    pub channels: u64,
    pub messages: u64,
    /// The number of entries that existed already.
    pub known: u64,
    /// The number of skipped entries.
    pub skipped: u64,
    /// The reasons for the first skipped entries.
    pub problems: Vec<String>,
    /// The new administrator, if the import created the first account of the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub administrator: Option<UserName>,
}

/// The reason why a file contains nothing to import.
#[derive(Debug, Error)]
pub enum ImportError {
    #[error("it is empty")]
    Empty,
    #[error("it is not JSON: {0}")]
    NotJson(#[from] serde_json::Error),
    #[error("it contains neither a list nor a map")]
    NeitherListNorMap,
}

pub struct Import<'a> {
    ledger: &'a mut Ledger,
    sync: &'a mut dyn FnMut(&mut Ledger),
    now_ms: u64,
    /// The number of imported messages whose line has this SHA-256.
    equal_messages: HashMap<[u8; 32], u64>,
    pub report: ImportReport,
}

impl<'a> Import<'a> {
    /// Creates an import. It calls `sync` when the ledger [is full](Ledger::is_full). `sync` must make the
    /// records of the ledger durable.
    pub fn new(ledger: &'a mut Ledger, sync: &'a mut dyn FnMut(&mut Ledger), now_ms: u64) -> Self {
        Self { ledger, sync, now_ms, equal_messages: HashMap::new(), report: ImportReport::default() }
    }

    /// Imports users: a list of objects, or a map from names to hashes or objects.
    pub fn users(&mut self, json: &[u8]) -> Result<(), ImportError> {
        for (key, entry) in entries(json, &["users", "usuarios"])? {
            let name = key
                .as_deref()
                .or_else(|| text_of(&entry, &NAME_FIELDS).or(entry.as_str()))
                .unwrap_or_default();
            let hash = text_of(&entry, &PASSWORD_FIELDS).or(entry.as_str().filter(|_| key.is_some()));
            let user = UserName::new(name.trim_start_matches('@'));
            match (user, hash.and_then(legacy_hash)) {
                (Err(error), _) => self.skip(format!("user {name:?}: {error}")),
                (_, None) => {
                    self.skip(format!("user {name:?}: no password hash (SHA-256, 64 hexadecimal digits)"))
                }
                (Ok(user), Some(password)) => {
                    let is_first = self.ledger.state().users.accounts().is_empty();
                    let registered =
                        self.record(Command::Register { user: user.clone(), password }, self.now_ms);
                    if is_first && registered.is_ok() {
                        self.report.administrator = Some(user.clone());
                    }
                    if let (true, Some(name)) = (registered.is_ok(), text_of(&entry, &DISPLAY_NAME_FIELDS)) {
                        self.display_name(user, name);
                    }
                    self.count(registered, |report| &mut report.users, || format!("user {name:?}"));
                }
            }
        }
        Ok(())
    }

    /// Sets the display name of an imported user. A display name that papo refuses is skipped.
    fn display_name(&mut self, user: UserName, name: &str) {
        let named = DisplayName::new(name).map_err(Into::into).and_then(|display_name| {
            self.record(Command::SetDisplayName { user: user.clone(), display_name }, self.now_ms)
        });
        if let Err(error) = named {
            self.skip(format!("display name of {user}: {error}"));
        }
    }

    /// Imports channels: a list of names or objects, or a map from names to members or objects. The first
    /// member that has an account becomes the owner.
    pub fn channels(&mut self, json: &[u8]) -> Result<(), ImportError> {
        for (key, entry) in entries(json, &["channels", "canais"])? {
            let name = key
                .as_deref()
                .or_else(|| text_of(&entry, &CHANNEL_FIELDS).or(entry.as_str()))
                .unwrap_or_default();
            match channel_named(name) {
                Err(problem) => self.skip(problem),
                Ok(channel) => {
                    let channel = self.ledger.state().channels.first_name(&channel).clone();
                    let members = field(&entry, &MEMBER_FIELDS).unwrap_or(&entry).as_array().cloned();
                    let names = members.unwrap_or_default();
                    let members = names.iter().filter_map(|name| UserName::new(name.as_str()?).ok());
                    let members: Vec<_> =
                        members.filter(|user| self.ledger.state().users.exists(user)).collect();
                    self.channel(&channel, &members);
                }
            }
        }
        Ok(())
    }

    /// Imports messages, the oldest first: one JSON object per line, or a JSON list. The sender of a message
    /// to a channel becomes a member of the channel.
    pub fn messages(&mut self, file: &[u8]) -> Result<(), ImportError> {
        if let Some(list) = list_of_messages(file) {
            for (number, message) in (1..).zip(list) {
                if let Err(problem) = self.message(message.to_string().as_bytes(), &message) {
                    self.skip(format!("message {number}: {problem}"));
                }
            }
            return Ok(());
        }
        let file = without_mark(file)?;
        let lines = (1..).zip(file.split(|byte| *byte == b'\n'));
        let mut first_error = None;
        let mut is_json = false;
        for (number, line) in lines.filter(|(_, line)| !line.trim_ascii().is_empty()) {
            let outcome = match serde_json::from_slice(line) {
                Ok(message) => {
                    is_json = true;
                    self.message(line, &message)
                }
                Err(error) => {
                    let sentence = error.to_string();
                    first_error.get_or_insert(error);
                    Err(sentence)
                }
            };
            if let Err(problem) = outcome {
                self.skip(format!("message in line {number}: {problem}"));
            }
        }
        first_error.filter(|_| !is_json).map_or(Ok(()), |error| Err(error.into()))
    }

    /// Imports a message. `line` is its JSON text.
    fn message(&mut self, line: &[u8], message: &Value) -> Result<(), String> {
        let needs = |fields: &[&str], name: &str| text_of(message, fields).ok_or(format!("it has no {name}"));
        let user = UserName::new(needs(&FROM_FIELDS, "sender")?).map_err(|error| error.to_string())?;
        if !self.ledger.state().users.exists(&user) {
            return Err(format!("there is no user {user}"));
        }
        let text = Text::new(needs(&TEXT_FIELDS, "text")?).map_err(|error| error.to_string())?;
        let to = self.target(needs(&TO_FIELDS, "channel or receiver")?)?;
        let time = field(message, &TIME_FIELDS).and_then(unix_ms).map(|at| at.min(self.now_ms));
        let at = time.unwrap_or(self.now_ms);
        let id = self.id_of(line, time);
        if self.ledger.sent_before(id, &user).map_err(|error| error.message)?.is_some() {
            self.report.known += 1;
            return Ok(());
        }
        if let Target::Channel(channel) = &to {
            self.record(Command::Join(Actor { user: user.clone(), channel: channel.clone() }), at)
                .map_err(|error| error.message)?;
        }
        self.record(Command::Send { user, to, id, text, reply: None }, at).map_err(|error| error.message)?;
        self.report.messages += 1;
        Ok(())
    }

    /// The target of a message. `name` is a target such as `#general`, the name of a user, or the name of a
    /// channel. Creates the channel if it does not exist.
    fn target(&mut self, name: &str) -> Result<Target, String> {
        if let Ok(target @ Target::User(_)) = Target::new(name) {
            return Ok(target);
        }
        if let Ok(user) = UserName::new(name)
            && self.ledger.state().users.exists(&user)
        {
            return Ok(Target::User(user));
        }
        let channel = channel_named(name)?;
        let channel = self.ledger.state().channels.first_name(&channel).clone();
        if self.ledger.state().channels.channel(&channel).is_err() {
            self.channel(&channel, &[]);
        }
        Ok(Target::Channel(channel))
    }

    fn channel(&mut self, channel: &ChannelName, members: &[UserName]) {
        let first_user = self.ledger.state().users.list(None).next().map(|info| info.user);
        let Some(owner) = members.first().cloned().or(first_user) else {
            return self.skip(format!("channel {channel}: it has no owner, because no user exists"));
        };
        let actor = |user: &UserName| Actor { user: user.clone(), channel: channel.clone() };
        let created = self.record(Command::CreateChannel(actor(&owner), false), self.now_ms);
        self.count(created, |report| &mut report.channels, || format!("channel {channel}"));
        for member in members {
            if let Err(error) = self.record(Command::Join(actor(member)), self.now_ms) {
                self.skip(format!("{member} in {channel}: {error}"));
            }
        }
    }

    fn record(&mut self, command: Command<'_>, at: u64) -> Result<(), common::Error> {
        if self.ledger.is_full() {
            (self.sync)(self.ledger);
        }
        self.ledger.record(command, at).map(drop)
    }

    fn count(
        &mut self,
        recorded: Result<(), common::Error>,
        counter: impl Fn(&mut ImportReport) -> &mut u64,
        entry_name: impl Fn() -> String,
    ) {
        match recorded {
            Ok(()) => *counter(&mut self.report) += 1,
            Err(error) if error.reason() == Some(Reason::NameTaken) => self.report.known += 1,
            Err(error) => self.skip(format!("{}: {error}", entry_name())),
        }
    }

    fn skip(&mut self, problem: String) {
        self.report.skipped += 1;
        if self.report.problems.len() < PROBLEMS_MAX {
            self.report.problems.push(problem);
        }
    }

    /// The id of a message, made of its time and bits of the SHA-256 of its line. The n-th occurrence of a
    /// line always gets the same id, and each occurrence another id. A message without a time gets the time
    /// 0, because its id must be the same in the next import.
    fn id_of(&mut self, line: &[u8], time: Option<u64>) -> Uuid {
        let count = self.equal_messages.entry(Sha256::digest(line).into()).or_default();
        let mut hash = Sha256::new_with_prefix(line);
        if *count > 0 {
            hash.update(count.to_be_bytes());
        }
        *count += 1;
        let digest: [u8; 32] = hash.finalize().into();
        let mut bits = [0; 10];
        bits.iter_mut().zip(digest).for_each(|(byte, digest)| *byte = digest);
        uuid::Builder::from_unix_timestamp_millis(time.unwrap_or(0), &bits).into_uuid()
    }
}

/// The content of a file without its byte-order mark.
fn without_mark(file: &[u8]) -> Result<&[u8], ImportError> {
    let file = file.strip_prefix(BYTE_ORDER_MARK).unwrap_or(file);
    if file.trim_ascii().is_empty() { Err(ImportError::Empty) } else { Ok(file) }
}

/// The entries of a file. The file, or its field with one of the names `fields`, is a list of entries or a
/// map from keys to entries.
fn entries(file: &[u8], fields: &[&str]) -> Result<Vec<(Option<String>, Value)>, ImportError> {
    let file: Value = serde_json::from_slice(without_mark(file)?)?;
    match field(&file, fields).unwrap_or(&file).clone() {
        Value::Array(entries) => Ok(entries.into_iter().map(|entry| (None, entry)).collect()),
        Value::Object(entries) => {
            let sorted: BTreeMap<_, _> = entries.into_iter().collect();
            Ok(sorted.into_iter().map(|(key, entry)| (Some(key), entry)).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Err(ImportError::NeitherListNorMap)
        }
    }
}

/// The messages of a file that is one JSON list, or an object with a list of messages. `None` for a file with
/// one message per line.
fn list_of_messages(file: &[u8]) -> Option<Vec<Value>> {
    let file: Value = serde_json::from_slice(without_mark(file).ok()?).ok()?;
    field(&file, &MESSAGES_FIELDS).unwrap_or(&file).as_array().cloned()
}

fn field<'v>(value: &'v Value, names: &[&str]) -> Option<&'v Value> {
    names.iter().find_map(|name| value.get(name))
}

fn text_of<'v>(value: &'v Value, names: &[&str]) -> Option<&'v str> {
    field(value, names).and_then(Value::as_str)
}

fn channel_named(name: &str) -> Result<ChannelName, String> {
    let bare = name.trim().trim_start_matches('#');
    // Other chats allow spaces in names.
    let name = format!("#{}", bare.split_whitespace().collect::<Vec<_>>().join("-"));
    ChannelName::new(&name).map_err(|error| format!("channel {bare:?}: {error}"))
}

/// Parses a time: seconds or milliseconds since 1970, as a number or in digits, or a date in ISO 8601.
fn unix_ms(time: &Value) -> Option<u64> {
    /// A greater number is in milliseconds. In seconds, it would be after the year 5000.
    const SECONDS_MAX: f64 = 1e11;
    if let Some(text) = time.as_str()
        && text.parse::<f64>().is_err()
    {
        let text = text.trim().replacen(' ', "T", 1);
        let utc = text.parse::<jiff::Timestamp>().ok();
        let local =
            || text.parse::<jiff::civil::DateTime>().ok()?.in_tz("UTC").ok().map(|time| time.timestamp());
        return u64::try_from(utc.or_else(local)?.as_millisecond()).ok();
    }
    let number = time.as_f64().or_else(|| time.as_str()?.parse().ok())?;
    let ms = if number < SECONDS_MAX { number * 1000.0 } else { number };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked: a positive time")]
    (ms.is_finite() && ms >= 0.0).then_some(ms as u64)
}

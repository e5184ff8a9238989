//! Computes the state of all messages from the events alone, and compares this state with the server's
//! replies.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use common::amendments::AmendedFields;
use common::limits::MENTIONS_KEPT_MAX;
use common::mentions::{Mention, mentions};
use common::{Body, Conversation, Event, FileInfo, UserName};
use disk::Disk as _;
use disk::faulty::{FaultyDisk, Loss};
use serde_json::{Value, json};
use server::domain::State;
use server::maintenance::redact::Request;
use server::services::files::folder::content;
use server::storage::commit_log::CommitMode;
use server::storage::data_folder::Store;
use server::storage::ledger::{Ledger, Sizes};

use super::stored::{Stored, fingerprint};
use super::{Check, Violation, ensure};
use crate::node::BEGIN_UNIX_MS;

/// All messages and files of the log, with their amendments.
#[derive(Default)]
pub(crate) struct ExpectedMessages {
    messages: BTreeMap<(Conversation, u64), ExpectedMessage>,
    /// The number of the event with which each current member joined.
    joined_n: BTreeMap<(Conversation, UserName), u64>,
}

/// A message or a file with its amendments.
#[derive(Default)]
struct ExpectedMessage {
    /// All versions of the text, oldest first; empty for a file.
    texts: Vec<String>,
    file: Option<FileInfo>,
    is_deleted: bool,
    /// Each emoji with the users who reacted with it, in order.
    reactions: Vec<(String, Vec<UserName>)>,
    /// The mentions in the original text, including users who are not members.
    mentioned: Vec<Mention>,
    from: Option<UserName>,
}

impl ExpectedMessages {
    pub(crate) fn of(stored: &Stored) -> Self {
        let mut all = Self::default();
        for (conversation, events) in stored.events() {
            events.into_iter().for_each(|event| all.take(conversation, event));
        }
        all
    }

    fn take(&mut self, conversation: &Conversation, event: Event<'_>) {
        let key = |n| (conversation.clone(), n);
        let member = (conversation.clone(), event.from.clone());
        if let Some(of) = event.body.amends() {
            self.messages.entry(key(of)).or_default().change(&event.from, &event.body);
        } else if matches!(event.body, Body::Created { .. } | Body::Joined) {
            self.joined_n.insert(member, event.n);
        } else if matches!(event.body, Body::Left) {
            self.joined_n.remove(&member);
        } else if let Body::Message { text, .. } = &event.body {
            let (texts, mentioned) = (vec![text.as_str().to_owned()], mentions(text.as_str()).collect());
            let message =
                ExpectedMessage { texts, mentioned, from: Some(event.from), ..ExpectedMessage::default() };
            self.messages.insert(key(event.n), message);
        } else if let Body::File { file, .. } = event.body {
            let message =
                ExpectedMessage { file: Some(*file), from: Some(event.from), ..ExpectedMessage::default() };
            self.messages.insert(key(event.n), message);
        }
    }

    pub(super) fn files(&self, conversation: &Conversation) -> Vec<(u64, FileInfo, bool)> {
        let in_conversation = self.messages.iter().filter(|((key, _), _)| key == conversation);
        in_conversation
            .filter_map(|((_, n), message)| Some((*n, message.file.clone()?, message.is_deleted)))
            .collect()
    }

    /// History shows the text of the last edit of each message, and the earlier texts.
    pub(crate) fn history_shows_the_last_edit(&self, conversation: &Conversation, page: &[String]) -> Check {
        for line in page {
            let (event, amended) = read(line)?;
            let Some(message) = self.messages.get(&(conversation.clone(), event.n)) else { continue };
            let shown = if let Body::Message { text, .. } = &event.body { Some(text.as_str()) } else { None };
            let last = message.texts.last().filter(|_| !message.is_deleted).map(String::as_str);
            let earlier: Vec<_> =
                amended.edits.iter().map(|version| version.text.clone().into_owned()).collect();
            let is_edited = message.texts.len() > 1 && !message.is_deleted;
            let is_correct = shown == last && amended.edited.is_some() == is_edited;
            // The number of earlier texts is limited, and the newest texts are shown.
            let earlier_is_correct =
                !is_edited || (!earlier.is_empty() && all_but_last(&message.texts).ends_with(&earlier));
            ensure(is_correct && earlier_is_correct, "history_shows_the_last_edit", || {
                format!(
                    "{conversation} {} has the texts {:?}, and is shown as {line}",
                    event.n, message.texts
                )
            })?;
        }
        Ok(())
    }

    /// History shows all reactions that were not removed.
    pub(crate) fn history_shows_reactions(&self, conversation: &Conversation, page: &[String]) -> Check {
        for line in page {
            let (event, amended) = read(line)?;
            let Some(message) = self.messages.get(&(conversation.clone(), event.n)) else { continue };
            let shown = amended.reactions.iter();
            let shown = shown.map(|reaction| (reaction.emoji.as_str().to_owned(), reaction.users.clone()));
            ensure(shown.eq(message.reactions.iter().cloned()), "history_shows_reactions", || {
                format!("{conversation} {} has {:?}, and is shown as {line}", event.n, message.reactions)
            })?;
        }
        Ok(())
    }

    /// No line contains any version of a deleted text.
    pub(crate) fn deleted_is_hidden(&self, lines: &[String]) -> Check {
        let texts: BTreeSet<_> =
            self.deleted().flat_map(|message| &message.texts).map(String::as_str).collect();
        lines.iter().try_for_each(|line| {
            let found = quoted(line).find(|text| texts.contains(text));
            ensure(found.is_none(), "deleted_is_hidden", || {
                format!("{found:?} was deleted, and is in {line}")
            })
        })
    }

    /// The server lists the mentions of a user since the user joined, except those in deleted messages.
    pub(crate) fn mentions_are_listed(&self, user: &UserName, lines: &[String]) -> Check {
        let mut listed = BTreeSet::new();
        for line in lines {
            let (event, _) = read(line)?;
            listed.insert((event.conversation(), event.n));
        }
        self.deleted_is_hidden(lines)?;
        let expected = self
            .messages
            .iter()
            .filter(|(key, message)| message.is_listed_for(user, self.joined_at(key, user), key.1));
        let expected: BTreeSet<_> = expected.map(|(key, _)| key.clone()).collect();
        // The number of listed mentions is limited. The oldest mentions of each conversation are dropped.
        let is_bounded = expected.len() >= MENTIONS_KEPT_MAX && listed.is_subset(&expected);
        ensure(listed == expected || is_bounded, "mentions_are_listed", || {
            let (missing, wrong) = (expected.difference(&listed), listed.difference(&expected));
            format!(
                "the mentions of {user} lack {:?}, and wrongly contain {:?}",
                missing.collect::<Vec<_>>(),
                wrong.collect::<Vec<_>>()
            )
        })
    }

    /// The number of the event with which the user joined a conversation; `None` if the user is not a member.
    fn joined_at(&self, (conversation, _): &(Conversation, u64), user: &UserName) -> Option<u64> {
        match conversation {
            Conversation::Channel(_) => self.joined_n.get(&(conversation.clone(), user.clone())).copied(),
            Conversation::Direct(first, second) => (user == first || user == second).then_some(0),
        }
    }

    fn deleted(&self) -> impl Iterator<Item = &ExpectedMessage> {
        self.messages.values().filter(|message| message.is_deleted)
    }

    /// After `papo log redact` of all deleted messages, their texts and files are not on the disk, and the
    /// state is unchanged.
    pub(crate) fn redacted_is_removed(&self, disk: &FaultyDisk, sizes: Sizes, before: &str) -> Check {
        let copy = disk.after_crash(Loss::Nothing);
        copy.set_room(None);
        let store = || Store::on(Arc::new(copy.clone()));
        let wrong = |what| Violation { checker: "redacted_is_removed", what };
        let mut numbers: BTreeMap<&Conversation, BTreeSet<u64>> = BTreeMap::new();
        for ((conversation, n), _) in self.messages.iter().filter(|(_, message)| message.is_deleted) {
            numbers.entry(conversation).or_default().insert(*n);
        }
        for (conversation, numbers) in numbers {
            let request = Request { conversation: conversation.clone(), numbers, force: false };
            request.run_on(&store(), BEGIN_UNIX_MS).map_err(|error| wrong(error.to_string()))?;
        }
        let texts: BTreeSet<_> =
            self.deleted().flat_map(|message| &message.texts).map(String::as_str).collect();
        let referenced: BTreeSet<_> =
            self.messages.values().filter(|message| !message.is_deleted).filter_map(hash).collect();
        let unreferenced: BTreeSet<_> =
            self.deleted().filter_map(hash).filter(|hash| !referenced.contains(hash)).collect();
        let unreferenced_digits: BTreeSet<_> = unreferenced.iter().map(ToString::to_string).collect();
        for name in copy.list("log").unwrap_or_default() {
            let bytes = copy.read(&format!("log/{name}")).unwrap_or_default();
            let bytes = String::from_utf8_lossy(&bytes);
            let found =
                quoted(&bytes).find(|text| texts.contains(text) || unreferenced_digits.contains(*text));
            ensure(found.is_none(), "redacted_is_removed", || format!("{found:?} is still in log/{name}"))?;
        }
        let uploads = uploads(&copy);
        for hash in unreferenced.iter().filter(|hash| !uploads.contains(&hash.to_string())) {
            let exists = copy.len(&content(hash)).is_ok();
            ensure(!exists, "redacted_is_removed", || format!("{} still exists", content(hash)))?;
        }
        let ledger = Ledger::open_with(store(), &CommitMode::WhenPolled, sizes);
        let after =
            ledger.map(|ledger| fingerprint(ledger.state())).unwrap_or_else(|error| error.to_string());
        ensure(after == before, "redacted_is_removed", || format!("the state was\n{before}\nand is\n{after}"))
    }
}

fn hash(message: &ExpectedMessage) -> Option<common::ContentHash> {
    message.file.as_ref().map(|file| file.sha256)
}

/// The text of the metadata files of all uploads. Each contains the hash of the uploaded content.
fn uploads(disk: &FaultyDisk) -> String {
    let names = disk.list("files/uploads").unwrap_or_default();
    let metadata = names.iter().filter_map(|name| disk.read(&format!("files/uploads/{name}")).ok());
    metadata.map(|file| String::from_utf8_lossy(&file).into_owned()).collect()
}

impl ExpectedMessage {
    fn change(&mut self, by: &UserName, body: &Body<'_>) {
        if let Body::Edited { text, .. } = body {
            self.texts.push(text.as_str().to_owned());
        } else if let Body::Deleted { .. } = body {
            self.is_deleted = true;
            self.reactions.clear();
        } else if let Body::Reacted { emoji, .. } = body {
            match self.reactions.iter_mut().find(|(known, _)| known == emoji.as_str()) {
                Some((_, users)) => users.push(by.clone()),
                None => self.reactions.push((emoji.as_str().to_owned(), vec![by.clone()])),
            }
        } else if let Body::Unreacted { emoji, .. } = body {
            let same = self.reactions.iter_mut().filter(|(known, _)| known == emoji.as_str());
            same.for_each(|(_, users)| users.retain(|user| user != by));
            self.reactions.retain(|(_, users)| !users.is_empty());
        }
    }

    fn is_listed_for(&self, user: &UserName, joined_n: Option<u64>, n: u64) -> bool {
        let mentions_user = |mention: &Mention| match mention {
            Mention::Here => true,
            Mention::User(named) => named == user,
        };
        let is_member = joined_n.is_some_and(|joined_n| n > joined_n);
        is_member
            && !self.is_deleted
            && self.from.as_ref() != Some(user)
            && self.mentioned.iter().any(mentions_user)
    }
}

fn all_but_last(texts: &[String]) -> &[String] {
    texts.split_last().map_or(&[], |(_, before)| before)
}

/// Parses a line of a page into the event and its amendments.
fn read(line: &str) -> Result<(Event<'_>, AmendedFields<'_>), Violation> {
    let read = serde_json::from_str(line).and_then(|event| Ok((event, serde_json::from_str(line)?)));
    read.map_err(|error| Violation { checker: "pages_are_events", what: format!("{line}: {error}") })
}

/// The quoted strings of a line. No text in a simulation contains a quotation mark.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('"').skip(1).step_by(2)
}

/// Each conversation with a user who may read it.
pub(crate) fn readers(state: &State) -> Vec<(Conversation, UserName)> {
    let channels = state.channels.all().iter();
    let channels = channels.filter_map(|(name, channel)| {
        Some((Conversation::Channel(name.clone()), channel.members.keys().next()?.clone()))
    });
    let direct = state
        .channels
        .all_direct()
        .map(|((first, second), _)| (Conversation::Direct(first.clone(), second.clone()), second.clone()));
    let mut all: Vec<_> = channels.chain(direct).collect();
    all.sort();
    all
}

/// Reads the whole history of each conversation, with the earlier texts of edited messages.
pub(crate) fn read_all(
    readers: &[(Conversation, UserName)],
    mut ask: impl FnMut(&UserName, &str, Value) -> Result<Value, String>,
) -> Result<Vec<(Conversation, Vec<String>)>, Violation> {
    let mut pages = Vec::new();
    for (conversation, reader) in readers {
        let mut lines: Vec<String> = Vec::new();
        loop {
            let target = conversation.seen_by(reader);
            let params = json!({ "conversation": target, "after": lines.len(), "limit": 500, "edits": true });
            let page = events(&ask(reader, "message.history", params))?;
            if page.is_empty() {
                break;
            }
            lines.extend(page);
        }
        pages.push((conversation.clone(), lines));
    }
    Ok(pages)
}

pub(crate) fn all_mentions(
    mut ask: impl FnMut(Value) -> Result<Value, String>,
) -> Result<Vec<String>, Violation> {
    let (mut lines, mut before) = (Vec::new(), Value::Null);
    loop {
        let answer = ask(json!({ "before": before }));
        lines.extend(events(&answer)?);
        before = answer.map(|answer| answer["before"].clone()).unwrap_or_default();
        if before.is_null() {
            return Ok(lines);
        }
    }
}

fn events(answer: &Result<Value, String>) -> Result<Vec<String>, Violation> {
    let wrong = |what: &str| Violation { checker: "pages_are_events", what: what.to_owned() };
    let answer = answer.as_ref().map_err(|error| wrong(error))?;
    let events = answer["events"].as_array().ok_or_else(|| wrong(&answer.to_string()))?;
    Ok(events.iter().map(Value::to_string).collect())
}

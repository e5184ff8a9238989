//! What became of messages: computed here from the events alone, and compared with what the server shows.

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

/// Every message and every file that was ever sent.
#[derive(Default)]
pub(crate) struct Amended {
    said: BTreeMap<(Conversation, u64), Said>,
    /// With which event somebody became the member that they are.
    since: BTreeMap<(Conversation, UserName), u64>,
}

/// A message or a file, and what became of it.
#[derive(Default)]
struct Said {
    /// What it said, first to last; none of a file.
    texts: Vec<String>,
    file: Option<FileInfo>,
    is_deleted: bool,
    /// Each emoji and who reacted with it, in the order in which they did.
    reactions: Vec<(String, Vec<UserName>)>,
    /// Who is mentioned, members or not.
    mentioned: Vec<Mention>,
    from: Option<UserName>,
}

impl Amended {
    pub(crate) fn of(stored: &Stored) -> Self {
        let mut all = Self::default();
        for (conversation, events) in stored.events() {
            events.into_iter().for_each(|event| all.take(conversation, event));
        }
        all
    }

    fn take(&mut self, conversation: &Conversation, event: Event<'_>) {
        let place = |n| (conversation.clone(), n);
        let member = (conversation.clone(), event.from.clone());
        if let Some(of) = event.body.amends() {
            self.said.entry(place(of)).or_default().change(&event.from, &event.body);
        } else if matches!(event.body, Body::Created { .. } | Body::Joined) {
            self.since.insert(member, event.n);
        } else if matches!(event.body, Body::Left) {
            self.since.remove(&member);
        } else if let Body::Message { text, .. } = &event.body {
            let (texts, mentioned) = (vec![text.as_str().to_owned()], mentions(text.as_str()).collect());
            let said = Said { texts, mentioned, from: Some(event.from), ..Said::default() };
            self.said.insert(place(event.n), said);
        } else if let Body::File { file, .. } = event.body {
            let said = Said { file: Some(*file), from: Some(event.from), ..Said::default() };
            self.said.insert(place(event.n), said);
        }
    }

    /// The files of a conversation, and whether they were deleted.
    pub(super) fn files(&self, conversation: &Conversation) -> Vec<(u64, FileInfo, bool)> {
        let here = self.said.iter().filter(|((place, _), _)| place == conversation);
        here.filter_map(|((_, n), said)| Some((*n, said.file.clone()?, said.is_deleted))).collect()
    }

    /// History shows of each message what its last edit says.
    pub(crate) fn history_shows_the_last_edit(&self, conversation: &Conversation, page: &[String]) -> Check {
        for line in page {
            let (event, present) = read(line)?;
            let Some(said) = self.said.get(&(conversation.clone(), event.n)) else { continue };
            let shown = if let Body::Message { text, .. } = &event.body { Some(text.as_str()) } else { None };
            let last = said.texts.last().filter(|_| !said.is_deleted).map(String::as_str);
            let earlier: Vec<_> =
                present.edits.iter().map(|version| version.text.clone().into_owned()).collect();
            let is_edited = said.texts.len() > 1 && !said.is_deleted;
            let is_so = shown == last && present.edited.is_some() == is_edited;
            // Of very many, the newest are shown.
            let is_kept = !is_edited || (!earlier.is_empty() && before_last(&said.texts).ends_with(&earlier));
            ensure(is_so && is_kept, "history_shows_the_last_edit", || {
                format!("{conversation} {} says {:?}, and is shown as {line}", event.n, said.texts)
            })?;
        }
        Ok(())
    }

    /// History shows who has reacted, and who has not taken it back.
    pub(crate) fn history_shows_reactions(&self, conversation: &Conversation, page: &[String]) -> Check {
        for line in page {
            let (event, present) = read(line)?;
            let Some(said) = self.said.get(&(conversation.clone(), event.n)) else { continue };
            let shown = present.reactions.iter();
            let shown = shown.map(|one| (one.emoji.as_str().to_owned(), one.users.clone()));
            ensure(shown.eq(said.reactions.iter().cloned()), "history_shows_reactions", || {
                format!("{conversation} {} has {:?}, and is shown as {line}", event.n, said.reactions)
            })?;
        }
        Ok(())
    }

    /// What was deleted, in none of its versions, is told to anybody.
    pub(crate) fn deleted_is_gone(&self, lines: &[String]) -> Check {
        let texts: BTreeSet<_> = self.deleted().flat_map(|said| &said.texts).map(String::as_str).collect();
        lines.iter().try_for_each(|line| {
            let found = quoted(line).find(|text| texts.contains(text));
            ensure(found.is_none(), "deleted_is_gone", || {
                format!("{found:?} was deleted, and is told in {line}")
            })
        })
    }

    /// A user's mentions are those that were said to them since they came, and were not taken back.
    pub(crate) fn mentions_are_listed(&self, user: &UserName, lines: &[String]) -> Check {
        let mut listed = BTreeSet::new();
        for line in lines {
            let (event, _) = read(line)?;
            listed.insert((event.conversation(), event.n));
        }
        self.deleted_is_gone(lines)?;
        let due = self
            .said
            .iter()
            .filter(|(place, said)| said.speaks_to(user, self.since_of(place, user), place.1));
        let due: BTreeSet<_> = due.map(|(place, _)| place.clone()).collect();
        // Beyond the bound the oldest give way, conversation by conversation.
        let is_bounded = due.len() >= MENTIONS_KEPT_MAX && listed.is_subset(&due);
        ensure(listed == due || is_bounded, "mentions_are_listed", || {
            let (missing, wrong) = (due.difference(&listed), listed.difference(&due));
            format!(
                "{user} is not told of {:?}, and wrongly of {:?}",
                missing.collect::<Vec<_>>(),
                wrong.collect::<Vec<_>>()
            )
        })
    }

    /// With which event a user's part in a conversation began; `None` when they have none.
    fn since_of(&self, (conversation, _): &(Conversation, u64), user: &UserName) -> Option<u64> {
        match conversation {
            Conversation::Channel(_) => self.since.get(&(conversation.clone(), user.clone())).copied(),
            Conversation::Direct(one, other) => (user == one || user == other).then_some(0),
        }
    }

    fn deleted(&self) -> impl Iterator<Item = &Said> {
        self.said.values().filter(|said| said.is_deleted)
    }

    /// After `papo log redact` for all that was deleted, none of it is in the log, nor on the disk; and the state is as it
    /// was.
    pub(crate) fn redacted_is_nowhere(&self, disk: &FaultyDisk, sizes: Sizes, before: &str) -> Check {
        let copy = disk.after_crash(Loss::Nothing);
        copy.set_room(None);
        let store = || Store::on(Arc::new(copy.clone()));
        let wrong = |what| Violation { checker: "redacted_is_nowhere", what };
        let mut numbers: BTreeMap<&Conversation, BTreeSet<u64>> = BTreeMap::new();
        for ((conversation, n), _) in self.said.iter().filter(|(_, said)| said.is_deleted) {
            numbers.entry(conversation).or_default().insert(*n);
        }
        for (conversation, numbers) in numbers {
            let request = Request { conversation: conversation.clone(), numbers, force: false };
            request.run_on(&store(), BEGIN_UNIX_MS).map_err(|error| wrong(error.to_string()))?;
        }
        let texts: BTreeSet<_> = self.deleted().flat_map(|said| &said.texts).map(String::as_str).collect();
        let kept: BTreeSet<_> = self.said.values().filter(|said| !said.is_deleted).filter_map(hash).collect();
        let gone: BTreeSet<_> = self.deleted().filter_map(hash).filter(|hash| !kept.contains(hash)).collect();
        let gone_digits: BTreeSet<_> = gone.iter().map(ToString::to_string).collect();
        for name in copy.list("log").unwrap_or_default() {
            let bytes = copy.read(&format!("log/{name}")).unwrap_or_default();
            let bytes = String::from_utf8_lossy(&bytes);
            let found = quoted(&bytes).find(|text| texts.contains(text) || gone_digits.contains(*text));
            ensure(found.is_none(), "redacted_is_nowhere", || format!("{found:?} is still in log/{name}"))?;
        }
        let uploads = uploads(&copy);
        for hash in gone.iter().filter(|hash| !uploads.contains(&hash.to_string())) {
            let is_there = copy.len(&content(hash)).is_ok();
            ensure(!is_there, "redacted_is_nowhere", || format!("{} is still there", content(hash)))?;
        }
        let ledger = Ledger::open_with(store(), &CommitMode::WhenPolled, sizes);
        let after =
            ledger.map(|ledger| fingerprint(ledger.state())).unwrap_or_else(|error| error.to_string());
        ensure(after == before, "redacted_is_nowhere", || format!("the state was\n{before}\nand is\n{after}"))
    }
}

fn hash(said: &Said) -> Option<common::ContentHash> {
    said.file.as_ref().map(|file| file.sha256)
}

/// The notes of all uploads: they hold the hashes that they are going to need.
fn uploads(disk: &FaultyDisk) -> String {
    let names = disk.list("files/uploads").unwrap_or_default();
    let notes = names.iter().filter_map(|name| disk.read(&format!("files/uploads/{name}")).ok());
    notes.map(|note| String::from_utf8_lossy(&note).into_owned()).collect()
}

impl Said {
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

    fn speaks_to(&self, user: &UserName, since: Option<u64>, n: u64) -> bool {
        let is_meant = |mention: &Mention| match mention {
            Mention::Here => true,
            Mention::User(named) => named == user,
        };
        let is_there = since.is_some_and(|since| n > since);
        is_there
            && !self.is_deleted
            && self.from.as_ref() != Some(user)
            && self.mentioned.iter().any(is_meant)
    }
}

/// All but the last one.
fn before_last(texts: &[String]) -> &[String] {
    texts.split_last().map_or(&[], |(_, before)| before)
}

/// A line of a page: the event, and what is added to it.
fn read(line: &str) -> Result<(Event<'_>, AmendedFields<'_>), Violation> {
    let read = serde_json::from_str(line).and_then(|event| Ok((event, serde_json::from_str(line)?)));
    read.map_err(|error| Violation { checker: "pages_are_events", what: format!("{line}: {error}") })
}

/// What stands between quotation marks. Nobody says any in a simulation.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('"').skip(1).step_by(2)
}

/// Each conversation and somebody who may read it.
pub(crate) fn readers(state: &State) -> Vec<(Conversation, UserName)> {
    let channels = state.channels.all().iter();
    let channels = channels.filter_map(|(name, channel)| {
        Some((Conversation::Channel(name.clone()), channel.members.keys().next()?.clone()))
    });
    let direct = state
        .channels
        .all_direct()
        .map(|((one, other), _)| (Conversation::Direct(one.clone(), other.clone()), other.clone()));
    let mut all: Vec<_> = channels.chain(direct).collect();
    all.sort();
    all
}

/// All of history, as somebody who may read it is told: the lines of each conversation, with what edited messages said
/// before.
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

/// All mentions of a user.
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

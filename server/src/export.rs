//! What the log holds of a channel, or of one user, beside a running server and without its lock: the present state,
//! as `message.history` shows it.
//!
//! Two passes over the log, so that memory holds the state of a server but no texts: the first makes the state and
//! notes where the edits lie, the second gives the events out. What comes after the first pass is left out.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use common::channels::Role;
use common::{Body, Conversation, Event, Target, UserName};
use serde::Serialize;
use tempfile::NamedTempFile;
use thiserror::Error;
use uuid::Uuid;

use crate::calls::amendments::write_present;
use crate::domain::amendments::Amendment;
use crate::domain::{DomainError, State, TopicSecret, history};
use crate::journal::{Disk, JournalError, LOG_FOLDER, Place, RealDisk, for_each_place, line_at};
use crate::records::Record;

/// A piece of an export: first what is known of a user, then events.
#[derive(Debug)]
pub enum Piece<'a> {
    /// What is known of a user.
    Fact(Fact),
    /// The line of an event at present, without a newline.
    Event(&'a [u8]),
}

/// What is known of a user, without hashes and digests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "export", rename_all = "snake_case")]
pub enum Fact {
    /// The account.
    Account {
        /// Whose.
        user: UserName,
        /// When it was made, in Unix milliseconds.
        since: u64,
        /// When its owner was there last and went, in Unix milliseconds.
        #[serde(skip_serializing_if = "Option::is_none")]
        seen: Option<u64>,
        /// Whether it is an administrator's.
        administrator: bool,
        /// Whether it is shut out.
        disabled: bool,
    },
    /// An open session.
    Session {
        /// Which.
        session: Uuid,
        /// When it was opened, in Unix milliseconds.
        opened: u64,
        /// When it ends, in Unix milliseconds.
        expires: u64,
    },
    /// A channel that the user is in, or has written to.
    Channel {
        /// Which.
        channel: Target,
        /// Their role; none when they are not a member.
        role: Option<Role>,
        /// Whether they may read it, and so their own messages there.
        may_read: bool,
    },
}

/// Why there is no export.
#[derive(Debug, Error)]
pub enum ExportError {
    /// There is no log.
    #[error("{0} is no data folder: there is no log in it; name the right one with --data")]
    NoData(PathBuf),
    /// No such channel or user.
    #[error(transparent)]
    Domain(#[from] DomainError),
    /// The log.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A record that this version cannot read.
    #[error("record {record} cannot be read: {why}; export with the version of papo that wrote it")]
    Record {
        /// Its number.
        record: u64,
        /// What is wrong with it.
        why: serde_json::Error,
    },
    /// The export cannot be written.
    #[error("cannot write the export: {0}")]
    Write(#[from] io::Error),
}

/// Exports a channel, or everything of a user, from the data folder `data`.
///
/// # Errors
///
/// An unknown channel or user, damage in the log, and what `give` says.
pub fn export(
    data: &Path,
    wanted: &Target,
    mut give: impl FnMut(Piece<'_>) -> io::Result<()>,
) -> Result<(), ExportError> {
    if !data.join(LOG_FOLDER).is_dir() {
        return Err(ExportError::NoData(data.to_owned()));
    }
    let disk = RealDisk::new(data);
    let survey = Survey::of(&disk, wanted)?;
    match wanted {
        Target::Channel(name) => drop(survey.state.channels.channel(name)?),
        Target::User(user) => survey.facts(user)?.into_iter().try_for_each(|fact| give(Piece::Fact(fact)))?,
    }
    let mut out = Vec::new();
    each_record(&disk, survey.last, |_, _, line, record| {
        let Record::Event(event) = record else { return Ok(()) };
        if !is_wanted(wanted, &event) {
            return Ok(());
        }
        out.clear();
        survey.write(&disk, wanted, line, event, &mut out)?;
        Ok(give(Piece::Event(out.trim_ascii_end()))?)
    })?;
    Ok(())
}

/// Writes a file that only its owner can read. It is there whole or not at all, and never in place of another.
///
/// # Errors
///
/// A file of that name, what the disk refuses, and what `fill` says.
pub fn to_file(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = BufWriter::new(NamedTempFile::new_in(folder)?);
    fill(&mut file)?;
    let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map_err(|error| error.error)?;
    Ok(File::options().read(true).open(folder)?.sync_all()?)
}

/// What the first pass has found.
struct Survey {
    state: State,
    /// The last record of it.
    last: u64,
    /// The record of every edit and where it lies, by conversation and number.
    edits: BTreeMap<(Conversation, u64), (u64, Place)>,
    /// The channels that the user has written to.
    written: Vec<Target>,
}

impl Survey {
    fn of(disk: &dyn Disk, wanted: &Target) -> Result<Self, ExportError> {
        // No topic is told to anybody: any secret will do.
        let state = State::new(TopicSecret::new([0; 32]));
        let mut survey = Self { state, last: 0, edits: BTreeMap::new(), written: Vec::new() };
        survey.last = each_record(disk, u64::MAX, |number, place, _, record| {
            survey.state.apply(number, &record);
            if let Record::Event(event) = record
                && is_wanted(wanted, &event)
            {
                survey.note(event, (number, place));
            }
            Ok(())
        })?;
        Ok(survey)
    }

    fn note(&mut self, event: Event<'_>, place: (u64, Place)) {
        if matches!(event.body, Body::Edited { .. }) {
            self.edits.insert((event.conversation(), event.n), place);
        }
        if matches!(event.to, Target::Channel(_)) && !self.written.contains(&event.to) {
            self.written.push(event.to);
        }
    }

    fn facts(&self, user: &UserName) -> Result<Vec<Fact>, DomainError> {
        let State { users, channels, .. } = &self.state;
        let account = users.accounts().get(user).ok_or_else(|| DomainError::NoSuchUser(user.clone()))?;
        let mut facts = vec![Fact::Account {
            user: user.clone(),
            since: account.since,
            seen: account.seen,
            administrator: account.administrator,
            disabled: account.disabled,
        }];
        let sessions = account.sessions.values();
        facts.extend(sessions.map(|one| Fact::Session {
            session: one.session,
            opened: one.opened,
            expires: one.expires,
        }));
        let mut all: Vec<_> = channels.conversations(user).chain(&self.written).collect();
        all.sort_unstable();
        all.dedup();
        for target in all {
            let Target::Channel(name) = target else { continue };
            let role = channels.channel(name)?.members.get(user).copied();
            let may_read = !account.disabled && history::readable(&self.state, user, target).is_ok();
            facts.push(Fact::Channel { channel: target.clone(), role, may_read });
        }
        Ok(facts)
    }

    /// Writes an event as it is at present.
    fn write(
        &self,
        disk: &dyn Disk,
        wanted: &Target,
        line: &[u8],
        event: Event<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), ExportError> {
        let conversation = event.conversation();
        let amendments = self.state.channels.amendments(&conversation);
        let Some(amendment) = amendments.and_then(|all| all.of(event.n)) else {
            out.extend_from_slice(line);
            return Ok(());
        };
        let find = |n| match self.edits.get(&(conversation.clone(), n)) {
            None => Ok(None),
            Some((record, place)) => event_at(disk, *record, *place).map(Some),
        };
        match (wanted, &conversation) {
            (Target::User(user), Conversation::Channel(_)) => {
                write_present(find, event, &without_others(amendment, user), false, out)
            }
            (Target::User(_) | Target::Channel(_), _) => write_present(find, event, amendment, false, out),
        }
    }
}

/// What others thought of a message in a channel is theirs.
fn without_others(amendment: &Amendment, user: &UserName) -> Amendment {
    let mut own = amendment.clone();
    own.reactions.iter_mut().for_each(|reaction| reaction.users.retain(|other| other == user));
    own.reactions.retain(|reaction| !reaction.users.is_empty());
    own
}

/// Whether an event is part of the export: of a user, all of their direct conversations, and of channels what they said.
fn is_wanted(wanted: &Target, event: &Event<'_>) -> bool {
    match (wanted, &event.to) {
        (Target::Channel(wanted), Target::Channel(channel)) => wanted == channel,
        (Target::Channel(_), Target::User(_)) => false,
        (Target::User(user), Target::User(to)) => to == user || event.from == *user,
        (Target::User(user), Target::Channel(_)) => {
            let is_said = matches!(
                event.body,
                Body::Message { .. } | Body::Edited { .. } | Body::File { .. } | Body::Gone { .. }
            );
            is_said && event.from == *user
        }
    }
}

fn event_at(disk: &dyn Disk, record: u64, place: Place) -> Result<Event<'static>, ExportError> {
    let line = line_at(disk, place)?;
    let event: Event<'_> =
        serde_json::from_slice(&line).map_err(|why| ExportError::Record { record, why })?;
    Ok(event.into_owned())
}

/// Gives every record up to `last` to `visit`. Returns the number of the last one.
fn each_record(
    disk: &dyn Disk,
    last: u64,
    mut visit: impl FnMut(u64, Place, &[u8], Record<'_>) -> Result<(), ExportError>,
) -> Result<u64, ExportError> {
    let mut failed = None;
    let report = for_each_place(disk, |number, place, line| {
        if number > last {
            return ControlFlow::Break(());
        }
        let record = Record::decode(line).map_err(|why| ExportError::Record { record: number, why });
        match record.and_then(|record| visit(number, place, line, record)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        }
    })?;
    failed.map_or(Ok(report.head.record), Err)
}

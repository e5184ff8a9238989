//! Exports all events of a channel or of a user from the log, each as it was published, without deleted
//! texts. Runs while a server works on the data folder, without its lock.
//!
//! The log is read twice, so that memory holds the state but no texts: the first pass rebuilds the state,
//! which knows the deleted messages; the second pass writes the events. Events after the end of the first
//! pass are not exported.

mod contents;
mod facts;

use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use common::amendments::without_text;
use common::events::Class;
use common::{Detail, Event, Target};
use disk::replace::Temporary;
use disk::{Access, Disk, RealDisk};
use thiserror::Error;

use crate::domain::records::Record;
use crate::domain::{State, TopicSecret};
use crate::journal::{JournalError, for_each_line};
use crate::storage::data_folder::{self, StoreError};

pub use contents::Contents;
pub use facts::{Fact, Past};

/// A piece of an export: first the facts about a user, then events, with the records about the user between
/// them.
#[derive(Debug)]
pub enum Piece<'a> {
    /// A fact about a user.
    Fact(Fact),
    /// The line of an event, without a newline.
    Event(&'a [u8]),
}

/// Why an export failed.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The data folder cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The channel or user does not exist.
    #[error(transparent)]
    Domain(#[from] Detail),
    /// The log cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// This version cannot read a record.
    #[error("record {record} cannot be read: {why}; export with the version of papo that wrote it")]
    Record {
        /// The number of the record.
        record: u64,
        /// The error of the decoder.
        why: serde_json::Error,
    },
    /// The export cannot be written.
    #[error("cannot write the export: {0}")]
    Write(io::Error),
    /// A file or a folder cannot be used.
    #[error("cannot {action} {path}: {why}")]
    Path {
        /// The failed operation.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The error of the operating system.
        why: io::Error,
    },
    /// A content is missing. The server removes the contents of deleted files.
    #[error(
        "{0} is missing: if its file was deleted just now, export again; otherwise put it back from a backup, or export \
         without the files"
    )]
    Missing(PathBuf),
    /// A content differs from the log.
    #[error(
        "{0} is damaged: it is not what was sent; put it back from a backup, or export without the files"
    )]
    Damaged(PathBuf),
}

impl From<io::Error> for ExportError {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

impl ExportError {
    /// The error for a failed operation on a path.
    fn at(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |why| Self::Path { action, path, why }
    }
}

/// Exports a channel, or all data of a user, from the data folder `data`.
///
/// # Errors
///
/// When the channel or user does not exist, when the log is damaged, and when `give` fails.
pub fn export(
    data: &Path,
    wanted: &Target,
    mut give: impl FnMut(Piece<'_>) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    data_folder::check_is_data(data)?;
    let disk = RealDisk::new(data);
    let survey = Survey::of(&disk, wanted)?;
    match wanted {
        Target::Channel(name) => drop(survey.state.channels.channel(name)?),
        Target::User(user) => {
            let facts = facts::present(&survey.state, user, &survey.channels)?;
            facts.into_iter().try_for_each(|fact| give(Piece::Fact(fact)))?;
        }
    }
    let (mut out, mut sessions) = (Vec::new(), facts::Sessions::new());
    each_record(&disk, survey.last, |_, line, record| match (record, wanted) {
        (Record::Event(event), _) if is_wanted(wanted, &event) => {
            give(Piece::Event(survey.line(line, event, &mut out)))
        }
        (Record::Server(record), Target::User(user)) => {
            let past = facts::past(user, record, &mut sessions);
            past.map_or(Ok(()), |past| give(Piece::Fact(Fact::Record(past))))
        }
        (Record::Event(_) | Record::Server(_), _) => Ok(()),
    })?;
    Ok(())
}

/// Writes a file that only its owner can read. The file is created whole or not at all, and never replaces
/// another one.
///
/// # Errors
///
/// When a file has that name, when the disk fails, and when `fill` fails.
pub fn to_file(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    let failed = || ExportError::at("write", path);
    let (folder, name) = RealDisk::parent_of(path).map_err(failed())?;
    let mut file = BufWriter::new(Temporary::create(&folder, "", Access::Owner).map_err(failed())?);
    fill(&mut file)?;
    let mut file = file.into_inner().map_err(|error| failed()(error.into_error()))?;
    file.place_new(&name).map_err(failed())
}

/// The result of the first pass.
struct Survey {
    state: State,
    /// The number of the last record.
    last: u64,
    /// The channels with events that are part of the export.
    channels: Vec<Target>,
}

impl Survey {
    fn of(disk: &dyn Disk, wanted: &Target) -> Result<Self, ExportError> {
        // No topic leaves this state, so any secret works.
        let state = State::new(TopicSecret::new([0; 32]));
        let mut survey = Self { state, last: 0, channels: Vec::new() };
        survey.last = each_record(disk, u64::MAX, |number, _, record| {
            survey.state.apply(number, &record);
            if let Record::Event(event) = record
                && matches!(event.to, Target::Channel(_))
                && is_wanted(wanted, &event)
                && !survey.channels.contains(&event.to)
            {
                survey.channels.push(event.to);
            }
            Ok(())
        })?;
        Ok(survey)
    }

    /// The line of an event, without its text if the text was deleted.
    fn line<'a>(&self, line: &'a [u8], event: Event<'_>, out: &'a mut Vec<u8>) -> &'a [u8] {
        let amendments = self.state.channels.amendments(&event.conversation());
        if !amendments.and_then(|all| all.of(event.n)).is_some_and(|amendment| amendment.deleted) {
            return line;
        }
        out.clear();
        without_text(event).write(out);
        out
    }
}

/// Whether an event is part of the export. The export of a user has all direct conversations, and the events
/// of channels that the user caused or that concern the user.
fn is_wanted(wanted: &Target, event: &Event<'_>) -> bool {
    match (wanted, &event.to) {
        (Target::Channel(wanted), Target::Channel(channel)) => wanted == channel,
        (Target::Channel(_), Target::User(_)) => false,
        (Target::User(user), Target::User(to)) => to == user || event.from == *user,
        (Target::User(user), Target::Channel(_)) => {
            event.from == *user || event.body.class() == Class::Moderation { user }
        }
    }
}

/// Calls `visit` for every record up to `last`. Returns the number of the last record.
fn each_record(
    disk: &dyn Disk,
    last: u64,
    mut visit: impl FnMut(u64, &[u8], Record<'_>) -> Result<(), ExportError>,
) -> Result<u64, ExportError> {
    let mut failed = None;
    let report = for_each_line(disk, |number, line| {
        if number > last {
            return ControlFlow::Break(());
        }
        let record = Record::decode(line).map_err(|why| ExportError::Record { record: number, why });
        match record.and_then(|record| visit(number, line, record)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        }
    })?;
    failed.map_or(Ok(report.head.record), Err)
}

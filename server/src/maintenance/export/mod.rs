//! What the log holds of a channel, or of one user, beside a running server and without its lock: a record of what was said
//! and done, each event as it was told, but for texts that were deleted.
//!
//! Two passes over the log, so that memory holds the state of a server but no texts: the first makes the state, which
//! knows what was deleted, the second gives the events out. What comes after the first pass is left out.

mod contents;
mod facts;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use common::amendments::without_text;
use common::events::Class;
use common::{Detail, Event, Target};
use tempfile::NamedTempFile;
use thiserror::Error;

use crate::domain::records::Record;
use crate::domain::{State, TopicSecret};
use crate::journal::{JournalError, for_each_line};
use crate::storage::data_folder::{self, StoreError};
use disk::{Disk, RealDisk};

pub use contents::Contents;
pub use facts::{Fact, Past};

/// A piece of an export: first what is known of a user now, then events, and the records about a user between them.
#[derive(Debug)]
pub enum Piece<'a> {
    /// What is known of a user.
    Fact(Fact),
    /// The line of an event, without a newline.
    Event(&'a [u8]),
}

/// Why there is no export.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The data folder.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No such channel or user.
    #[error(transparent)]
    Domain(#[from] Detail),
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
    Write(io::Error),
    /// A file or a folder cannot be used.
    #[error("cannot {action} {path}: {why}")]
    Path {
        /// What was to be done with it.
        action: &'static str,
        /// Which.
        path: PathBuf,
        /// What the system says.
        why: io::Error,
    },
    /// A content is not there; the server removes those of deleted files.
    #[error(
        "{0} is missing: if its file was deleted just now, export again; otherwise put it back from a backup, or export \
         without the files"
    )]
    Missing(PathBuf),
    /// A content is not what the log says.
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
    /// The error for something that could not be done with a path.
    fn at(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |why| Self::Path { action, path, why }
    }
}

/// Exports a channel, or everything of a user, from the data folder `data`.
///
/// # Errors
///
/// An unknown channel or user, damage in the log, and what `give` says.
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
            give(Piece::Event(survey.told(line, event, &mut out)))
        }
        (Record::Server(record), Target::User(user)) => {
            let past = facts::past(user, record, &mut sessions);
            past.map_or(Ok(()), |past| give(Piece::Fact(Fact::Record(past))))
        }
        (Record::Event(_) | Record::Server(_), _) => Ok(()),
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
    let failed = || ExportError::at("write", path);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = BufWriter::new(NamedTempFile::new_in(folder).map_err(failed())?);
    fill(&mut file)?;
    let file = file.into_inner().map_err(|error| failed()(error.into_error()))?;
    file.as_file().sync_all().map_err(failed())?;
    file.persist_noclobber(path).map_err(|error| failed()(error.error))?;
    sync(folder)
}

/// Makes the names in a folder last.
fn sync(folder: &Path) -> Result<(), ExportError> {
    let synced = File::options().read(true).open(folder).and_then(|open| open.sync_all());
    synced.map_err(ExportError::at("sync the folder", folder))
}

/// What the first pass has found.
struct Survey {
    state: State,
    /// The last record of it.
    last: u64,
    /// The channels with events that are part of the export.
    channels: Vec<Target>,
}

impl Survey {
    fn of(disk: &dyn Disk, wanted: &Target) -> Result<Self, ExportError> {
        // No topic is told to anybody: any secret will do.
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

    /// An event's line: that of the log, or one without the text, when that was deleted.
    fn told<'a>(&self, line: &'a [u8], event: Event<'_>, out: &'a mut Vec<u8>) -> &'a [u8] {
        let amendments = self.state.channels.amendments(&event.conversation());
        if !amendments.and_then(|all| all.of(event.n)).is_some_and(|amendment| amendment.deleted) {
            return line;
        }
        out.clear();
        without_text(event).write(out);
        out
    }
}

/// Whether an event is part of the export: of a user, all of their direct conversations, and of channels what they did and
/// what was done to them.
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

/// Gives every record up to `last` to `visit`. Returns the number of the last one.
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

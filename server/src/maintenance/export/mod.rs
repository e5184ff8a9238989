//! Exports all events of a channel, of a user or of a node from the log, as they were published, but without
//! deleted texts. A server may run on the data folder meanwhile, because the export takes no lock.
//!
//! The export reads the log twice. The first pass rebuilds the state, which lists the deleted messages. The
//! second pass writes the events up to the end of the first pass. Texts are not kept in memory.

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

pub use contents::FileCopier;
pub use facts::{Fact, UserRecord};

/// An item of an export. The facts about a user come first, then the events and the records about the user,
/// in the order of the log.
#[derive(Debug)]
pub enum ExportItem<'a> {
    Fact(Fact),
    /// The line of an event, without a newline.
    Event(&'a [u8]),
}

#[derive(Debug, Error)]
pub enum ExportError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Domain(#[from] Detail),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("cannot read record {record}: {why}; export with the version of papo that wrote it")]
    Record { record: u64, why: serde_json::Error },
    #[error("cannot write the export: {0}")]
    Write(io::Error),
    #[error("cannot {action} {path}: {why}")]
    Path { action: &'static str, path: PathBuf, why: io::Error },
    /// The content of a file is missing. The server removes the contents of deleted files.
    #[error(
        "{0} is missing: if its file was deleted just now, export again; otherwise restore it from a backup, or export \
         without --files"
    )]
    Missing(PathBuf),
    /// The content of a file does not match the hash in the log.
    #[error(
        "{0} is damaged: its content differs from the sent file; restore it from a backup, or export without --files"
    )]
    Damaged(PathBuf),
}

impl From<io::Error> for ExportError {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

impl ExportError {
    fn at(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |why| Self::Path { action, path, why }
    }
}

/// Exports a channel, all data of a user, or (`None`) all events, from the data folder `data`.
pub fn export(
    data: &Path,
    wanted: Option<&Target>,
    mut emit: impl FnMut(ExportItem<'_>) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    data_folder::check_is_data(data)?;
    let disk = RealDisk::new(data);
    let first_pass = FirstPass::of(&disk, wanted)?;
    let wanted = wanted.map(|wanted| first_pass.with_first_name(wanted));
    let wanted = wanted.as_ref();
    match wanted {
        Some(Target::Channel(name)) => drop(first_pass.state.channels.channel(name)?),
        Some(Target::User(user)) => {
            let facts = facts::current(&first_pass.state, user, &first_pass.channels)?;
            facts.into_iter().try_for_each(|fact| emit(ExportItem::Fact(fact)))?;
        }
        None => {}
    }
    let (mut out, mut sessions) = (Vec::new(), facts::Sessions::new());
    for_each_record(&disk, first_pass.last, |_, line, record| match (record, wanted) {
        (Record::Event(event), _) if is_wanted(wanted, &event) && !first_pass.is_hidden(wanted, &event) => {
            emit(ExportItem::Event(first_pass.line(line, event, &mut out)))
        }
        (Record::Server(record), Some(Target::User(user))) => {
            let user_record = facts::user_record(user, record, &mut sessions);
            user_record.map_or(Ok(()), |user_record| emit(ExportItem::Fact(Fact::Record(user_record))))
        }
        (Record::Event(_) | Record::Server(_), _) => Ok(()),
    })?;
    Ok(())
}

/// Writes a new file that only its owner can read. After an error, the file does not exist.
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

struct FirstPass {
    state: State,
    /// The number of the last record.
    last: u64,
    /// The channels with events that are part of the export.
    channels: Vec<Target>,
}

impl FirstPass {
    fn of(disk: &dyn Disk, wanted: Option<&Target>) -> Result<Self, ExportError> {
        // The export contains no topics, so the secret is not needed.
        let state = State::new(TopicSecret::new([0; 32]));
        let mut first_pass = Self { state, last: 0, channels: Vec::new() };
        first_pass.last = for_each_record(disk, u64::MAX, |number, _, record| {
            first_pass.state.apply(number, &record);
            if let Record::Event(event) = record
                && matches!(event.to, Target::Channel(_))
                && is_wanted(wanted, &event)
                && !first_pass.channels.contains(&event.to)
            {
                first_pass.channels.push(event.to);
            }
            Ok(())
        })?;
        Ok(first_pass)
    }

    /// The target, in which a channel has its first name, which the log uses.
    fn with_first_name(&self, wanted: &Target) -> Target {
        match wanted {
            Target::Channel(name) => Target::Channel(self.state.channels.first_name(name).clone()),
            user @ Target::User(_) => user.clone(),
        }
    }

    /// Whether the export of a node leaves out an event: no user can read a deleted channel.
    fn is_hidden(&self, wanted: Option<&Target>, event: &Event<'_>) -> bool {
        let is_deleted = || match &event.to {
            Target::Channel(channel) => self.state.channels.is_deleted(channel),
            Target::User(_) => false,
        };
        wanted.is_none() && is_deleted()
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
fn is_wanted(wanted: Option<&Target>, event: &Event<'_>) -> bool {
    let Some(wanted) = wanted else { return true };
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
fn for_each_record(
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

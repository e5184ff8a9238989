//! `papo log`: checks, prints and redacts the log of a data folder.

use std::collections::VecDeque;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Subcommand;
use common::{Conversation, Event, Target, UserName};
use disk::{Disk, RealDisk};
use server::domain::records::{Record, ServerRecord};
use server::journal::for_each_line;
use server::maintenance::redact::Request;
use server::services::files::Folder;
use server::services::files::check::{self, LogReading};
use server::storage::data_folder::check_is_data;
use transport::clock;

use crate::roles::DataArgs;

/// The first bytes of the record of a redaction.
const REDACTED_START: &[u8] = b"{\"kind\":\"redacted\",";

#[derive(Subcommand)]
pub(crate) enum Log {
    /// Check every byte of the log against its chain, check all sent files, and print the newest record's
    /// number
    Verify(DataArgs),
    /// Print the newest events of one conversation, or of all conversations, as the log stores them
    Tail {
        /// Print only the events of `#channel`, or all direct messages to and from `@user`
        conversation: Option<String>,
        /// Print this number of events
        #[arg(short = 'n', long, default_value_t = 20)]
        lines: usize,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Remove the texts of deleted messages, and deleted files, permanently; the server must be stopped
    Redact {
        /// Redact messages of `#channel`, of `*`, or of two users: `'@alice @bob'`
        conversation: String,
        /// Redact the messages with these numbers, and their edits
        #[arg(required = true)]
        numbers: Vec<u64>,
        /// Also delete and redact messages that are not deleted yet
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        data: DataArgs,
    },
}

impl Log {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Verify(data) => verify_log(&data),
            Self::Tail { conversation, lines, data } => {
                let wanted = conversation.as_deref().map(Target::new).transpose()?;
                tail(&data, wanted.as_ref(), lines)
            }
            Self::Redact { conversation, numbers, force, data } => {
                let named = Conversation::from_key(&conversation)?;
                let conversation = named.with_context(|| {
                    format!("give both users in one pair of quotes: '{conversation} @somebody'")
                })?;
                let numbers = numbers.into_iter().collect();
                let done = Request { conversation, numbers, force }.run(&data.data, clock::unix_ms())?;
                let line = serde_json::to_string(&done)?;
                writeln!(std::io::stdout(), "{line}").context("cannot write to standard output")
            }
        }
    }
}

fn verify_log(data: &DataArgs) -> anyhow::Result<()> {
    check_is_data(&data.data)?;
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::new(&data.data));
    let mut redactions = 0;
    let read = || {
        redactions = 0;
        let count = |line: &[u8]| redactions += u64::from(line.starts_with(REDACTED_START));
        Ok(check::read_log(&*disk, count)?)
    };
    let (LogReading { report, .. }, files) = check::check(&Folder::new(Arc::clone(&disk)), read)?;
    let line = serde_json::json!({
        "whole": true, "records": report.head.record, "batches": report.batches, "bytes": report.bytes,
        "torn_bytes": report.torn_bytes, "redactions": redactions, "files": files.intact,
        "other_files": files.unreferenced, "chain": report.head.chain.to_string(),
    });
    writeln!(std::io::stdout(), "{line}").context("cannot write to standard output")
}

fn tail(data: &DataArgs, wanted: Option<&Target>, count: usize) -> anyhow::Result<()> {
    check_is_data(&data.data)?;
    let mut newest = VecDeque::new();
    for_each_line(&RealDisk::new(&data.data), |_, line| {
        if is_wanted(line, wanted) {
            newest.push_back(line.to_vec());
            if newest.len() > count {
                newest.pop_front();
            }
        }
        ControlFlow::Continue(())
    })?;
    let mut out = std::io::stdout().lock();
    for line in newest {
        writeln!(out, "{}", printable(&line)).context("cannot write to standard output")?;
    }
    Ok(())
}

/// Returns the line with escaped control characters, so a terminal does not interpret them.
pub(crate) fn printable(line: &[u8]) -> String {
    client::escaped_json(&String::from_utf8_lossy(line)).into_owned()
}

/// Whether a line is an event of the wanted conversation, or the record of a redaction in this conversation.
/// Other server records are never printed, because they contain password hashes.
fn is_wanted(line: &[u8], wanted: Option<&Target>) -> bool {
    let event = match Record::decode(line) {
        Ok(Record::Event(event)) => event,
        Ok(Record::Server(ServerRecord::Redacted { conversation, .. })) => {
            return is_in_conversation(&conversation, wanted);
        }
        Ok(Record::Server(_)) | Err(_) => return false,
    };
    match wanted {
        None => true,
        Some(Target::User(user)) => concerns(&event, user),
        Some(channel @ Target::Channel(_)) => event.to == *channel,
    }
}

fn is_in_conversation(conversation: &str, wanted: Option<&Target>) -> bool {
    match (wanted, Conversation::from_key(conversation)) {
        (None, _) => true,
        (Some(Target::User(user)), Ok(Some(Conversation::Direct(first, second)))) => {
            [first, second].contains(user)
        }
        (Some(Target::Channel(name)), Ok(Some(Conversation::Channel(channel)))) => channel == *name,
        (Some(_), Ok(_) | Err(_)) => false,
    }
}

fn concerns(event: &Event<'_>, user: &UserName) -> bool {
    match &event.to {
        Target::User(to) => to == user || event.from == *user,
        Target::Channel(_) => false,
    }
}

//! `papo log`: looks at the log of a data folder, without a server and without changing anything.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::Write as _;
use std::ops::ControlFlow;

use anyhow::Context as _;
use clap::Subcommand;
use common::{Event, Target, UserName};
use server::journal::{RealDisk, for_each_line, verify};
use server::records::Record;

use crate::roles::DataArgs;

/// The subcommands of `papo log`.
#[derive(Subcommand)]
pub(crate) enum Log {
    /// Check every byte of the log against its chain, and print the head
    Verify(DataArgs),
    /// Print the newest events of one conversation, or of all, as they stand in the log
    Tail {
        /// `#channel`, or `@user` for all direct messages to and from that user
        conversation: Option<String>,
        /// How many events
        #[arg(short = 'n', long, default_value_t = 20)]
        lines: usize,
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
        }
    }
}

fn verify_log(data: &DataArgs) -> anyhow::Result<()> {
    let report = verify(&RealDisk::new(&data.data))?;
    let line = serde_json::json!({
        "whole": true, "records": report.head.record, "batches": report.batches, "bytes": report.bytes, "torn_bytes": report.torn_bytes, "chain": report.head.chain.to_string(),
    });
    writeln!(std::io::stdout(), "{line}").context("cannot write to standard output")
}

fn tail(data: &DataArgs, wanted: Option<&Target>, count: usize) -> anyhow::Result<()> {
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
        writeln!(out, "{}", harmless(&line)).context("cannot write to standard output")?;
    }
    Ok(())
}

/// The same JSON, with nothing in it that a terminal would obey or show in another order. Such characters can stand
/// within strings only, where an escape means the same.
pub(crate) fn harmless(line: &[u8]) -> String {
    let (text, mut harmless) = (String::from_utf8_lossy(line), String::with_capacity(line.len()));
    for character in text.chars() {
        if character.is_control() || is_directional(character) {
            // All of them are below U+10000, and so one escape.
            let _never_fails = write!(harmless, "\\u{:04x}", u32::from(character));
        } else {
            harmless.push(character);
        }
    }
    harmless
}

/// The explicit directional marks of UAX #9, section 2.
fn is_directional(character: char) -> bool {
    matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

/// Whether a line is an event of the wanted conversation. The server's own records are never printed: they
/// hold hashes of passwords.
fn is_wanted(line: &[u8], wanted: Option<&Target>) -> bool {
    let Ok(Record::Event(event)) = Record::decode(line) else { return false };
    match wanted {
        None => true,
        Some(Target::User(user)) => concerns(&event, user),
        Some(channel @ Target::Channel(_)) => event.to == *channel,
    }
}

fn concerns(event: &Event<'_>, user: &UserName) -> bool {
    match &event.to {
        Target::User(to) => to == user || event.from == *user,
        Target::Channel(_) => false,
    }
}

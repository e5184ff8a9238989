//! `papo history`.

use common::Target;
use common::history;

use super::{Common, open_session, target};
use crate::cli_error::CliError;
use crate::client_handle::ClientHandle;
use crate::render::{self, Output, Renderer};
use session::Entry;

#[derive(Debug, clap::Args)]
pub struct History {
    /// The channel or user, in quotes: '#general', '@bob'.
    #[arg(value_parser = target)]
    conversation: Target,
    /// Show events before an event number or a time: 17, 2026-01-31, 2026-01-31T10:00.
    #[arg(long, value_name = "N|TIME", value_parser = position)]
    before: Option<Position>,
    /// Show events after an event number, or from a time on.
    #[arg(long, value_name = "N|TIME", value_parser = position)]
    after: Option<Position>,
    /// Show the events around an event number.
    #[arg(long, value_name = "N", conflicts_with_all = ["before", "after"])]
    around: Option<u64>,
    /// Show at most this number of events.
    #[arg(long, value_name = "EVENTS", value_parser = clap::value_parser!(u64).range(1..=common::limits::HISTORY_EVENTS_MAX))]
    limit: Option<u64>,
    /// Show the earlier texts of edited messages.
    #[arg(long)]
    edits: bool,
    #[command(flatten)]
    common: Common,
}

/// A position in a conversation.
#[derive(Debug, Clone, Copy)]
enum Position {
    /// The number of an event.
    Number(u64),
    /// A time, in Unix milliseconds.
    Time(u64),
}

impl Position {
    fn number(self) -> Option<u64> {
        if let Self::Number(n) = self { Some(n) } else { None }
    }

    fn time(self) -> Option<u64> {
        if let Self::Time(unix_ms) = self { Some(unix_ms) } else { None }
    }
}

fn position(text: &str) -> Result<Position, String> {
    let number = text.parse().ok().map(Position::Number);
    let position = number.or_else(|| render::time_from(text).map(Position::Time));
    position.ok_or_else(|| {
        "give an event number, or a date or time such as 2026-01-31 or 2026-01-31T10:00".to_owned()
    })
}

pub(super) fn run(arguments: History) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&arguments.common.connection)?;
    let History { conversation, before, after, around, limit, edits, common } = arguments;
    let entries = handle.history(|token| history::History {
        token,
        conversation,
        before: before.and_then(Position::number),
        after: after.and_then(Position::number),
        before_at: before.and_then(Position::time),
        after_at: after.and_then(Position::time),
        around,
        limit,
        edits,
    })?;
    print_page(&mut handle, &entries, common.json)
}

/// Prints events as JSON lines, or as rendered text.
pub(super) fn print_page(
    handle: &mut ClientHandle,
    entries: &[Entry],
    is_json: bool,
) -> Result<(), CliError> {
    let mut output = Output::new();
    if is_json {
        for entry in entries {
            output.print_json(&entry.line)?;
        }
    } else if !entries.is_empty() {
        let renderer = Renderer::for_scripts().with_names(handle.load_names()?);
        output.print(&renderer.page(entries))?;
    }
    Ok(output.flush()?)
}

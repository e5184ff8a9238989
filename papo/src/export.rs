//! `papo export`: a channel, or all that is kept of one user, out of a data folder.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use clap::Args;
use common::channels::Role;
use common::{Target, UserName};
use jiff::Timestamp;
use server::export::{self, ExportError, Fact, Piece};

use crate::log::harmless;
use crate::roles::DataArgs;

/// Flags of `papo export`.
#[derive(Args)]
pub(crate) struct ExportArgs {
    /// The channel, or the user, in quotes: '#general', '@alice'
    #[arg(value_name = "#CHANNEL|@USER")]
    wanted: String,
    /// For people, as `papo history` prints it, instead of JSON Lines
    #[arg(long)]
    text: bool,
    /// Write this file, which must not be there, instead of standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    data: DataArgs,
}

impl ExportArgs {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let wanted = Target::new(&self.wanted)?;
        match &self.output {
            Some(path) => export::to_file(path, |out| self.write(&wanted, out))?,
            None => self.write(&wanted, &mut BufWriter::new(io::stdout().lock()))?,
        }
        Ok(())
    }

    fn write(&self, wanted: &Target, out: &mut dyn Write) -> Result<(), ExportError> {
        export::export(&self.data.data, wanted, |piece| match self.text {
            true => in_words(wanted, &piece).map_or(Ok(()), |line| writeln!(out, "{line}")),
            false => writeln!(out, "{}", harmless(&as_json(&piece)?)),
        })?;
        Ok(out.flush()?)
    }
}

fn as_json(piece: &Piece<'_>) -> io::Result<Vec<u8>> {
    match piece {
        Piece::Fact(fact) => Ok(serde_json::to_vec(fact)?),
        Piece::Event(line) => Ok(line.to_vec()),
    }
}

fn in_words(wanted: &Target, piece: &Piece<'_>) -> Option<String> {
    match piece {
        Piece::Fact(fact) => Some(fact_in_words(fact)),
        Piece::Event(line) => {
            let line = std::str::from_utf8(line).ok()?;
            client::event_in_words(&reader(wanted, line)?, line)
        }
    }
}

/// Whose eyes the line is shown to: in a channel it is the same for all.
fn reader(wanted: &Target, line: &str) -> Option<UserName> {
    match wanted {
        Target::User(user) => Some(user.clone()),
        Target::Channel(_) => Some(serde_json::from_str::<common::Event<'_>>(line).ok()?.from),
    }
}

fn fact_in_words(fact: &Fact) -> String {
    match fact {
        Fact::Account { user, since, seen, administrator, disabled } => {
            let mut line = format!("{user}: account since {}", time(*since));
            line += &seen.map_or_else(String::new, |seen| format!(", last seen {}", time(seen)));
            line += if *administrator { ", administrator" } else { "" };
            line += if *disabled { ", disabled" } else { "" };
            line
        }
        Fact::Session { session, opened, expires } => {
            format!("session {session}: from {} to {}", time(*opened), time(*expires))
        }
        Fact::Channel { channel, role, may_read } => {
            let role = match role {
                None => "not a member",
                Some(Role::Member) => "member",
                Some(Role::Moderator) => "moderator",
                Some(Role::Owner) => "owner",
            };
            let reads = if *may_read { "may read it" } else { "may not read it" };
            format!("{channel}: {role}, {reads}")
        }
    }
}

fn time(unix_ms: u64) -> String {
    let time = i64::try_from(unix_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    time.map_or_else(|| unix_ms.to_string(), |time| time.to_string())
}

//! `papo export`: prints a channel, all stored data of one user, or all events, from a data folder.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use common::channels::Role;
use common::{Body, Event, Target};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use server::maintenance::export::{self, ExportError, ExportItem, Fact, FileCopier, UserRecord};

use crate::backup::is_stdout;
use crate::export_html::Page;
use crate::log::printable;
use crate::roles::DataArgs;

#[derive(Args)]
pub(crate) struct ExportArgs {
    /// Export this channel or user, in quotes: '#general', '@alice'; without it, all events of the node
    #[arg(value_name = "#CHANNEL|@USER")]
    wanted: Option<String>,
    /// Print JSON Lines, text as `papo history` does, or a page for a browser
    #[arg(long, value_name = "FORMAT", default_value = "jsonl")]
    format: Format,
    /// The same as `--format text`
    #[arg(long, conflicts_with = "format")]
    text: bool,
    /// Write to this new file instead of standard output, which `-` also means
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Copy the content of each sent file into this folder, without replacing existing files
    #[arg(long, value_name = "FOLDER")]
    files: Option<PathBuf>,
    #[command(flatten)]
    data: DataArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Jsonl,
    Text,
    Html,
}

impl ExportArgs {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let wanted = self.wanted.as_deref().map(Target::new).transpose()?;
        match self.output.as_deref().filter(|path| !is_stdout(path)) {
            Some(path) => export::to_file(path, |out| self.write(wanted.as_ref(), out))?,
            None => self.write(wanted.as_ref(), &mut BufWriter::new(io::stdout().lock()))?,
        }
        Ok(())
    }

    fn write(&self, wanted: Option<&Target>, out: &mut dyn Write) -> Result<(), ExportError> {
        let zone = TimeZone::system();
        let mut printer = match self.format {
            _ if self.text => Printer::Text(TextFormat { wanted, zone, day: None }),
            Format::Text => Printer::Text(TextFormat { wanted, zone, day: None }),
            Format::Jsonl => Printer::Jsonl,
            Format::Html => Printer::Html(wanted, Page::new(wanted.cloned(), zone)),
        };
        let copier = self.files.as_ref().map(|folder| FileCopier::new(&self.data.data, folder));
        let mut copier = copier.transpose()?;
        printer.begin(out)?;
        export::export(&self.data.data, wanted, |item| {
            printer.print(&item, out)?;
            let copied = copier.as_mut().map(|copier| copy_content(copier, &item)).transpose()?;
            copied.flatten().map_or(Ok(()), |fact| printer.print(&ExportItem::Fact(fact), out))
        })?;
        printer.end(out)?;
        Ok(out.flush()?)
    }
}

/// Prints the items of an export in one format.
enum Printer<'a> {
    Jsonl,
    Text(TextFormat<'a>),
    Html(Option<&'a Target>, Page),
}

impl Printer<'_> {
    fn begin(&self, out: &mut dyn Write) -> Result<(), ExportError> {
        if let Self::Html(_, page) = self {
            writeln!(out, "{}", page.begin())?;
        }
        Ok(())
    }

    fn print(&mut self, item: &ExportItem<'_>, out: &mut dyn Write) -> Result<(), ExportError> {
        let part = match self {
            Self::Jsonl => Some(printable(&as_json(item)?).to_string()),
            Self::Text(text) => text.format(item),
            Self::Html(wanted, page) => page.item(item, || in_words(*wanted, item)),
        };
        if let Some(part) = part {
            writeln!(out, "{part}")?;
        }
        Ok(())
    }

    fn end(&self, out: &mut dyn Write) -> Result<(), ExportError> {
        if let Self::Html(..) = self {
            writeln!(out, "{}", Page::end())?;
        }
        Ok(())
    }
}

/// Copies the content of a file event. Returns `None` for other events.
fn copy_content(copier: &mut FileCopier, item: &ExportItem<'_>) -> Result<Option<Fact>, ExportError> {
    let ExportItem::Event(line) = item else { return Ok(None) };
    let Ok(Event { n, to, from, body: Body::File { file, .. }, .. }) = serde_json::from_slice(line) else {
        return Ok(None);
    };
    let path = copier.copy(&file, |number| client::local_file_name(&to, &from, &file.name, number))?;
    Ok(Some(Fact::Content { to, n, path }))
}

fn as_json(item: &ExportItem<'_>) -> io::Result<Vec<u8>> {
    match item {
        ExportItem::Fact(fact) => Ok(serde_json::to_vec(fact)?),
        ExportItem::Event(line) => Ok(line.to_vec()),
    }
}

/// Formats an export as text. The line of an event has only the time of day, so a line with the date precedes
/// the events of each day.
struct TextFormat<'a> {
    wanted: Option<&'a Target>,
    /// The time zone of all times and dates.
    zone: TimeZone,
    /// The date of the previous event.
    day: Option<Date>,
}

impl TextFormat<'_> {
    fn format(&mut self, item: &ExportItem<'_>) -> Option<String> {
        let text = in_words(self.wanted, item)?;
        let ExportItem::Event(line) = item else { return Some(text) };
        let event: Event<'_> = serde_json::from_slice(line).ok()?;
        let at = Timestamp::from_millisecond(i64::try_from(event.at).ok()?).ok()?;
        let day = at.to_zoned(self.zone.clone()).date();
        if self.day.replace(day) == Some(day) { Some(text) } else { Some(format!("-- {day} --\n{text}")) }
    }
}

/// An item as `papo history` shows it.
fn in_words(wanted: Option<&Target>, item: &ExportItem<'_>) -> Option<String> {
    let line = match item {
        ExportItem::Fact(fact) => return Some(fact_in_words(fact)),
        ExportItem::Event(line) => std::str::from_utf8(line).ok()?,
    };
    let event: Event<'_> = serde_json::from_str(line).ok()?;
    // The text of a direct message depends on its reader; the text of a channel event does not.
    let reader = match wanted {
        Some(Target::User(user)) => user,
        Some(Target::Channel(_)) | None => &event.from,
    };
    client::event_in_words(reader, line)
}

fn fact_in_words(fact: &Fact) -> String {
    match fact {
        Fact::Account { user, display_name, since, seen, administrator, disabled } => {
            let mut line = format!("{user}: account since {}", time(*since));
            if !display_name.is_empty() {
                line += &format!(", display name {}", display_name.as_str());
            }
            line += &seen.map_or_else(String::new, |seen| format!(", last seen {}", time(seen)));
            line += if *administrator { ", administrator" } else { "" };
            line += if *disabled { ", disabled" } else { "" };
            line
        }
        Fact::Session { session, opened, expires } => {
            format!("session {session}: from {} to {}", time(*opened), time(*expires))
        }
        Fact::Channel { channel, names, role, may_read } => {
            let role = match role {
                None => "not a member",
                Some(Role::Member) => "member",
                Some(Role::Moderator) => "moderator",
                Some(Role::Owner) => "owner",
            };
            let reads = if *may_read { "may read it" } else { "may not read it" };
            let renamed = names.name.as_ref().map_or_else(String::new, |name| format!(", now {name}"));
            format!("{channel}{renamed}: {role}, {reads}")
        }
        Fact::Reading { conversation, n, unread, mentions } => {
            let (unread, mentions) =
                (counted(*unread, "unread message"), counted(*mentions, "unread mention"));
            format!("{conversation}: read up to {n}, {unread}, {mentions}")
        }
        Fact::Record(user_record) => user_record_in_words(user_record),
        Fact::Content { to, n, path } => format!("{to} {n}: {path}"),
    }
}

#[expect(clippy::too_many_lines, reason = "one row for each kind of record")]
fn user_record_in_words(user_record: &UserRecord) -> String {
    match user_record {
        UserRecord::Account { at, bot: None } => format!("{}: account created", time(*at)),
        UserRecord::Account { at, bot: Some(owner) } => {
            format!("{}: account of a bot created by {owner}", time(*at))
        }
        UserRecord::SessionOpened { at, session, expires } => {
            format!("{}: session {session} opened, until {}", time(*at), time(*expires))
        }
        UserRecord::SessionEnded { at, session } => {
            let which = session.map_or_else(String::new, |session| format!(" {session}"));
            format!("{}: session{which} ended", time(*at))
        }
        UserRecord::SessionsRevoked { at, sessions } => {
            let which: Vec<_> = sessions.iter().map(ToString::to_string).collect();
            format!("{}: sessions revoked: {}", time(*at), which.join(", "))
        }
        UserRecord::PasswordChanged { at } => format!("{}: password changed", time(*at)),
        UserRecord::JoinCodeCreated { at, id, uses, expires, note } => {
            format!(
                "{}: join code {id} created, for {uses} users, until {}: {note}",
                time(*at),
                time(*expires)
            )
        }
        UserRecord::JoinCodeUsed { at, id } => format!("{}: registered with join code {id}", time(*at)),
        UserRecord::JoinCodeRevoked { at, id } => format!("{}: join code {id} revoked", time(*at)),
        UserRecord::HookCreated { at, id, name, channel } => {
            format!("{}: webhook {id} of {name} in {channel} created", time(*at))
        }
        UserRecord::HookRevoked { at, id } => format!("{}: webhook {id} revoked", time(*at)),
        UserRecord::OutgoingHookCreated { at, id, name, channel, url } => {
            format!("{}: webhook {id} of {name} from {channel} to {} created", time(*at), url.as_str())
        }
        UserRecord::HookResumed { at, id } => format!("{}: webhook {id} resumed", time(*at)),
        UserRecord::BotTokenCreated { at, id, name, .. } => {
            format!("{}: token {id} of the bot {name} created", time(*at))
        }
        UserRecord::BotTokenUsed { at, id } => format!("{}: token {id} used", time(*at)),
        UserRecord::CommandsRegistered { at, id, commands } => {
            let names: Vec<_> =
                commands.iter().map(|command| format!("/{}", command.name.as_str())).collect();
            format!("{}: token {id} registered commands: {}", time(*at), names.join(" "))
        }
        UserRecord::ResetCodeCreated { at, by, expires } => {
            format!("{}: code for a new password from {by}, until {}", time(*at), time(*expires))
        }
        UserRecord::ClientKnown { at, key } => {
            format!("{}: first login of the client with the key {key}", time(*at))
        }
        UserRecord::Read { at, conversation, n } => format!("{}: read {conversation} up to {n}", time(*at)),
        UserRecord::Seen { at } => format!("{}: last seen", time(*at)),
        UserRecord::AdministratorSet { at, administrator: true } => {
            format!("{}: became an administrator", time(*at))
        }
        UserRecord::AdministratorSet { at, administrator: false } => {
            format!("{}: is no longer an administrator", time(*at))
        }
        UserRecord::DisabledSet { at, disabled: true } => format!("{}: account disabled", time(*at)),
        UserRecord::DisabledSet { at, disabled: false } => format!("{}: account enabled", time(*at)),
        UserRecord::AccountDeleted { at, erase: false } => format!("{}: account deleted", time(*at)),
        UserRecord::AccountDeleted { at, erase: true } => {
            format!("{}: account deleted, with all its messages", time(*at))
        }
        UserRecord::DeletionFinished { at } => format!("{}: deletion finished", time(*at)),
        UserRecord::LevelSet { at, conversation, level } => {
            let of =
                conversation.as_ref().map_or_else(|| "all conversations".to_owned(), ToString::to_string);
            format!("{}: notification level of {of}: {}", time(*at), client::level_in_words(*level))
        }
        UserRecord::PushSet { at, session, host: Some(host) } => {
            format!("{}: pushes for session {session} go to {host}", time(*at))
        }
        UserRecord::PushSet { at, session, host: None } => {
            format!("{}: no more pushes for session {session}", time(*at))
        }
        UserRecord::DisplayNameSet { at, display_name } => {
            format!("{}: display name set: {}", time(*at), display_name.as_str())
        }
        UserRecord::ReadsShared { at, shared: true } => format!("{}: shares read marks", time(*at)),
        UserRecord::ReadsShared { at, shared: false } => format!("{}: shares no read marks", time(*at)),
        UserRecord::BlockSet { at, other, blocked: true } => format!("{}: blocked {other}", time(*at)),
        UserRecord::BlockSet { at, other, blocked: false } => format!("{}: unblocked {other}", time(*at)),
    }
}

fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

fn time(unix_ms: u64) -> String {
    let time = i64::try_from(unix_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    time.map_or_else(|| unix_ms.to_string(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_day_begins_with_its_date() {
        let wanted = Target::new("#a").expect("a target");
        let mut text = TextFormat { wanted: Some(&wanted), zone: TimeZone::UTC, day: None };
        let mut shown = String::new();
        for at in [1_763_769_600_000_u64 - 2, 1_763_769_600_000 - 1, 1_763_769_600_000, 1_763_942_400_000] {
            let line = format!(
                r##"{{"n":1,"at":{at},"to":"#a","from":"bob","kind":"message","id":"01970000-0000-7000-8000-000000000001","text":"oi"}}"##
            );
            shown += &text.format(&ExportItem::Event(line.as_bytes())).expect("a message");
            shown += "\n";
        }
        // The times are in the time zone of this machine, so they are cut off.
        let lines: Vec<_> =
            shown.lines().map(|line| line.split_once(" #a").map_or(line, |(_, text)| text)).collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        -- 2025-11-21 --
         1 bob: oi
         1 bob: oi
        -- 2025-11-22 --
         1 bob: oi
        -- 2025-11-24 --
         1 bob: oi
        ");
    }
}

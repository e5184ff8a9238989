//! Renders events, lists and notes as text, and prints them.

mod display_options;
mod style;
mod markup;
mod notification;
mod wrap;
mod dates;
mod admin;
mod events;
mod lists;
mod sanitise;
mod status;
mod progress;

#[cfg(test)]
mod tests;

use std::io::{self, BufWriter, IsTerminal as _, Stdout, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use common::{Detail, Target, UserName};
use unicode_width::UnicodeWidthStr as _;

use crate::channel_names::SharedNames;
use crate::i18n::Catalog;
pub(crate) use admin::{
    account, admin_channel, admin_session, backups, disabled, join_code, join_code_created, promoted,
    reset_code, stats,
};
use dates::{Calendar, DatePosition};
pub(crate) use dates::{date_and_time, time_from, with_instants};
pub(crate) use display_options::{ColorChoice, DisplayOptions};
pub(crate) use events::event_for_reader;
pub(crate) use lists::{ban, block, channel, invitation, member, reading, session, user};
pub(crate) use progress::{Progress, columns_for_bars, columns_or_default};
pub(crate) use sanitise::{escape, is_control_character, sanitise};
use session::{Entry, Message, News};
pub(crate) use status::{prompt_status, status};
use style::Style;
use wrap::columns_of_screen;
pub(crate) use wrap::{fit_width, wrap};

/// The maximum number of unsent messages of an earlier run that are shown.
const UNSENT_SHOWN_MAX: usize = 5;

#[derive(Clone)]
pub(crate) struct Renderer {
    catalog: Catalog,
    has_colours: bool,
    has_bell: bool,
    has_notifications: bool,
    /// The columns at which long lines wrap. `None` if they do not wrap.
    columns: fn() -> Option<usize>,
    calendar: Calendar,
    /// The logged-in user. Clones share it.
    reader: Arc<Mutex<Option<UserName>>>,
    names: SharedNames,
}

impl Renderer {
    /// For script commands: in English, without wrapping.
    pub(crate) fn for_scripts() -> Self {
        Self::new(Catalog::ENGLISH, ColorChoice::Auto.has_colours(), || None)
    }

    /// For the chat. Lines wrap only on a screen, not for a screen reader or a pipe.
    pub(crate) fn for_chat(display: &DisplayOptions) -> Self {
        let is_screen = io::stdout().is_terminal() && !display.is_plain();
        let columns = if is_screen { columns_of_screen } else { || None };
        Self {
            has_bell: display.has_bell(),
            has_notifications: display.has_notifications(),
            calendar: Calendar::new(DatePosition::Between),
            ..Self::new(display.catalog(), display.has_colours(), columns)
        }
    }

    /// For events that are not consecutive: the date precedes the time unless it is today.
    pub(crate) fn with_dates_in_front(&self) -> Self {
        Self { calendar: self.calendar.with_dates(DatePosition::InFront), ..self.clone() }
    }

    /// For a caller that prints the dates itself.
    pub(crate) fn without_dates(&self) -> Self {
        Self { calendar: self.calendar.with_dates(DatePosition::Omitted), ..self.clone() }
    }

    fn new(catalog: Catalog, has_colours: bool, columns: fn() -> Option<usize>) -> Self {
        Self {
            catalog,
            has_colours,
            has_bell: false,
            has_notifications: false,
            columns,
            calendar: Calendar::new(DatePosition::InFront),
            reader: Arc::default(),
            names: SharedNames::default(),
        }
    }

    /// Shows channels with the current names of `names`.
    pub(crate) fn with_names(self, names: SharedNames) -> Self {
        Self { names, ..self }
    }

    /// The conversation as the user reads it: a channel has its current name.
    pub(crate) fn shown(&self, conversation: &Target) -> Target {
        self.names.current_of(conversation)
    }

    /// Sets the logged-in user, whose mentions are highlighted.
    pub(crate) fn set_reader(&self, user: &UserName) {
        *self.reader.lock().unwrap_or_else(PoisonError::into_inner) = Some(user.clone());
    }

    pub(crate) fn catalog(&self) -> Catalog {
        self.catalog
    }

    /// The columns at which long lines wrap now.
    pub(crate) fn columns(&self) -> Option<usize> {
        (self.columns)()
    }

    pub(crate) fn has_bell(&self) -> bool {
        self.has_bell
    }

    /// The text that makes the terminal ring or show a notification, if any of the news is a message that
    /// mentions the reader, or a direct message to the reader.
    pub(crate) fn alert<'n>(&self, news: impl Iterator<Item = &'n News>) -> String {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let notifies = |entry: &&Entry| reader.as_ref().is_some_and(|reader| entry.notifies(reader));
        let entries = news.filter_map(|news| if let News::Entry(entry) = news { Some(entry) } else { None });
        let mut entries = entries.filter(notifies).peekable();
        let bell = if self.has_bell && entries.peek().is_some() { notification::BELL } else { "" };
        let last = entries.last().filter(|_| self.has_notifications);
        let notification = last
            .and_then(|entry| notification::sequence(self.catalog, entry, &self.shown(&entry.conversation)));
        bell.to_owned() + &notification.unwrap_or_default()
    }

    pub(crate) fn has_colours(&self) -> bool {
        self.has_colours
    }

    /// An event in one or more lines: time, conversation, number, sender, text. In the chat, a line with the
    /// date precedes the first event of a day. `None` for an unknown kind of event, and for an amendment of a
    /// blocked user.
    pub(crate) fn entry(&self, entry: &Entry) -> Option<String> {
        let shown = self.event(entry)?;
        match entry.event.as_ref().and_then(|event| self.calendar.new_day(event.at)) {
            Some(day) => Some(format!("{}\n{shown}", self.note(&format!("-- {day} --")))),
            None => Some(shown),
        }
    }

    fn event(&self, entry: &Entry) -> Option<String> {
        let event = entry.event.as_ref()?;
        let (head, mut text) = match entry.is_hidden {
            true if event.body.is_content() => (String::new(), self.catalog.hidden_message(&event.from)),
            true => return None,
            false => events::head_and_text(self.catalog, event, &self.shown(&event.to))?,
        };
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        if self.has_colours && !head.is_empty() {
            // Before the text is wrapped, which may break a name.
            text = markup::styled(&text, reader.as_ref());
        }
        if let Some(amended) = entry.amended.as_ref().filter(|_| !entry.is_hidden) {
            text += &events::changes(self.catalog, amended, |at| self.calendar.short_time(at));
        }
        let conversation = self.shown(&entry.conversation);
        let position = format!("{} {conversation} {} ", self.calendar.event_time(event.at), entry.n);
        let text = wrap(&text, position.width() + head.width(), self.columns());
        if !self.has_colours {
            return Some(position + &head + &text);
        }
        if head.is_empty() {
            return Some(Style::System.paint(&(position + &text)));
        }
        let head = Style::of(&event.from, reader.as_ref()).paint(&head);
        Some(Style::System.paint(&position) + &head + &text)
    }

    /// A page of history. An edit, deletion or reaction is shown with its message, and not as an event if the
    /// message is on the page.
    pub(crate) fn page(&self, entries: &[Entry]) -> String {
        let is_here = |n| entries.iter().any(|entry| entry.n == n);
        let amends = |entry: &Entry| entry.event.as_ref().and_then(|event| event.body.amends());
        let rest = entries.iter().filter(|entry| !amends(entry).is_some_and(is_here));
        self.events(rest).join("\n")
    }

    /// Renders events that are shown together.
    pub(crate) fn events<'a>(&self, entries: impl Iterator<Item = &'a Entry>) -> Vec<String> {
        self.calendar.begin_page();
        entries.filter_map(|entry| self.entry(entry)).collect()
    }

    /// An opened conversation: its newest events, or the events from the first unread one on. `more` is the
    /// number of events after them.
    pub(crate) fn opened(&self, conversation: &Target, entries: &[Entry], unread: u64, more: u64) -> String {
        let conversation = &self.shown(conversation);
        let head = match entries {
            [] => self.catalog.no_messages(conversation),
            [first, ..] if unread > 0 => self.catalog.shown_unread(conversation, unread, first.n),
            [first, ..] => self.catalog.shown_from(conversation, first.n),
        };
        let mut lines = vec![self.note(&head)];
        lines.extend(Some(self.page(entries)).filter(|page| !page.is_empty()));
        if more > 0 {
            lines.push(self.note(&self.catalog.more_to_read(more)));
        }
        lines.join("\n")
    }

    /// The text for news. `None` if the news is not printed.
    pub(crate) fn news(&self, news: &News) -> Option<String> {
        match news {
            News::Entry(entry) => self.entry(entry),
            News::Opened { conversation, entries, unread, more } => {
                Some(self.opened(conversation, entries, *unread, *more))
            }
            // Shown in the prompt.
            News::Read(_) | News::StatusSummary(_) => None,
            // The event of the renaming is shown, if it is new.
            News::Named { .. } => None,
            News::Invited(entry) | News::MembershipEnded(entry) => {
                Some(self.note(&format!("-- {} --", event_for_reader(self.catalog, entry, &self.names))))
            }
            News::Presence(change) => Some(
                self.note(&self.catalog.presence_changed(&change.user, &self.catalog.state(change.state))),
            ),
            // Shown in the input line.
            News::Typing(_) => None,
            News::OutboxLoaded(messages) => Some(self.unsent_messages(messages)),
            News::Delayed(message) => {
                Some(self.note(&self.catalog.delayed(&self.shown(&message.to), message.text.as_str())))
            }
            // The event of the message is `News::Entry`, in order.
            News::Sent { outcome: Ok(_), entry_follows: true, .. } => None,
            News::Sent { outcome: Ok(entry), entry_follows: false, .. } => self.entry(entry),
            News::Sent { message, outcome: Err(error), .. } => {
                let error = self.catalog.error(&self.names.in_error(error.clone()));
                let to = self.shown(&message.to);
                Some(self.note(&self.catalog.not_sent(&to, &error, message.text.as_str())))
            }
            News::ConnectionLost => Some(self.note(&self.catalog.connection_lost())),
            News::ConnectionRestored => Some(self.note(&self.catalog.connection_restored())),
            News::RolledBack => Some(self.note(&self.catalog.rolled_back())),
            News::SessionEnded(error) if error.detail() == Some(&Detail::NoSession) => {
                Some(self.note(&self.catalog.session_ended()))
            }
            News::SessionEnded(error) => {
                Some(self.note(&self.catalog.session_ended_because(&self.catalog.error(error))))
            }
        }
    }

    /// The newest unsent messages of an earlier run.
    fn unsent_messages(&self, messages: &[Message]) -> String {
        let mut lines = vec![self.catalog.unsent_messages(messages.len())];
        let newest = messages.get(messages.len().saturating_sub(UNSENT_SHOWN_MAX)..).unwrap_or_default();
        lines.extend(
            newest.iter().map(|message| format!("   {}: {}", self.shown(&message.to), message.text.as_str())),
        );
        lines.iter().map(|line| self.note(line)).collect::<Vec<_>>().join("\n")
    }

    /// A message of papo.
    pub(crate) fn note(&self, message: &str) -> String {
        let message = sanitise(message);
        if self.has_colours { Style::System.paint(&message) } else { message.into_owned() }
    }
}

/// Standard output, buffered until [`flush`](Self::flush).
pub(crate) struct Output {
    out: BufWriter<Stdout>,
}

impl Output {
    pub(crate) fn new() -> Self {
        Self { out: BufWriter::new(io::stdout()) }
    }

    /// Prints rendered text.
    pub(crate) fn print(&mut self, rendered: &str) -> io::Result<()> {
        writeln!(self.out, "{rendered}")
    }

    /// Prints a line of JSON. Characters that a terminal would interpret are escaped.
    pub(crate) fn print_json(&mut self, line: &str) -> io::Result<()> {
        self.print(&escape(line))
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Prints an error or a note to standard error.
pub(crate) fn print_error(message: &str) {
    let _best_effort = writeln!(io::stderr(), "papo: {}", sanitise(message));
}

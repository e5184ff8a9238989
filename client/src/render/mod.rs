//! Renders events, lists and notes as text, and prints them.

mod display_options;
mod style;
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

use crate::i18n::Words;
pub(crate) use admin::{
    account, admin_channel, admin_session, disabled, join_code, promoted, reset_code, stats,
};
use dates::{Calendar, DatePosition};
pub(crate) use dates::{date_and_time, time_from};
pub(crate) use display_options::{ColorChoice, DisplayOptions};
pub(crate) use events::event_for_reader;
pub(crate) use lists::{ban, channel, invitation, member, reading, session, user};
pub(crate) use progress::{Progress, columns_for_bars};
pub(crate) use sanitise::{escape, is_harmful, sanitise};
use session::{Entry, Message, News};
pub(crate) use status::{prompt_status, status};
use style::{Style, mentions_painted};
use wrap::columns_of_screen;
pub(crate) use wrap::fit_width;

/// Recalled messages that are shown. The screen needs room for other lines.
const RECALLED_SHOWN_MAX: usize = 5;

#[derive(Clone)]
pub(crate) struct Renderer {
    words: Words,
    has_colours: bool,
    has_bell: bool,
    /// The columns at which long lines wrap. `None` if they do not wrap.
    columns: fn() -> Option<usize>,
    calendar: Calendar,
    /// The logged-in user. Clones share it.
    reader: Arc<Mutex<Option<UserName>>>,
}

impl Renderer {
    /// For script commands: in English, without wrapping.
    pub(crate) fn for_scripts() -> Self {
        Self::new(Words::ENGLISH, ColorChoice::Auto.has_colours(), || None)
    }

    /// For the chat. Lines wrap only on a screen, not for a screen reader or a pipe.
    pub(crate) fn for_chat(display: &DisplayOptions) -> Self {
        let is_screen = io::stdout().is_terminal() && !display.is_plain();
        let columns = if is_screen { columns_of_screen } else { || None };
        Self {
            has_bell: display.has_bell(),
            calendar: Calendar::new(DatePosition::Between),
            ..Self::new(display.words(), display.has_colours(), columns)
        }
    }

    /// For events that do not follow each other: a date that is not today precedes the time.
    pub(crate) fn with_dates_in_front(&self) -> Self {
        Self { calendar: self.calendar.with_dates(DatePosition::InFront), ..self.clone() }
    }

    /// For a caller that prints the dates.
    pub(crate) fn without_dates(&self) -> Self {
        Self { calendar: self.calendar.with_dates(DatePosition::Omitted), ..self.clone() }
    }

    fn new(words: Words, has_colours: bool, columns: fn() -> Option<usize>) -> Self {
        Self {
            words,
            has_colours,
            has_bell: false,
            columns,
            calendar: Calendar::new(DatePosition::InFront),
            reader: Arc::default(),
        }
    }

    /// Sets the logged-in user, whose mentions are painted.
    pub(crate) fn set_reader(&self, user: &UserName) {
        *self.reader.lock().unwrap_or_else(PoisonError::into_inner) = Some(user.clone());
    }

    pub(crate) fn words(&self) -> Words {
        self.words
    }

    pub(crate) fn has_bell(&self) -> bool {
        self.has_bell
    }

    /// Whether the bell rings for this news: a message that mentions the reader, or a direct message to the
    /// reader.
    pub(crate) fn rings_for(&self, news: &News) -> bool {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let calls = |entry: &Entry| reader.as_ref().is_some_and(|reader| entry.notifies(reader));
        self.has_bell && matches!(news, News::Entry(entry) if calls(entry))
    }

    pub(crate) fn has_colours(&self) -> bool {
        self.has_colours
    }

    /// An event in one or more lines: time, conversation, number, sender, text. In the chat, a line with the
    /// date precedes the first event of a day. `None` for an unknown kind of event.
    pub(crate) fn entry(&self, entry: &Entry) -> Option<String> {
        let shown = self.event(entry)?;
        match entry.event.as_ref().and_then(|event| self.calendar.new_day(event.at)) {
            Some(day) => Some(format!("{}\n{shown}", self.note(&format!("-- {day} --")))),
            None => Some(shown),
        }
    }

    fn event(&self, entry: &Entry) -> Option<String> {
        let event = entry.event.as_ref()?;
        let (head, mut text) = events::head_and_text(self.words, event)?;
        if let Some(amended) = &entry.amended {
            text += &events::changes(self.words, amended, |at| self.calendar.short_time(at));
        }
        let position = format!("{} {} {} ", self.calendar.event_time(event.at), entry.conversation, entry.n);
        let text = wrap::wrap(&text, position.width() + head.width(), (self.columns)());
        if !self.has_colours {
            return Some(position + &head + &text);
        }
        if head.is_empty() {
            return Some(Style::System.paint(&(position + &text)));
        }
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let head = Style::of(&event.from, reader.as_ref()).paint(&head);
        Some(Style::System.paint(&position) + &head + &mentions_painted(&text, reader.as_ref()))
    }

    /// A page of history. An edit, deletion or reaction is shown with its message, and not as an event if the
    /// message is on the page.
    pub(crate) fn page(&self, entries: &[Entry]) -> String {
        let is_here = |n| entries.iter().any(|entry| entry.n == n);
        let amends = |entry: &Entry| entry.event.as_ref().and_then(|event| event.body.amends());
        let rest = entries.iter().filter(|entry| !amends(entry).is_some_and(is_here));
        self.events(rest).join("\n")
    }

    /// Events that are shown together.
    pub(crate) fn events<'a>(&self, entries: impl Iterator<Item = &'a Entry>) -> Vec<String> {
        self.calendar.begin_page();
        entries.filter_map(|entry| self.entry(entry)).collect()
    }

    /// An opened conversation: its newest events, or the events from the first unread one on. `more` is the
    /// number of events after them.
    pub(crate) fn opened(&self, conversation: &Target, entries: &[Entry], unread: u64, more: u64) -> String {
        let head = match entries {
            [] => self.words.no_messages(conversation),
            [first, ..] if unread > 0 => self.words.shown_unread(conversation, unread, first.n),
            [first, ..] => self.words.shown_from(conversation, first.n),
        };
        let mut lines = vec![self.note(&head)];
        lines.extend(Some(self.page(entries)).filter(|page| !page.is_empty()));
        if more > 0 {
            lines.push(self.note(&self.words.more_to_read(more)));
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
            News::Read(_) | News::Standing(_) => None,
            News::Invited(entry) | News::MembershipEnded(entry) => {
                Some(self.note(&format!("-- {} --", event_for_reader(self.words, entry))))
            }
            News::Presence(change) => {
                Some(self.note(&self.words.presence_changed(&change.user, &self.words.state(change.state))))
            }
            // Shown in the input line.
            News::Typing(_) => None,
            News::Recalled(messages) => Some(self.recalled(messages)),
            News::Pending(message) => {
                Some(self.note(&self.words.pending(&message.to, message.text.as_str())))
            }
            // The event of the message is `News::Entry`, in order.
            News::Sent { outcome: Ok(_), is_emitted: true, .. } => None,
            News::Sent { outcome: Ok(entry), is_emitted: false, .. } => self.entry(entry),
            News::Sent { message, outcome: Err(error), .. } => {
                let error = self.words.error(error);
                Some(self.note(&self.words.not_sent(&message.to, &error, message.text.as_str())))
            }
            News::ConnectionLost => Some(self.note(&self.words.connection_lost())),
            News::ConnectionRestored => Some(self.note(&self.words.connection_restored())),
            News::RolledBack => Some(self.note(&self.words.rolled_back())),
            News::SessionEnded(error) if error.detail() == Some(&Detail::NoSession) => {
                Some(self.note(&self.words.session_ended()))
            }
            News::SessionEnded(error) => {
                Some(self.note(&self.words.session_ended_because(&self.words.error(error))))
            }
        }
    }

    /// The newest messages that were pending when the client started.
    fn recalled(&self, messages: &[Message]) -> String {
        let mut lines = vec![self.words.recalled(messages.len())];
        let newest = messages.get(messages.len().saturating_sub(RECALLED_SHOWN_MAX)..).unwrap_or_default();
        lines.extend(newest.iter().map(|message| format!("   {}: {}", message.to, message.text.as_str())));
        lines.iter().map(|line| self.note(line)).collect::<Vec<_>>().join("\n")
    }

    /// A sentence of papo.
    pub(crate) fn note(&self, words: &str) -> String {
        let words = sanitise(words);
        if self.has_colours { Style::System.paint(&words) } else { words.into_owned() }
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

/// Prints an error or a remark to standard error.
pub(crate) fn print_error(words: &str) {
    let _best_effort = writeln!(io::stderr(), "papo: {}", sanitise(words));
}

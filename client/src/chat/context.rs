//! The state that chat commands read and change.

use std::path::PathBuf;

use common::accounts::{LoggedIn, UserInfo};
use common::channels::{ChannelInfo, Invitation};
use common::history::History;
use common::reads::Reading;
use common::{Target, Text};

use super::delivery::DeliveryCounter;
use super::input_line::InputLine;
use super::login_summary;
use super::names::KnownNames;
use super::transfers::{Transfer, Transfers};
use crate::cache::Cache;
use crate::cli_error::CliError;
use crate::client_handle::ClientHandle;
use crate::i18n::Catalog;
use crate::password::PasswordSource;
use crate::permalink::Permalink;
use crate::render::{Output, Renderer, sanitise};
use session::{Command, Connectivity};

/// The maximum number of cached events that the chat shows while the server does not answer: about a screen.
const CACHED_EVENTS_SHOWN_MAX: usize = 20;

pub(crate) struct Context {
    pub(super) handle: ClientHandle,
    pub(super) renderer: Renderer,
    pub(super) catalog: Catalog,
    pub(super) password: PasswordSource,
    /// The session of the user. It is kept after the server has ended it.
    pub(super) session: Option<LoggedIn>,
    /// The conversation that receives the lines of the user.
    pub(super) open: Option<Target>,
    pub(super) input_line: InputLine,
    pub(super) names: KnownNames,
    pub(super) cache: Cache,
    pub(super) delivery: DeliveryCounter,
    pub(super) transfers: Transfers,
    /// The folder for downloaded files.
    pub(super) downloads: PathBuf,
    /// False if the lines are from a pipe. The chat then waits for the server, and does not show cached
    /// messages.
    pub(super) is_interactive: bool,
}

impl Context {
    pub(super) fn say(&self, sentence: &str) -> Result<(), CliError> {
        self.print(&sanitise(sentence))
    }

    /// Prints the items. If there are none, prints `when_empty`.
    pub(super) fn say_list(
        &self,
        items: impl Iterator<Item = String>,
        when_empty: &str,
    ) -> Result<(), CliError> {
        let lines: Vec<_> = items.collect();
        if lines.is_empty() { self.say(when_empty) } else { self.say(&lines.join("\n")) }
    }

    /// Prints text of the renderer.
    pub(super) fn print(&self, rendered: &str) -> Result<(), CliError> {
        let mut output = Output::new();
        output.print(rendered)?;
        Ok(output.flush()?)
    }

    pub(super) fn is_logged_in(&self) -> bool {
        self.session.is_some()
    }

    /// Whether a user is logged in and the server does not answer.
    pub(super) fn is_offline(&mut self) -> bool {
        self.is_logged_in()
            && self.handle.status().is_ok_and(|status| match status.summary.connectivity {
                Connectivity::Reconnecting | Connectivity::Offline | Connectivity::Connecting => true,
                Connectivity::Connected => false,
            })
    }

    /// Forgets the user, whose session has ended.
    pub(super) fn forget_user(&mut self) {
        (self.session, self.open) = (None, None);
        self.cache.forget_all();
    }

    pub(super) fn open_conversation(&self) -> Result<Target, CliError> {
        let nothing_open = || {
            if self.is_logged_in() { self.catalog.nothing_open() } else { self.catalog.nobody_is_logged_in() }
        };
        self.open.clone().ok_or_else(|| CliError::Usage(nothing_open()))
    }

    /// The conversation that is open, as the user reads it.
    pub(super) fn open_conversation_shown(&self) -> Result<Target, CliError> {
        self.open_conversation().map(|open| self.renderer.shown(&open))
    }

    /// Opens a conversation and shows its newest events, from the cache if the server does not answer.
    pub(super) fn open(&mut self, conversation: Target) -> Result<(), CliError> {
        let conversation = self.handle.names().first_of(conversation);
        if self.is_offline() {
            return self.open_from_cache(conversation);
        }
        self.handle.command(Command::Open(conversation.clone()))?;
        self.set_open(conversation);
        if self.is_interactive {
            // Loads the names for completion.
            self.open_bot_commands();
        }
        Ok(())
    }

    /// Opens the conversation of a permalink, and shows the events around its event.
    pub(super) fn open_link(&mut self, link: Permalink) -> Result<(), CliError> {
        if !link.is_of(self.handle.addresses()) {
            return Err(CliError::Usage(self.catalog.link_to_other_server(&link.server)));
        }
        let Permalink { conversation, n, .. } = link;
        self.open(conversation.clone())?;
        let page = |token| History { around: Some(n), ..History::newest(token, conversation) };
        let entries = self.handle.history(page)?;
        self.print(&self.renderer.page(&entries))
    }

    /// Opens a conversation and shows its cached events. Newer events follow when the server answers.
    pub(super) fn open_from_cache(&mut self, conversation: Target) -> Result<(), CliError> {
        let conversation = self.handle.names().first_of(conversation);
        let entries = self.cache.newest(&conversation, CACHED_EVENTS_SHOWN_MAX);
        if let Some(last) = entries.last() {
            let mut lines = vec![
                self.renderer.note(&self.catalog.cached_up_to(&self.renderer.shown(&conversation), last.n)),
            ];
            lines.extend(self.renderer.events(entries.iter()));
            self.print(&lines.join("\n"))?;
        }
        self.handle.submit(Command::Open(conversation.clone()))?;
        self.set_open(conversation);
        self.say(&self.catalog.offline_note())
    }

    fn set_open(&mut self, conversation: Target) {
        if self.open.as_ref() != Some(&conversation) {
            self.names.set_commands([]);
        }
        self.names.add([conversation.to_string()]);
        self.cache.set_open(&conversation);
        self.open = Some(conversation);
    }

    /// Checks the text of a message.
    pub(super) fn text(&self, text: &str) -> Result<Text<'static>, CliError> {
        Text::new(text.to_owned()).map_err(|error| CliError::Usage(self.catalog.detail(&error)))
    }

    /// Sends a message. `reply` is the number of the event that it replies to.
    pub(super) fn send(&mut self, to: Target, text: &str, reply: Option<u64>) -> Result<(), CliError> {
        let text = self.text(text)?;
        self.delivery.message_sent();
        self.handle.send(to, text, reply).inspect_err(|_| self.delivery.message_answered(false))
    }

    /// Uploads or downloads a file in the background.
    pub(super) fn transfer(&mut self, transfer: Transfer) -> Result<(), CliError> {
        let not_logged_in = || CliError::Usage(self.catalog.nobody_is_logged_in());
        let session = self.session.clone().ok_or_else(not_logged_in)?;
        let sentence = self.transfers.start(transfer, session)?;
        self.say(&sentence)
    }

    pub(super) fn channels(&mut self) -> Result<Vec<ChannelInfo>, CliError> {
        login_summary::channels(&mut self.handle, &self.names)
    }

    pub(super) fn users(&mut self) -> Result<Vec<UserInfo>, CliError> {
        login_summary::users(&mut self.handle, &self.names)
    }

    pub(super) fn invitations(&mut self) -> Result<Vec<Invitation>, CliError> {
        login_summary::invitations(&mut self.handle, &self.names)
    }

    pub(super) fn unread(&mut self) -> Result<Vec<Reading>, CliError> {
        login_summary::unread(&mut self.handle)
    }
}

//! The shell: runs each line as a message, a command, or a choice in the menu.

use std::time::Duration;

use transport::shutdown::Shutdown;

use super::Place;
use super::commands::{Command, Next};
use super::context::Context;
use super::line::Line;
use super::login;
use super::menu::{Menu, Step};
use super::prompt::Prompt;
use crate::cli_error::CliError;
use crate::client_handle::{MESSAGES_PENDING_MAX, OUTAGE_WAIT};
use crate::i18n::Catalog;
use crate::render::{print_error, prompt_status};

pub(super) struct Shell {
    pub(super) context: Context,
    menu: Option<Menu>,
    has_quit: bool,
    /// Requested by a signal.
    shutdown: Shutdown,
}

impl Shell {
    pub(super) fn new(context: Context, shutdown: Shutdown) -> Self {
        Self { context, menu: None, has_quit: false, shutdown }
    }

    /// Resumes the stored session, and opens `place`.
    pub(super) fn start(&mut self, place: Option<Place>) -> Result<(), CliError> {
        login::resume(&mut self.context, place)
    }

    /// Like [`start`](Self::start), but prints an error, and the chat continues.
    pub(super) fn start_and_report(&mut self, place: Option<Place>) -> Result<(), CliError> {
        let outcome = self.start(place);
        self.report(outcome)
    }

    pub(super) fn has_ended(&self) -> bool {
        self.has_quit || self.shutdown.is_requested()
    }

    pub(super) fn is_in_menu(&self) -> bool {
        self.menu.is_some()
    }

    pub(super) fn prompt(&mut self) -> String {
        let context = &mut self.context;
        if self.menu.is_some() {
            return context.input_line.begin(None, Prompt::fixed("menu"));
        }
        let version = context.input_line.status_version();
        let status = context.handle.status().map_or_else(
            |_| String::new(),
            |status| prompt_status(context.catalog, status.summary, context.is_logged_in()),
        );
        let name = context.open.as_ref().map(|open| context.renderer.shown(open));
        let name = name.map_or_else(|| "papo".to_owned(), |name| name.to_string());
        context.input_line.begin(context.open.as_ref(), Prompt::new(name, status, version))
    }

    pub(super) fn run(&mut self, line: &str) -> Result<(), CliError> {
        // Every line counts as a keystroke, even a line of a pipe: the user is online.
        self.context.input_line.key_typed("");
        if let Some(menu) = self.menu.take().filter(|menu| menu.accepts(line)) {
            let step = menu.answer(self.context.catalog, &self.context.names, line);
            return self.take_step(step);
        }
        match Line::parse(line) {
            Line::Blank => Ok(()),
            Line::Command(command, arguments) => self.run_command(command, arguments),
            Line::Unknown(name, nearest) => {
                if self.context.run_bot_command(name, line.trim())? {
                    return Ok(());
                }
                let catalog = self.context.catalog;
                Err(CliError::Usage(nearest.map_or_else(
                    || catalog.no_such_command(name),
                    |nearest| catalog.mistyped_command(name, nearest.name),
                )))
            }
            Line::Link(link) => self.context.open_link(link),
            Line::Open(conversation) => self.context.open(conversation),
            Line::Text(text) => {
                let conversation = self.context.open_conversation()?;
                self.context.send(conversation, text, None)
            }
        }
    }

    /// Runs one line of a script. Before a command, all earlier messages must be answered and all files
    /// transferred. Before a message, the number of pending messages must be below the maximum.
    pub(super) fn run_in_order(&mut self, line: &str) -> Result<(), CliError> {
        let is_message = !self.is_in_menu() && matches!(Line::parse(line), Line::Text(_) | Line::Blank);
        let pending_max = if is_message { MESSAGES_PENDING_MAX - 1 } else { 0 };
        self.wait_for_acknowledgements(pending_max, OUTAGE_WAIT)?;
        if !is_message {
            self.context.transfers.wait();
        }
        self.run(line)
    }

    fn run_command(&mut self, command: &Command, arguments: &str) -> Result<(), CliError> {
        match command.run(&mut self.context, arguments)? {
            Next::Stay => Ok(()),
            Next::Menu => self.show_menu(),
            Next::Quit => {
                self.has_quit = true;
                Ok(())
            }
        }
    }

    fn show_menu(&mut self) -> Result<(), CliError> {
        self.refresh_names();
        let step = Menu::Groups.show(self.context.catalog, &self.context.names);
        self.take_step(step)
    }

    fn take_step(&mut self, step: Step) -> Result<(), CliError> {
        match step {
            Step::Show(menu, text) => {
                self.menu = Some(menu);
                self.context.say(&text)
            }
            Step::Run(menu, command, arguments) => {
                self.menu = Some(menu);
                self.run_command(command, &arguments)?;
                if self.has_quit {
                    return Ok(());
                }
                self.refresh_names();
                self.context.say(&self.context.catalog.menu_continues())
            }
            Step::Leave => self.context.say(&self.context.catalog.menu_left()),
        }
    }

    /// Requests users, channels and invitations for the choices of the menu. If the server does not answer,
    /// the menu offers the known names.
    fn refresh_names(&mut self) {
        let context = &mut self.context;
        if !context.is_logged_in() || context.is_offline() {
            return;
        }
        let outcome = context.users().and_then(|_| context.channels()).and_then(|_| context.invitations());
        if let Err(error) = outcome {
            tracing::debug!(%error, "cannot refresh the choices of the menu");
        }
    }

    /// Prints an error. Returns only [`CliError::OutputClosed`], which ends the chat.
    pub(super) fn report(&self, outcome: Result<(), CliError>) -> Result<(), CliError> {
        match outcome {
            Err(CliError::OutputClosed) => Err(CliError::OutputClosed),
            // The printer reports the end of the session.
            Err(error) if error.is_reported_as_news() => Ok(()),
            Err(error) => {
                print_error(&self.context.catalog.cli_error(&error));
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Ends an interactive chat. Waits for pending messages up to the timeout of the connection.
    pub(super) fn finish(&mut self) -> Result<(), CliError> {
        let interrupted = self.context.transfers.interrupted();
        if !interrupted.is_empty() {
            self.context.say(&interrupted.join("\n"))?;
        }
        let rejected_before = self.context.delivery.rejected();
        self.wait_until_sent(rejected_before, Duration::ZERO)
    }

    /// Ends a script. Waits for pending messages and files. Returns an error if a message or file of the
    /// script failed.
    pub(super) fn finish_script(&mut self) -> Result<(), CliError> {
        let messages = self.wait_until_sent(0, OUTAGE_WAIT);
        let files = match self.context.transfers.wait() {
            0 => Ok(()),
            count => Err(CliError::Failed(self.context.catalog.files_failed(count))),
        };
        messages.and(files)
    }

    /// Waits until no message is pending. Returns an error if more than `rejected_before` messages were
    /// rejected.
    fn wait_until_sent(&mut self, rejected_before: usize, timeout: Duration) -> Result<(), CliError> {
        if self.shutdown.is_requested() {
            return Ok(());
        }
        let catalog = self.context.catalog;
        if let Err(error) = self.wait_for_acknowledgements(0, timeout) {
            print_error(&catalog.kept_for_later(self.context.delivery.pending()));
            return Err(error);
        }
        match self.context.delivery.rejected().saturating_sub(rejected_before) {
            0 => Ok(()),
            count => Err(CliError::Failed(catalog.messages_not_sent(count))),
        }
    }

    /// Waits until at most `pending_max` messages are pending. `timeout` extends the timeout of the
    /// connection only if the server has acknowledged a message before.
    fn wait_for_acknowledgements(&self, pending_max: usize, timeout: Duration) -> Result<(), CliError> {
        let context = &self.context;
        let timeout = if context.delivery.has_acknowledged() { timeout } else { Duration::ZERO };
        let timeout = context.handle.longer_timeout(timeout);
        if context.delivery.wait_for(pending_max, timeout) {
            Ok(())
        } else {
            Err(context.handle.unreachable(timeout))
        }
    }
}

/// Prints an error, and marks it as printed. The caller then uses it only for the exit code.
pub(super) fn report_once(catalog: Catalog, outcome: Result<(), CliError>) -> Result<(), CliError> {
    outcome.map_err(|error| {
        if matches!(error, CliError::Reported(_) | CliError::OutputClosed) {
            return error;
        }
        print_error(&catalog.cli_error(&error));
        CliError::Reported(Box::new(error))
    })
}

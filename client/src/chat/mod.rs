//! The chat: it runs the lines that a user types, and prints events. On a terminal, a line editor is below
//! the output; without a terminal, the lines come from a pipe.
//!
//! A module imports only modules to its right: `terminal`, `plain`, `pipe` -> `shell` -> `commands` ->
//! `context` -> the others.

mod names;
mod delivery;
mod ui_event;
mod prompt;
mod input_line;
mod resize;
mod printer;
mod transfers;
mod login_summary;
mod context;
mod bot_commands;
mod login;
mod commands;
mod line;
mod menu;
mod completion;
mod shell;
mod terminal;
mod plain;
mod pipe;
mod shutdown;

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::mpsc::{SyncSender, sync_channel};

use common::Target;
use transport::shutdown::Shutdown;

use crate::cli_error::CliError;
use crate::client_handle::{ClientHandle, Sends};
use crate::connection::Connection;
use crate::password::PasswordSource;
use crate::permalink::Permalink;
use crate::render::{DisplayOptions, Renderer};
use context::Context;
use delivery::DeliveryCounter;
use input_line::InputLine;
use names::KnownNames;
use printer::Printer;
use shell::{Shell, report_once};
use shutdown::SignalWatcher;
use terminal::Terminal;
use transfers::{TransferContext, Transfers};
use ui_event::UiEvent;

/// The maximum number of queued events for the printer. If the queue is full, the network thread waits.
const EVENTS_QUEUED_MAX: usize = 1024;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Open this conversation, or this link to an event, in quotes: '#general', '@bob',
    /// 'papo://chat.example:5555/#general/17'.
    #[arg(value_parser = place, value_name = "CONVERSATION|LINK")]
    conversation: Option<Place>,
    /// Register with this join code [default: the code of the invite in --server].
    #[arg(long, env = "PAPO_JOIN_CODE", hide_env_values = true)]
    code: Option<String>,
    /// Store downloaded files in this folder.
    #[arg(long, value_name = "DIR", env = "PAPO_DOWNLOADS", default_value = "papo_downloads")]
    downloads: PathBuf,
    #[command(flatten)]
    display: DisplayOptions,
    #[command(flatten)]
    password: PasswordSource,
    #[command(flatten)]
    connection: Connection,
}

/// The part of a conversation that the chat opens first.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// The unread or the newest events.
    Newest(Target),
    /// The events around the event of a link.
    Around(Permalink),
}

impl Place {
    fn conversation(&self) -> &Target {
        match self {
            Self::Newest(conversation) | Self::Around(Permalink { conversation, .. }) => conversation,
        }
    }
}

/// Parses `#channel`, `@user` or a permalink.
fn place(text: &str) -> Result<Place, String> {
    match text.parse() {
        Ok(link) => Ok(Place::Around(link)),
        Err(()) => Target::new(text).map(Place::Newest).map_err(|error| error.to_string()),
    }
}

/// The source of the lines.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Input {
    LineEditor,
    Plain,
    Pipe,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), CliError> {
    report_once(arguments.display.catalog(), chat(arguments))
}

fn chat(arguments: &Arguments) -> Result<(), CliError> {
    let (input, catalog) = (input(arguments), arguments.display.catalog());
    let (events, events_to_print) = sync_channel(EVENTS_QUEUED_MAX);
    let (connection, shutdown) = (arguments.connection.with_server()?, Shutdown::new());
    let mut handle =
        ClientHandle::open(&connection, catalog, events.clone(), shutdown.clone(), Sends::Messages)?;
    handle.set_join_code(arguments.code.clone());
    let has_line_editor = input == Input::LineEditor;
    let network_thread_end = handle.network_thread_end();
    let signalled = SignalWatcher { connection: shutdown, network_thread_end, has_line_editor }.start()?;
    let context = context(arguments, handle, connection, events, input);
    let printer = Printer::new(context.renderer.clone(), context.delivery.clone(), context.cache.clone());
    let mut shell = Shell::new(context, signalled);
    let conversation = arguments.conversation.clone();
    let outcome = match input {
        Input::LineEditor => {
            let mut terminal = Terminal::open(&shell)?;
            let input_line = shell.context.input_line.clone();
            let resized_line = input_line.clone();
            transport::resize::watch(move || {
                if let Some((drawn, old_columns, new_columns)) = resized_line.resized() {
                    resize::prepare(&drawn, old_columns, new_columns);
                }
            })?;
            printer.start_above(terminal.printer()?, input_line, events_to_print)?;
            shell.start_and_report(conversation)?;
            terminal.run(&mut shell)
        }
        Input::Plain => {
            printer.start(events_to_print)?;
            shell.start_and_report(conversation)?;
            plain::run(&mut shell)
        }
        Input::Pipe => {
            let printing = printer.start(events_to_print)?;
            let outcome = pipe::run(&mut shell, conversation);
            // Closes the channel: the printer prints the queued events, and ends.
            drop(shell);
            return printing.join().unwrap_or(Ok(())).and(outcome);
        }
    };
    shell.context.cache.flush();
    outcome
}

fn input(arguments: &Arguments) -> Input {
    let is_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    match (is_terminal, arguments.display.is_plain()) {
        (true, false) => Input::LineEditor,
        (true, true) => Input::Plain,
        (false, _) => Input::Pipe,
    }
}

fn context(
    arguments: &Arguments,
    handle: ClientHandle,
    connection: Connection,
    events: SyncSender<UiEvent>,
    input: Input,
) -> Context {
    let renderer = Renderer::for_chat(&arguments.display).with_names(handle.names());
    let catalog = renderer.catalog();
    let input_line = InputLine::new(handle.keystrokes(), renderer.has_colours());
    let line_with_bars = (input == Input::LineEditor).then(|| input_line.clone());
    Context {
        cache: handle.cache(),
        names: KnownNames::new(handle.names()),
        handle,
        renderer,
        catalog,
        password: arguments.password.clone(),
        session: None,
        open: None,
        input_line,
        delivery: DeliveryCounter::default(),
        transfers: Transfers::new(TransferContext {
            connection,
            catalog,
            events,
            input_line: line_with_bars,
        }),
        downloads: arguments.downloads.clone(),
        is_interactive: input != Input::Pipe,
    }
}

//! The chat for people: lines typed go one way, what happens is printed above them. Without a terminal the same
//! lines are read from a pipe.

mod commands;
mod completion;
mod input_line;
mod shutdown;
mod line;
mod menu;
mod plain;
mod printer;
mod prompt;
mod room;
mod login_summary;
mod offline;
mod terminal;
mod transfers;

use std::io::{BufRead as _, IsTerminal as _};
use std::path::PathBuf;
use std::sync::mpsc::sync_channel;

use common::Target;
use transport::stop::Stop;

use crate::cli_error::CliError;
use crate::client_handle::{ClientHandle, PATIENCE, Sends};
use crate::connection::Connection;
use crate::i18n::Words;
use crate::password::PasswordSource;
use crate::render::{DisplayOptions, Output, Renderer, complain};
use input_line::InputLine;
use printer::{DeliveryCounter, Printer};
use room::Room;
use shutdown::SignalHandler;
use terminal::Terminal;
use transfers::TransferContext;

/// News that wait to be printed.
const NEWS_WAITING_MAX: usize = 1024;

/// Arguments of `papo chat`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The conversation to open: '#general' or @bob.
    #[arg(value_parser = |text: &str| Target::new(text).map_err(|error| error.to_string()))]
    conversation: Option<Target>,
    /// Where to put files that are fetched.
    #[arg(long, value_name = "DIR", env = "PAPO_DOWNLOADS", default_value = "papo_downloads")]
    downloads: PathBuf,
    #[command(flatten)]
    display: DisplayOptions,
    #[command(flatten)]
    password: PasswordSource,
    #[command(flatten)]
    connection: Connection,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), CliError> {
    told(arguments.display.words(), chat(arguments))
}

fn chat(arguments: &Arguments) -> Result<(), CliError> {
    let (told, to_print) = sync_channel(NEWS_WAITING_MAX);
    let (connection, stop) = (arguments.connection.settled()?, Stop::new());
    let handle = ClientHandle::open(&connection, told.clone(), stop.clone(), Sends::Messages)?;
    let renderer = Renderer::for_chat(&arguments.display);
    let delivery = DeliveryCounter::default();
    let is_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let is_drawn = is_terminal && !arguments.display.is_plain();
    let asked_to_leave = SignalHandler { connection: stop, ended: handle.ended(), is_drawn }.on_signals()?;
    let input_line = InputLine::new(handle.keys(), renderer.has_colours());
    let context = TransferContext {
        connection,
        words: renderer.words(),
        told,
        input_line: is_drawn.then(|| input_line.clone()),
    };
    let mut room = Room::new(handle, renderer.clone(), delivery.clone(), context, input_line, arguments);
    room.asked_to_leave = asked_to_leave;
    let printer = Printer::new(renderer, delivery, room.cache.clone());
    if is_drawn {
        let mut terminal = Terminal::open(&room)?;
        printer.start_above(terminal.printer()?, room.input_line.clone(), to_print)?;
        greet(&mut room, arguments.conversation.clone())?;
        let outcome = terminal.run(&mut room);
        room.cache.flush();
        outcome
    } else if is_terminal {
        printer.start(to_print)?;
        greet(&mut room, arguments.conversation.clone())?;
        let outcome = plain::run(&mut room);
        room.cache.flush();
        outcome
    } else {
        room.is_patient = true;
        let printing = printer.start(to_print)?;
        let outcome = read_pipe(&mut room, arguments.conversation.clone());
        // What is on its way to the screen is shown before the end.
        drop(room);
        printing.join().unwrap_or(Ok(())).and(outcome)
    }
}

/// Goes straight in when a session was kept, and says what to do when not.
fn greet(room: &mut Room, conversation: Option<Target>) -> Result<(), CliError> {
    let outcome = room.enter(conversation);
    room.report(outcome)
}

/// Lines from a pipe are obeyed one after the other. The end comes when everything sent is acknowledged.
fn read_pipe(room: &mut Room, conversation: Option<Target>) -> Result<(), CliError> {
    let entered = room.enter(conversation);
    if matches!(entered, Err(CliError::Unreachable { .. })) {
        return entered;
    }
    let mut outcome = told(room.words, entered);
    let mut input = std::io::stdin().lock();
    let mut bytes = Vec::new();
    while !room.is_over() && input.read_until(b'\n', &mut bytes)? > 0 {
        let line = String::from_utf8_lossy(&bytes);
        let obeyed = room.obey_in_order(line.trim_end_matches('\n'));
        let obeyed = told(room.words, obeyed);
        bytes.clear();
        outcome = outcome.and(obeyed);
    }
    outcome.and(room.wait_until_all_is_sent(PATIENCE)).and(room.wait_for_transfers())
}

/// Tells a failure where it happens, once; the first one decides the exit code.
fn told(words: Words, outcome: Result<(), CliError>) -> Result<(), CliError> {
    outcome.map_err(|failure| {
        if matches!(failure, CliError::Reported(_) | CliError::OutputClosed) {
            return failure;
        }
        complain(&words.cli_error(&failure));
        CliError::Reported(Box::new(failure))
    })
}

/// Prints what papo itself has to say.
fn say(words: &str) -> Result<(), CliError> {
    let mut output = Output::new();
    output.print(words)?;
    Ok(output.flush()?)
}

//! The chat for people: lines typed go one way, what happens is printed above them. Without a terminal the same
//! lines are read from a pipe.

mod commands;
mod completion;
mod keyboard;
mod leaving;
mod line;
mod menu;
mod plain;
mod printer;
mod prompt;
mod room;
mod around;
mod offline;
mod terminal;
mod transfers;

use std::io::{BufRead as _, IsTerminal as _};
use std::path::PathBuf;
use std::sync::mpsc::sync_channel;

use common::Target;
use transport::stop::Stop;

use crate::cli_error::CliError;
use crate::connection::Connection;
use crate::desk::{Desk, PATIENCE, Sends};
use crate::i18n::Words;
use crate::password::PasswordSource;
use crate::render::{Looks, Output, Renderer, complain};
use keyboard::Keyboard;
use leaving::Leaving;
use printer::{Printer, Tally};
use room::Room;
use terminal::Terminal;
use transfers::Surroundings;

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
    looks: Looks,
    #[command(flatten)]
    password: PasswordSource,
    #[command(flatten)]
    connection: Connection,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), CliError> {
    told(arguments.looks.words(), chat(arguments))
}

fn chat(arguments: &Arguments) -> Result<(), CliError> {
    let (told, to_print) = sync_channel(NEWS_WAITING_MAX);
    let (connection, stop) = (arguments.connection.settled()?, Stop::new());
    let desk = Desk::open(&connection, told.clone(), stop.clone(), Sends::Messages)?;
    let renderer = Renderer::for_chat(&arguments.looks);
    let tally = Tally::default();
    let is_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let is_drawn = is_terminal && !arguments.looks.is_plain();
    let asked_to_leave = Leaving { connection: stop, ended: desk.ended(), is_drawn }.on_signals()?;
    let keyboard = Keyboard::new(desk.keys(), renderer.has_colours());
    let surroundings = Surroundings {
        connection,
        words: renderer.words(),
        told,
        keyboard: is_drawn.then(|| keyboard.clone()),
    };
    let mut room = Room::new(desk, renderer.clone(), tally.clone(), surroundings, keyboard, arguments);
    room.asked_to_leave = asked_to_leave;
    let printer = Printer::new(renderer, tally, room.cache.clone());
    if is_drawn {
        let mut terminal = Terminal::open(&room)?;
        printer.start_above(terminal.printer()?, room.keyboard.clone(), to_print)?;
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

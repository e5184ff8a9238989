//! Shutting down on a signal: the terminal was closed, or a signal asks the program to end. The server is told,
//! and the terminal is left as it was found.

use std::io;
use std::time::Duration;

use rustix::termios::{self, OptionalActions, Termios};
use transport::clock;
use transport::poll::{self, Watch};
use transport::signals;
use transport::stop::Stop;
use transport::wake::Wake;

use crate::cli_error::CliError;
use crate::client_handle::Ended;

/// How long the end may take: the server has half a second to take note.
const LEAVING_TIME: Duration = Duration::from_secs(2);

/// How often the line editor is interrupted until it lets go: between two lines it does not hear of it.
const INTERRUPT_EVERY: Duration = Duration::from_millis(50);

/// What a shell tells of a program that was ended by SIGTERM: 128 and its number.
const ENDED_BY_SIGNAL: i32 = 143;

/// Who listens, once it is time to leave.
pub(super) struct SignalHandler {
    /// What ends the connection, with a goodbye.
    pub(super) connection: Stop,
    /// When it has ended.
    pub(super) ended: Ended,
    /// Whether a line editor has the terminal.
    pub(super) is_drawn: bool,
}

impl SignalHandler {
    /// Listens for the signals from now on. What is returned says whether one has come.
    pub(super) fn on_signals(self) -> Result<Stop, CliError> {
        let asked = Stop::new();
        let (waker, wake) = Wake::new()?;
        asked.watch(waker);
        signals::stop_on_hangup(&asked)?;
        let terminal = termios::tcgetattr(io::stdin()).ok();
        let heard = asked.clone();
        let work = move || {
            while !heard.is_requested() {
                if poll::wait(&[Watch::Wake(&wake)], None).is_err() {
                    return;
                }
            }
            self.leave(terminal.as_ref());
        };
        std::thread::Builder::new().name("shutdown".to_owned()).spawn(work)?;
        Ok(asked)
    }

    /// The line editor returns when it is interrupted, and then the chat ends as it always does. Whoever waits for a line
    /// in another way cannot be interrupted.
    fn leave(self, terminal: Option<&Termios>) {
        self.connection.request();
        if self.is_drawn {
            let deadline = clock::now() + LEAVING_TIME;
            while clock::now() < deadline {
                signals::interrupt_oneself();
                std::thread::sleep(INTERRUPT_EVERY);
            }
        } else {
            self.ended.wait(LEAVING_TIME);
        }
        if let Some(terminal) = terminal {
            let _as_far_as_it_goes = termios::tcsetattr(io::stdin(), OptionalActions::Now, terminal);
        }
        std::process::exit(ENDED_BY_SIGNAL);
    }
}

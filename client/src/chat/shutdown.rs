//! Shutdown by a signal, such as SIGTERM or a closed terminal: reports to the server that the user is
//! offline, and restores the terminal.

use std::io;
use std::time::Duration;

use rustix::termios::{self, OptionalActions, Termios};
use transport::clock;
use transport::poll::{self, Watch};
use transport::shutdown::Shutdown;
use transport::signals;
use transport::wake::Wake;

use crate::cli_error::CliError;
use crate::network::thread_end::NetworkThreadEnd;

/// The maximum duration of the shutdown. The report to the server takes up to half a second.
const SHUTDOWN_TIME: Duration = Duration::from_secs(2);

/// The interval at which the line editor is interrupted until it returns. It ignores an interrupt between two
/// lines.
const INTERRUPT_EVERY: Duration = Duration::from_millis(50);

/// The exit code of a program that SIGTERM has ended: 128 plus the number of the signal.
const ENDED_BY_SIGNAL: i32 = 143;

/// Ends the chat at a signal.
pub(super) struct SignalWatcher {
    /// Ends the connection, after a report that the user is offline.
    pub(super) connection: Shutdown,
    pub(super) network_thread_end: NetworkThreadEnd,
    /// Whether a line editor has the terminal.
    pub(super) has_line_editor: bool,
}

impl SignalWatcher {
    /// Starts the watcher. The returned shutdown is requested at the first signal.
    pub(super) fn start(self) -> Result<Shutdown, CliError> {
        let requested = Shutdown::new();
        let (waker, wake) = Wake::new()?;
        requested.watch(waker);
        signals::stop_on_termination(&requested)?;
        let terminal = termios::tcgetattr(io::stdin()).ok();
        let watched = requested.clone();
        let work = move || {
            while !watched.is_requested() {
                if poll::wait(&[Watch::Wake(&wake)], None).is_err() {
                    return;
                }
            }
            self.run(terminal.as_ref());
        };
        std::thread::Builder::new().name("shutdown".to_owned()).spawn(work)?;
        Ok(requested)
    }

    /// Interrupts the line editor, after which the shell ends the program. Without a line editor, this
    /// function ends the program, because a read from a pipe cannot be interrupted.
    fn run(self, terminal: Option<&Termios>) {
        self.connection.request();
        if self.has_line_editor {
            let deadline = clock::now() + SHUTDOWN_TIME;
            while clock::now() < deadline {
                signals::interrupt_this_process();
                std::thread::sleep(INTERRUPT_EVERY);
            }
        } else {
            self.network_thread_end.wait(SHUTDOWN_TIME);
        }
        if let Some(terminal) = terminal {
            let _best_effort = termios::tcsetattr(io::stdin(), OptionalActions::Now, terminal);
        }
        std::process::exit(ENDED_BY_SIGNAL);
    }
}

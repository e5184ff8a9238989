//! The error that ends a command, and its exit code for scripts. `i18n` has the sentences.

use std::fmt;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

use common::{Detail, Error};
use transport::TransportError;

use crate::i18n::Words;
use crate::local_error::LocalError;

#[derive(Debug)]
pub(crate) enum CliError {
    /// The server, or the session core, refused the request.
    Server(Error),
    /// The state of this client does not allow the command.
    Refused(String),
    /// No session is stored for this server, named by its addresses.
    LoggedOut(String),
    /// The command or its arguments are wrong.
    Usage(String),
    /// The queue of the network thread is full.
    Busy,
    /// The server did not answer.
    Unreachable {
        /// The endpoints that were tried.
        server: String,
        waited: Duration,
        is_plain: bool,
    },
    /// The network thread has ended.
    ConnectionEnded,
    /// The session core answered with the result of another command, which is a bug.
    UnexpectedAnswer,
    /// The reader of standard output closed it, as `head` does. This error is not printed.
    OutputClosed,
    /// The error was printed already and only determines the exit code.
    Reported(Box<CliError>),
    /// An error on this machine, with its own sentence.
    Local(Box<LocalError>),
    /// Any other error of the operating system.
    System(io::Error),
}

/// The sentence in English, for scripts and logs.
impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Words::ENGLISH.cli_error(self))
    }
}

impl std::error::Error for CliError {}

impl CliError {
    /// Whether the user has no session that the server accepts.
    pub(crate) fn is_logged_out(&self) -> bool {
        match self {
            Self::Server(error) => error.ends_session(),
            Self::LoggedOut(_) => true,
            Self::Reported(error) => error.is_logged_out(),
            Self::Refused(_)
            | Self::Usage(_)
            | Self::Busy
            | Self::Unreachable { .. }
            | Self::ConnectionEnded
            | Self::UnexpectedAnswer
            | Self::OutputClosed
            | Self::Local(_)
            | Self::System(_) => false,
        }
    }

    /// Whether the server ended the session. The chat prints this as news, so it does not print the error,
    /// too.
    pub(crate) fn is_end_of_session(&self) -> bool {
        let Self::Server(error) = self else { return false };
        matches!(error.detail(), Some(Detail::NoSession | Detail::SessionDisabled))
    }

    /// 1 for a refused command, 2 for wrong usage, 3 for a server that cannot be reached.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::OutputClosed => ExitCode::SUCCESS,
            Self::Reported(error) => error.exit_code(),
            Self::Server(_)
            | Self::Refused(_)
            | Self::LoggedOut(_)
            | Self::Busy
            | Self::ConnectionEnded
            | Self::UnexpectedAnswer
            | Self::System(_) => ExitCode::from(1),
            Self::Local(error) if !error.is_usage() => ExitCode::from(1),
            Self::Usage(_) | Self::Local(_) => ExitCode::from(2),
            Self::Unreachable { .. } => ExitCode::from(3),
        }
    }
}

impl From<Error> for CliError {
    fn from(error: Error) -> Self {
        Self::Server(error)
    }
}

impl From<TransportError> for CliError {
    fn from(error: TransportError) -> Self {
        LocalError::Transport(error).into()
    }
}

impl From<io::Error> for CliError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::OutputClosed;
        }
        Self::System(error)
    }
}

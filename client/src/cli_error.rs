//! The error of a command, and its exit code for scripts. `i18n` has the messages for the user.

use std::fmt;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

use common::{Detail, Error};
use transport::TransportError;

use crate::i18n::Catalog;
use crate::local_error::LocalError;

#[derive(Debug)]
pub(crate) enum CliError {
    /// A request failed: the error of the server, or of the session core.
    Server(Error),
    /// The command failed. The text is the message for the user.
    Failed(String),
    /// No session is stored for the server with these addresses.
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
    /// The session core returned the result of another kind of command, which is a bug.
    UnexpectedAnswer,
    /// The reader of standard output closed it, as `head` does. This error is not printed.
    OutputClosed,
    /// The error was printed already and only determines the exit code.
    Reported(Box<CliError>),
    /// An error on this machine, with its own message.
    Local(Box<LocalError>),
    /// Any other error of the operating system.
    System(io::Error),
}

/// The English message, for scripts and logs.
impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Catalog::ENGLISH.cli_error(self))
    }
}

impl std::error::Error for CliError {}

impl CliError {
    /// Whether the user must log in: no session is stored, or the server does not accept its token.
    pub(crate) fn needs_login(&self) -> bool {
        match self {
            Self::Server(error) => error.ends_session(),
            Self::LoggedOut(_) => true,
            Self::Reported(error) => error.needs_login(),
            Self::Failed(_)
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

    /// Whether the session emits `News::SessionEnded` for this error. The chat prints the news instead of the
    /// error.
    pub(crate) fn is_reported_as_news(&self) -> bool {
        let Self::Server(error) = self else { return false };
        matches!(error.detail(), Some(Detail::NoSession | Detail::SessionDisabled))
    }

    /// 1 for a failed command, 2 for wrong usage, 3 for a server that does not answer.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::OutputClosed => ExitCode::SUCCESS,
            Self::Reported(error) => error.exit_code(),
            Self::Server(_)
            | Self::Failed(_)
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

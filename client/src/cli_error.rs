//! Why a command ends without success, in a sentence that says what to do, and the exit code for scripts.

use std::fmt;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

use common::{Detail, Error};
use transport::TransportError;

use crate::i18n::Words;
use crate::local_error::LocalError;

/// Why a command ends without success.
#[derive(Debug)]
pub(crate) enum CliError {
    /// The server said no.
    Server(Error),
    /// The state of things here does not allow it.
    Refused(String),
    /// There is no session here for this server.
    LoggedOut(String),
    /// It was asked for in the wrong way.
    Usage(String),
    /// More at once than the network thread takes.
    Busy,
    /// The server did not answer.
    Unreachable {
        /// Who did not answer.
        server: String,
        /// How long it had time.
        waited: Duration,
        /// Whether it was spoken to in plain text.
        is_plain: bool,
    },
    /// The network thread has ended.
    ConnectionEnded,
    /// An answer to another question than the one that was asked.
    Unexpected,
    /// Whoever reads our output has stopped reading: nothing to complain about.
    OutputClosed,
    /// The person was told at once; only the exit code is left to be given.
    Reported(Box<CliError>),
    /// Something is wrong on this machine, before there is anybody to ask.
    Local(Box<LocalError>),
    /// Something of this machine failed.
    Machine(String),
}

/// In English, as scripts and logs have it.
impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Words::ENGLISH.cli_error(self))
    }
}

impl std::error::Error for CliError {}

impl CliError {
    /// Whether the server knows nothing of the session.
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
            | Self::Unexpected
            | Self::OutputClosed
            | Self::Local(_)
            | Self::Machine(_) => false,
        }
    }

    /// Whether it is that the server has ended the session, of which the chat is told anyway.
    pub(crate) fn is_end_of_session(&self) -> bool {
        let Self::Server(error) = self else { return false };
        matches!(error.detail(), Some(Detail::NoSession | Detail::SessionDisabled))
    }

    /// What a script sees: 1 refused, 2 wrong usage, 3 not reachable.
    #[must_use]
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::OutputClosed => ExitCode::SUCCESS,
            Self::Reported(error) => error.exit_code(),
            Self::Server(_)
            | Self::Refused(_)
            | Self::LoggedOut(_)
            | Self::Busy
            | Self::ConnectionEnded
            | Self::Unexpected
            | Self::Machine(_) => ExitCode::from(1),
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
        LocalError::Socket(error).into()
    }
}

impl From<io::Error> for CliError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::OutputClosed;
        }
        Self::Machine(error.to_string())
    }
}

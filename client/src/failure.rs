//! Why a command ends without success, in a sentence that says what to do, and the exit code for scripts.

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use common::Error;
use transport::TransportError;

/// Why a command ends without success.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The server, or the state of things here, does not allow it.
    #[error("{0}")]
    Refused(String),
    /// There is no valid session.
    #[error("{0}")]
    LoggedOut(String),
    /// It was asked for in the wrong way.
    #[error("{0}")]
    Usage(String),
    /// The server did not answer.
    #[error("cannot reach {server} (waited {} s): {question}", waited.as_secs_f32())]
    Unreachable {
        /// Who did not answer.
        server: String,
        /// How long it had time.
        waited: Duration,
        /// What to look at.
        question: &'static str,
    },
    /// Whoever reads our output has stopped reading: nothing to complain about.
    #[error("the output was closed")]
    OutputClosed,
    /// The person was told at once; only the exit code is left to be given.
    #[error("{0}")]
    Told(Box<Failure>),
    /// Something of this machine failed.
    #[error("{0}")]
    Machine(String),
}

impl Failure {
    /// What a script sees: 1 refused, 2 wrong usage, 3 not reachable.
    #[must_use]
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::OutputClosed => ExitCode::SUCCESS,
            Self::Told(failure) => failure.exit_code(),
            Self::Refused(_) | Self::LoggedOut(_) | Self::Machine(_) => ExitCode::from(1),
            Self::Usage(_) => ExitCode::from(2),
            Self::Unreachable { .. } => ExitCode::from(3),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error.reason() {
            Some(common::Reason::Unauthenticated) => Self::LoggedOut(error.message),
            Some(_) | None => Self::Refused(error.message),
        }
    }
}

/// A socket that cannot even be made or connected: nearly always an endpoint that is none.
impl From<TransportError> for Failure {
    fn from(error: TransportError) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::OutputClosed;
        }
        Self::Machine(error.to_string())
    }
}

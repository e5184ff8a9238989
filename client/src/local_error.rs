//! Errors on this machine before a server is asked: its files, and the server's address and key.

use std::io;
use std::path::{Path, PathBuf};

use transport::TransportError;
use transport::invite::BadInvite;
use transport::key_folder::KeyFolderError;

use crate::cli_error::CliError;

/// An error on this machine.
#[derive(Debug)]
pub(crate) enum LocalError {
    /// The command line names no server.
    NoServer,
    /// The command line names more endpoints than a server may have.
    TooManyEndpoints(usize),
    /// The endpoints have different keys, so they are not endpoints of one node.
    DifferentKeys,
    /// The text is not an invite.
    NoInvite(BadInvite),
    /// An invite, together with `--plaintext`.
    InviteInPlainText,
    /// The key of a server differs from the stored one.
    KeyChanged {
        /// The origin of the new key.
        source: KeySource,
        host: String,
        /// The file of the known keys.
        known_hosts: PathBuf,
    },
    /// The key of a server is not known.
    KeyUnknown {
        server: String,
        /// The data folder that was searched, for a server on this machine.
        data: Option<PathBuf>,
    },
    /// The node's keys on this machine cannot be used.
    Keys(KeyFolderError),
    /// A socket cannot be made or connected, nearly always because of a wrong endpoint.
    Socket(TransportError),
    /// There is no folder for the configuration.
    NoHome,
    /// A file of ours cannot be parsed.
    Damaged { file: PathBuf, error: String },
    /// A file operation failed.
    Disk {
        action: FileAction,
        path: PathBuf,
        /// The error of the system.
        error: io::Error,
    },
    /// The terminal cannot be used.
    Terminal(String),
}

/// The origin of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeySource {
    /// An invite.
    Invite,
    /// The node's own folder.
    Folder(PathBuf),
}

/// A file operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileAction {
    Make,
    Read,
    GoOnReading,
    Write,
}

impl LocalError {
    /// Whether the command line is wrong.
    pub(crate) fn is_usage(&self) -> bool {
        match self {
            Self::NoServer
            | Self::TooManyEndpoints(_)
            | Self::DifferentKeys
            | Self::NoInvite(_)
            | Self::InviteInPlainText
            | Self::Socket(_)
            | Self::NoHome => true,
            Self::KeyChanged { .. }
            | Self::KeyUnknown { .. }
            | Self::Keys(_)
            | Self::Damaged { .. }
            | Self::Disk { .. }
            | Self::Terminal(_) => false,
        }
    }
}

impl From<LocalError> for CliError {
    fn from(error: LocalError) -> Self {
        Self::Local(Box::new(error))
    }
}

/// The error of a file operation.
pub(crate) fn cannot(action: FileAction, path: &Path, error: io::Error) -> CliError {
    LocalError::Disk { action, path: path.to_owned(), error }.into()
}

//! Errors on this machine: its files, and the address and the key of the server.

use std::io;
use std::path::{Path, PathBuf};

use transport::TransportError;
use transport::invite::BadInvite;
use transport::key_folder::KeyFolderError;

use crate::cli_error::CliError;

#[derive(Debug)]
pub(crate) enum LocalError {
    /// The command line contains no server.
    NoServer,
    /// The command line contains more endpoints than a server may have.
    TooManyEndpoints(usize),
    /// The endpoints have different keys, so they are not endpoints of one node.
    DifferentKeys,
    NoInvite(BadInvite),
    /// The command line has an invite and `--plaintext`.
    InviteInPlainText,
    /// The key of a server differs from the stored key.
    KeyChanged {
        source: KeySource,
        host: String,
        /// The file with the stored keys.
        known_hosts: PathBuf,
    },
    /// No key of the server is stored.
    KeyUnknown {
        server: String,
        /// The data folder that was searched, for a server on this machine.
        data: Option<PathBuf>,
    },
    /// The key folder of the node on this machine cannot be used.
    Keys(KeyFolderError),
    /// A socket cannot be created or connected, usually because of a wrong endpoint.
    Transport(TransportError),
    /// The environment defines no folder for the configuration.
    NoHome,
    /// A file of papo cannot be parsed.
    Damaged {
        file: PathBuf,
        error: String,
    },
    Disk {
        action: FileAction,
        path: PathBuf,
        error: io::Error,
    },
    Terminal(String),
}

/// The origin of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeySource {
    Invite,
    /// The key folder of the node.
    Folder(PathBuf),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileAction {
    Create,
    Read,
    ContinueReading,
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
            | Self::Transport(_)
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
pub(crate) fn file_error(action: FileAction, path: &Path, error: io::Error) -> CliError {
    LocalError::Disk { action, path: path.to_owned(), error }.into()
}

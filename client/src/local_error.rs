//! What can be wrong on this machine before there is a server to ask: its files, and what is known of the server.

use std::io;
use std::path::{Path, PathBuf};

use transport::TransportError;
use transport::invite::BadInvite;
use transport::key_folder::KeyFolderError;

use crate::cli_error::CliError;

/// What is wrong.
#[derive(Debug)]
pub(crate) enum LocalError {
    /// No server was named.
    NoServer,
    /// More endpoints were named than a server may have.
    TooManyEndpoints(usize),
    /// The endpoints cannot be those of one node.
    DifferentKeys,
    /// That is no invite.
    NoInvite(BadInvite),
    /// An invite, and that nothing is to be encrypted.
    InviteInPlainText,
    /// The key of a server is not the one that it is known by.
    KeyChanged {
        /// Where the other key is from.
        source: KeySource,
        /// Which server.
        host: String,
        /// Where the keys of servers are kept.
        known_hosts: PathBuf,
    },
    /// The key of a server is not known.
    KeyUnknown {
        /// Which server.
        server: String,
        /// Where it was looked for, when the server is on this machine.
        data: Option<PathBuf>,
    },
    /// The node's keys on this machine cannot be used.
    Keys(KeyFolderError),
    /// No socket can be made, or connected: nearly always an endpoint that is none.
    Socket(TransportError),
    /// There is no place to keep anything.
    NoHome,
    /// A file of our own does not read.
    Damaged {
        /// Which.
        file: PathBuf,
        /// Why not.
        error: String,
    },
    /// The disk refuses.
    Disk {
        /// What was to be done.
        action: FileAction,
        /// To what.
        path: PathBuf,
        /// The system's own words.
        error: io::Error,
    },
    /// The terminal cannot be used.
    Terminal(String),
}

/// Where a key is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeySource {
    /// An invite.
    Invite,
    /// The node's own folder.
    Folder(PathBuf),
}

/// What is done to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileAction {
    Make,
    Read,
    GoOnReading,
    Write,
}

impl LocalError {
    /// Whether something else is to be said on the command line.
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

/// The failure of something done to a file.
pub(crate) fn cannot(action: FileAction, path: &Path, error: io::Error) -> CliError {
    LocalError::Disk { action, path: path.to_owned(), error }.into()
}

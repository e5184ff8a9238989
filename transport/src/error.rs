//! The errors of sockets. Each sentence says what happened and what to do.

use std::io;

#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    #[error(
        "{endpoint} is in use: another papo may be running there; stop it, or choose another port with its flag"
    )]
    InUse { endpoint: String },
    /// The system does not permit papo to listen at the endpoint.
    #[error("papo may not use {endpoint}: choose a port above 1023, or a folder that papo may write to")]
    Denied { endpoint: String },
    /// No interface of this machine has the address.
    #[error(
        "{endpoint} is not an address of this machine: listen on tcp://*:<port>, or on an address of this machine"
    )]
    NoSuchAddress { endpoint: String },
    #[error(
        "{endpoint} is not an endpoint: write tcp://host:port with a port up to 65535, ipc:///an/existing/folder/name or \
         inproc://name"
    )]
    BadEndpoint { endpoint: String },
    /// Unencrypted messages would leave the machine.
    #[error(
        "{endpoint} would carry plain text over a network: --plaintext is for loopback addresses and ipc:// only; \
         leave it out to encrypt, or use --plaintext-anywhere if the network itself is protected"
    )]
    PlainTextElsewhere { endpoint: String },
    /// The installed libzmq was built without CURVE.
    #[error(
        "this libzmq cannot encrypt: install one that is built with libsodium (Debian and Ubuntu: apt install \
         libzmq5; Fedora: dnf install zeromq; Homebrew: brew install zeromq), or stay on this machine with \
         --plaintext"
    )]
    NoCurve,
    /// The process may open no more files.
    #[error("too many open files: raise the limit (ulimit -n) of the process")]
    OpenFiles,
    /// Any other error of libzmq.
    #[error("cannot {action}: {source}")]
    Socket { action: &'static str, source: zmq::Error },
    /// An error of the operating system outside of libzmq.
    #[error("cannot {action}: {source}")]
    System { action: &'static str, source: io::Error },
    #[error("{endpoint} does not answer: is papo running, and is this its control endpoint?")]
    NoAnswer { endpoint: String },
    /// The answer to a control request is not a status.
    #[error("{endpoint} is not a control endpoint of papo: it answers {answer:?}, which is not a status")]
    BadAnswer { endpoint: String, answer: String },
}

impl TransportError {
    pub(crate) fn creating(source: zmq::Error) -> Self {
        if source == zmq::Error::EMFILE {
            Self::OpenFiles
        } else {
            Self::Socket { action: "create a socket", source }
        }
    }

    /// The error for an endpoint that libzmq could not bind or connect.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "only these of libzmq's many errors have their own remedy"
    )]
    pub(crate) fn for_endpoint(endpoint: &str, source: zmq::Error) -> Self {
        let endpoint = endpoint.to_owned();
        match source {
            zmq::Error::EADDRINUSE => Self::InUse { endpoint },
            zmq::Error::EACCES => Self::Denied { endpoint },
            zmq::Error::EADDRNOTAVAIL | zmq::Error::ENODEV => Self::NoSuchAddress { endpoint },
            zmq::Error::EMFILE => Self::OpenFiles,
            _ => Self::BadEndpoint { endpoint },
        }
    }

    /// The endpoint that caused the error, if an endpoint did.
    #[must_use]
    pub fn endpoint(&self) -> Option<&str> {
        match self {
            Self::InUse { endpoint }
            | Self::Denied { endpoint }
            | Self::NoSuchAddress { endpoint }
            | Self::BadEndpoint { endpoint }
            | Self::PlainTextElsewhere { endpoint }
            | Self::NoAnswer { endpoint }
            | Self::BadAnswer { endpoint, .. } => Some(endpoint),
            Self::NoCurve | Self::OpenFiles | Self::Socket { .. } | Self::System { .. } => None,
        }
    }

    pub(crate) fn system(action: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| Self::System { action, source }
    }
}

//! What can go wrong with a socket, worded for the person who has to put it right.

use std::io;

/// Why a socket, a signal or a control request did not work.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// Somebody else listens there.
    #[error(
        "{endpoint} is in use: another papo may be running there; stop it, or choose another port by flag"
    )]
    InUse {
        /// Where we wanted to listen.
        endpoint: String,
    },
    /// The system forbids it.
    #[error("{endpoint} is not ours to use: choose a port above 1023 or a folder we may write to")]
    Denied {
        /// Where we wanted to listen.
        endpoint: String,
    },
    /// No interface of this machine has the address.
    #[error("{endpoint} is no address of this machine: listen on tcp://*:<port> or on one that is")]
    NoSuchAddress {
        /// Where we wanted to listen.
        endpoint: String,
    },
    /// Not an endpoint at all.
    #[error(
        "{endpoint} is no endpoint: write tcp://host:port, ipc:///an/existing/folder/name or inproc://name"
    )]
    BadEndpoint {
        /// What was given.
        endpoint: String,
    },
    /// Plain text would leave the machine.
    #[error(
        "{endpoint} would carry plain text over a network: --plaintext is for loopback addresses and ipc:// only; \
         leave it out to encrypt, or say --plaintext-anywhere if the network itself is protected"
    )]
    PlainTextElsewhere {
        /// Where it would have gone.
        endpoint: String,
    },
    /// libzmq was built without CURVE.
    #[error(
        "this libzmq cannot encrypt: install one that is built with libsodium (Debian and Ubuntu: apt install \
         libzmq5; Fedora: dnf install zeromq; Homebrew: brew install zeromq), or stay on this machine with \
         --plaintext"
    )]
    NoCurve,
    /// The process may open no more files.
    #[error("too many open files: raise the limit (ulimit -n) of the process")]
    OpenFiles,
    /// Anything else that libzmq reports.
    #[error("{doing}: {source}")]
    Socket {
        /// What was being done.
        doing: &'static str,
        /// libzmq's reason.
        source: zmq::Error,
    },
    /// The operating system refused something that is no socket of libzmq's.
    #[error("{doing}: {source}")]
    System {
        /// What was being done.
        doing: &'static str,
        /// The system's reason.
        source: io::Error,
    },
    /// A control request had no answer in time.
    #[error("{endpoint} does not answer: is papo running, and is this its control endpoint?")]
    NoAnswer {
        /// Who was asked.
        endpoint: String,
    },
    /// A control request was answered by something else.
    #[error("{endpoint} gives no status: it answers {answer:?}, so it is not the control endpoint of a papo")]
    BadAnswer {
        /// Who was asked.
        endpoint: String,
        /// The answer.
        answer: String,
    },
}

impl TransportError {
    pub(crate) fn making(source: zmq::Error) -> Self {
        if source == zmq::Error::EMFILE {
            Self::OpenFiles
        } else {
            Self::Socket { doing: "making a socket", source }
        }
    }

    /// Why `endpoint` could not be bound or connected to.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "of libzmq's many errors these have a remedy of their own"
    )]
    pub(crate) fn attaching(endpoint: &str, source: zmq::Error) -> Self {
        let endpoint = endpoint.to_owned();
        match source {
            zmq::Error::EADDRINUSE => Self::InUse { endpoint },
            zmq::Error::EACCES => Self::Denied { endpoint },
            zmq::Error::EADDRNOTAVAIL | zmq::Error::ENODEV => Self::NoSuchAddress { endpoint },
            zmq::Error::EMFILE => Self::OpenFiles,
            _ => Self::BadEndpoint { endpoint },
        }
    }

    pub(crate) fn system(doing: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| Self::System { doing, source }
    }
}

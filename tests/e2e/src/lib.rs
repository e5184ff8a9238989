//! Helpers of the end-to-end tests: they start real processes and talk to them over real sockets. The tests
//! are in `tests/`, one file per topic, all in one binary.
//!
//! The helpers speak the protocol of `docs/PROTOCOL.md` and do not use the client crates. They wait for
//! conditions, and panic after [`DEADLINE`].
#![expect(clippy::expect_used, reason = "test helpers may panic")]

use std::time::Duration;

mod data;
mod process;
mod role;
mod node;
mod peer;
mod subscriber;
mod recording_relay;
mod terminal;
mod web;
mod receiver;
mod tls_client;
mod irc;
pub mod fake_ca;

pub use irc::IrcClient;
pub use node::Node;
pub use peer::{PASSWORD, Peer, peers, receipt};
pub use process::{Finished, Process, binary};
pub use receiver::{Received, Receiver};
pub use recording_relay::{Recorded, RecordingRelay};
pub use subscriber::Subscriber;
pub use terminal::Terminal;
pub use tls_client::TlsClient;
pub use web::{Answer, ChatSocket, EventStream, Web, read_answer};

/// Maximum wait for a condition: much longer than any condition takes on a busy machine.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Time without a reply after which a request is sent again.
pub const RESEND_DELAY: Duration = Duration::from_millis(100);

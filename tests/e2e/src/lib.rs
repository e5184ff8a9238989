//! End-to-end tests: real processes, real sockets. This library starts them and speaks to them; the tests
//! themselves are in `tests/`, a file per topic, all in one binary.
//!
//! Nothing here knows the client crate (only the chaos tests do): what a test says and hears is the wire of `docs/PROTOCOL.md`. Every wait is
//! for a condition and fails at [`DEADLINE`]. A helper that cannot do its work fails the test that called it.
#![expect(clippy::expect_used, reason = "a helper of a test fails the test")]

use std::time::Duration;

mod process;
mod node;
mod peer;
mod listener;
mod wire;
mod terminal;

pub use listener::Listener;
pub use node::Node;
pub use peer::{PASSWORD, Peer, peers, receipt};
pub use process::{Finished, Process, binary};
pub use terminal::Terminal;
pub use wire::{Said, Wire};

/// How long a condition may take to come true: far more than any does on a busy machine.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Silence after which a request may have been lost and is sent again.
pub const SILENCE: Duration = Duration::from_millis(100);

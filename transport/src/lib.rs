//! Sockets, endpoints, signals, clocks and the set-up of logging. No other crate uses `zmq`.
//!
//! A role is one thread that owns its sockets. It waits with [`poll::wait`], receives messages in bounded
//! bursts, and ends when its [`shutdown::Shutdown`] is requested. Only [`control`] interprets frames: it
//! answers status requests.

pub mod limits;
mod options;
mod socket;
pub mod monitor;

mod z85;
pub mod keys;
pub mod key_folder;
pub mod endpoint;
pub mod invite;
pub mod security;
pub mod client_name;
pub mod bundle;
mod zap_handler;
mod log_throttle;

pub mod poll;
pub mod wake;

pub mod signals;
pub mod resize;
pub mod shutdown;

pub mod control;
pub mod metrics;

pub mod clock;
pub mod logging;
pub mod panics;
pub mod open_files;
pub mod memory_dumps;
pub mod memory;

mod error;

pub use error::TransportError;
pub use options::Kind;
pub use socket::{Context, Frame, Sent, Socket, libzmq_version};

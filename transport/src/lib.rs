//! Sockets, endpoints, signals, clocks and logging set-up: the only crate that names zmq.
//!
//! A role is one thread that owns its sockets: it waits with [`poll::wait`], drains what is readable in bounded
//! bursts, and ends when its [`stop::Stop`] is requested. Nothing here knows what the frames mean, except
//! [`control`], which tells an operator how a role is doing.

pub mod limits;
mod options;
mod socket;
mod backlog;

mod z85;
pub mod keys;
pub mod key_folder;
pub mod invite;
pub mod security;
mod gatekeeper;
mod sparingly;

pub mod poll;
pub mod wake;

pub mod signals;
pub mod stop;

pub mod control;

pub mod clock;
pub mod logging;
pub mod open_files;

mod error;

pub use backlog::Backlog;
pub use error::TransportError;
pub use options::Kind;
pub use socket::{Context, Frame, Sent, Socket, libzmq_version};

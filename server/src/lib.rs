//! The server: the only place with rules and memory, a deterministic state machine over an ordered journal.
//!
//! [`domain`] decides, [`journal`] makes durable, and the [`Server`] thread between them answers and publishes
//! what is on disk, never before.

pub mod domain;
pub mod journal;
pub mod storage;
pub mod services;
pub mod outbound;
pub mod handlers;
pub mod maintenance;
pub mod engine;

pub use engine::event_loop::{Config, Server, ServerError};

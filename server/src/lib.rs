//! The server: the only place with rules and memory, a deterministic state machine over an ordered journal.
//!
//! [`domain`] decides, [`journal`] makes durable, and the [`Server`] thread between them answers and publishes
//! what is on disk, never before.

pub mod domain;
pub mod journal;
pub mod storage;
pub mod services;
pub mod handlers;
pub mod engine;
pub mod maintenance;

pub use engine::event_loop::{Config, Server, ServerError};

//! The server: the only place with rules and memory, a deterministic state machine over an ordered journal.
//!
//! [`domain`] decides, [`journal`] makes durable, and the [`Server`] thread between them answers and publishes
//! what is on disk, never before.

pub mod records;
pub mod domain;

pub mod journal;
mod checksum;
pub mod store;
pub mod scrubbing;
pub mod commits;
mod replay;
mod fan_out;
pub mod ledger;
pub mod backup;
pub mod export;
pub mod redact;

mod background;
pub mod jobs;
pub mod files;
pub mod passwords;
pub mod tokens;
pub mod limiters;
pub mod presence;

pub mod search;

pub mod work;
pub mod held;
pub mod notices;
pub mod calls;
pub mod engine;
pub mod import;
mod server;

pub use server::{Config, Server, ServerError};

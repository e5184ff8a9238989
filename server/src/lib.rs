//! The server of papo: its rules, its state, and its storage.
//!
//! The [`engine`] answers requests from the state of the [`domain`], whose records the [`journal`] orders and
//! the [commit log](storage::commit_log) makes durable. [`Server`] drives the engine with sockets.

pub mod domain;
pub mod journal;
pub mod storage;
pub mod services;
pub mod outbound;
pub mod replication;
pub mod handlers;
pub mod maintenance;
pub mod engine;

pub use engine::cluster_config::ClusterConfig;
pub use engine::event_loop::{Config, Server, ServerError};

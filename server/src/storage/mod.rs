//! The data folder, the commit log, and the ledger, which keeps the state and the log consistent.

pub(crate) mod checksum;
pub mod data_folder;
pub mod snapshots;
mod error;
pub mod commit_log;
pub(crate) mod replay;
mod recorded;
mod session_log;
pub mod ledger;

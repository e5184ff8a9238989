//! What is kept: the data folder, the records of its log, and the ledger that keeps state and log in step.

pub mod records;
pub(crate) mod checksum;
pub mod data_folder;
pub mod commit_log;
pub(crate) mod replay;
pub mod ledger;

//! Maintenance of a data folder: backup, restore, export, import, redaction, and the scrub of the log.

pub mod backup;
pub mod export;
pub mod import;
pub mod migration;
pub mod redact;
pub mod scrub;

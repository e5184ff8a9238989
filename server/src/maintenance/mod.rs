//! What an operator does with a data folder: back it up, restore, export, import, redact, scrub.

pub mod backup;
pub mod export;
pub mod import;
pub mod redact;
pub mod scrub;

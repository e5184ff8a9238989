//! The end-to-end tests, a file per topic. One binary, because each costs a link.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a helper of a test fails the test")]

mod accounts;
mod messages;
mod files;
mod transfers;
mod reads;
mod away;
mod amendments;
mod bad_input;
mod hostile;
mod groups;
mod presence;
mod processes;
mod kills;
mod torn;
mod chaos;
mod golden;
mod backups;
mod exports;
mod redact;
mod commands;
mod dates;
mod invites;
mod chat;
mod outbox;
mod plain;
mod people;
mod papers;
mod languages;
mod trabalho;
mod readme;
mod interop;

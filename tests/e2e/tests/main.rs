//! The end-to-end tests, one file per topic. They are in one binary, which saves linking time.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "test helpers may panic")]

mod accounts;
mod blocks;
mod messages;
mod files;
mod transfers;
mod read_marks;
mod unread_summary;
mod amendments;
mod bad_input;
mod hostile;
mod private_channels;
mod presence;
mod processes;
mod standard_streams;
mod kills;
mod damaged_log;
mod chaos;
mod golden_folders;
mod backups;
mod exports;
mod redact;
mod commands;
mod dates;
mod invites;
mod registration;
mod chat;
mod outbox;
mod plain_mode;
mod terminal_user;
mod sample_files;
mod languages;
mod five_users;
mod readme;
mod interop;
mod web;

//! Tests of files: uploads, downloads, quotas, and crashes, with an engine on a faulty disk.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "test helpers may panic")]

mod requests;
mod transfers;
mod links;
mod quotas;
mod steps;
mod replay;

//! Files: uploads, downloads, quotas, and crashes, with an engine on a faulty disk.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod requests;
mod transfers;
mod quotas;
mod steps;
mod replay;

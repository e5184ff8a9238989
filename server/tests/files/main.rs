//! Files: the engine driven by hand, on a disk in memory.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod world;
mod room;
mod transfers;
mod steps;
mod replay;

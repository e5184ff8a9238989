//! The deterministic simulation: one thread and one seed run real session cores and the real engine, ledger
//! and journal, on a disk that fails and a network that loses, duplicates and delays frames. After every step
//! the [checkers](Violation) verify the promises of `docs/RELIABILITY.md`.
//!
//! Broker and proxy are models of a few lines; `e2e` tests the real ones. Passwords are not simulated: users
//! resume open sessions. Search is not simulated, because its index needs a real folder.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a bug in the simulation must stop the run; no other crate depends on it"
)]

mod plan;
mod world;
mod steps;
mod ending;
mod clients;
mod network;
mod faults;
pub mod checks;

mod node;
mod outlet;
mod parts;
mod nodes;
mod client;
mod workload;
mod reading;
mod upload;

mod schedule;
mod counters;
mod trace;
mod recording;
mod many;

pub use checks::Violation;
pub use counters::Counters;
pub use many::{Outcome, run_all, run_all_clusters};
pub use nodes::shared_log::Breakage;
pub use nodes::{run_broken_cluster, run_cluster};
pub use recording::record;
pub use world::{Failure, Report, run};

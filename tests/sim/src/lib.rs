//! The whole system in one process, one thread and one seed: real session cores, the real engine, ledger and journal
//! on a disk that fails, and a network that loses, doubles, delays and cuts off. After every step the
//! [checkers](Violation) look whether everything that was promised is still true.
//!
//! It is not part of the product. Broker and proxy are models here, of a few lines each; with real processes and
//! sockets `e2e` tests them. Passwords are left out: people go on with sessions that they have. So is the search, whose
//! index needs a real folder.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a simulation that is wrong itself must stop at once; nobody depends on it"
)]

mod plan;
mod world;
mod steps;
mod clients;
mod network;
mod faults;
pub mod checks;

mod node;
mod client;
mod workload;
mod upload;

mod agenda;
mod tally;
mod trace;

pub use checks::Violation;
pub use tally::Tally;
pub use world::{Failure, Report, run};

//! What keeps one peer from taking more than a fair share: guesses of passwords, and messages.
//!
//! In memory only: a restart forgives.

pub mod guesses;
pub mod rates;

pub use guesses::Guesses;
pub use rates::Rates;

//! What keeps one peer from taking more than a fair share: guesses of passwords, messages, and signs of writing.
//!
//! In memory only: a restart forgives.

pub mod guesses;
pub mod rates;
pub mod typing;

pub use guesses::Guesses;
pub use rates::Rates;
pub use typing::Typing;

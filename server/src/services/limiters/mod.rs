//! Limits: wrong passwords for each account, requests and bytes of each user, and typing notices.
//!
//! The counts are only in memory, so a restart resets them.

pub mod guesses;
pub mod rates;
pub mod typing;

pub use guesses::Guesses;
pub use rates::Rates;
pub use typing::Typing;

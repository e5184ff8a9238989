//! Rate limits: wrong passwords for each account, messages for each session, and typing notices.
//!
//! The limits are in memory only, so a restart resets them.

pub mod guesses;
pub mod rates;
pub mod typing;

pub use guesses::Guesses;
pub use rates::Rates;
pub use typing::Typing;

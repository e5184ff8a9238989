//! Limits of wrong passwords, codes and signatures, of the requests and bytes of each user, and of typing
//! notices.
//!
//! The counts are only in memory, so a restart resets them.

pub mod guesses;
pub mod rates;
pub mod typing;

pub use guesses::Guesses;
pub use rates::Rates;
pub use typing::Typing;

//! What the handlers use beside the domain: passwords, tokens, limiters, presence, files and the search.

pub(crate) mod background;
pub mod passwords;
pub mod tokens;
pub mod limiters;
pub mod presence;
pub mod files;
pub mod search;
pub mod jobs;

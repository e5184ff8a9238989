//! The documents of the repository: their language, their links, the glossary, and the rule that one crate
//! depends on each outside library.

#![expect(clippy::disallowed_methods, reason = "these tests read the sources of the repository")]
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "test helpers may panic")]

mod dependents;
mod files;
mod glossary;
mod language;
mod links;
mod prose;

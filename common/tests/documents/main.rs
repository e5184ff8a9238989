//! The documents of the repository: their language, their links, the glossary.

#![expect(clippy::disallowed_methods, reason = "these tests read the sources of the repository")]
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a helper of a test fails the test")]

mod files;
mod glossary;
mod language;
mod links;
mod prose;

//! What must be true, whatever goes wrong. Each checker is one function with a name; what it finds stops the run.

pub(crate) mod amended;
pub mod bounds;
pub mod complete;
pub(crate) mod files;
pub mod shown;
pub mod stored;
pub mod told;

use std::fmt;

/// What a checker found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The checker's name.
    pub checker: &'static str,
    /// What is wrong, for a sim_client.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.checker, self.what)
    }
}

/// The outcome of a checker.
pub type Check = Result<(), Violation>;

/// Finds something wrong, unless it is as it must be.
pub fn ensure(is_right: bool, checker: &'static str, what: impl FnOnce() -> String) -> Check {
    if is_right { Ok(()) } else { Err(Violation { checker, what: what() }) }
}

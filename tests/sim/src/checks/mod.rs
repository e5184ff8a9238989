//! The checkers. Each checker verifies one promise of papo. A violation stops the run.

pub(crate) mod amendments;
pub mod bounds;
pub mod complete;
pub(crate) mod files;
pub mod shown;
pub mod stored;
pub mod observed;

use std::fmt;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The name of the checker.
    pub checker: &'static str,
    /// A description for the developer.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.checker, self.what)
    }
}

pub type Check = Result<(), Violation>;

/// Returns a violation if `is_right` is false.
pub fn ensure(is_right: bool, checker: &'static str, what: impl FnOnce() -> String) -> Check {
    if is_right { Ok(()) } else { Err(Violation { checker, what: what() }) }
}

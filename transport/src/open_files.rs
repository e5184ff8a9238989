//! The limit of open files, which also limits the number of connections.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::limits::OPEN_FILES_WANTED;

/// Raises the soft limit to [`OPEN_FILES_WANTED`] or the hard limit, and returns the new soft limit.
pub fn raise_limit() -> u64 {
    let before = getrlimit(Resource::Nofile);
    let current = before.current.unwrap_or(u64::MAX);
    let wanted = OPEN_FILES_WANTED.min(before.maximum.unwrap_or(u64::MAX));
    if wanted <= current {
        return current;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: before.maximum }) {
        Ok(()) => wanted,
        Err(_) => current,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_is_raised_to_the_wanted_or_the_hard_limit() {
        let before = getrlimit(Resource::Nofile);
        let lowered = Rlimit { current: Some(256), maximum: before.maximum };
        setrlimit(Resource::Nofile, lowered).expect("a soft limit may be lowered");
        let raised = raise_limit();
        assert_eq!(raised, OPEN_FILES_WANTED.min(before.maximum.unwrap_or(u64::MAX)));
        assert_eq!(getrlimit(Resource::Nofile).current, Some(raised));
    }
}

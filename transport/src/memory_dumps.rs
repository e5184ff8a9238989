//! Protects the memory of a role, which holds keys, tokens and passwords.

/// Forbids core dumps of this process, and forbids other processes of the same user to read its memory. The
/// variable `PAPO_DUMPABLE=1` permits both, for debuggers and profilers.
pub fn forbid() {
    if std::env::var_os("PAPO_DUMPABLE").is_none_or(|value| value != "1") {
        set_not_dumpable();
    }
}

#[cfg(target_os = "linux")]
fn set_not_dumpable() {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::warn!(%error, "the system does not protect the memory of this process");
    }
}

#[cfg(not(target_os = "linux"))]
fn set_not_dumpable() {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::{DumpableBehavior, dumpable_behavior};

    #[test]
    fn the_memory_of_a_role_cannot_be_dumped() {
        super::set_not_dumpable();
        assert_eq!(dumpable_behavior().expect("the behaviour"), DumpableBehavior::NotDumpable);
    }
}

//! The flag for the registration at a node, and the join code for the first account.

use clap::{Args, ValueEnum};
use server::services::registration::Mode;
use tracing::info;

#[derive(Args)]
pub(crate) struct RegistrationArgs {
    /// Let every client register (open), only users with a join code (invite), or nobody (closed) [default:
    /// invite; open for `papo up` if it listens only at loopback addresses or ipc://]
    #[arg(long, env = "PAPO_REGISTRATION", value_enum)]
    registration: Option<Registration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Registration {
    Open,
    Invite,
    Closed,
}

impl RegistrationArgs {
    /// The mode. Without the flag, a node that only this machine reaches is open.
    pub(crate) fn mode(&self, is_local: bool) -> Mode {
        match self.registration {
            Some(Registration::Open) => Mode::Open,
            Some(Registration::Invite) => Mode::Invite,
            Some(Registration::Closed) => Mode::Closed,
            None if is_local => Mode::Open,
            None => Mode::Invite,
        }
    }
}

/// Logs how to create the first account.
pub(crate) fn announce_first_code(code: Option<&str>) {
    if let Some(code) = code {
        info!("no account exists yet. Create the first one on this machine: papo chat --code {code}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_only_this_machine_reaches_is_open_by_default() {
        let mode = |registration, is_local| RegistrationArgs { registration }.mode(is_local);
        assert_eq!((mode(None, true), mode(None, false)), (Mode::Open, Mode::Invite));
        assert_eq!(mode(Some(Registration::Closed), true), Mode::Closed);
        assert_eq!(mode(Some(Registration::Invite), true), Mode::Invite);
        assert_eq!(mode(Some(Registration::Open), false), Mode::Open);
    }
}

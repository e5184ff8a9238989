//! `papo keys`: replaces the node's keys.

use std::io::Write as _;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use transport::clock;

use crate::roles::DataArgs;
use crate::security::KeysArgs;

#[derive(Subcommand)]
pub(crate) enum Keys {
    /// Create new keys for the node, and keep the old keys in files with the date in their names
    ///
    /// A node has exactly one key. Broker, proxy and server use the new key after you restart them. After
    /// that, the node refuses clients that have the old invite: give them the new invite. Accounts, sessions
    /// and messages do not change.
    Rotate(Folders),
}

#[derive(Args)]
pub(crate) struct Folders {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    keys: KeysArgs,
}

impl Keys {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let Self::Rotate(Folders { data, keys }) = self;
        let stamp = stamp(clock::unix_ms())?;
        keys.folder(&data.data).rotate(&stamp)?;
        writeln!(
            std::io::stdout(),
            "Created new keys, and kept the old keys as *.secret.{stamp}. Now restart broker, proxy and server, and give \
             the new invite (`papo invite`) to all users: clients with the old invite are refused."
        )
        .context("cannot write to standard output")
    }
}

/// The date and time in UTC, as a part of a file name.
fn stamp(unix_ms: u64) -> anyhow::Result<String> {
    let now = i64::try_from(unix_ms).context("the clock is wrong")?;
    let now = Timestamp::from_millisecond(now).context("the clock is wrong")?;
    Ok(now.strftime("%Y-%m-%dT%H%M%SZ").to_string())
}

#[cfg(test)]
mod tests {
    #[test]
    fn files_of_old_keys_are_named_with_the_date() {
        assert_eq!(super::stamp(1_763_700_000_123).expect("a date"), "2025-11-21T044000Z");
    }
}

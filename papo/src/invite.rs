//! `papo invite`: prints what lets a colleague in.

use std::io::Write as _;

use anyhow::{Context as _, anyhow};
use clap::Args;

use crate::roles::DataArgs;
use crate::security::{HostArgs, KeysArgs};

/// Flags of `papo invite`.
#[derive(Args)]
pub(crate) struct Invite {
    #[command(flatten)]
    host: HostArgs,
    /// Where clients connect, as `papo up` or `papo broker` was told
    #[arg(long, env = "PAPO_CLIENTS", default_value = "tcp://*:5555")]
    clients: String,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    keys: KeysArgs,
}

impl Invite {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let key = self.keys.folder(&self.data.data).node_public()?;
        let invite = self.host.invite(key, &self.clients)?;
        let invite = invite.ok_or_else(|| anyhow!("{} is not reached over TCP", self.clients))?;
        writeln!(std::io::stdout(), "{invite}").context("cannot write to standard output")
    }
}

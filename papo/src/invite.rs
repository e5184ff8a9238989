//! `papo invite`: prints the invite of the node, with a new join code if the operator wants one.

use std::io::Write as _;

use anyhow::{Context as _, anyhow};
use clap::Args;

use crate::roles::DataArgs;
use crate::security::{HostArgs, KeysArgs};

#[derive(Args)]
pub(crate) struct Invite {
    #[command(flatten)]
    host: HostArgs,
    /// Take the port from this endpoint; use the same value as for `papo up` or `papo broker`
    #[arg(long, env = "PAPO_CLIENTS", default_value = "tcp://*:5555")]
    clients: String,
    #[command(flatten)]
    code: client::InviteCode,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    keys: KeysArgs,
}

impl Invite {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let key = self.keys.folder(&self.data.data).node_public()?;
        let invite = self.host.invite(key, &self.clients)?;
        let invite = invite
            .ok_or_else(|| anyhow!("{} is not a TCP endpoint, so there is no invite to it", self.clients))?;
        let code = self.code.create(&self.clients, &self.data.data).map_err(anyhow::Error::msg)?;
        let invite = match code {
            Some(code) => invite.with_join_code(&code)?,
            None => invite,
        };
        writeln!(std::io::stdout(), "{invite}").context("cannot write to standard output")
    }
}

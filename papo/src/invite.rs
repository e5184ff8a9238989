//! `papo invite`: prints the invite of the node, with a join code if the node requires one.

use std::io::Write as _;

use anyhow::{Context as _, anyhow};
use clap::Args;

use crate::roles::DataArgs;
use crate::security::{HostArgs, KeysArgs};

/// The days after which a join code expires.
const DAYS_DEFAULT: u32 = 7;

#[derive(Args)]
pub(crate) struct Invite {
    #[command(flatten)]
    host: HostArgs,
    /// Take the port from this endpoint; use the same value as for `papo up` or `papo broker`
    #[arg(long, env = "PAPO_CLIENTS", default_value = "tcp://*:5555")]
    clients: String,
    /// Create a join code for this many new users, and add it to the invite
    #[arg(long)]
    uses: Option<u32>,
    /// Let the join code expire after this many days [default: 7]
    #[arg(long, requires = "uses")]
    days: Option<u32>,
    /// Add a note for administrators to the join code
    #[arg(long, requires = "uses", default_value = "")]
    note: String,
    #[command(flatten)]
    node: client::NodeHere,
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
        let invite = match self.uses {
            None => invite,
            Some(uses) => {
                let days = self.days.unwrap_or(DAYS_DEFAULT);
                let code =
                    self.node.create_join_code(&self.clients, &self.data.data, (uses, days, self.note));
                invite.with_join_code(&code.map_err(anyhow::Error::msg)?)?
            }
        };
        writeln!(std::io::stdout(), "{invite}").context("cannot write to standard output")
    }
}

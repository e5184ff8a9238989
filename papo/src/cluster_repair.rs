//! `papo cluster repair`: begins a new log in etcd from the log of a data folder.

use std::thread;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use cluster::{Etcd, Head, SharedLog as _, TakeOver};
use serde_json::json;
use server::journal::{Checkpoint, Follower, verify};
use server::storage::commit_log::CommitMode;
use server::storage::data_folder::Store;
use server::storage::ledger::Ledger;
use transport::clock;

use crate::cluster_tools::{ClusterArgs, print, retry};
use crate::roles::DataArgs;

/// The time within which a running node takes over when the leader is silent.
const TAKE_OVER_TIME: Duration = Duration::from_secs(4);

/// The time between two questions for the leader.
const ASK_EVERY: Duration = Duration::from_millis(200);

#[derive(Args)]
pub(crate) struct RepairArgs {
    /// Begin the new log; without this flag, the command prints the ends of both logs and changes nothing
    #[arg(long)]
    confirm: bool,
    #[command(flatten)]
    cluster: ClusterArgs,
    #[command(flatten)]
    data: DataArgs,
}

impl RepairArgs {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let mut log = self.cluster.open()?;
        let store = Store::open_in_cluster(&self.data.data, self.cluster.name())?;
        verify(&*store.disk()).context("the log of this data folder is damaged: choose another node")?;
        // The open ledger locks the data folder.
        let ledger = Ledger::open(store, &CommitMode::WhenPolled)?;
        let own = ledger.head();
        let broken = retry(|| log.inspect())?;
        let standing = standing(&ledger, &own, broken.head.as_ref())?;
        print(&json!({
            "data": self.data.data, "record": own.record, "chain": own.chain, "cluster_log": standing,
            "cluster_record": broken.head.as_ref().map(|head| head.record),
            "cluster_chain": broken.head.as_ref().map(|head| &head.chain),
        }))?;
        match standing {
            "same" => bail!("the log of the cluster ends where this log ends: there is nothing to repair"),
            "longer" => bail!(
                "the log of the cluster is longer than this log: start this node, or choose the node with the \
                 longest log"
            ),
            _ => {}
        }
        if !self.confirm {
            bail!(
                "nothing was changed. Stop all nodes, and run this command with --confirm on the node with the \
                 greatest record: the log of the cluster then ends where its log ends"
            );
        }
        if broken.head.is_some() {
            refuse_while_a_node_leads(&mut log)?;
        }
        let checked = retry(|| log.inspect())?;
        if checked.head != broken.head || !log.repair(&checked, &own)? {
            bail!("a node has taken over meanwhile: stop all nodes, and run the command again");
        }
        drop(ledger);
        print(
            &json!({ "cluster": self.cluster.name(), "repaired": true, "record": own.record, "chain": own.chain }),
        )
    }
}

/// Compares the log of the cluster with this log.
fn standing(ledger: &Ledger, own: &Head, cluster: Option<&Head>) -> anyhow::Result<&'static str> {
    let Some(cluster) = cluster else { return Ok("missing") };
    if cluster == own {
        return Ok("same");
    }
    if cluster.record > own.record {
        return Ok("longer");
    }
    let contains = Follower::after(ledger.disk(), Checkpoint::try_from(cluster)?)?.is_some();
    Ok(if contains { "part" } else { "different" })
}

/// Ends the term of the last leader, and fails if a running node then takes over.
fn refuse_while_a_node_leads(log: &mut Etcd) -> anyhow::Result<()> {
    let seen = retry(|| log.inspect())?.term;
    if let TakeOver::Won { .. } = log.take_over(seen, "")? {
        let started = clock::now();
        while started.elapsed() < TAKE_OVER_TIME && retry(|| log.inspect())?.leader.is_empty() {
            thread::sleep(ASK_EVERY);
        }
    }
    let leader = retry(|| log.inspect())?.leader;
    if !leader.is_empty() {
        bail!("the node {leader} runs and leads the cluster: stop all nodes first");
    }
    Ok(())
}

//! `papo cluster`: creates a cluster, adds nodes, and prints the state.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use cluster::{Address, Etcd, Followed, SharedLog as _, Unavailable};
use serde_json::json;
use server::maintenance::backup;
use server::storage::commit_log::CommitMode;
use server::storage::data_folder::{KEYS_FOLDER, Store};
use server::storage::ledger::Ledger;
use transport::clock;
use transport::key_folder::{KeyFolder, SERVICE_SECRET_FILE};

use crate::cluster_node::EtcdArgs;
use crate::cluster_repair::RepairArgs;
use crate::roles::DataArgs;

#[derive(Subcommand)]
pub(crate) enum ClusterCommand {
    /// Make a data folder the first node of a new cluster; its node must be stopped
    Init(InitArgs),
    /// Create the data folder of a further node from a backup of any node of the cluster
    Join(JoinArgs),
    /// Print the leader, the end of the log, and the nodes
    Status(ClusterArgs),
    /// Check that the log of a data folder is a part of the log of the cluster; its node must be stopped
    Check(InitArgs),
    /// Begin a new log in etcd from this data folder, if etcd has lost batches; all nodes must be stopped
    Repair(RepairArgs),
    /// Remove a node from the list of nodes; it must be stopped, and another node must lead
    Leave(LeaveArgs),
}

#[derive(Args)]
pub(crate) struct ClusterArgs {
    /// The cluster: etcd://host:port,host:port/name, or etcds:// with TLS
    #[arg(long, env = "PAPO_CLUSTER", value_name = "ADDRESS")]
    cluster: Address,
    #[command(flatten)]
    etcd: EtcdArgs,
}

#[derive(Args)]
pub(crate) struct InitArgs {
    #[command(flatten)]
    cluster: ClusterArgs,
    #[command(flatten)]
    data: DataArgs,
}

#[derive(Args)]
pub(crate) struct LeaveArgs {
    /// The name of the node that leaves
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    cluster: ClusterArgs,
}

#[derive(Args)]
pub(crate) struct JoinArgs {
    /// A backup of a node of the cluster, with its keys: `papo backup` writes it while the node runs
    #[arg(value_name = "FILE.tar")]
    from: PathBuf,
    #[command(flatten)]
    cluster: ClusterArgs,
    #[command(flatten)]
    data: DataArgs,
}

impl ClusterCommand {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Init(args) => args.run(),
            Self::Join(args) => args.run(),
            Self::Status(args) => args.run(),
            Self::Check(args) => args.check(),
            Self::Repair(args) => args.run(),
            Self::Leave(args) => args.run(),
        }
    }
}

/// The number of attempts of a request. Each goes to the next etcd server.
const ATTEMPTS: usize = 5;

impl ClusterArgs {
    /// The name of the cluster.
    pub(crate) fn name(&self) -> &str {
        &self.cluster.cluster
    }

    pub(crate) fn open(&self) -> anyhow::Result<Etcd> {
        Etcd::new(&self.cluster, self.etcd.tls()?).context("cannot create a client of etcd")
    }

    fn run(self) -> anyhow::Result<()> {
        let mut log = self.open()?;
        let standing = retry(|| log.standing())?;
        print(&json!({
            "cluster": self.cluster.cluster, "term": standing.term, "leader": standing.leader,
            "record": standing.head.record, "chain": standing.head.chain, "nodes": standing.nodes,
        }))
    }
}

impl InitArgs {
    fn run(self) -> anyhow::Result<()> {
        let mut log = self.cluster.open()?;
        let name = &self.cluster.cluster.cluster;
        let ledger = Ledger::open(Store::open(&self.data.data)?, &CommitMode::WhenPolled)?;
        // The nodes share these keys and secrets, so they must exist before the backup for the second node.
        let keys = KeyFolder::new(self.data.data.join(KEYS_FOLDER));
        let (node, _service) = (keys.node()?, keys.service()?);
        for secret in ["topic.secret", "token.secret"] {
            ledger.secret(secret)?;
        }
        let (head, restored_ms) = (ledger.head(), ledger.restored_ms());
        drop(ledger);
        // The answer of etcd can be lost, so `init` may be repeated with the same data folder.
        let attempt = format!("{} with {head}", node.public);
        if !retry(|| log.create(&head, &attempt))? {
            bail!(
                "the cluster {name} exists already. To add a node, run `papo cluster join`; to repeat a `papo cluster \
                 init` that failed, use the same data folder"
            );
        }
        Store::open(&self.data.data)?.join_cluster(name, restored_ms)?;
        print(&json!({ "cluster": name, "data": self.data.data, "record": head.record, "chain": head.chain }))
    }
}

impl InitArgs {
    /// Compares the end of the log of the data folder with the log of the cluster.
    fn check(self) -> anyhow::Result<()> {
        let mut log = self.cluster.open()?;
        let ledger = Ledger::open(
            Store::open_in_cluster(&self.data.data, &self.cluster.cluster.cluster)?,
            &CommitMode::WhenPolled,
        )?;
        let own = ledger.head();
        drop(ledger);
        let head = retry(|| log.standing())?.head;
        let followed = retry(|| log.follow(&own, Duration::ZERO))?;
        let (result, advice) = match followed {
            Followed::Batches(_) => ("part", None),
            // The node receives the missing batches from the other nodes.
            Followed::Trimmed { .. } => ("behind", None),
            Followed::Diverged { .. } => {
                ("different", Some("the log of the cluster does not contain the end of this log"))
            }
        };
        print(&json!({
            "data": self.data.data, "log": result, "record": own.record, "chain": own.chain,
            "cluster_record": head.record, "cluster_chain": head.chain,
        }))?;
        advice.map_or(Ok(()), |advice| bail!("{advice}"))
    }
}

impl LeaveArgs {
    fn run(self) -> anyhow::Result<()> {
        let mut log = self.cluster.open()?;
        if !retry(|| log.leave(&self.name))? {
            bail!("{} leads the cluster: stop it, and wait until another node leads", self.name);
        }
        let nodes = retry(|| log.standing())?.nodes;
        print(&json!({ "cluster": self.cluster.cluster.cluster, "left": self.name, "nodes": nodes }))
    }
}

impl JoinArgs {
    fn run(self) -> anyhow::Result<()> {
        let mut log = self.cluster.open()?;
        let head = retry(|| log.standing())?.head;
        let contents = backup::restore(&self.from, &self.data.data, clock::unix_ms(), &mut |_| false)?;
        if !disk::exists(&self.data.data.join(KEYS_FOLDER).join(SERVICE_SECRET_FILE)) {
            bail!(
                "the backup has no keys. The nodes of a cluster share them: back up without --without-keys"
            );
        }
        if contents.records > head.record {
            bail!("the backup has {} records, and the cluster has {}", contents.records, head.record);
        }
        let name = &self.cluster.cluster.cluster;
        Store::open(&self.data.data)?.join_cluster(name, contents.restored)?;
        print(&json!({ "cluster": name, "data": self.data.data, "holds": contents }))
    }
}

pub(crate) fn retry<T>(mut request: impl FnMut() -> Result<T, Unavailable>) -> Result<T, Unavailable> {
    for _ in 1..ATTEMPTS {
        if let Ok(answer) = request() {
            return Ok(answer);
        }
    }
    request()
}

pub(crate) fn print(line: &serde_json::Value) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{line}").context("cannot write to standard output")
}

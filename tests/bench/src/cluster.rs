//! A cluster of papo in the bench: three etcd servers and some nodes, all on this machine.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use tempfile::TempDir;
use testkit::EtcdServers;
use transport::clock;

use crate::papo::Node;

const ETCD_SERVERS: usize = 3;

/// The maximum wait for the first answer of etcd.
const START_WAIT: Duration = Duration::from_secs(20);

pub(crate) struct Cluster {
    pub(crate) etcd: EtcdServers,
    pub(crate) nodes: Vec<Node>,
    _folder: TempDir,
}

impl Cluster {
    /// Starts the etcd servers and `count` nodes; `None` if etcd is not installed.
    pub(crate) fn start(papo: &Path, folder: TempDir, count: usize) -> Result<Option<Self>> {
        let Some(etcd) = EtcdServers::start(ETCD_SERVERS) else { return Ok(None) };
        let data = |number: usize| folder.path().join(format!("n{number}"));
        let address = init(papo, &etcd, &data(1))?;
        let mut nodes = vec![node(papo, &address, 1, &data(1))?];
        for number in 2..=count {
            let backup = folder.path().join(format!("backup{number}.tar"));
            run(papo, &["backup", path(&backup)?, "--data", path(&data(1))?])?;
            let joined = ["cluster", "join", path(&backup)?, "--cluster", &address, "--data"];
            run(papo, &[&joined[..], &[path(&data(number))?]].concat())?;
            nodes.push(node(papo, &address, number, &data(number))?);
        }
        Ok(Some(Self { etcd, nodes, _folder: folder }))
    }

    /// The used processor time of each node, in seconds.
    pub(crate) fn cpu_seconds(&self) -> Result<Vec<f64>> {
        self.nodes.iter().map(|node| node.process.cpu_seconds()).collect()
    }
}

fn node(papo: &Path, address: &str, number: usize, data: &Path) -> Result<Node> {
    let flags = [
        format!("--cluster={address}"),
        format!("--node-name=n{number}"),
        "--link=tcp://127.0.0.1:0".to_owned(),
        "--registration=open".to_owned(),
    ];
    Node::start_in_cluster(papo, data, &flags)
}

/// Creates the cluster as soon as etcd answers. Returns its address. Each attempt has another name, because
/// the answer to an earlier attempt can be lost.
fn init(papo: &Path, etcd: &EtcdServers, data: &Path) -> Result<String> {
    let deadline = clock::now() + START_WAIT;
    for attempt in 1.. {
        let address = etcd.address(&format!("bench{attempt}"));
        match run(papo, &["cluster", "init", "--cluster", &address, "--data", path(data)?]) {
            Ok(()) => return Ok(address),
            Err(problem) if clock::now() > deadline => return Err(problem),
            Err(_) => thread::sleep(Duration::from_millis(100)),
        }
    }
    bail!("no attempt is left")
}

fn run(papo: &Path, arguments: &[&str]) -> Result<()> {
    let ended = Command::new(papo).args(arguments).stdin(Stdio::null()).output()?;
    let error = String::from_utf8_lossy(&ended.stderr);
    ensure!(ended.status.success(), "papo {}: {error}", arguments.join(" "));
    Ok(())
}

fn path(path: &Path) -> Result<&str> {
    path.to_str().context("a path that is not UTF-8")
}

/// The example `puts` of the crate `cluster`, of the same build.
pub(crate) fn puts_binary() -> Result<PathBuf> {
    let binary = std::env::current_exe()?.with_file_name("examples").join("puts");
    ensure!(binary.is_file(), "{} does not exist: build it first, as `make bench` does", binary.display());
    Ok(binary)
}

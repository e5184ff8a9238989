//! Several nodes on one log in etcd: acknowledged sends beside puts of etcd, and the cost of a delivery with
//! one, two and three nodes.
//!
//! The load of the deliveries has a fixed number of subscribers, spread over the nodes, so only the number of
//! nodes changes. All processes share the machine: the figures are processor time, not rates.

use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::Value;
use transport::clock;

use super::one_at_a_time::measure;
use super::{CONNECTIONS, Setup, WINDOW};
use crate::cluster::{Cluster, puts_binary};
use crate::figures::{Figure, Results};
use crate::load::{self, NoReceiver};
use crate::papo::Session;
use crate::process::Process;

/// All subscribers of the channel; a multiple of 1, 2 and 3.
const SUBSCRIBERS: usize = 300;

/// The bytes of a message's record in the log.
const RECORD_BYTES: usize = 410;

/// Measures etcd and papo directly after each other, with the same etcd servers.
pub(super) fn sends(setup: &mut Setup, results: &mut Results) -> Result<()> {
    let Some(cluster) = Cluster::start(&setup.papo, setup.new_folder()?, 3)? else { return Ok(()) };
    results.add(Figure::EtcdPuts, puts(setup, &cluster)?);
    let first = cluster.nodes.first().context("a node")?;
    let session = Session::open(first)?;
    let senders = (0..CONNECTIONS).map(|_| session.sender(&mut setup.rng, WINDOW));
    let mut senders = senders.collect::<Result<Vec<_>>>()?;
    let rates = load::run::<_, NoReceiver>(setup.plan(), &mut senders, &mut [])?;
    results.add(Figure::ClusterSends, rates.acknowledged);
    let mut sender = session.sender(&mut setup.rng, 1)?;
    let one = measure(setup, || {
        let before = clock::now();
        sender.ask()?;
        Ok(clock::now().duration_since(before))
    })?;
    results.add(Figure::ClusterOneP50, one.quantile_ms(0.5));
    Ok(())
}

/// The acknowledged puts per second of a client of etcd.
fn puts(setup: &Setup, cluster: &Cluster) -> Result<f64> {
    let mut command = Command::new(puts_binary()?);
    command.arg(cluster.etcd.address("puts"));
    let numbers = [CONNECTIONS, WINDOW, RECORD_BYTES].map(|number| number.to_string());
    let seconds = [setup.timing.warm_up, setup.timing.measured].map(|time| time.as_secs_f64().to_string());
    let (process, ready) = Process::start_until_ready(command.args(numbers).args(seconds))?;
    drop(process);
    ready.get("puts_per_second").and_then(Value::as_f64).context("no rate of puts")
}

/// Measures the same load with one, two and three nodes.
pub(super) fn deliveries(setup: &mut Setup, results: &mut Results) -> Result<()> {
    let figures = [
        (1, Figure::OneNodeCost, None),
        (2, Figure::TwoNodesCost, Some(Figure::TwoNodesShare)),
        (3, Figure::ThreeNodesCost, Some(Figure::ThreeNodesShare)),
    ];
    for (nodes, cost, share) in figures {
        let Some(cluster) = Cluster::start(&setup.papo, setup.new_folder()?, nodes)? else { return Ok(()) };
        let load = run_load(setup, &cluster, SUBSCRIBERS)?;
        let delivery = load.cpu_seconds() / (load.messages * SUBSCRIBERS as f64);
        results.add(cost, delivery * 1e6);
        if let Some(share) = share {
            results.add(share, load.busiest() / load.cpu_seconds() * 100.0);
        }
    }
    follower(setup, results)
}

/// The cost of a message at a node without subscribers, which only follows.
fn follower(setup: &mut Setup, results: &mut Results) -> Result<()> {
    let Some(cluster) = Cluster::start(&setup.papo, setup.new_folder()?, 2)? else { return Ok(()) };
    let load = run_load(setup, &cluster, 0)?;
    let idlest = load.cpu.iter().copied().fold(f64::INFINITY, f64::min);
    results.add(Figure::FollowerCost, idlest / load.messages * 1e6);
    Ok(())
}

/// The processor time of each node, in seconds, and the messages that it took.
struct Load {
    cpu: Vec<f64>,
    messages: f64,
}

impl Load {
    fn cpu_seconds(&self) -> f64 {
        self.cpu.iter().sum()
    }

    fn busiest(&self) -> f64 {
        self.cpu.iter().copied().fold(0.0, f64::max)
    }
}

fn run_load(setup: &mut Setup, cluster: &Cluster, subscribers: usize) -> Result<Load> {
    let sessions = cluster.nodes.iter().map(Session::open).collect::<Result<Vec<_>>>()?;
    let first = sessions.first().context("a node")?;
    let mut senders = [first.sender(&mut setup.rng, WINDOW)?];
    let around = sessions.iter().cycle().take(subscribers);
    let mut receivers = around.map(Session::subscriber).collect::<Result<Vec<_>>>()?;
    let before = cluster.cpu_seconds()?;
    let rates = load::run(setup.plan(), &mut senders, &mut receivers)?;
    let cpu = cluster.cpu_seconds()?.into_iter().zip(before).map(|(after, before)| after - before);
    Ok(Load { cpu: cpu.collect(), messages: rates.total as f64 })
}

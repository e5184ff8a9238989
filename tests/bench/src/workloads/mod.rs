//! The workloads. Each workload measures one or more figures once. The caller repeats the workloads and takes
//! the medians.

mod cluster;
pub(crate) mod echo;
mod fan_out;
mod idle;
mod irc;
mod one_at_a_time;
pub(crate) mod pages;
mod schedule;
mod sends;
mod web;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use tempfile::TempDir;
use testkit::Rng;

use crate::figures::{Figure, Results};
use crate::load::Plan;
use crate::papo::Encryption::{Curve, Plain};

/// The number of sending connections.
pub(crate) const CONNECTIONS: usize = 16;
pub(crate) const WINDOW: usize = 64;

/// The maximum number of messages by which the slowest receiver may be behind the sender. It is larger than
/// the number of messages in flight, but small enough that no system drops messages.
const LAG_MESSAGES_MAX: u64 = 4096;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Timing {
    pub(crate) warm_up: Duration,
    pub(crate) measured: Duration,
}

pub(crate) struct Setup {
    /// The `papo` binary.
    pub(crate) papo: PathBuf,
    /// The parent of data folders, on the measured disk.
    pub(crate) folder: PathBuf,
    pub(crate) timing: Timing,
    pub(crate) rng: Rng,
}

impl Setup {
    pub(crate) fn new_folder(&self) -> Result<TempDir> {
        Ok(tempfile::tempdir_in(&self.folder)?)
    }

    pub(crate) fn plan(&self) -> Plan {
        let Timing { warm_up, measured, .. } = self.timing;
        Plan { warm_up, measured, window: WINDOW, lag_messages_max: LAG_MESSAGES_MAX }
    }

    pub(crate) fn text(&self) -> String {
        self.rng.clone().letters(crate::papo::TEXT_BYTES)
    }
}

/// A workload with its name for `--only`.
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&mut Setup, &mut Results) -> Result<()>,
}

/// All workloads in the order of a run. Compared workloads run one after the other, so other load on the
/// machine affects all of them.
pub(crate) const ALL: &[Workload] = &[
    Workload { name: "echo", run: |setup, results| echo::run(setup, results) },
    Workload { name: "redis-append", run: |setup, results| sends::redis_append(setup, results) },
    Workload { name: "jetstream", run: |setup, results| sends::jet_stream(setup, results) },
    Workload { name: "sends-1", run: |setup, results| sends::papo(setup, results, Plain, 1) },
    Workload { name: "curve-1", run: |setup, results| sends::papo(setup, results, Curve, 1) },
    Workload { name: "sends-10", run: |setup, results| sends::papo(setup, results, Plain, 10) },
    Workload { name: "curve-10", run: |setup, results| sends::papo(setup, results, Curve, 10) },
    Workload { name: "fan-out-10", run: |setup, results| fan_out::competitors(setup, results, 10) },
    Workload { name: "sends-100", run: |setup, results| sends::papo(setup, results, Plain, 100) },
    Workload { name: "fan-out-100", run: |setup, results| fan_out::competitors(setup, results, 100) },
    Workload { name: "schedule", run: |setup, results| schedule::plain(setup, results) },
    Workload { name: "curve-schedule", run: |setup, results| schedule::encrypted(setup, results) },
    Workload { name: "one-at-a-time", run: |setup, results| one_at_a_time::run(setup, results) },
    Workload { name: "idle-node", run: |setup, results| idle::node(setup, results) },
    Workload { name: "web-relay", run: |setup, results| web::relay::run(setup, results) },
    Workload { name: "web-readers", run: |setup, results| web::readers::run(setup, results) },
    Workload { name: "web-deliveries", run: |setup, results| web::deliveries::run(setup, results) },
    Workload { name: "web-sends", run: |setup, results| web::sends::run(setup, results) },
    Workload { name: "irc-100", run: |setup, results| irc::run(setup, results) },
    Workload { name: "web-idle", run: |setup, results| web::idle::run(setup, results) },
    Workload { name: "cluster-sends", run: |setup, results| cluster::sends(setup, results) },
    Workload { name: "cluster-nodes", run: |setup, results| cluster::deliveries(setup, results) },
];

/// Adds a figure of a peer, if the peer is installed.
fn add_if_measured(results: &mut Results, figure: Figure, value: Option<f64>) {
    if let Some(value) = value {
        results.add(figure, value);
    }
}

//! The workloads: each measures one or more figures once; the median over several runs is for the caller.

pub(crate) mod echo;
mod fan_out;
mod idle;
mod one_at_a_time;
pub(crate) mod pages;
mod schedule;
mod sends;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use tempfile::TempDir;
use testkit::Rng;

use crate::figures::{Figure, Results};
use crate::load::Plan;
use crate::papo::Wire::{Curve, Plain};

/// Connections that send, and what each may have in flight: together 1024.
pub(crate) const CONNECTIONS: usize = 16;
pub(crate) const WINDOW: usize = 64;

/// Messages the slowest receiver may be behind: much more than is in flight, and less than anybody drops.
const LAG_MAX: u64 = 4096;

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extent {
    pub(crate) warm_up: Duration,
    pub(crate) measured: Duration,
}

/// What every workload needs.
pub(crate) struct Setup {
    /// The `papo` that is measured.
    pub(crate) papo: PathBuf,
    /// Where data folders are made: on the disk that is measured.
    pub(crate) folder: PathBuf,
    pub(crate) extent: Extent,
    pub(crate) rng: Rng,
}

impl Setup {
    /// An empty folder that is gone when the measurement is over.
    pub(crate) fn new_folder(&self) -> Result<TempDir> {
        Ok(tempfile::tempdir_in(&self.folder)?)
    }

    pub(crate) fn plan(&self) -> Plan {
        let Extent { warm_up, measured, .. } = self.extent;
        Plan { warm_up, measured, window: WINDOW, lag_max: LAG_MAX }
    }

    /// The text that everybody sends.
    pub(crate) fn text(&self) -> String {
        self.rng.clone().letters(crate::papo::TEXT_BYTES)
    }
}

/// A workload: its name, for choosing, and what it does.
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&mut Setup, &mut Results) -> Result<()>,
}

/// In the order of a run: what is compared stands side by side, so that a machine that slows down slows all.
pub(crate) const ALL: &[Workload] = &[
    Workload { name: "echo", run: |setup, results| echo::run(setup, results) },
    Workload { name: "redis-append", run: |setup, results| sends::redis_append(setup, results) },
    Workload { name: "jetstream", run: |setup, results| sends::jet_stream(setup, results) },
    Workload { name: "sends-1", run: |setup, results| sends::papo(setup, results, Plain, 1) },
    Workload { name: "curve-1", run: |setup, results| sends::papo(setup, results, Curve, 1) },
    Workload { name: "sends-10", run: |setup, results| sends::papo(setup, results, Plain, 10) },
    Workload { name: "curve-10", run: |setup, results| sends::papo(setup, results, Curve, 10) },
    Workload { name: "fan-out-10", run: |setup, results| fan_out::peers(setup, results, 10) },
    Workload { name: "sends-100", run: |setup, results| sends::papo(setup, results, Plain, 100) },
    Workload { name: "fan-out-100", run: |setup, results| fan_out::peers(setup, results, 100) },
    Workload { name: "schedule", run: |setup, results| schedule::run(setup, results) },
    Workload { name: "one-at-a-time", run: |setup, results| one_at_a_time::run(setup, results) },
    Workload { name: "idle-node", run: |setup, results| idle::node(setup, results) },
];

/// Adds a figure of a peer, when the peer was there.
fn add_if(results: &mut Results, figure: Figure, value: Option<f64>) {
    if let Some(value) = value {
        results.add(figure, value);
    }
}

//! The cost of papo as it grows: workloads that measure at several sizes.
//!
//! A workload goes through its sizes once, from the smallest, and measures each size `runs` times.

mod clients;
mod curves;
mod folders;
mod logs;
mod subscriptions;

use std::thread;
use std::time::Duration;

use anyhow::Result;

use crate::papo::Node;
use crate::process::Process;
use crate::workloads::Setup;

pub(crate) use clients::keep as keep_clients;
pub(crate) use curves::{Curve, Growth};

/// Idle time before the memory of a node is read.
const IDLE_TIME: Duration = Duration::from_millis(500);

pub(crate) struct GrowthRun<'a> {
    pub(crate) setup: &'a mut Setup,
    pub(crate) runs: usize,
    pub(crate) sizes: Sizes,
    pub(crate) growth: &'a mut Growth,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sizes {
    /// The two smallest sizes: for development.
    Quick,
    /// All sizes that take minutes.
    Standard,
    /// All sizes, including the log of 10 million messages.
    Large,
}

/// A workload with its name for `--only`.
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&mut GrowthRun<'_>) -> Result<()>,
}

pub(crate) const ALL: &[Workload] = &[
    Workload { name: "growth-logs", run: logs::run },
    Workload { name: "growth-clients", run: clients::run },
    Workload { name: "growth-subscriptions", run: subscriptions::run },
    Workload { name: "growth-channels", run: folders::channels },
    Workload { name: "growth-users", run: folders::users },
];

impl GrowthRun<'_> {
    /// The sizes to measure. Only a large run includes the last `large` sizes.
    fn sizes(&self, all: &'static [u64], large: usize) -> &'static [u64] {
        let count = match self.sizes {
            Sizes::Quick => 2,
            Sizes::Standard => all.len() - large,
            Sizes::Large => all.len(),
        };
        all.get(..count).unwrap_or(all)
    }

    fn add(&mut self, curve: Curve, size: u64, value: f64) {
        self.growth.add(curve, size, value);
    }

    /// The memory of a node in KiB, minus the memory of a node on an empty folder. Both nodes have just
    /// started.
    fn kib_above_empty(&self, node: &Node) -> Result<f64> {
        let folder = self.setup.new_folder()?;
        let empty = Node::start(&self.setup.papo, folder.path())?;
        let (empty_kib, kib) = (idle_kib(&empty.process)?, node.process.resident_kib()?);
        Ok(kib.saturating_sub(empty_kib) as f64)
    }
}

/// The resident memory after some idle time.
fn idle_kib(process: &Process) -> Result<u64> {
    thread::sleep(IDLE_TIME);
    process.resident_kib()
}

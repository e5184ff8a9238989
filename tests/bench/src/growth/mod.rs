//! What papo costs as it grows: the same thing measured at several sizes.
//!
//! Every workload goes through its sizes once, from the smallest, and measures each as often as there are runs.

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

pub(crate) use clients::hold as hold_clients;
pub(crate) use curves::{Curve, Growth, Point};

/// How long a node that has nothing to do is left alone before its memory is read.
const REST: Duration = Duration::from_millis(500);

/// What a growth workload needs.
pub(crate) struct Grow<'a> {
    pub(crate) setup: &'a mut Setup,
    /// How often each size is measured.
    pub(crate) runs: usize,
    pub(crate) sizes: Sizes,
    pub(crate) growth: &'a mut Growth,
}

/// How far things are grown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sizes {
    /// The two smallest: for development.
    Quick,
    /// What takes minutes.
    Standard,
    /// With the log of 10 million messages.
    Large,
}

/// A workload: its name, for choosing, and what it does.
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&mut Grow<'_>) -> Result<()>,
}

pub(crate) const ALL: &[Workload] = &[
    Workload { name: "growth-logs", run: logs::run },
    Workload { name: "growth-clients", run: clients::run },
    Workload { name: "growth-subscriptions", run: subscriptions::run },
    Workload { name: "growth-channels", run: folders::channels },
    Workload { name: "growth-users", run: folders::users },
];

impl Grow<'_> {
    /// The sizes to measure, of which the last `large` are for a large run only.
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

    /// How much more memory, in KiB, a node has than one on an empty folder. Both have just started.
    fn beyond_empty_kib(&self, node: &Node) -> Result<f64> {
        let folder = self.setup.new_folder()?;
        let empty = Node::start(&self.setup.papo, folder.path())?;
        let (empty_kib, kib) = (rested_kib(&empty.process)?, node.process.resident_kib()?);
        Ok(kib.saturating_sub(empty_kib) as f64)
    }
}

/// Resident memory after a moment of rest.
fn rested_kib(process: &Process) -> Result<u64> {
    thread::sleep(REST);
    process.resident_kib()
}

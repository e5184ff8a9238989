//! The plan of a run with several nodes. The seed determines it.

use testkit::Rng;

use super::shared_log::LogRates;
use crate::plan::{NetworkProfile, Plan};

/// Maximum delay of a message between two nodes, or to the shared log, without faults.
pub(crate) const LINK_DELAY_MS_MAX: u64 = 5;

#[derive(Debug, Clone, Copy)]
pub(crate) struct ClusterPlan {
    pub(crate) nodes: usize,
    pub(crate) log_rates: LogRates,
    /// Maximum delay of a message between two nodes, or to the shared log, in milliseconds.
    pub(crate) link_delay_ms_max: u64,
    /// Messages that are lost between two nodes, per mille.
    pub(crate) link_loss: u64,
    /// The number of batches that the shared log keeps; `None` if it keeps all.
    pub(crate) window: Option<u64>,
}

impl ClusterPlan {
    /// Draws the plan of the cluster, and the plan of everything else.
    pub(crate) fn draw(seed: u64, rng: &mut Rng) -> (Self, Plan) {
        let plan = Plan {
            network_profile: NetworkProfile::Storm,
            busy_ms: rng.pick(&[5_000, 10_000, 20_000]),
            command_interval_ms_max: rng.pick(&[300, 1_000, 3_000]),
            disk_ms_max: rng.pick(&[2, 20, 150]),
            is_varied: false,
            ..Plan::draw(seed, rng)
        };
        let log_rates = LogRates {
            request_loss: rng.pick(&[0, 5, 50]),
            answer_loss: rng.pick(&[0, 5, 50]),
            late: rng.pick(&[0, 5, 50]),
        };
        let cluster_plan = Self {
            nodes: rng.pick(&[1, 2, 3, 3, 4, 5]),
            log_rates,
            link_delay_ms_max: rng.pick(&[LINK_DELAY_MS_MAX, 50, 300]),
            link_loss: rng.pick(&[0, 0, 20]),
            // Not drawn, so that the other seeds keep their runs.
            window: match seed % 4 {
                0 => Some(1),
                3 => Some(5),
                _ => None,
            },
        };
        (cluster_plan, plan)
    }
}

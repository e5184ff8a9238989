//! Several nodes on one shared log. Each node has its own disk, clocks, broker and proxy, and the clients
//! move from node to node.
//!
//! The nodes run the real engine, the real membership and the real reader of the shared log. The shared log
//! and the link between the nodes are simulated.

pub(crate) mod plan;
pub(crate) mod events;
pub(crate) mod faults;
pub(crate) mod clients;
pub(crate) mod checks;

pub(crate) mod member;
pub(crate) mod link;
pub(crate) mod shared_log;
pub(crate) mod lines;

use std::collections::BTreeMap;

use disk::faulty::Loss;
use testkit::Rng;

use self::lines::SharedLines;
use self::member::Member;
use self::plan::ClusterPlan;
use self::shared_log::{Breakage, SimLog};
use crate::node::Node;
use crate::plan::Plan;
use crate::world::{Failure, Report, World};

/// The shared log of a run, and the links between its nodes.
pub(crate) struct Cluster {
    pub(crate) plan: ClusterPlan,
    pub(crate) log: SimLog,
    /// The records of the shared log, for the checkers.
    pub(crate) lines: SharedLines,
    /// No message between two nodes arrives before this time. The smaller number comes first.
    pub(crate) cut_links: BTreeMap<(usize, usize), u64>,
}

/// The name of a node.
pub(crate) fn name_of(node: usize) -> String {
    format!("n{}", node + 1)
}

pub(crate) fn number_of(name: &str) -> Option<usize> {
    name.strip_prefix('n')?.parse::<usize>().ok()?.checked_sub(1)
}

/// Runs one seed with one to five nodes. `reader` receives each line of the trace.
///
/// # Errors
///
/// The first violation.
pub fn run_cluster(seed: u64, reader: Option<fn(&str)>) -> Result<Report, Box<Failure>> {
    run_broken_cluster(seed, None, reader)
}

/// Like [`run_cluster`], but with a rule that is broken on purpose.
///
/// # Errors
///
/// The first violation.
pub fn run_broken_cluster(
    seed: u64,
    breakage: Option<Breakage>,
    reader: Option<fn(&str)>,
) -> Result<Report, Box<Failure>> {
    let mut rng = Rng::new(seed);
    let (cluster_plan, plan) = ClusterPlan::draw(seed, &mut rng);
    let mut world = World::new(rng, plan, reader);
    world.add_nodes(cluster_plan, breakage, &plan);
    world.report(seed)
}

impl World {
    /// Makes a cluster of the first node and its copies.
    fn add_nodes(&mut self, cluster_plan: ClusterPlan, breakage: Option<Breakage>, plan: &Plan) {
        self.note(format_args!("{cluster_plan:?}"));
        let first = self.nodes[0].disk.clone();
        let (start, lines) = SharedLines::begin(&first);
        let log = SimLog::new(start, cluster_plan.nodes, self.rng.split(), breakage);
        log.set_rates(cluster_plan.log_rates);
        // A node that is slow on purpose does not keep up with a short window.
        log.set_window(cluster_plan.window.filter(|_| breakage.is_none()));
        self.nodes = (0..cluster_plan.nodes)
            .map(|number| {
                let mut node = Node::on(number, first.after_crash(Loss::Nothing), plan);
                node.member = Some(Member::new(number, log.connection(number)));
                node
            })
            .collect();
        self.cluster = Some(Cluster { plan: cluster_plan, log, lines, cut_links: BTreeMap::new() });
    }
}

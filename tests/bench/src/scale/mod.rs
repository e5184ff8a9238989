//! `bench scale`: how many clients a set-up carries, and which part of it reaches its limit first. The costs
//! are the measured ones of `results.json`; the load and the set-ups are assumptions, which
//! `docs/scale.md` names.

mod simulation;

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::figures::{Figure, Results};
use crate::growth::{Curve, Growth};
use crate::report::{self, Report, Table, renewed, write_file};
use simulation::{Load, Outcome, simulate};

/// What a part costs, in microseconds and bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Costs {
    /// Processor time of the leader's event loop for a message.
    pub(crate) decide_us: f64,
    /// Processor time of a node for a message that it only follows.
    pub(crate) follow_us: f64,
    /// Processor time for a copy of a message to one connection.
    pub(crate) copy_us: f64,
    /// The time of an append to etcd and the local disk, whatever its size.
    pub(crate) append_us: f64,
    /// The additional time of an append for each message in it.
    pub(crate) append_message_us: f64,
    /// Memory of an idle ZeroMQ client, and of one of its subscriptions.
    pub(crate) client_bytes: f64,
    pub(crate) subscription_bytes: f64,
    /// Processor time for a copy of a message to one WebSocket.
    pub(crate) web_copy_us: f64,
    /// Memory of an idle WebSocket with TLS and its subscriptions.
    pub(crate) web_client_bytes: f64,
}

/// Processor time of the event loop for a message in a frame of its own: the table in `PERFORMANCE.md`.
const DECIDE_US: f64 = 3.6;

impl Costs {
    fn measured(results: &Results, growth: &Growth) -> Result<Self> {
        let figure = |figure| results.median(figure).with_context(|| format!("{figure:?} was not measured"));
        let curve = |curve: Curve| {
            let size = growth.largest(curve, u64::MAX).with_context(|| format!("no {}", curve.name()))?;
            growth.at(curve, size).map(|samples| samples.median()).context("no samples")
        };
        Ok(Self {
            decide_us: DECIDE_US,
            follow_us: figure(Figure::FollowerCost)?,
            copy_us: figure(Figure::OneNodeCost)?,
            append_us: figure(Figure::ClusterOneP50)? * 1e3,
            append_message_us: 1e6 / figure(Figure::ClusterSends)?,
            client_bytes: curve(Curve::PapoClient)? * 1024.0,
            subscription_bytes: curve(Curve::Subscription)?,
            web_copy_us: 1e6 / figure(Figure::WebDeliveries)?,
            web_client_bytes: figure(Figure::WebIdleTls)?,
        })
    }

    /// The costs of a client at a leaf: microseconds for a copy, and bytes of memory.
    fn client(&self, leaf: Leaf) -> (f64, f64) {
        match leaf {
            Leaf::Proxy => {
                let subscriptions = simulation::SUBSCRIPTIONS_PER_CLIENT * self.subscription_bytes;
                (self.copy_us, self.client_bytes + subscriptions)
            }
            Leaf::Gateway => (self.web_copy_us, self.web_client_bytes),
        }
    }
}

/// The processes to which clients connect.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Leaf {
    /// ZeroMQ clients at a proxy.
    Proxy,
    /// WebSockets at a gateway.
    Gateway,
}

/// A set-up: `logs` replicated logs with `nodes` nodes each. Below each node is a tree of proxies; its leaves
/// are connected to the trees of all logs. Without a tree, the nodes are the leaves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setup {
    pub(crate) what: &'static str,
    pub(crate) logs: usize,
    pub(crate) nodes: usize,
    /// Proxies behind each proxy of a node, at each level of the tree.
    pub(crate) branches: &'static [usize],
    pub(crate) leaf: Leaf,
}

const NODE: Setup = Setup { what: "one node", logs: 1, nodes: 1, branches: &[], leaf: Leaf::Proxy };

const SETUPS: &[Setup] = &[
    NODE,
    Setup { what: "three nodes", nodes: 3, ..NODE },
    Setup { what: "nine nodes", nodes: 9, ..NODE },
    Setup { what: "three nodes, 8 proxies behind each", nodes: 3, branches: &[8], ..NODE },
    Setup {
        what: "three nodes, 8 gateways behind each",
        nodes: 3,
        branches: &[8],
        leaf: Leaf::Gateway,
        ..NODE
    },
    Setup { what: "three nodes, two levels of 8 proxies", nodes: 3, branches: &[8, 8], ..NODE },
    Setup {
        what: "4 logs of three nodes, 64 proxies behind each",
        logs: 4,
        nodes: 3,
        branches: &[64],
        ..NODE
    },
    Setup {
        what: "16 logs of three nodes, 64 proxies behind each",
        logs: 16,
        nodes: 3,
        branches: &[64],
        ..NODE
    },
];

impl Setup {
    /// The processes to which clients connect.
    pub(crate) fn leaves(&self) -> usize {
        self.nodes * self.branches.iter().product::<usize>()
    }
}

/// The largest number of clients that is tried.
const CLIENTS_MAX: f64 = 100e6;

/// Writes the tables of `docs/scale.md` again.
pub(crate) fn run(docs: &Path) -> Result<()> {
    let Report { results, growth, .. } = report::read(&docs.join(report::RESULTS))?;
    let costs = Costs::measured(&results, &growth)?;
    let page = docs.join("scale.md");
    let before = std::fs::read_to_string(&page).with_context(|| format!("cannot read {}", page.display()))?;
    let measured = format!("\n{}{}", costs_table(costs).markdown(), setups_table(costs).markdown());
    write_file(&page, &renewed(&before, &measured)?)
}

fn costs_table(costs: Costs) -> Table {
    let row = |what: &str, value: String| vec![what.to_owned(), value];
    let rows = vec![
        row("the leader decides a message", format!("{:.1} us", costs.decide_us)),
        row("a node follows a message", format!("{:.1} us", costs.follow_us)),
        row("a copy of a message to one connection", format!("{:.2} us", costs.copy_us)),
        row("an append to etcd and the local disk", format!("{:.2} ms", costs.append_us / 1e3)),
        row("each message in an append, in addition", format!("{:.1} us", costs.append_message_us)),
        row("memory of an idle client", format!("{:.1} KB", costs.client_bytes / 1e3)),
        row("memory of a subscription", format!("{:.1} KB", costs.subscription_bytes / 1e3)),
        row("a copy of a message to one WebSocket", format!("{:.2} us", costs.web_copy_us)),
        row("memory of an idle WebSocket with TLS", format!("{:.1} KB", costs.web_client_bytes / 1e3)),
    ];
    Table { title: "Costs".to_owned(), columns: vec!["cost", "measured"], rows }
}

fn setups_table(costs: Costs) -> Table {
    let rows = SETUPS.iter().map(|setup| {
        let (clients, limit) = largest(costs, setup);
        let half = simulate(costs, setup, Load::of(clients / 2.0));
        vec![
            setup.what.to_owned(),
            (setup.logs * setup.nodes).to_string(),
            setup.leaves().to_string(),
            millions(clients),
            limit.reached().unwrap_or("none").to_owned(),
            format!("{:.0} ms, {:.0} ms", half.p50_ms, half.p99_ms),
        ]
    });
    let columns = vec!["set-up", "nodes", "leaves", "clients", "limit", "delivery at half of it, p50, p99"];
    Table { title: "Set-ups".to_owned(), columns, rows: rows.collect() }
}

fn millions(clients: f64) -> String {
    if clients >= 1e6 { format!("{:.1} M", clients / 1e6) } else { format!("{:.0} k", clients / 1e3) }
}

/// The largest number of clients within all limits, to 2 %, and the outcome with a little more.
fn largest(costs: Costs, setup: &Setup) -> (f64, Outcome) {
    let (mut within, mut beyond) = (0.0, CLIENTS_MAX);
    let mut outcome = simulate(costs, setup, Load::of(beyond));
    while beyond - within > beyond * 0.02 {
        let middle = f64::midpoint(within, beyond);
        let tried = simulate(costs, setup, Load::of(middle));
        if tried.reached().is_some() {
            (beyond, outcome) = (middle, tried);
        } else {
            within = middle;
        }
    }
    (within, outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COSTS: Costs = Costs {
        decide_us: 4.0,
        follow_us: 10.0,
        copy_us: 1.0,
        append_us: 3000.0,
        append_message_us: 20.0,
        client_bytes: 55e3,
        subscription_bytes: 2.5e3,
        web_copy_us: 2.0,
        web_client_bytes: 14e3,
    };

    #[test]
    fn more_leaves_carry_more_clients_until_the_log_is_the_limit() {
        let carried = |nodes, branches| largest(COSTS, &Setup { nodes, branches, ..NODE });
        let (one, limit) = carried(1, &[]);
        assert_eq!(limit.reached(), Some("memory of a leaf"));
        let (three, _) = carried(3, &[]);
        assert!((three / one - 3.0).abs() < 0.2, "{three} {one}");
        let (tree, limit) = carried(3, &[64]);
        assert_eq!(limit.reached(), Some("the log"));
        let (taller, _) = carried(3, &[64, 8]);
        assert!(taller < tree * 1.1, "more proxies do not make the log faster: {taller} {tree}");
        let (logs, _) = largest(COSTS, &Setup { logs: 4, nodes: 3, branches: &[64], ..NODE });
        assert!(logs > tree * 1.5, "{logs} {tree}");
    }

    #[test]
    fn the_delivery_takes_longer_with_more_load() {
        let p99 = |clients| simulate(COSTS, &NODE, Load::of(clients)).p99_ms;
        let (idle, busy) = (p99(1_000.0), p99(200_000.0));
        assert!(3.0 < idle && idle < busy, "{idle} {busy}");
    }
}

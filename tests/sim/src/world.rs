//! The state of a run, and the loop that executes its events.

use std::collections::BTreeMap;

use common::{ChannelName, UserName};
use testkit::Rng;

use crate::checks::observed::Observed;
use crate::checks::{Check, Violation};
use crate::client::SimClient;
use crate::counters::Counters;
use crate::network::Lane;
use crate::node::Node;
use crate::nodes::{Cluster, name_of};
use crate::plan::{Plan, Rates};
use crate::recording::Recorded;
use crate::schedule::{Part, Schedule, SimEvent};
use crate::trace::Trace;

/// A run uses the first names of this list.
const USERS: [&str; 6] = ["alice", "bob", "carla", "davi", "eva", "fábio"];

/// A run uses the first names of this list.
const CHANNELS: [&str; 3] = ["#general", "#ops", "#café"];

/// The maximum number of events in a run. A usual run has some thousands.
const STEPS_MAX: u64 = 3_000_000;

/// The result of a run without a violation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The hash of the trace. Equal runs have equal hashes.
    pub hash: String,
    pub counters: Counters,
}

/// The result of a run that a checker stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The seed, which repeats the run.
    pub seed: u64,
    pub at_ms: u64,
    pub violation: Violation,
}

pub(crate) struct World {
    pub(crate) schedule: Schedule,
    pub(crate) rng: Rng,
    pub(crate) plan: Plan,
    pub(crate) rates: Rates,
    /// Whether the faults have stopped.
    pub(crate) is_calm: bool,
    /// Whether a refusal because of a full disk is a violation, because the faults ended long ago.
    pub(crate) must_write: bool,
    /// One node, or the nodes of a cluster.
    pub(crate) nodes: Vec<Node>,
    /// `None` if the run has a single node without a shared log.
    pub(crate) cluster: Option<Cluster>,
    pub(crate) clients: Vec<SimClient>,
    pub(crate) users: Vec<UserName>,
    pub(crate) channels: Vec<ChannelName>,
    /// The arrival time of the last frame on each lane.
    pub(crate) lanes: BTreeMap<Lane, u64>,
    pub(crate) observed: Observed,
    pub(crate) counters: Counters,
    pub(crate) trace: Trace,
    pub(crate) recorded: Option<Recorded>,
}

/// Runs one seed. `reader` receives each line of the trace.
///
/// # Errors
///
/// The first violation.
pub fn run(seed: u64, reader: Option<fn(&str)>) -> Result<Report, Box<Failure>> {
    let mut rng = Rng::new(seed);
    let plan = Plan::draw(seed, &mut rng);
    World::new(rng, plan, reader).report(seed)
}

impl World {
    /// Runs the world to its end.
    pub(crate) fn report(mut self, seed: u64) -> Result<Report, Box<Failure>> {
        let outcome = self.run();
        let at_ms = self.schedule.now_ms;
        self.counters.simulated_ms = at_ms;
        match outcome {
            Ok(()) => Ok(Report { hash: self.trace.hash(), counters: self.counters }),
            Err(violation) => Err(Box::new(Failure { seed, at_ms, violation })),
        }
    }

    pub(crate) fn new(mut rng: Rng, plan: Plan, reader: Option<fn(&str)>) -> Self {
        let user = |name: &&str| testkit::user(name);
        let channel = |name: &&str| testkit::channel(name);
        let users: Vec<_> = USERS[..plan.clients].iter().map(user).collect();
        let channels: Vec<_> = CHANNELS[..plan.channels].iter().map(channel).collect();
        Self {
            nodes: vec![Node::create(&users, &channels, rng.next_u64(), &plan)],
            cluster: None,
            schedule: Schedule::default(),
            rates: plan.rates,
            is_calm: false,
            must_write: false,
            clients: Vec::new(),
            lanes: BTreeMap::new(),
            observed: Observed::default(),
            counters: Counters::default(),
            trace: Trace::new(reader),
            recorded: None,
            rng,
            plan,
            users,
            channels,
        }
    }

    fn run(&mut self) -> Check {
        let plan = self.plan;
        self.note(format_args!("{plan:?}"));
        for node in 0..self.nodes.len() {
            self.start_server(node)?;
        }
        self.add_clients();
        let calm_at_ms = self.plan.busy_ms;
        self.schedule.at(calm_at_ms, SimEvent::Calm);
        self.schedule.after(1_000, SimEvent::Fault);
        while let Some(event) = self.schedule.next() {
            self.counters.steps += 1;
            self.observed.now_ms = self.schedule.now_ms;
            if self.counters.steps > STEPS_MAX {
                return Err(Violation { checker: "no_busy_loop", what: "the run does not end".to_owned() });
            }
            if !matches!(event, SimEvent::End) {
                self.step(event)?;
            } else if !self.postpone_if_too_early(SimEvent::End) {
                return self.end();
            }
        }
        Ok(())
    }

    fn add_clients(&mut self) {
        for (number, user) in self.users.clone().into_iter().enumerate() {
            let topic = self.state().map(|state| state.user_topic(&user));
            let topic = topic.unwrap_or_default();
            let mut sim_client = SimClient::new(number, user, topic, &self.plan);
            if let Some(recorded) = self.recorded.as_ref().filter(|recorded| recorded.client == number) {
                sim_client.recorder = Some(recorded.recorder.clone());
                sim_client.has_websocket = recorded.has_websocket;
            }
            self.clients.push(sim_client);
            self.schedule.after(number as u64 * 50, SimEvent::Start(Part::Client(number)));
            let command_in_ms = self.rng.below(self.plan.command_interval_ms_max);
            self.schedule.after(500 + command_in_ms, SimEvent::Command(number));
        }
        self.spread_clients();
    }

    pub(crate) fn note(&mut self, what: std::fmt::Arguments<'_>) {
        self.trace.note(self.schedule.now_ms, what);
    }

    /// Like `note`, about one node.
    pub(crate) fn note_at(&mut self, node: usize, what: std::fmt::Arguments<'_>) {
        if self.cluster.is_some() {
            self.note(format_args!("{}: {what}", name_of(node)));
        } else {
            self.note(what);
        }
    }
}

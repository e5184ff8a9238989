//! Everything there is in a run, and the run itself from the first step to the last.

use std::collections::{BTreeMap, BTreeSet};

use common::{ChannelName, UserName};
use testkit::Rng;

use crate::agenda::{Agenda, Connection, Happening, Part};
use crate::checks::told::Told;
use crate::checks::{Check, Violation};
use crate::client::SimClient;
use crate::network::Lane;
use crate::node::Node;
use crate::plan::{Plan, Rates};
use crate::tally::Tally;
use crate::trace::Trace;

/// Names of people; a run takes the first ones.
const USERS: [&str; 6] = ["alice", "bob", "carla", "davi", "eva", "fábio"];

/// Names of channels, likewise.
const CHANNELS: [&str; 3] = ["#general", "#ops", "#café"];

/// Steps of a run at most: a run has some thousands.
const STEPS_MAX: u64 = 3_000_000;

/// A run in which everything went well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The hash of everything that happened: two runs with the same one were the same.
    pub hash: String,
    /// What happened.
    pub tally: Tally,
}

/// A run in which a checker found something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The seed: with it the run repeats.
    pub seed: u64,
    /// When, in simulated milliseconds.
    pub at_ms: u64,
    /// What.
    pub violation: Violation,
}

/// Everything there is.
pub(crate) struct World {
    pub(crate) agenda: Agenda,
    pub(crate) rng: Rng,
    pub(crate) plan: Plan,
    pub(crate) rates: Rates,
    /// Whether the faults have stopped.
    pub(crate) is_calm: bool,
    /// Whether the server must take whatever is sent: the faults stopped long ago.
    pub(crate) must_write: bool,
    pub(crate) node: Node,
    pub(crate) broker: Role,
    pub(crate) proxy: Role,
    /// What each connection is subscribed to at the proxy.
    pub(crate) subscriptions: BTreeMap<Connection, BTreeSet<String>>,
    pub(crate) clients: Vec<SimClient>,
    pub(crate) users: Vec<UserName>,
    pub(crate) channels: Vec<ChannelName>,
    /// When the last frame of each lane arrives.
    pub(crate) lanes: BTreeMap<Lane, u64>,
    pub(crate) told: Told,
    pub(crate) tally: Tally,
    pub(crate) trace: Trace,
}

/// A role that has no memory but which connections it has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Role {
    pub(crate) is_up: bool,
    /// How often it died: what was on its way through it then is lost.
    pub(crate) deaths: u64,
}

/// Runs one seed; `reader` gets the trace, line by line.
///
/// # Errors
///
/// The first thing that a checker finds.
pub fn run(seed: u64, reader: Option<fn(&str)>) -> Result<Report, Box<Failure>> {
    let mut world = World::new(seed, reader);
    let outcome = world.run();
    let at_ms = world.agenda.now_ms;
    world.tally.simulated_ms = at_ms;
    match outcome {
        Ok(()) => Ok(Report { hash: world.trace.hash(), tally: world.tally }),
        Err(violation) => Err(Box::new(Failure { seed, at_ms, violation })),
    }
}

impl World {
    fn new(seed: u64, reader: Option<fn(&str)>) -> Self {
        let mut rng = Rng::new(seed);
        let plan = Plan::draw(seed, &mut rng);
        let user = |name: &&str| testkit::user(name);
        let channel = |name: &&str| testkit::channel(name);
        let users: Vec<_> = USERS[..plan.clients].iter().map(user).collect();
        let channels: Vec<_> = CHANNELS[..plan.channels].iter().map(channel).collect();
        let role = Role { is_up: true, deaths: 0 };
        Self {
            node: Node::found(&users, &channels, rng.next_u64(), &plan),
            agenda: Agenda::default(),
            rates: plan.rates,
            is_calm: false,
            must_write: false,
            broker: role,
            proxy: role,
            subscriptions: BTreeMap::new(),
            clients: Vec::new(),
            lanes: BTreeMap::new(),
            told: Told::default(),
            tally: Tally::default(),
            trace: Trace::new(reader),
            rng,
            plan,
            users,
            channels,
        }
    }

    fn run(&mut self) -> Check {
        let plan = self.plan;
        self.note(format_args!("{plan:?}"));
        self.start_server()?;
        self.add_clients();
        let calm_at_ms = self.plan.busy_ms;
        self.agenda.at(calm_at_ms, Happening::Calm);
        self.agenda.after(1_000, Happening::Fault);
        while let Some(happening) = self.agenda.next() {
            self.tally.steps += 1;
            self.told.now_ms = self.agenda.now_ms;
            if self.tally.steps > STEPS_MAX {
                return Err(Violation { checker: "no_busy_loop", what: "the run does not end".to_owned() });
            }
            if !matches!(happening, Happening::End) {
                self.step(happening)?;
            } else if !self.is_too_early_for(Happening::End) {
                return self.end();
            }
        }
        Ok(())
    }

    fn add_clients(&mut self) {
        for (number, user) in self.users.clone().into_iter().enumerate() {
            let topic = self.state().map(|state| state.user_topic(&user));
            let topic = topic.unwrap_or_default();
            self.clients.push(SimClient::new(number, user, topic, self.plan.is_varied));
            self.agenda.after(number as u64 * 50, Happening::Start(Part::Client(number)));
            let command_in_ms = self.rng.below(self.plan.command_every_ms_max);
            self.agenda.after(500 + command_in_ms, Happening::Command(number));
        }
    }

    /// Notes a line in the trace.
    pub(crate) fn note(&mut self, what: std::fmt::Arguments<'_>) {
        self.trace.note(self.agenda.now_ms, what);
    }
}

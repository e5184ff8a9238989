//! The plan of a run: the faults and their times. The same seed gives the same plan.

use std::fmt;

use testkit::Rng;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Broker,
    Proxy,
    Server,
    Gateway,
}

impl Role {
    pub(super) const NODE: [Self; 3] = [Self::Broker, Self::Proxy, Self::Server];
    pub(super) const WITH_GATEWAY: [Self; 4] = [Self::Broker, Self::Proxy, Self::Server, Self::Gateway];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Broker => "broker",
            Self::Proxy => "proxy",
            Self::Server => "server",
            Self::Gateway => "gateway",
        }
    }
}

/// A route between processes that passes through a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    Requests,
    Events,
    ServerToBroker,
    ServerToProxy,
    /// From WebSocket clients to the gateway.
    WebSockets,
}

impl Route {
    /// The routes of a node without a gateway.
    pub(super) const NODE: [Self; 4] =
        [Self::Requests, Self::Events, Self::ServerToBroker, Self::ServerToProxy];
}

/// An action that begins or ends a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FaultAction {
    /// `kill -9`.
    Kill(Role),
    Start(Role),
    /// `SIGSTOP`.
    Freeze(Role),
    /// `SIGCONT`.
    Thaw(Role),
    /// Limits the open files of the role to the current number plus one.
    LimitFiles(Role),
    RestoreFiles(Role),
    FillDisk,
    EmptyDisk,
    /// Ends every n-th connection after a number of bytes.
    Cut {
        route: Route,
        every_nth_connection: usize,
        after_bytes: usize,
    },
    Stall(Route),
    Resume(Route),
    /// Closes the role's side of every n-th connection.
    HalfOpen {
        route: Route,
        every_nth_connection: usize,
    },
    EndHalfOpen(Route),
    /// A client reads nothing for a number of milliseconds.
    StopReading(usize, u64),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) seed: u64,
    pub(super) length_ms: u64,
    /// The processes of the node. Clients use WebSockets if there is a gateway.
    pub(super) roles: &'static [Role],
    /// The actions with their times since the run started, sorted by time.
    pub(super) actions: Vec<(u64, FaultAction)>,
}

impl Plan {
    /// Draws a plan. Each role, each route and the clients have an independent sequence of faults, so the
    /// faults of different parts can coincide. All faults end by `length_ms`.
    pub(super) fn draw(seed: u64, length_ms: u64, clients: usize) -> Self {
        let mut rng = Rng::new(seed);
        let mut actions = Vec::new();
        for role in Role::NODE {
            add_faults(&mut rng, length_ms, 2_000..7_000, &mut actions, |rng| role_fault(rng, role));
        }
        for route in Route::NODE {
            add_faults(&mut rng, length_ms, 1_500..6_000, &mut actions, |rng| relay_fault(rng, route));
        }
        add_faults(&mut rng, length_ms, 500..2_500, &mut actions, |rng| {
            let client = rng.within(0..clients as u64) as usize;
            vec![(0, FaultAction::StopReading(client, rng.within(500..4_000)))]
        });
        // The sort is stable: actions at the same millisecond keep their order.
        actions.sort_by_key(|(at_ms, _)| *at_ms);
        Self { seed, length_ms, roles: &Role::NODE, actions }
    }

    /// Cuts all WebSockets every two seconds, and kills one role after another.
    pub(super) fn cuts_and_kills(seed: u64, length_ms: u64) -> Self {
        let mut rng = Rng::new(seed);
        let mut actions = Vec::new();
        add_faults(&mut rng, length_ms, 2_000..2_001, &mut actions, |rng| {
            // Half of the cuts happen within a frame.
            let after_bytes = rng.within(0..2) * rng.within(1..5_000);
            let cut = FaultAction::Cut {
                route: Route::WebSockets,
                every_nth_connection: 1,
                after_bytes: after_bytes as usize,
            };
            vec![(0, cut)]
        });
        let mut turns = Role::WITH_GATEWAY.into_iter().cycle();
        add_faults(&mut rng, length_ms, 1_500..4_000, &mut actions, |rng| {
            let role = turns.next().expect("endless");
            vec![(0, FaultAction::Kill(role)), (rng.within(0..1_000), FaultAction::Start(role))]
        });
        actions.sort_by_key(|(at_ms, _)| *at_ms);
        Self { seed, length_ms, roles: &Role::WITH_GATEWAY, actions }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {} for {} ms", self.seed, self.length_ms)?;
        self.actions.iter().try_for_each(|(at_ms, action)| writeln!(f, "{at_ms:>8} {action:?}"))
    }
}

/// Adds faults one after another, with pauses in between. A fault is a list of actions, each with the delay
/// before it.
fn add_faults(
    rng: &mut Rng,
    length_ms: u64,
    pause_ms: std::ops::Range<u64>,
    actions: &mut Vec<(u64, FaultAction)>,
    mut fault: impl FnMut(&mut Rng) -> Vec<(u64, FaultAction)>,
) {
    let mut at_ms = rng.within(pause_ms.clone());
    while at_ms < length_ms {
        for (after_ms, action) in fault(rng) {
            at_ms += after_ms;
            // The last fault must end in time.
            actions.push((at_ms.min(length_ms), action));
        }
        at_ms += rng.within(pause_ms.clone());
    }
}

fn role_fault(rng: &mut Rng, role: Role) -> Vec<(u64, FaultAction)> {
    let choices = if role == Role::Server { 12 } else { 9 };
    match rng.within(0..choices) {
        0..3 => vec![(0, FaultAction::Kill(role)), (rng.within(0..1_500), FaultAction::Start(role))],
        // A second kill during or shortly after startup.
        3 => vec![
            (0, FaultAction::Kill(role)),
            (rng.within(0..500), FaultAction::Start(role)),
            (rng.within(0..300), FaultAction::Kill(role)),
            (rng.within(0..500), FaultAction::Start(role)),
        ],
        4 => vec![
            (0, FaultAction::Freeze(role)),
            (rng.within(100..1_000), FaultAction::Kill(role)),
            (rng.within(0..500), FaultAction::Start(role)),
        ],
        5..7 => vec![(0, FaultAction::Freeze(role)), (rng.within(200..4_000), FaultAction::Thaw(role))],
        7..9 => vec![
            (0, FaultAction::LimitFiles(role)),
            (rng.within(500..3_000), FaultAction::RestoreFiles(role)),
        ],
        _ => disk_fault(rng),
    }
}

/// Fills and empties the disk. In one of three cases, the server is killed before it detects the free space.
fn disk_fault(rng: &mut Rng) -> Vec<(u64, FaultAction)> {
    let mut actions = vec![(0, FaultAction::FillDisk), (rng.within(500..3_000), FaultAction::EmptyDisk)];
    if rng.within(0..3) == 0 {
        actions.extend([
            (rng.within(0..1_000), FaultAction::Kill(Role::Server)),
            (rng.within(0..500), FaultAction::Start(Role::Server)),
        ]);
    }
    actions
}

fn relay_fault(rng: &mut Rng, route: Route) -> Vec<(u64, FaultAction)> {
    let every_nth_connection = rng.within(1..4) as usize;
    let cut = |after_bytes| FaultAction::Cut { route, every_nth_connection, after_bytes };
    match rng.within(0..8) {
        0..2 => vec![(0, cut(0))],
        2..5 => vec![(0, cut(rng.within(1..20_000) as usize))],
        5..7 => vec![(0, FaultAction::Stall(route)), (rng.within(200..4_000), FaultAction::Resume(route))],
        _ => vec![
            (0, FaultAction::HalfOpen { route, every_nth_connection }),
            (rng.within(500..4_000), FaultAction::EndHalfOpen(route)),
        ],
    }
}

//! What goes wrong in a run, and when: one seed decides all of it, and the same seed the same plan.

use std::fmt;

use testkit::Rng;

/// One of the node's processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Broker,
    Proxy,
    Server,
}

impl Role {
    pub(super) const ALL: [Self; 3] = [Self::Broker, Self::Proxy, Self::Server];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Broker => "broker",
            Self::Proxy => "proxy",
            Self::Server => "server",
        }
    }
}

/// One of the lines between the processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// From clients to the broker.
    Requests,
    /// From clients to the proxy.
    Events,
    /// From the server to the broker.
    ServerToBroker,
    /// From the server to the proxy.
    ServerToProxy,
}

impl Way {
    pub(super) const ALL: [Self; 4] =
        [Self::Requests, Self::Events, Self::ServerToBroker, Self::ServerToProxy];
}

/// One thing that is done to the node or to its clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// `kill -9`.
    Kill(Role),
    Start(Role),
    /// `SIGSTOP`.
    Freeze(Role),
    /// `SIGCONT`.
    Thaw(Role),
    /// Allows no more open files than there are.
    TakeFiles(Role),
    GiveFiles(Role),
    FillDisk,
    EmptyDisk,
    /// Ends every so manieth connection after so many more bytes.
    Cut(Way, usize, usize),
    HoldStill(Way),
    Flow(Way),
    /// Ends every so manieth connection towards the role only.
    HalfOpen(Way, usize),
    EndHalfOpen(Way),
    /// A client reads nothing for so many milliseconds.
    StopReading(usize, u64),
}

/// What goes wrong in a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) seed: u64,
    pub(super) length_ms: u64,
    /// What is done after so many milliseconds, in the order of time.
    pub(super) acts: Vec<(u64, Act)>,
}

impl Plan {
    /// Draws a plan: each role, each line and the clients have troubles of their own, one after the other, so that
    /// troubles of different ones fall together as they like. All are over at `length_ms`.
    pub(super) fn draw(seed: u64, length_ms: u64, clients: usize) -> Self {
        let mut rng = Rng::new(seed);
        let mut acts = Vec::new();
        for role in Role::ALL {
            troubles(&mut rng, length_ms, 2_000..7_000, &mut acts, |rng| trouble_of_role(rng, role));
        }
        for way in Way::ALL {
            troubles(&mut rng, length_ms, 1_500..6_000, &mut acts, |rng| trouble_of_line(rng, way));
        }
        troubles(&mut rng, length_ms, 500..2_500, &mut acts, |rng| {
            let client = rng.within(0..clients as u64) as usize;
            vec![(0, Act::StopReading(client, rng.within(500..4_000)))]
        });
        // Stable, so that what falls on the same millisecond stays in its order.
        acts.sort_by_key(|(at_ms, _)| *at_ms);
        Self { seed, length_ms, acts }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {} for {} ms", self.seed, self.length_ms)?;
        self.acts.iter().try_for_each(|(at_ms, act)| writeln!(f, "{at_ms:>8} {act:?}"))
    }
}

/// One trouble after another, with pauses in between. A trouble is a list of acts with the milliseconds before each.
fn troubles(
    rng: &mut Rng,
    length_ms: u64,
    pause_ms: std::ops::Range<u64>,
    acts: &mut Vec<(u64, Act)>,
    mut trouble: impl FnMut(&mut Rng) -> Vec<(u64, Act)>,
) {
    let mut at_ms = rng.within(pause_ms.clone());
    while at_ms < length_ms {
        for (after_ms, act) in trouble(rng) {
            at_ms += after_ms;
            // What has begun is brought to its end in time.
            acts.push((at_ms.min(length_ms), act));
        }
        at_ms += rng.within(pause_ms.clone());
    }
}

fn trouble_of_role(rng: &mut Rng, role: Role) -> Vec<(u64, Act)> {
    let choices = if role == Role::Server { 12 } else { 9 };
    match rng.within(0..choices) {
        0..3 => vec![(0, Act::Kill(role)), (rng.within(0..1_500), Act::Start(role))],
        // And once more while it starts, or as soon as it has.
        3 => vec![
            (0, Act::Kill(role)),
            (rng.within(0..500), Act::Start(role)),
            (rng.within(0..300), Act::Kill(role)),
            (rng.within(0..500), Act::Start(role)),
        ],
        4 => vec![
            (0, Act::Freeze(role)),
            (rng.within(100..1_000), Act::Kill(role)),
            (rng.within(0..500), Act::Start(role)),
        ],
        5..7 => vec![(0, Act::Freeze(role)), (rng.within(200..4_000), Act::Thaw(role))],
        7..9 => vec![(0, Act::TakeFiles(role)), (rng.within(500..3_000), Act::GiveFiles(role))],
        _ => disk_trouble(rng),
    }
}

/// Writing goes on by itself when there is room again; now and then the server is killed before it has found out.
fn disk_trouble(rng: &mut Rng) -> Vec<(u64, Act)> {
    let mut acts = vec![(0, Act::FillDisk), (rng.within(500..3_000), Act::EmptyDisk)];
    if rng.within(0..3) == 0 {
        acts.extend([
            (rng.within(0..1_000), Act::Kill(Role::Server)),
            (rng.within(0..500), Act::Start(Role::Server)),
        ]);
    }
    acts
}

fn trouble_of_line(rng: &mut Rng, way: Way) -> Vec<(u64, Act)> {
    let every = rng.within(1..4) as usize;
    match rng.within(0..8) {
        0..2 => vec![(0, Act::Cut(way, every, 0))],
        2..5 => vec![(0, Act::Cut(way, every, rng.within(1..20_000) as usize))],
        5..7 => vec![(0, Act::HoldStill(way)), (rng.within(200..4_000), Act::Flow(way))],
        _ => vec![(0, Act::HalfOpen(way, every)), (rng.within(500..4_000), Act::EndHalfOpen(way))],
    }
}

//! Some seconds of messages on their way through the leader, the log, the nodes and the tree of proxies.
//!
//! Each station handles one message at a time, in the order of arrival. A message waits while the station is
//! busy; so a station that is nearly always busy makes the deliveries slow.

use testkit::Rng;

use super::{Costs, Setup};

/// What the clients do. The figures are assumptions about a busy hour of a large organisation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    clients: f64,
}

/// Each client sends a message every 50 seconds.
const MESSAGES_PER_CLIENT: f64 = 0.02;

/// The mean number of connected members of a conversation, and the largest.
const AUDIENCE: f64 = 100.0;
const AUDIENCE_MAX: f64 = 50_000.0;

/// The exponent of the distribution of audiences (Pareto): most conversations are small.
const AUDIENCE_EXPONENT: f64 = 1.2;

/// Each client receives one notice of presence per second.
const NOTICES_PER_CLIENT: f64 = 1.0;

pub(super) const SUBSCRIPTIONS_PER_CLIENT: f64 = 10.0;

/// The limits of a set-up: the share of the time in which a station is busy, the slowest percent of the
/// deliveries, and the memory of a process.
const BUSY_MAX: f64 = 0.7;
const P99_MS_MAX: f64 = 250.0;
const MEMORY_BYTES_MAX: f64 = 8.0 * 1024.0 * 1024.0 * 1024.0;

/// The messages of a run, for each log. More would change the result by less than the search's 2 %.
const MESSAGES: usize = 20_000;

const SEED: u64 = 6;

impl Load {
    pub(crate) fn of(clients: f64) -> Self {
        Self { clients }
    }
}

/// The busiest station of each kind, and the deliveries.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    leader: f64,
    log: f64,
    follower: f64,
    proxy: f64,
    leaf: f64,
    leaf_bytes: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

impl Outcome {
    /// The limit that was exceeded most.
    pub(crate) fn reached(&self) -> Option<&'static str> {
        let shares = [
            (self.leader / BUSY_MAX, "the leader"),
            (self.log / BUSY_MAX, "the log"),
            (self.follower / BUSY_MAX, "a node that follows"),
            (self.proxy / BUSY_MAX, "a proxy of the tree"),
            (self.leaf / BUSY_MAX, "a leaf"),
            (self.leaf_bytes / MEMORY_BYTES_MAX, "memory of a leaf"),
            (self.p99_ms / P99_MS_MAX, "the time of a delivery"),
        ];
        let most = shares.into_iter().max_by(|(one, _), (other, _)| one.total_cmp(other));
        most.filter(|(share, _)| *share > 1.0).map(|(_, name)| name)
    }
}

/// A part that handles one message at a time.
#[derive(Debug, Clone, Copy, Default)]
struct Station {
    free_at: f64,
    busy: f64,
}

impl Station {
    /// Handles work that arrives at `at`. Returns the time of its end, in microseconds.
    fn handle(&mut self, at: f64, work: f64) -> f64 {
        self.free_at = self.free_at.max(at) + work;
        self.busy += work;
        self.free_at
    }

    fn share(&self, duration: f64) -> f64 {
        self.busy / duration
    }
}

/// Simulates one log of the set-up and its share of the load. The leaves carry the load of all logs.
pub(crate) fn simulate(costs: Costs, setup: &Setup, load: Load) -> Outcome {
    let mut rng = Rng::new(SEED);
    let rate = load.clients * MESSAGES_PER_CLIENT / setup.logs as f64 / 1e6;
    let messages = arrivals(&mut rng, rate, load.clients);
    let duration = messages.last().map_or(1.0, |message| message.at);
    let mut leader = Station::default();
    let decided: Vec<f64> =
        messages.iter().map(|message| leader.handle(message.at, costs.decide_us)).collect();
    let (appended, log) = append(costs, &decided);
    let leaves = setup.leaves();
    let clients_per_leaf = load.clients / leaves as f64;
    let mut follower = Station::default();
    let mut tree = vec![Station::default(); setup.branches.len()];
    let mut leaf = Station::default();
    let copy_us = costs.client(setup.leaf).0;
    let notices = NOTICES_PER_CLIENT * clients_per_leaf * copy_us;
    let mut deliveries = Vec::with_capacity(messages.len());
    for (message, appended) in messages.iter().zip(&appended) {
        let mut at = follower.handle(*appended, costs.follow_us);
        let mut below = setup.branches.iter().product::<usize>();
        for (proxy, branches) in tree.iter_mut().zip(setup.branches) {
            // A proxy sends a copy to each proxy below it with a member of the conversation.
            below /= branches;
            let share = below as f64 / leaves as f64;
            let copies = *branches as f64 * reached(message.audience, share);
            at = proxy.handle(at, copies * costs.copy_us);
        }
        if chance(&mut rng) < reached(message.audience, 1.0 / leaves as f64) {
            let copies = (message.audience / leaves as f64).max(1.0);
            at = leaf.handle(at, copies * copy_us);
        }
        deliveries.push((at - message.at) / 1e3);
    }
    deliveries.sort_unstable_by(f64::total_cmp);
    let quantile = |part: f64| {
        let index = (part * deliveries.len() as f64) as usize;
        deliveries.get(index.min(deliveries.len().saturating_sub(1))).copied().unwrap_or(0.0)
    };
    Outcome {
        leader: leader.share(duration),
        log: log.share(duration),
        follower: follower.share(duration),
        proxy: tree.iter().map(|proxy| proxy.share(duration)).fold(0.0, f64::max),
        leaf: leaf.share(duration) * setup.logs as f64 + notices / 1e6,
        leaf_bytes: clients_per_leaf * costs.client(setup.leaf).1,
        p50_ms: quantile(0.5),
        p99_ms: quantile(0.99),
    }
}

struct Message {
    /// The time at which the leader receives it, in microseconds.
    at: f64,
    audience: f64,
}

/// Messages at random times, with `rate` messages per microsecond.
fn arrivals(rng: &mut Rng, rate: f64, clients: f64) -> Vec<Message> {
    let smallest = AUDIENCE * (AUDIENCE_EXPONENT - 1.0) / AUDIENCE_EXPONENT;
    let mut at = 0.0;
    let mut next = || {
        at -= (1.0 - chance(rng)).ln() / rate;
        let audience = smallest / (1.0 - chance(rng)).powf(1.0 / AUDIENCE_EXPONENT);
        Message { at, audience: audience.min(AUDIENCE_MAX).min(clients) }
    };
    (0..MESSAGES).map(|_| next()).collect()
}

/// Appends the decided messages in batches: an append takes all messages that wait. Returns the time at which
/// each message is in the log, and the station.
fn append(costs: Costs, decided: &[f64]) -> (Vec<f64>, Station) {
    let mut log = Station::default();
    let mut appended = Vec::with_capacity(decided.len());
    while let Some(first) = decided.get(appended.len()) {
        let begin = log.free_at.max(*first);
        let waiting = decided.iter().skip(appended.len()).take_while(|at| **at <= begin).count().max(1);
        let end = log.handle(begin, costs.append_us + costs.append_message_us * waiting as f64);
        appended.resize(appended.len() + waiting, end);
    }
    // Waiting messages share an append, so only the time that grows with the messages limits the log.
    log.busy = costs.append_message_us * decided.len() as f64;
    (appended, log)
}

/// The probability that a part with this share of all clients has a member of the conversation.
fn reached(audience: f64, share: f64) -> f64 {
    1.0 - (1.0 - share).powf(audience)
}

/// A random number from 0 to 1.
fn chance(rng: &mut Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

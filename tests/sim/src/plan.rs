//! The plan of a run: number of clients and channels, load, and network profile. The seed decides all of it.

use server::journal::Options;
use server::storage::ledger::Sizes;
use testkit::Rng;

/// Milliseconds within which every client is complete after the faults have stopped. The longest way: a resend that
/// had backed off to 12.5 s, then a look at the heads after 10 s, then a page of history.
const COMPLETE_WITHIN_MS: u64 = 30_000;

/// The same when nothing but event frames and subscriptions was lost: one look at the heads, every 10 s, and a page.
const COMPLETE_WITHIN_AFTER_FAN_OUT_LOSS_MS: u64 = 12_000;

/// Milliseconds a frame takes when nothing is wrong.
pub(crate) const DELAY_MS_MAX: u64 = 10;

/// The faults that a run has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NetworkProfile {
    /// Only the fan-out loses frames and subscriptions.
    FanOutLoss,
    /// All faults.
    Storm,
}

/// How bad the network is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rates {
    /// Requests and replies lost, in a thousand.
    pub(crate) loss: u64,
    /// Event frames lost on the way to one subscriber, in a thousand.
    pub(crate) event_loss: u64,
    /// Subscriptions lost, in a thousand.
    pub(crate) subscription_loss: u64,
    /// Frames that come twice, in a thousand.
    pub(crate) duplication: u64,
    /// Milliseconds that a frame takes at most.
    pub(crate) delay_ms_max: u64,
    /// Whether replies and events overtake one another.
    pub(crate) reorders: bool,
}

impl Rates {
    /// Nothing is wrong.
    pub(crate) const CALM: Self = Self {
        loss: 0,
        event_loss: 0,
        subscription_loss: 0,
        duplication: 0,
        delay_ms_max: DELAY_MS_MAX,
        reorders: false,
    };
}

/// The plan of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) clients: usize,
    pub(crate) channels: usize,
    pub(crate) network_profile: NetworkProfile,
    pub(crate) rates: Rates,
    /// How long people write and faults happen, in milliseconds.
    pub(crate) busy_ms: u64,
    /// Milliseconds between two commands of one person, at most.
    pub(crate) command_every_ms_max: u64,
    /// Milliseconds between two faults, at most.
    pub(crate) fault_every_ms_max: u64,
    /// Milliseconds that a write and sync take at most.
    pub(crate) disk_ms_max: u64,
    pub(crate) sizes: Sizes,
    /// Whether people also edit, delete, react, mention each other and send files.
    pub(crate) is_varied: bool,
}

/// Of so many seeds the last ones are varied. In the others people only talk, as in all seeds once: so the seeds that
/// have found something, here and in `docs/RELIABILITY.md`, mean what they meant.
const SEEDS_PER_TURN: u64 = 200;
const PLAIN_SEEDS_PER_TURN: u64 = 130;

impl Plan {
    pub(crate) fn draw(seed: u64, rng: &mut Rng) -> Self {
        let network_profile =
            if rng.per_mille(250) { NetworkProfile::FanOutLoss } else { NetworkProfile::Storm };
        let fan_out = Rates {
            event_loss: rng.pick(&[100, 300, 1000]),
            subscription_loss: rng.pick(&[0, 300, 1000]),
            ..Rates::CALM
        };
        let rates = match network_profile {
            NetworkProfile::FanOutLoss => fan_out,
            NetworkProfile::Storm => Rates {
                loss: rng.pick(&[0, 10, 50, 200]),
                event_loss: rng.pick(&[0, 10, 100]),
                subscription_loss: rng.pick(&[0, 0, 100]),
                duplication: rng.pick(&[0, 10, 100]),
                delay_ms_max: rng.pick(&[DELAY_MS_MAX, 100, 1000, 3000]),
                reorders: rng.per_mille(500),
            },
        };
        let segment_bytes = rng.pick(&[1_000, 4_000, 1 << 20]);
        Self {
            clients: rng.pick(&[2, 3, 4, 6]),
            channels: rng.pick(&[1, 2, 3]),
            network_profile,
            rates,
            busy_ms: rng.pick(&[5_000, 15_000, 30_000]),
            command_every_ms_max: rng.pick(&[200, 1_000, 3_000]),
            fault_every_ms_max: rng.pick(&[500, 2_000, 6_000]),
            disk_ms_max: rng.pick(&[2, 20, 500]),
            sizes: Sizes {
                segments: Options { segment_bytes },
                snapshot_every_bytes: rng.pick(&[2_000, 10_000, 1 << 20]),
            },
            is_varied: seed % SEEDS_PER_TURN >= PLAIN_SEEDS_PER_TURN,
        }
    }

    /// Milliseconds after the faults within which everybody must be complete.
    pub(crate) fn complete_within_ms(&self) -> u64 {
        match self.network_profile {
            NetworkProfile::FanOutLoss => COMPLETE_WITHIN_AFTER_FAN_OUT_LOSS_MS,
            NetworkProfile::Storm => COMPLETE_WITHIN_MS,
        }
    }
}

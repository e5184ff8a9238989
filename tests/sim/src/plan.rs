//! The plan of a run: number of clients and channels, load, and network profile. The seed determines it.

use server::journal::Options;
use server::storage::ledger::Sizes;
use testkit::Rng;

/// Time from the end of the faults until all clients must be complete. The worst case is a resend after a
/// backoff of 12.5 s, a request for the heads after 10 s, and a page of history.
const COMPLETE_WITHIN_MS: u64 = 30_000;

/// Time until all clients must be complete if only event frames and subscriptions were lost: a request for
/// the heads, which is sent every 10 s, and a page of history.
const COMPLETE_WITHIN_AFTER_FAN_OUT_LOSS_MS: u64 = 12_000;

/// Maximum delay of a frame without faults.
pub(crate) const DELAY_MS_MAX: u64 = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NetworkProfile {
    /// Only the fan-out loses frames and subscriptions.
    FanOutLoss,
    Storm,
}

/// The fault rates of the network, per mille.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rates {
    pub(crate) loss: u64,
    /// Event frames lost between the proxy and one subscriber.
    pub(crate) event_loss: u64,
    pub(crate) subscription_loss: u64,
    /// Frames that arrive twice.
    pub(crate) duplication: u64,
    /// Maximum delay of a frame, in milliseconds.
    pub(crate) delay_ms_max: u64,
    /// Whether replies and events can overtake each other.
    pub(crate) reorders: bool,
}

impl Rates {
    pub(crate) const CALM: Self = Self {
        loss: 0,
        event_loss: 0,
        subscription_loss: 0,
        duplication: 0,
        delay_ms_max: DELAY_MS_MAX,
        reorders: false,
    };
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) clients: usize,
    pub(crate) channels: usize,
    pub(crate) network_profile: NetworkProfile,
    pub(crate) rates: Rates,
    /// The time during which users send messages and faults happen.
    pub(crate) busy_ms: u64,
    pub(crate) command_interval_ms_max: u64,
    pub(crate) fault_interval_ms_max: u64,
    /// Maximum time of a write and sync.
    pub(crate) disk_ms_max: u64,
    pub(crate) sizes: Sizes,
    /// Whether users also edit, delete, react, mention each other and send files.
    pub(crate) is_varied: bool,
    /// Whether users also read, type and set levels.
    pub(crate) is_recorded: bool,
}

/// In the first 130 of every 200 seeds, users only send messages. The seeds in `docs/RELIABILITY.md` found
/// their bugs in such runs. The other seeds are varied.
const SEEDS_PER_CYCLE: u64 = 200;
const PLAIN_SEEDS_PER_CYCLE: u64 = 130;

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
            command_interval_ms_max: rng.pick(&[200, 1_000, 3_000]),
            fault_interval_ms_max: rng.pick(&[500, 2_000, 6_000]),
            disk_ms_max: rng.pick(&[2, 20, 500]),
            sizes: Sizes {
                segments: Options { segment_bytes },
                snapshot_every_bytes: rng.pick(&[2_000, 10_000, 1 << 20]),
            },
            is_varied: seed % SEEDS_PER_CYCLE >= PLAIN_SEEDS_PER_CYCLE,
            is_recorded: false,
        }
    }

    /// The plan of a recorded run: it is short, and has many faults.
    pub(crate) fn draw_recorded(seed: u64, rng: &mut Rng) -> Self {
        Self {
            clients: rng.pick(&[2, 3]),
            busy_ms: rng.pick(&[4_000, 8_000]),
            command_interval_ms_max: rng.pick(&[300, 1_000]),
            fault_interval_ms_max: rng.pick(&[400, 1_500]),
            is_varied: rng.per_mille(500),
            is_recorded: true,
            ..Self::draw(seed, rng)
        }
    }

    /// The time after the faults within which all clients must be complete.
    pub(crate) fn complete_within_ms(&self) -> u64 {
        match self.network_profile {
            NetworkProfile::FanOutLoss => COMPLETE_WITHIN_AFTER_FAN_OUT_LOSS_MS,
            NetworkProfile::Storm => COMPLETE_WITHIN_MS,
        }
    }
}

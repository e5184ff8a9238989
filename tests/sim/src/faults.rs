//! What breaks, how often, and when it is mended.

use std::io::ErrorKind;

use disk::faulty::{Failure, Loss};

use crate::agenda::{Connection, Happening, Part};
use crate::plan::NetworkProfile;
use crate::world::World;

/// Operations on the disk within which a planned failure happens.
const OPERATIONS_AHEAD_MAX: u64 = 12;

/// Bytes that still find room on a disk that is going to be full, at most: some dozen messages, or one snapshot.
const ROOM_BYTES_MAX: usize = 6_000;

/// Milliseconds that a part is down, a client asleep or cut off, at most.
const DOWN_MS_MAX: u64 = 6_000;

/// Milliseconds that a clock is ahead or behind at most: ten hours, so that two of them differ by less than the day
/// that a message's id may be ahead.
const CLOCK_ERROR_MS_MAX: u64 = 10 * 3_600_000;

/// How many starts of a server in a thousand meet a disk that fails.
const RECOVERY_FAILURES_PER_MILLE: u64 = 100;

/// How many connections in a thousand are made again without their subscriptions (libzmq issue 4057).
const SILENT_RECONNECTS_PER_MILLE: u64 = 200;

/// One thing that breaks.
#[derive(Debug, Clone, Copy)]
enum Fault {
    ServerKilled,
    ServerStopped,
    PowerCut,
    /// In the middle of a write, a sync, a rename.
    PowerCutWhileWriting,
    DiskFails,
    DiskFull,
    BrokerKilled,
    ProxyKilled,
    ClientKilled,
    ClientSuspended,
    ClientCutOff,
    SubscriptionsCut,
    ServerClockJumps,
    ClientClockJumps,
}

const STORM: [Fault; 14] = [
    Fault::ServerKilled,
    Fault::ServerStopped,
    Fault::PowerCut,
    Fault::PowerCutWhileWriting,
    Fault::DiskFails,
    Fault::DiskFull,
    Fault::BrokerKilled,
    Fault::ProxyKilled,
    Fault::ClientKilled,
    Fault::ClientSuspended,
    Fault::ClientCutOff,
    Fault::SubscriptionsCut,
    Fault::ServerClockJumps,
    Fault::ClientClockJumps,
];

impl Fault {
    fn name(self) -> &'static str {
        match self {
            Self::ServerKilled => "server killed",
            Self::ServerStopped => "server stopped",
            Self::PowerCut => "power cut",
            Self::PowerCutWhileWriting => "power cut while writing",
            Self::DiskFails => "disk fails",
            Self::DiskFull => "disk full",
            Self::BrokerKilled => "broker killed",
            Self::ProxyKilled => "proxy killed",
            Self::ClientKilled => "client killed",
            Self::ClientSuspended => "client suspended",
            Self::ClientCutOff => "client cut off",
            Self::SubscriptionsCut => "subscriptions cut",
            Self::ServerClockJumps => "server's clock jumps",
            Self::ClientClockJumps => "client's clock jumps",
        }
    }
}

impl World {
    /// Something breaks, and something else will.
    pub(crate) fn fault(&mut self) {
        if self.is_calm {
            return;
        }
        let next_in_ms = self.rng.between(1, self.plan.fault_every_ms_max);
        self.agenda.after(next_in_ms, Happening::Fault);
        let fault = match self.plan.network_profile {
            NetworkProfile::FanOutLoss => Fault::SubscriptionsCut,
            NetworkProfile::Storm => self.rng.pick(&STORM),
        };
        let client = self.rng.index(self.clients.len());
        self.tally.fault(fault.name());
        self.note(format_args!("{} ({client})", fault.name()));
        self.break_down(fault, client);
    }

    fn break_down(&mut self, fault: Fault, client: usize) {
        let until_ms = self.agenda.now_ms + self.rng.below(DOWN_MS_MAX);
        match fault {
            Fault::ServerKilled => {
                self.node.kill();
                self.start_later(Part::Server);
            }
            Fault::ServerStopped => {
                self.node.stop();
                self.start_later(Part::Server);
            }
            Fault::PowerCut => {
                let loss = self.loss();
                self.node.cut_power(loss);
                self.start_later(Part::Server);
            }
            Fault::PowerCutWhileWriting => {
                self.node.power_cut = Some(self.loss());
                self.fail_disk(ErrorKind::Other, true);
            }
            Fault::DiskFails => {
                let lasts = self.rng.per_mille(300);
                self.fail_disk(ErrorKind::Other, lasts);
                self.start_later(Part::Server);
            }
            Fault::DiskFull => {
                let room = self.rng.index(ROOM_BYTES_MAX);
                self.node.disk.set_room(Some(room));
                let full_ms = self.rng.below(DOWN_MS_MAX);
                self.agenda.after(full_ms, Happening::Room);
            }
            Fault::BrokerKilled => {
                self.broker.is_up = false;
                self.broker.deaths += 1;
                self.start_later(Part::Broker);
            }
            Fault::ProxyKilled => {
                self.proxy.is_up = false;
                self.proxy.deaths += 1;
                self.subscriptions.clear();
                self.start_later(Part::Proxy);
            }
            Fault::ClientKilled => {
                self.connect(client);
                self.clients[client].kill();
                self.start_later(Part::Client(client));
            }
            Fault::ClientSuspended => self.clients[client].asleep_until_ms = until_ms,
            Fault::ClientCutOff => self.clients[client].cut_off_until_ms = until_ms,
            Fault::SubscriptionsCut => {
                let connection = self.clients[client].connection;
                self.subscriptions.remove(&connection);
                self.reconnect_later(connection);
            }
            Fault::ServerClockJumps => self.node.clock_error_ms = self.clock_error_ms(),
            Fault::ClientClockJumps => self.clients[client].clock_error_ms = self.clock_error_ms(),
        }
    }

    /// A part that is down comes up again by and by.
    pub(crate) fn start_later(&mut self, part: Part) {
        let down_ms = if self.is_calm { 0 } else { self.rng.between(10, DOWN_MS_MAX) };
        self.agenda.after(down_ms, Happening::Start(part));
    }

    /// The library connects a SUB socket again, and mostly says what it is subscribed to.
    pub(crate) fn reconnect_later(&mut self, connection: Connection) {
        if !self.rng.per_mille(SILENT_RECONNECTS_PER_MILLE) {
            let delay_ms = self.rng.between(50, 2_000);
            self.agenda.after(delay_ms, Happening::Reconnect(connection));
        }
    }

    /// Now and then the disk fails while the server starts, or right after.
    pub(crate) fn maybe_fail_recovery(&mut self) {
        if !self.is_calm && !self.clients.is_empty() && self.rng.per_mille(RECOVERY_FAILURES_PER_MILLE) {
            self.tally.fault("disk fails at a start");
            let lasts = self.rng.per_mille(500);
            self.fail_disk(ErrorKind::Other, lasts);
            self.start_later(Part::Server);
        }
    }

    fn fail_disk(&mut self, kind: ErrorKind, lasts: bool) {
        if self.node.disk.has_failed() {
            return;
        }
        let operation = self.node.disk.operations() + self.rng.below(OPERATIONS_AHEAD_MAX);
        self.node.disk.fail(Failure { operation, kind, lasts });
    }

    fn loss(&mut self) -> Loss {
        let tail = Loss::Tail(self.rng.index(101));
        self.rng.pick(&[Loss::Everything, Loss::Nothing, tail, Loss::Sectors])
    }

    fn clock_error_ms(&mut self) -> i64 {
        let ahead = self.rng.below(CLOCK_ERROR_MS_MAX).cast_signed();
        if self.rng.per_mille(500) { ahead } else { -ahead }
    }
}

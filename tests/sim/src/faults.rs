//! Injects faults and schedules their end.

use std::io::ErrorKind;

use disk::faulty::{Failure, Loss};
use session::Session;

use crate::checks::Check;
use crate::plan::NetworkProfile;
use crate::schedule::{Part, ProxyConnection, SimEvent};
use crate::world::World;

/// A planned disk failure happens within this number of operations.
const OPERATIONS_AHEAD_MAX: u64 = 12;

/// Maximum free bytes of a disk that is about to be full: some dozen messages, or one snapshot.
const ROOM_BYTES_MAX: usize = 6_000;

/// Maximum time for which a part is down, or a client is suspended or cut off.
pub(crate) const DOWN_MS_MAX: u64 = 6_000;

/// Maximum clock error: ten hours. Two clocks then differ by less than a day, the maximum by which the time
/// of a message id may be ahead.
const CLOCK_ERROR_MS_MAX: u64 = 10 * 3_600_000;

/// Probability, per mille, that the disk fails during or after a startup of the server.
const RECOVERY_FAILURES_PER_MILLE: u64 = 100;

/// Probability, per mille, that a reconnected socket does not send its subscriptions (libzmq issue 4057).
const SILENT_RECONNECTS_PER_MILLE: u64 = 200;

/// A kind of fault.
#[derive(Debug, Clone, Copy)]
enum Fault {
    ServerKilled,
    ServerStopped,
    PowerCut,
    /// During a write, a sync or a rename.
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

const ALL_FAULTS: [Fault; 14] = [
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
    /// Whether the fault affects only one client.
    fn is_of_client(self) -> bool {
        matches!(
            self,
            Self::ClientKilled
                | Self::ClientSuspended
                | Self::ClientCutOff
                | Self::SubscriptionsCut
                | Self::ClientClockJumps
        )
    }

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
    /// Injects a random fault and schedules the next one.
    pub(crate) fn fault(&mut self) -> Check {
        if self.is_calm {
            return Ok(());
        }
        let next_in_ms = self.rng.between(1, self.plan.fault_interval_ms_max);
        self.schedule.after(next_in_ms, SimEvent::Fault);
        if self.maybe_cluster_fault() {
            return Ok(());
        }
        let fault = match self.plan.network_profile {
            NetworkProfile::FanOutLoss => Fault::SubscriptionsCut,
            NetworkProfile::Storm => self.rng.pick(&ALL_FAULTS),
        };
        let client = self.rng.index(self.clients.len());
        let node = self.faulty_node();
        self.count_fault(fault.name(), fault.is_of_client().then_some(client));
        self.note_at(node, format_args!("{} ({client})", fault.name()));
        self.inject(fault, node, client);
        if matches!(fault, Fault::ClientCutOff) && self.clients[client].has_websocket {
            let until_ms = self.clients[client].cut_off_until_ms;
            self.schedule.at(until_ms, SimEvent::LinkUp(client));
            return self.with_session(client, Session::link_down);
        }
        Ok(())
    }

    /// The WebSocket of a client is connected again. It has no subscriptions.
    pub(crate) fn link_up(&mut self, client: usize) -> Check {
        self.connect(client);
        self.with_session(client, Session::link_up)
    }

    fn inject(&mut self, fault: Fault, node: usize, client: usize) {
        let until_ms = self.schedule.now_ms + self.rng.below(DOWN_MS_MAX);
        match fault {
            Fault::ServerKilled => {
                self.nodes[node].kill();
                self.restart_later(Part::Server(node));
            }
            Fault::ServerStopped => {
                self.nodes[node].stop();
                self.restart_later(Part::Server(node));
            }
            Fault::PowerCut => {
                let loss = self.loss();
                self.nodes[node].cut_power(loss);
                self.restart_later(Part::Server(node));
            }
            Fault::PowerCutWhileWriting => {
                self.nodes[node].power_cut = Some(self.loss());
                self.fail_disk(node, ErrorKind::Other, true);
            }
            Fault::DiskFails => {
                let lasts = self.rng.per_mille(300);
                self.fail_disk(node, ErrorKind::Other, lasts);
                self.restart_later(Part::Server(node));
            }
            Fault::DiskFull => {
                let room = self.rng.index(ROOM_BYTES_MAX);
                self.nodes[node].disk.set_room(Some(room));
                let full_ms = self.rng.below(DOWN_MS_MAX);
                self.schedule.after(full_ms, SimEvent::FreeDisk(node));
            }
            Fault::BrokerKilled => {
                self.nodes[node].broker.kill();
                self.restart_later(Part::Broker(node));
            }
            Fault::ProxyKilled => {
                self.nodes[node].kill_proxy();
                self.restart_later(Part::Proxy(node));
            }
            Fault::ClientKilled => {
                self.connect(client);
                self.clients[client].kill();
                self.restart_later(Part::Client(client));
            }
            Fault::ClientSuspended => self.clients[client].suspended_until_ms = until_ms,
            Fault::ClientCutOff => self.clients[client].cut_off_until_ms = until_ms,
            Fault::SubscriptionsCut => {
                let connection = self.clients[client].proxy_connection;
                self.nodes[connection.node].subscriptions.remove(&connection);
                self.reconnect_later(connection);
            }
            Fault::ServerClockJumps => self.nodes[node].clock_error_ms = self.clock_error_ms(),
            Fault::ClientClockJumps => self.clients[client].clock_error_ms = self.clock_error_ms(),
        }
    }

    /// Schedules the restart of a part that is down.
    pub(crate) fn restart_later(&mut self, part: Part) {
        let down_ms = if self.is_calm { 0 } else { self.rng.between(10, DOWN_MS_MAX) };
        self.schedule.after(down_ms, SimEvent::Start(part));
    }

    /// libzmq reconnects a SUB socket, and usually sends its subscriptions again.
    pub(crate) fn reconnect_later(&mut self, connection: ProxyConnection) {
        if !self.rng.per_mille(SILENT_RECONNECTS_PER_MILLE) {
            let delay_ms = self.rng.between(50, 2_000);
            self.schedule.after(delay_ms, SimEvent::Reconnect(connection));
        }
    }

    /// With a small probability, plans a disk failure during or shortly after a startup.
    pub(crate) fn maybe_fail_recovery(&mut self, node: usize) {
        if !self.is_calm && !self.clients.is_empty() && self.rng.per_mille(RECOVERY_FAILURES_PER_MILLE) {
            self.counters.fault("disk fails at startup");
            let lasts = self.rng.per_mille(500);
            self.fail_disk(node, ErrorKind::Other, lasts);
            self.restart_later(Part::Server(node));
        }
    }

    fn fail_disk(&mut self, node: usize, kind: ErrorKind, lasts: bool) {
        let disk = &self.nodes[node].disk;
        if disk.has_failed() {
            return;
        }
        let operation = disk.operations() + self.rng.below(OPERATIONS_AHEAD_MAX);
        disk.fail(Failure { operation, kind, lasts });
    }

    pub(crate) fn loss(&mut self) -> Loss {
        let tail = Loss::Tail(self.rng.index(101));
        self.rng.pick(&[Loss::Everything, Loss::Nothing, tail, Loss::Sectors])
    }

    fn clock_error_ms(&mut self) -> i64 {
        let ahead = self.rng.below(CLOCK_ERROR_MS_MAX).cast_signed();
        if self.rng.per_mille(500) { ahead } else { -ahead }
    }
}

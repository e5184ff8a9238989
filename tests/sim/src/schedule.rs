//! The schedule of a run: simulated events in the order of simulated time.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::nodes::events::ClusterEvent;

/// The connection of a client to the broker. Every startup of the client creates a new connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BrokerConnection {
    pub(crate) client: usize,
    pub(crate) incarnation: u64,
    pub(crate) node: usize,
}

/// The connection of a client to the proxy. Every SUB socket creates a new connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ProxyConnection {
    pub(crate) client: usize,
    pub(crate) number: u64,
    pub(crate) node: usize,
}

/// An event of the simulation. `broker_kills` and `proxy_kills` are the counters at the time of sending: a
/// frame that was in transit when the role was killed is dropped.
#[derive(Debug)]
pub(crate) enum SimEvent {
    /// A frame of request lines reaches the server, followed by an optional frame of file bytes.
    Request {
        from: BrokerConnection,
        broker_kills: u64,
        frame: Vec<u8>,
        bytes: Option<Arc<[u8]>>,
    },
    /// A frame of reply lines reaches a client, followed by an optional frame of file bytes.
    Reply {
        to: BrokerConnection,
        broker_kills: u64,
        lines: Vec<u8>,
        bytes: Option<Vec<u8>>,
    },
    Publication {
        node: usize,
        topic: String,
        lines: Vec<u8>,
    },
    /// A subscription or an unsubscription reaches the proxy.
    Subscription {
        from: ProxyConnection,
        topic: String,
        is_subscribe: bool,
    },
    /// Event lines or a barrier reach a client.
    Event {
        to: ProxyConnection,
        proxy_kills: u64,
        topic: String,
        lines: Vec<u8>,
    },
    /// The deadline of a client's session expires.
    Tick(usize),
    Command(usize),
    /// A client retries to follow all conversations.
    Follow(BrokerConnection),
    /// The server of a node runs one round of its event loop.
    ServerRound(usize),
    Fault,
    /// The full disk of a node has free space again.
    FreeDisk(usize),
    /// A part that was down restarts.
    Start(Part),
    /// The WebSocket of a client is connected again.
    LinkUp(usize),
    /// The gateway tells a client with a WebSocket that it dropped events.
    EventsLost(usize),
    /// A reconnected SUB socket sends its subscriptions again.
    Reconnect(ProxyConnection),
    /// The faults stop, and users stop sending.
    /// An event that only a cluster has.
    Cluster(ClusterEvent),
    Calm,
    CheckComplete,
    /// The final messages must have reached all clients.
    End,
}

/// A part of the system that can be down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// The broker of a node.
    Broker(usize),
    /// The proxy of a node.
    Proxy(usize),
    /// The server of a node.
    Server(usize),
    Client(usize),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, number) = match self {
            Self::Broker(number) => ("Broker", number),
            Self::Proxy(number) => ("Proxy", number),
            Self::Server(number) => ("Server", number),
            Self::Client(number) => return write!(f, "Client({number})"),
        };
        if *number == 0 { f.write_str(name) } else { write!(f, "{name}({number})") }
    }
}

/// The planned events by time. Events at the same time happen in the order in which they were planned.
#[derive(Default)]
pub(crate) struct Schedule {
    pub(crate) now_ms: u64,
    planned: u64,
    events: BTreeMap<(u64, u64), SimEvent>,
}

impl Schedule {
    /// Plans an event. A time in the past becomes now.
    pub(crate) fn at(&mut self, at_ms: u64, event: SimEvent) {
        self.planned += 1;
        self.events.insert((at_ms.max(self.now_ms), self.planned), event);
    }

    /// Plans an event `delay_ms` from now.
    pub(crate) fn after(&mut self, delay_ms: u64, event: SimEvent) {
        self.at(self.now_ms + delay_ms, event);
    }

    /// Removes the next event and advances the time to it.
    pub(crate) fn next(&mut self) -> Option<SimEvent> {
        let ((at_ms, _), event) = self.events.pop_first()?;
        self.now_ms = at_ms;
        Some(event)
    }

    /// The number of planned events that `matches` accepts.
    pub(crate) fn count(&self, matches: impl Fn(&SimEvent) -> bool) -> usize {
        self.events.values().filter(|event| matches(event)).count()
    }
}

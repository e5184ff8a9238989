//! What happens when: the only order there is in a run.

use std::collections::BTreeMap;
use std::sync::Arc;

/// A client's connection to the broker; every start of the client has a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) client: usize,
    pub(crate) life: u64,
}

/// A client's connection to the proxy; every SUB socket has a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Connection {
    pub(crate) client: usize,
    pub(crate) number: u64,
}

/// One thing that happens.
#[derive(Debug)]
pub(crate) enum Happening {
    /// A frame of request lines reaches the server, and maybe one of bytes behind it; the broker they left through was
    /// started so many times.
    Request { from: Link, broker: u64, frame: Vec<u8>, bytes: Option<Arc<[u8]>> },
    /// A frame of reply lines reaches a client, and maybe one of bytes behind it.
    Reply { to: Link, broker: u64, lines: Vec<u8>, bytes: Option<Vec<u8>> },
    /// Events reach the proxy.
    Publication { topic: String, lines: Vec<u8> },
    /// A subscription, or its end, reaches the proxy.
    Subscription { from: Connection, topic: String, is_wanted: bool },
    /// Events or a barrier reach a client; the proxy was started so many times.
    Event { to: Connection, proxy: u64, topic: String, lines: Vec<u8> },
    /// A client's deadline.
    Tick(usize),
    /// A person does something.
    Command(usize),
    /// A client asks to follow everything, at its start or again.
    Follow(Link),
    /// The server goes round its loop.
    Round,
    /// Something breaks.
    Fault,
    /// A full disk has room again.
    Room,
    /// A part that was down starts again.
    Start(Part),
    /// The subscriptions of a connection that was cut reach the proxy again.
    Reconnect(Connection),
    /// Faults stop, and people too.
    Calm,
    /// Everybody must be complete by now.
    Complete,
    /// The last messages must have reached everybody by now.
    End,
}

/// What can be down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Broker,
    Proxy,
    Server,
    Client(usize),
}

/// Happenings by time; of those at the same time, the one planned first comes first.
#[derive(Default)]
pub(crate) struct Agenda {
    pub(crate) now_ms: u64,
    planned: u64,
    happenings: BTreeMap<(u64, u64), Happening>,
}

impl Agenda {
    /// Plans something; not in the past.
    pub(crate) fn at(&mut self, at_ms: u64, happening: Happening) {
        self.planned += 1;
        self.happenings.insert((at_ms.max(self.now_ms), self.planned), happening);
    }

    /// Plans something so many milliseconds from now.
    pub(crate) fn after(&mut self, delay_ms: u64, happening: Happening) {
        self.at(self.now_ms + delay_ms, happening);
    }

    /// What comes next; time passes until then.
    pub(crate) fn next(&mut self) -> Option<Happening> {
        let ((at_ms, _), happening) = self.happenings.pop_first()?;
        self.now_ms = at_ms;
        Some(happening)
    }

    /// How many things of a kind are planned.
    pub(crate) fn count(&self, is_meant: impl Fn(&Happening) -> bool) -> usize {
        self.happenings.values().filter(|happening| is_meant(happening)).count()
    }
}

//! The gateway's own counters.

pub(crate) mod pages;
mod text;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::StatusCode;
use transport::metrics::{Family, MetricKind};

use crate::close::Close;
use crate::http::hooks::Format;

const CLOSES: [Close; 7] = [
    Close::GoingAway,
    Close::BadFrame,
    Close::SessionEnded,
    Close::Silent,
    Close::Slow,
    Close::TooMany,
    Close::Unavailable,
];

/// The kinds of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    WebSocket,
    Events,
    Irc,
}

const KINDS: [(Kind, &str); 3] = [(Kind::WebSocket, "ws"), (Kind::Events, "sse"), (Kind::Irc, "irc")];

#[derive(Debug, Default)]
pub(crate) struct Gauges {
    connections: [AtomicU64; KINDS.len()],
    opened: [AtomicU64; KINDS.len()],
    closes: [AtomicU64; CLOSES.len()],
    lagged: AtomicU64,
    topics: AtomicU64,
    up: Traffic,
    down: Traffic,
    /// The posts of webhooks. The map stays small, because there are few formats and statuses.
    webhooks: Mutex<BTreeMap<(Format, u16), u64>>,
    /// The failed deliveries of outgoing webhooks, then the accepted deliveries.
    deliveries: [AtomicU64; 2],
}

/// The lines of connections in one direction.
#[derive(Debug, Default)]
struct Traffic {
    lines: AtomicU64,
    bytes: AtomicU64,
}

impl Traffic {
    fn count(&self, lines: &[u8]) {
        let count = memchr::memchr_iter(b'\n', lines).count() + usize::from(!lines.ends_with(b"\n"));
        self.lines.fetch_add(count as u64, Ordering::Relaxed);
        self.bytes.fetch_add(lines.len() as u64, Ordering::Relaxed);
    }
}

/// An open connection in the gauges. Dropping it decrements the gauge.
pub(crate) struct Opened {
    gauges: Arc<Gauges>,
    kind: Kind,
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.gauges.of(self.kind).0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Gauges {
    fn of(&self, kind: Kind) -> (&AtomicU64, &AtomicU64) {
        let [ws, sse, irc] = &self.connections;
        let [ws_opened, sse_opened, irc_opened] = &self.opened;
        match kind {
            Kind::WebSocket => (ws, ws_opened),
            Kind::Events => (sse, sse_opened),
            Kind::Irc => (irc, irc_opened),
        }
    }

    pub(crate) fn open(self: &Arc<Self>, kind: Kind) -> Opened {
        let (connections, opened) = self.of(kind);
        connections.fetch_add(1, Ordering::Relaxed);
        opened.fetch_add(1, Ordering::Relaxed);
        Opened { gauges: Arc::clone(self), kind }
    }

    pub(crate) fn closed(&self, close: Close) {
        let known = CLOSES.iter().zip(&self.closes).find(|(known, _)| **known == close);
        if let Some((_, count)) = known {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn lagged(&self) {
        self.lagged.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn lagged_total(&self) -> u64 {
        self.lagged.load(Ordering::Relaxed)
    }

    pub(crate) fn set_topics(&self, topics: usize) {
        self.topics.store(topics as u64, Ordering::Relaxed);
    }

    pub(crate) fn webhook(&self, format: Format, status: StatusCode) {
        let mut webhooks = self.webhooks.lock().unwrap_or_else(PoisonError::into_inner);
        *webhooks.entry((format, status.as_u16())).or_default() += 1;
    }

    pub(crate) fn delivery(&self, is_accepted: bool) {
        let [failed, accepted] = &self.deliveries;
        let count = if is_accepted { accepted } else { failed };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts lines that a connection sent.
    pub(crate) fn count_up(&self, lines: &[u8]) {
        self.up.count(lines);
    }

    /// Counts lines for a connection.
    pub(crate) fn count_down(&self, lines: &[u8]) {
        self.down.count(lines);
    }

    /// The metrics of the gateway, whose queues contain `queued_bytes` for clients.
    fn families(&self, queued_bytes: u64) -> Vec<Family> {
        let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let mut open = Family::new(MetricKind::Gauge, "papo_gateway_connections", "Open connections.");
        let mut opened = Family::new(
            MetricKind::Counter,
            "papo_gateway_connections_total",
            "Connections since the gateway started.",
        );
        for (kind, name) in KINDS {
            open.add(&[("kind", name)], get(self.of(kind).0));
            opened.add(&[("kind", name)], get(self.of(kind).1));
        }
        let mut closes = Family::new(
            MetricKind::Counter,
            "papo_gateway_closes_total",
            "WebSockets that the gateway closed, by close code.",
        );
        for (close, count) in CLOSES.iter().zip(&self.closes) {
            closes.add(&[("code", &close.frame().0.to_string())], get(count));
        }
        let mut webhooks = Family::new(
            MetricKind::Counter,
            "papo_webhook_requests_total",
            "Posts of incoming webhooks, by format and status.",
        );
        for ((format, status), count) in &*self.webhooks.lock().unwrap_or_else(PoisonError::into_inner) {
            webhooks.add(&[("kind", format.name()), ("status", &status.to_string())], *count);
        }
        let mut deliveries = Family::new(
            MetricKind::Counter,
            "papo_webhook_deliveries_total",
            "Deliveries of outgoing webhooks, by result.",
        );
        for (result, count) in ["failed", "accepted"].into_iter().zip(&self.deliveries) {
            deliveries.add(&[("result", result)], get(count));
        }
        let [lines, bytes] = [
            ("papo_gateway_lines_total", "Lines of connections."),
            ("papo_gateway_bytes_total", "Bytes of the lines of connections."),
        ]
        .map(|(name, help)| Family::new(MetricKind::Counter, name, help));
        let directions = |family: Family, up, down| {
            family.with(&[("direction", "up")], get(up)).with(&[("direction", "down")], get(down))
        };
        let gauge = |name, help, value: u64| Family::single(MetricKind::Gauge, name, help, value);
        vec![
            open,
            opened,
            closes,
            webhooks,
            deliveries,
            directions(lines, &self.up.lines, &self.down.lines),
            directions(bytes, &self.up.bytes, &self.down.bytes),
            Family::single(
                MetricKind::Counter,
                "papo_gateway_lagged_total",
                "Times that a slow reader lost events.",
                get(&self.lagged),
            ),
            gauge("papo_gateway_topics", "Topics with followers.", get(&self.topics)),
            gauge("papo_gateway_queue_bytes", "Bytes that wait for clients.", queued_bytes),
        ]
    }
}

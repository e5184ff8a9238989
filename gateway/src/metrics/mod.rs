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

/// The results of pushes to browsers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PushResult {
    /// The push service accepted the push.
    Accepted,
    /// The push service refused the push permanently.
    Refused,
    /// The push service no longer knows the browser.
    Gone,
    /// The push is repeated.
    Failed,
}

const PUSH_RESULTS: [(PushResult, &str); 4] = [
    (PushResult::Accepted, "accepted"),
    (PushResult::Refused, "refused"),
    (PushResult::Gone, "gone"),
    (PushResult::Failed, "failed"),
];

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
    pushes: [AtomicU64; PUSH_RESULTS.len()],
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

    pub(crate) fn push(&self, result: PushResult) {
        let known = PUSH_RESULTS.iter().zip(&self.pushes).find(|((known, _), _)| *known == result);
        if let Some((_, count)) = known {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts lines that a connection sent.
    pub(crate) fn count_up(&self, lines: &[u8]) {
        self.up.count(lines);
    }

    /// Counts lines for a connection.
    pub(crate) fn count_down(&self, lines: &[u8]) {
        self.down.count(lines);
    }

    /// The metrics of incoming and outgoing webhooks, and of pushes.
    fn of_webhooks_and_pushes(&self) -> [Family; 3] {
        let mut webhooks = Family::new(
            MetricKind::Counter,
            "papo_webhook_requests_total",
            "Posts of incoming webhooks, by format and HTTP status. 4xx: the sender must be corrected; 5xx: it \
             tries again.",
        );
        for ((format, status), count) in &*self.webhooks.lock().unwrap_or_else(PoisonError::into_inner) {
            webhooks.add(&[("kind", format.name()), ("status", &status.to_string())], *count);
        }
        let mut deliveries = Family::new(
            MetricKind::Counter,
            "papo_webhook_deliveries_total",
            "Events that the gateway posted to receivers of outgoing webhooks, by result. For failures, read the \
             error of the webhook: papo hook list.",
        );
        for (result, count) in ["failed", "accepted"].into_iter().zip(&self.deliveries) {
            deliveries.add(&[("result", result)], count.load(Ordering::Relaxed));
        }
        let mut pushes = Family::new(
            MetricKind::Counter,
            "papo_pushes_total",
            "Pushes to browsers, by result. For failures, look at the connection to the push services.",
        );
        for ((_, result), count) in PUSH_RESULTS.iter().zip(&self.pushes) {
            pushes.add(&[("result", result)], count.load(Ordering::Relaxed));
        }
        [webhooks, deliveries, pushes]
    }

    /// The metrics of the gateway, whose queues contain `queued_bytes` for clients.
    fn families(&self, queued_bytes: u64) -> Vec<Family> {
        let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let mut open = Family::new(
            MetricKind::Gauge,
            "papo_gateway_connections",
            "Open WebSockets (ws) and streams of events (sse). The gateway accepts 20000 connections.",
        );
        let mut opened = Family::new(
            MetricKind::Counter,
            "papo_gateway_connections_total",
            "WebSockets and streams of events since the gateway started. A steep rise means that clients reconnect: \
             compare papo_gateway_closes_total.",
        );
        for (kind, name) in KINDS {
            open.add(&[("kind", name)], get(self.of(kind).0));
            opened.add(&[("kind", name)], get(self.of(kind).1));
        }
        let mut closes = Family::new(
            MetricKind::Counter,
            "papo_gateway_closes_total",
            "WebSockets that the gateway closed, by close code. 4409: the client reads too slowly; 4429: too many \
             connections; 4503: the node does not answer, see papo_roles_unreachable.",
        );
        for (close, count) in CLOSES.iter().zip(&self.closes) {
            closes.add(&[("code", &close.frame().0.to_string())], get(count));
        }
        let [webhooks, deliveries, pushes] = self.of_webhooks_and_pushes();
        let [lines, bytes] = [
            (
                "papo_gateway_lines_total",
                "Lines of WebSockets and streams of events, from clients (up) and to clients (down).",
            ),
            ("papo_gateway_bytes_total", "Bytes of these lines, without the framing and TLS."),
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
            pushes,
            directions(lines, &self.up.lines, &self.down.lines),
            directions(bytes, &self.up.bytes, &self.down.bytes),
            Family::single(
                MetricKind::Counter,
                "papo_gateway_lagged_total",
                "Times that events were dropped because a client read too slowly. The client loads them from the \
                 history, so a few are harmless; a steady rate means slow networks or a full processor.",
                get(&self.lagged),
            ),
            gauge(
                "papo_gateway_topics",
                "Topics that clients of the gateway follow. The maximum is 16000: start a further gateway before.",
                get(&self.topics),
            ),
            gauge(
                "papo_gateway_queue_bytes",
                "Bytes of lines that wait until clients read. At 134217728, the gateway drops events.",
                queued_bytes,
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{ALL_TOPICS_MAX, CONNECTIONS_MAX, QUEUES_BYTES_MAX};

    #[test]
    fn the_help_names_the_limits() {
        let page = text::write(Gauges::default().families(0));
        for (name, limit) in [
            ("papo_gateway_connections", CONNECTIONS_MAX),
            ("papo_gateway_topics", ALL_TOPICS_MAX),
            ("papo_gateway_queue_bytes", QUEUES_BYTES_MAX),
        ] {
            let help = page.lines().find_map(|line| line.strip_prefix(&format!("# HELP {name} ")));
            let help = help.unwrap_or_else(|| panic!("no help of {name}"));
            assert!(help.contains(&format!(" {limit}")), "{help}");
        }
    }
}

//! `/metrics`, `/healthz` and `/readyz`: the gateway's own counters, and the status of all roles.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use transport::{Context, control};

use crate::close::Close;
use crate::http::answer::json_answer;
use crate::http::call::{Ask, ask};
use crate::http::hooks::Format;
use crate::http::web::{Client, Web};

/// The timeout of a request for the status of a role.
const ROLE_TIMEOUT: Duration = Duration::from_secs(2);

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
}

const KINDS: [(Kind, &str); 2] = [(Kind::WebSocket, "ws"), (Kind::Events, "sse")];

#[derive(Debug, Default)]
pub(crate) struct Gauges {
    connections: [AtomicU64; KINDS.len()],
    opened: [AtomicU64; KINDS.len()],
    closes: [AtomicU64; CLOSES.len()],
    lagged: AtomicU64,
    topics: AtomicU64,
    lines_down: AtomicU64,
    bytes_down: AtomicU64,
    /// The posts of webhooks. There are few formats and statuses.
    webhooks: Mutex<BTreeMap<(Format, u16), u64>>,
    /// The accepted and the failed deliveries of outgoing webhooks.
    deliveries: [AtomicU64; 2],
}

/// An open connection, as long as it exists.
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
        let [ws, sse] = &self.connections;
        let [ws_opened, sse_opened] = &self.opened;
        match kind {
            Kind::WebSocket => (ws, ws_opened),
            Kind::Events => (sse, sse_opened),
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

    pub(crate) fn count_down(&self, lines: &[u8]) {
        self.lines_down.fetch_add(1, Ordering::Relaxed);
        self.bytes_down.fetch_add(lines.len() as u64, Ordering::Relaxed);
    }
}

/// Requests the status of all roles, one request at a time.
pub(crate) struct Statuses {
    context: Context,
    endpoints: Vec<String>,
    turn: Semaphore,
}

impl Statuses {
    pub(crate) fn new(context: Context, endpoints: Vec<String>) -> Self {
        Self { context, endpoints, turn: Semaphore::new(1) }
    }

    /// The status of each role, or the sentence why there is none.
    async fn get(&self) -> Vec<Result<Value, String>> {
        let _turn = self.turn.acquire().await;
        let asked = self.endpoints.iter().map(|endpoint| {
            let (context, endpoint) = (self.context.clone(), endpoint.clone());
            tokio::task::spawn_blocking(move || {
                control::request_status(&context, &endpoint, ROLE_TIMEOUT).map_err(|error| error.to_string())
            })
        });
        let asked: Vec<_> = asked.collect();
        let mut statuses = Vec::new();
        for status in asked {
            statuses.push(status.await.unwrap_or_else(|error| Err(error.to_string())));
        }
        statuses
    }
}

/// Answers 200 while the HTTP thread works.
pub(crate) async fn is_alive() -> &'static str {
    "ok\n"
}

/// Answers 200 if the server answers and no role has a problem.
pub(crate) async fn is_ready(State(web): State<Web>) -> Response {
    let mut problems: Vec<String> = Vec::new();
    for status in web.statuses.get().await {
        match status {
            Ok(status) => {
                let sentences = status.get("problems").and_then(Value::as_array).into_iter().flatten();
                problems.extend(sentences.filter_map(Value::as_str).map(str::to_owned));
            }
            Err(sentence) => problems.push(sentence),
        }
    }
    let client = Client { sender: [0; 8], is_secure: false };
    let asked = ask(&web, client, None, Ask::new("server.info", json!({})));
    match tokio::time::timeout(ROLE_TIMEOUT, asked).await {
        Ok(Ok(_)) => {}
        Ok(Err(failure)) => problems.push(failure.0.message.clone()),
        Err(_) => problems.push("the server does not answer".to_owned()),
    }
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    json_answer(status, &json!({ "ready": problems.is_empty(), "problems": problems }))
}

pub(crate) async fn page(State(web): State<Web>) -> Response {
    let statuses = web.statuses.get().await;
    let page = render(&web.gauges, web.hub.queued_bytes(), &statuses);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], page).into_response()
}

/// The page in the text format of Prometheus.
fn render(gauges: &Gauges, queued_bytes: usize, statuses: &[Result<Value, String>]) -> String {
    let mut page = Page::default();
    let version = env!("CARGO_PKG_VERSION");
    page.family("papo_build_info", "gauge", "The version of the gateway.");
    page.sample("papo_build_info", &format!("version=\"{version}\""), 1);
    let roles: Vec<_> =
        statuses.iter().flatten().filter_map(|status| Some((name(status)?, status))).collect();
    page.family("papo_uptime_seconds", "gauge", "Seconds since the role started.");
    for (role, status) in &roles {
        let seconds = status.get("uptime_ms").and_then(Value::as_u64).unwrap_or_default() / 1_000;
        page.sample("papo_uptime_seconds", &format!("role=\"{role}\""), seconds);
    }
    page.family("papo_role_problems", "gauge", "Problems that the operator must repair.");
    for (role, status) in &roles {
        let problems = status.get("problems").and_then(Value::as_array).map_or(0, Vec::len);
        page.sample("papo_role_problems", &format!("role=\"{role}\""), problems as u64);
    }
    page.family("papo_roles_unreachable", "gauge", "Roles that did not answer.");
    page.sample(
        "papo_roles_unreachable",
        "",
        statuses.iter().filter(|status| status.is_err()).count() as u64,
    );
    page.family("papo_role_events_total", "counter", "The counters of `papo health`, by role.");
    for (role, status) in &roles {
        let counters = status.get("counters").and_then(Value::as_object).into_iter().flatten();
        for (counter, count) in counters {
            let labels = format!("role=\"{role}\",counter=\"{counter}\"");
            page.sample("papo_role_events_total", &labels, count.as_u64().unwrap_or_default());
        }
    }
    gateway(&mut page, gauges, queued_bytes);
    page.0
}

fn gateway(page: &mut Page, gauges: &Gauges, queued_bytes: usize) {
    let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
    page.family("papo_gateway_connections", "gauge", "Open connections.");
    for (kind, name) in KINDS {
        page.sample("papo_gateway_connections", &format!("kind=\"{name}\""), get(gauges.of(kind).0));
    }
    page.family("papo_gateway_connections_total", "counter", "Connections since the start.");
    for (kind, name) in KINDS {
        page.sample("papo_gateway_connections_total", &format!("kind=\"{name}\""), get(gauges.of(kind).1));
    }
    page.family("papo_gateway_closes_total", "counter", "WebSockets that the gateway closed, by close code.");
    for (close, count) in CLOSES.iter().zip(&gauges.closes) {
        page.sample("papo_gateway_closes_total", &format!("code=\"{}\"", close.frame().0), get(count));
    }
    page.family(
        "papo_webhook_requests_total",
        "counter",
        "Posts of incoming webhooks, by format and status.",
    );
    for ((format, status), count) in &*gauges.webhooks.lock().unwrap_or_else(PoisonError::into_inner) {
        let labels = format!("kind=\"{}\",status=\"{status}\"", format.name());
        page.sample("papo_webhook_requests_total", &labels, *count);
    }
    page.family("papo_webhook_deliveries_total", "counter", "Deliveries of outgoing webhooks, by result.");
    for (result, count) in ["failed", "accepted"].into_iter().zip(&gauges.deliveries) {
        page.sample("papo_webhook_deliveries_total", &format!("result=\"{result}\""), get(count));
    }
    for (name, kind, help, value) in [
        (
            "papo_gateway_lagged_total",
            "counter",
            "Times that a slow reader lost events.",
            get(&gauges.lagged),
        ),
        ("papo_gateway_topics", "gauge", "Topics with followers.", get(&gauges.topics)),
        ("papo_gateway_queue_bytes", "gauge", "Bytes that wait for clients.", queued_bytes as u64),
        ("papo_gateway_deliveries_total", "counter", "Frames of lines to clients.", get(&gauges.lines_down)),
        (
            "papo_gateway_delivered_bytes_total",
            "counter",
            "Bytes of lines to clients.",
            get(&gauges.bytes_down),
        ),
    ] {
        page.family(name, kind, help);
        page.sample(name, "", value);
    }
}

/// The name of a role: only names that papo gives become labels.
fn name(status: &Value) -> Option<&str> {
    let name = status.get("role").and_then(Value::as_str)?;
    name.bytes().all(|b| b.is_ascii_lowercase()).then_some(name)
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _infallible = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &str, value: u64) {
        let _infallible = match labels {
            "" => writeln!(self.0, "{name} {value}"),
            labels => writeln!(self.0, "{name}{{{labels}}} {value}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_follows_its_help_and_type() {
        let status =
            json!({ "role": "server", "uptime_ms": 2500, "problems": ["x"], "counters": { "records": 7 } });
        let page = render(&Gauges::default(), 0, &[Ok(status), Err("no answer".to_owned())]);
        assert!(page.contains("papo_uptime_seconds{role=\"server\"} 2\n"), "{page}");
        assert!(page.contains("papo_role_problems{role=\"server\"} 1\n"), "{page}");
        assert!(page.contains("papo_role_events_total{role=\"server\",counter=\"records\"} 7\n"), "{page}");
        assert!(page.contains("papo_roles_unreachable 1\n"), "{page}");
        let mut known = "";
        for line in page.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                known = help.split(' ').next().expect("a name");
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').expect("a type");
                assert_eq!((name, name.ends_with("_total")), (known, kind == "counter"));
            } else {
                assert!(line.starts_with(known), "{line}");
            }
        }
    }
}

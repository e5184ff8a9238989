//! `/metrics`, `/healthz`, `/readyz` and `/roles`: the status and the metrics of all roles.

use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use disk::ProcessStats;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use transport::metrics::{Family, MetricKind, SampleValue};
use transport::{Context, TransportError, control};

use super::text;
use crate::http::answer::{Failure, json_answer};
use crate::http::call::{Ask, ask};
use crate::http::web::{Client, VisitorOf, Web};

/// The timeout of a request for the status of a role.
const ROLE_TIMEOUT: Duration = Duration::from_secs(2);

/// The counters of `papo health` that can decrease. Other metrics report their values.
const GAUGES: [&str; 3] = ["connections", "topics", "logins_waiting"];

/// The commit of the build, if the variable was set.
const COMMIT: Option<&str> = option_env!("PAPO_COMMIT");

/// The status of a role with its metrics.
type RoleMetrics = (Value, Vec<Family>);

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

    /// The answer of each role to `request`, or its error as a sentence.
    async fn get<T: Send + 'static>(
        &self,
        request: fn(&Context, &str, Duration) -> Result<T, TransportError>,
    ) -> Vec<Result<T, String>> {
        let _turn = self.turn.acquire().await;
        let asked = self.endpoints.iter().map(|endpoint| {
            let (context, endpoint) = (self.context.clone(), endpoint.clone());
            tokio::task::spawn_blocking(move || {
                request(&context, &endpoint, ROLE_TIMEOUT).map_err(|error| error.to_string())
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
    for status in web.statuses.get(control::request_status).await {
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

/// `GET /roles`: the status of all roles. The server decides whether the user is an administrator.
pub(crate) async fn roles(
    State(web): State<Web>,
    Extension(visitor): VisitorOf,
) -> Result<Response, Failure> {
    let request = Ask::new("admin.stats", json!({}));
    ask(&web, visitor.client, visitor.token.as_ref(), request).await?.raw()?;
    let statuses = web.statuses.get(control::request_status).await;
    let roles: Vec<_> = statuses
        .into_iter()
        .map(|status| status.unwrap_or_else(|sentence| json!({ "problems": [sentence] })))
        .collect();
    Ok(json_answer(StatusCode::OK, &json!({ "roles": roles })))
}

pub(crate) async fn metrics(State(web): State<Web>) -> Response {
    let roles = web.statuses.get(control::request_metrics).await;
    let own = web.gauges.families(web.hub.queued_bytes() as u64);
    let process = tokio::task::spawn_blocking(ProcessStats::read).await.ok().flatten();
    let page = text::write(own.into_iter().chain(of_roles(roles)).chain(of_process(process)));
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], page).into_response()
}

/// The metrics of all roles, and the metrics that the gateway derives from their status.
fn of_roles(roles: Vec<Result<RoleMetrics, String>>) -> Vec<Family> {
    let mut uptime = Family::new(
        MetricKind::Gauge,
        "papo_uptime_seconds",
        "Seconds since the role started. A fall to 0 is a restart.",
    );
    let mut problems = Family::new(
        MetricKind::Gauge,
        "papo_role_problems",
        "Problems that you must repair. `papo health` prints them with what to do.",
    );
    let mut events = Family::new(
        MetricKind::Counter,
        "papo_role_events_total",
        "The counters that `papo health` prints, since the role started, by role.",
    );
    let unreachable = roles.iter().filter(|role| role.is_err()).count() as u64;
    let mut families = Vec::new();
    for (status, metrics) in roles.into_iter().flatten() {
        families.extend(metrics);
        let Some(role) = status.get("role").and_then(Value::as_str) else { continue };
        let uptime_ms = status.get("uptime_ms").and_then(Value::as_u64).unwrap_or_default();
        uptime.add(&[("role", role)], SampleValue::Number(uptime_ms as f64 / 1e3));
        let sentences = status.get("problems").and_then(Value::as_array).map_or(0, Vec::len);
        problems.add(&[("role", role)], sentences as u64);
        let counters = status.get("counters").and_then(Value::as_object).into_iter().flatten();
        for (name, count) in counters.filter(|(name, _)| !GAUGES.contains(&name.as_str())) {
            events.add(&[("role", role), ("counter", name)], count.as_u64().unwrap_or_default());
        }
    }
    let help = "Roles that did not answer within 2 s. `papo health` names them: start them again.";
    let unreachable = Family::single(MetricKind::Gauge, "papo_roles_unreachable", help, unreachable);
    let build = Family::new(
        MetricKind::Gauge,
        "papo_build_info",
        "Always 1; the labels have the version and the commit of the gateway.",
    )
    .with(&[("version", env!("CARGO_PKG_VERSION")), ("commit", COMMIT.unwrap_or("unknown"))], 1_u64);
    families.extend([uptime, problems, events, unreachable, build]);
    families
}

/// The process of the gateway. With `papo up`, this is the whole node.
fn of_process(stats: Option<ProcessStats>) -> Vec<Family> {
    let Some(ProcessStats { resident_bytes, cpu_ms, open_files, open_files_max }) = stats else {
        return Vec::new();
    };
    let gauge = |name, help, value: u64| Family::single(MetricKind::Gauge, name, help, value);
    vec![
        gauge(
            "process_resident_memory_bytes",
            "Resident memory in bytes, of the gateway, or of the whole node with papo up.",
            resident_bytes,
        ),
        gauge(
            "process_open_fds",
            "Open files and sockets. At process_max_fds, no new connection is accepted.",
            open_files,
        ),
        gauge(
            "process_max_fds",
            "The limit of open files and sockets. Raise it with LimitNOFILE of systemd.",
            open_files_max,
        ),
        Family::single(
            MetricKind::Counter,
            "process_cpu_seconds_total",
            "Seconds of processor time, by the code of the process and by the system for it.",
            SampleValue::Number(cpu_ms as f64 / 1e3),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_of_each_role_is_a_sample() {
        let status = json!({
            "role": "server", "uptime_ms": 2500, "problems": ["x"], "counters": { "records": 7, "connections": 3 },
        });
        let own = Family::single(MetricKind::Gauge, "papo_users", "Accounts.", 2_u64);
        let page = text::write(of_roles(vec![Ok((status, vec![own])), Err("no answer".to_owned())]));
        for line in [
            "papo_uptime_seconds{role=\"server\"} 2.5\n",
            "papo_role_problems{role=\"server\"} 1\n",
            "papo_role_events_total{role=\"server\",counter=\"records\"} 7\n",
            "papo_roles_unreachable 1\n",
            "papo_users 2\n",
        ] {
            assert!(page.contains(line), "{line} is not in {page}");
        }
        assert!(!page.contains("connections"), "a gauge is not a counter: {page}");
    }
}

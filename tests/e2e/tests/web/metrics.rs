//! `/metrics`: its names and its text, and the dashboard and the alert rules that use it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::limits::FRAME_LINES_MAX;
use e2e::{Node, Web};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{team, token};

/// The metrics of a node that has requests, WebSockets, streams of events and webhooks.
const NAMES: [&str; 31] = [
    "papo_build_info",
    "papo_events_published_total",
    "papo_fsync_duration_seconds",
    "papo_gateway_bytes_total",
    "papo_gateway_closes_total",
    "papo_gateway_connections",
    "papo_gateway_connections_total",
    "papo_gateway_lagged_total",
    "papo_gateway_lines_total",
    "papo_gateway_queue_bytes",
    "papo_gateway_topics",
    "papo_log_bytes",
    "papo_logins_waiting",
    "papo_messages_total",
    "papo_present_users",
    "papo_pushes_total",
    "papo_records_total",
    "papo_request_duration_seconds",
    "papo_requests_total",
    "papo_role_events_total",
    "papo_role_problems",
    "papo_roles_unreachable",
    "papo_sessions",
    "papo_uptime_seconds",
    "papo_users",
    "papo_webhook_deliveries_total",
    "papo_webhook_requests_total",
    "process_cpu_seconds_total",
    "process_max_fds",
    "process_open_fds",
    "process_resident_memory_bytes",
];

/// The page of a node on which alice has sent messages over a WebSocket and with a webhook.
fn page() -> String {
    let node = Node::with_gateway(&[]);
    let [mut alice, _bob] = team(&node);
    let web = node.web();
    let mut chat = web.chat(&token(&alice));
    let _events = web.events("%23ops", &token(&alice), None);
    let mut send = |to| {
        let message = json!({ "to": to, "id": Uuid::now_v7(), "text": "one" });
        chat.call("message.send", message).is_ok()
    };
    assert_eq!([send("#ops"), send("#nowhere")], [true, false]);
    let peer = node.peer();
    peer.post(&b"{}\n".repeat(FRAME_LINES_MAX + 1));
    assert!(String::from_utf8_lossy(&peer.reply()).contains("too_many_lines"));
    let hook = alice.call("hook.create", json!({ "channel": "#ops", "name": "ci" })).expect("a hook");
    let path = format!("/hooks/{}", hook["hook"].as_str().expect("a token"));
    assert_eq!(web.request("POST", &path, &[], br#"{"text":"two"}"#).status, 200);
    let page = Web::new(node.endpoint("metrics")).request("GET", "/metrics", &[], b"");
    String::from_utf8(page.body).expect("text")
}

/// The names of the samples, and the type of each metric. Fails if the text has not the form of Prometheus.
fn checked(page: &str) -> (BTreeSet<String>, BTreeMap<String, String>) {
    let (mut samples, mut types) = (BTreeSet::new(), BTreeMap::new());
    let mut family = String::new();
    for line in page.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, sentence) = help.split_once(' ').expect("a sentence");
            assert!(sentence.ends_with('.') && !types.contains_key(name), "{line}");
            family = name.to_owned();
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').expect("a type");
            assert_eq!((name, name.ends_with("_total")), (&*family, kind == "counter"), "{line}");
            types.insert(name.to_owned(), kind.to_owned());
        } else {
            let name = line.split(['{', ' ']).next().expect("a name");
            let suffixes = if types.get(&family).is_some_and(|kind| kind == "histogram") {
                &["_bucket", "_sum", "_count"][..]
            } else {
                &[""]
            };
            assert!(suffixes.iter().any(|suffix| format!("{family}{suffix}") == name), "{line}");
            let (_, value) = line.rsplit_once(' ').expect("a value");
            value.parse::<f64>().unwrap_or_else(|error| panic!("{line}: {error}"));
            samples.insert(name.to_owned());
        }
    }
    (samples, types)
}

/// The value of a sample.
fn value(page: &str, sample: &str) -> f64 {
    let line = page.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{sample} is not in {page}")).parse().expect("a number")
}

#[test]
fn the_page_has_the_documented_metrics_with_their_values() {
    let page = page();
    let (_, types) = checked(&page);
    assert_eq!(types.keys().map(String::as_str).collect::<Vec<_>>(), NAMES);
    assert_eq!(value(&page, "papo_messages_total"), 2.0);
    assert_eq!(value(&page, "papo_users"), 3.0, "two users and the account of the webhook");
    assert_eq!(value(&page, "papo_requests_total{method=\"message.send\",outcome=\"ok\"}"), 1.0);
    assert_eq!(value(&page, "papo_requests_total{method=\"message.send\",outcome=\"refused\"}"), 1.0);
    let none = "papo_requests_total{method=\"none\",outcome=\"refused\"}";
    assert_eq!(value(&page, none), 1.0, "a frame of too many lines counts as one line");
    assert_eq!(value(&page, "papo_request_duration_seconds_count{method=\"message.send\"}"), 2.0);
    assert_eq!(
        value(&page, "papo_request_duration_seconds_bucket{method=\"message.send\",le=\"+Inf\"}"),
        2.0
    );
    assert!(value(&page, "papo_request_duration_seconds_sum{method=\"message.send\"}") > 0.0);
    assert!(value(&page, "papo_fsync_duration_seconds_count") >= 2.0);
    assert!(value(&page, "papo_log_bytes") > 500.0 && value(&page, "papo_records_total") > 5.0);
    assert_eq!(value(&page, "papo_gateway_connections{kind=\"sse\"}"), 1.0);
    assert_eq!(value(&page, "papo_webhook_requests_total{kind=\"slack\",status=\"200\"}"), 1.0);
    assert!(value(&page, "papo_gateway_bytes_total{direction=\"up\"}") > 200.0);
    assert!(value(&page, "process_resident_memory_bytes") > 1e6);
    assert!(!page.contains("alice") && !page.contains("#ops"), "no names of users and channels: {page}");
}

fn operations(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operations").join(file)
}

/// The metrics in an expression: words with one of the prefixes.
fn metrics_in(expression: &str) -> impl Iterator<Item = &str> {
    let words = expression.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|word| word.starts_with("papo_") || word.starts_with("process_"))
}

/// The strings of all fields `expr` and `query`.
fn expressions(value: &Value, found: &mut Vec<String>) {
    if let Value::Object(fields) = value {
        let named = fields.iter().filter(|(name, _)| matches!(name.as_str(), "expr" | "query"));
        found.extend(named.filter_map(|(_, text)| text.as_str().map(str::to_owned)));
    }
    let inner = value
        .as_object()
        .map(|fields| fields.values().collect())
        .or_else(|| value.as_array().map(|values| values.iter().collect::<Vec<_>>()));
    inner.unwrap_or_default().into_iter().for_each(|value| expressions(value, found));
}

#[test]
fn the_dashboard_and_the_alert_rules_use_metrics_that_exist() {
    let (samples, types) = checked(&page());
    let dashboard = std::fs::read_to_string(operations("grafana.json")).expect("a dashboard");
    let mut texts = Vec::new();
    expressions(&serde_json::from_str(&dashboard).expect("JSON"), &mut texts);
    let rules = std::fs::read_to_string(operations("alerts.yml")).expect("rules");
    let used: BTreeSet<_> = texts.iter().chain([&rules]).flat_map(|text| metrics_in(text)).collect();
    assert!(used.len() > 20, "{used:?}");
    for name in &used {
        assert!(samples.contains(*name), "{name} is not on the page");
    }
    let in_dashboard: Vec<_> = texts.iter().flat_map(|text| metrics_in(text)).collect();
    for name in types.keys() {
        assert!(
            in_dashboard.iter().any(|used| used.starts_with(&**name)),
            "the dashboard does not show {name}"
        );
    }
}

/// Runs Prometheus' own checker.
fn promtool(arguments: &[&str], input: &str) {
    let mut promtool = Command::new("promtool");
    promtool.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut promtool = promtool.spawn().expect("promtool of Prometheus");
    promtool.stdin.take().expect("an input").write_all(input.as_bytes()).expect("written");
    let output = promtool.wait_with_output().expect("an end");
    let said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes)).concat();
    assert!(output.status.success(), "{said}");
}

#[test]
fn promtool_accepts_the_page_and_the_alert_rules() {
    promtool(&["check", "metrics"], &page());
    for command in [["check", "rules", "alerts.yml"], ["test", "rules", "alerts.test.yml"]] {
        let file = operations(command[2]);
        promtool(&[command[0], command[1], &file.display().to_string()], "");
    }
}

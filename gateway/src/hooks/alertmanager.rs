//! The notifications of Alertmanager's webhook receiver, version 4. Later notifications of a group replace
//! the text of its first message.

use serde_json::Value;

use super::{BadBody, Post, field, items, link, one_line};

/// The maximum number of alerts in one message. A group can have thousands.
const ALERTS_SHOWN_MAX: usize = 20;

pub(crate) fn post(body: &Value) -> Result<Post, BadBody> {
    let (group, status) = (field(body, "groupKey"), field(body, "status"));
    let (Some(group), Some(status)) = (group, status) else { return Err(BadBody::InvalidPayload) };
    let alerts: Vec<_> = items(body, "alerts").collect();
    let is_firing = |alert: &&&Value| field(alert, "status").as_deref() == Some("firing");
    let firing = alerts.iter().filter(is_firing).count();
    let (sign, word) = if status == "firing" { ("🔴", "FIRING") } else { ("🟢", "RESOLVED") };
    let count = if status == "firing" { firing } else { alerts.len() };
    let name = labels(body.get("groupLabels")).or_else(|| labels(body.get("commonLabels")));
    let name = name.or_else(|| field(body, "receiver")).unwrap_or_else(|| "alerts".to_owned());
    let name = field(body, "externalURL").map_or_else(|| one_line(&name), |url| link(&name, &url));
    let mut lines = vec![format!("{sign} **{word}** ({count}) {name}")];
    lines.extend(alerts.iter().take(ALERTS_SHOWN_MAX).map(|alert| line(alert)));
    let truncated = body.get("truncatedAlerts").and_then(Value::as_u64).unwrap_or_default();
    let hidden = truncated.saturating_add(alerts.len().saturating_sub(ALERTS_SHOWN_MAX) as u64);
    if hidden > 0 {
        lines.push(format!("- and {hidden} more"));
    }
    let post = Post::new(lines.join("\n"), "Alertmanager");
    Ok(Post { group: Some(group), ..post })
}

/// Formats labels: first the name of the alert, then the other labels as `key=value`.
fn labels(labels: Option<&Value>) -> Option<String> {
    let labels = labels?.as_object()?;
    let name = labels.get("alertname").and_then(super::scalar);
    let others = labels.iter().filter(|(key, _)| *key != "alertname");
    let others = others.filter_map(|(key, value)| Some(format!("{key}={}", super::scalar(value)?)));
    let all: Vec<_> = name.into_iter().chain(others).collect();
    (!all.is_empty()).then(|| all.join(" "))
}

fn line(alert: &Value) -> String {
    let sign = if field(alert, "status").as_deref() == Some("firing") { "🔴" } else { "🟢" };
    let name = labels(alert.get("labels")).unwrap_or_else(|| "alert".to_owned());
    let name = field(alert, "generatorURL").map_or_else(|| one_line(&name), |url| link(&name, &url));
    let annotations = alert.get("annotations").unwrap_or(&Value::Null);
    let text = ["summary", "description", "message"].iter().find_map(|key| field(annotations, key));
    match text {
        Some(text) => format!("- {sign} {name}: {}", one_line(&text)),
        None => format!("- {sign} {name}"),
    }
}

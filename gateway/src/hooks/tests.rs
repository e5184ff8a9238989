//! The messages of documented bodies of each sender, and of any other bodies.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// The body and the expected message of each sender.
macro_rules! fixtures {
    ($($name:literal),+) => {
        [$((
            $name,
            include_str!(concat!("fixtures/", $name, ".json")),
            include_str!(concat!("fixtures/", $name, ".txt")),
        )),+]
    };
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn the_body_of_each_sender_becomes_its_message() {
    let all = fixtures!("alertmanager_slack", "grafana", "uptime_kuma", "gitlab", "blocks");
    for (name, body, expected) in all {
        let body = body::read(body.as_bytes(), false).expect(name);
        assert_eq!(slack::post(&body).expect(name).text, expected.trim_end(), "{name}");
    }
    let [(_, body, expected)] = fixtures!("alertmanager");
    let post = alertmanager::post(&parse(body)).expect("a message");
    assert_eq!(post.text, expected.trim_end());
    assert_eq!(post.group.as_deref(), Some("{}:{alertname=\"DiskFull\"}"));
    let resolved = body.replace("\"status\":\"firing\",\"receiver\"", "\"status\":\"resolved\",\"receiver\"");
    let resolved = alertmanager::post(&parse(&resolved)).expect("a message");
    assert!(resolved.text.starts_with("🟢 **RESOLVED** (2) "), "{}", resolved.text);
    assert_eq!(resolved.group, post.group);
    for other in [json!({}), json!({ "groupKey": "x" }), json!({ "status": "firing", "alerts": [] })] {
        assert_eq!(alertmanager::post(&other), Err(BadBody::InvalidPayload), "{other}");
    }
}

#[test]
fn each_event_of_github_is_one_line_and_others_are_ignored() {
    let events: Vec<(String, Value, Option<String>)> =
        serde_json::from_str(include_str!("fixtures/github.json")).expect("events");
    for (event, body, expected) in events {
        let line = github::post(&event, &body).map(|post| post.text);
        assert_eq!(line, expected, "{event}");
        assert!(line.is_none_or(|line| !line.contains('\n')));
    }
}

#[test]
fn the_names_of_the_sender_and_of_its_channel_are_kept() {
    let body = parse(include_str!("fixtures/grafana.json"));
    let post = slack::post(&body).expect("a message");
    assert_eq!((post.username.as_deref(), post.channel.as_deref()), (Some("Grafana"), Some("ops")));
}

#[test]
fn a_long_text_is_cut_at_a_line() {
    assert_eq!(cut("short"), "short");
    let line = "é".repeat(500) + "\n";
    let lines = cut(&line.repeat(40));
    assert!(lines.len() <= TEXT_BYTES_MAX && lines.ends_with(&format!("é{CUT}")), "{}", lines.len());
    assert_eq!((lines.len() - CUT.len() + 1) % line.len(), 0, "whole lines");
    let one = cut(&"é".repeat(20_000));
    assert!(one.len() <= TEXT_BYTES_MAX && one.ends_with(CUT), "{}", one.len());
}

#[test]
fn an_id_has_version_7_and_depends_on_each_part() {
    let id = id_of(&["token", "key"]);
    assert_eq!((id.get_version_num(), id), (7, id_of(&["token", "key"])));
    assert_ne!(id, id_of(&["tokenk", "ey"]));
    assert_ne!(id, id_of(&["token", "key", ""]));
}

#[test]
fn only_web_addresses_are_links() {
    assert_eq!(link("[a]\nb", "https://x.example/?a=b"), "[(a) b](https://x.example/?a=b)");
    assert_eq!(link("x", "javascript:alert"), "x (javascript:alert)");
    assert_eq!(link("x", "https://x.example/a)b"), "x (https://x.example/a)b)");
}

/// Names that the formats use.
const NAMES: [&str; 17] = [
    "text",
    "blocks",
    "attachments",
    "fields",
    "elements",
    "type",
    "title",
    "value",
    "color",
    "status",
    "groupKey",
    "alerts",
    "labels",
    "action",
    "ref",
    "commits",
    "issue",
];

/// Any JSON with the names that the formats use.
fn any_value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        "[*_~`<>|:&;@#! a\n\u{e9}]{0,20}",
        Just("section".to_owned()),
        Just("rich_text".to_owned())
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text.prop_map(Value::from)
    ];
    leaf.prop_recursive(5, 64, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((prop::sample::select(&NAMES[..]), inner), 0..6).prop_map(|fields| {
                fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
            }),
        ]
    })
}

proptest! {
    #[test]
    fn every_body_is_a_message_or_refused(body in any_value(), event in "[a-z_]{0,12}") {
        if let Ok(post) = slack::post(&body) {
            prop_assert!(!post.text.trim().is_empty());
            prop_assert!(common::Text::new(cut(&post.text)).is_ok());
        }
        if let Ok(post) = alertmanager::post(&body) {
            prop_assert!(common::Text::new(cut(&post.text)).is_ok());
        }
        for event in [&*event, "push", "issues", "pull_request", "workflow_run", "deployment_status"] {
            if let Some(post) = github::post(event, &body) {
                prop_assert!(common::Text::new(cut(&post.text)).is_ok());
            }
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), is_form: bool) {
        let _read_or_refused = body::read(&bytes, is_form);
        let _translated = mrkdwn::to_markdown(&String::from_utf8_lossy(&bytes));
    }
}

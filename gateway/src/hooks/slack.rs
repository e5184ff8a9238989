//! Messages in the format of Slack and Mattermost, which Alertmanager, Grafana, Uptime Kuma, GitLab and many
//! other programs send.

use serde_json::Value;

use super::mrkdwn::to_markdown;
use super::{BadBody, Post, blocks, field, items, link, scalar};

/// The message of a body.
pub(crate) fn post(body: &Value) -> Result<Post, BadBody> {
    let mut lines = blocks::lines(body);
    lines.extend(items(body, "attachments").flat_map(attachment));
    let text = field(body, "text").map(|text| to_markdown(text.trim()));
    // Senders often repeat their text in blocks.
    if let Some(text) = text.filter(|text| !lines.iter().any(|line| line.contains(&**text))) {
        lines.insert(0, text);
    }
    let text = lines.join("\n").trim().to_owned();
    if text.is_empty() {
        return Err(BadBody::NoText);
    }
    Ok(Post { text, username: field(body, "username"), channel: field(body, "channel"), group: None })
}

fn attachment(attachment: &Value) -> Vec<String> {
    let markdown = |name: &str| field(attachment, name).map(|text| to_markdown(text.trim()));
    let linked = |name: &str, url: &str| {
        let (text, url) = (markdown(name)?, field(attachment, url));
        Some(url.map_or(text.clone(), |url| link(&text, &url)))
    };
    let mut lines: Vec<String> = Vec::new();
    lines.extend(markdown("pretext"));
    lines.extend(linked("author_name", "author_link"));
    lines.extend(linked("title", "title_link"));
    lines.extend(markdown("text"));
    lines.extend(blocks::lines(attachment));
    lines.extend(items(attachment, "fields").filter_map(titled));
    lines.extend(field(attachment, "image_url").map(|url| link("image", &url)));
    let actions: Vec<_> = items(attachment, "actions").filter_map(action).collect();
    lines.extend((!actions.is_empty()).then(|| actions.join(" · ")));
    if lines.is_empty() {
        lines.extend(markdown("fallback"));
    }
    lines.extend(markdown("footer").filter(|_| !lines.is_empty()).map(|footer| format!("_{footer}_")));
    let sign = field(attachment, "color").and_then(|color| sign(&color));
    if let (Some(sign), Some(first)) = (sign, lines.first_mut()) {
        *first = format!("{sign} {first}");
    }
    lines
}

/// A field of an attachment. Some senders give numbers and booleans as values.
fn titled(field: &Value) -> Option<String> {
    let text = |name: &str| field.get(name).and_then(scalar).map(|text| to_markdown(&text));
    match (text("title"), text("value")) {
        (Some(title), Some(value)) => Some(format!("**{}**: {value}", title.trim_end_matches(':'))),
        (title, value) => title.or(value),
    }
}

/// An action with an address.
fn action(action: &Value) -> Option<String> {
    let url = field(action, "url")?;
    let text = field(action, "text").or_else(|| field(action.get("text")?, "text"));
    Some(link(&text.map_or(url.clone(), |text| to_markdown(&text)), &url))
}

/// The sign for a colour; `None` for a grey or an invalid colour.
fn sign(color: &str) -> Option<&'static str> {
    match color {
        "good" => return Some("🟢"),
        "warning" => return Some("🟡"),
        "danger" => return Some("🔴"),
        _ => {}
    }
    let [red, green, blue] = common::hex::from_hex::<3>(color.strip_prefix('#')?)?.map(u32::from);
    let (most, least) = (red.max(green).max(blue), red.min(green).min(blue));
    if most - least < 40 {
        None
    } else if red == most && green * 2 > red {
        Some("🟡")
    } else if red == most {
        Some("🔴")
    } else if green == most {
        Some("🟢")
    } else {
        Some("🔵")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn text(body: Value) -> String {
        post(&body).expect("a message").text
    }

    #[test]
    fn colours_become_signs() {
        for (color, expected) in [
            ("good", Some("🟢")),
            ("#36a64f", Some("🟢")),
            ("#2eb886", Some("🟢")),
            ("danger", Some("🔴")),
            ("#D63232", Some("🔴")),
            ("#e01e5a", Some("🔴")),
            ("#FFA500", Some("🟡")),
            ("warning", Some("🟡")),
            ("#daa038", Some("🟡")),
            ("#439FE0", Some("🔵")),
            ("#808080", None),
            ("#12345", None),
            ("é", None),
        ] {
            assert_eq!(sign(color), expected, "{color}");
        }
    }

    #[test]
    fn values_of_any_kind_are_shown_and_the_fallback_only_without_them() {
        let fields =
            json!([{ "title": "load", "value": 7.5 }, { "title": "up", "value": true }, { "value": null }]);
        assert_eq!(
            text(json!({ "attachments": [{ "fallback": "x", "fields": fields }] })),
            "**load**: 7.5\n**up**: true"
        );
        assert_eq!(
            text(json!({ "attachments": [{ "fallback": "x", "text": "", "color": "good" }] })),
            "🟢 x"
        );
        for empty in
            [json!({}), json!({ "text": " " }), json!({ "attachments": [{}] }), json!({ "text": [1] })]
        {
            assert_eq!(post(&empty), Err(BadBody::NoText), "{empty}");
        }
    }

    #[test]
    fn a_text_that_blocks_repeat_is_shown_once() {
        let blocks = json!([{ "type": "section", "text": { "type": "mrkdwn", "text": "*done*: all" } }]);
        assert_eq!(text(json!({ "text": "*done*", "blocks": blocks })), "**done**: all");
        assert_eq!(text(json!({ "text": "other", "blocks": blocks })), "other\n**done**: all");
    }
}

//! Translates Slack's blocks into lines of Markdown.

use serde_json::Value;

use super::mrkdwn::to_markdown;
use super::{field, items, link};

/// The maximum depth of nested elements.
const DEPTH_MAX: usize = 8;

/// The lines of a list of blocks.
pub(crate) fn lines(of: &Value) -> Vec<String> {
    items(of, "blocks").flat_map(block).filter(|line| !line.trim().is_empty()).collect()
}

fn block(block: &Value) -> Vec<String> {
    match block.get("type").and_then(Value::as_str).unwrap_or_default() {
        "header" => text(block).map(|text| format!("**{}**", text.trim())).into_iter().collect(),
        "section" => {
            let fields = items(block, "fields").filter_map(text_object);
            let accessory = block.get("accessory").and_then(element);
            text(block).into_iter().chain(fields).chain(accessory).collect()
        }
        "context" => vec![joined(items(block, "elements").filter_map(element), " ")],
        "actions" => vec![joined(items(block, "elements").filter_map(element), " · ")],
        "divider" => vec!["---".to_owned()],
        "image" => element(block).into_iter().collect(),
        "rich_text" => vec![rich_text(block, 0)],
        _ => Vec::new(),
    }
}

fn joined(parts: impl Iterator<Item = String>, separator: &str) -> String {
    parts.collect::<Vec<_>>().join(separator)
}

/// The text of a block or a button.
fn text(of: &Value) -> Option<String> {
    text_object(of.get("text")?)
}

/// A text object, or a plain string.
fn text_object(object: &Value) -> Option<String> {
    let is_plain = object.get("type").and_then(Value::as_str) == Some("plain_text");
    let text = field(object, "text").or_else(|| super::scalar(object))?;
    Some(if is_plain { text } else { to_markdown(&text) })
}

/// A button with an address, an image with its description, or a text. Other elements, such as menus, are
/// left out, because they need a reply to the sender.
fn element(element: &Value) -> Option<String> {
    match element.get("type").and_then(Value::as_str).unwrap_or_default() {
        "image" => {
            let text = field(element, "alt_text").or_else(|| field(element.get("title")?, "text"));
            let text = text.unwrap_or_else(|| "image".to_owned());
            Some(field(element, "image_url").map_or(text.clone(), |url| link(&text, &url)))
        }
        "mrkdwn" | "plain_text" => text_object(element),
        _ => {
            let url = field(element, "url")?;
            Some(link(&text(element).unwrap_or_else(|| url.clone()), &url))
        }
    }
}

fn rich_text(of: &Value, depth: usize) -> String {
    if depth >= DEPTH_MAX {
        return String::new();
    }
    // At the top level, each section or list is a line.
    let separator = if depth == 0 { "\n" } else { "" };
    let parts = items(of, "elements").map(|part| match part.get("type").and_then(Value::as_str) {
        Some("text") => part.get("text").and_then(Value::as_str).unwrap_or_default().to_owned(),
        Some("link") => {
            let url = field(part, "url").unwrap_or_default();
            link(&field(part, "text").unwrap_or_else(|| url.clone()), &url)
        }
        Some("emoji") => {
            field(part, "name").and_then(|name| super::emoji::find(&name)).unwrap_or_default().to_owned()
        }
        Some("rich_text_list") => {
            joined(items(part, "elements").map(|item| format!("- {}", rich_text(item, depth + 2))), "\n")
        }
        Some(_) | None => rich_text(part, depth + 1),
    });
    joined(parts, separator)
}

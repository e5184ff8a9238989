//! Texts of Slack in papo's form. Slack writes users, channels and links in angle brackets, and escapes `&`,
//! `<` and `>`. The marks of bold and italic text stay as they are.

use std::collections::HashMap;

use super::people::People;

/// The names of users and channels by their ids.
pub(super) struct Lookup<'n> {
    pub(super) people: &'n People,
    pub(super) channels: &'n HashMap<String, String>,
}

pub(super) fn converted(text: &str, names: &Lookup<'_>) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once('<') {
        out += &unescaped(before);
        match after.split_once('>') {
            Some((reference, after)) => {
                out += &unescaped(&referred(reference, names));
                rest = after;
            }
            None => {
                out.push('<');
                rest = after;
            }
        }
    }
    out += &unescaped(rest);
    out
}

/// The text of a reference such as `@U123|ana`, `#C123|general`, `!here` or `https://example.com|label`.
fn referred(reference: &str, names: &Lookup<'_>) -> String {
    let (target, label) =
        reference.split_once('|').map_or((reference, ""), |(target, label)| (target, label));
    if let Some(id) = target.strip_prefix('@') {
        let name = names.people.known(id).map(common::UserName::as_str);
        return format!("@{}", name.unwrap_or(if label.is_empty() { id } else { label }));
    }
    if let Some(id) = target.strip_prefix('#') {
        let name = names.channels.get(id).map(String::as_str);
        return name.map_or_else(|| format!("#{}", if label.is_empty() { id } else { label }), str::to_owned);
    }
    if let Some(command) = target.strip_prefix('!') {
        let word = command.split('^').next().unwrap_or(command);
        return if label.is_empty() { format!("@{word}") } else { label.to_owned() };
    }
    let address = target.strip_prefix("mailto:").unwrap_or(target);
    if label.is_empty() || label == address { address.to_owned() } else { format!("{label} ({target})") }
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

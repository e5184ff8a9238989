//! Translates Slack's mrkdwn into Markdown.

use super::emoji;
use super::link;

/// Translates a text: links and mentions in angle brackets, `*bold*`, `~struck~`, `:emoji:` and `&lt;`. Code
/// between backticks keeps its characters.
pub(crate) fn to_markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let before = out.chars().next_back();
        let (translated, length) = match c {
            '`' => code(rest),
            '<' => bracket(rest),
            '*' => emphasis(rest, '*', "**", before),
            '~' => emphasis(rest, '~', "~~", before),
            ':' => emoji_of(rest),
            '&' => entity(rest),
            _ => None,
        }
        .unwrap_or_else(|| (c.to_string(), c.len_utf8()));
        out.push_str(&translated);
        rest = rest.get(length..).unwrap_or_default();
    }
    out
}

/// A translated part of a text, and the number of bytes that it replaces.
type Part = Option<(String, usize)>;

/// Decodes the entities in code between one or three backticks.
fn code(text: &str) -> Part {
    let fence = if text.starts_with("```") { "```" } else { "`" };
    let inner = text.strip_prefix(fence)?;
    let end = inner.find(fence)?;
    let length = end + 2 * fence.len();
    Some((unescape(text.get(..length)?), length))
}

/// Translates `<url|text>`, `<@user>`, `<#channel|name>` and `<!here>`.
fn bracket(text: &str) -> Part {
    let inner = text.strip_prefix('<')?;
    let end = inner.find(['>', '<', '\n']).filter(|end| has_at(inner, *end, '>'))?;
    let inner = inner.get(..end)?;
    let (target, label) =
        inner.split_once('|').map_or((inner, None), |(target, label)| (target, Some(label)));
    let label = label.map(unescape).filter(|label| !label.trim().is_empty());
    let translated = if let Some(user) = target.strip_prefix('@') {
        format!("@{}", label.as_deref().unwrap_or(user).trim_start_matches('@'))
    } else if let Some(channel) = target.strip_prefix('#') {
        format!("#{}", label.as_deref().unwrap_or(channel).trim_start_matches('#'))
    } else if let Some(special) = target.strip_prefix('!') {
        match special.split('^').collect::<Vec<_>>().as_slice() {
            ["here" | "channel" | "everyone"] => "@here".to_owned(),
            ["subteam", id] => format!("@{}", label.as_deref().unwrap_or(id).trim_start_matches('@')),
            _ => label.unwrap_or_else(|| special.to_owned()),
        }
    } else if target.contains(':') {
        let url = unescape(target);
        link(label.as_deref().unwrap_or(&url), &url)
    } else {
        return None;
    };
    Some((translated, end + 2))
}

fn has_at(text: &str, at: usize, c: char) -> bool {
    text.get(at..).is_some_and(|rest| rest.starts_with(c))
}

/// Translates `*text*` within a line into Markdown with the mark `to`. Doubled marks are already Markdown.
fn emphasis(text: &str, mark: char, to: &str, before: Option<char>) -> Part {
    let is_inside_word = before.is_some_and(|c| c.is_alphanumeric() || c == mark);
    let inner = text.strip_prefix(mark)?;
    let end = inner.find([mark, '\n']).filter(|end| has_at(inner, *end, mark))?;
    let (inner, after) = (inner.get(..end)?, inner.get(end + 1..)?.chars().next());
    let is_blank = inner.is_empty() || inner.starts_with(' ') || inner.ends_with(' ');
    let is_followed = after.is_some_and(|c| c.is_alphanumeric() || c == mark);
    if is_inside_word || is_blank || is_followed {
        // Copies the whole run of marks, so none of its marks begins an emphasis.
        let run = text.len() - text.trim_start_matches(mark).len();
        return Some((text.get(..run)?.to_owned(), run));
    }
    Some((format!("{to}{}{to}", to_markdown(inner)), end + 2))
}

fn emoji_of(text: &str) -> Part {
    let name = text.strip_prefix(':')?;
    let name = name.get(..name.find(|c: char| !is_in_emoji_name(c))?)?;
    text.get(name.len() + 1..)?.strip_prefix(':')?;
    Some((emoji::find(name)?.to_owned(), name.len() + 2))
}

fn is_in_emoji_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '-')
}

const ENTITIES: [(&str, &str); 3] = [("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];

fn entity(text: &str) -> Part {
    let (entity, sign) = ENTITIES.iter().find(|(entity, _)| text.starts_with(entity))?;
    Some(((*sign).to_owned(), entity.len()))
}

/// Decodes the entities of a text, each once.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (sign, length) = entity(rest).unwrap_or_else(|| (c.to_string(), c.len_utf8()));
        out.push_str(&sign);
        rest = rest.get(length..).unwrap_or_default();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mrkdwn_becomes_markdown() {
        for (from, to) in [
            ("<https://x.example/a?b=1&amp;c=2|the page>", "[the page](https://x.example/a?b=1&c=2)"),
            ("<https://x.example>", "https://x.example"),
            ("<mailto:a@x.example|a>", "[a](mailto:a@x.example)"),
            ("<javascript:alert(1)|x>", "x (javascript:alert(1))"),
            ("*bold* and *two words*, 2*3*4", "**bold** and **two words**, 2*3*4"),
            ("**markdown** stays, and * lists too", "**markdown** stays, and * lists too"),
            ("_it_ ~gone~ ~~gone~~", "_it_ ~~gone~~ ~~gone~~"),
            ("a &lt; b &amp;&amp; c &gt; d &amp;lt;", "a < b && c > d &lt;"),
            (":tada: :unknown: 10:30:45 :x:", "🎉 :unknown: 10:30:45 ❌"),
            ("<!here|here> <!channel> <!everyone>", "@here @here @here"),
            ("<!subteam^S1|@oncall> <!subteam^S2>", "@oncall @S2"),
            ("<@bob> <@U1|carol> <#C1|ops>", "@bob @carol #ops"),
            ("<!date^1392734382^{date}|Feb 18>", "Feb 18"),
            ("`*code* &lt;b&gt; :x:` *b*", "`*code* <b> :x:` **b**"),
            ("```a\n*b*``` `open *b*", "```a\n*b*``` `open **b**"),
            ("a < b > c <", "a < b > c <"),
            ("*a <https://x.example|b>*", "**a [b](https://x.example)**"),
            ("é*á*ü *ç*", "é*á*ü **ç**"),
        ] {
            assert_eq!(to_markdown(from), to, "{from}");
        }
    }
}

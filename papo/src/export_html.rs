//! An export as a page: one HTML file without scripts, which any browser shows without a network.

use std::fmt::Write as _;

use common::{Body, Event, Target};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use server::maintenance::export::ExportItem;

/// The policy forbids everything but the style in the file, even if a text could add an element.
const HEAD: &str = "<!doctype html>\n<html><head><meta charset=\"utf-8\">\n\
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
<meta name=\"viewport\" content=\"width=device-width\">\n";

const STYLE: &str = "<style>\nbody{font:16px/1.45 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\n\
h2{font-size:1rem;border-bottom:1px solid #ccc;margin-top:2rem}\np{margin:.3rem 0}\ntime,.n,.notice{color:#666}\n\
.text{white-space:pre-wrap;overflow-wrap:anywhere}\n\
@media(prefers-color-scheme:dark){body{background:#111;color:#eee}time,.n,.notice{color:#aaa}}\n</style></head><body>\n";

/// Formats the items of an export, one after the other.
pub(crate) struct Page {
    /// The reader of direct conversations.
    reader: Option<Target>,
    zone: TimeZone,
    /// The date of the previous event.
    day: Option<Date>,
}

impl Page {
    pub(crate) fn new(reader: Option<Target>, zone: TimeZone) -> Self {
        Self { reader, zone, day: None }
    }

    /// The part of the page before the first item.
    pub(crate) fn begin(&self) -> String {
        let title = self.reader.as_ref().map_or_else(|| "papo".to_owned(), ToString::to_string);
        let title = escaped(&title);
        format!("{HEAD}<title>{title}</title>\n{STYLE}<h1>{title}</h1>")
    }

    /// The part of the page after the last item.
    pub(crate) fn end() -> &'static str {
        "</body></html>"
    }

    /// The part of an item. `words` is the sentence for an item that is not a message.
    pub(crate) fn item(
        &mut self,
        item: &ExportItem<'_>,
        words: impl FnOnce() -> Option<String>,
    ) -> Option<String> {
        let event: Event<'_> = match item {
            ExportItem::Fact(_) => {
                return words().map(|words| format!("<p class=\"notice\">{}</p>", escaped(&words)));
            }
            ExportItem::Event(line) => serde_json::from_slice(line).ok()?,
        };
        let at = Timestamp::from_millisecond(i64::try_from(event.at).ok()?).ok()?.to_zoned(self.zone.clone());
        let mut html = String::new();
        if self.day.replace(at.date()) != Some(at.date()) {
            let _infallible = writeln!(html, "<h2>{}</h2>", at.date());
        }
        let (n, time) = (event.n, at.strftime("%H:%M"));
        let to = match (&self.reader, &event.to) {
            (Some(Target::Channel(_)), _) => String::new(),
            (_, to) => format!("{} ", escaped(&to.to_string())),
        };
        let id = if to.is_empty() { format!(" id=\"{n}\"") } else { String::new() };
        let _infallible = write!(
            html,
            "<p{id}><time datetime=\"{}\">{time}</time> <span class=\"n\">{to}{n}</span> ",
            at.timestamp()
        );
        let from = escaped(event.from.as_str());
        let _infallible = if let Body::Message { text, reply, .. } = &event.body {
            let reply =
                reply.map_or_else(String::new, |reply| format!("<span class=\"n\">↳ {reply}</span> "));
            let text = escaped(text.as_str());
            write!(html, "{reply}<b>{from}</b>: <span class=\"text\">{text}</span></p>")
        } else {
            let words = words()?;
            // The words begin with the time, the conversation and the number.
            let notice = words.split_once(&format!(" {n} ")).map_or(&*words, |(_, notice)| notice);
            write!(html, "<span class=\"notice\">{}</span></p>", escaped(notice))
        };
        Some(html)
    }
}

/// A text in which no character has a meaning in HTML. Marks of direction and control characters are shown as
/// replacement characters.
fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => html += "&amp;",
            '<' => html += "&lt;",
            '>' => html += "&gt;",
            '"' => html += "&quot;",
            '\'' => html += "&#39;",
            '\n' | '\t' => html.push(character),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' => {
                html.push('\u{fffd}')
            }
            _ if character.is_control() => html.push('\u{fffd}'),
            _ => html.push(character),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_never_becomes_an_element() {
        let mut page = Page::new(Target::new("#a").ok(), TimeZone::UTC);
        let line = r##"{"n":2,"at":1763769600000,"to":"#a","from":"bob","kind":"message","id":"01970000-0000-7000-8000-000000000001","text":"<script>'\"&\u001b\u202e\nb","reply":1}"##;
        let html = page.item(&ExportItem::Event(line.as_bytes()), || None).expect("a message");
        assert_eq!(
            html,
            "<h2>2025-11-22</h2>\n<p id=\"2\"><time datetime=\"2025-11-22T00:00:00Z\">00:00</time> \
             <span class=\"n\">2</span> <span class=\"n\">↳ 1</span> <b>bob</b>: \
             <span class=\"text\">&lt;script&gt;&#39;&quot;&amp;\u{fffd}\u{fffd}\nb</span></p>"
        );
        assert!(page.begin().contains("<title>#a</title>"));
        let line = r##"{"n":3,"at":1763769600000,"to":"#a","from":"bob","kind":"channel.joined"}"##;
        let html = page.item(&ExportItem::Event(line.as_bytes()), || Some("00:00 #a 3 bob joined #a".into()));
        assert_eq!(
            html.expect("an event"),
            "<p id=\"3\"><time datetime=\"2025-11-22T00:00:00Z\">00:00</time> <span class=\"n\">3</span> \
             <span class=\"notice\">bob joined #a</span></p>"
        );
    }
}

//! The cached events of one conversation: a run without a gap, with edits and deletions applied.

use std::collections::VecDeque;

use serde::Deserialize;
use serde_json::{Value, json};

use session::Entry;

/// The maximum number of events in a run: ten screens.
const EVENTS_MAX: usize = 200;

/// The maximum bytes in a run. It is reached only with very long texts.
pub(super) const BYTES_MAX: usize = 1024 * 1024;

#[derive(Default)]
pub(super) struct Run {
    pub(super) lines: VecDeque<(u64, Box<str>)>,
    bytes: usize,
    pub(super) is_changed: bool,
}

impl Run {
    /// The number of the next event.
    pub(super) fn next(&self) -> Option<u64> {
        self.lines.back().map(|(n, _)| n + 1)
    }

    /// Adds an event that is not cached yet. If there is a gap before the event, all earlier events are
    /// dropped.
    pub(super) fn add(&mut self, entry: &Entry) {
        if self.next().is_some_and(|next| entry.n < next) {
            return;
        }
        if self.next().is_some_and(|next| next < entry.n) {
            *self = Self::default();
        }
        self.amend(&entry.line);
        let line = if entry.is_hidden { hidden_line(entry).into() } else { (*entry.line).into() };
        self.push(entry.n, line);
    }

    /// Adds a page of history. The events of the page replace cached events with the same or a greater
    /// number.
    pub(super) fn add_page(&mut self, entries: &[Entry]) {
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
            *self = Self::default();
            return;
        };
        // If the cache has later events than the newest page, the server was restored from a backup.
        let continues = self.next().is_some_and(|next| first.n <= next && next <= last.n + 1);
        let kept = self.lines.iter().position(|(n, _)| *n >= first.n).unwrap_or(self.lines.len());
        self.lines.truncate(if continues { kept } else { 0 });
        self.bytes = self.lines.iter().map(|(_, line)| line.len()).sum();
        entries.iter().for_each(|entry| self.add(entry));
    }

    pub(super) fn push(&mut self, n: u64, line: Box<str>) {
        self.bytes += line.len();
        self.lines.push_back((n, line));
        while self.lines.len() > EVENTS_MAX || self.bytes > BYTES_MAX {
            let Some((_, line)) = self.lines.pop_front() else { break };
            self.bytes -= line.len();
        }
    }

    /// Applies an edit or a deletion to the cached message. A deletion also clears the texts of the message's
    /// edits.
    fn amend(&mut self, line: &str) {
        let Some(Amendment { of, text }) = amendment(line) else { return };
        for (n, known) in &mut self.lines {
            let Ok(Value::Object(mut event)) = serde_json::from_str::<Value>(known) else { continue };
            let is_version =
                event.get("of").and_then(Value::as_u64) == Some(of) && event.contains_key("text");
            match &text {
                Some(text) if *n == of => drop(event.insert("text".to_owned(), text.as_str().into())),
                None if *n == of || is_version => {
                    event.insert("text".to_owned(), "".into());
                    event.insert("deleted".to_owned(), true.into());
                }
                Some(_) | None => continue,
            }
            let amended = Value::Object(event).to_string();
            self.bytes = self.bytes - known.len() + amended.len();
            *known = amended.into();
        }
    }
}

/// The line for an event of a blocked user. It has no text, because the blocked users are unknown while the
/// server does not answer. Its kind is unknown to all versions, so the chat shows nothing.
fn hidden_line(entry: &Entry) -> String {
    let event = entry.event.as_ref();
    let (to, from) = (event.map(|event| &event.to), event.map(|event| &event.from));
    json!({ "n": entry.n, "to": to, "from": from, "kind": "hidden" }).to_string()
}

/// An edit or a deletion of another event.
struct Amendment {
    of: u64,
    /// The new text. `None` if the amendment is a deletion.
    text: Option<String>,
}

fn amendment(line: &str) -> Option<Amendment> {
    #[derive(Deserialize)]
    struct AnyEvent {
        kind: String,
        of: u64,
        text: Option<String>,
    }
    let AnyEvent { kind, of, text } = serde_json::from_str(line).ok()?;
    match kind.as_str() {
        "message.deleted" => Some(Amendment { of, text: None }),
        "message.edited" => Some(Amendment { of, text: Some(text.unwrap_or_default()) }),
        _ => None,
    }
}

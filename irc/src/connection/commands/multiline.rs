//! BATCH: a message of several lines (draft/multiline).

use super::tags::client_tags;
use crate::connection::{Connection, End};
use crate::limits::{MULTILINE_BYTES_MAX, MULTILINE_LINES_MAX};
use crate::protocol::capabilities::Cap;
use crate::protocol::message::Message;
use crate::shared::MessageNote;

/// A message of several lines that the client is sending.
pub(in crate::connection) struct Multiline {
    name: String,
    target: String,
    label: Option<String>,
    reply: Option<String>,
    text: String,
    /// The bytes of each line, and whether it continues the line before.
    lines: Vec<(usize, bool)>,
    tags: Vec<(String, String)>,
    command: String,
    /// The code and the text of the first error.
    error: Option<(&'static str, &'static str)>,
}

impl Multiline {
    fn add(&mut self, message: &Message) {
        if self.error.is_some() {
            return;
        }
        let (target, text) = (message.param(0).unwrap_or_default(), message.param(1).unwrap_or_default());
        if !matches!(&*message.command, "PRIVMSG" | "NOTICE") || target != self.target {
            self.error = Some(("MULTILINE_INVALID_TARGET", "All lines need the same target"));
            return;
        }
        let continues = message.tag("draft/multiline-concat").is_some();
        if continues && text.is_empty() {
            self.error = Some(("MULTILINE_INVALID", "An empty line cannot continue another one"));
            return;
        }
        if !self.lines.is_empty() && !continues {
            self.text.push('\n');
        }
        self.lines.push((text.len(), continues));
        self.command.clone_from(&message.command);
        if self.text.len() + text.len() > MULTILINE_BYTES_MAX {
            self.error = Some(("MULTILINE_MAX_BYTES", "The message has too many bytes"));
        } else if self.lines.len() > MULTILINE_LINES_MAX {
            self.error = Some(("MULTILINE_MAX_LINES", "The message has too many lines"));
        } else {
            self.text.push_str(text);
        }
    }
}

impl Connection {
    /// Adds a line to the message of several lines, if it belongs to it. Returns whether it does.
    pub(super) fn take_multiline(&mut self, message: &Message) -> Result<bool, End> {
        let Some(multiline) = &mut self.multiline else { return Ok(false) };
        let belongs = message.tag("batch").is_some_and(|batch| batch == multiline.name);
        if belongs {
            multiline.add(message);
        }
        Ok(belongs)
    }

    pub(super) async fn batch(&mut self, message: &Message) -> Result<(), End> {
        let reference = message.param(0).unwrap_or_default();
        if let Some(name) = reference.strip_prefix('+') {
            self.begin_multiline(name, message);
            return Ok(());
        }
        let is_open = |multiline: &mut Multiline| reference.strip_prefix('-') == Some(&*multiline.name);
        let Some(multiline) = self.multiline.take_if(is_open) else {
            self.fail("BATCH", "INVALID_REFERENCE", &[reference], "There is no such batch");
            return Ok(());
        };
        let Multiline { target, label, reply, text, command, error, lines, tags, .. } = multiline;
        let had_response = self.response.is_some();
        if label.is_some() && !had_response {
            self.begin_response();
        }
        match error {
            Some((code, text)) => {
                let context = limit_of(code);
                let context: Vec<_> = context.as_deref().into_iter().collect();
                self.fail("BATCH", code, &context, text);
            }
            None if lines.is_empty() => {
                self.fail("BATCH", "MULTILINE_INVALID", &[], "The message has no lines")
            }
            None => {
                let note = MessageNote { lines, tags, ..MessageNote::default() };
                self.say_to(&command, &target, &text, reply.as_deref(), note).await?;
            }
        }
        if let Some(label) = label
            && !had_response
        {
            self.finish_response(&label);
        }
        Ok(())
    }

    fn begin_multiline(&mut self, name: &str, message: &Message) {
        let is_known = message.param(1) == Some("draft/multiline") && self.caps.has(Cap::Multiline);
        let Some(target) = message.filled(2).filter(|_| is_known) else {
            self.fail("BATCH", "UNKNOWN_TYPE", &[name], "Only draft/multiline with a target is supported");
            return;
        };
        let label = self.label_of(message);
        // The response comes with the end of the batch.
        self.response = None;
        self.multiline = Some(Multiline {
            name: name.to_owned(),
            target: target.to_owned(),
            label: label.map(str::to_owned),
            reply: message.tag("+draft/reply").map(str::to_owned),
            text: String::new(),
            lines: Vec::new(),
            tags: client_tags(message),
            command: "PRIVMSG".to_owned(),
            error: None,
        });
    }
}

/// The limit that an error names.
fn limit_of(code: &str) -> Option<String> {
    match code {
        "MULTILINE_MAX_BYTES" => Some(MULTILINE_BYTES_MAX.to_string()),
        "MULTILINE_MAX_LINES" => Some(MULTILINE_LINES_MAX.to_string()),
        _other => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collected(lines: &[&str]) -> Multiline {
        let mut multiline = Multiline {
            name: "1".into(),
            target: "#ops".into(),
            label: None,
            reply: None,
            text: String::new(),
            lines: Vec::new(),
            tags: Vec::new(),
            command: "PRIVMSG".into(),
            error: None,
        };
        for line in lines {
            multiline.add(&Message::parse(line).expect("a message"));
        }
        multiline
    }

    #[test]
    fn lines_are_joined_by_line_breaks_unless_they_continue() {
        let lines = [
            "PRIVMSG #ops :a",
            "PRIVMSG #ops :",
            "PRIVMSG #ops :b",
            "@draft/multiline-concat PRIVMSG #ops :c",
        ];
        let multiline = collected(&lines);
        assert_eq!((&*multiline.text, multiline.lines.len(), multiline.error), ("a\n\nbc", 4, None));
    }

    #[test]
    fn bytes_and_lines_are_bounded_and_the_first_error_counts() {
        let code = |multiline: Multiline| multiline.error.map(|(code, _)| code);
        let many = vec!["PRIVMSG #ops :a"; MULTILINE_LINES_MAX + 1];
        assert_eq!(code(collected(&many)), Some("MULTILINE_MAX_LINES"));
        let line = format!("PRIVMSG #ops :{}", "x".repeat(400));
        let long = collected(&vec![&*line; 60]);
        assert!(long.text.len() <= MULTILINE_BYTES_MAX + MULTILINE_LINES_MAX);
        assert_eq!(code(long), Some("MULTILINE_MAX_BYTES"));
        assert_eq!(code(collected(&["PRIVMSG #b :a"])), Some("MULTILINE_INVALID_TARGET"));
        assert_eq!(code(collected(&["JOIN #ops"])), Some("MULTILINE_INVALID_TARGET"));
        let empty = ["PRIVMSG #ops :a", "@draft/multiline-concat PRIVMSG #ops :"];
        assert_eq!(code(collected(&empty)), Some("MULTILINE_INVALID"));
    }
}

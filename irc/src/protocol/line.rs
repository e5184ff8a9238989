//! A line to a client. A client receives only the tags that it has requested.

use std::borrow::Cow;

use super::capabilities::{Cap, Caps};
use super::tags::escape;
use super::text::plain;
use crate::limits::LINE_BYTES_MAX;

/// A line to a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    tags: Vec<(Cow<'static, str>, String)>,
    source: String,
    command: &'static str,
    params: Vec<String>,
}

impl Line {
    pub(crate) fn new(source: impl Into<String>, command: &'static str) -> Self {
        Self { tags: Vec::new(), source: source.into(), command, params: Vec::new() }
    }

    pub(crate) fn command(&self) -> &'static str {
        self.command
    }

    pub(crate) fn first_param(&self) -> &str {
        self.params.first().map_or("", String::as_str)
    }

    /// The same tags and source with another command.
    #[must_use]
    pub(crate) fn with_command(self, command: &'static str) -> Self {
        Self { command, ..self }
    }

    /// Appends a parameter.
    #[must_use]
    pub(crate) fn param(mut self, param: impl Into<String>) -> Self {
        self.params.push(param.into());
        self
    }

    /// Appends parameters.
    #[must_use]
    pub(crate) fn params<'a>(mut self, params: impl IntoIterator<Item = &'a str>) -> Self {
        self.params.extend(params.into_iter().map(str::to_owned));
        self
    }

    /// Adds a tag, unless the line has it.
    #[must_use]
    pub(crate) fn tag(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        let name = name.into();
        if self.tags.iter().all(|(tag, _)| *tag != name) {
            self.tags.push((name, value.into()));
        }
        self
    }

    /// Adds client-only tags.
    #[must_use]
    pub(crate) fn client_tags(self, tags: &[(String, String)]) -> Self {
        tags.iter().fold(self, |line, (name, value)| line.tag(name.clone(), value.clone()))
    }

    /// The bytes of the line with all of its tags, about.
    pub(crate) fn bytes(&self) -> usize {
        let tags: usize = self.tags.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
        let params: usize = self.params.iter().map(|param| param.len() + 1).sum();
        size_of::<Self>() + tags + self.source.len() + self.command.len() + params
    }

    /// Appends the line with its end. A line that is too long is cut off. Control characters are removed,
    /// because IRC gives them a meaning: formatting, CTCP and the end of a line.
    pub(crate) fn write(&self, caps: Caps, out: &mut Vec<u8>) {
        let tags: Vec<_> = self.tags.iter().filter(|(name, _)| is_requested(name, caps)).collect();
        for (number, (name, value)) in tags.iter().enumerate() {
            out.push(if number == 0 { b'@' } else { b';' });
            out.extend_from_slice(name.as_bytes());
            if !value.is_empty() {
                out.push(b'=');
                out.extend_from_slice(escape(value).as_bytes());
            }
        }
        if !tags.is_empty() {
            out.push(b' ');
        }
        let mut text = format!(":{} {}", self.source, self.command);
        let last = self.params.len().saturating_sub(1);
        for (number, param) in self.params.iter().enumerate() {
            let needs_colon = param.is_empty() || param.starts_with(':') || param.contains(' ');
            text.push(' ');
            if number == last && (needs_colon || matches!(self.command, "PRIVMSG" | "NOTICE" | "TOPIC")) {
                text.push(':');
                text.push_str(param);
            } else if needs_colon && number != last {
                text.push('*');
            } else {
                text.push_str(param);
            }
        }
        let text = plain(&text.replace(['\r', '\n', '\0'], " "));
        out.extend_from_slice(cut(&text, LINE_BYTES_MAX - 2).as_bytes());
        out.extend_from_slice(b"\r\n");
    }
}

/// The longest beginning of a text with at most `bytes_max` bytes.
pub(crate) fn cut(text: &str, bytes_max: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes_max)).unwrap_or(text)
}

/// Whether a client with these capabilities receives a tag.
fn is_requested(tag: &str, caps: Caps) -> bool {
    match tag {
        "time" => caps.has(Cap::ServerTime),
        "account" => caps.has(Cap::AccountTag),
        "batch" => caps.has(Cap::Batch),
        "label" => caps.has(Cap::LabeledResponse),
        "draft/multiline-concat" => caps.has(Cap::Multiline),
        _of_message_tags => caps.has(Cap::MessageTags),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(line: &Line, caps: &str) -> String {
        let mut out = Vec::new();
        line.write(Caps::default().requested(caps).expect("capabilities"), &mut out);
        String::from_utf8(out).expect("utf-8")
    }

    #[test]
    fn a_client_receives_the_tags_that_it_requested() {
        let line = Line::new("bob!bob@papo", "PRIVMSG").tag("time", "2026").tag("msgid", "1-a;b");
        let line = line.tag("account", "bob").tag("time", "later").param("#ops").param("oi");
        assert_eq!(written(&line, ""), ":bob!bob@papo PRIVMSG #ops :oi\r\n");
        assert_eq!(written(&line, "server-time"), "@time=2026 :bob!bob@papo PRIVMSG #ops :oi\r\n");
        let all = "server-time message-tags account-tag";
        assert_eq!(
            written(&line, all),
            "@time=2026;msgid=1-a\\:b;account=bob :bob!bob@papo PRIVMSG #ops :oi\r\n"
        );
    }

    #[test]
    fn no_parameter_can_add_a_parameter_or_a_line() {
        let line = Line::new("papo", "MODE").param("a b").param("").param(":c").param("a\r\nQUIT");
        assert_eq!(written(&line, ""), ":papo MODE * * * a  QUIT\r\n");
    }

    #[test]
    fn no_parameter_can_add_formatting_or_a_request_of_ctcp() {
        let line = Line::new("bob!bob@papo", "PRIVMSG").param("ana").param("\u{1}VERSION\u{1}");
        assert_eq!(written(&line, ""), ":bob!bob@papo PRIVMSG ana :VERSION\r\n");
        let line = Line::new("papo", "332").param("#ops").param("\u{2}a\u{3}4b\u{1b}[2J\tc");
        assert_eq!(written(&line, ""), ":papo 332 #ops a4b[2J\tc\r\n");
    }

    #[test]
    fn a_line_is_cut_at_512_bytes_between_characters() {
        let line = Line::new("papo", "NOTICE").param("a").param("é".repeat(300));
        let text = written(&line, "");
        assert!(text.len() <= 512 && text.len() > 508 && text.ends_with("é\r\n"));
    }
}

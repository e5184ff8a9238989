//! The subset of Markdown in texts: bold, italic, code, code blocks and links. `docs/PROTOCOL.md` defines it,
//! and `docs/conformance/markdown.json` has its test vectors, for all front ends.
//!
//! The server stores texts unchanged, so a front end may also show them as they are.

use serde::Serialize;

/// The fence at the beginning of the first and the last line of a code block.
const FENCE: &str = "```";

/// The characters that a backslash makes literal.
const ESCAPABLE: &str = "\\`*[]()";

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Block {
    /// A line outside of code blocks.
    Line(Vec<Span>),
    /// The lines of a code block, without its fences.
    Code(String),
}

/// A run of characters of one style.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Span {
    /// The characters, without marks.
    pub text: String,
    /// Whether the style applies.
    #[serde(flatten)]
    pub style: SpanStyle,
    /// The address of a link. It begins with `http://` or `https://`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// The style of a [`Span`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct SpanStyle {
    /// `**bold**`.
    #[serde(skip_serializing_if = "is_false")]
    pub bold: bool,
    /// `*italic*`.
    #[serde(skip_serializing_if = "is_false")]
    pub italic: bool,
    /// `` `code` ``.
    #[serde(skip_serializing_if = "is_false")]
    pub code: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// Splits a text into its blocks. Takes time linear in the length of the text.
#[must_use]
pub fn parse(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut code: Option<Vec<&str>> = None;
    for line in text.split('\n') {
        match (&mut code, line.trim_start().starts_with(FENCE)) {
            (Some(lines), false) => lines.push(line),
            (Some(lines), true) => {
                blocks.push(Block::Code(lines.join("\n")));
                code = None;
            }
            // A line such as ```a``` is code within a line.
            (None, true) if !line.trim_start().trim_start_matches('`').contains('`') => {
                code = Some(Vec::new())
            }
            (None, _) => {
                let mut spans = Spans::default();
                spans.parse(line, SpanStyle::default());
                blocks.push(Block::Line(spans.done));
            }
        }
    }
    // A block without its last fence ends with the text.
    blocks.extend(code.map(|lines| Block::Code(lines.join("\n"))));
    blocks
}

#[derive(Default)]
struct Spans {
    done: Vec<Span>,
}

/// A part of a line between two marks, and the length of the whole in bytes.
struct Marked<'t> {
    inner: &'t str,
    length: usize,
}

impl Spans {
    fn push(&mut self, text: &str, style: SpanStyle, link: Option<&str>) {
        if text.is_empty() {
            return;
        }
        match self.done.last_mut() {
            Some(last) if last.style == style && last.link.as_deref() == link => last.text += text,
            Some(_) | None => {
                self.done.push(Span { text: text.to_owned(), style, link: link.map(str::to_owned) });
            }
        }
    }

    fn parse(&mut self, line: &str, style: SpanStyle) {
        let (mut rest, mut before) = (line, None);
        let (mut bold, mut italic) = (!style.bold, !style.italic);
        while let Some(first) = rest.chars().next() {
            let length = match first {
                '\\' => self.escape(rest, style),
                '`' => Some(self.code(rest, style)),
                '*' if rest.starts_with("**") => {
                    let style = SpanStyle { bold: true, ..style };
                    self.emphasis(rest, before, "**", style, &mut bold)
                }
                '*' => self.emphasis(rest, before, "*", SpanStyle { italic: true, ..style }, &mut italic),
                '[' => self.link(rest, style),
                'h' if !before.is_some_and(char::is_alphanumeric) => self.address(rest, style),
                _ => None,
            };
            let length = length.unwrap_or_else(|| {
                self.push(rest.get(..first.len_utf8()).unwrap_or_default(), style, None);
                first.len_utf8()
            });
            let (done, after) = rest.split_at(length.min(rest.len()));
            before = done.chars().next_back();
            rest = after;
        }
    }

    // Each of these functions returns the length of the mark and its text in bytes; `None` if `rest` begins
    // with no such mark.

    fn escape(&mut self, rest: &str, style: SpanStyle) -> Option<usize> {
        let escaped = rest.get(1..2).filter(|escaped| ESCAPABLE.contains(escaped))?;
        self.push(escaped, style, None);
        Some(1 + escaped.len())
    }

    fn code(&mut self, rest: &str, style: SpanStyle) -> usize {
        let ticks = rest.len() - rest.trim_start_matches('`').len();
        if let Some(code) = code(rest, ticks) {
            self.push(code.inner, SpanStyle { code: true, ..style }, None);
            return code.length;
        }
        self.push(rest.get(..ticks).unwrap_or_default(), style, None);
        ticks
    }

    /// `may_begin` becomes false if a mark has no end, because further marks of its kind have none either.
    fn emphasis(
        &mut self,
        rest: &str,
        before: Option<char>,
        mark: &str,
        style: SpanStyle,
        may_begin: &mut bool,
    ) -> Option<usize> {
        if !*may_begin || !is_opening(rest, before, mark) {
            return None;
        }
        let emphasis = emphasis(rest, mark);
        *may_begin = emphasis.is_some();
        let Marked { inner, length } = emphasis?;
        self.parse(inner, style);
        Some(length)
    }

    fn link(&mut self, rest: &str, style: SpanStyle) -> Option<usize> {
        let (text, address, length) = link(rest)?;
        self.push(text, style, Some(address));
        Some(length)
    }

    fn address(&mut self, rest: &str, style: SpanStyle) -> Option<usize> {
        let address = address(rest)?;
        self.push(address, style, Some(address));
        Some(address.len())
    }
}

/// Code between two runs of the same number of backticks.
fn code(rest: &str, ticks: usize) -> Option<Marked<'_>> {
    let inside = rest.get(ticks..)?;
    let mut at = 0;
    while let Some(found) = inside.get(at..)?.find('`') {
        let start = at + found;
        let run = inside.get(start..)?;
        let run = run.len() - run.trim_start_matches('`').len();
        if run == ticks {
            return Some(Marked { inner: inside.get(..start)?, length: ticks + start + ticks });
        }
        at = start + run;
    }
    None
}

/// Whether a mark begins an emphasis: before it there is no letter or digit, and after it no space.
fn is_opening(rest: &str, before: Option<char>, mark: &str) -> bool {
    let after = rest.strip_prefix(mark).and_then(|inside| inside.chars().next());
    !before.is_some_and(char::is_alphanumeric) && after.is_some_and(|after| !after.is_whitespace())
}

/// The text between two marks of emphasis. Before the second mark there is no space, and after it no letter
/// or digit.
fn emphasis<'t>(rest: &'t str, mark: &str) -> Option<Marked<'t>> {
    let inside = rest.strip_prefix(mark)?;
    let mut at = 0;
    while let Some(found) = inside.get(at..)?.find('*') {
        let start = at + found;
        let run = inside.get(start..)?;
        let run = run.len() - run.trim_start_matches('*').len();
        let (end, after) = (start + run, inside.get(start + run..)?.chars().next());
        let has_letter_before =
            inside.get(..start)?.chars().next_back().is_some_and(|before| !before.is_whitespace());
        let is_closing = has_letter_before && !after.is_some_and(char::is_alphanumeric);
        // A run of three ends both kinds.
        let is_own = if mark.len() == 2 { run >= 2 } else { run != 2 };
        if is_closing && is_own {
            let inner = inside.get(..end - mark.len())?;
            return Some(Marked { inner, length: mark.len() + end });
        }
        at = end;
    }
    None
}

/// `[text](address)`. Returns the text, the address, and the length of the whole.
fn link(rest: &str) -> Option<(&str, &str, usize)> {
    let inside = rest.strip_prefix('[')?;
    let end = inside.find([']', '['])?;
    let text = inside.get(..end).filter(|text| !text.trim().is_empty())?;
    let target = inside.get(end..)?.strip_prefix("](")?;
    let found = address(target)?;
    let address = found.len();
    target.get(address..)?.starts_with(')').then_some((text, found, 1 + end + 2 + address + 1))
}

/// An address at the beginning of a text. Punctuation after it, and a bracket that it does not open, is not
/// part of it.
fn address(rest: &str) -> Option<&str> {
    let scheme = ["https://", "http://"].into_iter().find(|scheme| rest.starts_with(scheme))?;
    let end = rest.find(|c: char| c.is_whitespace() || "<>\"`".contains(c)).unwrap_or(rest.len());
    let mut address = rest.get(..end)?;
    let (mut depth, mut closed) = (0_usize, address.len());
    for (at, character) in address.char_indices() {
        match character {
            '(' => depth += 1,
            ')' if depth == 0 => {
                closed = at;
                break;
            }
            ')' => depth -= 1,
            _ => {}
        }
    }
    address = address.get(..closed)?.trim_end_matches(['.', ',', ';', ':', '!', '?', '*', '\'', ']']);
    (address.len() > scheme.len()).then_some(address)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// Test vectors: `[{"text": ..., "blocks": [...]}, ...]`.
    const VECTORS: &str = include_str!("../../docs/conformance/markdown.json");

    #[test]
    fn every_test_vector_is_parsed_as_documented() {
        let vectors: Vec<Value> = serde_json::from_str(VECTORS).expect("JSON");
        assert!(vectors.len() > 20);
        for vector in vectors {
            let text = vector["text"].as_str().expect("a text");
            assert_eq!(json!(parse(text)), vector["blocks"], "{text:?}");
        }
    }

    #[test]
    fn a_long_text_of_marks_takes_linear_time() {
        for mark in ["*", "**", "*a ", "**a ", "`", "``a", "[", "[a](", "[a](http://", "h", "\\"] {
            let text = mark.repeat(16_384 / mark.len());
            assert_eq!(parse(&text).len(), 1, "{mark}");
        }
    }
}

//! The prose of a file. Rust: comments, string literals and long names. Other files: every line, except
//! recordings in Markdown (fenced code without a language), whose sentences are string literals of the code.

use std::collections::BTreeSet;
use std::path::Path;

/// The prose of one file.
#[derive(Default)]
pub(crate) struct Prose {
    pub(crate) paragraphs: Vec<Paragraph>,
    /// Lines that contain only a comment, with their columns.
    pub(crate) comment_lines: Vec<(usize, usize)>,
    /// The identifiers of a Rust file, including those in strings.
    pub(crate) names: BTreeSet<String>,
}

/// Words that can form a phrase: a run of comment lines, a string, or lines up to a blank one.
#[derive(Default)]
pub(crate) struct Paragraph {
    pub(crate) words: Vec<Word>,
}

/// A word in small letters, or a punctuation mark, which ends a phrase.
pub(crate) struct Word {
    pub(crate) line: usize,
    pub(crate) text: String,
}

impl Prose {
    pub(crate) fn of(path: &Path, text: &str) -> Self {
        let mut prose = Self::default();
        let is_rust = path.extension().is_some_and(|extension| extension == "rs");
        let comment = if is_rust { "//" } else { "#" };
        if path.extension().is_none_or(|extension| extension != "md") {
            for (line, text) in (1..).zip(text.lines()) {
                if text.trim_start().starts_with(comment) {
                    prose.comment_lines.push((line, text.chars().count()));
                }
            }
        }
        if is_rust {
            prose.read_rust(text)
        } else {
            prose.read_lines(text)
        }
        prose
    }

    fn read_lines(&mut self, text: &str) {
        let (mut paragraph, mut fence) = (Paragraph::default(), None);
        for (line, text) in (1..).zip(text.lines()) {
            if let Some(language) = text.strip_prefix("```") {
                fence = if fence.is_none() { Some(language) } else { None };
            }
            if text.trim_matches(['#', ' ']).is_empty() {
                self.push(&mut paragraph);
            } else if fence != Some("") {
                paragraph.add(line, text);
            }
        }
        self.push(&mut paragraph);
    }

    /// Comments, string literals, and names with underscores. A lifetime is not mistaken for a character.
    fn read_rust(&mut self, source: &str) {
        let (mut rest, mut line) = (source, 1);
        let mut comment = Paragraph::default();
        while let Some(first) = rest.chars().next() {
            let length = if rest.starts_with("//") {
                let length = rest.find('\n').unwrap_or(rest.len());
                comment.add(line, rest[..length].trim_start_matches(['/', '!']));
                length
            } else if let Some(length) = string(rest) {
                let mut paragraph = Paragraph::default();
                for (offset, text) in rest[..length].lines().enumerate() {
                    paragraph.add(line + offset, &without_escapes(text));
                }
                let names = paragraph.words.iter().map(|word| &word.text).filter(|word| word.contains('_'));
                self.names.extend(names.cloned());
                self.push(&mut paragraph);
                length
            } else if let Some(length) = character(rest) {
                length
            } else if first.is_alphanumeric() || first == '_' {
                let is_name = |c: char| c.is_alphanumeric() || c == '_';
                let length = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
                let mut name = Paragraph::default();
                name.add(line, &rest[..length].replace('_', " "));
                self.push(&mut name);
                self.names.insert(rest[..length].to_owned());
                length
            } else {
                first.len_utf8()
            };
            if !first.is_whitespace() && !rest.starts_with("//") {
                self.push(&mut comment);
            }
            line += rest[..length].matches('\n').count();
            rest = &rest[length..];
        }
        self.push(&mut comment);
    }

    fn push(&mut self, paragraph: &mut Paragraph) {
        if !paragraph.words.is_empty() {
            self.paragraphs.push(std::mem::take(paragraph));
        }
    }
}

impl Paragraph {
    fn add(&mut self, line: usize, text: &str) {
        let mut word = String::new();
        for c in text.chars().chain([' ']) {
            if c.is_alphanumeric() || c == '_' || (matches!(c, '\'' | '’') && !word.is_empty()) {
                word.extend(if c == '’' { '\'' } else { c }.to_lowercase());
                continue;
            }
            if !word.is_empty() {
                self.words.push(Word { line, text: std::mem::take(&mut word) });
            }
            if ".,;:!?()|\"".contains(c) {
                self.words.push(Word { line, text: c.to_string() });
            }
        }
    }
}

/// The length of the string literal that the source begins with: `"..."`, `b"..."`, `r#"..."#`.
fn string(source: &str) -> Option<usize> {
    let after = source.trim_start_matches(['b', 'c']);
    let prefix = source.len() - after.len();
    if let Some(raw) = after.strip_prefix('r') {
        let marks = raw.len() - raw.trim_start_matches('#').len();
        let body = raw[marks..].strip_prefix('"')?;
        let end = format!("\"{}", "#".repeat(marks));
        return Some(prefix + 1 + marks + 1 + body.find(&end)? + end.len());
    }
    let body = after.strip_prefix('"').filter(|_| prefix <= 1)?;
    let mut is_escaped = false;
    let end = body.char_indices().find(|(_, c)| {
        let ends = *c == '"' && !is_escaped;
        is_escaped = *c == '\\' && !is_escaped;
        ends
    });
    Some(prefix + 1 + end?.0 + 1)
}

/// The length of the character literal that the source begins with.
fn character(source: &str) -> Option<usize> {
    let body = source.strip_prefix('\'')?;
    if let Some(escaped) = body.strip_prefix('\\') {
        let begin = escaped.chars().next()?.len_utf8();
        return Some(2 + begin + escaped[begin..].find('\'')? + 1);
    }
    let length = body.chars().next()?.len_utf8();
    body[length..].starts_with('\'').then_some(1 + length + 1)
}

fn without_escapes(text: &str) -> String {
    let mut is_escaped = false;
    let plain = text.chars().map(|c| {
        let shown = if is_escaped || c == '\\' { ' ' } else { c };
        is_escaped = c == '\\' && !is_escaped;
        shown
    });
    plain.collect()
}

#[test]
fn prose_is_comments_strings_and_long_names_with_their_lines() {
    let source = "//! One\n//! two.\nfn a_name<'a>(x: &'a str) -> char { f(\"three\\nfour\", '\"', br#\"fi\"ve\"#) } // six\n";
    let prose = Prose::of(Path::new("x.rs"), source);
    let words = |paragraph: &Paragraph| {
        let words = paragraph.words.iter().map(|word| format!("{} {}", word.line, word.text));
        words.collect::<Vec<_>>().join(", ")
    };
    let all: Vec<_> = prose.paragraphs.iter().map(words).collect();
    assert!(all.contains(&"1 one, 2 two, 2 .".to_owned()), "{all:?}");
    assert!(all.contains(&"3 a, 3 name".to_owned()), "{all:?}");
    assert!(all.contains(&"3 \", 3 three, 3 four, 3 \"".to_owned()), "{all:?}");
    assert!(all.contains(&"3 br, 3 \", 3 fi, 3 \", 3 ve, 3 \"".to_owned()), "{all:?}");
    assert!(all.contains(&"3 six".to_owned()), "{all:?}");
    assert_eq!(prose.comment_lines, [(1, 7), (2, 8)]);
}

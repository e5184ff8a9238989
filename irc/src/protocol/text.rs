//! Texts of papo in lines of IRC: a text of several lines, and a line that is too long.

use super::line::cut;
use crate::limits::TEXT_BYTES_MAX;

/// A part of a text in one line to a client.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) text: String,
    /// Whether the part continues the line of the part before.
    pub(crate) continues: bool,
}

/// Splits a text at its line breaks, and splits long lines, between words if possible.
pub(crate) fn parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    for line in text.split('\n') {
        let mut rest = line.trim_end_matches('\r');
        let mut continues = false;
        loop {
            let part = beginning(rest);
            parts.push(Part { text: part.to_owned(), continues });
            rest = rest.get(part.len()..).unwrap_or_default();
            if rest.is_empty() {
                break;
            }
            continues = true;
        }
    }
    parts
}

/// The beginning of a line that fits into a line to a client.
fn beginning(line: &str) -> &str {
    if line.len() <= TEXT_BYTES_MAX {
        return line;
    }
    let start = cut(line, TEXT_BYTES_MAX);
    match start.rfind(' ') {
        Some(space) if space > TEXT_BYTES_MAX / 2 => start.get(..=space).unwrap_or(start),
        Some(_) | None => start,
    }
}

/// Joins words to lines of at most `bytes_max` bytes.
pub(crate) fn packed(words: impl IntoIterator<Item = String>, separator: char, bytes_max: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + word.len() <= bytes_max => {
                line.push(separator);
                line.push_str(&word);
            }
            Some(_) | None => lines.push(word),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_split_at_line_breaks_and_between_words() {
        let split = |text: &str| -> Vec<(String, bool)> {
            parts(text).into_iter().map(|part| (part.text, part.continues)).collect()
        };
        assert_eq!(split("a\r\n\nb"), [("a".into(), false), (String::new(), false), ("b".into(), false)]);
        let words = "palavra ".repeat(100);
        let lines = parts(&words);
        assert!(lines.iter().all(|part| part.text.len() <= TEXT_BYTES_MAX && part.text.ends_with(' ')));
        assert_eq!(lines.iter().map(|part| &*part.text).collect::<String>(), words);
        assert_eq!(lines.iter().filter(|part| !part.continues).count(), 1);
        let long = "é".repeat(1_000);
        assert_eq!(parts(&long).iter().map(|part| &*part.text).collect::<String>(), long);
    }

    #[test]
    fn words_are_packed_into_lines() {
        let words = ["a", "bb", "ccc"].map(str::to_owned);
        assert_eq!(packed(words, ' ', 4), ["a bb", "ccc"]);
        assert!(packed([], ' ', 4).is_empty());
    }
}

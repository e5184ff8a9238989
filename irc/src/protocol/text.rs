//! Texts of papo in lines of IRC: a text of several lines, and a line that is too long.

use super::line::cut;

/// A text without control characters, except line breaks and tabs.
pub(crate) fn plain(text: &str) -> String {
    let is_shown = |character: &char| !character.is_control() || matches!(character, '\n' | '\t');
    text.chars().filter(is_shown).collect()
}

/// A part of a text in one line to a client.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) text: String,
    /// Whether the part continues the line of the part before.
    pub(crate) continues: bool,
}

/// Splits a text at its line breaks, and splits lines of more than `bytes_max` bytes, between words if
/// possible.
pub(crate) fn parts(text: &str, bytes_max: usize) -> Vec<Part> {
    let mut parts = Vec::new();
    for line in text.split('\n') {
        let mut rest = line.trim_end_matches('\r');
        let mut continues = false;
        loop {
            let part = beginning(rest, bytes_max);
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

/// Splits a text into the lines in which its client sent it: the bytes of each line, and whether it continues
/// the line before. `None` if the text has another shape, or if a line is too long.
pub(crate) fn shaped(text: &str, lines: &[(usize, bool)], bytes_max: usize) -> Option<Vec<Part>> {
    let mut rest = text;
    let mut parts = Vec::new();
    for (number, (bytes, continues)) in lines.iter().copied().enumerate() {
        if number > 0 && !continues {
            rest = rest.strip_prefix('\n')?;
        }
        let (line, after) = rest.split_at_checked(bytes)?;
        if bytes > bytes_max || line.contains('\n') {
            return None;
        }
        parts.push(Part { text: line.to_owned(), continues: number > 0 && continues });
        rest = after;
    }
    (rest.is_empty() && !parts.is_empty()).then_some(parts)
}

/// The beginning of a line that fits into a line to a client.
fn beginning(line: &str, bytes_max: usize) -> &str {
    if line.len() <= bytes_max {
        return line;
    }
    let start = cut(line, bytes_max);
    match start.rfind(' ') {
        Some(space) if space > bytes_max / 2 => start.get(..=space).unwrap_or(start),
        Some(_) | None => start,
    }
}

/// The size of a file for people, such as `1.2 MB`.
pub(crate) fn size_text(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    match UNITS.iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit),
        None => format!("{bytes} B"),
    }
}

/// Joins words to lines of at most `bytes_max` bytes.
pub(crate) fn packed(
    words: impl IntoIterator<Item = String>,
    separator: char,
    bytes_max: usize,
) -> Vec<String> {
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
            parts(text, 100).into_iter().map(|part| (part.text, part.continues)).collect()
        };
        assert_eq!(split("a\r\n\nb"), [("a".into(), false), (String::new(), false), ("b".into(), false)]);
        let words = "palavra ".repeat(100);
        let lines = parts(&words, 100);
        assert!(lines.iter().all(|part| part.text.len() <= 100 && part.text.ends_with(' ')));
        assert_eq!(lines.iter().map(|part| &*part.text).collect::<String>(), words);
        assert_eq!(lines.iter().filter(|part| !part.continues).count(), 1);
        let long = "é".repeat(1_000);
        assert_eq!(parts(&long, 100).iter().map(|part| &*part.text).collect::<String>(), long);
    }

    #[test]
    fn a_text_has_the_lines_of_its_client_if_they_fit() {
        let split = |text, lines: &[(usize, bool)]| {
            let parts = shaped(text, lines, 10)?;
            Some(parts.into_iter().map(|part| (part.text, part.continues)).collect::<Vec<_>>())
        };
        let part = |text: &str, continues| (text.to_owned(), continues);
        let lines = [(0, false), (2, false), (1, true)];
        assert_eq!(split("\nabc", &lines), Some(vec![part("", false), part("ab", false), part("c", true)]));
        for (text, lines) in [
            ("abc", &lines[..]),
            ("\nabcd", &lines),
            ("\na\nc", &lines),
            ("\nab", &lines),
            ("é", &[(1, false), (1, true)]),
            ("abcdefghijk", &[(11, false)]),
            ("", &[]),
        ] {
            assert_eq!(split(text, lines), None, "{text:?}");
        }
    }

    #[test]
    fn a_size_has_a_unit() {
        let sizes = [0, 999, 1_000, 1_258_291, 999_999_999, 5_040_000_000].map(size_text);
        assert_eq!(sizes, ["0 B", "999 B", "1.0 kB", "1.2 MB", "999.9 MB", "5.0 GB"]);
    }

    #[test]
    fn words_are_packed_into_lines() {
        let words = ["a", "bb", "ccc"].map(str::to_owned);
        assert_eq!(packed(words, ' ', 4), ["a bb", "ccc"]);
        assert!(packed([], ' ', 4).is_empty());
    }
}

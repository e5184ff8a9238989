//! Splits the bytes of a client into lines.

use crate::limits::{LINE_BYTES_MAX, TAGS_BYTES_MAX};

/// A line, or the reason why it cannot be handled.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Input {
    Line(String),
    /// The line is longer than the limits.
    TooLong,
    /// The line is not UTF-8. The command, if it is readable.
    NotUtf8(String),
}

/// The bytes that were received and not handled yet.
#[derive(Default)]
pub(crate) struct Lines {
    buffer: Vec<u8>,
    /// Whether the rest of a line that is too long is being skipped.
    is_skipping: bool,
}

impl Lines {
    pub(crate) fn len(&self) -> usize {
        self.buffer.len()
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next line without its end; `None` if no complete line is left. Empty lines are skipped.
    pub(crate) fn take(&mut self) -> Option<Input> {
        loop {
            let Some(end) = self.buffer.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
                return self.skip_unfinished();
            };
            let mut line: Vec<u8> = self.buffer.drain(..=end).collect();
            line.pop();
            if std::mem::take(&mut self.is_skipping) || line.is_empty() {
                continue;
            }
            return Some(decode(line));
        }
    }

    /// Drops the beginning of a line that is too long already.
    fn skip_unfinished(&mut self) -> Option<Input> {
        if self.is_skipping {
            self.buffer.clear();
            return None;
        }
        if self.buffer.len() <= LINE_BYTES_MAX + TAGS_BYTES_MAX {
            return None;
        }
        self.buffer.clear();
        self.is_skipping = true;
        Some(Input::TooLong)
    }
}

fn decode(line: Vec<u8>) -> Input {
    let tags = match line.first() {
        Some(b'@') => line.iter().position(|byte| *byte == b' ').map_or(line.len(), |space| space + 1),
        Some(_) | None => 0,
    };
    // The end of a line counts as two bytes.
    if tags > TAGS_BYTES_MAX || line.len() - tags > LINE_BYTES_MAX - 2 {
        return Input::TooLong;
    }
    match String::from_utf8(line) {
        Ok(line) if line.contains('\0') => Input::Line(line.replace('\0', "")),
        Ok(line) => Input::Line(line),
        Err(error) => {
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let words = text.split(' ').find(|word| !word.starts_with(['@', ':']));
            Input::NotUtf8(words.unwrap_or("*").chars().filter(char::is_ascii_alphanumeric).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(lines: &mut Lines) -> Vec<Input> {
        std::iter::from_fn(|| lines.take()).collect()
    }

    #[test]
    fn lines_end_with_any_line_break_and_arrive_in_parts() {
        let mut lines = Lines::default();
        lines.push(b"NICK a\r\nUSER");
        assert_eq!(all(&mut lines), [Input::Line("NICK a".into())]);
        lines.push(b" a 0 * :A\n\r\n\nPI\0NG\r\n");
        assert_eq!(all(&mut lines), [Input::Line("USER a 0 * :A".into()), Input::Line("PING".into())]);
    }

    #[test]
    fn a_line_of_510_bytes_is_the_longest_and_tags_count_apart() {
        let mut lines = Lines::default();
        let body = "x".repeat(510);
        let tags = format!("@{} ", "t".repeat(4094));
        lines.push(format!("{body}\r\n{tags}{body}\r\n{body}x\r\n{tags}x{body}\r\nt{tags}\r\n").as_bytes());
        assert_eq!(lines.take(), Some(Input::Line(body.clone())));
        assert_eq!(lines.take(), Some(Input::Line(format!("{tags}{body}"))));
        assert_eq!(all(&mut lines), [Input::TooLong, Input::TooLong, Input::TooLong]);
    }

    #[test]
    fn a_line_without_an_end_is_refused_once_and_skipped() {
        let mut lines = Lines::default();
        lines.push(&[b'x'; LINE_BYTES_MAX + TAGS_BYTES_MAX + 1]);
        assert_eq!(all(&mut lines), [Input::TooLong]);
        lines.push(&[b'x'; 100_000]);
        assert_eq!((lines.take(), lines.len()), (None, 0));
        lines.push(b"x\r\nPING a\r\n");
        assert_eq!(all(&mut lines), [Input::Line("PING a".into())]);
    }

    proptest! {
        #[test]
        fn the_parts_in_which_bytes_arrive_do_not_matter(
            bytes in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'@'), any::<u8>()], 0..300),
            cuts in proptest::collection::vec(0_usize..300, 0..5),
        ) {
            let mut whole = Lines::default();
            whole.push(&bytes);
            let expected = all(&mut whole);
            let (mut parts, mut found, mut start) = (Lines::default(), Vec::new(), 0);
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.sort_unstable();
            for cut in cuts.into_iter().chain([bytes.len()]) {
                parts.push(&bytes[start..cut]);
                found.extend(all(&mut parts));
                start = cut;
            }
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_line_that_is_not_utf8_is_refused_with_its_command() {
        let mut lines = Lines::default();
        lines.push(b"PRIVMSG #a :\xff\r\n@a=b :n PRIVMSG \xfe\r\n");
        let refused = || Input::NotUtf8("PRIVMSG".into());
        assert_eq!(all(&mut lines), [refused(), refused()]);
    }
}

//! Wraps long lines to the columns of the screen, between words if possible. Later lines are indented: a text
//! must not look like a line of another sender. Wide characters have two columns, combining marks have none
//! (UAX #11).

use textwrap::{Options, WordSplitter, WrapAlgorithm};
use unicode_width::UnicodeWidthChar as _;

/// Wraps a text that starts after `indent` columns. Without `columns` it only indents.
pub(crate) fn wrap(text: &str, indent: usize, columns: Option<usize>) -> String {
    let Some(columns) = columns else { return text.replace('\n', &format!("\n{}", " ".repeat(indent))) };
    // The text gets at least half of a narrow screen.
    let hanging = " ".repeat(indent.min(columns / 2));
    let head = " ".repeat(indent);
    let mut lines = Vec::new();
    for (i, line) in text.split('\n').enumerate() {
        let options = Options::new(columns)
            .initial_indent(if i == 0 { &head } else { &hanging })
            .subsequent_indent(&hanging)
            .wrap_algorithm(WrapAlgorithm::FirstFit)
            .word_splitter(WordSplitter::NoHyphenation);
        lines.extend(textwrap::wrap(line, options).into_iter().map(String::from));
    }
    let wrapped = lines.join("\n");
    // textwrap omits the indent of an empty line.
    wrapped.strip_prefix(&head).unwrap_or(&wrapped).to_owned()
}

/// The columns of the terminal on standard output, if it is one.
pub(super) fn columns_of_screen() -> Option<usize> {
    terminal_size::terminal_size().map(|(width, _)| usize::from(width.0))
}

/// The longest prefix of a text that fits into `width` columns.
pub(crate) fn fit_width(text: &str, width: usize) -> &str {
    let mut left = width;
    let fits = |c: char| {
        let needed = c.width().unwrap_or(0);
        let fits = needed <= left;
        left = left.saturating_sub(needed);
        !fits
    };
    text.find(fits).and_then(|end| text.get(..end)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_to_a_width() {
        assert_eq!(fit_width("bob writes", 40), "bob writes");
        assert_eq!(fit_width("bob writes", 3), "bob");
        assert_eq!(fit_width("日本語", 5), "日本");
    }

    #[test]
    fn lines_wrap_between_words_and_are_indented() {
        insta::assert_snapshot!(wrap("one two three\nfour", 4, Some(12)), @"
        one two
            three
            four
        ");
    }

    #[test]
    fn wide_characters_take_two_columns_and_marks_none() {
        // 4 + 2 * 4 columns fit exactly, and so do 4 + 4 columns of letters with a mark each.
        assert_eq!(wrap("日本語日", 4, Some(12)), "日本語日");
        assert_eq!(wrap("日本語日本", 4, Some(12)), "日本語日\n    本");
        assert_eq!(wrap("e\u{301}e\u{301}e\u{301}e\u{301}", 4, Some(8)), "e\u{301}e\u{301}e\u{301}e\u{301}");
        assert_eq!(
            wrap("e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}", 4, Some(8)),
            "e\u{301}e\u{301}e\u{301}e\u{301}\n    e\u{301}"
        );
    }

    #[test]
    fn a_word_longer_than_the_screen_is_broken_and_indented() {
        assert_eq!(wrap("aaaabbbb\u{a0}cc", 4, Some(8)), "aaaa\n    bbbb\n    \u{a0}cc");
    }

    #[test]
    fn without_columns_no_line_is_wrapped() {
        assert_eq!(wrap("one two\nthree", 2, None), "one two\n  three");
    }
}

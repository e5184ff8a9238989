//! The parts of a text that is too long for one message.

/// The parts of a text that each fit into a message. A text is cut at the end of a line or of a character.
pub(super) fn parts(text: &str) -> impl Iterator<Item = &str> {
    const MAX: usize = common::limits::TEXT_BYTES_MAX;
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut end = rest.len().min(MAX);
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        if end < rest.len()
            && let Some(line) =
                rest.get(..end).and_then(|part| part.rfind('\n')).filter(|line| *line > MAX / 2)
        {
            end = line + 1;
        }
        let (part, after) = rest.split_at_checked(end)?;
        rest = after;
        Some(part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_without_loss() {
        let text = format!("{}\n{}", "a".repeat(10_000), "ã".repeat(20_000));
        let found: Vec<_> = parts(&text).collect();
        assert_eq!(found.concat(), text);
        assert_eq!(found[0].len(), 10_001, "cut after the line");
        assert!(found.iter().all(|part| part.len() <= common::limits::TEXT_BYTES_MAX));
        assert_eq!(parts("").count(), 0);
    }
}

//! The header `Range` (RFC 9110, section 14.2).

/// The bytes that the answer contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) start: u64,
    /// The end, exclusive.
    pub(crate) end: u64,
    pub(crate) is_partial: bool,
}

/// The requested range of a file; `None` if the file has no such bytes. A header with several ranges, or one
/// that is not valid, is ignored, as the RFC permits: many small ranges would multiply the work of an answer.
pub(crate) fn requested(header: Option<&str>, bytes: u64) -> Option<Range> {
    let whole = Range { start: 0, end: bytes, is_partial: false };
    let Some(range) = header.and_then(|header| header.strip_prefix("bytes=")) else { return Some(whole) };
    let Some((first, last)) = range.trim().split_once('-').filter(|_| !range.contains(',')) else {
        return Some(whole);
    };
    let number =
        |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u64>().ok()).flatten();
    let (start, end) = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => (first, last.saturating_add(1).min(bytes)),
        (Some(first), None) if last.is_empty() => (first, bytes),
        (None, Some(last)) if first.is_empty() => (bytes.saturating_sub(last), bytes),
        _ => return Some(whole),
    };
    (start < end).then_some(Range { start, end, is_partial: true })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_answered_and_several_are_ignored() {
        let part = |header: &str| {
            requested(Some(header), 10).map(|range| (range.start, range.end, range.is_partial))
        };
        assert_eq!(part("bytes=0-0"), Some((0, 1, true)));
        assert_eq!(part("bytes=4-"), Some((4, 10, true)));
        assert_eq!(part("bytes=4-99"), Some((4, 10, true)));
        assert_eq!(part("bytes=-3"), Some((7, 10, true)));
        assert_eq!(part("bytes=-99"), Some((0, 10, true)));
        for outside in ["bytes=10-", "bytes=10-12", "bytes=-0"] {
            assert_eq!(part(outside), None, "{outside}");
        }
        for ignored in
            ["bytes=0-1,3-4", "bytes=5-4", "bytes=", "bytes=x-1", "bytes=+1-2", "lines=0-1", "bytes=-", ""]
        {
            assert_eq!(part(ignored), Some((0, 10, false)), "{ignored}");
        }
        let many = format!("bytes={}", "0-,".repeat(10_000));
        assert_eq!(part(&many), Some((0, 10, false)));
        assert_eq!(requested(None, 0), Some(Range { start: 0, end: 0, is_partial: false }));
    }
}

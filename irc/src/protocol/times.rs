//! Times as IRCv3 writes them: `2026-11-29T14:56:00.123Z`.

use jiff::Timestamp;

/// A time in Unix milliseconds.
pub(crate) fn written(unix_ms: u64) -> String {
    let time = i64::try_from(unix_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    time.map(|time| time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()).unwrap_or_default()
}

/// Parses a time; `None` if it is invalid or before 1970.
pub(crate) fn parsed(time: &str) -> Option<u64> {
    u64::try_from(time.parse::<Timestamp>().ok()?.as_millisecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_milliseconds() {
        assert_eq!(written(1_763_700_000_123), "2025-11-21T04:40:00.123Z");
        assert_eq!(written(1_763_700_000_000), "2025-11-21T04:40:00.000Z");
        assert_eq!(parsed("2025-11-21T04:40:00.123Z"), Some(1_763_700_000_123));
        assert_eq!(parsed("yesterday"), None);
    }
}

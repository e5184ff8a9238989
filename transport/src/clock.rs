//! The clocks. No other file reads them: all other code calls this file or gets the time as an argument.

use std::sync::OnceLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The machine's clock, in milliseconds since 1970; zero if the clock is before 1970.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
pub fn unix_ms() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX)
}

/// Milliseconds of the monotonic clock since the first call in this process. For times that a jump of the
/// machine's clock must not change.
#[must_use]
pub fn monotonic_ms() -> u64 {
    static FIRST_CALL: OnceLock<Instant> = OnceLock::new();
    u64::try_from(FIRST_CALL.get_or_init(now).elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// The monotonic clock, for durations.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
pub fn now() -> Instant {
    Instant::now()
}

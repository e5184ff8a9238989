//! How many bundles the broker may send before the server sends a bundle.
//!
//! A server that sends bundles also reads them. A server of an older version drops bundles. If it replaces a
//! newer server while the broker runs, it drops the bundles of this credit. The broker then sends single
//! requests, and clients send the dropped requests again.

use std::time::{Duration, Instant};

/// The maximum number of bundles that are sent after a bundle of the server. A busy server has up to 2,048
/// unanswered requests that arrived in full bundles.
const BUNDLES_MAX: u32 = 64;

/// The maximum time in which bundles are sent after a bundle of the server. Without this limit, the clients
/// of an idle node would lose requests for minutes, because each client waits seconds for its reply.
const VALIDITY: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(crate) struct BundleCredit {
    bundles: u32,
    /// The end of the validity; `None` if the server has sent no bundle.
    expires: Option<Instant>,
}

impl BundleCredit {
    /// Renews the credit, because the server has sent a bundle.
    pub(crate) fn renew(&mut self, now: Instant) {
        *self = Self { bundles: BUNDLES_MAX, expires: Some(now + VALIDITY) };
    }

    /// Removes the credit if its validity has ended.
    pub(crate) fn check(&mut self, now: Instant) {
        if self.expires.is_none_or(|expires| now >= expires) {
            *self = Self::default();
        }
    }

    /// Whether a bundle may be sent.
    pub(crate) fn is_left(&self) -> bool {
        self.bundles > 0
    }

    /// Counts a bundle that was sent.
    pub(crate) fn spend(&mut self) {
        self.bundles = self.bundles.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use transport::clock;

    use super::*;

    #[test]
    fn the_credit_ends_after_64_bundles_or_after_a_second() {
        let (mut credit, now) = (BundleCredit::default(), clock::now());
        credit.check(now);
        assert!(!credit.is_left(), "the server has sent no bundle");
        for _ in 0..2 {
            credit.renew(now);
            for _ in 0..64 {
                assert!(credit.is_left());
                credit.spend();
            }
            assert!(!credit.is_left());
        }
        credit.renew(now);
        credit.check(now + Duration::from_millis(999));
        assert!(credit.is_left());
        credit.check(now + Duration::from_secs(1));
        assert!(!credit.is_left());
    }
}

//! The metrics of the server, for `/metrics`.

use std::time::Duration;

use transport::metrics::{Family, MetricKind};

use super::Engine;
use crate::domain::admin;
use crate::services::jobs::Kind;

impl Engine {
    /// Sets the time since server startup, from which the durations of requests are computed. The driver
    /// calls this function once or twice in a round.
    pub fn set_elapsed(&mut self, elapsed: Duration) {
        self.elapsed = elapsed;
    }

    /// The metrics of the server. The time to count them grows with the numbers of accounts,
    /// sessions, channels and direct conversations.
    #[must_use]
    pub fn metrics(&self, now_ms: u64) -> Vec<Family> {
        let counter = |name, help, value: u64| Family::single(MetricKind::Counter, name, help, value);
        let gauge = |name, help, value: u64| Family::single(MetricKind::Gauge, name, help, value);
        let ledger = &self.ledger;
        let stats = admin::stats(ledger.state(), self.presence.present_users(), now_ms);
        let logins = self.jobs_waiting(Kind::Passwords) as u64;
        let mut families = vec![
            counter(
                "papo_messages_total",
                "Messages and files that were stored since the server started.",
                ledger.messages(),
            ),
            counter("papo_records_total", "Records in the log, since its first record.", ledger.position()),
            gauge(
                "papo_log_bytes",
                "Bytes of the log on the disk, which only grow. Compare them with the free space of the disk.",
                ledger.log_bytes(),
            ),
            gauge("papo_users", "Accounts, with bots and webhooks, without deleted ones.", stats.users),
            gauge("papo_sessions", "Open sessions.", stats.sessions),
            gauge("papo_present_users", "Users who are online or away now.", stats.present),
            gauge(
                "papo_logins_waiting",
                "Logins that wait for the hash of their password. Many for minutes: guesses or a full processor.",
                logins,
            ),
            Family::single(
                MetricKind::Histogram,
                "papo_fsync_duration_seconds",
                "Seconds of fdatasync on the log. Each message waits for one: above 0.1 s, find the program that uses \
                 the disk, or replace the disk.",
                ledger.sync_times(),
            ),
        ];
        families.extend(self.metrics.families());
        families
    }
}

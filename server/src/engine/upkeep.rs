//! The work of the engine without a request: presence that ends, deletions, unused files, and backups.

use std::time::Duration;

use common::presence::State;

use super::Engine;
use crate::domain::Command;
use crate::outbound::ephemeral::publish_presence;
use crate::outbound::fan_out;
use crate::services::jobs::{Job, NO_TICKET};
use crate::services::presence::Changed;

impl Engine {
    /// Marks users without heartbeats as offline, publishes changes of presence, removes unused files, and
    /// starts a scheduled backup.
    pub fn tick(&mut self, now_ms: u64) {
        let Self { ledger, files, jobs, .. } = self;
        files.clean_up(ledger, now_ms, &mut |kind, work| jobs.submit(NO_TICKET, Job::file(kind, work)));
        self.continue_deletions(now_ms);
        self.backups.tick(now_ms, self.elapsed);
        let changed = self.presence.poll(now_ms);
        self.record_last_seen(&changed, now_ms);
        if !changed.is_empty() {
            let changes: Vec<_> = changed.into_iter().map(|changed| changed.change).collect();
            let topic = self.ledger.state().presence_topic().into();
            publish_presence(&mut self.outbound, &topic, &changes, now_ms);
        }
    }

    /// The time of the next call to [`tick`](Self::tick), in Unix milliseconds.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        let deletions = self.can_continue_deletions().then_some(0);
        [deletions, self.presence.deadline(), Some(self.files.deadline())].into_iter().flatten().min()
    }

    /// The time until the next scheduled backup; `None` without a schedule, or while a backup is made.
    #[must_use]
    pub fn until_backup(&self) -> Option<Duration> {
        self.backups.until_due()
    }

    /// Records, before a shutdown, when the present users were last seen. Publishes no change of presence,
    /// because most users return when the server restarts.
    pub fn record_present_users(&mut self, now_ms: u64) {
        let present = self.presence.end();
        self.record_last_seen(&present, now_ms);
    }

    fn record_last_seen(&mut self, changed: &[Changed], now_ms: u64) {
        for Changed { change, last_heartbeat_unix_ms } in changed {
            if change.state == State::Offline {
                let seen = Command::Seen { user: change.user.clone(), at: *last_heartbeat_unix_ms };

                let _already_logged = fan_out::record(&mut self.ledger, &mut self.outbound, seen, now_ms);
            }
        }
    }
}

//! The limits of a user: a token bucket for each kind of request, and the bytes written to the log today.
//!
//! The limits count all sessions of a user together, because a user may open 64 sessions.

use std::collections::HashMap;

use common::UserName;
use foldhash::fast::RandomState;

/// The number of remembered users at which idle users are first removed. The number never exceeds the number
/// of accounts, because only requests of a session count.
const REMEMBERED_MAX: usize = 64 * 1024;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Joins of a user. A new user joins many channels at once, and later a few a day.
const JOINS: Rate = Rate { per_second: 10, burst: 1_000 };

/// Channels that a user creates. Each one stays in memory forever.
const CREATIONS: Rate = Rate { per_second: 1, burst: 200 };

/// Invitations that a user sends. A user may invite a whole company at once.
const INVITATIONS: Rate = Rate { per_second: 10, burst: 1_000 };

/// Posts of an incoming webhook: a monitor that reports a failure of many machines.
const POSTS: Rate = Rate { per_second: 10, burst: 50 };

/// Chunks of files that everybody downloads with the links of a user: 25 MiB a second.
const LINKS: Rate = Rate { per_second: 100, burst: 1_000 };

/// A rate limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Requests per second in the long run.
    pub per_second: u32,
    /// The maximum number of requests in a burst after a pause.
    pub burst: u32,
}

/// The limits of each user that an operator can set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserLimits {
    /// Messages, and all other requests that store a record.
    pub messages: Rate,
    /// Requests that store no record.
    pub reads: Rate,
    /// Bytes in the log per day (UTC).
    pub log_bytes_per_day: u64,
}

impl Default for UserLimits {
    /// More messages and reads than people and most programs need. A flood of the longest texts is limited to
    /// 16 MiB a second, and to 256 MiB a day.
    fn default() -> Self {
        let rate = Rate { per_second: 1_000, burst: 10_000 };
        Self { messages: rate, reads: rate, log_bytes_per_day: 256 << 20 }
    }
}

impl UserLimits {
    /// No limits, for measurements.
    #[must_use]
    pub fn none() -> Self {
        let rate = Rate { per_second: u32::MAX, burst: u32::MAX };
        Self { messages: rate, reads: rate, log_bytes_per_day: u64::MAX }
    }
}

/// The kinds of requests with a rate limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateKind {
    Messages,
    Reads,
    Joins,
    Creations,
    Invitations,
    Posts,
    /// Downloads with the links that the user made.
    Links,
}

#[derive(Debug)]
pub struct Rates {
    limits: UserLimits,
    users: HashMap<UserName, Usage, RandomState>,
    /// The user of the last request. The lines of a frame nearly always have one user, and each line needs
    /// the usage several times.
    last_user: Option<UserName>,
    /// The usage of `last_user`. In `users`, it is older.
    last: Usage,
    /// The number of users at which idle users are removed. It doubles, so the cost per user is constant.
    clean_at: usize,
}

#[derive(Debug, Clone, Copy, Default)]
struct Usage {
    messages: Bucket,
    reads: Bucket,
    joins: Bucket,
    creations: Bucket,
    invitations: Bucket,
    posts: Bucket,
    links: Bucket,
    /// The day of `log_bytes`, in days since 1970.
    day: u64,
    log_bytes: u64,
}

impl Usage {
    fn bucket(&mut self, kind: RateKind) -> &mut Bucket {
        match kind {
            RateKind::Messages => &mut self.messages,
            RateKind::Reads => &mut self.reads,
            RateKind::Joins => &mut self.joins,
            RateKind::Creations => &mut self.creations,
            RateKind::Invitations => &mut self.invitations,
            RateKind::Posts => &mut self.posts,
            RateKind::Links => &mut self.links,
        }
    }

    fn is_idle(&self, now_ms: u64) -> bool {
        let Self { messages, reads, joins, creations, invitations, posts, links, .. } = self;
        let buckets = [messages, reads, joins, creations, invitations, posts, links];
        self.day != now_ms / DAY_MS && buckets.iter().all(|bucket| bucket.at_ms + DAY_MS < now_ms)
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Bucket {
    /// Requests that were taken and not refilled, in thousandths.
    missing: u64,
    /// The time of `missing`, in Unix milliseconds.
    at_ms: u64,
}

impl Bucket {
    fn refill(&mut self, rate: Rate, now_ms: u64) {
        // If the clock was set back, nothing is refilled.
        let passed_ms = now_ms.saturating_sub(self.at_ms);
        self.missing = self.missing.saturating_sub(passed_ms.saturating_mul(per_ms(rate)));
        self.at_ms = now_ms;
    }

    fn take(&mut self, rate: Rate, now_ms: u64) -> Result<(), u64> {
        self.refill(rate, now_ms);
        let full = u64::from(rate.burst.max(1)) * 1_000;
        match (self.missing + 1_000).checked_sub(full) {
            None | Some(0) => {
                self.missing += 1_000;
                Ok(())
            }
            Some(lacking) => Err(lacking.div_ceil(per_ms(rate))),
        }
    }
}

/// Thousandths of a request per millisecond.
fn per_ms(rate: Rate) -> u64 {
    u64::from(rate.per_second.max(1))
}

impl Rates {
    #[must_use]
    pub fn new(limits: UserLimits) -> Self {
        let (users, last) = (HashMap::default(), Usage::default());
        Self { limits, users, last_user: None, last, clean_at: REMEMBERED_MAX }
    }

    /// Takes one request out of a user's bucket. If the bucket is empty, returns the milliseconds until it
    /// contains a request.
    pub fn take(&mut self, user: &UserName, kind: RateKind, now_ms: u64) -> Result<(), u64> {
        let rate = self.rate(kind);
        self.usage(user, now_ms).bucket(kind).take(rate, now_ms)
    }

    /// Takes further requests out of a user's bucket. The bucket can become negative, because the cost of a
    /// request is known only after its execution.
    pub fn charge(&mut self, user: &UserName, kind: RateKind, requests: u64, now_ms: u64) {
        self.usage(user, now_ms).bucket(kind).missing += requests * 1_000;
    }

    /// Checks that a user may write to the log today. If not, returns the milliseconds until the next day.
    pub fn may_write(&mut self, user: &UserName, now_ms: u64) -> Result<(), u64> {
        let (max, today) = (self.limits.log_bytes_per_day, now_ms / DAY_MS);
        let usage = self.usage(user, now_ms);
        let is_used_up = usage.day == today && usage.log_bytes >= max;
        if is_used_up { Err(DAY_MS - now_ms % DAY_MS) } else { Ok(()) }
    }

    /// Counts bytes that a user has written to the log.
    pub fn count_log_bytes(&mut self, user: &UserName, bytes: u64, now_ms: u64) {
        let usage = self.usage(user, now_ms);
        let today = now_ms / DAY_MS;
        if usage.day != today {
            (usage.day, usage.log_bytes) = (today, 0);
        }
        usage.log_bytes += bytes;
    }

    /// The bytes that a user may write to the log per day.
    #[must_use]
    pub fn log_bytes_per_day(&self) -> u64 {
        self.limits.log_bytes_per_day
    }

    fn rate(&self, kind: RateKind) -> Rate {
        match kind {
            RateKind::Messages => self.limits.messages,
            RateKind::Reads => self.limits.reads,
            RateKind::Joins => JOINS,
            RateKind::Creations => CREATIONS,
            RateKind::Invitations => INVITATIONS,
            RateKind::Posts => POSTS,
            RateKind::Links => LINKS,
        }
    }

    fn usage(&mut self, user: &UserName, now_ms: u64) -> &mut Usage {
        if self.last_user.as_ref() != Some(user) {
            let usage = self.users.get(user).copied().unwrap_or_default();
            let last = std::mem::replace(&mut self.last, usage);
            if let Some(last_user) = self.last_user.replace(user.clone()) {
                self.remember(last_user, last, now_ms);
            }
        }
        &mut self.last
    }

    fn remember(&mut self, user: UserName, usage: Usage, now_ms: u64) {
        if self.users.len() >= self.clean_at {
            self.users.retain(|_, usage| !usage.is_idle(now_ms));
            self.clean_at = REMEMBERED_MAX.max(2 * self.users.len());
        }
        self.users.insert(user, usage);
    }
}

#[cfg(test)]
mod tests {
    use testkit::user;

    use super::*;

    fn rates(per_second: u32, burst: u32) -> Rates {
        Rates::new(UserLimits { messages: Rate { per_second, burst }, ..UserLimits::default() })
    }

    #[test]
    fn a_burst_empties_the_bucket_and_time_fills_it() {
        let mut rates = rates(10, 3);
        let mut take = |name, now_ms| rates.take(&user(name), RateKind::Messages, now_ms);
        for _ in 0..3 {
            assert_eq!(take("one", 1_000), Ok(()));
        }
        assert_eq!(take("one", 1_000), Err(100));
        assert_eq!(take("other", 1_000), Ok(()), "each user has their own bucket");
        assert_eq!(take("one", 1_099), Err(1));
        assert_eq!(take("one", 1_100), Ok(()));
        assert_eq!(take("one", 900), Err(100), "the clock was set back");
        for _ in 0..3 {
            assert_eq!(take("one", u64::MAX / 2), Ok(()));
        }
        assert!(take("one", u64::MAX / 2).is_err(), "a long pause fills no more than the bucket");
    }

    #[test]
    fn each_kind_of_request_has_its_own_bucket_and_a_large_reply_costs_more() {
        let mut rates = rates(1, 1);
        let ana = user("ana");
        assert_eq!(rates.take(&ana, RateKind::Messages, 0), Ok(()));
        assert_eq!(rates.take(&ana, RateKind::Messages, 0), Err(1_000));
        for kind in [RateKind::Reads, RateKind::Joins, RateKind::Creations, RateKind::Invitations] {
            assert_eq!(rates.take(&ana, kind, 0), Ok(()));
        }
        rates.charge(&ana, RateKind::Reads, 10_000, 0);
        assert_eq!(rates.take(&ana, RateKind::Reads, 0), Err(2));
    }

    #[test]
    fn a_day_has_a_quota_of_log_bytes() {
        let mut rates = Rates::new(UserLimits { log_bytes_per_day: 100, ..UserLimits::default() });
        let (ana, noon) = (user("ana"), 10 * DAY_MS + DAY_MS / 2);
        rates.count_log_bytes(&ana, 99, noon);
        assert_eq!(rates.may_write(&ana, noon), Ok(()));
        rates.count_log_bytes(&ana, 99, noon);
        assert_eq!(rates.may_write(&ana, noon), Err(DAY_MS / 2));
        assert_eq!(rates.may_write(&user("bob"), noon), Ok(()));
        assert_eq!(rates.may_write(&ana, 11 * DAY_MS), Ok(()), "the next day");
        rates.count_log_bytes(&ana, 99, 11 * DAY_MS);
        assert_eq!(rates.may_write(&ana, 11 * DAY_MS), Ok(()));
    }

    #[test]
    fn users_who_were_idle_for_a_day_are_removed() {
        let mut rates = rates(1_000, 1);
        for i in 0..3 * REMEMBERED_MAX as u64 {
            assert_eq!(rates.take(&user(&format!("u{i}")), RateKind::Messages, i * DAY_MS / 1_000), Ok(()));
        }
        assert!(rates.users.len() <= REMEMBERED_MAX, "{}", rates.users.len());
    }
}

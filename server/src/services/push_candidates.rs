//! The users whom recent events may notify. The next `push.take` of a gateway takes them.

use std::collections::{BTreeMap, BTreeSet};

use common::{ChannelName, Target, UserName};

use crate::domain::push::Candidate;

/// The maximum number of candidates. Beyond it, all users with a subscription are candidates.
const CANDIDATES_MAX: usize = 10_000;

/// The minimum time between two searches for the members of channels. A search takes about 6 ms for 30,000
/// members, and users have more time to read anyway.
const MEMBERS_INTERVAL_MS: u64 = 1_000;

/// The conversations of users, as the users address them.
pub(crate) type Conversations = BTreeMap<UserName, BTreeSet<Target>>;

/// Channels in which a user has mentioned all members.
pub(crate) type Mentioned = BTreeSet<(ChannelName, UserName)>;

#[derive(Debug, Default)]
pub struct PushCandidates {
    users: Conversations,
    members: Mentioned,
    count: usize,
    has_overflowed: bool,
    members_due_ms: u64,
}

impl PushCandidates {
    pub(crate) fn add(&mut self, candidate: Candidate, sender: &UserName) {
        if self.count >= CANDIDATES_MAX {
            *self = Self { has_overflowed: true, members_due_ms: self.members_due_ms, ..Self::default() };
        }
        if self.has_overflowed {
            return;
        }
        let is_new = match candidate {
            Candidate::User(user, conversation) => self.users.entry(user).or_default().insert(conversation),
            Candidate::Members(channel) => self.members.insert((channel, sender.clone())),
        };
        self.count += usize::from(is_new);
    }

    /// Removes and returns the users; `None` if there were too many candidates.
    pub(crate) fn take(&mut self) -> Option<Conversations> {
        let users = std::mem::take(&mut self.users);
        self.count = self.members.len();
        (!std::mem::take(&mut self.has_overflowed)).then_some(users)
    }

    /// Removes and returns the channels whose members are candidates, if the last time was long enough ago.
    pub(crate) fn take_members(&mut self, now_ms: u64) -> Mentioned {
        if self.members_wait_ms(now_ms) != Some(0) {
            return Mentioned::new();
        }
        self.members_due_ms = now_ms + MEMBERS_INTERVAL_MS;
        self.count -= self.members.len();
        std::mem::take(&mut self.members)
    }

    /// Milliseconds until [`take_members`](Self::take_members) returns channels; `None` if there are none. A
    /// time far in the future means that the clock was set back, so it does not count.
    pub(crate) fn members_wait_ms(&self, now_ms: u64) -> Option<u64> {
        let wait_ms = self.members_due_ms.saturating_sub(now_ms);
        let is_due = wait_ms == 0 || wait_ms > MEMBERS_INTERVAL_MS;
        (!self.members.is_empty()).then_some(if is_due { 0 } else { wait_ms })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(number: usize) -> UserName {
        UserName::new(&format!("user{number}")).expect("a name")
    }

    fn ops() -> ChannelName {
        ChannelName::new("#ops").expect("a name")
    }

    #[test]
    fn too_many_candidates_mean_all_users() {
        let mut candidates = PushCandidates::default();
        let candidate = |number| Candidate::User(user(number), Target::Channel(ops()));
        (0..CANDIDATES_MAX).for_each(|number| candidates.add(candidate(number), &user(0)));
        candidates.add(Candidate::Members(ops()), &user(0));
        assert_eq!((candidates.take(), candidates.take_members(0)), (None, Mentioned::new()));
        candidates.add(candidate(1), &user(0));
        assert_eq!(candidates.take(), Some([(user(1), [Target::Channel(ops())].into())].into()));
        assert_eq!(candidates.take(), Some(BTreeMap::new()));
    }

    #[test]
    fn members_are_taken_once_for_many_messages_and_at_most_once_per_interval() {
        let mut candidates = PushCandidates::default();
        let mut taken = |now_ms| {
            (0..100).for_each(|_| candidates.add(Candidate::Members(ops()), &user(0)));
            (candidates.take_members(now_ms).len(), candidates.members_wait_ms(now_ms))
        };
        assert_eq!(taken(5_000), (1, None));
        assert_eq!(taken(5_001), (0, Some(MEMBERS_INTERVAL_MS - 1)));
        assert_eq!(taken(5_000 + MEMBERS_INTERVAL_MS), (1, None));
        assert_eq!(taken(1_000), (1, None), "the clock was set back");
    }
}

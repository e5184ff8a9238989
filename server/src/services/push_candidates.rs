//! The users whom recent events may notify. The next `push.take` of a gateway takes them.

use std::collections::{BTreeMap, BTreeSet};

use common::{Target, UserName};

/// The maximum number of candidates. Beyond it, all users with a subscription are candidates.
const CANDIDATES_MAX: usize = 10_000;

/// The conversations of users, as the users address them.
pub(crate) type Conversations = BTreeMap<UserName, BTreeSet<Target>>;

#[derive(Debug, Default)]
pub struct PushCandidates {
    users: Conversations,
    count: usize,
    has_overflowed: bool,
}

impl PushCandidates {
    pub(crate) fn add(&mut self, user: UserName, conversation: Target) {
        if self.count >= CANDIDATES_MAX {
            *self = Self { has_overflowed: true, ..Self::default() };
        }
        if !self.has_overflowed && self.users.entry(user).or_default().insert(conversation) {
            self.count += 1;
        }
    }

    /// Removes and returns the candidates; `None` if there were too many.
    pub(crate) fn take(&mut self) -> Option<Conversations> {
        let Self { users, has_overflowed, .. } = std::mem::take(self);
        (!has_overflowed).then_some(users)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_candidates_mean_all_users() {
        let mut candidates = PushCandidates::default();
        let user = |number: usize| UserName::new(&format!("user{number}")).expect("a name");
        let conversation = Target::new("#ops").expect("a target");
        (0..CANDIDATES_MAX).for_each(|number| candidates.add(user(number), conversation.clone()));
        candidates.add(user(0), conversation.clone());
        assert_eq!(candidates.take(), None);
        candidates.add(user(1), conversation.clone());
        assert_eq!(candidates.take(), Some([(user(1), [conversation].into())].into()));
        assert_eq!(candidates.take(), Some(BTreeMap::new()));
    }
}

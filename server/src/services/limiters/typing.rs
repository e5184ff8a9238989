//! How often it is told that somebody is writing: once in three seconds, for each user and conversation.

use std::collections::HashMap;

use common::limits::TYPING_EVERY_MS;
use common::{Target, UserName};
use foldhash::fast::RandomState;

/// Writers remembered at once; at the bound those that were told longer ago are forgotten, and when that is not
/// enough nobody else is told.
const REMEMBERED_MAX: usize = 16 * 1024;

/// Who was said to be writing where.
#[derive(Debug, Default)]
pub struct Typing {
    told: HashMap<(UserName, Target), Told, RandomState>,
}

#[derive(Debug)]
struct Told {
    /// When they were said to be writing, in Unix milliseconds.
    at_ms: u64,
    /// Whether that was the last thing said.
    is_typing: bool,
}

impl Typing {
    /// Whether this is to be told. That somebody stops is told once, and at once.
    pub fn take(&mut self, user: &UserName, to: &Target, typing: bool, now_ms: u64) -> bool {
        // A clock that went back does not keep anybody silent.
        let is_recent = |told: &Told| now_ms.abs_diff(told.at_ms) < TYPING_EVERY_MS;
        if self.told.len() >= REMEMBERED_MAX {
            self.told.retain(|_, told| is_recent(told));
        }
        let is_full = self.told.len() >= REMEMBERED_MAX;
        match (self.told.get_mut(&(user.clone(), to.clone())), typing) {
            (Some(told), true) if is_recent(told) => false,
            (Some(told), true) => {
                *told = Told { at_ms: now_ms, is_typing: true };
                true
            }
            (Some(told), false) => std::mem::replace(&mut told.is_typing, false),
            (None, true) if !is_full => {
                self.told.insert((user.clone(), to.clone()), Told { at_ms: now_ms, is_typing: true });
                true
            }
            (None, _) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use testkit::user;

    use super::*;

    #[test]
    fn once_in_three_seconds_and_the_end_at_once() {
        let mut typing = Typing::default();
        let (ana, here, there) =
            (user("ana"), Target::new("#a").expect("a"), Target::new("@bob").expect("b"));
        assert!(typing.take(&ana, &here, true, 10_000));
        assert!(!typing.take(&ana, &here, true, 12_999));
        assert!(typing.take(&ana, &there, true, 12_999), "elsewhere");
        assert!(typing.take(&user("bob"), &here, true, 12_999), "somebody else");
        assert!(typing.take(&ana, &here, false, 12_999));
        assert!(!typing.take(&ana, &here, false, 12_999), "said already");
        assert!(!typing.take(&ana, &here, true, 12_999), "not by stopping in between");
        assert!(typing.take(&ana, &here, true, 13_000));
        assert!(typing.take(&ana, &here, true, 1_000), "the clock went back");
        assert!(!typing.take(&user("eva"), &here, false, 1_000), "never said");
    }

    #[test]
    fn what_is_remembered_has_a_bound() {
        let (mut typing, here) = (Typing::default(), Target::new("#a").expect("a"));
        let told =
            (0..2 * REMEMBERED_MAX).filter(|i| typing.take(&user(&i.to_string()), &here, true, 7)).count();
        assert_eq!((told, typing.told.len()), (REMEMBERED_MAX, REMEMBERED_MAX));
        assert!(typing.take(&user("late"), &here, true, 7 + TYPING_EVERY_MS));
        assert_eq!(typing.told.len(), 1);
    }
}

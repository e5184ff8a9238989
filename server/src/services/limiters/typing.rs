//! The rate limit of typing notices: one in three seconds for each user and conversation.

use std::collections::HashMap;

use common::limits::TYPING_INTERVAL_MS;
use common::{Target, UserName};
use foldhash::fast::RandomState;

/// The maximum number of remembered pairs of user and conversation. At the maximum, pairs without a recent
/// notice are forgotten. If all notices are recent, notices of other pairs are not published.
const REMEMBERED_MAX: usize = 16 * 1024;

/// The last typing notice of each user in each conversation.
#[derive(Debug, Default)]
pub struct Typing {
    notices: HashMap<(UserName, Target), Notice, RandomState>,
}

#[derive(Debug)]
struct Notice {
    /// The time of the last start notice, in Unix milliseconds.
    at_ms: u64,
    /// Whether no stop notice was published after it.
    is_typing: bool,
}

impl Typing {
    /// Returns true if the notice must be published. A stop notice is published once and without delay.
    pub fn permit(&mut self, user: &UserName, to: &Target, typing: bool, now_ms: u64) -> bool {
        // If the clock was set back, no notice is recent.
        let is_recent = |notice: &Notice| now_ms.abs_diff(notice.at_ms) < TYPING_INTERVAL_MS;
        if self.notices.len() >= REMEMBERED_MAX {
            self.notices.retain(|_, notice| is_recent(notice));
        }
        let is_full = self.notices.len() >= REMEMBERED_MAX;
        match (self.notices.get_mut(&(user.clone(), to.clone())), typing) {
            (Some(notice), true) if is_recent(notice) => false,
            (Some(notice), true) => {
                *notice = Notice { at_ms: now_ms, is_typing: true };
                true
            }
            (Some(notice), false) => std::mem::replace(&mut notice.is_typing, false),
            (None, true) if !is_full => {
                self.notices.insert((user.clone(), to.clone()), Notice { at_ms: now_ms, is_typing: true });
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
    fn a_start_is_published_once_in_three_seconds_and_a_stop_immediately() {
        let mut typing = Typing::default();
        let (ana, here, there) =
            (user("ana"), Target::new("#a").expect("a"), Target::new("@bob").expect("b"));
        assert!(typing.permit(&ana, &here, true, 10_000));
        assert!(!typing.permit(&ana, &here, true, 12_999));
        assert!(typing.permit(&ana, &there, true, 12_999), "another conversation");
        assert!(typing.permit(&user("bob"), &here, true, 12_999), "another user");
        assert!(typing.permit(&ana, &here, false, 12_999));
        assert!(!typing.permit(&ana, &here, false, 12_999), "published already");
        assert!(!typing.permit(&ana, &here, true, 12_999), "a stop does not reset the limit");
        assert!(typing.permit(&ana, &here, true, 13_000));
        assert!(typing.permit(&ana, &here, true, 1_000), "the clock was set back");
        assert!(!typing.permit(&user("eva"), &here, false, 1_000), "no start was published");
    }

    #[test]
    fn the_number_of_notices_is_bounded() {
        let (mut typing, here) = (Typing::default(), Target::new("#a").expect("a"));
        let published =
            (0..2 * REMEMBERED_MAX).filter(|i| typing.permit(&user(&i.to_string()), &here, true, 7)).count();
        assert_eq!((published, typing.notices.len()), (REMEMBERED_MAX, REMEMBERED_MAX));
        assert!(typing.permit(&user("late"), &here, true, 7 + TYPING_INTERVAL_MS));
        assert_eq!(typing.notices.len(), 1);
    }
}

//! Records the events that one client has shown, and checks that each conversation has no gaps.

use std::collections::BTreeMap;

use common::{Target, UserName};
use session::Entry;

use super::{Check, ensure};

/// The last shown event of each conversation since the client started.
#[derive(Default)]
pub struct Shown {
    last: BTreeMap<Target, Last>,
}

/// The last event of a conversation that was shown or need not be shown.
#[derive(Debug, Clone, Copy)]
struct Last {
    n: u64,
    /// Whether the event was shown. If false, the event is older than the time from which the client follows.
    was_shown: bool,
}

impl Shown {
    /// The number of the last event that was shown or need not be shown.
    pub fn last(&self, conversation: &Target) -> Option<u64> {
        self.last.get(conversation).map(|last| last.n)
    }

    /// Whether all required events up to `head` were shown. `None` if the client does not follow the
    /// conversation.
    pub fn is_complete(&self, conversation: &Target, head: u64) -> Option<bool> {
        let last = self.last.get(conversation)?;
        Some(last.n == head || (last.n > head && !last.was_shown))
    }

    /// Requires all events after `n`, unless events were required already.
    pub fn expect_after(&mut self, conversation: Target, n: u64) {
        self.last.entry(conversation).or_insert(Last { n, was_shown: false });
    }

    pub fn forget(&mut self, conversation: &Target) {
        self.last.remove(conversation);
    }

    /// Checks that the number of a shown event follows the number of the last shown event. A gap is allowed
    /// only if the user left or joined in between. `membership_changed_after(n)` returns whether this
    /// happened after event `n`.
    pub fn shown_in_order(
        &mut self,
        user: &UserName,
        entry: &Entry,
        membership_changed_after: impl FnOnce(u64) -> bool,
    ) -> Check {
        let conversation = &entry.conversation;
        let last = self.last.insert(conversation.clone(), Last { n: entry.n, was_shown: true });
        let Some(Last { n: last, was_shown }) = last else { return Ok(()) };
        let is_next = entry.n == last + 1 || (entry.n <= last && !was_shown);
        ensure(is_next || (entry.n > last && membership_changed_after(last)), "shown_in_order", || {
            format!("{user} was shown {conversation} {} after {last}", entry.n)
        })
    }

    /// Checks that a page has no gap. The client shows the page when it opens a conversation. The user
    /// requests the `more` events after the page with further pages. All later events are required.
    pub fn opened_in_order(&mut self, user: &UserName, page: &[Entry], more: u64) -> Check {
        let numbers: Vec<u64> = page.iter().map(|entry| entry.n).collect();
        let is_run = numbers.windows(2).all(|pair| pair[1] == pair[0] + 1);
        ensure(is_run, "shown_in_order", || format!("{user} was shown a page of {numbers:?}"))?;
        if let Some(entry) = page.last() {
            let shown = Last { n: entry.n + more, was_shown: true };
            let last = self.last.entry(entry.conversation.clone()).or_insert(shown);
            if last.n <= shown.n {
                *last = shown;
            }
        }
        Ok(())
    }
}

//! What one client has shown: of each conversation a run of events without a hole.

use std::collections::BTreeMap;

use common::{Target, UserName};
use session::Entry;

use super::{Check, ensure};

/// How far one client has come, since it was started.
#[derive(Default)]
pub struct Shown {
    last: BTreeMap<Target, Last>,
}

/// The last event of a conversation that the person knows of.
#[derive(Debug, Clone, Copy)]
struct Last {
    n: u64,
    /// Whether it was shown. Otherwise it only is the last that need not be, because it came before.
    was_shown: bool,
}

impl Shown {
    /// The last event of a conversation that the person knows of.
    pub fn last(&self, conversation: &Target) -> Option<u64> {
        self.last.get(conversation).map(|last| last.n)
    }

    /// Whether everything up to `head` was shown, or need not be. `None`: the client does not follow this.
    pub fn is_complete(&self, conversation: &Target, head: u64) -> Option<bool> {
        let last = self.last.get(conversation)?;
        Some(last.n == head || (last.n > head && !last.was_shown))
    }

    /// From here on everything must be shown, unless some was already.
    pub fn owe_after(&mut self, conversation: Target, n: u64) {
        self.last.entry(conversation).or_insert(Last { n, was_shown: false });
    }

    /// The person takes part no more.
    pub fn forget(&mut self, conversation: &Target) {
        self.last.remove(conversation);
    }

    /// An event is shown: it must be the one after the last. Only who came or went in between, as `was_away` says
    /// of all events after a number, may miss some.
    pub fn shown_in_order(
        &mut self,
        who: &UserName,
        entry: &Entry,
        was_away: impl FnOnce(u64) -> bool,
    ) -> Check {
        let conversation = &entry.conversation;
        let last = self.last.insert(conversation.clone(), Last { n: entry.n, was_shown: true });
        let Some(Last { n: last, was_shown }) = last else { return Ok(()) };
        let is_next = entry.n == last + 1 || (entry.n <= last && !was_shown);
        ensure(is_next || (entry.n > last && was_away(last)), "shown_in_order", || {
            format!("{who} was shown {conversation} {} after {last}", entry.n)
        })
    }

    /// The newest page is shown: it has no hole, and everything after it follows.
    pub fn opened_in_order(&mut self, who: &UserName, page: &[Entry]) -> Check {
        let numbers: Vec<u64> = page.iter().map(|entry| entry.n).collect();
        let is_run = numbers.windows(2).all(|pair| pair[1] == pair[0] + 1);
        ensure(is_run, "shown_in_order", || format!("{who} was shown a page of {numbers:?}"))?;
        if let Some(entry) = page.last() {
            let shown = Last { n: entry.n, was_shown: true };
            let last = self.last.entry(entry.conversation.clone()).or_insert(shown);
            if last.n <= entry.n {
                *last = shown;
            }
        }
        Ok(())
    }
}

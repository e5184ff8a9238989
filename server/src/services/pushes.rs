//! The pushes that wait for the browsers of users who are away.
//!
//! All of this is in memory. The position of each subscription is in the log: after a restart, the server
//! considers all messages after it again, so a crash loses no push and repeats at most one run.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

use common::limits::{PUSH_DELAY_MS, PUSH_LATE_MS};
use common::{Target, UserName};
use uuid::Uuid;

use crate::domain::push::Announced;
use crate::services::leases::Leases;
use crate::services::push_candidates::Conversations;

/// The maximum number of waiting conversations of a user, and of conversations whose last push is known for a
/// browser. Beyond it, the server considers all conversations of the user, and only the stored position.
const CONVERSATIONS_MAX: usize = 1_000;

/// The number of browsers below which those whose session has ended stay.
const BROWSERS_KEPT: usize = 64;

/// The maximum number of stored signatures. There are few push services.
const SIGNATURES_MAX: usize = 256;

#[derive(Debug, Default)]
pub struct Pushes {
    pub leases: Leases,
    /// The users who have time to read before the server decides.
    waiting: BTreeMap<UserName, Waiting>,
    /// By session.
    browsers: BTreeMap<Uuid, Browser>,
    /// The number of browsers at which those whose session has ended are removed.
    purge_at: usize,
    signatures: HashMap<(String, String), (String, u64)>,
    /// Whether the subscriptions of the log were considered since the start of the server.
    pub is_complete: bool,
}

/// A user with messages that may need a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub due_ms: u64,
    /// `None` means all conversations.
    pub conversations: Option<BTreeSet<Target>>,
    /// Whether the user was online when the messages were due, so that they are considered a second time.
    pub is_late: bool,
}

/// A browser with a subscription.
#[derive(Debug)]
pub struct Browser {
    pub user: UserName,
    /// The position of the subscription when the server first considered it.
    pub base: u64,
    /// The pushes to send.
    pub ready: BTreeMap<Target, Announced>,
    /// The number of the last message that was announced, by conversation.
    sent: BTreeMap<Target, u64>,
    /// The time of the first failure since the last push that was accepted.
    failing_since_ms: Option<u64>,
}

impl Pushes {
    /// Adds the users whom new events may notify.
    pub fn add(&mut self, candidates: Conversations, now_ms: u64) {
        let due_ms = now_ms + PUSH_DELAY_MS;
        for (user, added) in candidates {
            let waiting = self.waiting.entry(user).or_insert_with(|| Waiting {
                due_ms,
                conversations: Some(BTreeSet::new()),
                is_late: false,
            });
            if waiting.is_late {
                (waiting.due_ms, waiting.is_late) = (due_ms, false);
            }
            if let Some(conversations) = &mut waiting.conversations {
                conversations.extend(added);
                if conversations.len() > CONVERSATIONS_MAX {
                    waiting.conversations = None;
                }
            }
        }
    }

    /// Adds all conversations of a user.
    pub fn add_all_of(&mut self, user: UserName, now_ms: u64) {
        let due_ms = now_ms + PUSH_DELAY_MS;
        self.waiting.insert(user, Waiting { due_ms, conversations: None, is_late: false });
    }

    /// Removes and returns the users whose messages are due. A time far in the future means that the clock
    /// was set back, so it does not count.
    pub fn take_due(&mut self, now_ms: u64) -> Vec<(UserName, Waiting)> {
        let is_due = |waiting: &Waiting| waiting.due_ms <= now_ms || waiting.due_ms > now_ms + PUSH_LATE_MS;
        self.waiting.extract_if(.., |_, waiting| is_due(waiting)).collect()
    }

    /// Considers the messages of a user again after `delay_ms`.
    pub fn postpone(&mut self, user: UserName, waiting: Waiting, delay_ms: u64, now_ms: u64) {
        self.waiting.entry(user).or_insert(Waiting { due_ms: now_ms + delay_ms, ..waiting });
    }

    /// Makes a push ready for a browser, unless it was sent before. `position` is that of the subscription.
    pub fn make_ready(
        &mut self,
        (session, user, position): (Uuid, &UserName, u64),
        conversation: &Target,
        announced: Announced,
    ) {
        let browser = self.browsers.entry(session).or_insert_with(|| Browser {
            user: user.clone(),
            base: position,
            ready: BTreeMap::new(),
            sent: BTreeMap::new(),
            failing_since_ms: None,
        });
        let sent = browser.sent.get(conversation).copied().unwrap_or_default();
        if announced.record > browser.base && announced.n > sent {
            browser.ready.insert(conversation.clone(), announced);
        }
    }

    #[must_use]
    pub fn browser(&self, session: Uuid) -> Option<&Browser> {
        self.browsers.get(&session)
    }

    /// The browsers with pushes that no gateway has, beginning after the one that was leased last.
    pub fn free(&self, now_ms: u64) -> impl Iterator<Item = (Uuid, &Browser)> {
        let last = self.leases.last_hook;
        let after = self.browsers.range((Bound::Excluded(last), Bound::Unbounded));
        let all = after.chain(self.browsers.range(..=last)).map(|(session, browser)| (*session, browser));
        all.filter(move |(session, browser)| {
            !browser.ready.is_empty() && self.leases.is_free(*session, now_ms)
        })
    }

    /// Removes pushes of a browser that are no longer necessary.
    pub fn retain_ready(&mut self, session: Uuid, is_necessary: impl Fn(&Target) -> bool) {
        if let Some(browser) = self.browsers.get_mut(&session) {
            browser.ready.retain(|conversation, _| is_necessary(conversation));
        }
    }

    /// Marks the pushes up to the record as sent.
    pub fn sent(&mut self, session: Uuid, record: u64) {
        let Some(browser) = self.browsers.get_mut(&session) else { return };
        for (conversation, announced) in browser.ready.extract_if(.., |_, known| known.record <= record) {
            browser.sent.insert(conversation, announced.n);
        }
        browser.failing_since_ms = None;
        if browser.sent.len() > CONVERSATIONS_MAX {
            browser.sent.clear();
            browser.base = record;
        }
    }

    /// Milliseconds since the first failure of a browser.
    pub fn failed(&mut self, session: Uuid, now_ms: u64) -> u64 {
        let Some(browser) = self.browsers.get_mut(&session) else { return 0 };
        now_ms.saturating_sub(*browser.failing_since_ms.get_or_insert(now_ms))
    }

    /// Forgets the browsers without a subscription whenever the number of browsers has doubled. So the memory
    /// is bounded by the number of subscriptions.
    pub fn purge(&mut self, is_subscribed: impl Fn(&Browser, Uuid) -> bool) {
        if self.browsers.len() < self.purge_at.max(BROWSERS_KEPT) {
            return;
        }
        let has_ended = |(session, browser): &(&Uuid, &Browser)| !is_subscribed(browser, **session);
        let ended: Vec<_> = self.browsers.iter().filter(has_ended).map(|(session, _)| *session).collect();
        ended.into_iter().for_each(|session| self.remove(session));
        self.purge_at = 2 * self.browsers.len();
    }

    /// Forgets the browser of a session that ended or subscribed again.
    pub fn remove(&mut self, session: Uuid) {
        self.browsers.remove(&session);
        self.leases.release(session);
    }

    /// The header `Authorization` for an origin, from `sign` unless a valid one is stored.
    pub fn authorization(
        &mut self,
        key: (String, String),
        now_s: u64,
        sign: impl FnOnce() -> Option<(String, u64)>,
    ) -> Option<String> {
        if let Some((known, renew_s)) = self.signatures.get(&key)
            && now_s < *renew_s
        {
            return Some(known.clone());
        }
        let (header, renew_s) = sign()?;
        if self.signatures.len() >= SIGNATURES_MAX {
            self.signatures.clear();
        }
        self.signatures.insert(key, (header.clone(), renew_s));
        Some(header)
    }

    /// Milliseconds until the next messages are due or the next browser becomes free.
    #[must_use]
    pub fn next_ms(&self, now_ms: u64) -> Option<u64> {
        let due = self.waiting.values().map(|waiting| waiting.due_ms.saturating_sub(now_ms)).min();
        let has_ready = self.browsers.values().any(|browser| !browser.ready.is_empty());
        let free = self.leases.next_ms(now_ms).filter(|_| has_ready);
        [due, free].into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(user: &str, conversation: &str) -> Conversations {
        let conversation = Target::new(conversation).expect("a target");
        [(UserName::new(user).expect("a name"), [conversation].into())].into()
    }

    #[test]
    fn a_user_has_time_to_read_and_later_messages_do_not_extend_it() {
        let mut pushes = Pushes::default();
        pushes.add(of("bob", "#ops"), 1_000);
        pushes.add(of("bob", "@ana"), 1_000 + PUSH_DELAY_MS - 1);
        assert_eq!(pushes.next_ms(1_000), Some(PUSH_DELAY_MS));
        assert!(pushes.take_due(1_000 + PUSH_DELAY_MS - 1).is_empty());
        let due = pushes.take_due(1_000 + PUSH_DELAY_MS);
        assert_eq!(due[0].1.conversations.as_ref().map(BTreeSet::len), Some(2));
        assert!(pushes.take_due(u64::MAX / 2).is_empty() && pushes.next_ms(0).is_none());
    }

    #[test]
    fn a_clock_that_was_set_back_delays_no_push() {
        let mut pushes = Pushes::default();
        pushes.add(of("bob", "#ops"), 10 * PUSH_LATE_MS);
        assert_eq!(pushes.take_due(1_000).len(), 1);
    }

    #[test]
    fn a_message_is_announced_once() {
        let mut pushes = Pushes::default();
        let (session, user) = (Uuid::from_u128(1), UserName::new("bob").expect("a name"));
        let conversation = Target::new("#ops").expect("a target");
        let ready = |pushes: &mut Pushes, n, record| {
            pushes.make_ready((session, &user, 10), &conversation, Announced { n, record });
            pushes.browser(session).expect("a browser").ready.len()
        };
        assert_eq!(ready(&mut pushes, 1, 10), 0, "the position is not before the message");
        assert_eq!(ready(&mut pushes, 2, 11), 1);
        pushes.sent(session, 11);
        assert_eq!(ready(&mut pushes, 2, 12), 0, "a later reaction is no message");
        assert_eq!(ready(&mut pushes, 4, 13), 1);
    }

    #[test]
    fn browsers_whose_session_has_ended_are_forgotten() {
        let mut pushes = Pushes::default();
        let (user, ops) = (UserName::new("bob").expect("a name"), Target::new("#ops").expect("a target"));
        for number in 0..10 * BROWSERS_KEPT as u128 {
            let browser = (Uuid::from_u128(number), &user, 0);
            pushes.make_ready(browser, &ops, Announced { n: 1, record: 1 });
            pushes.leases.lease(browser.0, 0);
            pushes.purge(|_, session| session.as_u128() < 10);
        }
        assert!(pushes.browsers.len() <= BROWSERS_KEPT, "{}", pushes.browsers.len());
        assert!(pushes.browser(Uuid::from_u128(9)).is_some());
        assert!(
            pushes.leases.is_free(Uuid::from_u128(10), 0) && !pushes.leases.is_free(Uuid::from_u128(9), 0)
        );
    }

    #[test]
    fn a_signature_is_used_until_it_is_renewed() {
        let mut pushes = Pushes::default();
        let mut get = |now_s, new: &str| {
            let key = ("https://push.example".to_owned(), String::new());
            pushes.authorization(key, now_s, || Some((new.to_owned(), now_s + 10))).expect("a header")
        };
        assert_eq!([get(0, "one"), get(9, "two"), get(10, "three")], ["one", "one", "three"]);
    }
}

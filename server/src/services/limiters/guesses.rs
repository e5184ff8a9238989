//! Slows down the guessing of passwords for each account, and of codes and signatures for each client. After
//! a few wrong passwords, only one attempt runs at a time, and each wrong attempt doubles the delay before
//! the next one.
//!
//! An [`Attempt`] runs until it is dropped, so it ends even if its job is rejected or panics.
//!
//! The delay also affects the owner of the account, so it has a maximum. Sessions of the account, and clients
//! that have logged in to it before, have their own counts. All other clients share one count, because a new
//! key costs nothing. When a delay ends, a random client among those that tried during the delay has the
//! first turn. So a client that sends requests continuously cannot lock out the owner.
//!
//! A name without an account is treated the same, so the delay does not show whether the account exists.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::sync::Arc;

use common::UserName;
use uuid::Uuid;

use crate::domain::records::ClientKey;
use crate::services::peer::PeerId;

/// The number of wrong passwords without a delay, for typing errors.
const FREE_ATTEMPTS: u32 = 5;

/// The maximum number of concurrent attempts while there is no delay: a user's devices may start together.
const RUNNING_MAX: usize = 32;

/// The first delay in milliseconds.
const DELAY_MS: u64 = 1_000;

/// The longest delay in milliseconds. It permits about 1,400 guesses a day.
const DELAY_MS_MAX: u64 = 60_000;

/// Milliseconds after a delay in which only one client may try: enough to type a password.
const TURN_MS: u64 = 10_000;

/// Milliseconds without a wrong attempt after which the count of wrong attempts is reset.
const FORGET_MS: u64 = 3_600_000;

/// The maximum number of remembered names without an account, and clients with wrong codes or signatures. A
/// new entry replaces the entry that had its slot. This helps no attacker: such a name has no password, and a
/// code has 128 random bits.
const SLOTS: usize = 1_024;

/// The clients whose wrong passwords are counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Guesser {
    /// The open sessions of an account, when they change its password.
    Session(UserName),
    /// A client that has logged in to the account before.
    KnownClient(UserName, ClientKey),
    /// All other clients that try to log in to this account.
    Stranger(UserName),
    /// Clients that try to log in to an account that does not exist.
    NoAccount(UserName),
    /// A client that gives a join code, or a code for a new password.
    Code(PeerId),
    /// A client that posts with a signed webhook.
    Signature(Uuid, PeerId),
}

/// The recent attempts. The number of entries is bounded by the accounts and their known clients.
#[derive(Debug, Default)]
pub struct Guesses {
    accounts: HashMap<Guesser, Attempts>,
    slots: HashMap<u64, (Guesser, Attempts)>,
    /// Makes ranks and slots unpredictable for clients.
    seed: RandomState,
}

/// An attempt with a password, a code or a signature. It runs until it is dropped.
#[derive(Debug)]
#[must_use]
pub struct Attempt {
    guesser: Guesser,
    running: Arc<()>,
}

#[derive(Debug, Default)]
struct Attempts {
    wrong: u32,
    /// The time of the next attempt, in Unix milliseconds.
    blocked_until_ms: u64,
    /// The lowest rank of the clients that tried during the delay. The client with this rank has the turn.
    turn: Option<u64>,
    /// Each running attempt holds a clone.
    running: Arc<()>,
}

impl PartialEq for Attempt {
    fn eq(&self, other: &Self) -> bool {
        self.guesser == other.guesser && Arc::ptr_eq(&self.running, &other.running)
    }
}

impl Eq for Attempt {}

impl Attempts {
    fn running(&self) -> usize {
        Arc::strong_count(&self.running) - 1
    }

    /// Begins an attempt, or returns the milliseconds to wait. `rank` returns a random number of the client
    /// for the delay that ends at the given time.
    fn begin(&mut self, rank: impl FnOnce(u64) -> u64, now_ms: u64) -> Result<Arc<()>, u64> {
        // If the clock was set back, the delay must not exceed its maximum.
        self.blocked_until_ms = self.blocked_until_ms.min(now_ms.saturating_add(DELAY_MS_MAX));
        let rank = rank(self.blocked_until_ms);
        if now_ms < self.blocked_until_ms {
            self.turn = Some(self.turn.map_or(rank, |turn| turn.min(rank)));
            return Err(self.blocked_until_ms - now_ms);
        }
        let passed_ms = now_ms - self.blocked_until_ms;
        if passed_ms < TURN_MS && self.turn.is_some_and(|turn| rank > turn) {
            return Err(TURN_MS - passed_ms);
        }
        if passed_ms >= FORGET_MS {
            self.wrong = 0;
        }
        let running_max = if self.wrong >= FREE_ATTEMPTS { 1 } else { RUNNING_MAX };
        if self.running() >= running_max {
            return Err(DELAY_MS);
        }
        Ok(Arc::clone(&self.running))
    }

    fn count_wrong(&mut self, now_ms: u64) {
        self.wrong = self.wrong.saturating_add(1);
        let doublings = self.wrong.checked_sub(FREE_ATTEMPTS);
        let delay_ms =
            doublings.map_or(0, |doublings| DELAY_MS.saturating_mul(2_u64.saturating_pow(doublings)));
        self.blocked_until_ms = now_ms.saturating_add(delay_ms.min(DELAY_MS_MAX));
        self.turn = None;
    }
}

impl Guesses {
    /// Begins an attempt, or returns the milliseconds to wait.
    pub fn begin(&mut self, guesser: Guesser, peer: &PeerId, now_ms: u64) -> Result<Attempt, u64> {
        let Self { accounts, slots, seed } = self;
        let rank = |blocked_until_ms| seed.hash_one((peer, blocked_until_ms));
        let attempts = match &guesser {
            Guesser::NoAccount(_) | Guesser::Code(_) | Guesser::Signature(..) => {
                let new = || (guesser.clone(), Attempts::default());
                let slot = slots.entry(slot(seed, &guesser)).or_insert_with(new);
                if slot.0 != guesser {
                    *slot = new();
                }
                &mut slot.1
            }
            Guesser::Session(_) | Guesser::KnownClient(..) | Guesser::Stranger(_) => {
                accounts.entry(guesser.clone()).or_default()
            }
        };
        let running = attempts.begin(rank, now_ms)?;
        Ok(Attempt { guesser, running })
    }

    /// Ends an attempt and counts its result. A correct password resets the count of wrong passwords.
    pub fn end(&mut self, attempt: Attempt, is_correct: bool, now_ms: u64) {
        let Attempt { guesser, running } = attempt;
        let attempts = match &guesser {
            Guesser::NoAccount(_) | Guesser::Code(_) | Guesser::Signature(..) => {
                self.slots.get_mut(&slot(&self.seed, &guesser)).map(|(_, attempts)| attempts)
            }
            Guesser::Session(_) | Guesser::KnownClient(..) | Guesser::Stranger(_) => {
                self.accounts.get_mut(&guesser)
            }
        };
        let Some(attempts) = attempts.filter(|attempts| Arc::ptr_eq(&attempts.running, &running)) else {
            return;
        };
        drop(running);
        if !is_correct {
            return attempts.count_wrong(now_ms);
        }
        (attempts.wrong, attempts.blocked_until_ms, attempts.turn) = (0, 0, None);
        if attempts.running() == 0 {
            self.accounts.remove(&guesser);
        }
    }
}

fn slot(seed: &RandomState, guesser: &Guesser) -> u64 {
    seed.hash_one(guesser) % SLOTS as u64
}

#[cfg(test)]
mod tests {
    use testkit::user;

    use super::*;
    use crate::services::peer::Peer;

    fn peer(number: u8) -> PeerId {
        Peer::new(Some([number; 32]), || unreachable!("it has a key")).id
    }

    fn stranger() -> Guesser {
        Guesser::Stranger(user("alice"))
    }

    fn begin(guesses: &mut Guesses, now_ms: u64) -> Result<Attempt, u64> {
        guesses.begin(stranger(), &peer(1), now_ms)
    }

    fn wrong(guesses: &mut Guesses, now_ms: u64) -> Result<(), u64> {
        let attempt = begin(guesses, now_ms)?;
        guesses.end(attempt, false, now_ms);
        Ok(())
    }

    #[test]
    fn delays_grow_up_to_a_minute() {
        let mut guesses = Guesses::default();
        for _ in 0..FREE_ATTEMPTS {
            assert_eq!(wrong(&mut guesses, 0), Ok(()));
        }
        let (mut now_ms, mut delays) = (0, Vec::new());
        for _ in 0..8 {
            let delay = wrong(&mut guesses, now_ms).expect_err("too soon");
            now_ms += delay;
            delays.push(delay);
            assert_eq!(wrong(&mut guesses, now_ms), Ok(()), "after the delay");
        }
        assert_eq!(delays, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
        let bob = guesses.begin(Guesser::Stranger(user("bob")), &peer(1), now_ms);
        assert!(bob.is_ok(), "other accounts are not slowed down");
        assert_eq!(wrong(&mut guesses, 0), Err(60_000), "the clock was set back");
        for _ in 0..FREE_ATTEMPTS {
            assert_eq!(wrong(&mut guesses, now_ms + DELAY_MS_MAX + FORGET_MS), Ok(()), "forgotten");
        }
    }

    #[test]
    fn a_correct_password_resets_the_count() {
        let mut guesses = Guesses::default();
        for _ in 0..FREE_ATTEMPTS - 1 {
            assert_eq!(wrong(&mut guesses, 0), Ok(()));
        }
        let attempt = begin(&mut guesses, 0).expect("allowed");
        guesses.end(attempt, true, 0);
        assert!(guesses.accounts.is_empty());
        assert_eq!(wrong(&mut guesses, 0), Ok(()));
        assert_eq!(wrong(&mut guesses, 0), Ok(()));
    }

    #[test]
    fn each_concurrent_attempt_counts() {
        let mut guesses = Guesses::default();
        let mut running: Vec<_> =
            (0..RUNNING_MAX).map(|_| begin(&mut guesses, 0).expect("none was wrong")).collect();
        assert_eq!(begin(&mut guesses, 0), Err(DELAY_MS), "too many concurrent attempts");
        let last = running.pop().expect("an attempt");
        running.into_iter().for_each(|attempt| guesses.end(attempt, false, 0));
        let later = 10 * DELAY_MS_MAX;
        assert!(begin(&mut guesses, later).is_err(), "one attempt is still running");
        guesses.end(last, false, 0);
        let _attempt = begin(&mut guesses, later).expect("none is running");
        assert!(begin(&mut guesses, later).is_err(), "one at a time");
    }

    /// Attack F3 in `docs/SECURITY.md`: the full queue of hashes rejected the jobs of these attempts.
    #[test]
    fn an_attempt_that_is_dropped_has_ended() {
        let mut guesses = Guesses::default();
        while wrong(&mut guesses, 0).is_ok() {}
        for _ in 0..400 {
            drop(begin(&mut guesses, DELAY_MS_MAX));
        }
        assert!(begin(&mut guesses, DELAY_MS_MAX).is_ok());
    }

    #[test]
    fn guesses_of_strangers_lock_neither_known_clients_nor_sessions() {
        let (mut guesses, key) = (Guesses::default(), ClientKey::from_bytes([7; 32]));
        let known = Guesser::KnownClient(user("alice"), key);
        while wrong(&mut guesses, 0).is_ok() {}
        for _ in 0..FREE_ATTEMPTS {
            let attempt = guesses.begin(known.clone(), &peer(7), 0).expect("its own count");
            guesses.end(attempt, false, 0);
        }
        assert_eq!(guesses.begin(known, &peer(7), 0), Err(DELAY_MS), "a known client also has a delay");
        assert!(guesses.begin(Guesser::Session(user("alice")), &peer(7), 0).is_ok());
    }

    /// An attacker with three keys tries 1,000 times in each delay, and again as soon as it ends. The owner
    /// tries once in each delay and gets about a quarter of the turns.
    #[test]
    fn a_client_that_asks_all_the_time_does_not_lock_out_the_owner() {
        let (mut guesses, mut now_ms, mut turns) = (Guesses::default(), 0, 0);
        while wrong(&mut guesses, 0).is_ok() {}
        for round in 0..200 {
            let mut ask = |number, now_ms| guesses.begin(stranger(), &peer(number), now_ms);
            for attack in 0..1_000 {
                let wait_ms = ask(attack as u8 % 3, now_ms).expect_err("the delay");
                now_ms += u64::from(attack == 999) * wait_ms;
                if attack == 500 {
                    assert!(ask(9, now_ms).is_err());
                }
            }
            let attacker = (0..3).find_map(|number| ask(number, now_ms).ok());
            let owner = ask(9, now_ms).ok();
            assert_ne!(attacker.is_some(), owner.is_some(), "one client has the turn in round {round}");
            turns += u32::from(owner.is_some());
            guesses.end(attacker.or(owner).expect("a turn"), false, now_ms);
        }
        assert!((20..80).contains(&turns), "{turns} of 200");
    }

    #[test]
    fn an_unused_turn_expires() {
        let mut guesses = Guesses::default();
        while wrong(&mut guesses, 0).is_ok() {}
        let refused = |guesses: &mut Guesses, now_ms| {
            (0..50).filter(|number| guesses.begin(stranger(), &peer(*number), now_ms).is_err()).count()
        };
        assert_eq!(refused(&mut guesses, 0), 50);
        assert_eq!(refused(&mut guesses, DELAY_MS), 49);
        assert!(guesses.begin(stranger(), &peer(99), DELAY_MS + TURN_MS).is_ok());
    }

    /// Attack F4 in `docs/SECURITY.md`: it created 119,321 entries, and each new name scanned all of them.
    #[test]
    fn names_without_an_account_are_bounded_and_slowed_down_the_same() {
        let mut guesses = Guesses::default();
        let mut replaced = Vec::new();
        for i in 0..20 * SLOTS {
            let guesser = Guesser::NoAccount(user(&format!("user{i}")));
            let mut attempt = || guesses.begin(guesser.clone(), &peer(1), 0);
            replaced.push(attempt().expect("the first"));
            for _ in 0..FREE_ATTEMPTS {
                let attempt = guesses.begin(guesser.clone(), &peer(1), 0).expect("free");
                guesses.end(attempt, false, 0);
            }
            assert_eq!(guesses.begin(guesser, &peer(1), 0), Err(DELAY_MS));
        }
        assert!(guesses.slots.len() <= SLOTS && guesses.accounts.is_empty());
        // The result of an attempt whose slot now belongs to another name is ignored.
        replaced.into_iter().for_each(|attempt| guesses.end(attempt, true, 0));
        assert!(guesses.slots.len() <= SLOTS);
    }
}

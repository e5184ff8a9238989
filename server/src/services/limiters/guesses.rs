//! Slows down password guessing for each account. After a few wrong passwords, only one attempt runs at a
//! time, and each wrong attempt doubles the delay before the next one.
//!
//! Names without an account get the same delays, so a delay does not reveal whether the account exists. The
//! delay also affects the owner of the account, so it has a maximum.

use std::collections::HashMap;

use common::UserName;

/// The number of wrong passwords without a delay.
const FREE_ATTEMPTS: u32 = 5;

/// The first delay in milliseconds.
const DELAY_MS: u64 = 1_000;

/// The maximum delay in milliseconds. It permits about 1,400 guesses a day.
const DELAY_MS_MAX: u64 = 60_000;

/// The maximum number of remembered accounts. At the maximum, accounts whose delay has ended are forgotten.
/// If no delay has ended, the account whose delay ends first is forgotten.
const REMEMBERED_MAX: usize = 10_000;

/// The accounts with recent attempts.
#[derive(Debug, Default)]
pub struct Guesses(HashMap<UserName, Attempts>);

#[derive(Debug, Default, Clone, Copy)]
struct Attempts {
    wrong: u32,
    /// The time from which the next attempt is allowed, in Unix milliseconds.
    blocked_until_ms: u64,
    /// The number of unfinished attempts.
    running: u32,
}

impl Guesses {
    /// Begins an attempt, or returns the milliseconds to wait. Every attempt that began must
    /// [end](Self::end).
    pub fn begin(&mut self, user: &UserName, now_ms: u64) -> Result<(), u64> {
        if !self.0.contains_key(user) && self.0.len() >= REMEMBERED_MAX {
            self.evict(now_ms);
        }
        let attempts = self.0.entry(user.clone()).or_default();
        if now_ms < attempts.blocked_until_ms {
            return Err(attempts.blocked_until_ms - now_ms);
        }
        if attempts.wrong >= FREE_ATTEMPTS && attempts.running > 0 {
            return Err(DELAY_MS);
        }
        attempts.running += 1;
        Ok(())
    }

    /// Ends an attempt. A correct password resets the count of wrong passwords.
    pub fn end(&mut self, user: &UserName, is_correct: bool, now_ms: u64) {
        let Some(attempts) = self.0.get_mut(user) else { return };
        attempts.running = attempts.running.saturating_sub(1);
        if !is_correct {
            attempts.wrong += 1;
            if let Some(doublings) = attempts.wrong.checked_sub(FREE_ATTEMPTS) {
                let delay_ms =
                    DELAY_MS.checked_shl(doublings).map_or(DELAY_MS_MAX, |ms| ms.min(DELAY_MS_MAX));
                attempts.blocked_until_ms = now_ms.saturating_add(delay_ms);
            }
        } else if attempts.running == 0 {
            self.0.remove(user);
        } else {
            (attempts.wrong, attempts.blocked_until_ms) = (0, 0);
        }
    }

    fn evict(&mut self, now_ms: u64) {
        self.0.retain(|_, attempts| attempts.running > 0 || now_ms < attempts.blocked_until_ms);
        let first_unblocked = self.0.iter().filter(|(_, attempts)| attempts.running == 0);
        let first_unblocked = first_unblocked
            .min_by_key(|(_, attempts)| attempts.blocked_until_ms)
            .map(|(user, _)| user.clone());
        if let Some(user) = first_unblocked.filter(|_| self.0.len() >= REMEMBERED_MAX) {
            self.0.remove(&user);
        }
    }
}

#[cfg(test)]
mod tests {
    use testkit::user;

    use super::*;

    fn wrong(guesses: &mut Guesses, now_ms: u64) -> Result<(), u64> {
        guesses.begin(&user("alice"), now_ms)?;
        guesses.end(&user("alice"), false, now_ms);
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
        assert_eq!(guesses.begin(&user("bob"), now_ms), Ok(()), "other accounts are not slowed down");
    }

    #[test]
    fn a_correct_password_resets_the_count() {
        let mut guesses = Guesses::default();
        for _ in 0..FREE_ATTEMPTS - 1 {
            assert_eq!(wrong(&mut guesses, 0), Ok(()));
        }
        guesses.begin(&user("alice"), 0).expect("the attempt is allowed");
        guesses.end(&user("alice"), true, 0);
        assert_eq!(wrong(&mut guesses, 0), Ok(()));
        assert_eq!(wrong(&mut guesses, 0), Ok(()));
    }

    #[test]
    fn each_concurrent_attempt_counts() {
        let mut guesses = Guesses::default();
        for _ in 0..100 {
            guesses.begin(&user("alice"), 0).expect("no attempt was wrong yet");
        }
        (0..99).for_each(|_| guesses.end(&user("alice"), false, 0));
        let later = 10 * DELAY_MS_MAX;
        assert!(guesses.begin(&user("alice"), later).is_err(), "one attempt is still running");
        guesses.end(&user("alice"), false, 0);
        assert!(guesses.begin(&user("alice"), later).is_ok());
        assert!(guesses.begin(&user("alice"), later).is_err(), "one at a time");
    }

    #[test]
    fn the_number_of_accounts_is_bounded() {
        let mut guesses = Guesses::default();
        for i in 0..2 * REMEMBERED_MAX {
            let name = user(&format!("user{i}"));
            for _ in 0..=FREE_ATTEMPTS {
                if guesses.begin(&name, 0).is_ok() {
                    guesses.end(&name, false, 0);
                }
            }
        }
        assert!(guesses.0.len() <= REMEMBERED_MAX);
    }
}

//! Saying the same thing again and again, but not more often than somebody wants to read it.

use std::time::{Duration, Instant};

/// When to log something that a peer can make happen as often as it likes.
#[derive(Debug)]
pub(crate) struct Sparingly {
    every: Duration,
    said: Option<Instant>,
    unsaid: u64,
}

impl Sparingly {
    /// At most once in the time `every`.
    pub(crate) fn new(every: Duration) -> Self {
        Self { every, said: None, unsaid: 0 }
    }

    /// It has happened: whether to say so now, and then how often it went unsaid since the last time.
    pub(crate) fn say(&mut self, now: Instant) -> Option<u64> {
        if self.said.is_some_and(|said| now.duration_since(said) < self.every) {
            self.unsaid += 1;
            return None;
        }
        self.said = Some(now);
        Some(std::mem::take(&mut self.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_said_once_in_a_while_with_how_much_went_unsaid() {
        let (start, second) = (crate::clock::now(), Duration::from_secs(1));
        let mut sparingly = Sparingly::new(second * 10);
        let mut say = |seconds| sparingly.say(start + second * seconds);
        assert_eq!(
            [say(0), say(0), say(9), say(10), say(11), say(30)],
            [Some(0), None, None, Some(2), None, Some(1)]
        );
    }
}

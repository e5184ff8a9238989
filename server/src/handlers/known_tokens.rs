//! The digests of the tokens that were seen last, so that a busy session's token is not hashed for every line.

use crate::domain::records::TokenDigest;

/// Tokens remembered; more than a busy moment has senders.
const SLOTS: usize = 1024;

/// Bytes at the end of a token that choose its slot: part of the signature, which is as good as random.
const TAIL_BYTES: usize = 8;

/// A token in each slot, the one that was seen last.
#[derive(Default)]
pub struct KnownTokens(Vec<Option<(Box<str>, TokenDigest)>>);

impl KnownTokens {
    /// The digest of a token.
    pub fn digest(&mut self, token: &str) -> TokenDigest {
        let tail = token.as_bytes().iter().rev().take(TAIL_BYTES);
        let mixed = tail.fold(0usize, |mixed, byte| mixed.wrapping_mul(31).wrapping_add(usize::from(*byte)));
        self.0.resize(SLOTS, None);
        let Some(slot) = self.0.get_mut(mixed % SLOTS) else { return TokenDigest::of(token) };
        match slot {
            Some((known, digest)) if **known == *token => *digest,
            _ => slot.insert((token.into(), TokenDigest::of(token))).1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_has_its_own_digest_again_and_again() {
        let mut known = KnownTokens::default();
        // Many more than slots, and all with one tail: they take the slot from one another.
        for token in (0..3 * SLOTS).map(|i| format!("{i}.tail-tail")).chain((0..9).map(|i| i.to_string())) {
            assert_eq!(known.digest(&token), TokenDigest::of(&token));
            assert_eq!(known.digest(&token), TokenDigest::of(&token));
        }
    }
}

//! A cache of token digests, so that the token of a busy session is not hashed for every request line.

use crate::domain::records::TokenDigest;

/// The number of cached tokens. Rarely are more sessions busy at the same time.
const SLOTS: usize = 1024;

/// The bytes at the end of a token that select its slot. They are part of the signature, so they are
/// practically random.
const TAIL_BYTES: usize = 8;

/// The last token of each slot, with its digest.
#[derive(Default)]
pub struct KnownTokens(Vec<Option<(Box<str>, TokenDigest)>>);

impl KnownTokens {
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
    fn every_token_gets_its_own_digest_even_when_slots_are_shared() {
        let mut known = KnownTokens::default();
        // More tokens than slots, and the same tail for many: they replace one another.
        for token in (0..3 * SLOTS).map(|i| format!("{i}.tail-tail")).chain((0..9).map(|i| i.to_string())) {
            assert_eq!(known.digest(&token), TokenDigest::of(&token));
            assert_eq!(known.digest(&token), TokenDigest::of(&token));
        }
    }
}

//! A cache of token digests. It avoids one SHA-256 per request line of a busy session.

use crate::domain::records::TokenDigest;

/// The number of cached tokens. It exceeds the usual number of busy sessions.
const SLOTS: usize = 1024;

/// The last bytes of a token select its slot. They belong to the signature, so they are evenly distributed.
const TAIL_BYTES: usize = 8;

/// The last token of each slot, with its digest.
#[derive(Default)]
pub struct KnownTokens(Vec<Option<(Box<str>, TokenDigest)>>);

impl KnownTokens {
    pub fn digest(&mut self, token: &str) -> TokenDigest {
        let last_bytes = token.as_bytes().iter().rev().take(TAIL_BYTES);
        let hash =
            last_bytes.fold(0usize, |hash, byte| hash.wrapping_mul(31).wrapping_add(usize::from(*byte)));
        self.0.resize(SLOTS, None);
        let Some(slot) = self.0.get_mut(hash % SLOTS) else { return TokenDigest::of(token) };
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
    fn tokens_that_share_a_slot_get_their_own_digests() {
        let mut known = KnownTokens::default();
        // More tokens than slots, and many tokens with the same last bytes.
        for token in (0..3 * SLOTS).map(|i| format!("{i}.tail-tail")).chain((0..9).map(|i| i.to_string())) {
            assert_eq!(known.digest(&token), TokenDigest::of(&token));
            assert_eq!(known.digest(&token), TokenDigest::of(&token));
        }
    }
}

//! Creates join codes, codes for a new password, and the tokens of incoming webhooks.

use common::hex::to_hex;
use sha2::{Digest as _, Sha256};

use crate::domain::records::TokenDigest;

/// Bytes of a code: 128 random bits cannot be guessed.
const CODE_BYTES: usize = 16;

/// Bytes of the token of a webhook, which other programs keep in their settings for years.
const TOKEN_BYTES: usize = 20;

/// Creates the token of a webhook: 40 hexadecimal digits.
pub fn random_token() -> Result<String, getrandom::Error> {
    let mut bytes = [0; TOKEN_BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(to_hex(&bytes))
}

/// The digest of a token in a request; `None` if the length differs from that of a token.
#[must_use]
pub fn token_digest(token: &str) -> Option<TokenDigest> {
    (token.len() == 2 * TOKEN_BYTES).then(|| TokenDigest::of(token))
}

/// Creates a code of 32 hexadecimal digits.
pub fn random() -> Result<String, getrandom::Error> {
    let mut bytes = [0; CODE_BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(to_hex(&bytes))
}

/// The code that belongs to this secret and this purpose: the nodes of a cluster share their secrets.
#[must_use]
pub fn derived(secret: &[u8; 32], purpose: &str) -> String {
    let digest = Sha256::new().chain_update(secret).chain_update(purpose).finalize();
    to_hex(digest.first_chunk::<CODE_BYTES>().map_or(&[][..], |code| code))
}

/// The digest of a code in a request; `None` if the length differs from that of a code. The server
/// stores and compares digests instead of texts, so the time of a comparison reveals no part of a code.
#[must_use]
pub fn digest(code: &str) -> Option<TokenDigest> {
    (code.len() == 2 * CODE_BYTES).then(|| TokenDigest::of(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_128_random_bits_and_only_their_length_has_a_digest() {
        let [one, other] = [(); 2].map(|()| random().expect("random bytes"));
        assert_ne!(one, other);
        assert!(one.len() == 32 && one.bytes().all(|byte| byte.is_ascii_hexdigit()), "{one}");
        let secret = [7; 32];
        let shared = derived(&secret, "first");
        assert_eq!((shared.len(), &shared), (32, &derived(&secret, "first")));
        assert!(shared != derived(&secret, "second") && shared != derived(&[8; 32], "first"));
        assert_eq!(digest(&one), Some(TokenDigest::of(&one)));
        assert_eq!((digest(""), digest(&one[1..]), digest(&format!("{one}0"))), (None, None, None));
    }
}

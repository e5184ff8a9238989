//! The tokens of sessions and bots. The gateway does not verify their signatures: the server decides about
//! each token.

use std::fmt;

use common::UserName;
use common::limits::TOKEN_BYTES_MAX;
use serde::Deserialize;

/// A token from a cookie or a header.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Token(Box<str>);

#[derive(Deserialize)]
struct Claims {
    sub: String,
    /// The token of a bot has none.
    exp: Option<u64>,
}

impl Token {
    /// Accepts only the characters of a JSON Web Token, so a token never needs escaping.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        let fits = (1..=TOKEN_BYTES_MAX).contains(&text.len()) && text.bytes().all(is_plain);
        fits.then(|| Self(text.into()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The user in the claims. Trustworthy only after the server has accepted the token.
    pub(crate) fn user(&self) -> Option<UserName> {
        UserName::new(&self.claims()?.sub).ok()
    }

    /// The time at which the token expires, in Unix seconds. The token of a bot does not expire.
    pub(crate) fn expires_s(&self) -> Option<u64> {
        self.claims()?.exp
    }

    fn claims(&self) -> Option<Claims> {
        jsonwebtoken::dangerous::insecure_decode::<Claims>(&*self.0).ok().map(|token| token.claims)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

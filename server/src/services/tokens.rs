//! Session tokens: JSON Web Tokens (RFC 7519) signed with HS256, each with a `jti` of its own.
//!
//! The server recognises a token by its digest, which it keeps for every open session: so one that it did
//! not issue, or has revoked, is worth nothing whatever its signature says. The signature is for others, such
//! as a gateway, which can check a token without asking.

use common::UserName;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How long a session lasts, in milliseconds: 30 days.
pub const SESSION_MS: u64 = 30 * 24 * 60 * 60 * 1000;

/// What signs, and knows its own signature again.
pub struct TokenIssuer {
    signing: EncodingKey,
    checking: DecodingKey,
}

/// A new token and what it says.
pub struct Issued {
    /// The token.
    pub token: String,
    /// Its own identity.
    pub session: Uuid,
    /// When it ends, in Unix milliseconds.
    pub expires: u64,
}

/// The registered claims that we use (RFC 7519, section 4.1); times are in seconds.
#[derive(Serialize, Deserialize)]
struct Claims<S> {
    sub: S,
    jti: Uuid,
    iat: u64,
    exp: u64,
}

impl TokenIssuer {
    /// Signs with this secret.
    #[must_use]
    pub fn new(secret: &[u8; 32]) -> Self {
        Self::from_bytes(secret)
    }

    /// Signs with a secret that an operator chose, so that others who know it can check tokens.
    #[must_use]
    pub fn from_text(secret: &str) -> Self {
        Self::from_bytes(secret.as_bytes())
    }

    fn from_bytes(secret: &[u8]) -> Self {
        Self { signing: EncodingKey::from_secret(secret), checking: DecodingKey::from_secret(secret) }
    }

    /// For whom a token was made, whatever has become of its session since; nothing when it was not made here.
    #[must_use]
    pub fn made_for(&self, token: &str) -> Option<UserName> {
        let mut rules = Validation::new(Algorithm::HS256);
        // Whether it has run out is no question of the signature, and the clock is an argument.
        rules.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims<String>>(token, &self.checking, &rules).ok()?.claims;
        UserName::new(&claims.sub).ok()
    }

    /// A token for `user`.
    pub fn issue(&self, user: &UserName, now_ms: u64) -> Result<Issued, jsonwebtoken::errors::Error> {
        let (session, expires) = (Uuid::now_v7(), now_ms.saturating_add(SESSION_MS));
        let claims = Claims { sub: user.as_str(), jti: session, iat: now_ms / 1000, exp: expires / 1000 };
        let token = jsonwebtoken::encode(&Header::default(), &claims, &self.signing)?;
        Ok(Issued { token, session, expires })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_tells_for_whom_it_was_made_if_it_was_made_here() {
        let issuer = TokenIssuer::new(&[7; 32]);
        let user = UserName::new("joão").expect("a name");
        let token = issuer.issue(&user, 1).expect("a token").token;
        assert_eq!(issuer.made_for(&token), Some(user), "also when it has run out long ago");
        assert_eq!(TokenIssuer::new(&[8; 32]).made_for(&token), None);
        assert_eq!(issuer.made_for("nonsense"), None);
    }

    #[test]
    fn others_can_check_a_token_and_no_two_are_alike() {
        let issuer = TokenIssuer::new(&[7; 32]);
        let user = UserName::new("joão").expect("a name");
        let now_ms = 4_102_444_800_000;
        let [one, other] = [(); 2].map(|()| issuer.issue(&user, now_ms).expect("a token"));
        assert_ne!(one.token, other.token);
        assert_eq!(one.expires, now_ms + SESSION_MS);

        let check = |secret: &[u8]| {
            let claims = jsonwebtoken::decode::<serde_json::Value>(
                &one.token,
                &DecodingKey::from_secret(secret),
                &Validation::default(),
            );
            claims.map(|token| token.claims["sub"].clone())
        };
        assert_eq!(check(&[7; 32]).expect("a sound signature"), "joão");
        assert!(check(&[8; 32]).is_err(), "signed by somebody else");
        let same = TokenIssuer::from_text(&"\u{7}".repeat(32)).issue(&user, now_ms).expect("a token");
        let key = DecodingKey::from_secret(&[7; 32]);
        let read = jsonwebtoken::decode::<serde_json::Value>(&same.token, &key, &Validation::default());
        assert!(read.is_ok(), "the operator's secret is the key as it is");
        assert!(one.token.len() <= common::limits::TOKEN_BYTES_MAX);
    }
}

//! Session tokens: JSON Web Tokens (RFC 7519) signed with HS256, each with a `jti` of its own.
//!
//! The server recognises a token by its digest, which it keeps for every open session: so one that it did
//! not issue, or has revoked, is worth nothing whatever its signature says. The signature is for others, such
//! as a gateway, which can check a token without asking.

use common::UserName;
use jsonwebtoken::{EncodingKey, Header};
use serde::Serialize;
use uuid::Uuid;

/// How long a session lasts, in milliseconds: 30 days.
pub const SESSION_MS: u64 = 30 * 24 * 60 * 60 * 1000;

/// What signs.
pub struct TokenIssuer(EncodingKey);

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
#[derive(Serialize)]
struct Claims<'a> {
    sub: &'a str,
    jti: Uuid,
    iat: u64,
    exp: u64,
}

impl TokenIssuer {
    /// Signs with this secret.
    #[must_use]
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(EncodingKey::from_secret(secret))
    }

    /// Signs with a secret that an operator chose, so that others who know it can check tokens.
    #[must_use]
    pub fn from_text(secret: &str) -> Self {
        Self(EncodingKey::from_secret(secret.as_bytes()))
    }

    /// A token for `user`.
    pub fn issue(&self, user: &UserName, now_ms: u64) -> Result<Issued, jsonwebtoken::errors::Error> {
        let (session, expires) = (Uuid::now_v7(), now_ms.saturating_add(SESSION_MS));
        let claims = Claims { sub: user.as_str(), jti: session, iat: now_ms / 1000, exp: expires / 1000 };
        let token = jsonwebtoken::encode(&Header::default(), &claims, &self.0)?;
        Ok(Issued { token, session, expires })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jsonwebtoken::{DecodingKey, Validation};

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

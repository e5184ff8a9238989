//! The tokens of sessions and of bots: JSON Web Tokens (RFC 7519) signed with HS256, each with a unique
//! `jti`.
//!
//! The server accepts only tokens whose digests it stores: those of open sessions, and those of bots. The
//! signature allows other programs that know the secret to check a token without a request to the server.

use common::UserName;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The lifetime of a session, in milliseconds: 30 days.
pub const SESSION_MS: u64 = 30 * 24 * 60 * 60 * 1000;

/// Signs tokens and verifies signatures.
pub struct TokenIssuer {
    signing: EncodingKey,
    checking: DecodingKey,
}

pub struct Issued {
    pub token: String,
    /// The id of the session: the `jti` of the token.
    pub session: Uuid,
    /// The time at which the token expires, in Unix milliseconds.
    pub expires: u64,
}

/// The registered claims in use (RFC 7519, section 4.1). Times are in seconds.
#[derive(Serialize, Deserialize)]
struct Claims<S> {
    sub: S,
    jti: Uuid,
    iat: u64,
    /// Absent in the token of a bot, which does not expire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exp: Option<u64>,
}

impl TokenIssuer {
    /// Signs with the secret of the data folder.
    #[must_use]
    pub fn new(secret: &[u8; 32]) -> Self {
        Self::from_bytes(secret)
    }

    /// Signs with a secret that the operator chose. Other programs can check tokens with this secret.
    #[must_use]
    pub fn from_text(secret: &str) -> Self {
        Self::from_bytes(secret.as_bytes())
    }

    fn from_bytes(secret: &[u8]) -> Self {
        Self { signing: EncodingKey::from_secret(secret), checking: DecodingKey::from_secret(secret) }
    }

    /// The user of a token that this issuer signed, even if the session has ended; `None` if the signature is
    /// not valid.
    #[must_use]
    pub fn user_of(&self, token: &str) -> Option<UserName> {
        let mut rules = Validation::new(Algorithm::HS256);
        // Accept expired tokens.
        rules.validate_exp = false;
        rules.required_spec_claims.clear();
        let claims = jsonwebtoken::decode::<Claims<String>>(token, &self.checking, &rules).ok()?.claims;
        UserName::new(&claims.sub).ok()
    }

    pub fn issue(&self, user: &UserName, now_ms: u64) -> Result<Issued, jsonwebtoken::errors::Error> {
        let (session, expires) = (Uuid::now_v7(), now_ms.saturating_add(SESSION_MS));
        let token = self.sign(user, session, now_ms, Some(expires))?;
        Ok(Issued { token, session, expires })
    }

    /// Issues the token of a bot, which does not expire.
    pub fn issue_for_bot(
        &self,
        bot: &UserName,
        id: Uuid,
        now_ms: u64,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        self.sign(bot, id, now_ms, None)
    }

    fn sign(
        &self,
        user: &UserName,
        jti: Uuid,
        now_ms: u64,
        expires_ms: Option<u64>,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let exp = expires_ms.map(|expires_ms| expires_ms / 1000);
        let claims = Claims { sub: user.as_str(), jti, iat: now_ms / 1000, exp };
        jsonwebtoken::encode(&Header::default(), &claims, &self.signing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_issuer_of_a_token_returns_its_user() {
        let issuer = TokenIssuer::new(&[7; 32]);
        let user = UserName::new("joão").expect("a name");
        let token = issuer.issue(&user, 1).expect("a token").token;
        assert_eq!(issuer.user_of(&token), Some(user.clone()), "although it expired long ago");
        let of_bot = issuer.issue_for_bot(&user, Uuid::nil(), 1).expect("a token");
        assert_eq!(issuer.user_of(&of_bot), Some(user), "although it has no expiry");
        assert_eq!(TokenIssuer::new(&[8; 32]).user_of(&token), None);
        assert_eq!(issuer.user_of("nonsense"), None);
    }

    #[test]
    fn other_programs_can_check_a_token_and_each_is_unique() {
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
        assert_eq!(check(&[7; 32]).expect("a valid signature"), "joão");
        assert!(check(&[8; 32]).is_err(), "signed with another secret");
        let same = TokenIssuer::from_text(&"\u{7}".repeat(32)).issue(&user, now_ms).expect("a token");
        let key = DecodingKey::from_secret(&[7; 32]);
        let read = jsonwebtoken::decode::<serde_json::Value>(&same.token, &key, &Validation::default());
        assert!(read.is_ok(), "the operator's secret is the key");
        assert!(one.token.len() <= common::limits::TOKEN_BYTES_MAX);
    }
}

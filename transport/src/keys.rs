//! CURVE keys (RFC 26), which identify peers. [`key_folder`](crate::key_folder) stores them on disk.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::TransportError;
use crate::z85::{self, KEY_BYTES};

/// The public half of a key pair. Its text form is Z85 (RFC 32), which every ZeroMQ binding accepts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey([u8; KEY_BYTES]);

/// The secret half of a key pair. It is never logged.
#[derive(Clone)]
pub struct SecretKey([u8; KEY_BYTES]);

#[derive(Debug, Clone)]
pub struct KeyPair {
    pub public: PublicKey,
    pub secret: SecretKey,
}

/// The error for an invalid key. It does not contain the key, which may be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key has 40 characters of Z85 (RFC 32)")]
pub struct InvalidKey;

impl KeyPair {
    pub fn generate() -> Result<Self, TransportError> {
        let pair = zmq::CurveKeyPair::new().map_err(|_unsupported| TransportError::NoCurve)?;
        Ok(Self { public: PublicKey(pair.public_key), secret: SecretKey(pair.secret_key) })
    }
}

impl PublicKey {
    #[must_use]
    pub fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        Self(bytes)
    }

    #[must_use]
    pub fn as_bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }
}

impl SecretKey {
    /// The secret as text, for its file.
    pub(crate) fn reveal(&self) -> String {
        z85::encode(&self.0)
    }

    pub(crate) fn as_bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&z85::encode(&self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

impl FromStr for PublicKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        z85::decode(text).map(Self).ok_or(InvalidKey)
    }
}

impl FromStr for SecretKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        z85::decode(text).map(Self).ok_or(InvalidKey)
    }
}

impl TryFrom<String> for PublicKey {
    type Error = InvalidKey;

    fn try_from(text: String) -> Result<Self, InvalidKey> {
        text.parse()
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        key.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_key_survives_a_round_trip_through_text_and_json() {
        let key = KeyPair::generate().expect("a key pair").public;
        assert_eq!(key.to_string().parse(), Ok(key));
        let json = serde_json::to_string(&key).expect("JSON");
        assert_eq!(serde_json::from_str::<PublicKey>(&json).expect("a key"), key);
        let error = serde_json::from_str::<PublicKey>("\"short\"").expect_err("no key").to_string();
        assert!(error.starts_with("a key has 40 characters of Z85 (RFC 32)"), "{error}");
    }

    #[test]
    fn two_pairs_are_different_and_debug_prints_no_secret() {
        let [one, other] = [(); 2].map(|()| KeyPair::generate().expect("a key pair"));
        assert_ne!(one.public, other.public);
        assert_ne!(one.secret.reveal(), other.secret.reveal());
        assert_eq!(
            format!("{one:?}"),
            format!("KeyPair {{ public: PublicKey({}), secret: SecretKey(..) }}", one.public)
        );
    }
}

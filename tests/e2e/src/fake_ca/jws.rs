//! The signed requests of ACME (RFC 8555, section 6): nonces, accounts and signatures.
#![expect(clippy::indexing_slicing, reason = "test helpers may panic")]

use std::collections::HashSet;

use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// A problem document: its type, and the detail.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    pub kind: &'static str,
    pub detail: String,
}

impl Refusal {
    pub(crate) fn new(kind: &'static str, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into() }
    }
}

/// The nonces that were given and not used, and the keys of the accounts.
#[derive(Default)]
pub(crate) struct Jws {
    nonces: HashSet<String>,
    given: usize,
    keys: Vec<Value>,
}

/// A request whose signature is valid.
pub(crate) struct Signed {
    /// The number of the account.
    pub(crate) account: usize,
    /// The payload; `Null` for a request without one.
    pub(crate) payload: Value,
}

impl Jws {
    pub(crate) fn new_nonce(&mut self) -> String {
        self.given += 1;
        let nonce = format!("nonce-{}", self.given);
        self.nonces.insert(nonce.clone());
        nonce
    }

    pub(crate) fn accounts(&self) -> usize {
        self.keys.len()
    }

    /// The SHA-256 of the key of an account (RFC 7638), as base64url.
    pub(crate) fn thumbprint(&self, account: usize) -> String {
        let key = &self.keys[account];
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":{},"y":{}}}"#, key["x"], key["y"]);
        base64url(&Sha256::digest(canonical))
    }

    /// Verifies a request to `url`. `base` is the address of the authority.
    pub(crate) fn verify(&mut self, base: &str, url: &str, body: &[u8]) -> Result<Signed, Refusal> {
        let malformed = |detail: &str| Refusal::new("malformed", detail);
        let body: Value = serde_json::from_slice(body).map_err(|_| malformed("not JSON"))?;
        let field = |name: &str| body[name].as_str().ok_or_else(|| malformed("a field is missing"));
        let (protected, payload, signature) = (field("protected")?, field("payload")?, field("signature")?);
        let header: Value = from_base64url(protected)
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .ok_or_else(|| malformed("the header is not JSON"))?;
        let is_known = header["nonce"].as_str().is_some_and(|nonce| self.nonces.remove(nonce));
        if !is_known {
            return Err(Refusal::new("badNonce", "the nonce is unknown or was used"));
        }
        if header["alg"] != "ES256" {
            return Err(Refusal::new("badSignatureAlgorithm", "only ES256"));
        }
        if header["url"] != url {
            return Err(Refusal::new("unauthorized", "the request is for another address"));
        }
        let is_new = url == format!("{base}/account");
        let number = header["kid"].as_str().and_then(|kid| kid.strip_prefix(&format!("{base}/account/")));
        let number = number.and_then(|number| number.parse::<usize>().ok());
        let (key, account) = match (header.get("jwk"), number) {
            (Some(key), None) if is_new => (key.clone(), self.keys.len()),
            (None, Some(number)) if !is_new => match self.keys.get(number) {
                Some(key) => (key.clone(), number),
                None => return Err(Refusal::new("accountDoesNotExist", "the account is unknown")),
            },
            _ => return Err(malformed("a new account has a jwk, and every other request a kid")),
        };
        let (x, y) = (key["x"].as_str().unwrap_or_default(), key["y"].as_str().unwrap_or_default());
        let verifier = DecodingKey::from_ec_components(x, y).map_err(|_| malformed("the key is invalid"))?;
        let message = format!("{protected}.{payload}");
        if !crypto::verify(signature, message.as_bytes(), &verifier, Algorithm::ES256).unwrap_or(false) {
            return Err(Refusal::new("unauthorized", "the signature is wrong"));
        }
        if is_new {
            self.keys.push(key);
        }
        let payload = from_base64url(payload).ok_or_else(|| malformed("the payload is not base64url"))?;
        Ok(Signed { account, payload: serde_json::from_slice(&payload).unwrap_or_default() })
    }
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Encodes bytes as base64url without padding (RFC 4648, section 5).
#[must_use]
pub fn base64url(bytes: &[u8]) -> String {
    let encode = |chunk: &[u8]| {
        let word = (0..3).fold(0_usize, |word, i| word << 8 | usize::from(*chunk.get(i).unwrap_or(&0)));
        let digits = (0..=chunk.len()).map(move |i| char::from(DIGITS[word >> (18 - 6 * i) & 63]));
        digits.collect::<String>()
    };
    bytes.chunks(3).map(encode).collect()
}

pub(crate) fn from_base64url(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut word, mut bits) = (Vec::new(), 0_usize, 0);
    for byte in text.bytes() {
        word = (word << 6 | DIGITS.iter().position(|digit| *digit == byte)?) & 0xfff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(word >> bits & 0xff).ok()?);
        }
    }
    Some(bytes)
}

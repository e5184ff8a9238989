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

    /// Forgets all accounts. Later accounts have other numbers.
    pub(crate) fn forget_accounts(&mut self) {
        self.keys.fill(Value::Null);
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
                Some(key) if !key.is_null() => (key.clone(), number),
                _ => return Err(Refusal::new("accountDoesNotExist", "the account is unknown")),
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

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
    use serde_json::json;

    use super::*;

    const BASE: &str = "https://127.0.0.1:1";

    struct Client {
        key: EcdsaKeyPair,
        random: SystemRandom,
    }

    impl Client {
        fn new() -> Self {
            let random = SystemRandom::new();
            let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("a key");
            let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.as_ref(), &random);
            Self { key: key.expect("a key"), random }
        }

        fn jwk(&self) -> Value {
            let (x, y) = self.key.public_key().as_ref()[1..].split_at(32);
            json!({ "kty": "EC", "crv": "P-256", "x": base64url(x), "y": base64url(y) })
        }

        fn sign(&self, header: &Value, payload: &Value) -> Value {
            let [protected, payload] = [header, payload].map(|part| base64url(part.to_string().as_bytes()));
            let message = format!("{protected}.{payload}");
            let signature = self.key.sign(&self.random, message.as_bytes()).expect("a signature");
            json!({ "protected": protected, "payload": payload, "signature": base64url(signature.as_ref()) })
        }
    }

    fn verify(jws: &mut Jws, path: &str, body: &Value) -> Result<Signed, &'static str> {
        let verified = jws.verify(BASE, &format!("{BASE}{path}"), body.to_string().as_bytes());
        verified.map_err(|refusal| refusal.kind)
    }

    #[test]
    fn only_a_signed_request_with_a_new_nonce_is_accepted() {
        let (mut jws, client, stranger) = (Jws::default(), Client::new(), Client::new());
        let header = |jws: &mut Jws, path: &str, key: Value| {
            let mut header =
                json!({ "alg": "ES256", "nonce": jws.new_nonce(), "url": format!("{BASE}{path}") });
            let field = if key.is_string() { "kid" } else { "jwk" };
            header[field] = key;
            header
        };
        let payload = json!({ "termsOfServiceAgreed": true });
        let right = header(&mut jws, "/account", client.jwk());
        let body = client.sign(&right, &payload);
        assert_eq!(verify(&mut jws, "/account", &body).expect("accepted").payload, payload);
        assert_eq!(verify(&mut jws, "/account", &body).err(), Some("badNonce"), "a nonce is used once");
        assert_eq!(jws.accounts(), 1);

        let kid = Value::from(format!("{BASE}/account/0"));
        let order = header(&mut jws, "/order", kid.clone());
        assert!(verify(&mut jws, "/order", &client.sign(&order, &payload)).is_ok());
        let order = header(&mut jws, "/order", kid.clone());
        assert_eq!(verify(&mut jws, "/order", &stranger.sign(&order, &payload)).err(), Some("unauthorized"));
        let order = header(&mut jws, "/order", kid.clone());
        let mut changed = client.sign(&order, &payload);
        changed["payload"] = Value::from(base64url(b"{}"));
        assert_eq!(verify(&mut jws, "/order", &changed).err(), Some("unauthorized"));
        let order = header(&mut jws, "/order", kid);
        assert_eq!(
            verify(&mut jws, "/finalize/0", &client.sign(&order, &payload)).err(),
            Some("unauthorized")
        );
        let order = header(&mut jws, "/order", client.jwk());
        assert_eq!(verify(&mut jws, "/order", &client.sign(&order, &payload)).err(), Some("malformed"));
        let order = header(&mut jws, "/order", Value::from(format!("{BASE}/account/9")));
        assert_eq!(
            verify(&mut jws, "/order", &client.sign(&order, &payload)).err(),
            Some("accountDoesNotExist")
        );
        let mut order = header(&mut jws, "/order", Value::from(format!("{BASE}/account/0")));
        order["nonce"] = Value::from("nonce-999");
        assert_eq!(verify(&mut jws, "/order", &client.sign(&order, &payload)).err(), Some("badNonce"));
    }

    #[test]
    fn base64url_is_that_of_rfc_4648() {
        for (bytes, text) in
            [(&b""[..], ""), (b"f", "Zg"), (b"fo", "Zm8"), (b"foo", "Zm9v"), (&[0xfb, 0xff], "-_8")]
        {
            assert_eq!((base64url(bytes), from_base64url(text)), (text.to_owned(), Some(bytes.to_vec())));
        }
    }
}

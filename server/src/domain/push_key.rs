//! The key with which the node identifies itself to push services (RFC 8292, VAPID). It is derived from the
//! secret of the node, so it survives restarts and restores, and all nodes of a cluster have it.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use common::deliveries::HookUrl;
use common::push::BrowserKey;
use p256::PublicKey;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::json;

/// Seconds for which a signature is valid. Push services accept at most a day.
pub const SIGNATURE_S: u64 = 12 * 60 * 60;

/// Signs for push services with ES256.
pub struct PushSigner {
    /// `None` for the values that are no private key, of which there are fewer than one in 2^32.
    key: Option<SigningKey>,
}

impl PushSigner {
    pub(super) fn new(secret: [u8; 32]) -> Self {
        Self { key: SigningKey::from_slice(&secret).ok() }
    }

    /// The public key: a point that is not compressed, in Base64 for URLs.
    #[must_use]
    pub fn public(&self) -> Option<String> {
        let point = self.key.as_ref()?.verifying_key().to_encoded_point(false);
        Some(BASE64_URL_SAFE_NO_PAD.encode(point.as_bytes()))
    }

    /// The header `Authorization` for the push service with this origin. `expires_s` is a Unix time.
    #[must_use]
    pub fn authorization(&self, origin: &str, contact: Option<&HookUrl>, expires_s: u64) -> Option<String> {
        let mut claims = json!({ "aud": origin, "exp": expires_s });
        if let (Some(claims), Some(contact)) = (claims.as_object_mut(), contact) {
            claims.insert("sub".to_owned(), contact.as_str().into());
        }
        let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let signed = format!(
            "{}.{}",
            encode(br#"{"typ":"JWT","alg":"ES256"}"#),
            encode(claims.to_string().as_bytes())
        );
        let signature: Signature = self.key.as_ref()?.sign(signed.as_bytes());
        Some(format!("vapid t={signed}.{}, k={}", encode(&signature.to_bytes()), self.public()?))
    }
}

/// Whether the key of a browser is a point of the curve.
#[must_use]
pub fn is_point(key: &BrowserKey) -> bool {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(key.as_str());
    bytes.is_ok_and(|bytes| bytes.first() == Some(&4) && PublicKey::from_sec1_bytes(&bytes).is_ok())
}

#[cfg(test)]
mod tests {
    use p256::ecdsa::VerifyingKey;
    use p256::ecdsa::signature::Verifier as _;
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_signature_verifies_with_the_public_key_of_the_header() {
        let signer = PushSigner::new([7; 32]);
        let contact = HookUrl::new("https://chat.example").expect("an address");
        let header = signer.authorization("https://push.example", Some(&contact), 9).expect("a key");
        let (token, key) =
            header.strip_prefix("vapid t=").and_then(|rest| rest.split_once(", k=")).expect("the form");
        assert_eq!(Some(key.to_owned()), signer.public());
        let decode = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).expect("Base64");
        let (signed, signature) = token.rsplit_once('.').expect("three parts");
        let claims = signed.split_once('.').expect("three parts").1;
        let claims: Value = serde_json::from_slice(&decode(claims)).expect("JSON");
        assert_eq!(claims, json!({ "aud": "https://push.example", "exp": 9, "sub": "https://chat.example" }));
        let verifying = VerifyingKey::from_sec1_bytes(&decode(key)).expect("a point");
        let signature = Signature::from_slice(&decode(signature)).expect("a signature");
        verifying.verify(signed.as_bytes(), &signature).expect("valid");
        verifying.verify(token.as_bytes(), &signature).expect_err("another text");
    }

    #[test]
    fn a_key_outside_of_the_curve_is_refused() {
        // The example of RFC 8291, section 5.
        let key = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
        assert!(is_point(&BrowserKey::new(key).expect("a key")));
        let other = key.replace("BCVx", "BCVy");
        assert!(!is_point(&BrowserKey::new(&other).expect("a key")));
    }
}

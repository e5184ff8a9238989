//! The secret of an outgoing webhook, and the signatures of the specification Standard Webhooks.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The secret with which the server signs the events for one receiver. It is shown as `whsec_` and Base64.
pub struct DeliverySecret(pub(super) [u8; 32]);

impl DeliverySecret {
    /// The header `webhook-signature` of an event with the headers `webhook-id` and `webhook-timestamp`.
    #[must_use]
    pub fn sign(&self, id: &str, timestamp: u64, body: &str) -> String {
        sign(&self.0, id, timestamp, body)
    }
}

impl fmt::Display for DeliverySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "whsec_{}", BASE64_STANDARD.encode(self.0))
    }
}

fn sign(key: &[u8], id: &str, timestamp: u64, body: &str) -> String {
    // HMAC accepts keys of any length.
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
    let code = mac.chain_update(format!("{id}.{timestamp}.{body}")).finalize().into_bytes();
    format!("v1,{}", BASE64_STANDARD.encode(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_the_published_libraries() {
        // The example in the tests of the reference libraries of Standard Webhooks.
        let key = BASE64_STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("Base64");
        let signature = sign(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn the_secret_has_the_form_of_the_specification() {
        let secret = DeliverySecret([7; 32]);
        assert_eq!(secret.to_string(), "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=");
        assert_eq!(secret.sign("a", 1, "b"), sign(&[7; 32], "a", 1, "b"));
    }
}

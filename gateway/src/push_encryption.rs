//! The encryption of pushes for one browser: `aes128gcm` (RFC 8188) with the keys of RFC 8291.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use common::push::{BrowserKey, BrowserSecret};
use hmac::{Hmac, KeyInit as _, Mac as _};
use p256::ecdh::diffie_hellman;
use p256::elliptic_curve::sec1::ToEncodedPoint as _;
use p256::{PublicKey, SecretKey};
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use sha2::Sha256;

/// The bytes of every encrypted text, so that its length reveals nothing. It is longer than any payload.
const PADDED_BYTES: usize = 1_024;

/// The size of a record in the header. The only record is shorter.
const RECORD_BYTES: u32 = 4_096;

/// The mark between the text of the last record and its padding.
const LAST_RECORD: u8 = 2;

const SALT_BYTES: usize = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EncryptError {
    #[error("the keys of the browser are not valid")]
    BadKey,
    #[error("the push is too long")]
    TooLong,
    #[error("the system has no random bytes")]
    NoRandomBytes,
}

/// Encrypts a text for the browser with these keys. Each push has its own key pair and its own salt.
pub(crate) fn encrypt(
    text: &[u8],
    key: &BrowserKey,
    secret: &BrowserSecret,
) -> Result<Vec<u8>, EncryptError> {
    if text.len() >= PADDED_BYTES {
        return Err(EncryptError::TooLong);
    }
    let padding = PADDED_BYTES - text.len() - 1;
    seal(text, padding, key, secret, &own_key()?, random()?)
}

fn random<const BYTES: usize>() -> Result<[u8; BYTES], EncryptError> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(|_no_random_bytes| EncryptError::NoRandomBytes)?;
    Ok(bytes)
}

/// A new key pair. Fewer than one in 2^32 random values are no private key.
fn own_key() -> Result<SecretKey, EncryptError> {
    for _ in 0..3 {
        if let Ok(key) = SecretKey::from_slice(&random::<32>()?) {
            return Ok(key);
        }
    }
    Err(EncryptError::NoRandomBytes)
}

fn seal(
    text: &[u8],
    padding: usize,
    browser_key: &BrowserKey,
    secret: &BrowserSecret,
    own: &SecretKey,
    salt: [u8; SALT_BYTES],
) -> Result<Vec<u8>, EncryptError> {
    let decode = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| EncryptError::BadKey);
    let (browser_point, secret) = (decode(browser_key.as_str())?, decode(secret.as_str())?);
    let browser = PublicKey::from_sec1_bytes(&browser_point).map_err(|_| EncryptError::BadKey)?;
    let shared = diffie_hellman(own.to_nonzero_scalar(), browser.as_affine());
    let own_point = own.public_key().to_encoded_point(false);
    let own_point = own_point.as_bytes();

    // RFC 8291, section 3.4, and RFC 8188, sections 2.2 and 2.3. Each key is the first block of an HKDF.
    let shared = hmac(&secret, &[shared.raw_secret_bytes()]);
    let input = hmac(&shared, &[b"WebPush: info\0", &browser_point, own_point, &[1]]);
    let input = hmac(&salt, &[&input]);
    let key = hmac(&input, &[b"Content-Encoding: aes128gcm\0", &[1]]);
    let nonce = hmac(&input, &[b"Content-Encoding: nonce\0", &[1]]);
    let key = key.get(..AES_128_GCM.key_len()).and_then(|key| UnboundKey::new(&AES_128_GCM, key).ok());
    let nonce =
        nonce.get(..AES_128_GCM.nonce_len()).and_then(|nonce| Nonce::try_assume_unique_for_key(nonce).ok());
    let (Some(key), Some(nonce)) = (key, nonce) else { return Err(EncryptError::BadKey) };

    let mut record = text.to_vec();
    record.push(LAST_RECORD);
    record.resize(record.len() + padding, 0);
    let sealed = LessSafeKey::new(key).seal_in_place_append_tag(nonce, Aad::empty(), &mut record);
    sealed.map_err(|_| EncryptError::TooLong)?;
    let mut body = Vec::with_capacity(SALT_BYTES + 5 + own_point.len() + record.len());
    body.extend_from_slice(&salt);
    body.extend_from_slice(&RECORD_BYTES.to_be_bytes());
    body.push(own_point.len() as u8);
    body.extend_from_slice(own_point);
    body.extend_from_slice(&record);
    Ok(body)
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC accepts keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str =
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
    const SECRET: &str = "BTBZMqHH6r4Tts7J_aSIgg";

    fn keys() -> (BrowserKey, BrowserSecret) {
        (BrowserKey::new(KEY).expect("a key"), BrowserSecret::new(SECRET).expect("a secret"))
    }

    #[test]
    fn the_body_is_that_of_the_rfc() {
        // RFC 8291, section 5 and appendix A.
        let decode = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).expect("Base64");
        let own =
            SecretKey::from_slice(&decode("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")).expect("a key");
        let salt = decode("DGv6ra1nlYgDCS1FRnbzlw").try_into().expect("16 bytes");
        let (key, secret) = keys();
        let body = seal(b"When I grow up, I want to be a watermelon", 0, &key, &secret, &own, salt);
        assert_eq!(
            BASE64_URL_SAFE_NO_PAD.encode(body.expect("a body")),
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8w\
             EqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
        );
    }

    #[test]
    fn all_bodies_have_one_length_and_differ() {
        let (key, secret) = keys();
        let encrypt = |text: &[u8]| encrypt(text, &key, &secret);
        let [short, other, long] =
            [&b"a"[..], b"a", &[b'x'; PADDED_BYTES - 1]].map(|text| encrypt(text).expect("a body"));
        assert_eq!((short.len(), short.len()), (other.len(), long.len()));
        assert!(short[..SALT_BYTES] != other[..SALT_BYTES] && short[100..] != other[100..]);
        assert_eq!(encrypt(&[b'x'; PADDED_BYTES]), Err(EncryptError::TooLong));
    }

    #[test]
    fn a_key_outside_of_the_curve_is_refused() {
        let (_, secret) = keys();
        let key = BrowserKey::new(&KEY.replace("BCVx", "BCVy")).expect("the form of a key");
        assert_eq!(encrypt(b"a", &key, &secret), Err(EncryptError::BadKey));
    }
}

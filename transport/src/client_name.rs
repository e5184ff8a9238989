//! The extended name of a client, which the broker sends to the server: a byte that says that the broker
//! reads bundles, the name that libzmq chose, the public key of the client, and the run tag of the broker.
//!
//! The server uses the key to recognise a client that has logged in before. The whole extended name is the
//! address of the reply.

use crate::keys::PublicKey;
use crate::socket::Frame;
use crate::z85::KEY_BYTES;

/// Bytes of a run tag. With 64 random bits, two runs practically never have the same tag.
pub const RUN_TAG_BYTES: usize = 8;

/// The first byte of the names from a broker that reads [bundles](crate::bundle). A broker of an older
/// version sends the names that libzmq chose, which begin with 0. A client can choose a name that begins with
/// 1. Behind an older broker, this client then loses its own replies.
const READS_BUNDLES: u8 = 1;

/// The placeholder for the key of a client that connects without encryption. It is not a valid key.
const NO_KEY: [u8; KEY_BYTES] = [0; KEY_BYTES];

/// The placeholder for the key of the node's own gateway, which relays requests of many users. It is not a
/// valid key.
const GATEWAY_KEY: [u8; KEY_BYTES] = [0xff; KEY_BYTES];

/// The maximum bytes of the tag that a DEALER may put before the empty frame.
pub const TAG_BYTES_MAX: usize = 16;

/// The number of bytes at the end of a gateway's tag that identify the sender of the request, for the login
/// limits.
pub const TAG_SENDER_BYTES: usize = 8;

/// The sender of the gateway's own requests. The senders of its clients are hashes with a random seed.
pub const GATEWAY_SENDER: [u8; TAG_SENDER_BYTES] = *b"gateway.";

/// A client, as the broker describes it to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Client {
    /// A client with a key; `None` without encryption.
    One(Option<PublicKey>),
    /// The gateway of this node. Each of its tags counts as a client.
    Gateway,
}

/// Adds the first byte, the key and the run tag to the name that libzmq chose.
#[must_use]
pub fn extend(name: &[u8], client: Client, run_tag: &[u8; RUN_TAG_BYTES]) -> Frame {
    let key = match client {
        Client::One(key) => key.map_or(NO_KEY, |key| *key.as_bytes()),
        Client::Gateway => GATEWAY_KEY,
    };
    let mut extended = Frame::with_size(1 + name.len() + KEY_BYTES + RUN_TAG_BYTES);
    let (name_part, appended) = extended.split_at_mut(1 + name.len());
    if let Some((first, name_part)) = name_part.split_first_mut() {
        *first = READS_BUNDLES;
        name_part.copy_from_slice(name);
    }
    let (key_part, run_tag_part) = appended.split_at_mut(KEY_BYTES);
    key_part.copy_from_slice(&key);
    run_tag_part.copy_from_slice(run_tag);
    extended
}

/// The name that libzmq chose; `None` if the extended name has a different run tag.
#[must_use]
pub fn shorten<'a>(extended: &'a [u8], run_tag: &[u8; RUN_TAG_BYTES]) -> Option<&'a [u8]> {
    let (name, _key) = extended.strip_suffix(run_tag)?.split_last_chunk::<KEY_BYTES>()?;
    name.strip_prefix(&[READS_BUNDLES])
}

/// Whether the broker that extended this name reads bundles.
#[must_use]
pub fn reads_bundles(extended: &[u8]) -> bool {
    extended.first() == Some(&READS_BUNDLES)
}

/// The client of an extended name.
#[must_use]
pub fn client(extended: &[u8]) -> Client {
    match key_bytes(extended) {
        Some(&GATEWAY_KEY) => Client::Gateway,
        None | Some(&NO_KEY) => Client::One(None),
        Some(key) => Client::One(Some(PublicKey::from_bytes(*key))),
    }
}

fn key_bytes(extended: &[u8]) -> Option<&[u8; KEY_BYTES]> {
    let (rest, _run_tag) = extended.split_last_chunk::<RUN_TAG_BYTES>()?;
    rest.split_last_chunk::<KEY_BYTES>().map(|(_name, key)| key)
}

/// The public key that the sender of a received frame has proved to own; `None` without encryption.
#[must_use]
pub fn sender_key(frame: &mut Frame) -> Option<PublicKey> {
    frame.gets("User-Id")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_extended_and_shortened_and_keeps_its_key() {
        let key_of_alice = PublicKey::from_bytes([7; KEY_BYTES]);
        for name in [b"\0\x6b\x8b\x45\x67".as_slice(), b"", &[7; 255]] {
            for own in [Client::One(Some(key_of_alice)), Client::One(None), Client::Gateway] {
                let extended = extend(name, own, b"this run");
                assert_eq!(client(&extended), own);
                assert!(reads_bundles(&extended));
                assert_eq!(shorten(&extended, b"this run"), Some(name));
                assert_eq!(shorten(&extended, b"next run"), None);
            }
        }
        assert_eq!(client(b"short"), Client::One(None));
        let of_older_broker = [b"\0\x6b\x8b\x45\x67".as_slice(), &NO_KEY, b"this run"].concat();
        assert!(!reads_bundles(&of_older_broker) && !reads_bundles(b""));
        assert_eq!(shorten(&of_older_broker, b"this run"), None);
        assert_eq!(shorten(b"this run", b"this run"), None);
    }
}

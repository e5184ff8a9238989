//! The ids of connections and HTTP requests, and the tags that carry them through the broker.

use transport::client_name::{TAG_BYTES_MAX, TAG_SENDER_BYTES};

/// Identifies a WebSocket or one HTTP request. Unique in a run of the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ConnectionId(pub(crate) u64);

/// Identifies the sender of requests, for the login limits: a hash of the client's address.
pub(crate) type SenderId = [u8; TAG_SENDER_BYTES];

pub(crate) type Tag = [u8; TAG_BYTES_MAX];

/// The purpose of a request, which its reply shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The reply goes to the client.
    Relay,
    /// The gateway checks the session of the connection.
    Check,
}

impl ConnectionId {
    pub(crate) fn tag(self, purpose: Purpose, sender: SenderId) -> Tag {
        let number = self.0 << 1 | u64::from(purpose == Purpose::Check);
        let mut tag = [0; TAG_BYTES_MAX];
        let (id, rest) = tag.split_at_mut(TAG_BYTES_MAX - TAG_SENDER_BYTES);
        id.copy_from_slice(&number.to_be_bytes());
        rest.copy_from_slice(&sender);
        tag
    }

    /// The connection and the purpose of a tag; `None` if the gateway did not create the tag.
    pub(crate) fn of_tag(tag: &[u8]) -> Option<(Self, Purpose)> {
        let (id, sender) = tag.split_first_chunk()?;
        let number = u64::from_be_bytes(*id);
        let purpose = if number & 1 == 1 { Purpose::Check } else { Purpose::Relay };
        (sender.len() == TAG_SENDER_BYTES).then_some((Self(number >> 1), purpose))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_returns_its_connection() {
        for purpose in [Purpose::Relay, Purpose::Check] {
            let tag = ConnectionId(7).tag(purpose, *b"a sender");
            assert_eq!(ConnectionId::of_tag(&tag), Some((ConnectionId(7), purpose)));
            assert_eq!(tag.last_chunk(), Some(b"a sender"));
        }
        assert_eq!(ConnectionId::of_tag(b"short"), None);
    }
}

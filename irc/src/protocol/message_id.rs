//! The `msgid` of an event: its number and a hash of its conversation, such as `17-9d8c7b6a`.
//!
//! All clients of all users see the same `msgid`, and the front needs no table to find the event again.

use common::Conversation;
use sha2::{Digest as _, Sha256};

/// The `msgid` of the event `n`.
pub(crate) fn message_id(conversation: &Conversation, n: u64) -> String {
    format!("{n}-{}", hash(conversation))
}

/// The number in a `msgid`; `None` if it belongs to another conversation.
pub(crate) fn number_of(conversation: &Conversation, id: &str) -> Option<u64> {
    let (n, digits) = id.split_once('-')?;
    let n = n.parse().ok()?;
    (digits == hash(conversation)).then_some(n)
}

fn hash(conversation: &Conversation) -> String {
    let digest = Sha256::digest(conversation.key().as_bytes());
    digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_id_returns_its_number_in_its_conversation() {
        let conversation = |key| Conversation::from_key(key).expect("a key").expect("a conversation");
        let (ops, direct) = (conversation("#ops"), conversation("@alice @bob"));
        let id = message_id(&ops, 17);
        assert_eq!((number_of(&ops, &id), number_of(&direct, &id)), (Some(17), None));
        for bad in ["", "17", "x-9d8c7b6a", "17-", "-1-9d8c7b6a"] {
            assert_eq!(number_of(&ops, bad), None, "{bad}");
        }
    }
}

//! Amendments of messages: `message.edit`, `message.delete`, `message.react`, and their fields in history.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

use crate::accounts::Token;
use crate::conversations::Target;
use crate::errors::{Detail, refused};
use crate::events::{Body, Event};
use crate::json::Object;
use crate::limits::EMOJI_BYTES_MAX;
use crate::names::UserName;
use crate::text::Text;

/// Parameters of `message.edit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit<'a> {
    /// The token of the author's session.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The conversation of the message.
    pub conversation: Target,
    /// The number of the message.
    pub n: u64,
    /// A UUID of version 7 for the edit itself, as in `message.send`.
    pub id: Uuid,
    /// The new text of the message.
    #[serde(borrow)]
    pub text: Text<'a>,
}

/// Parameters of `message.delete`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delete<'a> {
    /// The token of the author's session, or of a moderator or owner of the channel.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The conversation of the message.
    pub conversation: Target,
    /// The number of the message.
    pub n: u64,
    /// A UUID of version 7 for the deletion itself, as in `message.send`.
    pub id: Uuid,
}

/// Parameters of `message.react`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct React<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The conversation of the message.
    pub conversation: Target,
    /// The number of the message.
    pub n: u64,
    /// A UUID of version 7 for the reaction itself, as in `message.send`.
    pub id: Uuid,
    /// The emoji to add or remove.
    pub emoji: Emoji,
    /// Whether to remove the user's own reaction.
    #[serde(default, skip_serializing_if = "crate::channels::is_false")]
    pub remove: bool,
}

/// A reaction: an emoji, or a short word such as `+1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Emoji(Box<str>);

impl Emoji {
    /// Checks the length of an emoji. White space and control characters are refused.
    pub fn new(emoji: &str) -> Result<Self, Detail> {
        let is_allowed = |c: char| !c.is_whitespace() && !c.is_control();
        let has_valid_length = (1..=EMOJI_BYTES_MAX).contains(&emoji.len());
        if has_valid_length && emoji.chars().all(is_allowed) {
            Ok(Self(emoji.into()))
        } else {
            Err(Detail::BadReaction { max: EMOJI_BYTES_MAX })
        }
    }

    /// Returns the emoji as a string slice.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Emoji {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&crate::text::borrowed(deserializer)?).map_err(refused)
    }
}

/// The users who reacted to a message with the same emoji.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// The emoji of all these reactions.
    pub emoji: Emoji,
    /// The users, in the order in which they reacted.
    pub users: Vec<UserName>,
}

/// An earlier text of an edited message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlierText<'a> {
    /// The time at which the message got this text, in Unix milliseconds.
    pub at: u64,
    /// The text.
    pub text: Cow<'a, str>,
}

/// The fields that a page of history adds to an amended message. A [`Body::Redacted`] message does not have
/// them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AmendedFields<'a> {
    /// The time of the last edit, in Unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited: Option<u64>,
    /// The reactions, in the order of the first reaction with each emoji.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
    /// The earlier texts, oldest first, if the request has `edits`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<EarlierText<'a>>,
}

/// Removes the text of a message or an edit.
#[must_use]
pub fn without_text<'a>(event: Event<'a>) -> Event<'a> {
    match event.body.id() {
        Some(id) => Event { body: Body::Redacted { id, of: event.body.amends() }, ..event },
        None => event,
    }
}

/// Appends an event's line with the fields of its amendments, and a newline.
pub fn encode_amended(out: &mut Vec<u8>, event: &Event<'_>, amended: &AmendedFields<'_>) {
    let AmendedFields { edited, reactions, edits } = amended;
    let mut line = Object::begin(out);
    event.write_fields(&mut line);
    line.optional("edited", edited.as_ref());
    line.optional("reactions", Some(reactions).filter(|reactions| !reactions.is_empty()));
    line.optional("edits", Some(edits).filter(|edits| !edits.is_empty()));
    line.end();
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r##"{"n":3,"at":7,"to":"#a","from":"bob","kind":"message","id":"01970000-0000-7000-8000-000000000001","text":"oi","reply":2}"##;

    fn encoded(event: Event<'_>, amended: &AmendedFields<'_>) -> String {
        let mut out = Vec::new();
        encode_amended(&mut out, &event, amended);
        String::from_utf8(out).expect("utf-8")
    }

    #[test]
    fn the_line_of_an_amended_message_has_the_fields_of_its_amendments() {
        let event: Event<'_> = serde_json::from_str(LINE).expect("an event");
        let reactions = vec![Reaction {
            emoji: Emoji::new("👍").expect("an emoji"),
            users: vec![UserName::new("ana").expect("a name")],
        }];
        let edits = vec![EarlierText { at: 7, text: "io".into() }];
        let all = AmendedFields { edited: Some(9), reactions, edits };
        let line = encoded(event, &all);
        insta::assert_snapshot!(line, @r##"{"n":3,"at":7,"to":"#a","from":"bob","kind":"message","id":"01970000-0000-7000-8000-000000000001","text":"oi","reply":2,"edited":9,"reactions":[{"emoji":"👍","users":["ana"]}],"edits":[{"at":7,"text":"io"}]}"##);
        let read: Event<'_> = serde_json::from_str(&line).expect("an event");
        assert_eq!(read.n, 3);
        assert_eq!(serde_json::from_str::<AmendedFields<'_>>(&line).expect("amended fields"), all);
    }

    #[test]
    fn the_line_of_a_redacted_message_has_no_text_and_no_reply() {
        let event: Event<'_> = serde_json::from_str(LINE).expect("an event");
        let line = encoded(without_text(event), &AmendedFields::default());
        insta::assert_snapshot!(line, @r##"{"n":3,"at":7,"to":"#a","from":"bob","kind":"message","id":"01970000-0000-7000-8000-000000000001","text":"","deleted":true}"##);
        let read: Event<'_> = serde_json::from_str(&line).expect("an event");
        assert!(matches!(read.body, Body::Redacted { of: None, .. }), "{read:?}");
    }

    #[test]
    fn a_reaction_is_short_and_has_no_spaces() {
        for emoji in ["👍", "+1", "👩‍🚀", "é"] {
            assert!(Emoji::new(emoji).is_ok(), "{emoji}");
        }
        for emoji in ["", " ", "a b", "\u{1b}", &"x".repeat(EMOJI_BYTES_MAX + 1)] {
            assert_eq!(Emoji::new(emoji), Err(Detail::BadReaction { max: EMOJI_BYTES_MAX }), "{emoji}");
        }
    }
}

//! What happens to a message after it was said: `message.edit`, `message.delete`, `message.react`, and how a page of
//! history shows it.

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
    /// The session: that of the author.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// `#channel` or `@user`.
    pub conversation: Target,
    /// Which message.
    pub n: u64,
    /// A UUID of version 7 for the edit itself, as with `message.send`.
    pub id: Uuid,
    /// What it says from now on.
    #[serde(borrow)]
    pub text: Text<'a>,
}

/// Parameters of `message.delete`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delete<'a> {
    /// The session: that of the author, or in a channel of a moderator or owner.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// `#channel` or `@user`.
    pub conversation: Target,
    /// Which message.
    pub n: u64,
    /// A UUID of version 7 for the deletion itself, as with `message.send`.
    pub id: Uuid,
}

/// Parameters of `message.react`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct React<'a> {
    /// The session.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// `#channel` or `@user`.
    pub conversation: Target,
    /// Which message.
    pub n: u64,
    /// A UUID of version 7 for the reaction itself, as with `message.send`.
    pub id: Uuid,
    /// With what.
    pub emoji: Emoji,
    /// Take it back instead.
    #[serde(default, skip_serializing_if = "crate::channels::is_false")]
    pub remove: bool,
}

/// What one reacts with: an emoji, or a short word such as `+1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Emoji(Box<str>);

impl Emoji {
    /// Checks an emoji.
    pub fn new(emoji: &str) -> Result<Self, Detail> {
        let is_sound = |c: char| !c.is_whitespace() && !c.is_control();
        let fits = (1..=EMOJI_BYTES_MAX).contains(&emoji.len());
        if fits && emoji.chars().all(is_sound) {
            Ok(Self(emoji.into()))
        } else {
            Err(Detail::BadReaction { max: EMOJI_BYTES_MAX })
        }
    }

    /// The emoji itself.
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

/// Who reacted to a message with the same emoji.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// With what.
    pub emoji: Emoji,
    /// Who, in the order in which they did.
    pub users: Vec<UserName>,
}

/// What a message said before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version<'a> {
    /// Since when, in Unix milliseconds.
    pub at: u64,
    /// What.
    pub text: Cow<'a, str>,
}

/// What a page of history adds to the line of a message that was amended. That it was deleted, its body says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Present<'a> {
    /// When it was edited last, in Unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited: Option<u64>,
    /// The reactions, in the order in which they began.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
    /// What it said before, oldest first, when that was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<Version<'a>>,
}

/// The same event without its text, which is gone: for messages and their edits.
#[must_use]
pub fn without_text<'a>(event: Event<'a>) -> Event<'a> {
    match event.body.id() {
        Some(id) => Event { body: Body::Gone { id, of: event.body.amends() }, ..event },
        None => event,
    }
}

/// Writes an event's line with what is to be added to it, and a newline.
pub fn encode_present(out: &mut Vec<u8>, event: &Event<'_>, present: &Present<'_>) {
    let Present { edited, reactions, edits } = present;
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

    fn present(event: Event<'_>, present: &Present<'_>) -> String {
        let mut out = Vec::new();
        encode_present(&mut out, &event, present);
        String::from_utf8(out).expect("utf-8")
    }

    #[test]
    fn a_line_with_what_was_added() {
        let event: Event<'_> = serde_json::from_str(LINE).expect("an event");
        let reactions = vec![Reaction {
            emoji: Emoji::new("👍").expect("an emoji"),
            users: vec![UserName::new("ana").expect("a name")],
        }];
        let edits = vec![Version { at: 7, text: "io".into() }];
        let all = Present { edited: Some(9), reactions, edits };
        let line = present(event, &all);
        insta::assert_snapshot!(line, @r##"{"n":3,"at":7,"to":"#a","from":"bob","kind":"message","id":"01970000-0000-7000-8000-000000000001","text":"oi","reply":2,"edited":9,"reactions":[{"emoji":"👍","users":["ana"]}],"edits":[{"at":7,"text":"io"}]}"##);
        let read: Event<'_> = serde_json::from_str(&line).expect("an event all the same");
        assert_eq!(read.n, 3);
        assert_eq!(serde_json::from_str::<Present<'_>>(&line).expect("what was added"), all);
    }

    #[test]
    fn a_text_that_is_gone_leaves_nothing_behind() {
        let event: Event<'_> = serde_json::from_str(LINE).expect("an event");
        let line = present(without_text(event), &Present::default());
        insta::assert_snapshot!(line, @r##"{"n":3,"at":7,"to":"#a","from":"bob","kind":"message","id":"01970000-0000-7000-8000-000000000001","text":"","deleted":true}"##);
        let read: Event<'_> = serde_json::from_str(&line).expect("an event");
        assert!(matches!(read.body, Body::Gone { of: None, .. }), "{read:?}");
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

//! Webhooks: all methods `hook.*`, and the field `via` of the messages that hooks post.
//!
//! A hook is an account of a bot in a channel. An incoming hook posts to the channel, with a token that is
//! part of an HTTP address. An outgoing hook delivers the events of the channel to a receiver.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

use crate::accounts::Token;
use crate::channels::is_false;
use crate::deliveries::{Delivery, HookUrl};
use crate::limits::POSTER_CHARACTERS_MAX;
use crate::names::{ChannelName, UserName};
use crate::text::{Text, is_blank, is_invisible};

/// Parameters of `hook.create`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateHook<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The channel of the hook.
    pub channel: ChannelName,
    /// The name of the hook's account, which is the sender of its messages.
    pub name: UserName,
    /// Whether a post may name another channel that the account is a member of.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unlocked: bool,
    /// Whether posts may mention all members with `@here`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub here: bool,
    /// Whether each post must be signed with the secret of the hook.
    #[serde(default, skip_serializing_if = "is_false")]
    pub signed: bool,
    /// The address of the receiver. With it, the hook is outgoing, and must have none of the three flags
    /// above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<HookUrl>,
}

/// Result of `hook.create`. The server stores only the SHA-256 of the token, so it cannot be read later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatedHook {
    /// The id of the hook, for `hook.revoke`.
    pub id: Uuid,
    /// The token of an incoming hook: 40 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hook: Option<String>,
    /// The secret with which senders sign their posts, if an incoming hook requires signatures. The secret
    /// with which the server signs events, if the hook is outgoing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// Parameters of `hook.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListHooks<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The channel.
    pub channel: ChannelName,
}

/// Result of `hook.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hooks {
    /// The hooks of the channel, oldest first.
    pub hooks: Vec<Hook>,
}

/// A hook without its token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hook {
    /// The id of the hook.
    pub id: Uuid,
    /// The name of the hook's account.
    pub name: UserName,
    /// The user who created the hook.
    pub by: UserName,
    /// See [`CreateHook::unlocked`].
    #[serde(default, skip_serializing_if = "is_false")]
    pub unlocked: bool,
    /// See [`CreateHook::here`].
    #[serde(default, skip_serializing_if = "is_false")]
    pub here: bool,
    /// See [`CreateHook::signed`].
    #[serde(default, skip_serializing_if = "is_false")]
    pub signed: bool,
    /// The deliveries of an outgoing hook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Delivery>,
}

/// Parameters of `hook.revoke` and `hook.resume`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OneHook<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The id of the hook.
    pub id: Uuid,
}

/// Parameters of `hook.post`. The gateway sends this request for each post to an address of a hook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post<'a> {
    /// The token of the hook.
    #[serde(borrow)]
    pub hook: Cow<'a, str>,
    /// A UUID of version 7. A request with a known `id` returns the result of the first request.
    pub id: Uuid,
    /// The text of the message.
    #[serde(borrow)]
    pub text: Text<'a>,
    /// The name that the sender of the post gave itself.
    #[serde(default, skip_serializing_if = "Option::is_none", borrow)]
    pub username: Option<Cow<'a, str>>,
    /// The channel that the sender named. Only an unlocked hook uses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelName>,
    /// Whether the text replaces the text of the message with the `id`, if this message exists.
    #[serde(default, skip_serializing_if = "is_false")]
    pub edit: bool,
    /// The signature `sha256=<HMAC-SHA-256 in hexadecimal digits>` of the bytes after the line.
    #[serde(default, skip_serializing_if = "Option::is_none", borrow)]
    pub signature: Option<Cow<'a, str>>,
}

/// The field `via` of an event: the hook that posted the message, and the name that the sender gave itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Via {
    /// The name of the hook.
    pub hook: UserName,
    /// The name that the sender of the post gave itself. Clients show it next to the sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<PosterName>,
}

/// The name that the sender of a post gave itself: one line of 1 to [`POSTER_CHARACTERS_MAX`] visible
/// characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct PosterName(Box<str>);

impl PosterName {
    /// Removes invisible characters, and cuts a long name. `None` if no visible character remains.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        let visible = name.chars().filter(|c| !is_invisible(*c)).take(POSTER_CHARACTERS_MAX);
        let name = visible.collect::<String>();
        let name = name.trim();
        (!is_blank(name)).then(|| Self(name.into()))
    }

    /// The name as a string slice.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for PosterName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        // The log has names of earlier versions, which removed fewer characters.
        Ok(Self::new(&name).unwrap_or_else(|| Self("?".into())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_poster_name_is_one_visible_line() {
        let name = |text: &str| PosterName::new(text).map(|name| name.as_str().to_owned());
        assert_eq!(name(" Alert\u{202e}\u{1b}manager\n").as_deref(), Some("Alertmanager"));
        assert_eq!((name(""), name(" \n\u{200b}")), (None, None));
        assert_eq!((name("\u{200d}"), name("\u{3164} \u{fe0f}")), (None, None), "joiners alone show nothing");
        let stored: PosterName = serde_json::from_str("\"\u{3164}\"").expect("an old line of the log");
        assert_eq!(stored.as_str(), "?");
        assert_eq!(name(&"é".repeat(99)), Some("é".repeat(POSTER_CHARACTERS_MAX)));
        for name in ["Uptime Kuma", "x"] {
            let name = PosterName::new(name).expect("a name");
            assert_eq!(PosterName::new(name.as_str()), Some(name), "a stored name does not change");
        }
    }
}

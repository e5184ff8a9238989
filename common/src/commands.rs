//! The slash commands of bots: `command.register` and `command.list`, and the field `command` of messages.
//!
//! A message that begins with the `/name` of a command of its conversation runs the command. It is a message
//! like any other, so it is durable, and the bot receives it in the order of the conversation.

use serde::{Deserialize, Deserializer, Serialize};

use crate::accounts::Token;
use crate::channels::is_false;
use crate::conversations::Target;
use crate::errors::{Detail, refused};
use crate::limits::{COMMAND_TEXT_CHARACTERS_MAX, NAME_CHARACTERS_MAX};
use crate::names::UserName;
use crate::text::is_invisible;

/// The names of the commands of `papo chat` and of the page. No command of a bot has one of these names.
pub const BUILT_IN: &[&str] = &[
    "accept",
    "admin",
    "archive",
    "away",
    "back",
    "ban",
    "bans",
    "block",
    "blocks",
    "broadcast",
    "channels",
    "create",
    "decline",
    "delete",
    "delete-account",
    "delete-channel",
    "dnd",
    "edit",
    "edits",
    "get",
    "help",
    "history",
    "invitations",
    "invite",
    "join",
    "kick",
    "leave",
    "link",
    "login",
    "logout",
    "members",
    "mentions",
    "menu",
    "msg",
    "mute",
    "name",
    "next",
    "notify",
    "open",
    "password",
    "private",
    "quit",
    "react",
    "read",
    "register",
    "rename",
    "reply",
    "revoke",
    "role",
    "search",
    "send",
    "sessions",
    "share",
    "status",
    "topic",
    "unban",
    "unblock",
    "unread",
    "unreact",
    "users",
];

/// The name of a command: lowercase letters and hyphens, at most [`NAME_CHARACTERS_MAX`] characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct CommandName(Box<str>);

impl CommandName {
    /// Checks the name of a command, which has no slash.
    pub fn new(name: &str) -> Result<Self, Detail> {
        let is_valid = name.len() <= NAME_CHARACTERS_MAX
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        if !is_valid {
            return Err(Detail::CommandNameCharacters { max: NAME_CHARACTERS_MAX });
        }
        Ok(Self(name.into()))
    }

    /// The name at the beginning of a text such as `/deploy api`; `None` if the text does not begin with a
    /// command.
    #[must_use]
    pub fn of_text(text: &str) -> Option<Self> {
        let rest = text.strip_prefix('/')?;
        Self::new(rest.split(char::is_whitespace).next()?).ok()
    }

    /// Whether clients have a command of this name.
    #[must_use]
    pub fn is_built_in(&self) -> bool {
        BUILT_IN.contains(&&*self.0)
    }

    /// The name as a string slice.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for CommandName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&crate::text::borrowed(deserializer)?).map_err(refused)
    }
}

/// The description or the usage of a command: one visible line of at most [`COMMAND_TEXT_CHARACTERS_MAX`]
/// characters. It may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct CommandText(Box<str>);

impl CommandText {
    /// Checks a line.
    pub fn new(line: &str) -> Result<Self, Detail> {
        let max = COMMAND_TEXT_CHARACTERS_MAX;
        if line.chars().count() > max || line.contains(is_invisible) {
            return Err(Detail::CommandTextCharacters { max });
        }
        Ok(Self(line.into()))
    }

    /// Whether the line is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The line as a string slice.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for CommandText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&crate::text::borrowed(deserializer)?).map_err(refused)
    }
}

/// A command of a bot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BotCommand {
    /// The name, without a slash.
    pub name: CommandName,
    /// A description of the command in one line.
    pub description: CommandText,
    /// The arguments, such as `SERVICE [VERSION]`.
    #[serde(default, skip_serializing_if = "CommandText::is_empty")]
    pub usage: CommandText,
}

/// Parameters of `command.register`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterCommands<'a> {
    /// The token of a bot. The commands work in its conversations.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// All commands of the token. They replace the earlier commands.
    pub commands: Vec<BotCommand>,
}

/// Parameters of `command.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListCommands<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The conversation.
    pub conversation: Target,
}

/// Result of `command.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commands {
    /// The commands of the conversation, in alphabetical order.
    pub commands: Vec<CommandInfo>,
}

/// A command in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandInfo {
    /// The command.
    #[serde(flatten)]
    pub command: BotCommand,
    /// The bot that receives the command.
    pub bot: UserName,
    /// Whether the bot is present. A bot that is not present receives the command when it reads the
    /// conversation.
    #[serde(default, skip_serializing_if = "is_false")]
    pub online: bool,
}

/// The command that a message runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invocation {
    /// The bot that registered the command.
    pub bot: UserName,
    /// The name of the command.
    pub name: CommandName,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_the_first_word_of_a_text() {
        let name = |text: &str| CommandName::of_text(text).map(|name| name.as_str().to_owned());
        assert_eq!(name("/deploy api v2").as_deref(), Some("deploy"));
        assert_eq!(name("/roll-back\nnow").as_deref(), Some("roll-back"));
        for text in ["deploy", " /deploy", "//deploy", "/", "/ deploy", "/Deploy", "/usr/bin", "/-x", "/a1"] {
            assert_eq!(name(text), None, "{text}");
        }
        assert!(CommandName::new(&"a".repeat(NAME_CHARACTERS_MAX)).is_ok());
        assert!(CommandName::new(&"a".repeat(NAME_CHARACTERS_MAX + 1)).is_err());
    }

    #[test]
    fn a_command_text_is_one_visible_line() {
        assert!(CommandText::new(&"é".repeat(COMMAND_TEXT_CHARACTERS_MAX)).is_ok());
        for line in [
            "é".repeat(COMMAND_TEXT_CHARACTERS_MAX + 1),
            "a\nb".into(),
            "\u{202e}x".into(),
            "\u{1b}[2J".into(),
        ] {
            assert!(CommandText::new(&line).is_err(), "{line:?}");
        }
    }
}

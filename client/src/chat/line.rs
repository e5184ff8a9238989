//! What a line typed means.

use common::Target;

use super::commands::{self, Command};

/// A line, understood.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// Blank.
    Nothing,
    /// `/name arguments`.
    Command(&'static Command, &'a str),
    /// `/name` of no command.
    Unknown(&'a str),
    /// `#channel` or `@user` alone: open it.
    Open(Target),
    /// Anything else: said in the open conversation.
    Text(&'a str),
}

impl<'a> Line<'a> {
    /// Understands a line. A text that begins with a slash is written with two of them.
    pub(super) fn read(line: &'a str) -> Self {
        let trimmed = line.trim();
        if trimmed.is_empty() {
            return Self::Nothing;
        }
        if let Some(command) = trimmed.strip_prefix('/') {
            if command.starts_with('/') {
                return Self::Text(command);
            }
            let (name, arguments) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
            let known = commands::all().find(|known| known.name == name);
            return known.map_or(Self::Unknown(name), |known| Self::Command(known, arguments.trim()));
        }
        match Target::new(trimmed) {
            Ok(target) => Self::Open(target),
            Err(_) => Self::Text(line),
        }
    }

    /// Whether the line may be kept among those typed: what belongs to passwords may not.
    pub(super) fn may_be_kept(&self) -> bool {
        match self {
            Self::Command(command, _) => !command.is_private,
            // A slip of the finger in `/login alice secret` is no reason to keep it either.
            Self::Unknown(_) | Self::Nothing => false,
            Self::Open(_) | Self::Text(_) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(line: &str) -> String {
        match Line::read(line) {
            Line::Nothing => "nothing".to_owned(),
            Line::Command(command, arguments) => format!("command {} [{arguments}]", command.name),
            Line::Unknown(name) => format!("unknown {name}"),
            Line::Open(target) => format!("open {target}"),
            Line::Text(text) => format!("text [{text}]"),
        }
    }

    #[test]
    fn lines_are_told_apart() {
        let lines = [
            " ",
            "/join #ops",
            "/msg  @bob  oi  there ",
            "/jion #ops",
            "/",
            "//etc/hosts",
            "#ops",
            "@Bob",
            "#ops is down",
            "  oi",
        ];
        let kinds: Vec<_> = lines.iter().map(|line| kind(line)).collect();
        insta::assert_snapshot!(kinds.join("\n"), @r"
        nothing
        command join [#ops]
        command msg [@bob  oi  there]
        unknown jion
        unknown 
        text [/etc/hosts]
        open #ops
        open @bob
        text [#ops is down]
        text [  oi]
        ");
    }

    #[test]
    fn nothing_near_a_password_is_kept() {
        for line in ["/login alice", "/register alice", "/login alice secret", "/lgoin alice secret", " "] {
            assert!(!Line::read(line).may_be_kept(), "{line}");
        }
        for line in ["/join #ops", "oi", "@bob"] {
            assert!(Line::read(line).may_be_kept(), "{line}");
        }
    }
}

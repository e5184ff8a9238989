//! The kinds of lines that a user types.

use common::Target;

use super::commands::{self, Command};

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    Blank,
    /// `/name arguments`.
    Command(&'static Command, &'a str),
    /// `/name`, where the name is almost that of the command.
    Mistyped(&'a str, &'static Command),
    /// Only `#channel` or `@user`.
    Open(Target),
    /// A message to the open conversation.
    Text(&'a str),
}

impl<'a> Line<'a> {
    /// Parses a line. A line that starts with two slashes is a text that starts with one slash. A line that
    /// starts with the path of a file is a text.
    pub(super) fn parse(line: &'a str) -> Self {
        let trimmed = line.trim();
        if trimmed.is_empty() {
            return Self::Blank;
        }
        if let Some(command) = trimmed.strip_prefix('/') {
            if command.starts_with('/') {
                return Self::Text(command);
            }
            let (name, arguments) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
            return match (commands::find(name), commands::nearest(name)) {
                (Some(command), _) => Self::Command(command, arguments.trim()),
                (None, Some(nearest)) => Self::Mistyped(name, nearest),
                (None, None) => Self::Text(line),
            };
        }
        match Target::new(trimmed) {
            Ok(target) => Self::Open(target),
            Err(_) => Self::Text(line),
        }
    }

    /// Whether the line may be saved in the history file. Lines that may contain a password are not saved.
    pub(super) fn may_be_saved(&self) -> bool {
        match self {
            Self::Command(command, _) => !command.is_private,
            // A mistyped command may be `/login alice secret`.
            Self::Mistyped(..) | Self::Blank => false,
            Self::Open(_) | Self::Text(_) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(line: &str) -> String {
        match Line::parse(line) {
            Line::Blank => "blank".to_owned(),
            Line::Command(command, arguments) => format!("command {} [{arguments}]", command.name),
            Line::Mistyped(name, nearest) => format!("{name} is almost {}", nearest.name),
            Line::Open(target) => format!("open {target}"),
            Line::Text(text) => format!("text [{text}]"),
        }
    }

    #[test]
    fn every_kind_of_line_is_recognised() {
        let lines = [
            " ",
            "/join #ops",
            "/msg  @bob  oi  there ",
            "/jion #ops",
            "/",
            "/usr/bin/ls -l",
            "/tmp is full",
            "/login: refused",
            "/jo #ops",
            "/JOIN #ops",
            "//etc/hosts",
            "#ops",
            "@Bob",
            "#ops is down",
            "  oi",
        ];
        let kinds: Vec<_> = lines.iter().map(|line| kind(line)).collect();
        insta::assert_snapshot!(kinds.join("\n"), @r"
        blank
        command join [#ops]
        command msg [@bob  oi  there]
        jion is almost join
        text [/]
        text [/usr/bin/ls -l]
        text [/tmp is full]
        login: is almost login
        jo is almost join
        JOIN is almost join
        text [/etc/hosts]
        open #ops
        open @bob
        text [#ops is down]
        text [  oi]
        ");
    }

    #[test]
    fn a_line_that_may_contain_a_password_is_not_saved() {
        for line in ["/login alice", "/register alice", "/login alice secret", "/lgoin alice secret", " "] {
            assert!(!Line::parse(line).may_be_saved(), "{line}");
        }
        for line in ["/join #ops", "oi", "@bob"] {
            assert!(Line::parse(line).may_be_saved(), "{line}");
        }
    }
}

//! The kinds of lines that a user types.

use common::Target;

use super::commands::{self, Command};
use crate::permalink::Permalink;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    Blank,
    /// `/name arguments`.
    Command(&'static Command, &'a str),
    /// `/name`, where no command has that name, and the command that the user probably meant.
    Unknown(&'a str, Option<&'static Command>),
    /// Only `#channel` or `@user`.
    Open(Target),
    /// Only a permalink.
    Link(Permalink),
    /// A message to the open conversation.
    Text(&'a str),
}

impl<'a> Line<'a> {
    /// Parses a line. A line that starts with two slashes is a text that starts with one slash. A line that
    /// starts with a path, which no command resembles, is a text. A text has no line breaks at its end, where
    /// a pasted line has one.
    pub(super) fn parse(line: &'a str) -> Self {
        let line = line.trim_end_matches(['\n', '\r']);
        let trimmed = line.trim();
        if trimmed.is_empty() {
            return Self::Blank;
        }
        if let Some(command) = trimmed.strip_prefix('/') {
            if command.starts_with('/') {
                return Self::Text(command);
            }
            let (name, arguments) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
            let is_path = name.contains(|c: char| !c.is_alphabetic() && c != '-');
            return match (commands::find(name), commands::nearest(name)) {
                (Some(command), _) => Self::Command(command, arguments.trim()),
                (None, None) if is_path => Self::Text(line),
                (None, nearest) => Self::Unknown(name, nearest),
            };
        }
        match (Target::new(trimmed), trimmed.parse()) {
            (Ok(target), _) => Self::Open(target),
            (Err(_), Ok(link)) => Self::Link(link),
            (Err(_), Err(())) => Self::Text(line),
        }
    }

    /// Whether the line may be saved in the history file. Lines that may contain a password are not saved.
    pub(super) fn may_be_saved(&self) -> bool {
        match self {
            Self::Command(command, _) => !command.is_private,
            // An unknown command may be a mistyped `/login alice secret`.
            Self::Unknown(..) | Self::Blank => false,
            Self::Open(_) | Self::Link(_) | Self::Text(_) => true,
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
            Line::Unknown(name, nearest) => {
                format!("unknown {name}, meant {}", nearest.map_or("nothing", |nearest| nearest.name))
            }
            Line::Open(target) => format!("open {target}"),
            Line::Link(link) => format!("link {link}"),
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
            "/dev/sda1",
            "/etc/hosts is gone",
            "//etc/hosts",
            "#ops",
            "@Bob",
            "#ops is down",
            "papo://h:1/#ops/17 ",
            "  oi",
            "pasted\n",
            "//pasted\r\n",
            "a\n\nb\n\n",
        ];
        let kinds: Vec<_> = lines.iter().map(|line| kind(line)).collect();
        insta::assert_snapshot!(kinds.join("\n"), @r"
        blank
        command join [#ops]
        command msg [@bob  oi  there]
        unknown jion, meant join
        unknown , meant nothing
        text [/usr/bin/ls -l]
        unknown tmp, meant nothing
        unknown login:, meant login
        unknown jo, meant join
        unknown JOIN, meant join
        text [/dev/sda1]
        text [/etc/hosts is gone]
        text [/etc/hosts]
        open #ops
        open @bob
        text [#ops is down]
        link papo://h:1/#ops/17
        text [  oi]
        text [pasted]
        text [/pasted]
        text [a

        b]
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

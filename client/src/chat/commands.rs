//! The commands of the chat: each stands in a table beside its function, and `/help`, completion and dispatch come
//! from these tables.

mod accounts;
mod admin;
mod channels;
mod conversations;
mod amendments;
mod files;
mod reads;
mod search;
mod general;
mod presence;

use common::{ChannelName, Target, Text, UserName};

use super::completion::Channels;
use super::room::Room;
use crate::cli_error::CliError;
use crate::i18n::{Phrase, Words, both};

/// One command.
pub(super) struct Command {
    /// What follows the slash: the same in all languages.
    pub(super) name: &'static str,
    /// What follows the name.
    pub(super) arguments: Phrase,
    /// One line.
    pub(super) help: Phrase,
    /// Which channels it is about, when it is about any.
    pub(super) channels: Channels,
    /// Whether passwords come near it, so that the line is not kept.
    pub(super) is_private: bool,
    pub(super) run: fn(&mut Room, &str) -> Result<(), CliError>,
}

impl Command {
    const fn new(
        name: &'static str,
        arguments: Phrase,
        help: Phrase,
        run: fn(&mut Room, &str) -> Result<(), CliError>,
    ) -> Self {
        Self { name, arguments, help, channels: Channels::Own, is_private: false, run }
    }

    /// It is about other channels than one's own.
    const fn about(mut self, channels: Channels) -> Self {
        self.channels = channels;
        self
    }

    /// Does what a line says. Who has left out what the command needs is told what that is.
    pub(super) fn obey(&self, room: &mut Room, arguments: &str) -> Result<(), CliError> {
        let (words, wanted) = (room.words, room.words.of(self.arguments));
        if arguments.is_empty() && !wanted.is_empty() && !wanted.starts_with('[') {
            return Err(CliError::Usage(words.usage(self.name, wanted, words.of(self.help))));
        }
        (self.run)(room, arguments)
    }

    /// It has to do with passwords.
    const fn private(mut self) -> Self {
        self.is_private = true;
        self
    }
}

/// Commands that belong together.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Group {
    /// What they are about.
    pub(super) title: Phrase,
    pub(super) commands: &'static [Command],
}

/// All groups, in the order of `/help` and `/menu`.
pub(super) static GROUPS: &[Group] = &[
    Group { title: both("help", "ajuda"), commands: general::BEFORE },
    Group { title: both("your account", "sua conta"), commands: accounts::COMMANDS },
    Group { title: both("channels and groups", "canais e grupos"), commands: channels::COMMANDS },
    Group { title: both("conversations", "conversas"), commands: conversations::COMMANDS },
    Group { title: both("messages", "mensagens"), commands: amendments::COMMANDS },
    Group { title: both("files", "arquivos"), commands: files::COMMANDS },
    Group { title: both("read and unread", "lidas e não lidas"), commands: reads::COMMANDS },
    Group { title: both("search", "busca"), commands: search::COMMANDS },
    Group { title: both("being there", "presença"), commands: presence::COMMANDS },
    Group { title: both("administration", "administração"), commands: admin::COMMANDS },
    Group { title: both("end papo", "encerrar o papo"), commands: general::AFTER },
];

/// All commands, in the same order.
pub(super) fn all() -> impl Iterator<Item = &'static Command> {
    GROUPS.iter().flat_map(|group| group.commands)
}

impl PartialEq for Command {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Command {}

impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "/{}", self.name)
    }
}

fn first_word(words: &str) -> (&str, &str) {
    let (first, rest) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
    (first, rest.trim_start())
}

fn user(words: Words, name: &str) -> Result<UserName, CliError> {
    if name.contains(char::is_whitespace) {
        return Err(CliError::Usage(words.only_the_name()));
    }
    let name = name.strip_prefix('@').unwrap_or(name);
    UserName::new(name).map_err(|error| CliError::Usage(words.detail(&error)))
}

fn target(words: Words, name: &str) -> Result<Target, CliError> {
    Target::new(name).map_err(|_| CliError::Usage(words.channel_or_user()))
}

fn channel(words: Words, name: &str) -> Result<ChannelName, CliError> {
    ChannelName::new(name).map_err(|error| CliError::Usage(words.detail(&error)))
}

/// Checks a text before it is sent.
pub(super) fn text(words: Words, text: &str) -> Result<Text<'static>, CliError> {
    Text::new(text.to_owned()).map_err(|error| CliError::Usage(words.detail(&error)))
}

#[cfg(test)]
mod tests {
    use super::super::line::Line;
    use super::*;
    use crate::i18n::Language;

    #[test]
    fn every_command_is_understood_and_listed_in_both_languages() {
        let [english, portuguese] = [Language::English, Language::Portuguese]
            .map(|language| general::help_text(Words::new(language)));
        for (words, help) in [(Language::English, &english), (Language::Portuguese, &portuguese)] {
            let words = Words::new(words);
            for command in all() {
                let arguments = words.of(command.arguments);
                let line = format!("/{} {arguments}", command.name);
                assert_eq!(Line::read(&line), Line::Command(command, arguments), "{line}");
                let listed = help.lines().find(|listed| listed.starts_with(line.trim())).expect(&line);
                assert!(listed.ends_with(words.of(command.help)), "{listed}");
                let [here, english] = [words, Words::ENGLISH].map(|words| words.of(command.arguments));
                assert_eq!(here.split(' ').count(), english.split(' ').count(), "as many arguments: {line}");
            }
            assert_eq!(help.lines().count(), all().count() + 1);
        }
        for (one, other) in english.lines().zip(portuguese.lines()) {
            assert_ne!(one, other, "not translated");
        }
    }

    #[test]
    fn names_are_unique() {
        let commands: Vec<_> = all().collect();
        for (i, command) in commands.iter().enumerate() {
            assert!(commands[i + 1..].iter().all(|other| other != command), "{command:?}");
        }
    }

    #[test]
    fn a_password_is_no_argument() {
        let failure = user(Words::ENGLISH, "alice secret").expect_err("refused");
        assert_eq!(failure.to_string(), "say only the name: the password is asked for, and not shown");
    }
}

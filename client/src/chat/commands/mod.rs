//! The command table. Dispatch, `/help`, `/menu` and completion are generated from it. Each noun has a file
//! with its rows and the functions that run them. `/help`, `/menu` and `/quit` are in this file, because they
//! use the table and the shell.

mod command;
mod arguments;
mod accounts;
mod channels;
mod conversations;
mod amendments;
mod files;
mod reads;
mod search;
mod presence;
mod admin;

use unicode_width::UnicodeWidthStr as _;

use super::context::Context;
use crate::cli_error::CliError;
use crate::i18n::{Catalog, Phrase, both, same};
pub(super) use command::{Command, Next};

/// The columns of `/help` for a command and its arguments. If these are longer, the help text begins further
/// to the right.
const SYNTAX_WIDTH: usize = 28;

/// The commands under one title of the menu.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) title: Phrase,
    pub(super) commands: &'static [Command],
}

/// The table, in the order of `/help` and `/menu`.
pub(super) static GROUPS: &[Group] = &[
    Group { title: both("help", "ajuda"), commands: HELP },
    Group { title: both("your account", "sua conta"), commands: accounts::COMMANDS },
    Group { title: both("channels", "canais"), commands: channels::COMMANDS },
    Group { title: both("conversations", "conversas"), commands: conversations::COMMANDS },
    Group { title: both("messages", "mensagens"), commands: amendments::COMMANDS },
    Group { title: both("files", "arquivos"), commands: files::COMMANDS },
    Group { title: both("unread messages", "mensagens não lidas"), commands: reads::COMMANDS },
    Group { title: both("search", "busca"), commands: search::COMMANDS },
    Group { title: both("presence", "presença"), commands: presence::COMMANDS },
    Group { title: both("administration", "administração"), commands: admin::COMMANDS },
    Group { title: both("quit papo", "encerrar o papo"), commands: QUIT },
];

static HELP: &[Command] = &[
    Command::new("help", same(""), both("list the commands", "lista os comandos"), help),
    Command::new(
        "menu",
        same(""),
        both("choose commands by number", "mostra os comandos para escolher por número"),
        menu,
    ),
];

static QUIT: &[Command] = &[Command::new(
    "quit",
    same(""),
    both("quit; Ctrl-D does the same", "encerra o papo; Ctrl-D faz o mesmo"),
    quit,
)];

/// All commands, in the order of the table.
pub(super) fn all() -> impl Iterator<Item = &'static Command> {
    GROUPS.iter().flat_map(|group| group.commands)
}

/// The command with a name, which has no slash.
pub(super) fn find(name: &str) -> Option<&'static Command> {
    all().find(|command| command.name == name)
}

fn help(context: &mut Context, _: &str) -> Result<Next, CliError> {
    context.say(&help_text(context.catalog))?;
    Ok(Next::Stay)
}

fn menu(_: &mut Context, _: &str) -> Result<Next, CliError> {
    Ok(Next::Menu)
}

fn quit(_: &mut Context, _: &str) -> Result<Next, CliError> {
    Ok(Next::Quit)
}

fn help_text(catalog: Catalog) -> String {
    let line = |command: &Command| {
        let syntax = format!("/{} {}", command.name, catalog.of(command.arguments));
        let gap = " ".repeat(SYNTAX_WIDTH.saturating_sub(syntax.width()));
        format!("{syntax}{gap} {}\n", catalog.of(command.help))
    };
    let commands: String = all().map(line).collect();
    commands + &catalog.any_other_line()
}

#[cfg(test)]
mod tests {
    use super::super::line::Line;
    use super::*;
    use crate::i18n::Language;

    #[test]
    fn help_lists_every_command_in_both_languages() {
        let [english, portuguese] =
            [Language::English, Language::Portuguese].map(|language| help_text(Catalog::new(language)));
        for (language, help) in [(Language::English, &english), (Language::Portuguese, &portuguese)] {
            let catalog = Catalog::new(language);
            for command in all() {
                let arguments = catalog.of(command.arguments);
                let line = format!("/{} {arguments}", command.name);
                assert_eq!(Line::parse(&line), Line::Command(command, arguments), "{line}");
                let listed = help.lines().find(|listed| listed.starts_with(line.trim())).expect(&line);
                assert!(listed.ends_with(catalog.of(command.help)), "{listed}");
                let [here, english] =
                    [catalog, Catalog::ENGLISH].map(|catalog| catalog.of(command.arguments));
                assert_eq!(
                    here.split(' ').count(),
                    english.split(' ').count(),
                    "the same number of arguments: {line}"
                );
            }
            assert_eq!(help.lines().count(), all().count() + 1);
        }
        for (english, portuguese) in english.lines().zip(portuguese.lines()) {
            assert_ne!(english, portuguese, "not translated");
        }
    }

    #[test]
    fn command_names_are_unique() {
        let commands: Vec<_> = all().collect();
        for (i, command) in commands.iter().enumerate() {
            assert!(commands[i + 1..].iter().all(|other| other != command), "{command:?}");
        }
    }
}

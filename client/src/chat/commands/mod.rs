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
mod notify;
mod admin;

use common::commands::CommandInfo;
use strsim::damerau_levenshtein;
use unicode_width::UnicodeWidthStr as _;

use super::context::Context;
use crate::cli_error::CliError;
use crate::i18n::{Catalog, Phrase, both, same};
use crate::render::wrap;
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
    Group { title: both("notifications", "notificações"), commands: notify::COMMANDS },
    Group { title: both("administration", "administração"), commands: admin::COMMANDS },
    Group { title: both("quit papo", "encerrar o papo"), commands: QUIT },
];

static HELP: &[Command] = &[
    Command::new(
        "help",
        both("[COMMAND]", "[COMANDO]"),
        both("list the commands, or explain one", "lista os comandos, ou explica um"),
        help,
    ),
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

/// The command that a user probably meant by a name that no command has. `None` if the name is not similar to
/// that of a command.
pub(super) fn nearest(name: &str) -> Option<&'static Command> {
    let name = name.to_lowercase();
    let distance = |command: &Command| damerau_levenshtein(&name, command.name);
    let most_similar = all().min_by_key(|command| distance(command))?;
    let is_similar = match name.chars().count() {
        0 | 1 => false,
        2 | 3 => distance(most_similar) <= 1,
        4.. => distance(most_similar) <= 2,
    };
    let is_beginning = |command: &&Command| name.len() > 1 && command.name.starts_with(&name);
    all().find(is_beginning).or(Some(most_similar).filter(|_| is_similar))
}

/// Lists the commands, or explains one: `/help join` or `/help /join`.
fn help(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    let (catalog, columns) = (context.catalog, context.renderer.columns());
    let name = arguments.strip_prefix('/').unwrap_or(arguments);
    let text = match find(name) {
        _ if name.is_empty() => {
            let of_bots: String =
                context.open_bot_commands().iter().map(|info| bot_help_line(info, columns)).collect();
            help_text(catalog, columns) + "\n" + &of_bots
        }
        Some(command) => help_line(catalog, command, columns),
        None => match context.open_bot_commands().iter().find(|info| info.command.name.as_str() == name) {
            Some(info) => bot_help_line(info, columns),
            None => {
                let nearest = nearest(name).map_or("help", |nearest| nearest.name);
                return Err(CliError::Usage(catalog.no_help(name, nearest)));
            }
        },
    };
    context.say(text.trim_end())?;
    Ok(Next::Stay)
}

fn menu(_: &mut Context, _: &str) -> Result<Next, CliError> {
    Ok(Next::Menu)
}

fn quit(_: &mut Context, _: &str) -> Result<Next, CliError> {
    Ok(Next::Quit)
}

fn help_text(catalog: Catalog, columns: Option<usize>) -> String {
    let commands: String = all().map(|command| help_line(catalog, command, columns)).collect();
    commands + &wrap(&catalog.any_other_line(), 0, columns)
}

/// The syntax and the help of a command.
fn help_line(catalog: Catalog, command: &Command, columns: Option<usize>) -> String {
    let syntax = format!("/{} {}", command.name, catalog.of(command.arguments));
    syntax_and_help(&syntax, catalog.of(command.help), columns)
}

/// The usage and the description of a bot's command, and the bot.
fn bot_help_line(info: &CommandInfo, columns: Option<usize>) -> String {
    let CommandInfo { command, bot, .. } = info;
    let syntax = format!("/{} {}", command.name.as_str(), command.usage.as_str());
    syntax_and_help(&syntax, &format!("{} (@{bot})", command.description.as_str()), columns)
}

/// A long help continues below its beginning.
fn syntax_and_help(syntax: &str, help: &str, columns: Option<usize>) -> String {
    let gap = " ".repeat(SYNTAX_WIDTH.saturating_sub(syntax.width()) + 1);
    let help = wrap(help, syntax.width() + gap.len(), columns);
    format!("{syntax}{gap}{help}\n")
}

#[cfg(test)]
mod tests {
    use common::commands::BUILT_IN;

    use super::super::line::Line;
    use super::*;
    use crate::i18n::Language;

    #[test]
    fn help_lists_every_command_in_both_languages() {
        let [english, portuguese] =
            [Language::English, Language::Portuguese].map(|language| help_text(Catalog::new(language), None));
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
    fn help_wraps_between_words_below_its_beginning() {
        for language in [Language::English, Language::Portuguese] {
            let catalog = Catalog::new(language);
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            for columns in [40, 64, 80, 110] {
                let help = help_text(catalog, Some(columns));
                assert_eq!(words(&help), words(&help_text(catalog, None)), "no word is broken");
                for line in help.lines() {
                    assert!(line.width() <= columns, "{columns}: {line}");
                    assert!(line.starts_with(['/', ' ']) || help.ends_with(line) || columns < 80, "{line}");
                }
            }
        }
        let send = find("send").expect("a command");
        insta::assert_snapshot!(help_line(Catalog::ENGLISH, send, Some(50)), @"
        /send PATH                   send a file to the
                                 open conversation
        ");
    }

    #[test]
    fn a_mistyped_command_has_a_suggestion_and_a_path_has_none() {
        let nearest = |name: &str| nearest(name).map(|command| command.name);
        for (name, meant) in
            [("jion", "join"), ("mg", "msg"), ("jo", "join"), ("histroy", "history"), ("quti", "quit")]
        {
            assert_eq!(nearest(name), Some(meant), "{name}");
        }
        for name in ["", "x", "tmp", "usr/bin/ls", "etc", "shrug", "dev/null"] {
            assert_eq!(nearest(name), None, "{name}");
        }
    }

    #[test]
    fn no_command_of_a_bot_has_the_name_of_a_command() {
        let missing: Vec<_> =
            all().map(|command| command.name).filter(|name| !BUILT_IN.contains(name)).collect();
        assert!(missing.is_empty(), "add them to `common::commands::BUILT_IN`: {missing:?}");
    }

    #[test]
    fn command_names_are_unique() {
        let commands: Vec<_> = all().collect();
        for (i, command) in commands.iter().enumerate() {
            assert!(commands[i + 1..].iter().all(|other| other != command), "{command:?}");
        }
    }
}

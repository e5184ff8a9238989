//! `/menu`: the user chooses a command by number, and the menu asks for its arguments one after the other.
//! The menu is generated from the command table.

use super::commands::{Command, GROUPS, Group};
use super::names::{ChannelChoice, KnownNames};
use crate::i18n::Catalog;

/// The maximum number of names that are listed as choices. The user can type any other name.
const CHOICES_MAX: usize = 20;

/// The position of the user in the menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Menu {
    /// The user chooses a group.
    Groups,
    /// The user chooses a command of a group.
    Commands(&'static Group),
    /// The user types the next argument of a command, after these arguments.
    Arguments(&'static Group, &'static Command, Vec<String>),
}

/// The outcome of a line in the menu.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Print the text, and stay in the menu.
    Show(Menu, String),
    /// Run a command with these arguments, and stay in the menu.
    Run(Menu, &'static Command, String),
    Leave,
}

impl Menu {
    /// Whether the line is for the menu. A line with a slash is a command, which leaves the menu. But an
    /// argument may begin with a slash, such as a path.
    pub(super) fn accepts(&self, line: &str) -> bool {
        matches!(self, Self::Arguments(..)) || !line.starts_with('/')
    }

    /// Handles a line that the menu accepts.
    pub(super) fn answer(self, catalog: Catalog, names: &KnownNames, line: &str) -> Step {
        match (self, line.trim()) {
            (Self::Groups, "0") => Step::Leave,
            (Self::Commands(_), "0") => Self::Groups.show(catalog, names),
            (Self::Arguments(group, ..), "0") => Self::Commands(group).show(catalog, names),
            (Self::Arguments(group, command, given), line) => {
                add_argument(group, command, given, catalog, names, line)
            }
            (menu, "") => menu.show(catalog, names),
            (Self::Groups, line) => match chosen(line, GROUPS) {
                Some(group) => Self::Commands(group).show(catalog, names),
                None => Step::Show(Self::Groups, catalog.menu_number()),
            },
            (Self::Commands(group), line) => match chosen(line, group.commands) {
                Some(command) => ask_or_run(group, command, Vec::new(), catalog, names),
                None => Step::Show(Self::Commands(group), catalog.menu_number()),
            },
        }
    }

    /// Shows the choices at this position.
    pub(super) fn show(self, catalog: Catalog, names: &KnownNames) -> Step {
        let text = match &self {
            Self::Groups => list(catalog.menu_title(), GROUPS.iter().map(|group| catalog.of(group.title))),
            Self::Commands(group) => {
                let title = catalog.menu_group(catalog.of(group.title));
                list(title, group.commands.iter().map(|command| catalog.of(command.help)))
            }
            Self::Arguments(_, command, given) => {
                let Some(argument) = Argument::nth(command, given.len(), catalog) else { return Step::Leave };
                let choices = argument.choices(names);
                list(argument.question(catalog), choices.iter().map(String::as_str))
            }
        };
        Step::Show(self, text)
    }
}

/// Adds the next argument: the choice with a number, or the line itself.
fn add_argument(
    group: &'static Group,
    command: &'static Command,
    mut given: Vec<String>,
    catalog: Catalog,
    names: &KnownNames,
    line: &str,
) -> Step {
    let Some(argument) = Argument::nth(command, given.len(), catalog) else { return Step::Leave };
    match (line, argument.is_optional) {
        ("", true) => return run(group, command, &given),
        ("", false) => return Menu::Arguments(group, command, given).show(catalog, names),
        (line, _) => {
            let choices = argument.choices(names);
            given.push(chosen(line, &choices).cloned().unwrap_or_else(|| line.to_owned()));
        }
    }
    ask_or_run(group, command, given, catalog, names)
}

/// Asks for the next argument. After the last argument, runs the command.
fn ask_or_run(
    group: &'static Group,
    command: &'static Command,
    given: Vec<String>,
    catalog: Catalog,
    names: &KnownNames,
) -> Step {
    match Argument::nth(command, given.len(), catalog) {
        Some(_) => Menu::Arguments(group, command, given).show(catalog, names),
        None => run(group, command, &given),
    }
}

fn run(group: &'static Group, command: &'static Command, given: &[String]) -> Step {
    Step::Run(Menu::Commands(group), command, given.join(" "))
}

/// One argument of a command, read from its syntax in the table.
struct Argument {
    /// The placeholder in English, without brackets. It determines the choices.
    kind: &'static str,
    /// The placeholder in the language of the user.
    label: &'static str,
    channels: ChannelChoice,
    is_optional: bool,
}

impl Argument {
    /// `None` if the command takes at most `n` arguments.
    fn nth(command: &Command, n: usize, catalog: Catalog) -> Option<Self> {
        let nth = |catalog: Catalog| catalog.of(command.arguments).split_whitespace().nth(n);
        let bare = |word: &'static str| word.trim_matches(['[', ']']);
        let (kind, label) = (nth(Catalog::ENGLISH)?, nth(catalog)?);
        let is_optional = kind.starts_with('[');
        Some(Self { kind: bare(kind), label: bare(label), channels: command.channels, is_optional })
    }

    fn choices(&self, names: &KnownNames) -> Vec<String> {
        let mut choices = match self.kind {
            "#CHANNEL" => names.channels(self.channels),
            "USER" | "@USER" => names.starting_with("@"),
            "#CHANNEL|@USER" => [names.channels(self.channels), names.starting_with("@")].concat(),
            // Lowercase words, such as `on|off`, are the choices themselves.
            fixed if !fixed.contains(char::is_uppercase) => fixed.split('|').map(str::to_owned).collect(),
            _ => Vec::new(),
        };
        choices.truncate(CHOICES_MAX);
        choices
    }

    fn question(&self, catalog: Catalog) -> String {
        if self.is_optional { catalog.menu_asks_optional(self.label) } else { catalog.menu_asks(self.label) }
    }
}

/// The choice with a number, which starts at 1.
fn chosen<'a, T>(line: &str, choices: &'a [T]) -> Option<&'a T> {
    line.parse::<usize>().ok().and_then(|number| choices.get(number.checked_sub(1)?))
}

fn list<'a>(title: String, choices: impl Iterator<Item = &'a str>) -> String {
    let numbered = choices.enumerate().map(|(i, choice)| format!("{:>2} {choice}", i + 1));
    std::iter::once(title).chain(numbered).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::commands;
    use crate::i18n::Language;

    fn names() -> KnownNames {
        let names = KnownNames::default();
        names.add(["#geral", "#outro", "#trabalho", "@bob", "@carlos", "#festa"].map(str::to_owned));
        names.set_own(["#geral", "#trabalho"].map(str::to_owned));
        names.set_invited(["#festa".to_owned()]);
        names
    }

    /// Types lines into the menu. Returns the transcript, which ends with the command that runs.
    fn dialogue(language: Language, lines: &[&str]) -> String {
        let (catalog, names) = (Catalog::new(language), names());
        let mut transcript = Vec::new();
        let mut step = Menu::Groups.show(catalog, &names);
        for line in lines {
            let Step::Show(menu, shown) = step else { panic!("the menu has ended before {line:?}") };
            transcript.extend([shown, format!("> {line}")]);
            step = menu.answer(catalog, &names, line);
        }
        transcript.push(match step {
            Step::Show(_, shown) => shown,
            Step::Run(_, command, arguments) => format!("/{} {arguments}", command.name),
            Step::Leave => "(left)".to_owned(),
        });
        transcript.join("\n")
    }

    /// The menu numbers of a command: its group, and the command in the group.
    fn numbers(name: &str) -> [String; 2] {
        let find = |(i, group): (usize, &Group)| {
            let command = group.commands.iter().position(|command| command.name == name)?;
            Some([(i + 1).to_string(), (command + 1).to_string()])
        };
        GROUPS.iter().enumerate().find_map(find).expect(name)
    }

    #[test]
    fn every_command_has_a_number_and_asks_for_its_arguments() {
        for language in [Language::English, Language::Portuguese] {
            for command in commands::all() {
                let [group, number] = numbers(command.name);
                let wanted = Catalog::ENGLISH.of(command.arguments).split_whitespace();
                let given: Vec<_> =
                    wanted.map(|argument| if argument.starts_with('[') { "" } else { "x y" }).collect();
                let lines = [vec![&*group, &*number], given.clone()].concat();
                let required = given.iter().filter(|line| !line.is_empty()).count();
                // An empty line for an optional argument ends the questions.
                let lines = &lines[..(2 + required + usize::from(required < given.len())).min(lines.len())];
                let transcript = dialogue(language, lines);
                let expected = format!("/{} {}", command.name, vec!["x y"; required].join(" "));
                assert_eq!(transcript.lines().last(), Some(&*expected), "{transcript}");
            }
        }
    }

    #[test]
    fn an_invitation_by_numbers() {
        let [group, number] = numbers("invite");
        let both = [Language::English, Language::Portuguese].map(|language| {
            let said = dialogue(language, &[&group, &number, "1", "2"]);
            said.lines().rev().take(9).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n")
        });
        insta::assert_snapshot!(both.join("\n--\n"), @"
        USER? 0 goes back
         1 @bob
         2 @carlos
        > 1
        #CHANNEL? Enter skips it; 0 goes back
         1 #geral
         2 #trabalho
        > 2
        /invite @bob #trabalho
        --
        USUÁRIO? 0 volta
         1 @bob
         2 @carlos
        > 1
        #CANAL? Enter pula; 0 volta
         1 #geral
         2 #trabalho
        > 2
        /invite @bob #trabalho
        ");
    }

    #[test]
    fn the_choices_of_channels_depend_on_the_command() {
        let offered = ["create", "join", "leave", "accept", "decline", "msg"].map(|name| {
            let said = dialogue(Language::English, &numbers(name).each_ref().map(|number| &**number));
            let choices = said.lines().rev().take_while(|line| line.starts_with(' '));
            let mut choices: Vec<_> = choices.filter_map(|line| line.split_whitespace().nth(1)).collect();
            choices.reverse();
            format!("/{name} {}", choices.join(" "))
        });
        insta::assert_snapshot!(offered.join("\n"), @"
        /create 
        /join #festa #geral #outro #trabalho
        /leave #geral #trabalho
        /accept #festa
        /decline #festa
        /msg #geral #trabalho @bob @carlos
        ");
        let unlisted = KnownNames::default();
        unlisted.add(["#geral".to_owned()]);
        assert_eq!(
            unlisted.channels(ChannelChoice::Own),
            ["#geral"],
            "all known channels until the server has listed them"
        );
    }

    #[test]
    fn zero_leaves_the_menu_and_a_wrong_number_runs_nothing() {
        let [group, number] = numbers("open");
        assert!(dialogue(Language::English, &[&group, &number, "0", "0", "0"]).ends_with("(left)"));
        let said = dialogue(Language::English, &["99"]);
        assert!(said.ends_with(&Catalog::ENGLISH.menu_number()), "{said}");
        assert!(!Menu::Groups.accepts("/quit"));
        let asked = Menu::Arguments(&GROUPS[0], &GROUPS[0].commands[0], Vec::new());
        assert!(asked.accepts("/home/alice/a.pdf"), "a path");
        assert!(dialogue(Language::English, &["-1"]).ends_with(&Catalog::ENGLISH.menu_number()));
        // A line that is not the number of a choice is the argument itself.
        assert!(dialogue(Language::English, &[&group, &number, "@diana"]).ends_with("/open @diana"));
        assert!(dialogue(Language::English, &[&group, &number, "99"]).ends_with("/open 99"));
    }
}

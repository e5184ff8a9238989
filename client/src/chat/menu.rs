//! `/menu`: the commands to choose from by number, for whoever would rather choose than type. It is made from the
//! tables of commands: what a command takes after its name is asked for, one thing after the other.

use super::commands::{Command, GROUPS, Group};
use super::completion::{Channels, Names};
use crate::i18n::Words;

/// Names listed to choose from. Beyond, the name is typed.
const CHOICES_MAX: usize = 20;

/// Where the person is in the menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Menu {
    /// Before the groups.
    Groups,
    /// In a group, before its commands.
    Commands(&'static Group),
    /// At a command that takes more than was given so far.
    Arguments(&'static Group, &'static Command, Vec<String>),
}

/// What a line leads to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The menu goes on there, and this is said.
    Say(Menu, String),
    /// The command is obeyed with these arguments, and the menu goes on there.
    Run(Menu, &'static Command, String),
    /// The person is back in the chat.
    Leave,
}

impl Menu {
    /// Whether a line is an answer: a command leads out of the menu, but where words are asked for they may begin with
    /// a slash, as the names of files do.
    pub(super) fn takes(&self, line: &str) -> bool {
        matches!(self, Self::Arguments(..)) || !line.starts_with('/')
    }

    /// What a line means here.
    pub(super) fn answer(self, words: Words, names: &Names, line: &str) -> Step {
        match (self, line.trim()) {
            (Self::Groups, "0") => Step::Leave,
            (Self::Commands(_), "0") => Self::Groups.say(words, names),
            (Self::Arguments(group, ..), "0") => Self::Commands(group).say(words, names),
            (Self::Arguments(group, command, given), line) => give(group, command, given, words, names, line),
            (menu, "") => menu.say(words, names),
            (Self::Groups, line) => match chosen(line, GROUPS) {
                Some(group) => Self::Commands(group).say(words, names),
                None => Step::Say(Self::Groups, words.menu_number()),
            },
            (Self::Commands(group), line) => match chosen(line, group.commands) {
                Some(command) => next(group, command, Vec::new(), words, names),
                None => Step::Say(Self::Commands(group), words.menu_number()),
            },
        }
    }

    /// The menu as it is shown here.
    pub(super) fn say(self, words: Words, names: &Names) -> Step {
        let shown = match &self {
            Self::Groups => list(words.menu_title(), GROUPS.iter().map(|group| words.of(group.title))),
            Self::Commands(group) => {
                let title = words.menu_group(words.of(group.title));
                list(title, group.commands.iter().map(|command| words.of(command.help)))
            }
            Self::Arguments(_, command, given) => {
                let Some(argument) = Argument::nth(command, given.len(), words) else { return Step::Leave };
                let choices = argument.choices(names);
                list(argument.question(words), choices.iter().map(String::as_str))
            }
        };
        Step::Say(self, shown)
    }
}

/// Takes what was said for the next argument: one of the choices by its number, or anything else as it is.
fn give(
    group: &'static Group,
    command: &'static Command,
    mut given: Vec<String>,
    words: Words,
    names: &Names,
    line: &str,
) -> Step {
    let Some(argument) = Argument::nth(command, given.len(), words) else { return Step::Leave };
    match (line, argument.is_optional) {
        ("", true) => return run(group, command, &given),
        ("", false) => return Menu::Arguments(group, command, given).say(words, names),
        (line, _) => {
            let choices = argument.choices(names);
            given.push(chosen(line, &choices).cloned().unwrap_or_else(|| line.to_owned()));
        }
    }
    next(group, command, given, words, names)
}

/// Asks for what is missing, or obeys.
fn next(
    group: &'static Group,
    command: &'static Command,
    given: Vec<String>,
    words: Words,
    names: &Names,
) -> Step {
    match Argument::nth(command, given.len(), words) {
        Some(_) => Menu::Arguments(group, command, given).say(words, names),
        None => run(group, command, &given),
    }
}

fn run(group: &'static Group, command: &'static Command, given: &[String]) -> Step {
    Step::Run(Menu::Commands(group), command, given.join(" "))
}

/// One thing that follows the name of a command, as the table of commands writes it.
struct Argument {
    /// In English, without the brackets.
    kind: &'static str,
    /// In the person's language.
    word: &'static str,
    /// Which channels may be meant, if it is one.
    channels: Channels,
    is_optional: bool,
}

impl Argument {
    /// Nothing when the command takes fewer.
    fn nth(command: &Command, n: usize, words: Words) -> Option<Self> {
        let nth = |words: Words| words.of(command.arguments).split_whitespace().nth(n);
        let bare = |word: &'static str| word.trim_matches(['[', ']']);
        let (kind, word) = (nth(Words::ENGLISH)?, nth(words)?);
        let (channels, is_optional) = (command.channels, kind.starts_with('['));
        Some(Self { kind: bare(kind), word: bare(word), channels, is_optional })
    }

    /// What is known and may be meant.
    fn choices(&self, names: &Names) -> Vec<String> {
        let mut choices = match self.kind {
            "#CHANNEL" => names.channels(self.channels),
            "USER" | "@USER" => names.beginning_with("@"),
            "#CHANNEL|@USER" => [names.channels(self.channels), names.beginning_with("@")].concat(),
            // Words to be said as they are, such as `on|off`; in capitals stands what they mean.
            fixed if !fixed.contains(char::is_uppercase) => fixed.split('|').map(str::to_owned).collect(),
            _ => Vec::new(),
        };
        choices.truncate(CHOICES_MAX);
        choices
    }

    fn question(&self, words: Words) -> String {
        if self.is_optional { words.menu_asks_or_leave_out(self.word) } else { words.menu_asks(self.word) }
    }
}

/// What stands under a number, counted from 1.
fn chosen<'a, T>(line: &str, choices: &'a [T]) -> Option<&'a T> {
    line.parse::<usize>().ok().and_then(|number| choices.get(number.checked_sub(1)?))
}

/// A title, and below it what there is to choose from.
fn list<'a>(title: String, choices: impl Iterator<Item = &'a str>) -> String {
    let numbered = choices.enumerate().map(|(i, choice)| format!("{:>2} {choice}", i + 1));
    std::iter::once(title).chain(numbered).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::commands;
    use crate::i18n::Language;

    fn names() -> Names {
        let names = Names::default();
        names.add(["#geral", "#outro", "#trabalho", "@bob", "@carlos", "#festa"].map(str::to_owned));
        names.set_own(["#geral", "#trabalho"].map(str::to_owned));
        names.set_invited(["#festa".to_owned()]);
        names
    }

    /// Types lines into the menu; what was said, and at the end what was obeyed.
    fn dialogue(language: Language, lines: &[&str]) -> String {
        let (words, names) = (Words::new(language), names());
        let mut said = Vec::new();
        let mut step = Menu::Groups.say(words, &names);
        for line in lines {
            let Step::Say(menu, shown) = step else { panic!("the menu is over before {line:?}") };
            said.extend([shown, format!("> {line}")]);
            step = menu.answer(words, &names, line);
        }
        said.push(match step {
            Step::Say(_, shown) => shown,
            Step::Run(_, command, arguments) => format!("/{} {arguments}", command.name),
            Step::Leave => "(left)".to_owned(),
        });
        said.join("\n")
    }

    /// The number under which a command is found.
    fn numbers(name: &str) -> [String; 2] {
        let find = |(i, group): (usize, &Group)| {
            let command = group.commands.iter().position(|command| command.name == name)?;
            Some([(i + 1).to_string(), (command + 1).to_string()])
        };
        GROUPS.iter().enumerate().find_map(find).expect(name)
    }

    #[test]
    fn every_command_is_reached_by_numbers_and_asks_for_its_arguments() {
        for language in [Language::English, Language::Portuguese] {
            for command in commands::all() {
                let [group, number] = numbers(command.name);
                let wanted = Words::ENGLISH.of(command.arguments).split_whitespace();
                let given: Vec<_> =
                    wanted.map(|argument| if argument.starts_with('[') { "" } else { "x y" }).collect();
                let lines = [vec![&*group, &*number], given.clone()].concat();
                let required = given.iter().filter(|line| !line.is_empty()).count();
                // What is optional ends the questions.
                let lines = &lines[..(2 + required + usize::from(required < given.len())).min(lines.len())];
                let obeyed = dialogue(language, lines);
                let expected = format!("/{} {}", command.name, vec!["x y"; required].join(" "));
                assert_eq!(obeyed.lines().last(), Some(&*expected), "{obeyed}");
            }
        }
    }

    #[test]
    fn a_person_invites_another_by_numbers() {
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
        #CHANNEL? Enter leaves it out; 0 goes back
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
    fn a_command_offers_the_channels_that_it_is_about() {
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
        let unlisted = Names::default();
        unlisted.add(["#geral".to_owned()]);
        assert_eq!(unlisted.channels(Channels::Own), ["#geral"], "better than none, before they are listed");
    }

    #[test]
    fn nothing_leads_out_but_0_and_nothing_is_obeyed_by_mistake() {
        let [group, number] = numbers("open");
        assert!(dialogue(Language::English, &[&group, &number, "0", "0", "0"]).ends_with("(left)"));
        let said = dialogue(Language::English, &["99"]);
        assert!(said.ends_with(&Words::ENGLISH.menu_number()), "{said}");
        assert!(!Menu::Groups.takes("/quit"));
        let asked = Menu::Arguments(&GROUPS[0], &GROUPS[0].commands[0], Vec::new());
        assert!(asked.takes("/home/alice/a.pdf"), "the name of a file");
        assert!(dialogue(Language::English, &["-1"]).ends_with(&Words::ENGLISH.menu_number()));
        // What is not among the numbers is taken as it is.
        assert!(dialogue(Language::English, &[&group, &number, "@diana"]).ends_with("/open @diana"));
        assert!(dialogue(Language::English, &[&group, &number, "99"]).ends_with("/open 99"));
    }
}

//! Free text on the command line, such as the text of `papo send`: it may look like an option.
//!
//! clap reads every argument that begins with `-` as an option. So the arguments of a command with free text
//! (a positional argument that allows hyphens) are put into another order first: options, `--`, the others.

use std::ffi::{OsStr, OsString};

use clap::{Arg, Command};

/// Returns arguments that clap reads without taking free text for an option. Unchanged if the command has no
/// free text, contains `--`, or lacks an argument.
pub(crate) fn protect(program: &mut Command, arguments: Vec<OsString>) -> Vec<OsString> {
    program.build();
    let (mut command, mut end) = (&*program, 1);
    while let Some(subcommand) = arguments.get(end).and_then(|name| command.find_subcommand(name)) {
        (command, end) = (subcommand, end + 1);
    }
    let (names, given) = arguments.split_at(end.min(arguments.len()));
    let texts: Vec<_> = command.get_positionals().map(Arg::is_allow_hyphen_values_set).collect();
    let Some(first_text) = texts.iter().position(|is_text| *is_text) else { return arguments };
    if given.iter().any(|argument| argument == "--") {
        return arguments;
    }
    let is_list = command
        .get_positionals()
        .last()
        .is_some_and(|last| last.get_num_args().is_some_and(|range| range.max_values() > 1));
    // First without, then with one option that is read as the text.
    let candidates = std::iter::once(None).chain((0..given.len()).map(Some));
    let found = candidates
        .filter_map(|text| split(command, given, first_text, text))
        .find(|(_, others)| others.len() == texts.len() || (is_list && others.len() > texts.len()));
    match found {
        Some((options, others)) => [names, &options, &[OsString::from("--")], &others].concat(),
        None => arguments,
    }
}

/// Separates options, with their values, from the other arguments. The argument `text` is no option. `None`
/// if an option is unknown or has no value.
fn split(
    command: &Command,
    given: &[OsString],
    first_text: usize,
    text: Option<usize>,
) -> Option<(Vec<OsString>, Vec<OsString>)> {
    let (mut options, mut others) = (Vec::new(), Vec::new());
    let mut arguments = given.iter().enumerate();
    while let Some((position, argument)) = arguments.next() {
        if text == Some(position) {
            // `papo search --help` is a question about the command.
            if others.len() != first_text || (first_text == 0 && is_help(argument)) {
                return None;
            }
            others.push(argument.clone());
            continue;
        }
        match option(command, argument) {
            Some(known) => {
                options.push(argument.clone());
                if known.get_action().takes_values() && !argument.as_encoded_bytes().contains(&b'=') {
                    let (_, value) =
                        arguments.next().filter(|(_, value)| option(command, value).is_none())?;
                    options.push(value.clone());
                }
            }
            None if argument.as_encoded_bytes().starts_with(b"-")
                && others.len() < first_text
                && argument != "-" =>
            {
                return None;
            }
            None => others.push(argument.clone()),
        }
    }
    Some((options, others))
}

fn is_help(argument: &OsStr) -> bool {
    argument == "--help" || argument == "-h"
}

/// The option of a command that an argument names: `--name`, `--name=value` or `-n`.
fn option<'c>(command: &'c Command, argument: &OsStr) -> Option<&'c Arg> {
    let argument = argument.to_str()?;
    let options = || command.get_arguments().filter(|argument| !argument.is_positional());
    if let Some(long) = argument.strip_prefix("--") {
        let name = long.split_once('=').map_or(long, |(name, _)| name);
        return options().find(|option| option.get_long() == Some(name));
    }
    let mut short = argument.strip_prefix('-')?.chars();
    let (letter, rest) = (short.next()?, short.next());
    options().find(|option| option.get_short() == Some(letter)).filter(|_| rest.is_none())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    /// The arguments of a line whose words are separated by `|`.
    fn protected(line: &str) -> String {
        let arguments = std::iter::once("papo").chain(line.split('|')).map(OsString::from).collect();
        let protected = protect(&mut crate::Papo::command(), arguments);
        let words: Vec<_> = protected.iter().skip(1).map(|word| word.to_str().expect("UTF-8")).collect();
        words.join("|")
    }

    #[test]
    fn free_text_is_never_an_option() {
        for (line, expected) in [
            ("send|#g|oi", "send|--|#g|oi"),
            ("send|#g|- item", "send|--|#g|- item"),
            ("send|#g|--help", "send|--|#g|--help"),
            ("send|#g|-h", "send|--|#g|-h"),
            ("send|#g|--server=evil", "send|--|#g|--server=evil"),
            ("send|#g|-", "send|--|#g|-"),
            ("send|#g|--json|--json", "send|--json|--|#g|--json"),
            ("send|--json|#g|--json", "send|--json|--|#g|--json"),
            ("send|#g|--reply|17|done", "send|--reply|17|--|#g|done"),
            ("send|#g|--reply|17|--json", "send|--reply|17|--|#g|--json"),
            ("send|#g|--reply|--server|x", "send|--server|x|--|#g|--reply"),
            ("send|#g|oi|--timeout|5", "send|--timeout|5|--|#g|oi"),
            ("edit|#g|17|--json", "edit|--|#g|17|--json"),
            ("react|#g|17|-1|--remove", "react|--remove|--|#g|17|-1"),
            ("search|-x|--limit|5|b", "search|--limit|5|--|-x|b"),
            ("search|--json", "search|--|--json"),
            ("file|send|#g|-plan.pdf", "file|send|--|#g|-plan.pdf"),
        ] {
            assert_eq!(protected(line), expected, "{line}");
        }
    }

    #[test]
    fn other_lines_are_unchanged() {
        for line in [
            "send",
            "send|--help",
            "send|#g",
            "search|--help",
            "send|--|#g|-x",
            "join|#g",
            "--help",
            "channels|--nonsense",
            "send|--nonsense|#g|x",
        ] {
            assert_eq!(protected(line), line, "{line}");
        }
    }
}

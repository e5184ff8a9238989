//! The reference of all keys, as a configuration file of comments.

use std::collections::BTreeMap;

use clap::{Arg, Command};

use super::check::commands;
use super::keys::{self, Key};

const INTRODUCTION: &str = "\
# All keys of papo.toml. `papo config reference` prints this file, and `papo config check` checks one.
#
# papo reads the file that --config-file or PAPO_CONFIG_FILE names. A key is the name of a flag. Keys above
# all tables are for every command with this flag; the table of a command, such as [up], has keys for this
# command. A flag comes first, then its variable, then the table of the command, then the key above all
# tables. Passwords and other secrets are no flags, so they cannot be here.
";

/// The paragraphs of keys, by their text, with the commands that share them.
type Shared = BTreeMap<String, Vec<String>>;

/// The reference. `program` is built.
pub(super) fn text(program: &Command) -> String {
    let all = commands(program);
    let mut shared = Shared::new();
    for (path, command) in &all {
        for key in keys::of(command).filter(|key| key.variable().is_some()) {
            shared.entry(paragraph(&key)).or_default().push(path.join(" "));
        }
    }
    let mut parts = vec![INTRODUCTION.to_owned(), "# Keys that several commands share.\n".to_owned()];
    for (paragraph, users) in shared.iter().filter(|(_, users)| users.len() > 1) {
        let users =
            if users.len() > SHOWN_MAX { format!("{} commands", users.len()) } else { users.join(", ") };
        parts.push(format!("# For: {users}.\n{paragraph}"));
    }
    for (path, command) in &all {
        let is_shared = |text: &String| shared.get(text).is_some_and(|users| users.len() > 1);
        let own: Vec<_> =
            keys::of(command).map(|key| paragraph(&key)).filter(|text| !is_shared(text)).collect();
        if !own.is_empty() {
            parts.push(format!("# [{}]\n\n{}", path.join("."), own.join("\n")));
        }
    }
    parts.join("\n")
}

/// Up to this number of commands, the reference names them.
const SHOWN_MAX: usize = 8;

fn paragraph(key: &Key<'_>) -> String {
    let arg = key.arg();
    let mut lines: Vec<String> = wrapped(&help(arg));
    if let Some(variable) = key.variable() {
        lines.push(format!("Variable: {variable}."));
    }
    let choices: Vec<_> = match key.is_switch() {
        true => Vec::new(),
        false => arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect(),
    };
    if !choices.is_empty() {
        lines.push(format!("One of: {}.", choices.join(", ")));
    }
    let comments: String = lines.iter().map(|line| format!("# {line}\n")).collect();
    format!("{comments}#{} = {}\n", key.name(), shown_value(key))
}

fn help(arg: &Arg) -> String {
    let help = arg.get_long_help().or(arg.get_help()).map(ToString::to_string).unwrap_or_default();
    let sentence = help.split_whitespace().collect::<Vec<_>>().join(" ");
    if sentence.ends_with(['.', ']']) { sentence } else { format!("{sentence}.") }
}

/// The default, or a value of the right type.
fn shown_value(key: &Key<'_>) -> String {
    let defaults: Vec<_> =
        key.arg().get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    let quoted = |text: &str| match text.parse::<i64>() {
        Ok(number) => number.to_string(),
        Err(_) => toml::Value::from(text).to_string(),
    };
    match (key.is_switch(), defaults.first()) {
        (true, _) => "false".to_owned(),
        (false, Some(value)) => quoted(value),
        (false, None) if key.is_list() => "[]".to_owned(),
        (false, None) => "\"\"".to_owned(),
    }
}

/// The lines of a text, at most 106 characters wide.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.len() + word.len() < 106 => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

//! `papo config`: checks a configuration file, and prints the reference of all keys.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, anyhow, bail};
use clap::error::ErrorKind;
use clap::{Args, Command, Subcommand};
use toml::{Table, Value};

use super::keys::{self, Key};
use super::{ConfigFileArg, read, reference};

#[derive(Subcommand)]
pub(crate) enum ConfigCommand {
    /// Check a configuration file: every key, and every value by itself
    Check(Check),
    /// Print all keys with their defaults, as a configuration file of comments
    Reference,
}

#[derive(Args)]
pub(crate) struct Check {
    /// Check this file [default: the file of --config-file]
    file: Option<PathBuf>,
}

impl ConfigCommand {
    /// `program` is built, and `named` is the file of `--config-file`.
    pub(crate) fn run(self, program: &Command, named: ConfigFileArg) -> anyhow::Result<()> {
        let text = match self {
            Self::Check(check) => {
                let file = check.file.or(named.config_file);
                let file = file.context("name the file: `papo config check papo.toml`")?;
                let count = all(program, &read(&file)?).with_context(|| file.display().to_string())?;
                format!("{} is valid: {count} values\n", file.display())
            }
            Self::Reference => reference::text(program),
        };
        std::io::stdout().write_all(text.as_bytes()).context("cannot write to standard output")
    }
}

/// Checks the names and the values of a file for every command. Returns the number of values.
fn all(program: &Command, file: &Table) -> anyhow::Result<usize> {
    names(program, file)?;
    for (path, command) in commands(program) {
        let mut together = Vec::new();
        let has_table = path.iter().try_fold(file, |table, name| table.get(*name)?.as_table()).is_some();
        for (key, value) in keys::of_command(file, &path, command) {
            let arguments = key.arguments(value)?;
            values(program, &path, &key, &arguments)?;
            together.extend(arguments);
        }
        if has_table {
            parse(program, &path, &together).map_err(|error| anyhow!("[{}]: {error}", path.join(".")))?;
        }
    }
    Ok(count(file))
}

fn count(table: &Table) -> usize {
    table.values().map(|value| value.as_table().map_or(1, count)).sum()
}

/// Checks that every table is a command and every key one of its flags.
pub(super) fn names(program: &Command, file: &Table) -> anyhow::Result<()> {
    let all = commands(program);
    let common = |name: &str| {
        let flags = || all.iter().flat_map(|(_, command)| keys::of(command)).filter(|key| key.name() == name);
        (flags().next().is_some(), flags().any(|key| key.variable().is_some()))
    };
    for (name, value) in file {
        if value.is_table() {
            table_names(program, &[name], value)?;
            continue;
        }
        match common(name) {
            (_, true) => {}
            (true, false) => {
                bail!("{name} has no variable: put it into the table of a command, such as [up]")
            }
            (false, false) => {
                let known = all.iter().flat_map(|(_, command)| keys::of(command)).map(|key| key.name());
                bail!("{name} is no flag of papo{}", suggestion(name, known))
            }
        }
    }
    Ok(())
}

/// Checks the table of a command: flags and, in inner tables, subcommands.
fn table_names(parent: &Command, path: &[&str], value: &Value) -> anyhow::Result<()> {
    let (Some(name), Some(table)) = (path.last(), value.as_table()) else { return Ok(()) };
    let shown = path.join(".");
    let Some(command) = parent.find_subcommand(name).filter(|command| command.get_name() == *name) else {
        let known = parent.get_subcommands().map(Command::get_name);
        bail!("[{shown}] is no command of papo{}", suggestion(name, known))
    };
    for (name, value) in table {
        if value.is_table() {
            table_names(command, &[path, &[name]].concat(), value)?;
        } else if !keys::of(command).any(|key| key.name() == name) {
            let known = keys::of(command).map(|key| key.name());
            bail!("[{shown}]: {name} is no flag of `papo {}`{}", path.join(" "), suggestion(name, known))
        }
    }
    Ok(())
}

/// Checks the arguments of one key.
pub(super) fn values(
    program: &Command,
    path: &[&str],
    key: &Key<'_>,
    arguments: &[String],
) -> anyhow::Result<()> {
    parse(program, path, arguments).map_err(|error| anyhow!("{}: {error}", key.name()))
}

/// Parses a command with these arguments alone. Other arguments that it requires may be missing.
fn parse(program: &Command, path: &[&str], arguments: &[String]) -> Result<(), String> {
    let line =
        std::iter::once("papo").chain(path.iter().copied()).chain(arguments.iter().map(String::as_str));
    let Err(error) = program.clone().try_get_matches_from(line) else { return Ok(()) };
    if matches!(
        error.kind(),
        ErrorKind::MissingRequiredArgument
            | ErrorKind::MissingSubcommand
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    ) {
        return Ok(());
    }
    // Without the usage, which is about the command line.
    let sentence = error.to_string();
    let first = sentence.lines().take_while(|line| !line.starts_with("Usage:"));
    let text = first.map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("For more"));
    Err(text.collect::<Vec<_>>().join("; ").trim_start_matches("error: ").to_owned())
}

/// All commands that run something, with their names.
pub(super) fn commands(program: &Command) -> Vec<(Vec<&str>, &Command)> {
    let mut found = Vec::new();
    let mut waiting: Vec<(Vec<&str>, &Command)> = vec![(Vec::new(), program)];
    while let Some((path, command)) = waiting.pop() {
        for subcommand in command.get_subcommands().filter(|subcommand| subcommand.get_name() != "help") {
            waiting.push(([&path[..], &[subcommand.get_name()]].concat(), subcommand));
        }
        if !path.is_empty() && !command.is_subcommand_required_set() {
            found.push((path, command));
        }
    }
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    found
}

/// The known name that is most like an unknown one, as a question.
fn suggestion<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> String {
    let scored = known.map(|known| (strsim::jaro_winkler(name, known), known));
    let best = scored.filter(|(score, _)| *score > 0.8).max_by(|(one, _), (other, _)| one.total_cmp(other));
    best.map_or_else(String::new, |(_, known)| format!("; did you mean {known}?"))
}

//! `papo.toml`: values for flags. A key is the name of a flag without its dashes.
//!
//! A key in the table of a command, such as `[up]` or `[admin.stats]`, is for this command. A key above all
//! tables is for every command with this flag, and only a flag with a variable can be there. A flag of the
//! command line comes first, then the variable, then the table, then the key above all tables. The values
//! become arguments of the command, so clap checks them like arguments.

mod check;
mod keys;
mod reference;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, CommandFactory as _};
use toml::Table;

pub(crate) use check::ConfigCommand;

/// The flag that names the file, of every command.
#[derive(Args)]
pub(crate) struct ConfigFileArg {
    /// Read values for flags from this file, such as papo.toml; flags and variables come first
    #[arg(long, value_name = "FILE", env = "PAPO_CONFIG_FILE", global = true)]
    config_file: Option<PathBuf>,
}

/// The id of the flag in clap.
const CONFIG_FILE: &str = "config_file";

/// Adds the values of the configuration file, if one is named, to the arguments. `program` is built.
pub(crate) fn add_values(program: &Command, arguments: Vec<OsString>) -> anyhow::Result<Vec<OsString>> {
    // Most commands have no file, and one parse less.
    let is_flag = |argument: &OsString| argument.as_encoded_bytes().starts_with(b"--config-file");
    if std::env::var_os("PAPO_CONFIG_FILE").is_none() && !arguments.iter().any(is_flag) {
        return Ok(arguments);
    }
    // Values of the file may be missing: the last parse reports errors. A built program ignores the setting.
    let lenient = crate::Papo::command().ignore_errors(true).try_get_matches_from(&arguments);
    let Ok(matches) = lenient else { return Ok(arguments) };
    let (names, command, given) = chosen(program, &matches);
    let Some(file) = given.get_one::<PathBuf>(CONFIG_FILE) else { return Ok(arguments) };
    let table = read(file)?;
    check::names(program, &table).with_context(|| file.display().to_string())?;
    let mut added = Vec::new();
    for (key, value) in keys::of_command(&table, &names, command) {
        let source = given.value_source(key.id());
        if !matches!(source, Some(ValueSource::CommandLine | ValueSource::EnvVariable)) {
            let values = key.arguments(value).with_context(|| file.display().to_string())?;
            check::values(program, &names, &key, &values).with_context(|| file.display().to_string())?;
            added.extend(values.into_iter().map(OsString::from));
        }
    }
    let (before, after) = arguments.split_at(end_of_names(&arguments, &names));
    Ok([before, &added, after].concat())
}

/// The subcommand of the arguments: its names, its definition and its matches.
fn chosen<'p>(program: &'p Command, matches: &'p ArgMatches) -> (Vec<&'p str>, &'p Command, &'p ArgMatches) {
    let (mut names, mut command, mut given) = (Vec::new(), program, matches);
    while let Some((name, inner)) = given.subcommand()
        && let Some(subcommand) = command.find_subcommand(name)
    {
        names.push(name);
        (command, given) = (subcommand, inner);
    }
    (names, command, given)
}

/// The index behind the names of the subcommand, where options may be.
fn end_of_names(arguments: &[OsString], names: &[&str]) -> usize {
    let (mut names, mut index) = (names.iter(), 1);
    let mut expected = names.next();
    while let (Some(name), Some(argument)) = (expected, arguments.get(index)) {
        if argument == name {
            expected = names.next();
        } else if argument == "--config-file" {
            index += 1;
        }
        index += 1;
    }
    index.min(arguments.len())
}

fn read(file: &Path) -> anyhow::Result<Table> {
    let text = disk::read_text(file).with_context(|| format!("cannot read {}", file.display()))?;
    text.parse::<Table>().map_err(|error| anyhow!("{}: {}", file.display(), error.to_string().trim_end()))
}

#[cfg(test)]
mod tests;

//! The keys of the file: the flags of the commands.

use anyhow::bail;
use clap::{Arg, ArgAction, Command};
use toml::{Table, Value};

use super::CONFIG_FILE;

/// A flag that can be a key.
#[derive(Clone, Copy)]
pub(super) struct Key<'p> {
    arg: &'p Arg,
    name: &'p str,
}

impl<'p> Key<'p> {
    /// `None` for positional arguments, and for the flags that are about the command line itself.
    fn new(arg: &'p Arg) -> Option<Self> {
        let is_about_the_line = matches!(arg.get_id().as_str(), "help" | "version" | CONFIG_FILE);
        arg.get_long().filter(|_| !is_about_the_line).map(|name| Self { arg, name })
    }

    pub(super) fn name(&self) -> &'p str {
        self.name
    }

    /// The id in clap.
    pub(super) fn id(&self) -> &'p str {
        self.arg.get_id().as_str()
    }

    pub(super) fn arg(&self) -> &'p Arg {
        self.arg
    }

    pub(super) fn variable(&self) -> Option<String> {
        self.arg.get_env().map(|name| name.to_string_lossy().into_owned())
    }

    /// Whether the flag has no value.
    pub(super) fn is_switch(&self) -> bool {
        !self.arg.get_action().takes_values()
    }

    /// Whether the flag accepts several values.
    pub(super) fn is_list(&self) -> bool {
        matches!(self.arg.get_action(), ArgAction::Append) || self.arg.get_value_delimiter().is_some()
    }

    /// The arguments that mean the same as a value of the file.
    pub(super) fn arguments(&self, value: &Value) -> anyhow::Result<Vec<String>> {
        let name = self.name;
        match value {
            Value::Boolean(is_on) if self.is_switch() => {
                Ok(if *is_on { vec![format!("--{name}")] } else { Vec::new() })
            }
            _ if self.is_switch() => bail!("{name} must be true or false"),
            Value::Array(values) if self.is_list() => {
                values.iter().map(|value| Ok(format!("--{name}={}", self.text(value)?))).collect()
            }
            Value::Array(_) => bail!("{name} has one value, not a list"),
            Value::String(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Boolean(_)
            | Value::Datetime(_)
            | Value::Table(_) => Ok(vec![format!("--{name}={}", self.text(value)?)]),
        }
    }

    fn text(&self, value: &Value) -> anyhow::Result<String> {
        match value {
            Value::String(text) => Ok(text.clone()),
            Value::Integer(number) => Ok(number.to_string()),
            Value::Float(number) => Ok(number.to_string()),
            Value::Boolean(_) | Value::Datetime(_) => Ok(value.to_string()),
            Value::Array(_) | Value::Table(_) => bail!("{} must be a string or a number", self.name),
        }
    }
}

/// The keys of a command.
pub(super) fn of(command: &Command) -> impl Iterator<Item = Key<'_>> {
    command.get_arguments().filter_map(Key::new)
}

/// The keys of the file that are for a command, with their values.
pub(super) fn of_command<'p>(
    file: &'p Table,
    names: &[&str],
    command: &'p Command,
) -> Vec<(Key<'p>, &'p Value)> {
    let own = names.iter().try_fold(file, |table, name| table.get(*name)?.as_table());
    let value = |key: &Key<'p>| {
        let own = own.filter(|_| !names.is_empty()).and_then(|table| table.get(key.name()));
        let common = || file.get(key.name()).filter(|value| !value.is_table() && key.variable().is_some());
        own.or_else(common)
    };
    of(command).filter_map(|key| value(&key).map(|value| (key, value))).collect()
}

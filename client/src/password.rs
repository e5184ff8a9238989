//! Reads passwords from a hidden prompt, a file, or the environment. Never from an argument, which every
//! process of the machine could read.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use common::{Detail, NewPassword, Password};

use crate::cli_error::CliError;
use crate::config;
use crate::i18n::Words;

/// The source of the password.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct PasswordSource {
    /// Read the password from the first line of this file [default: the variable PAPO_PASSWORD, or a prompt].
    #[arg(long, value_name = "FILE", env = "PAPO_PASSWORD_FILE")]
    password_file: Option<PathBuf>,
}

impl PasswordSource {
    /// Reads the password of an existing account.
    pub(crate) fn read(&self, words: Words) -> Result<Password, CliError> {
        match self.given()? {
            Some(password) => check(words, &password),
            None => check(words, &prompt(words, &words.ask_password())?),
        }
    }

    /// Reads the password of a new account. A user who types it must repeat it.
    pub(crate) fn read_new(&self, words: Words) -> Result<NewPassword, CliError> {
        choose(words, self.given()?)
    }

    fn given(&self) -> Result<Option<String>, CliError> {
        given(self.password_file.as_deref(), "PAPO_PASSWORD")
    }
}

/// The source of the password that replaces the old one.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct NewPasswordSource {
    /// Read the new password from the first line of this file [default: the variable PAPO_NEW_PASSWORD, or a
    /// prompt].
    #[arg(long, value_name = "FILE", env = "PAPO_NEW_PASSWORD_FILE")]
    new_password_file: Option<PathBuf>,
}

impl NewPasswordSource {
    /// Reads the new password. A user who types it must repeat it.
    pub(crate) fn read(&self, words: Words) -> Result<NewPassword, CliError> {
        choose(words, given(self.new_password_file.as_deref(), "PAPO_NEW_PASSWORD")?)
    }
}

fn given(file: Option<&Path>, variable: &str) -> Result<Option<String>, CliError> {
    match file {
        Some(file) => config::read_password(file).map(Some),
        None => Ok(std::env::var(variable).ok()),
    }
}

fn choose(words: Words, given: Option<String>) -> Result<NewPassword, CliError> {
    let check = |password: &str| NewPassword::new(password).map_err(|error| refused(words, &error));
    if let Some(password) = given {
        return check(&password);
    }
    let password = check(&prompt(words, &words.choose_password())?)?;
    if check(&prompt(words, &words.repeat_password())?)? != password {
        return Err(CliError::Usage(words.passwords_differ()));
    }
    Ok(password)
}

fn prompt(words: Words, question: &str) -> Result<String, CliError> {
    if !std::io::stdin().is_terminal() {
        return Err(CliError::Usage(words.no_terminal_for_password()));
    }
    Ok(rpassword::prompt_password(question)?)
}

fn check(words: Words, password: &str) -> Result<Password, CliError> {
    Password::new(password).map_err(|error| refused(words, &error))
}

fn refused(words: Words, error: &Detail) -> CliError {
    CliError::Usage(words.detail(error))
}

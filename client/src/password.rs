//! Reads passwords from a hidden prompt, a file, or the environment. A password is never an argument, because
//! every process of the machine can read arguments.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use common::{Detail, NewPassword, Password};

use crate::cli_error::CliError;
use crate::config;
use crate::i18n::Catalog;

/// The source of the password.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct PasswordSource {
    /// Read the password from the first line of this file [default: the variable PAPO_PASSWORD, or a prompt]
    #[arg(long, value_name = "FILE", env = "PAPO_PASSWORD_FILE")]
    password_file: Option<PathBuf>,
}

impl PasswordSource {
    /// Reads the password of an existing account.
    pub(crate) fn read(&self, catalog: Catalog) -> Result<Password, CliError> {
        match self.given()? {
            Some(password) => check(catalog, &password),
            None => check(catalog, &prompt(catalog, &catalog.ask_password())?),
        }
    }

    /// Reads the password of a new account. A user who types it must repeat it.
    pub(crate) fn read_new(&self, catalog: Catalog) -> Result<NewPassword, CliError> {
        choose(catalog, self.given()?)
    }

    fn given(&self) -> Result<Option<String>, CliError> {
        given(self.password_file.as_deref(), "PAPO_PASSWORD")
    }
}

/// The source of the new password.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct NewPasswordSource {
    /// Read the new password from the first line of this file [default: the variable PAPO_NEW_PASSWORD,
    /// or a prompt]
    #[arg(long, value_name = "FILE", env = "PAPO_NEW_PASSWORD_FILE")]
    new_password_file: Option<PathBuf>,
}

impl NewPasswordSource {
    /// Reads the new password. A user who types it must repeat it.
    pub(crate) fn read(&self, catalog: Catalog) -> Result<NewPassword, CliError> {
        choose(catalog, given(self.new_password_file.as_deref(), "PAPO_NEW_PASSWORD")?)
    }
}

fn given(file: Option<&Path>, variable: &str) -> Result<Option<String>, CliError> {
    match file {
        Some(file) => config::read_password(file).map(Some),
        None => Ok(std::env::var(variable).ok()),
    }
}

fn choose(catalog: Catalog, given: Option<String>) -> Result<NewPassword, CliError> {
    let check = |password: &str| NewPassword::new(password).map_err(|error| refused(catalog, &error));
    if let Some(password) = given {
        return check(&password);
    }
    let password = check(&prompt(catalog, &catalog.choose_password())?)?;
    if check(&prompt(catalog, &catalog.repeat_password())?)? != password {
        return Err(CliError::Usage(catalog.passwords_differ()));
    }
    Ok(password)
}

fn prompt(catalog: Catalog, question: &str) -> Result<String, CliError> {
    if !std::io::stdin().is_terminal() {
        return Err(CliError::Usage(catalog.no_terminal_for_password()));
    }
    Ok(rpassword::prompt_password(question)?)
}

fn check(catalog: Catalog, password: &str) -> Result<Password, CliError> {
    Password::new(password).map_err(|error| refused(catalog, &error))
}

fn refused(catalog: Catalog, error: &Detail) -> CliError {
    CliError::Usage(catalog.detail(error))
}

//! Where a password comes from: a hidden prompt, a file, or the environment. Never an argument, which every
//! process of the machine could read.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use common::{NewPassword, Password};

use crate::config;
use crate::failure::Failure;

/// Where to take the password from.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct PasswordSource {
    /// Read the password from the first line of this file.
    #[arg(long, value_name = "FILE", env = "PAPO_PASSWORD_FILE")]
    password_file: Option<PathBuf>,
}

impl PasswordSource {
    /// The password of an account that exists.
    pub(crate) fn read(&self) -> Result<Password, Failure> {
        match self.given()? {
            Some(password) => check(&password),
            None => check(&prompt("password: ")?),
        }
    }

    /// The password for a new account; one that is typed is typed twice.
    pub(crate) fn read_new(&self) -> Result<NewPassword, Failure> {
        choose(self.given()?)
    }

    fn given(&self) -> Result<Option<String>, Failure> {
        given(self.password_file.as_deref(), "PAPO_PASSWORD")
    }
}

/// Where to take the password from that is to replace another.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct NewPasswordSource {
    /// Read the new password from the first line of this file.
    #[arg(long, value_name = "FILE", env = "PAPO_NEW_PASSWORD_FILE")]
    new_password_file: Option<PathBuf>,
}

impl NewPasswordSource {
    /// The new password; one that is typed is typed twice.
    pub(crate) fn read(&self) -> Result<NewPassword, Failure> {
        choose(given(self.new_password_file.as_deref(), "PAPO_NEW_PASSWORD")?)
    }
}

fn given(file: Option<&Path>, variable: &str) -> Result<Option<String>, Failure> {
    match file {
        Some(file) => config::read_password(file).map(Some),
        None => Ok(std::env::var(variable).ok()),
    }
}

fn choose(given: Option<String>) -> Result<NewPassword, Failure> {
    let check =
        |password: &str| NewPassword::new(password).map_err(|error| Failure::Usage(error.to_string()));
    if let Some(password) = given {
        return check(&password);
    }
    let password = check(&prompt("choose a password: ")?)?;
    if check(&prompt("once more: ")?)? != password {
        return Err(Failure::Usage("the two passwords differ: try again".to_owned()));
    }
    Ok(password)
}

fn prompt(words: &str) -> Result<String, Failure> {
    if !std::io::stdin().is_terminal() {
        let sentence =
            "there is no terminal to ask for the password: set PAPO_PASSWORD, or say --password-file";
        return Err(Failure::Usage(sentence.to_owned()));
    }
    Ok(rpassword::prompt_password(words)?)
}

fn check(password: &str) -> Result<Password, Failure> {
    Password::new(password).map_err(|error| Failure::Usage(error.to_string()))
}

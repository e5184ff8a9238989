//! Where a password comes from: a hidden prompt, a file, or the environment. Never an argument, which every
//! process of the machine could read.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use common::Password;

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
    pub(crate) fn read_new(&self) -> Result<Password, Failure> {
        if let Some(password) = self.given()? {
            return check(&password);
        }
        let password = check(&prompt("choose a password: ")?)?;
        if check(&prompt("once more: ")?)? != password {
            return Err(Failure::Usage("the two passwords differ: try again".to_owned()));
        }
        Ok(password)
    }

    fn given(&self) -> Result<Option<String>, Failure> {
        match &self.password_file {
            Some(file) => config::read_password(file).map(Some),
            None => Ok(std::env::var("PAPO_PASSWORD").ok()),
        }
    }
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

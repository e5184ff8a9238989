//! `papo register`, `papo reset-password`, `papo login`, `papo logout`, `papo users`, `papo account`, and
//! `papo block`.

use common::accounts::{DeleteAccount, ListNames, OneUser, SetUser};
use common::methods::{AccountDelete, UserBlock, UserBlocks, UserList, UserSet, UserUnblock};
use common::{DisplayName, UserName};
use serde::Serialize;
use serde_json::json;

use super::{Common, open, open_session, user};
use crate::cli_error::CliError;
use crate::i18n::Catalog;
use crate::password::{NewPasswordSource, PasswordSource};
use crate::render::{self, Output, sanitise};

#[derive(Debug, clap::Args)]
pub struct Register {
    /// The name of the new account.
    #[arg(value_parser = user)]
    user: UserName,
    /// Register with this join code [default: the code of the invite in --server].
    #[arg(long, env = "PAPO_JOIN_CODE", hide_env_values = true)]
    code: Option<String>,
    #[command(flatten)]
    password: PasswordSource,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
pub struct ResetPassword {
    /// The name of your account.
    #[arg(value_parser = user)]
    user: UserName,
    /// The code that an administrator gave you (`papo admin reset-password`).
    #[arg(env = "PAPO_RESET_CODE", hide_env_values = true)]
    code: String,
    #[command(flatten)]
    password: NewPasswordSource,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
pub struct Login {
    /// The name of your account.
    #[arg(value_parser = user)]
    user: UserName,
    /// Print the name and the token of the session as JSON, for programs that use HTTP or WebSocket.
    ///
    /// The token is a secret: a program that has it can act as you until the session ends.
    #[arg(long)]
    print_token: bool,
    #[command(flatten)]
    password: PasswordSource,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
pub struct Logout {
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
pub struct Users {
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
pub struct Name {
    /// The display name, in quotes: 'Alice Liddell'.
    #[arg(value_parser = display_name, allow_hyphen_values = true)]
    name: DisplayName,
    #[command(flatten)]
    common: Common,
}

fn display_name(text: &str) -> Result<DisplayName, String> {
    DisplayName::new(text).map_err(|error| error.to_string())
}

pub(super) fn set_name(Name { name: display_name, common }: Name) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&common.connection)?;
    handle.request::<UserSet>(|token| SetUser { token, display_name })?;
    print(&common, &json!({}), "done")
}

#[derive(Debug, clap::Args)]
pub struct Block {
    /// The name of the user.
    #[arg(value_parser = user)]
    user: UserName,
    #[command(flatten)]
    common: Common,
}

pub(super) fn block(Block { user, common }: Block) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&common.connection)?;
    let words = Catalog::ENGLISH.user_blocked(&user);
    handle.request::<UserBlock>(|token| OneUser { token, user })?;
    print(&common, &json!({}), &words)
}

pub(super) fn unblock(Block { user, common }: Block) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&common.connection)?;
    let words = Catalog::ENGLISH.user_unblocked(&user);
    handle.request::<UserUnblock>(|token| OneUser { token, user })?;
    print(&common, &json!({}), &words)
}

pub(super) fn list_blocks(arguments: &Users) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&arguments.common.connection)?;
    let blocks = handle.list::<UserBlocks>(|token| ListNames { token, after: None })?;
    print_list(&arguments.common, &blocks, |block| render::block(Catalog::ENGLISH, block))
}

#[derive(Debug, clap::Subcommand)]
pub enum Account {
    /// Delete your account. Nobody can register its name again.
    ///
    /// papo asks for the password, or reads it from PAPO_PASSWORD.
    Delete(Delete),
}

#[derive(Debug, clap::Args)]
pub struct Delete {
    /// Also delete your messages and files.
    #[arg(long)]
    erase: bool,
    #[command(flatten)]
    password: PasswordSource,
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(account: Account) -> Result<(), CliError> {
    let Account::Delete(Delete { erase, password, common }) = account;
    let (mut handle, _news) = open_session(&common.connection)?;
    let password = Some(password.read(Catalog::ENGLISH)?);
    handle.request::<AccountDelete>(|token| DeleteAccount { token, user: None, password, erase })?;
    handle.forget_session()?;
    print(&common, &json!({}), &Catalog::ENGLISH.account_deleted())
}

pub(super) fn register(arguments: Register) -> Result<(), CliError> {
    let (mut handle, _news) = open(&arguments.common.connection)?;
    handle.set_join_code(arguments.code);
    let registered = handle.register(arguments.user, arguments.password.read_new(Catalog::ENGLISH)?)?;
    let (user, administrator) = (&registered.user, registered.administrator);
    let role = if administrator { " as the administrator of this node" } else { "" };
    let message = format!("{user} is registered{role}; log in with: papo login {user}");
    let result = serde_json::to_value(&registered).map_err(std::io::Error::from)?;
    print(&arguments.common, &result, &message)
}

pub(super) fn reset_password(arguments: ResetPassword) -> Result<(), CliError> {
    let (mut handle, _news) = open(&arguments.common.connection)?;
    let (user, password) = (arguments.user, arguments.password.read(Catalog::ENGLISH)?);
    handle.reset(user.clone(), arguments.code, password)?;
    let message = format!("the password of {user} was changed; log in with: papo login {user}");
    print(&arguments.common, &json!({ "user": user }), &message)
}

pub(super) fn login(arguments: Login) -> Result<(), CliError> {
    let (mut handle, _news) = open(&arguments.common.connection)?;
    let session = handle.login(arguments.user, arguments.password.read(Catalog::ENGLISH)?)?;
    if arguments.print_token {
        let result = json!({ "user": session.user, "token": session.token });
        return print(&arguments.common, &result, &result.to_string());
    }
    // The token is a secret, so it is stored and not printed.
    let result = json!({ "user": session.user, "expires": session.expires });
    print(&arguments.common, &result, &format!("{} is logged in", session.user))
}

pub(super) fn logout(arguments: &Logout) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&arguments.common.connection)?;
    handle.logout()?;
    print(&arguments.common, &json!({}), "you are logged out")
}

pub(super) fn list(arguments: &Users) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&arguments.common.connection)?;
    let users = handle.list::<UserList>(|token| ListNames { token, after: None })?;
    print_list(&arguments.common, &users, |user| render::user(Catalog::ENGLISH, user))
}

/// Prints each item as JSON, or as a line.
pub(super) fn print_list<T: Serialize>(
    common: &Common,
    items: &[T],
    line: impl Fn(&T) -> String,
) -> Result<(), CliError> {
    let mut output = Output::new();
    for item in items {
        if common.json {
            output.print_json(&serde_json::to_string(item).map_err(std::io::Error::from)?)?;
        } else {
            output.print(&sanitise(&line(item)))?;
        }
    }
    Ok(output.flush()?)
}

/// Prints the result of a command as JSON, or as a message.
pub(super) fn print(common: &Common, result: &serde_json::Value, message: &str) -> Result<(), CliError> {
    let mut output = Output::new();
    if common.json {
        output.print_json(&result.to_string())?
    } else {
        output.print(message)?
    }
    Ok(output.flush()?)
}

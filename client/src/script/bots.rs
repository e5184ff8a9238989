//! `papo bot`: tokens of bots.

use common::accounts::ListNames;
use common::bots::{Bot, CreateBot, CreatedBot, RevokeBot, Scope};
use common::methods::{BotCreate, BotList, BotRevoke};
use common::{Target, UserName};
use serde_json::json;
use uuid::Uuid;

use super::accounts::{print, print_list};
use super::admin::NoArguments;
use super::{Common, open_session, target, user};
use crate::cli_error::CliError;
use crate::render::date_and_time;

#[derive(Debug, clap::Subcommand)]
pub enum BotCommand {
    /// Create a token of a bot, and print it. Only this command shows the token.
    ///
    /// A program uses the token like the token of a session: over HTTP as `Authorization: Bearer`, over
    /// ZeroMQ and WebSocket as `token`. The token does not expire.
    Create(Create),
    /// List the tokens that you created; as an administrator, the tokens of all users.
    List(NoArguments),
    /// Revoke a token.
    Revoke(Revoke),
}

#[derive(Debug, clap::Args)]
pub struct Create {
    /// The name of the bot's account. papo creates the account if it does not exist.
    #[arg(value_parser = user)]
    name: UserName,
    /// A conversation in which the token works, in quotes: '#ops'. Repeat the option for several.
    #[arg(long = "in", value_name = "CONVERSATION", required = true, value_parser = target)]
    conversations: Vec<Target>,
    /// The requests that the token permits: read, write (also messages and files) or admin (also moderation).
    #[arg(long, default_value = "write", value_parser = scope)]
    scope: Scope,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
pub struct Revoke {
    /// The id of the token, from `papo bot list`.
    id: Uuid,
    #[command(flatten)]
    common: Common,
}

/// Parses `read`, `write` or `admin`.
fn scope(word: &str) -> Result<Scope, String> {
    serde_json::from_value(word.into()).map_err(|_| "give a scope: read, write or admin".to_owned())
}

pub(super) fn run(command: BotCommand) -> Result<(), CliError> {
    match command {
        BotCommand::Create(Create { name, conversations, scope, common }) => {
            let (mut handle, _news) = open_session(&common.connection)?;
            let created =
                handle.request::<BotCreate>(|token| CreateBot { token, name, scope, conversations })?;
            let CreatedBot { id, token } = created;
            print(&common, &json!({ "id": id, "token": token }), &token)
        }
        BotCommand::List(NoArguments { common }) => {
            let (mut handle, _news) = open_session(&common.connection)?;
            let bots = handle.list::<BotList>(|token| ListNames { token, after: None })?;
            print_list(&common, &bots, line)
        }
        BotCommand::Revoke(Revoke { id, common }) => {
            let (mut handle, _news) = open_session(&common.connection)?;
            handle.request::<BotRevoke>(|token| RevokeBot { token, id })?;
            print(&common, &json!({ "id": id }), "the token is revoked")
        }
    }
}

fn line(bot: &Bot) -> String {
    let scope = bot.scope.name();
    let conversations: Vec<_> = bot.conversations.iter().map(ToString::to_string).collect();
    let used =
        bot.used.map_or_else(|| "never used".to_owned(), |used| format!("used {}", date_and_time(used)));
    format!("{} @{} by @{}, {scope} in {}, {used}", bot.id, bot.name, bot.by, conversations.join(" "))
}

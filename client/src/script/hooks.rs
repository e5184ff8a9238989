//! `papo hook`: incoming webhooks.

use common::UserName;
use common::hooks::{CreateHook, CreatedHook, Hook, ListHooks, RevokeHook};
use common::methods::{HookCreate, HookList, HookRevoke};
use serde_json::json;
use uuid::Uuid;

use super::accounts::{print, print_list};
use super::manage::OneChannel;
use super::{Common, open_session, user};
use crate::cli_error::CliError;

#[derive(Debug, clap::Subcommand)]
pub enum HookCommand {
    /// Create a webhook for a channel, and print the path of its address. Only this command shows the path.
    ///
    /// A sender in the format of Slack or Mattermost posts to the address of the gateway with this path.
    /// GitHub posts to the path with /github at its end, the webhook receiver of Alertmanager to the path
    /// with /alertmanager.
    Create(Create),
    /// List the webhooks of a channel. The server does not know their tokens.
    List(OneChannel),
    /// Revoke a webhook.
    Revoke(Revoke),
}

#[derive(Debug, clap::Args)]
pub struct Create {
    #[command(flatten)]
    of: OneChannel,
    /// The name of the webhook's account, which is the sender of its messages.
    #[arg(long, value_parser = user)]
    name: UserName,
    /// Accept the channel that a post names, if the account is a member of it.
    #[arg(long)]
    unlocked: bool,
    /// Let posts mention all members with @here.
    #[arg(long)]
    here: bool,
    /// Require a signature of each post, and print the secret for it.
    #[arg(long)]
    signed: bool,
}

#[derive(Debug, clap::Args)]
pub struct Revoke {
    /// The id of the webhook, from `papo hook list`.
    id: Uuid,
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(command: HookCommand) -> Result<(), CliError> {
    match command {
        HookCommand::Create(create) => run_create(create),
        HookCommand::List(OneChannel { channel, common }) => {
            let (mut handle, _news) = open_session(&common.connection)?;
            let hooks = handle.request::<HookList>(|token| ListHooks { token, channel })?.hooks;
            print_list(&common, &hooks, line)
        }
        HookCommand::Revoke(Revoke { id, common }) => {
            let (mut handle, _news) = open_session(&common.connection)?;
            handle.request::<HookRevoke>(|token| RevokeHook { token, id })?;
            print(&common, &json!({ "id": id }), "the webhook is revoked")
        }
    }
}

fn run_create(create: Create) -> Result<(), CliError> {
    let Create { of: OneChannel { channel, common }, name, unlocked, here, signed } = create;
    let (mut handle, _news) = open_session(&common.connection)?;
    let CreatedHook { id, hook, secret } =
        handle.request::<HookCreate>(|token| CreateHook { token, channel, name, unlocked, here, signed })?;
    let path = format!("/hooks/{hook}");
    let mut result = json!({ "id": id, "path": path });
    let mut text = path;
    if let (Some(secret), Some(fields)) = (secret, result.as_object_mut()) {
        text = format!("{text}\nsecret: {secret}");
        fields.insert("secret".to_owned(), secret.into());
    }
    print(&common, &result, &text)
}

fn line(hook: &Hook) -> String {
    let marks =
        [(hook.unlocked, ", unlocked"), (hook.here, ", may mention @here"), (hook.signed, ", signed")];
    let marks: String = marks.into_iter().filter(|(is_set, _)| *is_set).map(|(_, mark)| mark).collect();
    format!("{} @{} by @{}{marks}", hook.id, hook.name, hook.by)
}

//! `papo hook`: webhooks.

use common::UserName;
use common::deliveries::{Delivery, DeliveryState, HookUrl};
use common::hooks::{CreateHook, CreatedHook, Hook, ListHooks, OneHook};
use common::methods::{HookCreate, HookList, HookResume, HookRevoke};
use serde_json::json;
use uuid::Uuid;

use super::accounts::{print, print_list};
use super::manage::OneChannel;
use super::{Common, open_session, user};
use crate::cli_error::CliError;

#[derive(Debug, clap::Subcommand)]
pub enum HookCommand {
    /// Create a webhook for a channel. Only this command shows the path of an incoming webhook.
    ///
    /// A sender in the format of Slack or Mattermost posts to the address of the gateway with this path.
    /// GitHub posts to the path with /github at its end, the webhook receiver of Alertmanager to the path
    /// with /alertmanager.
    ///
    /// With --out, the gateway posts each event of the channel to an address instead, signed with the secret
    /// that this command prints.
    Create(Create),
    /// List the webhooks of a channel. The server does not know their tokens.
    List(OneChannel),
    /// Revoke a webhook.
    Revoke(One),
    /// Resume the deliveries of a webhook with --out that is failing or paused.
    Resume(One),
}

#[derive(Debug, clap::Args)]
pub struct Create {
    #[command(flatten)]
    of: OneChannel,
    /// The name of the webhook's account, a member of the channel.
    #[arg(long, value_parser = user)]
    name: UserName,
    /// Deliver the events of the channel to this address.
    #[arg(long, value_name = "URL", value_parser = url, conflicts_with_all = ["unlocked", "here", "signed"])]
    out: Option<HookUrl>,
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
pub struct One {
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
        HookCommand::Revoke(One { id, common }) => {
            let (mut handle, _news) = open_session(&common.connection)?;
            handle.request::<HookRevoke>(|token| OneHook { token, id })?;
            print(&common, &json!({ "id": id }), "the webhook is revoked")
        }
        HookCommand::Resume(One { id, common }) => {
            let (mut handle, _news) = open_session(&common.connection)?;
            handle.request::<HookResume>(|token| OneHook { token, id })?;
            print(&common, &json!({ "id": id }), "the webhook delivers again")
        }
    }
}

fn run_create(create: Create) -> Result<(), CliError> {
    let Create { of: OneChannel { channel, common }, name, out: url, unlocked, here, signed } = create;
    let (mut handle, _news) = open_session(&common.connection)?;
    let CreatedHook { id, hook, secret } = handle.request::<HookCreate>(|token| CreateHook {
        token,
        channel,
        name,
        unlocked,
        here,
        signed,
        url,
    })?;
    let path = hook.map(|hook| format!("/hooks/{hook}"));
    let text: Vec<_> =
        path.clone().into_iter().chain(secret.iter().map(|secret| format!("secret: {secret}"))).collect();
    let mut result = serde_json::Map::from_iter([("id".to_owned(), json!(id))]);
    result.extend(path.map(|path| ("path".to_owned(), path.into())));
    result.extend(secret.map(|secret| ("secret".to_owned(), secret.into())));
    print(&common, &result.into(), &text.join("\n"))
}

fn line(hook: &Hook) -> String {
    let marks =
        [(hook.unlocked, ", unlocked"), (hook.here, ", may mention @here"), (hook.signed, ", signed")];
    let marks: String = marks.into_iter().filter(|(is_set, _)| *is_set).map(|(_, mark)| mark).collect();
    let delivery = hook.delivery.as_ref().map(deliveries).unwrap_or_default();
    format!("{} @{} by @{}{marks}{delivery}", hook.id, hook.name, hook.by)
}

/// The receiver of an outgoing webhook, and the state of the deliveries.
fn deliveries(delivery: &Delivery) -> String {
    let Delivery { url, n, head, state, since: _, error } = delivery;
    let state = match state {
        DeliveryState::Active => "",
        DeliveryState::Failing => ", failing",
        DeliveryState::Paused => ", paused",
        DeliveryState::NotMember => ", its account is not a member of the channel",
    };
    let error = error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
    format!(" to {}, delivered {n} of {head}{state}{error}", url.as_str())
}

fn url(text: &str) -> Result<HookUrl, common::Error> {
    HookUrl::new(text).map_err(Into::into)
}

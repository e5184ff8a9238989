//! Commands for administrators. The server checks the right.

use common::accounts::{DeleteAccount, ListNames, Revoke, SessionOnly};
use common::admin::{Disable, ListSessions, ListUsers, Promote, ResetPassword};
use common::join_codes::{CreateJoinCode, RevokeJoinCode};
use common::methods::{
    AccountDelete, AdminChannels, AdminDisable, AdminPromote, AdminResetPassword, AdminSessions, AdminStats,
    AdminUsers, JoinCodeCreate, JoinCodeList, JoinCodeRevoke, SessionRevoke,
};
use common::{ChannelName, Target, UserName};

use super::arguments::{first_word, user};
use super::command::{Command, Next};
use crate::chat::context::Context;
use crate::cli_error::CliError;
use crate::i18n::{Catalog, both};
use crate::render;
use crate::script::DAYS_DEFAULT;

pub(super) static COMMANDS: &[Command] = &[
    Command::new(
        "admin",
        both("ACTION [USER] [erase]", "AÇÃO [USUÁRIO] [erase]"),
        both(
            "manage the node: users, channels, sessions, end-session, stats, disable, enable, promote, demote, delete, reset-password, invite, join-codes, revoke-code",
            "administra o nó: users, channels, sessions, end-session, stats, disable, enable, promote, demote, delete, reset-password, invite, join-codes, revoke-code",
        ),
        admin,
    ),
    Command::new(
        "broadcast",
        both("TEXT", "TEXTO"),
        both(
            "send a message to all users of the node; /msg * TEXT does the same",
            "envia uma mensagem a todas as contas do nó; /msg * TEXTO faz o mesmo",
        ),
        broadcast,
    ),
];

fn admin(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    let (action, name) = first_word(arguments);
    match action {
        "users" => {
            let users =
                context.handle.list::<AdminUsers>(|token| ListUsers { token, after: None, files: false })?;
            say_list(context, &users, render::account)
        }
        "channels" => {
            let channels = context.handle.list::<AdminChannels>(|token| ListNames { token, after: None })?;
            say_list(context, &channels, render::admin_channel)
        }
        "sessions" => {
            let of = if name.is_empty() { None } else { Some(user(context.catalog, name)?) };
            let params = |token| ListSessions { token, user: of, after: None };
            let sessions = context.handle.list::<AdminSessions>(params)?;
            say_list(context, &sessions, render::admin_session)
        }
        "stats" => {
            let stats = context.handle.request::<AdminStats>(|token| SessionOnly { token })?;
            context.say_list(render::stats(context.catalog, &stats).into_iter(), "")
        }
        "end-session" => end_session(context, name),
        "disable" => disable(context, user(context.catalog, name)?, true),
        "enable" => disable(context, user(context.catalog, name)?, false),
        "promote" => promote(context, user(context.catalog, name)?, true),
        "delete" => delete(context, name),
        "demote" => promote(context, user(context.catalog, name)?, false),
        "reset-password" => reset_password(context, user(context.catalog, name)?),
        "invite" => invite(context, name),
        "join-codes" => {
            let codes = context.handle.request::<JoinCodeList>(|token| SessionOnly { token })?.codes;
            say_list(context, &codes, render::join_code)
        }
        "revoke-code" => revoke_code(context, name),
        _ => Err(CliError::Usage(context.catalog.usage_admin())),
    }?;
    Ok(Next::Stay)
}

fn broadcast(context: &mut Context, text: &str) -> Result<Next, CliError> {
    context.send(Target::Channel(ChannelName::everybody()), text, None)?;
    Ok(Next::Stay)
}

fn say_list<T>(context: &mut Context, items: &[T], line: fn(Catalog, &T) -> String) -> Result<(), CliError> {
    let catalog = context.catalog;
    context.say_list(items.iter().map(|item| line(catalog, item)), &catalog.empty_list())
}

fn reset_password(context: &mut Context, user: UserName) -> Result<(), CliError> {
    let of = user.clone();
    let done = context.handle.request::<AdminResetPassword>(|token| ResetPassword { token, user: of })?;
    context.say(&render::reset_code(context.catalog, &user, &done))
}

fn invite(context: &mut Context, uses: &str) -> Result<(), CliError> {
    let usage = |_no_number| CliError::Usage(context.catalog.usage_admin());
    let uses = if uses.is_empty() { 1 } else { uses.parse().map_err(usage)? };
    let params = |token| CreateJoinCode { token, uses, days: DAYS_DEFAULT, note: "".into() };
    let done = context.handle.request::<JoinCodeCreate>(params)?;
    let address = context.handle.address_with(&done.code);
    context.say(&render::join_code_created(context.catalog, &address, uses, &done))
}

fn revoke_code(context: &mut Context, id: &str) -> Result<(), CliError> {
    let id = id.parse().map_err(|_no_id| CliError::Usage(context.catalog.usage_admin()))?;
    context.handle.request::<JoinCodeRevoke>(|token| RevokeJoinCode { token, id })?;
    context.say(&context.catalog.join_code_revoked())
}

fn disable(context: &mut Context, user: UserName, disabled: bool) -> Result<(), CliError> {
    let of = user.clone();
    let done = context.handle.request::<AdminDisable>(|token| Disable { token, user: of, disabled })?;
    context.say(&render::disabled(context.catalog, &user, disabled, done.ended))
}

fn end_session(context: &mut Context, arguments: &str) -> Result<(), CliError> {
    let (name, id) = first_word(arguments);
    let user = user(context.catalog, name)?;
    let usage = |_no_id| CliError::Usage(context.catalog.usage_admin());
    let session = if id.is_empty() { None } else { Some(id.parse().map_err(usage)?) };
    let params = |token| Revoke { token, session, user: Some(user) };
    let done = context.handle.request::<SessionRevoke>(params)?;
    context.say(&context.catalog.sessions_ended(done.ended))
}

fn delete(context: &mut Context, arguments: &str) -> Result<(), CliError> {
    let (name, word) = first_word(arguments);
    let erase = match word {
        "" => false,
        "erase" => true,
        _ => return Err(CliError::Usage(context.catalog.usage_admin())),
    };
    let user = user(context.catalog, name)?;
    let done = context.catalog.account_of_user_deleted(&user);
    let params = |token| DeleteAccount { token, user: Some(user), password: None, erase };
    context.handle.request::<AccountDelete>(params)?;
    context.say(&done)
}

fn promote(context: &mut Context, user: UserName, administrator: bool) -> Result<(), CliError> {
    let done = render::promoted(context.catalog, &user, administrator);
    context.handle.request::<AdminPromote>(|token| Promote { token, user, administrator })?;
    context.say(&done)
}

//! Commands for administrators. The server checks the right.

use common::accounts::{ListNames, SessionOnly};
use common::admin::{Disable, ListSessions, Promote, ResetPassword};
use common::join_codes::{CreateJoinCode, RevokeJoinCode};
use common::methods::{
    AdminChannels, AdminDisable, AdminPromote, AdminResetPassword, AdminSessions, AdminStats, AdminUsers,
    JoinCodeCreate, JoinCodeList, JoinCodeRevoke,
};
use common::{ChannelName, Target, UserName};

use super::arguments::{first_word, user};
use super::command::{Command, Next};
use crate::chat::context::Context;
use crate::cli_error::CliError;
use crate::i18n::{Words, both};
use crate::render;

pub(super) static COMMANDS: &[Command] = &[
    Command::new(
        "admin",
        both("ACTION [USER]", "AÇÃO [USUÁRIO]"),
        both(
            "manage the node: users, channels, sessions, stats, disable, enable, promote, demote, reset-password, invite, join-codes, revoke-code",
            "administra o nó: users, channels, sessions, stats, disable, enable, promote, demote, reset-password, invite, join-codes, revoke-code",
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
            let users = context.handle.list::<AdminUsers>(|token| ListNames { token, after: None })?;
            say_list(context, &users, render::account)
        }
        "channels" => {
            let channels = context.handle.list::<AdminChannels>(|token| ListNames { token, after: None })?;
            say_list(context, &channels, render::admin_channel)
        }
        "sessions" => {
            let of = if name.is_empty() { None } else { Some(user(context.words, name)?) };
            let params = |token| ListSessions { token, user: of, after: None };
            let sessions = context.handle.list::<AdminSessions>(params)?;
            say_list(context, &sessions, render::admin_session)
        }
        "stats" => {
            let stats = context.handle.ask::<AdminStats>(|token| SessionOnly { token })?;
            context.say_list(render::stats(context.words, &stats).into_iter(), "")
        }
        "disable" => disable(context, user(context.words, name)?, true),
        "enable" => disable(context, user(context.words, name)?, false),
        "promote" => promote(context, user(context.words, name)?, true),
        "demote" => promote(context, user(context.words, name)?, false),
        "reset-password" => reset_password(context, user(context.words, name)?),
        "invite" => invite(context, name),
        "join-codes" => {
            let codes = context.handle.ask::<JoinCodeList>(|token| SessionOnly { token })?.codes;
            say_list(context, &codes, render::join_code)
        }
        "revoke-code" => revoke_code(context, name),
        _ => Err(CliError::Usage(context.words.usage_admin())),
    }?;
    Ok(Next::Stay)
}

fn broadcast(context: &mut Context, text: &str) -> Result<Next, CliError> {
    context.send(Target::Channel(ChannelName::everybody()), text, None)?;
    Ok(Next::Stay)
}

fn say_list<T>(context: &mut Context, items: &[T], line: fn(Words, &T) -> String) -> Result<(), CliError> {
    let words = context.words;
    context.say_list(items.iter().map(|item| line(words, item)), &words.empty_list())
}

fn reset_password(context: &mut Context, user: UserName) -> Result<(), CliError> {
    let of = user.clone();
    let done = context.handle.ask::<AdminResetPassword>(|token| ResetPassword { token, user: of })?;
    context.say(&render::reset_code(context.words, &user, &done))
}

/// Creates a join code that expires after a week.
fn invite(context: &mut Context, uses: &str) -> Result<(), CliError> {
    let usage = |_| CliError::Usage(context.words.usage_admin());
    let uses = if uses.is_empty() { 1 } else { uses.parse().map_err(usage)? };
    let params = |token| CreateJoinCode { token, uses, days: 7, note: "".into() };
    let done = context.handle.ask::<JoinCodeCreate>(params)?;
    let (invite, expires) = (context.handle.address_with(&done.code), render::date_and_time(done.expires));
    context.say(&context.words.join_code_created(&invite, uses, &expires))
}

fn revoke_code(context: &mut Context, id: &str) -> Result<(), CliError> {
    let id = id.parse().map_err(|_| CliError::Usage(context.words.usage_admin()))?;
    context.handle.ask::<JoinCodeRevoke>(|token| RevokeJoinCode { token, id })?;
    context.say(&context.words.join_code_revoked())
}

fn disable(context: &mut Context, user: UserName, disabled: bool) -> Result<(), CliError> {
    let of = user.clone();
    let done = context.handle.ask::<AdminDisable>(|token| Disable { token, user: of, disabled })?;
    context.say(&render::disabled(context.words, &user, disabled, done.ended))
}

fn promote(context: &mut Context, user: UserName, administrator: bool) -> Result<(), CliError> {
    let done = render::promoted(context.words, &user, administrator);
    context.handle.ask::<AdminPromote>(|token| Promote { token, user, administrator })?;
    context.say(&done)
}

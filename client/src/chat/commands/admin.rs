//! Commands of administrators. The server checks that the user is one.

use common::{ChannelName, Target, UserName};

use super::arguments::{first_word, user};
use super::command::{Command, Next};
use crate::chat::context::Context;
use crate::cli_error::CliError;
use crate::client_handle::unexpected;
use crate::i18n::both;
use crate::render;
use session::{Administration, Answer, Command as Ask};

pub(super) static COMMANDS: &[Command] = &[
    Command::new(
        "admin",
        both("ACTION [USER]", "AÇÃO [USUÁRIO]"),
        both(
            "manage the node: users, channels, sessions, stats, disable, enable, promote, demote",
            "administra o nó: users, channels, sessions, stats, disable, enable, promote, demote",
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
        "users" => show(context, Administration::Users),
        "channels" => show(context, Administration::Channels),
        "sessions" if name.is_empty() => show(context, Administration::Sessions(None)),
        "sessions" => show(context, Administration::Sessions(Some(user(context.words, name)?))),
        "stats" => show(context, Administration::Stats),
        "disable" => disable(context, user(context.words, name)?, true),
        "enable" => disable(context, user(context.words, name)?, false),
        "promote" => promote(context, user(context.words, name)?, true),
        "demote" => promote(context, user(context.words, name)?, false),
        _ => Err(CliError::Usage(context.words.say_admin())),
    }?;
    Ok(Next::Stay)
}

fn broadcast(context: &mut Context, text: &str) -> Result<Next, CliError> {
    context.send(Target::Channel(ChannelName::everybody()), text, None)?;
    Ok(Next::Stay)
}

fn show(context: &mut Context, request: Administration) -> Result<(), CliError> {
    let Answer::Overview(overview) = context.handle.ask(Ask::Administrate(request))? else {
        return Err(unexpected());
    };
    let lines = render::overview(context.words, &overview);
    context.say_list(lines.into_iter(), &context.words.nothing_there_yet())
}

fn disable(context: &mut Context, user: UserName, disabled: bool) -> Result<(), CliError> {
    let request = Administration::Disable { user: user.clone(), disabled };
    let ended = context.handle.end_sessions(Ask::Administrate(request))?;
    context.say(&render::disabled(context.words, &user, disabled, ended))
}

fn promote(context: &mut Context, user: UserName, administrator: bool) -> Result<(), CliError> {
    let request = Administration::Promote { user: user.clone(), administrator };
    context.handle.ask(Ask::Administrate(request))?;
    context.say(&render::promoted(context.words, &user, administrator))
}

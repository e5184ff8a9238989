//! Commands about accounts and sessions.

use common::DisplayName;
use common::accounts::{DeleteAccount, ListNames, OneUser, SessionOnly, SetUser};
use common::methods::{AccountDelete, SessionList, UserBlock, UserBlocks, UserSet, UserUnblock};

use super::arguments::user;
use super::command::{Command, Next};
use crate::chat::context::Context;
use crate::chat::login::log_in;
use crate::cli_error::CliError;
use crate::i18n::{both, same};
use crate::password::NewPasswordSource;
use crate::render;
use session::Command as SessionCommand;

pub(super) static COMMANDS: &[Command] = &[
    Command::new(
        "register",
        both("NAME", "NOME"),
        both(
            "create an account and log in; papo asks for the password",
            "cria uma conta e entra nela; o papo pede a senha",
        ),
        register,
    )
    .private(),
    Command::new(
        "login",
        both("NAME", "NOME"),
        both("log in; papo asks for the password", "entra na conta; o papo pede a senha"),
        login,
    )
    .private(),
    Command::new(
        "logout",
        same(""),
        both("log out and end this session", "sai da conta e encerra esta sessão"),
        logout,
    ),
    Command::new(
        "password",
        same(""),
        both(
            "change your password; papo asks for the old and the new one",
            "altera sua senha; o papo pede a atual e a nova",
        ),
        change_password,
    )
    .private(),
    Command::new(
        "name",
        both("TEXT", "TEXTO"),
        both(
            "set the display name that others see next to your name; - removes it",
            "define o nome que os outros veem ao lado do seu; - apaga esse nome",
        ),
        display_name,
    ),
    Command::new(
        "sessions",
        same(""),
        both("list your open sessions; * marks this one", "lista suas sessões abertas; * marca esta"),
        sessions,
    ),
    Command::new(
        "revoke",
        same("ID|others"),
        both("end one of your sessions, or all others", "encerra uma de suas sessões, ou todas as outras"),
        revoke,
    ),
    Command::new(
        "delete-account",
        same("[erase]"),
        both(
            "delete your account, and with erase also your messages; papo asks for the password",
            "apaga sua conta, e com erase também suas mensagens; o papo pede a senha",
        ),
        delete_account,
    )
    .private(),
    Command::new(
        "block",
        both("USER", "USUÁRIO"),
        both(
            "block a user: refuse their direct messages and invitations, and hide their messages in channels",
            "bloqueia alguém: recusa suas mensagens diretas e convites, e oculta suas mensagens nos canais",
        ),
        block,
    ),
    Command::new("unblock", both("USER", "USUÁRIO"), both("unblock a user", "desbloqueia alguém"), unblock),
    Command::new(
        "blocks",
        same(""),
        both("list the users whom you block", "lista quem você bloqueia"),
        blocks,
    ),
    Command::new("users", same(""), both("list the users", "lista os usuários"), users),
];

fn register(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    let user = user(context.catalog, arguments)?;
    let password = context.password.read_new(context.catalog)?;
    let registered = context.handle.register(user.clone(), password.clone())?;
    if registered.administrator {
        context.say(&context.catalog.you_are_administrator())?;
    }
    log_in(context, user, password.into_password())?;
    Ok(Next::Stay)
}

fn login(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    let user = user(context.catalog, arguments)?;
    let password = context.password.read(context.catalog)?;
    log_in(context, user, password)?;
    Ok(Next::Stay)
}

fn logout(context: &mut Context, _: &str) -> Result<Next, CliError> {
    context.handle.logout()?;
    context.forget_user();
    context.say(&context.catalog.logged_out())?;
    Ok(Next::Stay)
}

fn change_password(context: &mut Context, _: &str) -> Result<Next, CliError> {
    let password = context.password.read(context.catalog)?;
    let new_password = NewPasswordSource::default().read(context.catalog)?;
    let ended = context.handle.end_sessions(SessionCommand::ChangePassword { password, new_password })?;
    context.say(&context.catalog.password_changed(ended))?;
    Ok(Next::Stay)
}

fn display_name(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    let name = match arguments {
        "" => return Err(CliError::Usage(context.catalog.usage_name())),
        "-" => "",
        name => name,
    };
    let refused = |error| CliError::Usage(context.catalog.detail(&error));
    let display_name = DisplayName::new(name).map_err(refused)?;
    let done = match display_name.as_str() {
        "" => context.catalog.name_removed(),
        name => context.catalog.name_set(name),
    };
    context.handle.request::<UserSet>(|token| SetUser { token, display_name })?;
    context.say(&done)?;
    Ok(Next::Stay)
}

fn sessions(context: &mut Context, _: &str) -> Result<Next, CliError> {
    let sessions = context.handle.request::<SessionList>(|token| SessionOnly { token })?.sessions;
    context.say_list(sessions.iter().map(|session| render::session(context.catalog, session)), "")?;
    Ok(Next::Stay)
}

fn revoke(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    let session = match arguments {
        "others" => None,
        id => Some(id.parse().map_err(|_| CliError::Usage(context.catalog.usage_revoke()))?),
    };
    let ended = context.handle.end_sessions(SessionCommand::Revoke(session))?;
    context.say(&context.catalog.sessions_ended(ended))?;
    Ok(Next::Stay)
}

fn delete_account(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    let erase = match arguments {
        "" => false,
        "erase" => true,
        _ => return Err(CliError::Usage(context.catalog.usage_delete_account())),
    };
    let password = Some(context.password.read(context.catalog)?);
    context.handle.request::<AccountDelete>(|token| DeleteAccount { token, user: None, password, erase })?;
    context.handle.forget_session()?;
    context.forget_user();
    context.say(&context.catalog.account_deleted())?;
    Ok(Next::Stay)
}

fn block(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    let user = user(context.catalog, arguments)?;
    let done = context.catalog.user_blocked(&user);
    context.handle.request::<UserBlock>(|token| OneUser { token, user })?;
    // The cache may have messages of the user.
    context.cache.keep_channels(|_| false);
    context.say(&done)?;
    Ok(Next::Stay)
}

fn unblock(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    let user = user(context.catalog, arguments)?;
    let done = context.catalog.user_unblocked(&user);
    context.handle.request::<UserUnblock>(|token| OneUser { token, user })?;
    context.say(&done)?;
    Ok(Next::Stay)
}

fn blocks(context: &mut Context, _: &str) -> Result<Next, CliError> {
    let users = context.handle.list::<UserBlocks>(|token| ListNames { token, after: None })?;
    let lines = users.iter().map(|block| render::block(context.catalog, block));
    context.say_list(lines, &context.catalog.no_blocks())?;
    Ok(Next::Stay)
}

fn users(context: &mut Context, _: &str) -> Result<Next, CliError> {
    let users = context.users()?;
    context.say_list(users.iter().map(|user| render::user(context.catalog, user)), "")?;
    Ok(Next::Stay)
}

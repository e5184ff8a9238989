//! Login with the stored session when the chat starts, or with a password.

use std::time::Duration;

use common::accounts::LoggedIn;
use common::{Password, Target, UserName};

use super::Place;
use super::context::Context;
use super::login_summary::{self, LoginSummary};
use crate::cli_error::CliError;
use session::{Command, Follow, PresenceMode};

/// How long the chat waits for the server before it shows cached messages.
const SHOW_CACHE_AFTER: Duration = Duration::from_millis(300);

/// Resumes the stored session, and opens `place`. Without a session, prints how to log in.
pub(super) fn resume(context: &mut Context, place: Option<Place>) -> Result<(), CliError> {
    context.handle.command(Command::SetPresence(PresenceMode::AtKeyboard))?;
    match context.handle.restore()? {
        Some(session) => start_session(context, &session, place),
        None => {
            // Reports an unreachable server before the user types a password.
            context.handle.submit(Command::Ping)?;
            context.say(&context.catalog.nobody_is_logged_in())
        }
    }
}

pub(super) fn log_in(context: &mut Context, user: UserName, password: Password) -> Result<(), CliError> {
    let session = context.handle.login(user, password)?;
    start_session(context, &session, None)
}

/// Follows all conversations, prints the login summary, and opens a conversation. The first of these that
/// exists is opened: the given place, a conversation with unread messages, the last open conversation,
/// the first channel.
fn start_session(context: &mut Context, session: &LoggedIn, place: Option<Place>) -> Result<(), CliError> {
    context.renderer.set_reader(&session.user);
    context.session = Some(session.clone());
    context.say(&context.catalog.you_are(&session.user))?;
    context.cache.set_owner(&session.user);
    let last = context.cache.last_open();
    context.handle.submit(Command::ListBlocks)?;
    context.handle.submit(Command::ListLevels)?;
    if !follow_everything(context)? {
        let conversation = place.map(|place| place.conversation().clone());
        return start_session_offline(context, session, conversation.or(last));
    }
    let LoginSummary { channels, unread, lines } =
        login_summary::load(&mut context.handle, &context.names, &context.cache, context.catalog)?;
    if !lines.is_empty() {
        context.say(&lines.join("\n"))?;
    }
    let mut own = channels.into_iter().filter(|channel| channel.role.is_some());
    let last = last.filter(|last| match last {
        Target::User(_) => true,
        Target::Channel(name) => name.is_everybody() || own.clone().any(|own| own.channel == *name),
    });
    let unread = unread.into_iter().next().map(|reading| reading.conversation);
    let first = || own.next().map(|first| Target::Channel(first.channel));
    match place.or_else(|| unread.or(last).or_else(first).map(Place::Newest)) {
        Some(Place::Newest(conversation)) => context.open(conversation),
        Some(Place::Around(link)) => context.open_link(link),
        None => context.say(&context.catalog.no_channel_yet()),
    }
}

/// Follows all conversations. Returns false if the server does not answer in time. The session still repeats
/// the request.
fn follow_everything(context: &mut Context) -> Result<bool, CliError> {
    let ticket = context.handle.submit(Command::Follow(Follow::Everything))?;
    let time = if context.is_interactive { SHOW_CACHE_AFTER } else { context.handle.timeout() };
    match context.handle.await_answer(ticket, time) {
        Err(CliError::Unreachable { .. }) if context.is_interactive => Ok(false),
        answer => answer.map(|_following| true),
    }
}

/// Shows cached messages. A thread loads the login summary as soon as the server answers.
fn start_session_offline(
    context: &mut Context,
    session: &LoggedIn,
    conversation: Option<Target>,
) -> Result<(), CliError> {
    match conversation {
        Some(conversation) => context.open_from_cache(conversation)?,
        None => context.say(&context.catalog.offline_note())?,
    }
    context.handle.submit(Command::ListReads)?;
    let background = context.transfers.context().clone();
    let (session, names, cache) = (session.clone(), context.names.clone(), context.cache.clone());
    let work = move || login_summary::load_in_background(background, &session, &names, &cache);
    std::thread::Builder::new().name("login-summary".to_owned()).spawn(work)?;
    Ok(())
}

//! The login summary: invitations and unread messages, printed after a login. The same requests collect names
//! for completion.

use std::cmp::Reverse;
use std::time::Duration;

use common::Target;
use common::accounts::{ListNames, LoggedIn, UserInfo};
use common::channels::{ChannelInfo, Invitation};
use common::methods::{ChannelInvitations, ChannelList, UserList};
use common::reads::Reading;

use super::names::KnownNames;
use super::transfers::TransferContext;
use super::ui_event::UiEvent;
use crate::cache::Cache;
use crate::channel_names::SharedNames;
use crate::cli_error::CliError;
use crate::client_handle::ClientHandle;
use crate::i18n::Catalog;
use crate::render;
use session::{Answer, Command};

/// The maximum number of conversations with unread messages that are listed: half a screen.
const UNREAD_LINES_MAX: usize = 20;

/// The timeout of the background connection that loads the summary while the server does not answer. After
/// this time the connection is opened again.
const BACKGROUND_TIMEOUT: Duration = Duration::from_hours(24);

pub(super) struct LoginSummary {
    pub(super) channels: Vec<ChannelInfo>,
    pub(super) unread: Vec<Reading>,
    /// The text of the summary. Empty if there are no invitations and no unread messages.
    pub(super) lines: Vec<String>,
}

/// Loads the summary. Drops cached channels that the user is no longer a member of.
pub(super) fn load(
    handle: &mut ClientHandle,
    names: &KnownNames,
    cache: &Cache,
    catalog: Catalog,
) -> Result<LoginSummary, CliError> {
    users(handle, names)?;
    let channels = channels(handle, names)?;
    cache.keep_channels(|cached| {
        let mut own = channels.iter().filter(|channel| channel.role.is_some());
        matches!(cached, Target::Channel(name) if name.is_everybody() || own.any(|own| *name == own.channel))
    });
    let invitations = invitations(handle, names)?;
    let line = |invitation| render::invitation(catalog, invitation);
    let mut lines: Vec<_> = invitations.iter().map(line).collect();
    let unread = unread(handle)?;
    lines.extend(unread_lines(catalog, &handle.names(), &unread));
    Ok(LoginSummary { channels, unread, lines })
}

/// Loads the summary over a separate connection, and prints it when the server answers.
pub(super) fn load_in_background(
    mut context: TransferContext,
    session: &LoggedIn,
    names: &KnownNames,
    cache: &Cache,
) {
    context.connection.timeout = BACKGROUND_TIMEOUT;
    loop {
        let summary = context
            .connect(session.clone())
            .and_then(|mut handle| load(&mut handle, names, cache, context.catalog));
        match summary {
            Ok(LoginSummary { lines, .. }) if lines.is_empty() => {}
            Ok(LoginSummary { lines, .. }) => context.send(UiEvent::Note(lines.join("\n"))),
            Err(CliError::Unreachable { .. }) => continue,
            // The connection of the chat reports the end of the session.
            Err(error) if error.needs_login() => {}
            Err(error) => context.send(UiEvent::Error(context.catalog.cli_error(&error))),
        }
        break;
    }
}

pub(super) fn channels(handle: &mut ClientHandle, names: &KnownNames) -> Result<Vec<ChannelInfo>, CliError> {
    let channels = handle.list::<ChannelList>(|token| ListNames { token, after: None })?;
    let renamed = handle.names();
    channels.iter().for_each(|channel| renamed.set(&channel.channel, &channel.names));
    names.add(channels.iter().map(|channel| channel.channel.to_string()));
    let own = channels.iter().filter(|channel| channel.role.is_some());
    names.set_own(own.map(|channel| channel.channel.to_string()));
    Ok(channels)
}

pub(super) fn users(handle: &mut ClientHandle, names: &KnownNames) -> Result<Vec<UserInfo>, CliError> {
    let users = handle.list::<UserList>(|token| ListNames { token, after: None })?;
    names.add(users.iter().map(|user| format!("@{}", user.user)));
    Ok(users)
}

pub(super) fn invitations(
    handle: &mut ClientHandle,
    names: &KnownNames,
) -> Result<Vec<Invitation>, CliError> {
    let invitations = handle.list::<ChannelInvitations>(|token| ListNames { token, after: None })?;
    let renamed = handle.names();
    invitations.iter().for_each(|invitation| renamed.set(&invitation.channel, &invitation.names));
    names.add(invitations.iter().map(|invitation| invitation.channel.to_string()));
    names.set_invited(invitations.iter().map(|invitation| invitation.channel.to_string()));
    Ok(invitations)
}

/// The conversations with unread messages, most mentions first.
pub(super) fn unread(handle: &mut ClientHandle) -> Result<Vec<Reading>, CliError> {
    let Answer::Reads(mut reads) = handle.command(Command::ListReads)? else {
        return Err(CliError::UnexpectedAnswer);
    };
    reads.retain(|reading| reading.unread > 0);
    reads.sort_by_key(|reading| Reverse((reading.mentions, reading.unread)));
    Ok(reads)
}

fn unread_lines(catalog: Catalog, names: &SharedNames, unread: &[Reading]) -> Vec<String> {
    if unread.is_empty() {
        return Vec::new();
    }
    let messages: u64 = unread.iter().map(|reading| reading.unread).sum();
    let mut lines =
        vec![format!("{} {}", catalog.unread_messages(messages), catalog.in_conversations(unread.len()))];
    let line = |reading| format!("  {}", render::reading(catalog, names, reading));
    lines.extend(unread.iter().take(UNREAD_LINES_MAX).map(line));
    if let Some(more) = unread.len().checked_sub(UNREAD_LINES_MAX).filter(|more| *more > 0) {
        lines.push(format!("  {}", catalog.and_more_unread(more)));
    }
    lines
}

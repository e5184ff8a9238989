//! What there is to know when one comes: who and what there is, invitations, and what was said meanwhile.

use std::cmp::Reverse;

use common::Target;
use common::accounts::UserInfo;
use common::channels::{ChannelInfo, Invitation};
use common::reads::Reading;

use super::completion::Names;
use crate::cache::Cache;
use crate::cli_error::CliError;
use crate::client_handle::{ClientHandle, unexpected};
use crate::i18n::Words;
use crate::render;
use session::{Answer, Command};

/// Conversations with something unread that are named at the beginning: half a screen.
const UNREAD_LINES_MAX: usize = 20;

/// What there is.
pub(super) struct LoginSummary {
    pub(super) channels: Vec<ChannelInfo>,
    pub(super) unread: Vec<Reading>,
    /// What the person is to be told of it.
    pub(super) said: Vec<String>,
}

/// Asks for all of it. Names are learnt, and what is kept of channels that one has left is forgotten.
pub(super) fn load(
    handle: &mut ClientHandle,
    names: &Names,
    cache: &Cache,
    words: Words,
) -> Result<LoginSummary, CliError> {
    users(handle, names)?;
    let channels = channels(handle, names)?;
    cache.keep_channels(|wanted| {
        let mut own = channels.iter().filter(|channel| channel.role.is_some());
        matches!(wanted, Target::Channel(name) if name.is_everybody() || own.any(|own| *name == own.channel))
    });
    let invitations = invitations(handle, names)?;
    let mut said: Vec<_> =
        invitations.iter().map(|invitation| render::invitation(words, invitation)).collect();
    let unread = unread(handle)?;
    said.extend(in_words(words, &unread));
    Ok(LoginSummary { channels, unread, said })
}

pub(super) fn channels(handle: &mut ClientHandle, names: &Names) -> Result<Vec<ChannelInfo>, CliError> {
    let Answer::Channels(channels) = handle.ask(Command::Channels)? else { return Err(unexpected()) };
    names.add(channels.iter().map(|channel| channel.channel.to_string()));
    let own = channels.iter().filter(|channel| channel.role.is_some());
    names.set_own(own.map(|channel| channel.channel.to_string()));
    Ok(channels)
}

pub(super) fn users(handle: &mut ClientHandle, names: &Names) -> Result<Vec<UserInfo>, CliError> {
    let Answer::Users(users) = handle.ask(Command::Users)? else { return Err(unexpected()) };
    names.add(users.iter().map(|user| format!("@{}", user.user)));
    Ok(users)
}

pub(super) fn invitations(handle: &mut ClientHandle, names: &Names) -> Result<Vec<Invitation>, CliError> {
    let Answer::Invitations(invitations) = handle.ask(Command::Invitations)? else {
        return Err(unexpected());
    };
    names.add(invitations.iter().map(|invitation| invitation.channel.to_string()));
    names.set_invited(invitations.iter().map(|invitation| invitation.channel.to_string()));
    Ok(invitations)
}

/// The conversations with something unread, the one that wants to be read first of all at the beginning.
pub(super) fn unread(handle: &mut ClientHandle) -> Result<Vec<Reading>, CliError> {
    let Answer::Reads(mut reads) = handle.ask(Command::Reads)? else { return Err(unexpected()) };
    reads.retain(|reading| reading.unread > 0);
    reads.sort_by_key(|reading| Reverse((reading.mentions, reading.unread)));
    Ok(reads)
}

/// What came while the person was away.
fn in_words(words: Words, unread: &[Reading]) -> Vec<String> {
    if unread.is_empty() {
        return Vec::new();
    }
    let messages: u64 = unread.iter().map(|reading| reading.unread).sum();
    let mut lines = vec![words.unread_in_all(messages, unread.len())];
    let line = |reading| format!("  {}", render::reading(words, reading));
    lines.extend(unread.iter().take(UNREAD_LINES_MAX).map(line));
    if let Some(more) = unread.len().checked_sub(UNREAD_LINES_MAX).filter(|more| *more > 0) {
        lines.push(format!("  {}", words.and_more_unread(more)));
    }
    lines
}

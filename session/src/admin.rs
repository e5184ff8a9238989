//! Administration: accounts, channels and sessions as administrators see them, and shutting users out.

use common::accounts::{ListNames, SessionOnly};
use common::admin::{
    Channel, Channels, Disable, Disabled, ListSessions, Promote, Session as Open, Sessions, Stats, User,
    Users,
};
use common::{Error, Method, UserName};

use super::api::Answer;
use super::channels::is_last;
use super::context::Context;
use super::requests::{Pending, read};

/// What an administrator asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Administration {
    /// All accounts.
    Users,
    /// All channels.
    Channels,
    /// The open sessions, of one user or of all.
    Sessions(Option<UserName>),
    /// How much there is of everything.
    Stats,
    /// Shut somebody out, or let them in again.
    Disable {
        /// Whom.
        user: UserName,
        /// Out or in.
        disabled: bool,
    },
    /// Make somebody an administrator, or one no more.
    Promote {
        /// Whom.
        user: UserName,
        /// What they are to be.
        administrator: bool,
    },
}

/// What an administrator is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Overview {
    /// All accounts.
    Users(Vec<User>),
    /// All channels.
    Channels(Vec<Channel>),
    /// The open sessions.
    Sessions(Vec<Open>),
    /// How much there is of everything.
    Stats(Stats),
}

/// An administrator's request that is pending; lists with their pages so far.
#[derive(Debug, Clone)]
pub(crate) enum AdminPending {
    Users(Vec<User>),
    Channels(Vec<Channel>),
    Sessions(Option<UserName>, Vec<Open>),
    Stats,
    Disable,
    Promote,
}

pub(crate) fn ask(cx: &mut Context, ticket: u64, request: Administration) {
    match request {
        Administration::Users => list_accounts(cx, ticket, Vec::new()),
        Administration::Channels => list_channels(cx, ticket, Vec::new()),
        Administration::Sessions(user) => list_sessions(cx, ticket, user, Vec::new()),
        Administration::Stats => {
            let pending = Pending::Admin(AdminPending::Stats);
            cx.ask_for(ticket, pending, Method::AdminStats, |token| SessionOnly { token });
        }
        Administration::Disable { user, disabled } => {
            let pending = Pending::Admin(AdminPending::Disable);
            cx.ask_for(ticket, pending, Method::AdminDisable, |token| Disable { token, user, disabled });
        }
        Administration::Promote { user, administrator } => {
            let pending = Pending::Admin(AdminPending::Promote);
            cx.ask_for(ticket, pending, Method::AdminPromote, |token| Promote { token, user, administrator });
        }
    }
}

fn list_accounts(cx: &mut Context, ticket: u64, so_far: Vec<User>) {
    let after = so_far.last().map(|last| last.user.to_string().into());
    let pending = Pending::Admin(AdminPending::Users(so_far));
    cx.ask_for(ticket, pending, Method::AdminUsers, |token| ListNames { token, after });
}

fn list_channels(cx: &mut Context, ticket: u64, so_far: Vec<Channel>) {
    let after = so_far.last().map(|last| last.channel.to_string().into());
    let pending = Pending::Admin(AdminPending::Channels(so_far));
    cx.ask_for(ticket, pending, Method::AdminChannels, |token| ListNames { token, after });
}

fn list_sessions(cx: &mut Context, ticket: u64, user: Option<UserName>, so_far: Vec<Open>) {
    let after = so_far.last().map(|last| last.user.to_string().into());
    let pending = Pending::Admin(AdminPending::Sessions(user.clone(), so_far));
    cx.ask_for(ticket, pending, Method::AdminSessions, |token| ListSessions { token, user, after });
}

/// The answer to an administrator: the whole list, or `None` while the next page is pending.
pub(crate) fn answered(
    cx: &mut Context,
    ticket: u64,
    pending: AdminPending,
    result: &str,
) -> Result<Option<Answer>, Error> {
    let report = match pending {
        AdminPending::Users(mut so_far) => {
            let page: Users = read(result)?;
            let is_last = is_last(page.more, page.users.len(), so_far.len());
            so_far.extend(page.users);
            if !is_last {
                list_accounts(cx, ticket, so_far);
                return Ok(None);
            }
            Overview::Users(so_far)
        }
        AdminPending::Channels(mut so_far) => {
            let page: Channels = read(result)?;
            let is_last = is_last(page.more, page.channels.len(), so_far.len());
            so_far.extend(page.channels);
            if !is_last {
                list_channels(cx, ticket, so_far);
                return Ok(None);
            }
            Overview::Channels(so_far)
        }
        AdminPending::Sessions(user, mut so_far) => {
            let page: Sessions = read(result)?;
            let is_last = is_last(page.more, page.sessions.len(), so_far.len());
            so_far.extend(page.sessions);
            if !is_last {
                list_sessions(cx, ticket, user, so_far);
                return Ok(None);
            }
            Overview::Sessions(so_far)
        }
        AdminPending::Stats => Overview::Stats(read(result)?),
        AdminPending::Disable => {
            return read(result).map(|Disabled { ended }| Some(Answer::SessionsEnded(ended)));
        }
        AdminPending::Promote => return Ok(Some(Answer::Done)),
    };
    Ok(Some(Answer::Overview(report)))
}

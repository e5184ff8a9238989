//! The right of administrators, and the rules of their commands.

use common::admin::Stats;
use common::{Detail, UserName};

use super::State;
use crate::domain::records::{Record, ServerRecord};

/// Checks that `user` is an administrator. No other code decides this.
pub fn check(state: &State, user: &UserName) -> Result<(), Detail> {
    if state.users.is_administrator(user) { Ok(()) } else { Err(Detail::NotAdministrator) }
}

pub(super) fn disable<'a>(
    state: &State,
    by: &UserName,
    user: UserName,
    disabled: bool,
    at: u64,
) -> Result<Option<Record<'a>>, Detail> {
    check(state, by)?;
    let account = state.users.active(&user)?;
    if account.disabled == disabled {
        return Ok(None);
    }
    if disabled {
        require_other_administrator(state, &user)?;
    }
    Ok(Some(Record::Server(ServerRecord::DisabledSet { at, user, disabled })))
}

pub(super) fn promote<'a>(
    state: &State,
    by: &UserName,
    user: UserName,
    administrator: bool,
    at: u64,
) -> Result<Option<Record<'a>>, Detail> {
    check(state, by)?;
    let account = state.users.active(&user)?;
    if account.administrator == administrator {
        return Ok(None);
    }
    if !administrator {
        require_other_administrator(state, &user)?;
    }
    Ok(Some(Record::Server(ServerRecord::AdministratorSet { at, user, administrator })))
}

/// Checks that an administrator other than `user` can log in. A bot has no password.
pub(super) fn require_other_administrator(state: &State, user: &UserName) -> Result<(), Detail> {
    let mut accounts = state.users.accounts().iter();
    if accounts.any(|(name, account)| {
        account.administrator && !account.disabled && account.bot.is_none() && name != user
    }) {
        Ok(())
    } else {
        Err(Detail::LastAdministrator { user: user.clone() })
    }
}

/// Returns the statistics at the time `now_ms`. `present` is the number of users who are online.
#[must_use]
pub fn stats(state: &State, present: usize, now_ms: u64) -> Stats {
    let accounts = || state.users.accounts_after(None).map(|(_, account)| account);
    let channels = || state.channels.existing(None).map(|(_, channel)| channel);
    let open = accounts().flat_map(|account| account.sessions.values());
    Stats {
        users: accounts().count() as u64,
        administrators: accounts().filter(|account| account.administrator).count() as u64,
        disabled: accounts().filter(|account| account.disabled).count() as u64,
        sessions: open.filter(|session| now_ms < session.expires).count() as u64,
        channels: channels().count() as u64,
        private_channels: channels().filter(|channel| channel.private).count() as u64,
        direct_conversations: state.channels.all_direct().count() as u64,
        present: present as u64,
        records: state.users.applied,
    }
}

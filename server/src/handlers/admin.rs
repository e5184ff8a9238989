//! `admin.users`, `admin.channels`, `admin.sessions`, `admin.disable`, `admin.promote`, `admin.stats`.

use common::accounts::{Done, ListNames, SessionOnly, Token};
use common::admin::{
    Channel, Channels, Disable, Disabled, ListSessions, ListUsers, Promote, Session, Sessions, Stats, User,
    Users,
};
use common::channels::Role;
use common::limits::LIST_NAMES_MAX;
use common::{ChannelName, Detail, Error, UserName};

use super::{RequestContext, bots, first_page};
use crate::domain::accounts::Account;
use crate::domain::{Command, admin, channels};

pub(super) fn users(context: &mut RequestContext<'_>, params: &ListUsers<'_>) -> Result<Users, Error> {
    require_administrator(context, &params.token)?;
    let (now_ms, state) = (context.now_ms, context.ledger.state());
    let (users, more) =
        first_page(state.users.accounts_after(params.after.as_deref()).map(|(user, account)| User {
            user: user.clone(),
            since: account.since,
            administrator: account.administrator,
            disabled: account.disabled,
            sessions: open_sessions(user, account, now_ms).count() as u64,
            file_bytes: params.files.then(|| state.files.bytes_of(user)),
        }));
    let quota_bytes = params.files.then(|| context.files.uploads.limits().user_bytes_max);
    Ok(Users { users, more, quota_bytes })
}

pub(super) fn channels(context: &mut RequestContext<'_>, params: &ListNames<'_>) -> Result<Channels, Error> {
    require_administrator(context, &params.token)?;
    let page = context.ledger.state().channels.existing(params.after.as_deref());
    let (channels, more) = first_page(page.map(|(name, channel)| channel_info(name, channel)));
    Ok(Channels { channels, more })
}

fn channel_info(name: &ChannelName, channel: &channels::Channel) -> Channel {
    let mut owners = channel.members.iter().filter(|(_, role)| **role == Role::Owner);
    Channel {
        channel: name.clone(),
        names: channel.names.clone(),
        since: channel.since,
        private: channel.private,
        members: channel.members.len() as u64,
        owner: owners.next().map(|(owner, _)| owner.clone()),
        n: channel.progress.n,
    }
}

pub(super) fn sessions(
    context: &mut RequestContext<'_>,
    params: &ListSessions<'_>,
) -> Result<Sessions, Error> {
    require_administrator(context, &params.token)?;
    let users = &context.ledger.state().users;
    if let Some(user) = &params.user {
        let account = users.accounts().get_key_value(user);
        let (user, account) = account.ok_or_else(|| Detail::NoSuchUser { user: user.clone() })?;
        return Ok(Sessions {
            sessions: open_sessions(user, account, context.now_ms).collect(),
            more: false,
        });
    }
    let mut sessions = Vec::new();
    let mut more = false;
    for (user, account) in users.accounts_after(params.after.as_deref()) {
        if sessions.len() >= LIST_NAMES_MAX {
            more = true;
            break;
        }
        sessions.extend(open_sessions(user, account, context.now_ms));
    }
    Ok(Sessions { sessions, more })
}

fn open_sessions(user: &UserName, account: &Account, now_ms: u64) -> impl Iterator<Item = Session> {
    let open = account.sessions.values().filter(move |session| now_ms < session.expires);
    open.map(move |session| Session {
        user: user.clone(),
        session: session.session,
        opened: session.opened,
        expires: session.expires,
    })
}

pub(super) fn disable(context: &mut RequestContext<'_>, params: Disable<'_>) -> Result<Disabled, Error> {
    let by = context.authenticate(&params.token)?;
    let Disable { user, disabled, .. } = params;
    let ended = context.ledger.state().users.sessions(&user).count() as u64;
    context.record(Command::Disable { by: by.clone(), user: user.clone(), disabled })?;
    if disabled {
        bots::revoke_all_of(context, &by, &user)?;
    }
    super::presence::remove_ended_sessions(context, &user);
    Ok(Disabled { ended: ended - context.ledger.state().users.sessions(&user).count() as u64 })
}

pub(super) fn promote(context: &mut RequestContext<'_>, params: Promote<'_>) -> Result<Done, Error> {
    let by = context.authenticate(&params.token)?;
    let Promote { user, administrator, .. } = params;
    context.record(Command::Promote { by, user, administrator })?;
    Ok(Done {})
}

pub(super) fn stats(context: &mut RequestContext<'_>, params: &SessionOnly<'_>) -> Result<Stats, Error> {
    require_administrator(context, &params.token)?;
    Ok(admin::stats(context.ledger.state(), context.presence.present_users(), context.now_ms))
}

/// Returns the user of the session, or an error if the user is not an administrator.
pub(super) fn require_administrator(
    context: &mut RequestContext<'_>,
    token: &Token<'_>,
) -> Result<UserName, Error> {
    let user = context.authenticate(token)?;
    admin::check(context.ledger.state(), &user)?;
    Ok(user)
}

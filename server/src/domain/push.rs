//! Pushes: the subscriptions of browsers, and the messages of which a user is notified while away.
//!
//! A push announces what rings in a front end: mentions and direct messages, by the notification levels of
//! the user, until the user has read them.

use common::limits::PUSH_SUBSCRIPTIONS_MAX;
use common::mentions::{Mention, mentions};
use common::notify::Level;
use common::{Body, ChannelName, Detail, Event, Target, UserName};
use uuid::Uuid;

use super::State;
use super::history::readable;
use super::sessions::Session;
use crate::domain::records::{PushSubscription, Record, ServerRecord};

/// The newest message of a conversation that a push announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Announced {
    pub n: u64,
    /// The record of the message, or of a later event of a direct conversation.
    pub record: u64,
}

/// Returns the record that sets or ends the subscription of a session's browser.
pub(super) fn set<'a>(
    state: &State,
    user: UserName,
    session: Uuid,
    push: Option<Box<PushSubscription>>,
    at: u64,
) -> Result<Option<Record<'a>>, Detail> {
    let known = find(state, &user, session).ok_or(Detail::NoSuchSession)?;
    let others = state.users.sessions(&user).filter(|(_, other)| other.push.is_some());
    if push.is_some() && known.push.is_none() && others.count() >= PUSH_SUBSCRIPTIONS_MAX {
        return Err(Detail::TooManyPushSubscriptions { max: PUSH_SUBSCRIPTIONS_MAX });
    }
    let is_new = known.push.is_some() || push.is_some();
    Ok(is_new.then_some(Record::Server(ServerRecord::PushSet { at, user, session, push })))
}

/// Returns the record that moves the position of a subscription forward.
pub(super) fn sent<'a>(
    state: &State,
    user: UserName,
    session: Uuid,
    record: u64,
    at: u64,
) -> Option<Record<'a>> {
    let known = find(state, &user, session)?.push.as_ref()?;
    let is_new = (known.record + 1..=state.users.applied).contains(&record);
    is_new.then_some(Record::Server(ServerRecord::PushSent { at, user, session, record }))
}

/// The open session of a user with this id.
#[must_use]
pub fn find<'a>(state: &'a State, user: &UserName, session: Uuid) -> Option<&'a Session> {
    state.users.sessions(user).map(|(_, known)| known).find(|known| known.session == session)
}

/// The open sessions of a user whose browsers receive pushes.
pub fn subscribed<'a>(
    state: &'a State,
    user: &UserName,
    now_ms: u64,
) -> impl Iterator<Item = (&'a Session, &'a PushSubscription)> + use<'a> {
    let open = state.users.sessions(user).filter(move |(_, session)| now_ms < session.expires);
    open.filter_map(|(_, session)| Some((session, session.push.as_deref()?)))
}

/// Whom an event may notify.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Candidate {
    /// A user with a subscription, and the conversation as the user addresses it.
    User(UserName, Target),
    /// The [`members`] of a channel. There can be many, so the server does not look for them at each message.
    Members(ChannelName),
}

/// Whom an event may notify. The server decides later, when the users had time to read.
#[must_use]
pub fn candidates(state: &State, event: &Event<'_>) -> Vec<Candidate> {
    if !event.body.is_content() {
        return Vec::new();
    }
    let candidate = |user: UserName, conversation: Target| {
        may_be_notified(state, &user, &event.from).then_some(Candidate::User(user, conversation))
    };
    let name = match &event.to {
        Target::User(user) => {
            return candidate(user.clone(), Target::User(event.from.clone())).into_iter().collect();
        }
        Target::Channel(name) => name,
    };
    let Body::Message { text, .. } = &event.body else { return Vec::new() };
    if !text.as_str().contains('@') {
        return Vec::new();
    }
    let Ok(channel) = state.channels.channel(name) else { return Vec::new() };
    let mentioned = mentions(text.as_str()).filter_map(|mention| match mention {
        Mention::User(user) if channel.members.contains_key(&user) => candidate(user, event.to.clone()),
        Mention::User(_) => None,
        Mention::Here if state.users.subscribers().is_empty() => None,
        Mention::Here => Some(Candidate::Members(name.clone())),
    });
    mentioned.collect()
}

/// The members of a channel with a subscription whom a message of `sender` may notify.
pub fn members<'a>(
    state: &'a State,
    channel: &ChannelName,
    sender: &'a UserName,
) -> impl Iterator<Item = &'a UserName> + use<'a> {
    let channel = state.channels.channel(channel).ok();
    let is_member = move |user: &UserName| channel.is_some_and(|known| known.members.contains_key(user));
    let subscribers = state.users.subscribers().iter().filter(move |user| is_member(user));
    subscribers.filter(|user| may_be_notified(state, user, sender))
}

/// Whether a user is not the sender, has a subscription, and has not blocked the sender.
fn may_be_notified(state: &State, user: &UserName, sender: &UserName) -> bool {
    let Ok(account) = state.users.active(user) else { return false };
    user != sender && state.users.subscribers().contains(user) && !account.blocks.contains_key(sender)
}

/// The newest message in the conversation of which the user is notified; `None` if there is none, for example
/// because the user has read them all.
#[must_use]
pub fn announced(state: &State, user: &UserName, conversation: &Target) -> Option<Announced> {
    let levels = &state.users.active(user).ok()?.levels;
    let levels = [levels.of(None), levels.of(Some(conversation))];
    if levels.contains(&Level::None) {
        return None;
    }
    let key = readable(state, user, conversation).ok()?;
    let (reads, progress) = (state.channels.reads(&key)?, state.channels.progress(&key)?);
    if matches!(conversation, Target::User(_)) && !levels.contains(&Level::Mentions) {
        let n = reads.newest_unread(user, progress.n)?;
        return Some(Announced { n, record: progress.record });
    }
    let last_read = reads.last_read(user);
    let unread = reads.mentions(user).filter(|mentioned| mentioned.n > last_read);
    let newest = unread.max_by_key(|mentioned| mentioned.n)?;
    Some(Announced { n: newest.n, record: newest.record })
}

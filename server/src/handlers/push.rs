//! `push.*`: the subscriptions of browsers, and the pushes that a gateway sends.

use std::collections::HashMap;

use common::accounts::{Done, SessionOnly, Token};
use common::deliveries::HookUrl;
use common::errors::shortened;
use common::limits::{
    DELIVERY_ERROR_CHARACTERS_MAX, PUSH_FAILING_MS_MAX, PUSH_LATE_MS, PUSH_RUNS_PER_USER_MAX, PUSH_TTL_S,
    RETRY_MS_MAX, RUN_PUSHES_MAX, RUNS_MAX,
};
use common::presence::State as Presence;
use common::push::{
    Payload, Push, PushRun, ReportPushes, ServerKey, Subscribe, Subscription, Subscriptions, TakePushes,
    TakenPushes,
};
use common::{Detail, Error, Target, UserName};
use uuid::Uuid;

use super::RequestContext;
use super::deliveries::must_be_gateway;
use crate::domain::push::{Announced, announced, find, members, subscribed};
use crate::domain::push_key::{SIGNATURE_S, is_point};
use crate::domain::records::{PushSubscription, TokenDigest};
use crate::domain::{Command, State};
use crate::services::limiters::rates::RateKind;
use crate::services::pushes::Waiting;

/// The maximum time between two requests for pushes. A notice can be lost.
const WAIT_MS_MAX: u64 = 10_000;

/// The delay while the server does not know yet who is online.
const UNKNOWN_MS: u64 = 5_000;

pub(super) fn key(context: &mut RequestContext<'_>, params: &SessionOnly<'_>) -> Result<ServerKey, Error> {
    context.authenticate(&params.token)?;
    let key = context.ledger.state().channels.push_key().public();
    Ok(ServerKey { key: key.ok_or(Detail::Internal)? })
}

pub(super) fn subscribe(context: &mut RequestContext<'_>, params: Subscribe<'_>) -> Result<Done, Error> {
    let (user, session) = session_of(context, &params.token)?;
    context.take_rate(&user, RateKind::Messages)?;
    let Subscribe { token: _, endpoint, p256dh, auth, name } = params;
    if !is_point(&p256dh) {
        return Err(Detail::BadPushKey.into());
    }
    let known = find(context.ledger.state(), &user, session).and_then(|known| known.push.as_ref());
    let is_same = |known: &PushSubscription| {
        (&known.endpoint, &known.p256dh, &known.auth) == (&endpoint, &p256dh, &auth)
    };
    if known.is_some_and(|known| is_same(known)) {
        return Ok(Done {});
    }
    // The browser has a new session, and did not log out.
    let earlier = subscribed(context.ledger.state(), &user, context.now_ms);
    let earlier = earlier.filter(|(other, push)| other.session != session && push.endpoint == endpoint);
    let earlier: Vec<_> = earlier.map(|(other, _)| other.session).collect();
    for session in earlier {
        context.record(Command::SetPush { user: user.clone(), session, push: None })?;
        context.pushes.remove(session);
    }
    let (since, record) = (context.now_ms, context.ledger.position());
    let push = PushSubscription { endpoint, p256dh, auth, name, since, record };
    context.record(Command::SetPush { user, session, push: Some(Box::new(push)) })?;
    context.pushes.remove(session);
    Ok(Done {})
}

pub(super) fn unsubscribe(context: &mut RequestContext<'_>, params: &SessionOnly<'_>) -> Result<Done, Error> {
    let (user, session) = session_of(context, &params.token)?;
    context.record(Command::SetPush { user, session, push: None })?;
    context.pushes.remove(session);
    Ok(Done {})
}

pub(super) fn list(
    context: &mut RequestContext<'_>,
    params: &SessionOnly<'_>,
) -> Result<Subscriptions, Error> {
    let (user, current) = session_of(context, &params.token)?;
    let all = subscribed(context.ledger.state(), &user, context.now_ms);
    let mut subscriptions: Vec<_> = all
        .map(|(session, push)| Subscription {
            session: session.session,
            host: push.endpoint.host().to_owned(),
            name: push.name.clone(),
            since: push.since,
            current: session.session == current,
        })
        .collect();
    subscriptions.sort_by_key(|subscription| subscription.session);
    Ok(Subscriptions { subscriptions })
}

pub(super) fn take(context: &mut RequestContext<'_>, params: &TakePushes) -> Result<TakenPushes, Error> {
    must_be_gateway(context)?;
    let topic = context.ledger.state().channels.deliveries_topic();
    let mut taken = TakenPushes { runs: Vec::new(), topic, wait_ms: WAIT_MS_MAX };
    // While the log is not writable, positions cannot be stored, and each push would be sent many times.
    if context.ledger.may_write().is_err() {
        return Ok(taken);
    }
    collect(context);
    consider_due(context);
    let state = context.ledger.state();
    context.pushes.purge(|browser, session| {
        find(state, &browser.user, session).is_some_and(|known| known.push.is_some())
    });
    let busy = params.busy.iter().take(RUNS_MAX);
    let mut runs_of: HashMap<UserName, usize> = HashMap::new();
    for browser in busy.filter_map(|session| context.pushes.browser(*session)) {
        *runs_of.entry(browser.user.clone()).or_default() += 1;
    }
    let mut has_share = |user: &UserName| {
        let runs = runs_of.entry(user.clone()).or_default();
        *runs += 1;
        *runs <= PUSH_RUNS_PER_USER_MAX
    };
    let free = context.pushes.free(context.now_ms).filter(|(session, _)| !params.busy.contains(session));
    let free = free.filter(|(_, browser)| has_share(&browser.user));
    let free: Vec<_> = free.map(|(session, browser)| (session, browser.user.clone())).collect();
    for (session, user) in free {
        if taken.runs.len() >= params.runs.min(RUNS_MAX) {
            break;
        }
        taken.runs.extend(run(context, session, user, params.contact.as_ref()));
    }
    let members_ms = context.outbound.push_candidates.members_wait_ms(context.now_ms);
    let next_ms = [context.pushes.next_ms(context.now_ms), members_ms].into_iter().flatten().min();
    taken.wait_ms = taken.wait_ms.min(next_ms.unwrap_or(WAIT_MS_MAX));
    Ok(taken)
}

pub(super) fn report(context: &mut RequestContext<'_>, params: &ReportPushes<'_>) -> Result<Done, Error> {
    must_be_gateway(context)?;
    let ReportPushes { session, user, lease, record, error, wait_ms, gone } = params;
    let session = *session;
    // The push service has accepted these pushes, even if the lease has ended.
    if let Some(record) = *record {
        context.record(Command::PushSent { user: user.clone(), session, record })?;
        context.pushes.sent(session, record);
    }
    if !context.pushes.leases.has(session, *lease) {
        return Ok(Done {});
    }
    if *gone {
        if find(context.ledger.state(), user, session).is_some() {
            context.record(Command::SetPush { user: user.clone(), session, push: None })?;
        }
        context.pushes.remove(session);
        return Ok(Done {});
    }
    let Some(error) = error else {
        context.pushes.leases.release(session);
        return Ok(Done {});
    };
    let failing_ms = context.pushes.failed(session, context.now_ms);
    if failing_ms >= PUSH_FAILING_MS_MAX {
        drop_pushes(context, user, session)?;
    } else {
        let delay_ms = failing_ms.max(wait_ms.unwrap_or_default()).min(RETRY_MS_MAX);
        let error = shortened(error, DELIVERY_ERROR_CHARACTERS_MAX);
        context.pushes.leases.delay(session, &error, delay_ms, context.now_ms);
    }
    Ok(Done {})
}

/// The user and the session of a token.
fn session_of(context: &mut RequestContext<'_>, token: &Token<'_>) -> Result<(UserName, Uuid), Error> {
    let user = context.authenticate(token)?;
    let digest = TokenDigest::of(token);
    let mut sessions = context.ledger.state().users.sessions(&user);
    let found = sessions.find(|(known, _)| **known == digest).map(|(_, session)| session.session);
    Ok((user, found.ok_or(Detail::NoSession)?))
}

/// Adds the users whom new events may notify, and after a start of the server all users with a subscription.
fn collect(context: &mut RequestContext<'_>) {
    let candidates = context.outbound.push_candidates.take();
    context.pushes.is_complete &= candidates.is_some();
    context.pushes.add(candidates.unwrap_or_default(), context.now_ms);
    let mentioned = context.outbound.push_candidates.take_members(context.now_ms);
    for (channel, sender) in &mentioned {
        let conversation = Target::Channel(channel.clone());
        let users = members(context.ledger.state(), channel, sender);
        let users = users.map(|user| (user.clone(), [conversation.clone()].into())).collect();
        context.pushes.add(users, context.now_ms);
    }
    if std::mem::replace(&mut context.pushes.is_complete, true) {
        return;
    }
    let state = context.ledger.state();
    for user in state.users.accounts().keys() {
        if subscribed(state, user, context.now_ms).next().is_some() {
            context.pushes.add_all_of(user.clone(), context.now_ms);
        }
    }
}

/// Decides about the users who had time to read.
fn consider_due(context: &mut RequestContext<'_>) {
    for (user, waiting) in context.pushes.take_due(context.now_ms) {
        match context.presence.state(&user) {
            None => context.pushes.postpone(user, waiting, UNKNOWN_MS, context.now_ms),
            Some(Presence::Online) if waiting.is_late => {}
            Some(Presence::Online) => {
                let late = Waiting { is_late: true, ..waiting };
                context.pushes.postpone(user, late, PUSH_LATE_MS, context.now_ms);
            }
            Some(Presence::Away | Presence::Offline) => make_ready(context, &user, &waiting),
        }
    }
}

/// Makes the pushes ready that announce the unread messages of a user.
fn make_ready(context: &mut RequestContext<'_>, user: &UserName, waiting: &Waiting) {
    let state = context.ledger.state();
    let browsers: Vec<_> = subscribed(state, user, context.now_ms)
        .map(|(session, push)| (session.session, user, push.record))
        .collect();
    let mut consider = |conversation: &Target| {
        let Some(announced) = announced(state, user, conversation) else { return };
        for browser in &browsers {
            context.pushes.make_ready(*browser, conversation, announced);
        }
    };
    match &waiting.conversations {
        Some(conversations) => conversations.iter().for_each(consider),
        None => state.channels.conversations(user).for_each(&mut consider),
    }
}

/// Leases the next pushes of a browser to a gateway; `None` if they are no longer necessary.
fn run(
    context: &mut RequestContext<'_>,
    session: Uuid,
    user: UserName,
    contact: Option<&HookUrl>,
) -> Option<PushRun> {
    let state = context.ledger.state();
    let mut open = subscribed(state, &user, context.now_ms);
    let Some((_, push)) = open.find(|(known, _)| known.session == session) else {
        context.pushes.remove(session);
        return None;
    };
    context.pushes.retain_ready(session, |conversation| announced(state, &user, conversation).is_some());
    let mut ready: Vec<_> = context.pushes.browser(session)?.ready.iter().collect();
    ready.sort_unstable_by_key(|(_, announced)| announced.record);
    let pushes = ready.into_iter().take(RUN_PUSHES_MAX);
    let pushes: Vec<_> =
        pushes.map(|(conversation, known)| as_push(state, (session, &user), conversation, *known)).collect();
    if pushes.is_empty() {
        return None;
    }
    let now_s = context.now_ms / 1_000;
    let origin = push.endpoint.origin();
    let key = (origin.to_owned(), contact.map(HookUrl::as_str).unwrap_or_default().to_owned());
    let authorization = context.pushes.authorization(key, now_s, || {
        let header = state.channels.push_key().authorization(origin, contact, now_s + SIGNATURE_S)?;
        Some((header, now_s + SIGNATURE_S / 2))
    })?;
    let PushSubscription { endpoint, p256dh, auth, .. } = push.clone();
    let lease = context.pushes.leases.lease(session, context.now_ms);
    Some(PushRun { session, user, lease, endpoint, p256dh, auth, authorization, pushes })
}

fn as_push(
    state: &State,
    (session, user): (Uuid, &UserName),
    conversation: &Target,
    announced: Announced,
) -> Push {
    let channel = match conversation {
        Target::Channel(name) => state.channels.channel(name).ok().map(|channel| (name, channel)),
        Target::User(_) => None,
    };
    let name = channel.map(|(first, channel)| (first, channel.names.current(first)));
    let name = name.and_then(|(first, current)| (first != current).then(|| current.clone()));
    Push {
        record: announced.record,
        topic: state.channels.push_topic(session, conversation),
        ttl_s: PUSH_TTL_S,
        payload: Payload { user: user.clone(), conversation: conversation.clone(), name, n: announced.n },
    }
}

/// Drops the pushes of a browser whose push service has failed for too long.
fn drop_pushes(context: &mut RequestContext<'_>, user: &UserName, session: Uuid) -> Result<(), Error> {
    let ready = context.pushes.browser(session).map(|browser| &browser.ready);
    let newest = ready.and_then(|ready| ready.values().map(|announced| announced.record).max());
    if let Some(record) = newest {
        context.record(Command::PushSent { user: user.clone(), session, record })?;
        context.pushes.sent(session, record);
    }
    context.pushes.leases.release(session);
    Ok(())
}

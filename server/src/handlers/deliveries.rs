//! `delivery.take`, `delivery.report` and `hook.resume`: the deliveries of outgoing webhooks.

use std::collections::HashMap;

use common::accounts::Done;
use common::deliveries::{
    Delivery, DeliveryState, HookUrl, ReportDelivery, Run, SignedEvent, TakeDeliveries, TakenDeliveries,
};
use common::errors::shortened;
use common::hooks::{CreatedHook, Hook, OneHook, Via};
use common::limits::{
    DELIVERY_ERROR_CHARACTERS_MAX, DELIVERY_FAILING_MS_MAX, RETRY_MS_MAX, RUN_BYTES_MAX, RUN_EVENTS_MAX,
    RUNS_MAX, RUNS_PER_CREATOR_MAX,
};
use common::{ChannelName, Conversation, Detail, Error, Target, Text, UserName};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{RequestContext, history, id_at};
use crate::domain::deliveries::head;
use crate::domain::history::readable;
use crate::domain::records::{OutgoingHook, Step};
use crate::domain::{Command, State};
use crate::storage::ledger::internal;

/// When the runs in a reply have this number of bytes, no further run is added to it.
const TAKEN_BYTES: usize = 3 * RUN_BYTES_MAX;

/// The maximum time between two requests for deliveries. A notice can be lost.
const WAIT_MS_MAX: u64 = 10_000;

/// Stores an outgoing hook, whose account is a member of the channel.
pub(super) fn create(
    context: &mut RequestContext<'_>,
    (by, user): (UserName, UserName),
    channel: ChannelName,
    url: HookUrl,
) -> Result<CreatedHook, Error> {
    let id = Uuid::now_v7();
    let hook = OutgoingHook { by, user, channel, url, n: 0, failure: None, paused: false };
    context.record(Command::CreateOutgoingHook { id, hook })?;
    let secret = context.ledger.state().channels.delivery_secret(id);
    Ok(CreatedHook { id, hook: None, secret: Some(secret.to_string()) })
}

/// A hook as `hook.list` shows it.
pub(super) fn describe(context: &RequestContext<'_>, id: Uuid, hook: &OutgoingHook) -> Hook {
    let state = context.ledger.state();
    let failure = hook.failure.as_ref();
    let delivery = Delivery {
        url: hook.url.clone(),
        n: hook.n,
        head: head(state, hook),
        state: if hook.paused {
            DeliveryState::Paused
        } else if !may_read(state, hook) {
            DeliveryState::NotMember
        } else if failure.is_some() {
            DeliveryState::Failing
        } else {
            DeliveryState::Active
        },
        since: failure.map(|failure| failure.since),
        error: failure.map(|failure| context.leases.error(id).unwrap_or(&failure.error).to_owned()),
    };
    let (name, by, delivery) = (hook.user.clone(), hook.by.clone(), Some(delivery));
    Hook { id, name, by, unlocked: false, here: false, signed: false, delivery }
}

pub(super) fn resume(context: &mut RequestContext<'_>, params: &OneHook<'_>) -> Result<Done, Error> {
    let by = context.authenticate(&params.token)?;
    let hook = context.ledger.state().users.hooks.outgoing.get(params.id);
    let was_stopped = hook.is_some_and(|hook| hook.paused || hook.failure.is_some());
    change(context, by.clone(), params.id, Step::Resumed { by })?;
    // A webhook whose delivery has not failed keeps its lease.
    if was_stopped {
        context.leases.release(params.id);
    }
    Ok(Done {})
}

pub(super) fn take(
    context: &mut RequestContext<'_>,
    params: &TakeDeliveries,
) -> Result<TakenDeliveries, Error> {
    must_be_gateway(context)?;
    let now_ms = context.now_ms;
    let topic = context.ledger.state().channels.deliveries_topic();
    let mut taken = TakenDeliveries { runs: Vec::new(), topic, wait_ms: WAIT_MS_MAX };
    // While the log is not writable, positions cannot be stored, and each event would be delivered many
    // times.
    if context.ledger.may_write().is_err() {
        return Ok(taken);
    }
    let hooks = &context.ledger.state().users.hooks.outgoing;
    context.leases.retain(|id| hooks.get(id).is_some());
    let is_ready = |(id, hook): &(Uuid, &OutgoingHook)| {
        let state = context.ledger.state();
        !hook.paused
            && hook.n < head(state, hook)
            && context.leases.is_free(*id, now_ms)
            && !params.busy.contains(id)
            && may_read(state, hook)
    };
    let busy = params.busy.iter().take(RUNS_MAX).filter_map(|id| hooks.get(*id));
    let mut runs_of: HashMap<UserName, usize> = HashMap::new();
    busy.for_each(|hook| *runs_of.entry(hook.by.clone()).or_default() += 1);
    let mut has_share = |(_, hook): &(Uuid, &OutgoingHook)| {
        let runs = runs_of.entry(hook.by.clone()).or_default();
        *runs += 1;
        *runs <= RUNS_PER_CREATOR_MAX
    };
    let ready = hooks.after(context.leases.last_hook).filter(is_ready).filter(&mut has_share);
    let ready: Vec<Uuid> = ready.map(|(id, _)| id).take(params.runs.min(RUNS_MAX)).collect();
    let mut bytes = 0;
    for id in ready {
        if bytes >= TAKEN_BYTES {
            taken.wait_ms = 0;
            break;
        }
        let (url, events) = match events(context, id, &mut bytes) {
            Ok(Some(run)) => run,
            Ok(None) => continue,
            Err(error) => {
                // The other hooks must not wait for this hook.
                tracing::error!(%error, hook = %id, "the events of a webhook cannot be read");
                context.leases.delay(id, &error.message, RETRY_MS_MAX, now_ms);
                continue;
            }
        };
        let lease = context.leases.lease(id, now_ms);
        taken.runs.push(Run { hook: id, lease, url, events });
    }
    let next_ms = context.leases.next_ms(now_ms).unwrap_or(WAIT_MS_MAX);
    taken.wait_ms = taken.wait_ms.min(next_ms);
    Ok(taken)
}

pub(super) fn report(context: &mut RequestContext<'_>, params: &ReportDelivery<'_>) -> Result<Done, Error> {
    must_be_gateway(context)?;
    let ReportDelivery { hook: id, lease, n, error } = params;
    let Some(hook) = context.ledger.state().users.hooks.outgoing.get(*id).cloned() else {
        return Ok(Done {});
    };
    // The receiver has accepted these events, even if the lease has ended.
    if let Some(n) = n {
        change(context, hook.user.clone(), *id, Step::Delivered { n: *n })?;
    }
    if !context.leases.has(*id, *lease) {
        return Ok(Done {});
    }
    match error {
        None => context.leases.release(*id),
        Some(error) => failed(context, *id, &hook, &shortened(error, DELIVERY_ERROR_CHARACTERS_MAX))?,
    }
    Ok(Done {})
}

/// Records a failure. After a day of failures, pauses the hook, and sends a message to its creator.
fn failed(context: &mut RequestContext<'_>, id: Uuid, hook: &OutgoingHook, error: &str) -> Result<(), Error> {
    change(context, hook.user.clone(), id, Step::Failing { error: error.into() })?;
    let failure = context.ledger.state().users.hooks.outgoing.get(id).and_then(|hook| hook.failure.as_ref());
    let failing_ms = failure.map_or(0, |failure| context.now_ms.saturating_sub(failure.since));
    context.leases.delay(id, error, failing_ms, context.now_ms);
    if failing_ms < DELIVERY_FAILING_MS_MAX {
        return Ok(());
    }
    change(context, hook.user.clone(), id, Step::Paused)?;
    let (host, channel) = (hook.url.host(), &hook.channel);
    let text = format!(
        "The webhook to {host} in {channel} is paused, because {host} has accepted no event for 24 hours. \
         The last error: {error}. When the receiver works again: papo hook resume {id}"
    );
    let (user, to) = (hook.user.clone(), Target::User(hook.by.clone()));
    let (id, via) = (id_at(context.now_ms), Via { hook: user.clone(), username: None });
    let notice = Command::Post { user, to, id, text: Text::new(text)?, via };
    if let Err(error) = context.record(notice) {
        // The creator may have blocked the account of the hook, or have deleted their own.
        tracing::warn!(%error, hook = %hook.user, "cannot notify the creator of a paused webhook");
    }
    Ok(())
}

fn change(context: &mut RequestContext<'_>, user: UserName, id: Uuid, step: Step) -> Result<(), Error> {
    context.record(Command::ChangeDelivery { user, id, step }).map(drop)
}

/// The next events of a hook, signed. Adds their bytes to `bytes`.
fn events(
    context: &RequestContext<'_>,
    id: Uuid,
    bytes: &mut usize,
) -> Result<Option<(HookUrl, Vec<SignedEvent>)>, Error> {
    let state = context.ledger.state();
    let Some(hook) = state.users.hooks.outgoing.get(id) else { return Ok(None) };
    let first = hook.n + 1;
    let last = head(state, hook).min(hook.n + RUN_EVENTS_MAX);
    let conversation = Conversation::Channel(hook.channel.clone());
    let lines = history::read_forward(context, &conversation, first, last, RUN_BYTES_MAX)?;
    *bytes += lines.len();
    let secret = state.channels.delivery_secret(id);
    let timestamp = context.now_ms / 1_000;
    let mut events = Vec::new();
    for (n, line) in (first..).zip(lines.split_inclusive(|byte| *byte == b'\n')) {
        let event: Box<RawValue> = serde_json::from_slice(line.trim_ascii_end()).map_err(internal)?;
        let webhook_id = format!("{id}:{n}");
        let signature = secret.sign(&webhook_id, timestamp, event.get());
        events.push(SignedEvent { n, id: webhook_id, timestamp, signature, event });
    }
    Ok(Some((hook.url.clone(), events)))
}

/// Whether the account of the hook may read the channel, and neither this account nor the creator's account
/// is disabled or deleted.
fn may_read(state: &State, hook: &OutgoingHook) -> bool {
    let is_active = state.users.may_act(&hook.user) && state.users.may_act(&hook.by);
    is_active && readable(state, &hook.user, &Target::Channel(hook.channel.clone())).is_ok()
}

/// Returns an error unless the gateway itself sent the request. A request that the gateway relays for a
/// client has a different sender.
pub(super) fn must_be_gateway(context: &RequestContext<'_>) -> Result<(), Error> {
    if context.route.is_gateway_itself() { Ok(()) } else { Err(Detail::OnlyGateway.into()) }
}

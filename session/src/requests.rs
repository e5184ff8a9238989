//! Requests and their replies: ids, origins and retries.
//!
//! The session repeats a request until a reply arrives. All attempts have the same id, so a late reply to an
//! earlier attempt is valid.

use std::collections::BTreeMap;
use std::sync::Arc;

use common::methods::{ReadList, UserBlocks};
use common::{ChannelName, Detail, Error, Method, Target, rpc};
use serde::Serialize;

use super::api::Effect;
use super::limits::{COMMANDS_PENDING_MAX, REPLY_WAIT_MS};
use super::plain_request::Pager;
use super::rng::Rng;

/// The source of a request. It determines how the session handles the reply.
pub(crate) enum Origin {
    Command {
        ticket: u64,
        pending: Pending,
    },
    /// `server.info`, for the endpoint of the proxy.
    Info,
    /// `sync.heads`, with the cursor of the previous heads.
    Heads {
        kind: HeadsKind,
        cursor: Option<u64>,
    },
    /// The heartbeat.
    Presence,
    /// A page that fills a gap.
    Repair(Target),
    /// A read mark for the open conversation.
    Mark,
}

impl Origin {
    /// Whether sync sent the request, to follow conversations.
    pub(crate) fn is_of_sync(&self) -> bool {
        matches!(self, Self::Info | Self::Heads { .. })
    }
}

/// A command without an answer, with the data that the handler of its reply needs.
pub(crate) enum Pending {
    Ping,
    Register,
    Login,
    Logout,
    /// `auth.password` or `session.revoke`.
    EndSessions,
    /// `channel.create` or `channel.join`.
    Join(ChannelName),
    Leave(ChannelName),
    Open(Target),
    NextPage(Target),
    Reads(Pager<ReadList>),
    Blocks(Pager<UserBlocks>),
    Levels,
    Mark(Target),
    Chunk,
    Part,
    Request,
}

/// The reason for a request for heads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeadsKind {
    /// The initial heads of all conversations.
    All,
    /// Find events that were published before the subscriptions were in force.
    AfterBarrier,
    /// Find events that the fan-out lost.
    Periodic,
}

/// A request with its final reply.
pub(crate) struct CompletedRequest {
    pub(crate) origin: Origin,
    /// The number of repetitions.
    pub(crate) attempt: u32,
}

/// A request without a final reply.
struct Outstanding {
    origin: Origin,
    line: Vec<u8>,
    frame: Frame,
    attempt: u32,
    due: u64,
    /// Whether the last reply was a temporary error: until the next attempt, no reply is expected.
    is_postponed: bool,
}

/// The frame of a request line.
#[derive(Clone)]
pub(crate) enum Frame {
    /// A frame with other lines.
    Shared,
    /// A frame without other lines. The bytes are a second frame.
    Alone(Option<Arc<[u8]>>),
}

impl Outstanding {
    fn effect(&self, id: u64) -> Effect {
        let line = self.line.clone();
        match &self.frame {
            Frame::Shared => Effect::Send { id, line },
            Frame::Alone(bytes) => Effect::SendAlone { id, line, bytes: bytes.clone() },
        }
    }

    /// Whether the server requests a delay that is too long for a command: the error is then the answer.
    fn is_wait_too_long(&self, error: &Error) -> bool {
        let is_command = matches!(self.origin, Origin::Command { .. });
        is_command && error.data.wait_ms.is_some_and(|wait_ms| wait_ms > REPLY_WAIT_MS)
    }
}

/// All requests except the requests of the outbox.
#[derive(Default)]
pub(crate) struct Requests {
    last_id: u64,
    outstanding: BTreeMap<u64, Outstanding>,
}

impl Requests {
    pub(crate) fn fresh_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    pub(crate) fn len(&self) -> usize {
        self.outstanding.len()
    }

    /// Whether [`COMMANDS_PENDING_MAX`] commands are pending.
    pub(crate) fn is_full(&self) -> bool {
        self.commands().count() >= COMMANDS_PENDING_MAX
    }

    /// Whether a command to join or leave this channel is pending.
    pub(crate) fn is_joining_or_leaving(&self, channel: &ChannelName) -> bool {
        self.commands()
            .any(|pending| matches!(pending, Pending::Join(of) | Pending::Leave(of) if of == channel))
    }

    /// Whether the page that opens this conversation is pending.
    pub(crate) fn is_opening(&self, conversation: &Target) -> bool {
        self.commands().any(|pending| matches!(pending, Pending::Open(of) if of == conversation))
    }

    /// Whether a request for the heads of all conversations, or for the endpoint before it, is pending.
    pub(crate) fn is_beginning_sync(&self) -> bool {
        let mut origins = self.outstanding.values().map(|request| &request.origin);
        origins.any(|origin| matches!(origin, Origin::Info | Origin::Heads { kind: HeadsKind::All, .. }))
    }

    fn commands(&self) -> impl Iterator<Item = &Pending> {
        self.outstanding.values().filter_map(|request| match &request.origin {
            Origin::Command { pending, .. } => Some(pending),
            Origin::Info | Origin::Presence | Origin::Heads { .. } | Origin::Repair(_) | Origin::Mark => None,
        })
    }

    /// Adds a request, and returns the effect that sends it.
    pub(crate) fn open(
        &mut self,
        now_ms: u64,
        rng: &mut Rng,
        origin: Origin,
        frame: Frame,
        method: Method,
        params: &impl Serialize,
    ) -> Effect {
        let id = self.fresh_id();
        let due = now_ms + rng.wait_ms(0);
        let line = line(id, method, params);
        let request = Outstanding { origin, line, frame, attempt: 0, due, is_postponed: false };
        let effect = request.effect(id);
        self.outstanding.insert(id, request);
        effect
    }

    /// Removes the request that a reply answers. `None` if the id is unknown, or if the request will be
    /// repeated after a temporary error.
    pub(crate) fn complete(
        &mut self,
        now_ms: u64,
        rng: &mut Rng,
        id: u64,
        error: Option<&Error>,
    ) -> Option<CompletedRequest> {
        let request = self.outstanding.get_mut(&id)?;
        if error.is_some_and(|error| error.is_temporary() && !request.is_wait_too_long(error)) {
            request.due = now_ms + rng.wait_ms(request.attempt);
            request.is_postponed = true;
            return None;
        }
        let Outstanding { origin, attempt, .. } = self.outstanding.remove(&id)?;
        Some(CompletedRequest { origin, attempt })
    }

    /// Repeats the requests that are due. Returns whether at least one of these requests had no reply.
    pub(crate) fn take_due(&mut self, now_ms: u64, rng: &mut Rng) -> (Vec<Effect>, bool) {
        let mut is_reply_missing = false;
        let due = self.outstanding.iter_mut().filter(|(_, request)| request.due <= now_ms);
        let resent = due.map(|(id, request)| {
            is_reply_missing |= !request.is_postponed;
            request.is_postponed = false;
            request.attempt = request.attempt.saturating_add(1);
            request.due = now_ms + rng.wait_ms(request.attempt);
            request.effect(*id)
        });
        (resent.collect(), is_reply_missing)
    }

    /// Repeats the requests whose origin matches at once. `due` is the time of the next attempt.
    pub(crate) fn resend(
        &mut self,
        due: u64,
        attempt: u32,
        matches: impl Fn(&Origin) -> bool,
    ) -> Vec<Effect> {
        let requests = self.outstanding.iter_mut().filter(|(_, request)| matches(&request.origin));
        let resent = requests.map(|(id, request)| {
            (request.due, request.attempt, request.is_postponed) = (due, attempt, false);
            request.effect(*id)
        });
        resent.collect()
    }

    /// The time at which [`take_due`](Self::take_due) must be called.
    pub(crate) fn deadline(&self) -> Option<u64> {
        self.outstanding.values().map(|request| request.due).min()
    }

    /// Forgets the requests whose origin matches. Their replies will be ignored.
    pub(crate) fn forget(&mut self, matches: impl Fn(&Origin) -> bool) {
        self.outstanding.retain(|_, request| !matches(&request.origin));
    }

    /// Forgets all requests. Returns the tickets of the pending commands.
    pub(crate) fn clear(&mut self) -> Vec<u64> {
        let requests = std::mem::take(&mut self.outstanding);
        let ticket = |request: Outstanding| {
            if let Origin::Command { ticket, .. } = request.origin { Some(ticket) } else { None }
        };
        requests.into_values().filter_map(ticket).collect()
    }
}

pub(crate) fn line(id: u64, method: Method, params: &impl Serialize) -> Vec<u8> {
    let mut line = Vec::new();
    rpc::encode_request(&mut line, &id.to_string(), method.description().name, params);
    line
}

/// Decodes a result. The error for an invalid result is [`Detail::BadAnswer`].
pub(crate) fn read<'a, T: serde::Deserialize<'a>>(result: &'a str) -> Result<T, Error> {
    serde_json::from_str(result).map_err(|error| Detail::BadAnswer { error: error.to_string() }.into())
}

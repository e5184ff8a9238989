//! Requests and their replies: ids, origins and retries.
//!
//! A request is sent again until it is answered. The same line is sent under the same id, so that a late
//! reply to the first attempt counts too.

use std::collections::BTreeMap;
use std::sync::Arc;

use common::channels::Member;
use common::{ChannelName, Detail, Error, Method, Reason, Target, rpc};
use serde::Serialize;

use super::admin::AdminPending;
use super::api::Effect;
use super::files::Step;
use super::limits::{COMMANDS_PENDING_MAX, REPLY_WAIT_MS};
use super::rng::Rng;

/// Why a request was sent. It decides what its reply is used for.
#[derive(Debug, Clone)]
pub(crate) enum Origin {
    /// A command, which waits for its answer.
    Command { ticket: u64, pending: Pending },
    /// Where events are published.
    Info,
    /// The newest event of every conversation.
    Heads {
        kind: HeadsKind,
        /// Where the last heads ended when these were requested.
        cursor: Option<u64>,
    },
    /// The heartbeat.
    Presence,
    /// A gap to be filled.
    Repair(Target),
    /// What the user has read.
    Mark,
}

/// A command that waits for its answer, with what is needed to read its reply.
#[derive(Debug, Clone)]
pub(crate) enum Pending {
    Knock,
    Register,
    Login,
    Logout,
    /// A channel to be created or joined.
    Join(ChannelName),
    Leave(ChannelName),
    Manage,
    Members {
        channel: ChannelName,
        so_far: Vec<Member>,
    },
    Invitations {
        so_far: Vec<common::channels::Invitation>,
    },
    Channels {
        so_far: Vec<common::channels::ChannelInfo>,
    },
    Users {
        so_far: Vec<common::accounts::UserInfo>,
    },
    /// A password change, or sessions to be ended.
    EndSessions,
    Sessions,
    Admin(AdminPending),
    History,
    /// A step of a transfer.
    File(Step),
    Search,
    Open(Target),
    ReadOn(Target),
    Reads {
        so_far: Vec<common::reads::Reading>,
    },
    Mark(Target),
    Amend,
    Mentions,
}

/// When heads were requested, which says what the fan-out should have brought by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeadsKind {
    /// At the beginning: all conversations.
    All,
    /// When the subscriptions are in force: what was published before they were.
    AfterBarrier,
    /// Every few seconds: what the fan-out lost.
    Periodic,
}

/// A request that has its final reply.
pub(crate) struct Settled {
    pub(crate) origin: Origin,
    /// How often it was sent before the last time.
    pub(crate) attempt: u32,
}

/// A request without a final reply.
struct Outstanding {
    origin: Origin,
    line: Vec<u8>,
    frame: Frame,
    attempt: u32,
    due: u64,
    /// The server put it off: it waits for its next attempt, not for a reply.
    is_postponed: bool,
}

/// How a request line is sent.
#[derive(Clone)]
pub(crate) enum Frame {
    /// With other lines.
    Shared,
    /// As the only line, with these bytes behind it.
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

    /// Whether the server puts a command off for longer than a user waits: then that is its answer.
    fn is_too_long(&self, error: &Error) -> bool {
        let is_command = matches!(self.origin, Origin::Command { .. });
        is_command && error.data.wait_ms.is_some_and(|wait_ms| wait_ms > REPLY_WAIT_MS)
    }
}

/// All requests except those of the outbox.
#[derive(Default)]
pub(crate) struct Requests {
    last_id: u64,
    outstanding: BTreeMap<u64, Outstanding>,
}

impl Requests {
    /// An id that was never used.
    pub(crate) fn fresh_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// How many wait for their replies.
    pub(crate) fn len(&self) -> usize {
        self.outstanding.len()
    }

    /// Whether no further command is accepted until one is answered.
    pub(crate) fn is_full(&self) -> bool {
        self.commands().count() >= COMMANDS_PENDING_MAX
    }

    /// Whether a command to join this channel, or to leave it, is pending.
    pub(crate) fn is_about_to_change(&self, channel: &ChannelName) -> bool {
        self.commands()
            .any(|pending| matches!(pending, Pending::Join(of) | Pending::Leave(of) if of == channel))
    }

    /// Whether the page that opens this conversation is pending.
    pub(crate) fn is_opening(&self, conversation: &Target) -> bool {
        self.commands().any(|pending| matches!(pending, Pending::Open(of) if of == conversation))
    }

    fn commands(&self) -> impl Iterator<Item = &Pending> {
        self.outstanding.values().filter_map(|request| match &request.origin {
            Origin::Command { pending, .. } => Some(pending),
            Origin::Info | Origin::Presence | Origin::Heads { .. } | Origin::Repair(_) | Origin::Mark => None,
        })
    }

    /// Opens a request.
    pub(crate) fn ask(
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

    /// Takes the request that a reply settles. `None` if the id is unknown, or if the request is tried again
    /// later.
    pub(crate) fn settle(
        &mut self,
        now_ms: u64,
        rng: &mut Rng,
        id: u64,
        error: Option<&Error>,
    ) -> Option<Settled> {
        let request = self.outstanding.get_mut(&id)?;
        if error.is_some_and(|error| is_temporary(error) && !request.is_too_long(error)) {
            request.due = now_ms + rng.wait_ms(request.attempt);
            request.is_postponed = true;
            return None;
        }
        let Outstanding { origin, attempt, .. } = self.outstanding.remove(&id)?;
        Some(Settled { origin, attempt })
    }

    /// The requests to be sent again now, and whether the reply to one of them is missing.
    pub(crate) fn due(&mut self, now_ms: u64, rng: &mut Rng) -> (Vec<Effect>, bool) {
        let mut is_reply_missing = false;
        let due = self.outstanding.iter_mut().filter(|(_, request)| request.due <= now_ms);
        let again = due.map(|(id, request)| {
            is_reply_missing |= !request.is_postponed;
            request.is_postponed = false;
            request.attempt = request.attempt.saturating_add(1);
            request.due = now_ms + rng.wait_ms(request.attempt);
            request.effect(*id)
        });
        (again.collect(), is_reply_missing)
    }

    /// All requests, to be sent to another endpoint, and again at `due`. The first endpoint's "later" does
    /// not count there.
    pub(crate) fn again(&mut self, due: u64, attempt: u32) -> Vec<Effect> {
        let again = self.outstanding.iter_mut().map(|(id, request)| {
            (request.due, request.attempt, request.is_postponed) = (due, attempt, false);
            request.effect(*id)
        });
        again.collect()
    }

    /// When [`due`](Self::due) has something to do.
    pub(crate) fn deadline(&self) -> Option<u64> {
        self.outstanding.values().map(|request| request.due).min()
    }

    /// Forgets requests whose replies would be about an earlier state, such as those that are sent again in
    /// another form.
    pub(crate) fn forget(&mut self, is_meant: impl Fn(&Origin) -> bool) {
        self.outstanding.retain(|_, request| !is_meant(&request.origin));
    }

    /// Forgets all requests. Returns the tickets of the pending commands.
    pub(crate) fn clear(&mut self) -> Vec<u64> {
        let request = std::mem::take(&mut self.outstanding);
        let ticket = |request: Outstanding| match request.origin {
            Origin::Command { ticket, .. } => Some(ticket),
            Origin::Info | Origin::Presence | Origin::Heads { .. } | Origin::Repair(_) | Origin::Mark => None,
        };
        request.into_values().filter_map(ticket).collect()
    }
}

/// A request line.
pub(crate) fn line(id: u64, method: Method, params: &impl Serialize) -> Vec<u8> {
    let mut line = Vec::new();
    rpc::encode_request(&mut line, &id.to_string(), method.description().name, params);
    line
}

/// Whether the same request may succeed later.
pub(crate) fn is_temporary(error: &Error) -> bool {
    matches!(error.reason(), Some(Reason::RateLimited | Reason::Unavailable))
}

/// Decodes a result. A result of another form is an error of the server's.
pub(crate) fn read<'a, T: serde::Deserialize<'a>>(result: &'a str) -> Result<T, Error> {
    serde_json::from_str(result).map_err(|error| Detail::BadAnswer { error: error.to_string() }.into())
}

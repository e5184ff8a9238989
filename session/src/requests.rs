//! Requests and their replies: ids, what each was for, and when it is sent again.
//!
//! Every request is sent until it is answered; whoever asked may stop listening earlier. The same line goes out
//! again under the same id, so that a late reply to the first attempt counts too.

use std::collections::BTreeMap;
use std::sync::Arc;

use common::channels::Member;
use common::{ChannelName, Detail, Error, Method, Reason, Target, rpc};
use serde::Serialize;

use super::admin::AdminQuestion;
use super::dice::Dice;
use super::exchange::Effect;
use super::files::Step;
use super::limits::{QUESTIONS_WAITING_MAX, REPLY_WAIT_MS};

/// Why a request was made.
#[derive(Debug, Clone)]
pub(super) enum Purpose {
    /// The person asked.
    Question { ticket: u64, question: Question },
    /// To learn where events are published.
    Info,
    /// To learn how far the conversations have come.
    Heads {
        kind: HeadsKind,
        /// How far the log had come when this was asked.
        cursor: Option<u64>,
    },
    /// To say that one is there.
    Presence,
    /// To fill a gap.
    Repair(Target),
    /// To tell what was read.
    Mark,
}

/// What the person asked, with what its reply needs to be understood.
#[derive(Debug, Clone)]
pub(super) enum Question {
    Knock,
    Register,
    Login,
    Logout,
    /// To be made, or joined.
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
    /// The password to be changed, or sessions to be ended.
    EndSessions,
    Sessions,
    Admin(AdminQuestion),
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

/// At which point heads were asked for, which says what the fan-out should have brought by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeadsKind {
    /// At the beginning: all conversations.
    All,
    /// As soon as the subscriptions are in force: what came while they were not.
    AfterBarrier,
    /// Every now and then: what the fan-out lost.
    Periodic,
}

/// A request that was answered for good.
pub(super) struct Settled {
    pub(super) purpose: Purpose,
    /// How often it had been sent before the last time.
    pub(super) attempt: u32,
}

struct Pending {
    purpose: Purpose,
    line: Vec<u8>,
    frame: Frame,
    attempt: u32,
    due: u64,
    /// Answered with "later": it waits for its next attempt, not for a reply.
    is_postponed: bool,
}

/// How a line goes out.
#[derive(Clone)]
enum Frame {
    /// With others.
    Shared,
    /// By itself, with these bytes behind it.
    Alone(Option<Arc<[u8]>>),
}

impl Pending {
    fn effect(&self, id: u64) -> Effect {
        let line = self.line.clone();
        match &self.frame {
            Frame::Shared => Effect::Request { id, line },
            Frame::Alone(bytes) => Effect::Alone { id, line, bytes: bytes.clone() },
        }
    }

    /// Whether the server asks for more patience than a person who waits for the answer has: that is the answer then.
    fn is_too_long(&self, error: &Error) -> bool {
        let is_question = matches!(self.purpose, Purpose::Question { .. });
        is_question && error.data.wait_ms.is_some_and(|wait_ms| wait_ms > REPLY_WAIT_MS)
    }
}

/// All requests but those of the outbox.
#[derive(Default)]
pub(super) struct Requests {
    last_id: u64,
    pending: BTreeMap<u64, Pending>,
}

impl Requests {
    /// An id that was never used.
    pub(super) fn fresh_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// How many wait for their replies.
    pub(super) fn len(&self) -> usize {
        self.pending.len()
    }

    /// Whether the person has asked as much at once as is allowed.
    pub(super) fn is_full(&self) -> bool {
        let questions = self.pending.values().filter(|p| matches!(p.purpose, Purpose::Question { .. }));
        questions.count() >= QUESTIONS_WAITING_MAX
    }

    /// Whether the person has asked to join this channel, or to leave it, and waits for the answer.
    pub(super) fn is_about_to_change(&self, channel: &ChannelName) -> bool {
        self.is_asking(
            |question| matches!(question, Question::Join(asked) | Question::Leave(asked) if asked == channel),
        )
    }

    /// Whether the page that opens this conversation is on its way.
    pub(super) fn is_opening(&self, conversation: &Target) -> bool {
        self.is_asking(|question| matches!(question, Question::Open(asked) if asked == conversation))
    }

    fn is_asking(&self, is_meant: impl Fn(&Question) -> bool) -> bool {
        self.pending.values().any(|pending| match &pending.purpose {
            Purpose::Question { question, .. } => is_meant(question),
            Purpose::Info
            | Purpose::Presence
            | Purpose::Heads { .. }
            | Purpose::Repair(_)
            | Purpose::Mark => false,
        })
    }

    /// Makes a request.
    pub(super) fn ask(
        &mut self,
        now_ms: u64,
        dice: &mut Dice,
        purpose: Purpose,
        method: Method,
        params: &impl Serialize,
    ) -> Effect {
        self.put(now_ms, dice, purpose, Frame::Shared, |id| line(id, method, params))
    }

    /// Makes a request that goes by itself, with bytes behind it or with some to come.
    pub(super) fn ask_alone(
        &mut self,
        now_ms: u64,
        dice: &mut Dice,
        purpose: Purpose,
        method: Method,
        params: &impl Serialize,
        bytes: Option<Arc<[u8]>>,
    ) -> Effect {
        self.put(now_ms, dice, purpose, Frame::Alone(bytes), |id| line(id, method, params))
    }

    fn put(
        &mut self,
        now_ms: u64,
        dice: &mut Dice,
        purpose: Purpose,
        frame: Frame,
        line: impl FnOnce(u64) -> Vec<u8>,
    ) -> Effect {
        let id = self.fresh_id();
        let due = now_ms + dice.wait_ms(0);
        let pending = Pending { purpose, line: line(id), frame, attempt: 0, due, is_postponed: false };
        let effect = pending.effect(id);
        self.pending.insert(id, pending);
        effect
    }

    /// Takes the request that a reply answers; nothing when it is unknown, or to be tried again later.
    pub(super) fn settle(
        &mut self,
        now_ms: u64,
        dice: &mut Dice,
        id: u64,
        error: Option<&Error>,
    ) -> Option<Settled> {
        let pending = self.pending.get_mut(&id)?;
        if error.is_some_and(|error| is_temporary(error) && !pending.is_too_long(error)) {
            pending.due = now_ms + dice.wait_ms(pending.attempt);
            pending.is_postponed = true;
            return None;
        }
        let Pending { purpose, attempt, .. } = self.pending.remove(&id)?;
        Some(Settled { purpose, attempt })
    }

    /// The requests to be sent again, and whether one of them should have been answered by now.
    pub(super) fn due(&mut self, now_ms: u64, dice: &mut Dice) -> (Vec<Effect>, bool) {
        let mut is_reply_missing = false;
        let due = self.pending.iter_mut().filter(|(_, pending)| pending.due <= now_ms);
        let again = due.map(|(id, pending)| {
            is_reply_missing |= !pending.is_postponed;
            pending.is_postponed = false;
            pending.attempt = pending.attempt.saturating_add(1);
            pending.due = now_ms + dice.wait_ms(pending.attempt);
            pending.effect(*id)
        });
        (again.collect(), is_reply_missing)
    }

    /// All of them, to be sent to another endpoint, and again at `due`. An answer of the first is worth nothing there.
    pub(super) fn again(&mut self, due: u64, attempt: u32) -> Vec<Effect> {
        let again = self.pending.iter_mut().map(|(id, pending)| {
            (pending.due, pending.attempt, pending.is_postponed) = (due, attempt, false);
            pending.effect(*id)
        });
        again.collect()
    }

    /// When [`due`](Self::due) has something to do.
    pub(super) fn deadline(&self) -> Option<u64> {
        self.pending.values().map(|pending| pending.due).min()
    }

    /// Forgets the requests about what the fan-out brings, before they are made anew.
    pub(super) fn forget_following(&mut self) {
        self.pending.retain(|_, pending| !matches!(pending.purpose, Purpose::Info | Purpose::Heads { .. }));
    }

    /// Forgets what was said of oneself, before it is said anew.
    pub(super) fn forget_presence(&mut self) {
        self.pending.retain(|_, pending| !matches!(pending.purpose, Purpose::Presence));
    }

    /// Forgets the pages that were to fill gaps in some conversations: their answers would be about another time.
    pub(super) fn forget_repairs(&mut self, is_meant: impl Fn(&Target) -> bool) {
        self.pending.retain(|_, pending| !matches!(&pending.purpose, Purpose::Repair(of) if is_meant(of)));
    }

    /// Forgets the marks that were not answered yet, before a newer one is made.
    pub(super) fn forget_marks(&mut self) {
        self.pending.retain(|_, pending| !matches!(pending.purpose, Purpose::Mark));
    }

    /// Forgets everything; returns the tickets of those who still wait.
    pub(super) fn clear(&mut self) -> Vec<u64> {
        let pending = std::mem::take(&mut self.pending);
        let ticket = |pending: Pending| match pending.purpose {
            Purpose::Question { ticket, .. } => Some(ticket),
            Purpose::Info
            | Purpose::Presence
            | Purpose::Heads { .. }
            | Purpose::Repair(_)
            | Purpose::Mark => None,
        };
        pending.into_values().filter_map(ticket).collect()
    }
}

/// A request line.
pub(super) fn line(id: u64, method: Method, params: &impl Serialize) -> Vec<u8> {
    let mut line = Vec::new();
    rpc::encode_request(&mut line, &id.to_string(), method.description().name, params);
    line
}

/// Whether the same request may go well later.
pub(super) fn is_temporary(error: &Error) -> bool {
    matches!(error.reason(), Some(Reason::RateLimited | Reason::Unavailable))
}

/// Reads a result; one that is not what the method returns is the server's fault.
pub(super) fn read<'a, T: serde::Deserialize<'a>>(result: &'a str) -> Result<T, Error> {
    serde_json::from_str(result).map_err(|error| Detail::BadAnswer { error: error.to_string() }.into())
}

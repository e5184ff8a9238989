//! Presence: the heartbeat that reports the user's state, and the state of the user whose conversation is
//! open.

use common::methods::PresenceSet;
use common::presence::{Change, SetPresence, State};
use common::{Error, Target};

use super::api::{PresenceMode, News};
use super::ask::decode;
use super::context::Context;
use super::limits::{AWAY_AFTER_MS, HEARTBEAT_MS_MAX, HEARTBEAT_MS_MIN};
use super::requests::Origin;

/// What is reported, and when again.
#[derive(Default)]
pub(crate) struct Presence {
    /// Without one nothing is reported, as for a script that asks one thing.
    appearance: Option<PresenceMode>,
    /// The state that was reported last.
    reported: Option<State>,
    /// When it must be reported again. `None` without a session.
    due: Option<u64>,
    /// When the user was at the keyboard last.
    touched: u64,
    /// The conversation that is open, and the state of its other user that was emitted last.
    watched: Option<(Target, Option<State>)>,
    /// The request that reports the end.
    farewell: Option<u64>,
}

impl Presence {
    /// When [`tick`](Self::tick) has something to do.
    pub(crate) fn deadline(&self) -> Option<u64> {
        let away = (self.appearance == Some(PresenceMode::AtKeyboard) && self.reported == Some(State::Online))
            .then(|| self.touched.saturating_add(AWAY_AFTER_MS));
        self.due.map(|due| away.map_or(due, |away| due.min(away)))
    }

    fn state(&self, now_ms: u64) -> Option<State> {
        self.appearance.map(|appearance| match appearance {
            PresenceMode::AtKeyboard if now_ms >= self.touched.saturating_add(AWAY_AFTER_MS) => State::Away,
            PresenceMode::AtKeyboard | PresenceMode::Always => State::Online,
            PresenceMode::Away => State::Away,
        })
    }

    /// Reports this appearance from now on.
    pub(crate) fn appear(&mut self, cx: &mut Context, appearance: PresenceMode) {
        self.appearance = Some(appearance);
        self.touched = cx.now_ms();
        self.begin(cx);
    }

    /// The user is at the keyboard.
    pub(crate) fn touch(&mut self, cx: &mut Context) {
        self.touched = cx.now_ms();
        self.tick(cx);
    }

    /// Reports at once, because a session begins or the user appears.
    pub(crate) fn begin(&mut self, cx: &mut Context) {
        if cx.account().is_some() && self.appearance.is_some() {
            self.due = Some(cx.now_ms());
            self.tick(cx);
        }
    }

    /// The session has ended.
    pub(crate) fn end(&mut self) {
        self.due = None;
        self.reported = None;
    }

    /// Reports the state when it has changed or is due.
    pub(crate) fn tick(&mut self, cx: &mut Context) {
        let now_ms = cx.now_ms();
        let (Some(state), Some(due)) = (self.state(now_ms), self.due) else { return };
        if due > now_ms && self.reported == Some(state) {
            return;
        }
        self.reported = Some(state);
        // A request without a reply may report an earlier state.
        cx.requests_mut().forget(is_heartbeat);
        // The reply says when the next one is due; until then the request is repeated.
        self.due = Some(now_ms.saturating_add(HEARTBEAT_MS_MAX));
        cx.ask::<PresenceSet>(Origin::Presence, |token| SetPresence { token, state });
    }

    /// Takes the reply to a heartbeat. Returns the topic of everybody's presence. A server without presence
    /// is asked again, in case another version takes its place.
    pub(crate) fn reported(&mut self, cx: &mut Context, outcome: Result<&str, Error>) -> Option<String> {
        let reported = outcome.and_then(decode::<PresenceSet>).ok()?;
        let wait_ms = cx.rng().heartbeat_ms(reported.heartbeat_ms.clamp(HEARTBEAT_MS_MIN, HEARTBEAT_MS_MAX));
        self.due = Some(cx.now_ms().saturating_add(wait_ms));
        Some(reported.topic)
    }

    /// Reports once that the user is offline. False if nothing was reported before.
    pub(crate) fn quit(&mut self, cx: &mut Context) -> bool {
        let (Some(account), Some(_)) = (cx.account(), self.reported.take()) else { return false };
        let token = account.token.clone().into();
        cx.requests_mut().forget(is_heartbeat);
        let params = SetPresence { token, state: State::Offline };
        self.farewell = Some(cx.send_once::<PresenceSet>(&params));
        self.due = None;
        true
    }

    /// Whether no request that reports the end is pending.
    pub(crate) fn has_quit(&self) -> bool {
        self.farewell.is_none()
    }

    /// Takes the reply to the request that reports the end.
    pub(crate) fn farewell_taken(&mut self, id: u64) {
        self.farewell.take_if(|farewell| *farewell == id);
    }

    /// Emits from now on what changes about the other user of this conversation.
    pub(crate) fn watch(&mut self, conversation: &Target) {
        if !matches!(&self.watched, Some((watched, _)) if watched == conversation) {
            self.watched = Some((conversation.clone(), None));
        }
    }

    /// Takes a notice of changes.
    pub(crate) fn changed(&mut self, cx: &mut Context, changes: Vec<Change>) {
        let Some((Target::User(watched), known)) = &mut self.watched else { return };
        for change in changes {
            if change.user == *watched && Some(&change.user) != cx.user() && *known != Some(change.state) {
                *known = Some(change.state);
                cx.emit_news(News::Presence(change));
            }
        }
    }
}

fn is_heartbeat(origin: &Origin) -> bool {
    matches!(origin, Origin::Presence)
}

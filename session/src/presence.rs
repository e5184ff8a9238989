//! Presence: the user's own heartbeat, and the presence of the other user of the open conversation.

use common::methods::PresenceSet;
use common::presence::{Change, SetPresence, State};
use common::{Error, Target};
use uuid::Uuid;

use super::api::{News, PresenceMode};
use super::context::Context;
use super::limits::{AWAY_AFTER_MS, HEARTBEAT_MS_MAX, HEARTBEAT_MS_MIN};
use super::plain_request::decode;
use super::requests::Origin;

#[derive(Default)]
pub(crate) struct Presence {
    /// `None` means that the session reports no presence, as in a script that sends one request.
    mode: Option<PresenceMode>,
    /// The state of the last heartbeat.
    reported: Option<State>,
    /// The time of the next heartbeat. `None` without a login.
    due: Option<u64>,
    last_key_ms: u64,
    connection: Option<Uuid>,
    /// The open conversation, and the state of its other user that was emitted last.
    watched: Option<(Target, Option<State>)>,
    /// The pending request that reports the user as offline.
    quit_request: Option<u64>,
}

impl Presence {
    /// The time at which [`tick`](Self::tick) must be called.
    pub(crate) fn deadline(&self) -> Option<u64> {
        let away = (self.mode == Some(PresenceMode::AtKeyboard) && self.reported == Some(State::Online))
            .then(|| self.last_key_ms.saturating_add(AWAY_AFTER_MS));
        self.due.map(|due| away.map_or(due, |away| due.min(away)))
    }

    /// The id of this program among all programs that use the session.
    fn connection(&mut self, cx: &mut Context) -> Uuid {
        *self.connection.get_or_insert_with(|| cx.rng().uuid())
    }

    fn state(&self, now_ms: u64) -> Option<State> {
        self.mode.map(|mode| match mode {
            PresenceMode::AtKeyboard if now_ms >= self.last_key_ms.saturating_add(AWAY_AFTER_MS) => {
                State::Away
            }
            PresenceMode::AtKeyboard | PresenceMode::Always => State::Online,
            PresenceMode::Away => State::Away,
        })
    }

    pub(crate) fn set_mode(&mut self, cx: &mut Context, mode: PresenceMode) {
        self.mode = Some(mode);
        self.last_key_ms = cx.now_ms();
        self.report_now(cx);
    }

    pub(crate) fn key_typed(&mut self, cx: &mut Context) {
        self.last_key_ms = cx.now_ms();
        self.tick(cx);
    }

    pub(crate) fn report_now(&mut self, cx: &mut Context) {
        if cx.account().is_some() && self.mode.is_some() {
            self.due = Some(cx.now_ms());
            self.tick(cx);
        }
    }

    pub(crate) fn end(&mut self) {
        self.due = None;
        self.reported = None;
    }

    /// Sends a heartbeat if it is due, or if the state has changed.
    pub(crate) fn tick(&mut self, cx: &mut Context) {
        let now_ms = cx.now_ms();
        let (Some(state), Some(due)) = (self.state(now_ms), self.due) else { return };
        if due > now_ms && self.reported == Some(state) {
            return;
        }
        self.reported = Some(state);
        // A pending heartbeat may report an earlier state.
        cx.requests_mut().forget(is_heartbeat);
        // The reply sets the time of the next heartbeat.
        self.due = Some(now_ms.saturating_add(HEARTBEAT_MS_MAX));
        let connection = Some(self.connection(cx));
        cx.request::<PresenceSet>(Origin::Presence, |token| SetPresence { token, state, connection });
    }

    /// Handles the reply to a heartbeat. Returns the topic of all users' presence. Heartbeats continue after
    /// an error: an updated server may support them.
    pub(crate) fn reported(&mut self, cx: &mut Context, outcome: Result<&str, Error>) -> Option<String> {
        let reported = outcome.and_then(decode::<PresenceSet>).ok()?;
        let wait_ms =
            cx.rng().heartbeat_wait_ms(reported.heartbeat_ms.clamp(HEARTBEAT_MS_MIN, HEARTBEAT_MS_MAX));
        self.due = Some(cx.now_ms().saturating_add(wait_ms));
        Some(reported.topic)
    }

    /// Reports that the user is offline. Returns false, and sends nothing, without an earlier heartbeat.
    pub(crate) fn quit(&mut self, cx: &mut Context) -> bool {
        let (Some(account), Some(_)) = (cx.account(), self.reported.take()) else { return false };
        let token = account.token.clone().into();
        cx.requests_mut().forget(is_heartbeat);
        let connection = Some(self.connection(cx));
        let params = SetPresence { token, state: State::Offline, connection };
        self.quit_request = Some(cx.send_once::<PresenceSet>(&params));
        self.due = None;
        true
    }

    /// Whether no report of [`quit`](Self::quit) is pending.
    pub(crate) fn has_quit(&self) -> bool {
        self.quit_request.is_none()
    }

    pub(crate) fn quit_acknowledged(&mut self, id: u64) {
        self.quit_request.take_if(|quit_request| *quit_request == id);
    }

    /// Starts to emit the presence of the other user of this conversation.
    pub(crate) fn watch(&mut self, conversation: &Target) {
        if !matches!(&self.watched, Some((watched, _)) if watched == conversation) {
            self.watched = Some((conversation.clone(), None));
        }
    }

    pub(crate) fn changed(&mut self, cx: &mut Context, changes: Vec<Change>) {
        let Some((Target::User(watched), state)) = &mut self.watched else { return };
        for change in changes {
            if change.user == *watched && Some(&change.user) != cx.user() && *state != Some(change.state) {
                *state = Some(change.state);
                cx.emit_news(News::Presence(change));
            }
        }
    }
}

fn is_heartbeat(origin: &Origin) -> bool {
    matches!(origin, Origin::Presence)
}

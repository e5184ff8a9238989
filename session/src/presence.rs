//! Presence: what this session says about its person every now and then, and what is told of others.

use common::accounts::Token;
use common::presence::{Change, PresenceSet, SetPresence, State};
use common::{Error, Method, Target};

use super::Session;
use super::exchange::{Appearance, Effect, News};
use super::limits::{AWAY_AFTER_MS, HEARTBEAT_MS_MAX, HEARTBEAT_MS_MIN};
use super::requests::{Purpose, line, read};

/// What is said, and when again.
#[derive(Default)]
pub(super) struct Presence {
    /// Nothing is said for whoever asks one thing and is gone.
    appearance: Option<Appearance>,
    /// What was said last.
    said: Option<State>,
    /// When it is to be said again.
    due: Option<u64>,
    /// When the person was at the keyboard last.
    touched: u64,
    /// Whose conversation is open, and what was told of them last.
    watched: Option<(Target, Option<State>)>,
    /// The request that says goodbye.
    farewell: Option<u64>,
}

impl Presence {
    /// When [`Session::presence_due`] has something to do.
    pub(super) fn deadline(&self) -> Option<u64> {
        let away = (self.appearance == Some(Appearance::AtKeyboard) && self.said == Some(State::Online))
            .then(|| self.touched.saturating_add(AWAY_AFTER_MS));
        // Without a session nothing is due: the first word is said when one begins.
        self.due.map(|due| away.map_or(due, |away| due.min(away)))
    }

    fn state(&self, now_ms: u64) -> Option<State> {
        self.appearance.map(|appearance| match appearance {
            Appearance::AtKeyboard if now_ms >= self.touched.saturating_add(AWAY_AFTER_MS) => State::Away,
            Appearance::AtKeyboard | Appearance::Always => State::Online,
            Appearance::Away => State::Away,
        })
    }

    /// Nobody is logged in.
    pub(super) fn end(&mut self) {
        self.due = None;
        self.said = None;
    }
}

impl Session {
    pub(super) fn appear(&mut self, now_ms: u64, ticket: u64, appearance: Appearance) {
        self.presence.appearance = Some(appearance);
        self.presence.touched = now_ms;
        self.begin_presence(now_ms);
        self.answer(ticket, Ok(super::Answer::Done));
    }

    /// The person is at the keyboard.
    pub(super) fn touched(&mut self, now_ms: u64) {
        self.presence.touched = now_ms;
        self.presence_due(now_ms);
    }

    /// A session has begun, or its person appears: it says so at once.
    pub(super) fn begin_presence(&mut self, now_ms: u64) {
        if self.account.is_some() && self.presence.appearance.is_some() {
            self.presence.due = Some(now_ms);
            self.presence_due(now_ms);
        }
    }

    /// Says what it is when that has changed, or when it is time.
    pub(super) fn presence_due(&mut self, now_ms: u64) {
        let (Some(state), Some(due)) = (self.presence.state(now_ms), self.presence.due) else { return };
        if due > now_ms && self.presence.said == Some(state) {
            return;
        }
        self.presence.said = Some(state);
        // A request that waits for its answer would say what was so before.
        self.requests.forget_presence();
        // The answer says when it is time again; the request itself is repeated until there is one.
        self.presence.due = Some(now_ms.saturating_add(HEARTBEAT_MS_MAX));
        self.ask(now_ms, Purpose::Presence, Method::PresenceSet, |token| SetPresence { token, state });
    }

    pub(super) fn presence_set(&mut self, now_ms: u64, outcome: Result<&str, Error>) {
        // A server that does not know of presence is asked again, in case it is replaced by one that does.
        let Ok(PresenceSet { topic, heartbeat_ms }) = outcome.and_then(read) else { return };
        let wait_ms = self.dice.heartbeat_ms(heartbeat_ms.clamp(HEARTBEAT_MS_MIN, HEARTBEAT_MS_MAX));
        self.presence.due = Some(now_ms.saturating_add(wait_ms));
        self.subscribe_presence(topic);
    }

    /// Says goodbye, once: the front end is about to end. False when there is nothing to say, or nobody who would hear it.
    pub fn quit(&mut self) -> bool {
        let (Some(account), Some(_), true) = (&self.account, self.presence.said.take(), self.link.is_up())
        else {
            return false;
        };
        self.requests.forget_presence();
        let token = Token::from(account.token.clone());
        let id = self.requests.fresh_id();
        let params = SetPresence { token, state: State::Offline };
        self.effects.push(Effect::Request { id, line: line(id, Method::PresenceSet, &params) });
        self.presence.farewell = Some(id);
        self.presence.due = None;
        true
    }

    /// Whether the server has taken the goodbye.
    #[must_use]
    pub fn has_quit(&self) -> bool {
        self.presence.farewell.is_none()
    }

    /// Takes note of an answer to the goodbye.
    pub(super) fn farewell_taken(&mut self, id: u64) {
        self.presence.farewell.take_if(|farewell| *farewell == id);
    }

    /// The person opens a conversation: of its other side they are told.
    pub(super) fn watch(&mut self, conversation: &Target) {
        if !matches!(&self.presence.watched, Some((watched, _)) if watched == conversation) {
            self.presence.watched = Some((conversation.clone(), None));
        }
    }

    pub(super) fn presence_changed(&mut self, changes: Vec<Change>) {
        let Some((Target::User(watched), known)) = &mut self.presence.watched else { return };
        let me = self.account.as_ref().map(|account| &account.user);
        for change in changes {
            if change.user == *watched && Some(&change.user) != me && *known != Some(change.state) {
                *known = Some(change.state);
                self.effects.push(Effect::News(News::Presence(change)));
            }
        }
    }
}

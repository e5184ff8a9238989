//! The presence of tabs. The gateway reports one state for each token: the highest state of its WebSockets.
//!
//! Browsers slow down the timers of hidden tabs, and a closed tab reports nothing. So the gateway repeats the
//! state of open tabs, and reports `offline` a few seconds after the last one was closed.

use std::collections::HashMap;
use std::hash::BuildHasher as _;

use common::limits::PRESENCE_HEARTBEAT_MS;
use common::presence::{SetPresence, State};
use foldhash::fast::{FixedState, RandomState};
use serde_json::json;
use uuid::Uuid;

use super::{Call, Hub};
use crate::connection_id::{ConnectionId, SenderId};
use crate::limits::LAST_TAB_MS;
use crate::token::Token;

/// The first id of the requests that report presence. Connections count up from 1, and do not reach this id.
const FIRST_CALL: u64 = 1 << 60;

pub(super) struct Presences {
    seed: u64,
    tokens: HashMap<Token, Tabs, RandomState>,
    calls: u64,
}

/// The WebSockets of a token that have reported a state.
struct Tabs {
    sender: SenderId,
    states: HashMap<ConnectionId, State>,
    reported: State,
    reported_ms: u64,
    /// The time at which the gateway noticed that the last tab was closed.
    closed_ms: Option<u64>,
}

impl Tabs {
    fn state(&self) -> State {
        self.states.values().copied().max().unwrap_or_default()
    }
}

/// A state that must be reported.
struct Report {
    token: Token,
    sender: SenderId,
    state: State,
}

impl Presences {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, tokens: HashMap::default(), calls: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// Sets the state of a tab. Returns the state of all tabs, which the caller reports.
    fn set(&mut self, token: &Token, tab: (ConnectionId, SenderId), state: State, now_ms: u64) -> State {
        let (id, sender) = tab;
        let new = || Tabs {
            sender,
            states: HashMap::new(),
            reported: State::Offline,
            reported_ms: now_ms,
            closed_ms: None,
        };
        let tabs = self.tokens.entry(token.clone()).or_insert_with(new);
        tabs.states.insert(id, state);
        (tabs.sender, tabs.closed_ms) = (sender, None);
        (tabs.reported, tabs.reported_ms) = (tabs.state(), now_ms);
        tabs.reported
    }

    /// Removes a tab. Forgets a token that the server never accepted.
    pub(super) fn leave(&mut self, token: &Token, id: ConnectionId, is_checked: bool) {
        let Some(tabs) = self.tokens.get_mut(token) else { return };
        tabs.states.remove(&id);
        if tabs.states.is_empty() && !is_checked {
            self.tokens.remove(token);
        }
    }

    /// The states that changed because a tab was closed, and those that must be repeated.
    fn due(&mut self, now_ms: u64) -> Vec<Report> {
        let mut due = Vec::new();
        self.tokens.retain(|token, tabs| {
            let state = tabs.state();
            let is_closed = tabs.states.is_empty();
            let closed_ms = is_closed.then(|| *tabs.closed_ms.get_or_insert(now_ms));
            let is_gone = closed_ms.is_some_and(|closed| closed + LAST_TAB_MS <= now_ms);
            let is_old = state != State::Offline && tabs.reported_ms + PRESENCE_HEARTBEAT_MS <= now_ms;
            let has_changed = state != tabs.reported && (is_gone || !is_closed);
            if has_changed || is_old {
                due.push(Report { token: token.clone(), sender: tabs.sender, state });
                (tabs.reported, tabs.reported_ms) = (state, now_ms);
            }
            !is_gone
        });
        due
    }

    /// The line that reports the state of a token. `id` is JSON.
    fn line(&self, id: &str, token: &Token, state: State) -> String {
        let hash = FixedState::with_seed(self.seed).hash_one(token);
        let connection = Some(Uuid::from_u64_pair(self.seed, hash));
        let params = json!(SetPresence { token: token.as_str().into(), state, connection });
        format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"presence.set","params":{params}}}"#)
    }
}

impl Hub {
    /// The line for a `presence.set` of a tab: it reports the state of all tabs of its token. `None` if the
    /// tab has no token.
    pub(super) fn presence_line(
        &mut self,
        id: ConnectionId,
        request: &str,
        state: State,
        now_ms: u64,
    ) -> Option<Vec<u8>> {
        let connection = self.connections.get(&id)?;
        let token = connection.token.clone()?;
        let state = self.presences.set(&token, (id, connection.sender), state, now_ms);
        Some(self.presences.line(request, &token, state).into_bytes())
    }

    /// Reports the states that are due.
    pub(super) fn tick_presence(&mut self, now_ms: u64) {
        for Report { token, sender, state } in self.presences.due(now_ms) {
            let lines = self.presences.line("\"presence\"", &token, state) + "\n";
            let id = ConnectionId(FIRST_CALL + self.presences.calls);
            self.presences.calls += 1;
            self.call(id, Call { sender, lines: lines.into_bytes(), bytes: None, is_file: false }, now_ms);
        }
    }
}

//! Presence, typing and texts of AWAY.

use common::presence::{Change, State};
use common::{Conversation, Notice, Target, UserName};
use session::Published;

use crate::connection::Connection;
use crate::limits::SHOWN_OFFLINE_MAX;
use crate::protocol::capabilities::Cap;
use crate::protocol::line::Line;
use crate::protocol::numerics::Numeric;

/// The text of AWAY for a user who is away without a text.
const AWAY: &str = "Away";

/// The text of AWAY for a user who is not connected.
const OFFLINE: &str = "Offline";

impl Connection {
    /// Shows the notices of presence and typing of a frame.
    pub(in crate::connection) fn see_notices(&mut self, published: &Published) {
        if !self.is_welcome {
            return;
        }
        for notice in published.notices() {
            match notice {
                Notice::Presence { users, .. } => users.iter().for_each(|change| self.show_state(change)),
                Notice::Typing { to, from, typing, .. } => self.show_typing(to, from, *typing),
                Notice::TopicMoved { .. }
                | Notice::Read { .. }
                | Notice::SessionsEnded {}
                | Notice::Blocked { .. }
                | Notice::Levels {} => {}
            }
        }
    }

    /// Shows the presence of a user of another front. Users of this front are shown at once.
    fn show_state(&mut self, Change { user, state }: &Change) {
        self.shared.set_state(user, *state);
        if self.shared.is_here(user) {
            return;
        }
        self.show_monitored(user, *state != State::Offline);
        let is_shown = self.show_away(user, away_text(*state));
        if is_shown && *state == State::Offline && self.shown_offline.len() < SHOWN_OFFLINE_MAX {
            self.shown_offline.insert(user.clone());
        } else {
            self.shown_offline.remove(user);
        }
    }

    /// Shows that a user connected to this front, or is offline.
    pub(in crate::connection) fn show_online(&mut self, user: &UserName, is_online: bool) {
        self.show_monitored(user, is_online);
        if is_online && self.shown_offline.remove(user) {
            self.send_away(user, None);
        }
    }

    /// Shows that a user is away, or is back. Returns whether the client sees such changes of this user.
    pub(in crate::connection) fn show_away(&mut self, user: &UserName, text: Option<&str>) -> bool {
        let Some(me) = &self.user else { return false };
        let is_monitored = self.caps.has(Cap::ExtendedMonitor) && self.monitored.contains_key(user);
        let is_shown = is_monitored || self.shared.shares_channel(me, self.id, user);
        if me == user || !self.caps.has(Cap::AwayNotify) || !is_shown {
            return false;
        }
        self.send_away(user, text);
        true
    }

    fn send_away(&mut self, user: &UserName, text: Option<&str>) {
        let line = Line::new(self.shared.source(user), "AWAY");
        let line = text.map_or(line.clone(), |text| line.param(text));
        self.send(&line);
    }

    /// The text of AWAY of a user who is away or offline.
    pub(in crate::connection) fn away_text(&self, user: &UserName) -> Option<String> {
        let own_text = self.shared.away(user);
        let state = self.shared.user(user).and_then(|info| info.state);
        own_text.or_else(|| state.and_then(away_text).map(str::to_owned))
    }

    /// Shows that a monitored user is online or offline.
    pub(in crate::connection) fn show_monitored(&mut self, user: &UserName, is_online: bool) {
        let Some(known) = self.monitored.get_mut(user).filter(|known| **known != is_online) else { return };
        *known = is_online;
        let (numeric, name) = match is_online {
            true => (Numeric::MonitorOnline, self.shared.source(user)),
            false => (Numeric::MonitorOffline, self.shared.shown(user)),
        };
        let line = self.server_line(numeric.code()).param(self.nick()).param(name);
        self.send(&line);
    }

    /// Shows WALLOPS, if the user has the mode `w`.
    pub(in crate::connection) fn show_wallops(&mut self, from: &UserName, text: &str) {
        let is_wanted = self.user.as_ref().is_some_and(|me| self.shared.modes(me).wallops);
        if !is_wanted {
            return;
        }
        let line = Line::new(self.shared.source(from), "WALLOPS").param(text);
        self.send(&line);
    }

    /// Shows that a user of this front, or another connection of the user, changed the spelling of its name.
    pub(in crate::connection) fn show_spelling(&mut self, user: &UserName, source: &str, nick: &str) {
        let Some(me) = &self.user else { return };
        if me == user || self.shared.shares_channel(me, self.id, user) {
            self.send(&Line::new(source, "NICK").param(nick));
        }
    }

    /// Shows that a guest logged in to an account.
    pub(in crate::connection) fn show_account(&mut self, user: &UserName, account: &UserName) {
        let Some(me) = &self.user else { return };
        let is_monitored = self.caps.has(Cap::ExtendedMonitor) && self.monitored.contains_key(user);
        let is_shown = is_monitored || self.shared.shares_channel(me, self.id, user);
        if me != user && is_shown && self.caps.has(Cap::AccountNotify) {
            self.send(&Line::new(self.shared.source(user), "ACCOUNT").param(account.as_str()));
        }
    }

    /// Shows a line without a text from another connection of this front.
    pub(in crate::connection) fn show_tagged(&mut self, from: &UserName, line: &Line) {
        if self.is_welcome && self.caps.has(Cap::MessageTags) && !self.session.blocks().contains(from) {
            self.send(line);
        }
    }

    fn show_typing(&mut self, to: &Target, from: &UserName, is_typing: bool) {
        let Some(me) = &self.user else { return };
        if from == me || !self.caps.has(Cap::MessageTags) || self.session.blocks().contains(from) {
            return;
        }
        let target = match Conversation::of(from, to).seen_by(me) {
            Target::Channel(channel) if self.channels.contains_key(&channel) => {
                self.shown(&channel).to_string()
            }
            Target::Channel(_) => return,
            Target::User(_) => self.shared.shown(me),
        };
        let state = if is_typing { "active" } else { "done" };
        let line = Line::new(self.shared.source(from), "TAGMSG").tag("+typing", state).param(target);
        self.send(&line);
    }
}

fn away_text(state: State) -> Option<&'static str> {
    match state {
        State::Online => None,
        State::Away => Some(AWAY),
        State::Offline => Some(OFFLINE),
    }
}

//! The events of the node as lines for the client.

mod memberships;
mod messages;
mod playback;
mod presence;

pub(super) use memberships::one_line;

use common::channels::Role;
use common::{Body, ChannelName, Event, Target, UserName};
use session::{Entry, News};
use transport::clock;

use super::later::Later;
use super::{Connection, End, Expected, Seen};
use crate::protocol::capabilities::Cap;
use crate::protocol::line::Line;
use crate::protocol::message_id::message_id;
use crate::protocol::times;

impl Connection {
    /// Shows a report of the session.
    pub(super) fn show_news(&mut self, news: News) {
        match news {
            News::Entry(entry) => self.show_entry(entry),
            News::Sent { message, outcome, .. } => self.sent = Some((message.id, outcome)),
            News::MembershipEnded(entry) => self.show_membership_end(&entry),
            News::Invited(entry) => self.push_later(Later::Invited(Box::new(entry))),
            News::Named { channel, .. } => self.show_new_name(&channel),
            News::Read(reading) => {
                if self.is_welcome && self.caps.has(Cap::ReadMarker) {
                    self.push_later(Later::Marked(reading.conversation, reading.n));
                }
            }
            News::SessionEnded(error) => self.end = Some(End::Because(error.message)),
            News::ConnectionLost => self.notice("The node does not answer. Your lines wait until it does."),
            News::ConnectionRestored => self.notice("The node answers again."),
            News::RolledBack => {
                self.end =
                    Some(End::Because("The node was restored from a backup: connect again".to_owned()));
            }
            News::Opened { .. }
            | News::OutboxLoaded(_)
            | News::Delayed(_)
            | News::Presence(_)
            | News::Typing(_)
            | News::StatusSummary(_) => {}
        }
    }

    /// A line of the sender of an event, with the time of the event.
    pub(super) fn line_of(&self, event: &Event<'_>, command: &'static str) -> Line {
        let line = Line::new(self.shared.source(&event.from), command).tag("time", times::written(event.at));
        let line = match self.shared.account(&event.from) {
            Some(account) => line.tag("account", account),
            None => line,
        };
        if self.shared.is_bot(&event.from) { line.tag("bot", "") } else { line }
    }

    /// A line of the user for an event that the user caused.
    pub(super) fn own_line_of(
        &self,
        command: &'static str,
        conversation: &Target,
        seen: Option<Seen>,
    ) -> Line {
        let Some((n, at)) = seen else { return self.own_line(command) };
        let from = self.user.as_ref().map(|user| self.shared.source(user)).unwrap_or_default();
        let line = Line::new(from, command).tag("time", times::written(at));
        self.stamped(line.tag("msgid", message_id(&self.conversation(conversation), n)))
    }

    /// Sends a notice of the server.
    pub(super) fn notice(&mut self, text: &str) {
        if self.is_welcome {
            let line = self.server_line("NOTICE").param(self.nick()).param(text);
            self.send(&line);
        }
    }

    /// The name of a channel that the client knows, or the current name.
    pub(super) fn shown(&self, channel: &ChannelName) -> ChannelName {
        let own = self.channels.get(channel).map(|channel| channel.shown.clone());
        own.unwrap_or_else(|| self.session.channel_names().current(channel))
    }

    /// Shows an event of a conversation.
    pub(super) fn show_entry(&mut self, entry: Entry) {
        if self.needs_link(&entry) {
            self.push_later(Later::File(entry.conversation.clone(), entry.n));
            self.held.begin(entry.conversation.clone());
        }
        if self.held.holds(&entry.conversation) {
            if !self.held.push(entry) {
                let text = "Too many events arrived before you had joined: connect again";
                self.end = Some(End::Because(text.to_owned()));
            }
            return;
        }
        let (Some(event), Some(me)) = (&entry.event, self.user.clone()) else { return };
        if entry.is_hidden || self.is_expected(event, &entry.conversation, &me) {
            return;
        }
        match &entry.conversation {
            Target::Channel(channel) if channel.is_everybody() => self.show_announcement(event),
            Target::Channel(channel) if self.channels.contains_key(channel) => {
                self.show_in_channel(&channel.clone(), &entry);
            }
            Target::Channel(channel) => {
                let begins = matches!(event.body, Body::Joined | Body::Created { .. }) && event.from == me;
                if begins {
                    self.held.begin(entry.conversation.clone());
                    self.push_later(Later::Joined(channel.clone()));
                }
            }
            Target::User(_) => self.show_message(&entry),
        }
    }

    /// Whether an event is a file that the client will see, and whose link is not known yet.
    fn needs_link(&self, entry: &Entry) -> bool {
        let is_shown = match &entry.conversation {
            Target::Channel(channel) => self.channels.contains_key(channel),
            Target::User(_) => true,
        };
        let event = entry.event.as_ref().filter(|event| matches!(event.body, Body::File { .. }));
        let is_known = |event: &Event<'_>| self.links.contains_key(&(event.conversation(), event.n));
        self.is_welcome && is_shown && !entry.is_hidden && event.is_some_and(|event| !is_known(event))
    }

    /// Whether the response to a command has shown this event, or will show it.
    fn is_expected(&mut self, event: &Event<'_>, conversation: &Target, me: &UserName) -> bool {
        if event.from != *me {
            return false;
        }
        if let Body::Message { id, .. } = &event.body
            && let Some(position) = self.own_messages.iter().position(|own| own == id)
        {
            self.own_messages.remove(position);
            return true;
        }
        let now_ms = clock::monotonic_ms();
        self.expected.retain(|expected| now_ms < expected.until_ms);
        let is_this =
            |expected: &Expected| expected.conversation == *conversation && expected.body == event.body;
        let position = self.expected.iter().position(is_this);
        let is_expected = position.is_some_and(|position| self.expected.remove(position).is_some());
        if is_expected {
            self.seen = Some((event.n, event.at));
        }
        is_expected
    }

    fn show_in_channel(&mut self, channel: &ChannelName, entry: &Entry) {
        let Some(event) = &entry.event else { return };
        match &event.body {
            Body::Joined | Body::Left | Body::Created { .. } => self.show_membership(channel, event),
            Body::Kicked(_) | Body::Banned(_) | Body::Unbanned(_) | Body::Invited(_) => {
                self.show_moderation(channel, event);
            }
            Body::Role(user, role) => self.show_role(channel, event, user, *role),
            Body::Set { .. } => self.show_settings(channel, event),
            Body::Message { .. }
            | Body::File { .. }
            | Body::Edited { .. }
            | Body::Deleted { .. }
            | Body::Reacted { .. }
            | Body::Unreacted { .. } => self.show_message(entry),
            Body::Redacted { .. }
            | Body::Declined
            | Body::Renamed(_)
            | Body::ChannelDeleted
            | Body::Unknown => {}
        }
    }

    /// Remembers the role of a member. Returns the role before.
    pub(super) fn set_rank(&mut self, channel: &ChannelName, user: &UserName, role: Role) -> Role {
        let Some(channel) = self.channels.get_mut(channel) else { return Role::Member };
        let before = match role {
            Role::Member => channel.ranks.remove(user),
            Role::Moderator | Role::Owner => channel.ranks.insert(user.clone(), role),
        };
        before.unwrap_or(Role::Member)
    }
}

/// The prefix of a member in lists of names.
pub(super) fn prefix(role: Role) -> &'static str {
    match role {
        Role::Owner => "@",
        Role::Moderator => "%",
        Role::Member => "",
    }
}

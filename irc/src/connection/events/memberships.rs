//! Events that change the members, roles and settings of a channel.

use common::channels::{ChannelInfo, Role};
use common::{Body, ChannelName, Event, Target, UserName};
use session::Entry;

use crate::connection::later::Later;
use crate::connection::{Channel, Connection, End, events::prefix};
use crate::limits::LIST_BYTES_MAX;
use crate::protocol::capabilities::Cap;
use crate::protocol::line::{Line, cut};
use crate::protocol::message_id::message_id;
use crate::protocol::numerics::Numeric;
use crate::protocol::text::packed;

impl Connection {
    /// Shows that the client is in a channel: JOIN, the topic and the names. The caller holds the events of
    /// the channel until then.
    pub(in crate::connection) async fn show_own_join(&mut self, info: ChannelInfo) -> Result<(), End> {
        let Some(me) = self.user.clone() else { return Ok(()) };
        let first = info.channel.clone();
        let shown = info.names.current(&first).clone();
        let members = self.members(&first).await?.unwrap_or_default();
        self.load_users(None).await?;
        let has_marks = self.caps.has(Cap::ReadMarker);
        let mark = if has_marks { self.known_mark(&Target::Channel(first.clone())).await? } else { None };
        let has_rank = |role: Role| role > Role::Member;
        let ranked = members.iter().filter(|member| has_rank(member.role));
        let channel = Channel {
            shown: shown.clone(),
            subject: info.subject.as_str().to_owned(),
            is_private: info.private,
            ranks: ranked.map(|member| (member.user.clone(), member.role)).collect(),
        };
        self.channels.insert(first.clone(), channel);
        self.note_channels();
        let line = self.join_line(self.own_line("JOIN"), &me, &shown);
        self.reply(line);
        if !info.subject.is_empty() {
            self.numeric(Numeric::Topic, &[shown.as_str(), &one_line(info.subject.as_str())]);
        }
        if has_marks {
            let line = self.mark_line(&Target::Channel(first), mark);
            self.reply(line);
        }
        let names = members.iter().map(|member| self.name_entry(&member.user, member.role)).collect();
        self.list_names(&shown, info.private, names);
        Ok(())
    }

    /// Updates the channels of this connection in `Shared`.
    pub(in crate::connection) fn note_channels(&self) {
        if let Some(user) = &self.user {
            self.shared.set_channels(user, self.id, self.channels.keys().cloned().collect());
        }
    }

    /// The JOIN of a user, with the account and the real name if the client requested them.
    pub(super) fn join_line(&self, line: Line, user: &UserName, shown: &ChannelName) -> Line {
        let line = line.param(shown.as_str());
        if self.caps.has(Cap::ExtendedJoin) {
            let account = self.shared.account(user).unwrap_or_else(|| "*".to_owned());
            line.param(account).param(self.real_name(user))
        } else {
            line
        }
    }

    /// The display name of a user, or the real name that the client of the user sent, or the name.
    pub(in crate::connection) fn real_name(&self, user: &UserName) -> String {
        let info = self.shared.user(user).filter(|info| !info.display_name.is_empty());
        let display_name = info.map(|info| info.display_name.as_str().to_owned());
        display_name.or_else(|| self.shared.real_name(user)).unwrap_or_else(|| self.shared.shown(user))
    }

    /// A member in the list of names.
    pub(in crate::connection) fn name_entry(&self, user: &UserName, role: Role) -> String {
        let name = if self.caps.has(Cap::UserhostInNames) {
            self.shared.source(user)
        } else {
            self.shared.shown(user)
        };
        format!("{}{name}", prefix(role))
    }

    /// RPL_NAMREPLY and RPL_ENDOFNAMES.
    pub(in crate::connection) fn list_names(
        &mut self,
        shown: &ChannelName,
        is_private: bool,
        names: Vec<String>,
    ) {
        let symbol = if is_private { "@" } else { "=" };
        for names in packed(names, ' ', LIST_BYTES_MAX) {
            self.numeric(Numeric::NameReply, &[symbol, shown.as_str(), &names]);
        }
        self.numeric(Numeric::EndOfNames, &[shown.as_str()]);
    }

    /// Shows a member who joined or left.
    pub(super) fn show_membership(&mut self, channel: &ChannelName, event: &Event<'_>) {
        if self.user.as_ref() == Some(&event.from) {
            return;
        }
        let shown = self.shown(channel);
        if event.body == Body::Left {
            self.set_rank(channel, &event.from, Role::Member);
            let line = self.line_of(event, "PART").param(shown.as_str());
            let reason = self.shared.remark(channel, &event.from, &event.from);
            return self.send(&reason.map_or(line.clone(), |reason| line.param(reason)));
        }
        let line = self.join_line(self.line_of(event, "JOIN"), &event.from, &shown);
        self.send(&line);
        if self.caps.has(Cap::AwayNotify)
            && let Some(text) = self.shared.away(&event.from)
        {
            self.send(&self.line_of(event, "AWAY").param(text));
        }
    }

    /// Shows what a member did to another user.
    pub(super) fn show_moderation(&mut self, channel: &ChannelName, event: &Event<'_>) {
        let shown = self.shown(channel);
        let mode = |mode: &str, user: &UserName| {
            self.line_of(event, "MODE").param(shown.as_str()).param(mode).param(format!("{user}!*@*"))
        };
        let kick = |user: &UserName| {
            let comment = self.shared.remark(channel, user, &event.from);
            let comment = comment.unwrap_or_else(|| self.shared.shown(&event.from));
            self.line_of(event, "KICK").param(shown.as_str()).param(self.shared.shown(user)).param(comment)
        };
        if let Body::Kicked(user) = &event.body {
            let line = kick(user);
            self.set_rank(channel, user, Role::Member);
            self.send(&line);
        } else if let Body::Banned(user) = &event.body {
            let lines = [mode("+b", user), kick(user)];
            self.set_rank(channel, user, Role::Member);
            lines.iter().for_each(|line| self.send(line));
        } else if let Body::Unbanned(user) = &event.body {
            let line = mode("-b", user);
            self.send(&line);
        } else if let Body::Invited(user) = &event.body
            && self.caps.has(Cap::InviteNotify)
        {
            let line = self.line_of(event, "INVITE").param(self.shared.shown(user));
            self.send(&line.param(shown.as_str()));
        }
    }

    /// Shows the new role of a member as a change of modes.
    pub(super) fn show_role(
        &mut self,
        channel: &ChannelName,
        event: &Event<'_>,
        user: &UserName,
        role: Role,
    ) {
        let before = self.set_rank(channel, user, role);
        let modes = modes_between(before, role);
        if modes.is_empty() {
            return;
        }
        let line = self.line_of(event, "MODE").param(self.shown(channel).as_str()).param(modes);
        let letters = modes.chars().filter(char::is_ascii_alphabetic).count();
        let line = (0..letters).fold(line, |line, _| line.param(self.shared.shown(user)));
        self.send(&line);
    }

    /// Shows a new subject, or whether the channel is private or archived.
    pub(super) fn show_settings(&mut self, channel: &ChannelName, event: &Event<'_>) {
        let Body::Set { subject, private, archived } = &event.body else { return };
        let shown = self.shown(channel);
        if let Some(subject) = subject {
            if let Some(channel) = self.channels.get_mut(channel) {
                subject.as_str().clone_into(&mut channel.subject);
            }
            let line = self.topic_line(event, &shown, subject.as_str());
            self.send(&line);
        }
        if let Some(private) = private {
            if let Some(channel) = self.channels.get_mut(channel) {
                channel.is_private = *private;
            }
            let modes = if *private { "+is" } else { "-is" };
            self.send(&self.line_of(event, "MODE").param(shown.as_str()).param(modes));
        }
        if let Some(archived) = archived {
            let text =
                if *archived { "archived this channel: it is read-only" } else { "restored this channel" };
            let line = self.server_line("NOTICE").param(shown.as_str());
            self.send(&line.param(format!("{} {text}", event.from)));
        }
    }

    /// A new subject, with the `msgid` of its event.
    pub(in crate::connection) fn topic_line(
        &self,
        event: &Event<'_>,
        shown: &ChannelName,
        subject: &str,
    ) -> Line {
        let line = self.line_of(event, "TOPIC").tag("msgid", message_id(&event.conversation(), event.n));
        line.param(shown.as_str()).param(one_line(subject))
    }

    /// Shows that the user is no longer in a channel.
    pub(super) fn show_membership_end(&mut self, entry: &Entry) {
        let (Target::Channel(channel), Some(event)) = (&entry.conversation, &entry.event) else { return };
        let Some(Channel { shown, .. }) = self.channels.remove(channel) else { return };
        self.note_channels();
        let Some(me) = &self.user else { return };
        if event.body == Body::Left {
            return self.send(&self.line_of(event, "PART").param(shown.as_str()));
        }
        let reason = if event.body == Body::ChannelDeleted {
            "The channel was deleted".to_owned()
        } else {
            let reason = self.shared.remark(channel, me, &event.from);
            reason.unwrap_or_else(|| self.shared.shown(&event.from))
        };
        let line = self.line_of(event, "KICK").param(shown.as_str()).param(self.nick()).param(reason);
        self.send(&line);
    }

    pub(in crate::connection) fn show_invitation(&mut self, entry: &Entry) {
        let Some(event) = &entry.event else { return };
        let line = self.line_of(event, "INVITE").param(self.nick());
        let line = line.param(self.shown_target(&entry.conversation));
        self.send(&line);
    }

    /// Replaces a renamed channel: the client leaves the old name and joins the new one.
    pub(super) fn show_new_name(&mut self, channel: &ChannelName) {
        let name = self.session.channel_names().current(channel);
        let Some(known) = self.channels.get_mut(channel) else { return };
        if known.shown == name {
            return;
        }
        let old = std::mem::replace(&mut known.shown, name.clone());
        let text = format!("The channel is now {name}");
        let line = self.own_line("PART").param(old.as_str()).param(text);
        self.send(&line);
        self.channels.remove(channel);
        self.held.begin(Target::Channel(channel.clone()));
        self.push_later(Later::Joined(channel.clone()));
    }
}

/// A subject in one line that fits into a line to a client.
pub(in crate::connection) fn one_line(subject: &str) -> String {
    cut(&subject.replace(['\r', '\n'], " "), LIST_BYTES_MAX).to_owned()
}

/// The change of modes that leads from one role to another.
fn modes_between(before: Role, after: Role) -> &'static str {
    match (before, after) {
        (Role::Member, Role::Moderator) => "+h",
        (Role::Member, Role::Owner) => "+o",
        (Role::Moderator, Role::Member) => "-h",
        (Role::Moderator, Role::Owner) => "+o-h",
        (Role::Owner, Role::Member) => "-o",
        (Role::Owner, Role::Moderator) => "-o+h",
        (Role::Member, Role::Member) | (Role::Moderator, Role::Moderator) | (Role::Owner, Role::Owner) => "",
    }
}

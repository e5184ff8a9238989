//! JOIN, PART, TOPIC, INVITE and KICK.

use common::channels::{OneMember, Role, SetChannel};
use common::methods::{ChannelInvite, ChannelKick, ChannelSet};
use common::{Body, ChannelName, Detail, Error, Reason, Subject, Target, UserName};
use session::{Answer, Command};

use crate::connection::events::one_line;
use crate::connection::{Connection, End};
use crate::limits::KICK_BYTES_MAX;
use crate::protocol::line::cut;
use crate::protocol::message::Message;
use crate::protocol::numerics::Numeric;

impl Connection {
    pub(super) async fn join(&mut self, message: &Message) -> Result<(), End> {
        let names = message.param(0).unwrap_or_default();
        if names == "0" {
            let own: Vec<_> = self.channels.keys().cloned().collect();
            for channel in own {
                self.leave(&channel, None).await?;
            }
            return Ok(());
        }
        for name in names.split(',').filter(|name| !name.is_empty()) {
            self.join_one(name).await?;
        }
        Ok(())
    }

    async fn join_one(&mut self, name: &str) -> Result<(), End> {
        let Some(channel) = self.channel_named(name) else {
            let is_channel = name.starts_with('#');
            self.numeric(if is_channel { Numeric::BadChannelName } else { Numeric::NoSuchChannel }, &[name]);
            return Ok(());
        };
        if self.channels.contains_key(&channel) {
            return Ok(());
        }
        self.held.begin(Target::Channel(channel.clone()));
        let mut outcome = self.command(Command::Join(channel.clone())).await?;
        if reason_of(&outcome) == Some(Reason::NoSuchChannel) {
            let create = Command::Create { channel: channel.clone(), private: false };
            outcome = self.command(create).await?;
            // Another user can have created the channel since then.
            if reason_of(&outcome) == Some(Reason::NameTaken)
                && let Ok(joined) = self.command(Command::Join(channel.clone())).await?
            {
                outcome = Ok(joined);
            }
        }
        match outcome {
            Ok(Answer::Joined(joined)) => {
                self.held.begin(Target::Channel(joined.channel.clone()));
                if let Some(info) = self.channel_info(&joined.channel).await? {
                    self.show_own_join(info).await?;
                }
            }
            Ok(_other_answer) => {}
            Err(error) => match error.reason() {
                // The name belongs to a private channel, which only invited users can see.
                Some(Reason::NameTaken) => self.numeric(Numeric::InviteOnly, &[name]),
                Some(Reason::Banned) => self.numeric(Numeric::BannedFromChannel, &[name]),
                Some(Reason::TooManyChannels) => self.numeric(Numeric::TooManyChannels, &[name]),
                Some(_) | None => self.fail_with("JOIN", &[name], &error),
            },
        }
        Ok(())
    }

    pub(super) async fn part(&mut self, message: &Message) -> Result<(), End> {
        for name in message.param(0).unwrap_or_default().split(',') {
            if let Some(channel) = self.own_channel(name).await? {
                self.leave(&channel, message.filled(1)).await?;
            }
        }
        Ok(())
    }

    async fn leave(&mut self, channel: &ChannelName, reason: Option<&str>) -> Result<(), End> {
        let Some(me) = self.user.clone() else { return Ok(()) };
        let shown = self.shown(channel);
        if let Some(reason) = reason {
            self.shared.set_remark(channel, &me, &me, reason);
        }
        match self.command(Command::Leave(channel.clone())).await? {
            Ok(_left) => {
                self.channels.remove(channel);
                self.note_channels();
                let line = self.own_line("PART").param(shown.as_str());
                let line = reason.map_or(line.clone(), |reason| line.param(reason));
                self.reply(line);
            }
            Err(error) => {
                self.shared.forget_remark(channel, &me, &me);
                self.fail_with("PART", &[shown.as_str()], &error);
            }
        }
        Ok(())
    }

    pub(super) async fn topic(&mut self, message: &Message) -> Result<(), End> {
        let name = message.param(0).unwrap_or_default();
        let Some(subject) = message.param(1) else { return self.show_topic(name).await };
        let Some(channel) = self.own_channel(name).await? else { return Ok(()) };
        let shown = self.shown(&channel);
        let subject = match Subject::new(subject) {
            Ok(subject) => subject.into_owned(),
            Err(detail) => {
                self.fail_with("TOPIC", &[name], &detail.into());
                return Ok(());
            }
        };
        let body = Body::Set { subject: Some(subject.clone()), private: None, archived: None };
        let set = subject.clone();
        let params = {
            let channel = channel.clone();
            |token| SetChannel { token, channel, subject: Some(set), private: None }
        };
        let is_new = self.channels.get(&channel).is_some_and(|known| known.subject != subject.as_str());
        let target = Target::Channel(channel.clone());
        match self.act::<ChannelSet>(&target, body, params).await? {
            Ok(_done) => {
                if let Some(channel) = self.channels.get_mut(&channel) {
                    subject.as_str().clone_into(&mut channel.subject);
                }
                let seen = if is_new { self.seen_event().await? } else { None };
                let line = self.own_line_of("TOPIC", &target, seen).param(shown.as_str());
                self.reply(line.param(one_line(subject.as_str())));
            }
            Err(error) => self.refuse("TOPIC", &shown, &error),
        }
        Ok(())
    }

    async fn show_topic(&mut self, name: &str) -> Result<(), End> {
        let Some(channel) = self.channel_named(name) else {
            self.numeric(Numeric::NoSuchChannel, &[name]);
            return Ok(());
        };
        let subject = match self.channels.get(&channel) {
            Some(own) => Some(own.subject.clone()),
            None => self.channel_info(&channel).await?.map(|info| info.subject.as_str().to_owned()),
        };
        match subject {
            None => self.numeric(Numeric::NoSuchChannel, &[name]),
            Some(subject) if subject.is_empty() => self.numeric(Numeric::NoTopic, &[name]),
            Some(subject) => self.numeric(Numeric::Topic, &[name, &one_line(&subject)]),
        }
        Ok(())
    }

    pub(super) async fn invite(&mut self, message: &Message) -> Result<(), End> {
        let (Some(nick), Some(name)) = (message.filled(0), message.filled(1)) else {
            self.numeric(Numeric::NeedMoreParams, &["INVITE"]);
            return Ok(());
        };
        let Some(user) = self.existing_user(nick).await? else { return Ok(()) };
        let Some(channel) = self.own_channel(name).await? else { return Ok(()) };
        let members = self.members(&channel).await?.unwrap_or_default();
        if members.iter().any(|member| member.user == user) {
            self.numeric(Numeric::UserOnChannel, &[&self.shared.shown(&user), name]);
            return Ok(());
        }
        let shown = self.shown(&channel);
        let params = {
            let (channel, user) = (channel.clone(), user.clone());
            |token| OneMember { token, channel, user }
        };
        let target = Target::Channel(channel);
        match self.act::<ChannelInvite>(&target, Body::Invited(user.clone()), params).await? {
            Ok(_done) => {
                let nick = self.shared.shown(&user);
                self.numeric(Numeric::Inviting, &[&nick, shown.as_str()]);
                if let Some(text) = self.shared.away(&user) {
                    self.numeric(Numeric::Away, &[&nick, &text]);
                }
            }
            Err(error) => self.refuse("INVITE", &shown, &error),
        }
        Ok(())
    }

    pub(super) async fn kick(&mut self, message: &Message) -> Result<(), End> {
        let (names, nicks) = (message.param(0).unwrap_or_default(), message.param(1).unwrap_or_default());
        let comment = message.filled(2);
        let mut names = names.split(',');
        let mut name = names.next().unwrap_or_default();
        for nick in nicks.split(',').filter(|nick| !nick.is_empty()) {
            self.kick_one(name, nick, comment).await?;
            name = names.next().unwrap_or(name);
        }
        Ok(())
    }

    async fn kick_one(&mut self, name: &str, nick: &str, comment: Option<&str>) -> Result<(), End> {
        let Some(channel) = self.own_channel(name).await? else { return Ok(()) };
        let Ok(user) = UserName::new(nick) else {
            self.numeric(Numeric::NoSuchNick, &[nick]);
            return Ok(());
        };
        let shown = self.shown(&channel);
        let Some(me) = self.user.clone() else { return Ok(()) };
        let comment = comment.map_or_else(|| self.nick(), |text| cut(text, KICK_BYTES_MAX).to_owned());
        // The event can arrive before the reply. A request that fails has no event.
        self.shared.set_remark(&channel, &user, &me, &comment);
        let params = {
            let (channel, user) = (channel.clone(), user.clone());
            |token| OneMember { token, channel, user }
        };
        let target = Target::Channel(channel.clone());
        let outcome = self.act::<ChannelKick>(&target, Body::Kicked(user.clone()), params).await?;
        if outcome.is_err() {
            self.shared.forget_remark(&channel, &user, &me);
        }
        match outcome {
            Ok(_done) => {
                self.set_rank(&channel, &user, Role::Member);
                let line = self.own_line("KICK").param(shown.as_str()).param(self.shared.shown(&user));
                self.reply(line.param(comment));
            }
            Err(error) => match error.reason() {
                Some(Reason::NoSuchUser) => self.numeric(Numeric::NoSuchNick, &[nick]),
                Some(Reason::NoSuchMember) => self.numeric(Numeric::NotInChannel, &[nick, shown.as_str()]),
                Some(_) | None => self.refuse("KICK", &shown, &error),
            },
        }
        Ok(())
    }

    /// Replies with the numeric for an error about a channel.
    pub(super) fn refuse(&mut self, command: &str, channel: &ChannelName, error: &Error) {
        let shown = channel.as_str();
        match error.detail() {
            Some(Detail::NotAllowed { .. }) => self.numeric(Numeric::NotOperator, &[shown]),
            Some(Detail::NotMember { .. }) => self.numeric(Numeric::NotOnChannel, &[shown]),
            Some(Detail::NoSuchChannel { .. }) => self.numeric(Numeric::NoSuchChannel, &[shown]),
            Some(_) | None => self.fail_with(command, &[shown], error),
        }
    }
}

fn reason_of(outcome: &Result<Answer, Error>) -> Option<Reason> {
    outcome.as_ref().err().and_then(Error::reason)
}

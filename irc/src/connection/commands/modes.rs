//! MODE: roles, bans, and whether a channel is private.

use common::channels::ListInChannel;
use common::channels::{GiveRole, OneMember, Role, SetChannel};
use common::methods::{ChannelBan, ChannelBans, ChannelRole, ChannelSet, ChannelUnban};
use common::{Body, ChannelName, Reason, Target, UserName};

use crate::connection::{Connection, End};
use crate::protocol::masks::banned_user;
use crate::protocol::message::Message;
use crate::protocol::numerics::Numeric;
use crate::shared::UserModes;

/// The maximum number of changes in one line: `MODES` of ISUPPORT.
pub(in crate::connection) const CHANGES_MAX: usize = 4;

impl Connection {
    pub(super) async fn mode(&mut self, message: &Message) -> Result<(), End> {
        let name = message.param(0).unwrap_or_default();
        if !name.starts_with('#') {
            self.user_mode(name, message.param(1));
            return Ok(());
        }
        let Some(channel) = self.channel_named(name) else {
            self.numeric(Numeric::NoSuchChannel, &[name]);
            return Ok(());
        };
        let Some(modes) = message.filled(1) else { return self.show_modes(name, &channel).await };
        if matches!(modes, "b" | "+b") && message.filled(2).is_none() {
            return self.list_bans(name, &channel).await;
        }
        let Some(channel) = self.own_channel(name).await? else { return Ok(()) };
        let mut params = message.params.iter().skip(2).map(String::as_str);
        let (mut is_on, mut changes) = (true, 0);
        for mode in modes.chars() {
            match mode {
                '+' | '-' => is_on = mode == '+',
                'o' | 'h' | 'b' if changes < CHANGES_MAX => {
                    changes += 1;
                    match params.next() {
                        Some(param) => self.change(&channel, is_on, mode, param).await?,
                        None if mode == 'b' => self.list_bans(name, &channel).await?,
                        None => self.numeric(Numeric::NeedMoreParams, &["MODE"]),
                    }
                }
                'i' | 's' if changes < CHANGES_MAX => {
                    changes += 1;
                    self.set_private(&channel, is_on, mode).await?;
                }
                'o' | 'h' | 'b' | 'i' | 's' => {}
                'n' | 't' => {}
                unknown => self.numeric(Numeric::UnknownMode, &[&unknown.to_string()]),
            }
        }
        Ok(())
    }

    fn user_mode(&mut self, name: &str, modes: Option<&str>) {
        if UserName::new(name).ok() != self.user {
            let is_user = UserName::new(name).is_ok_and(|user| self.shared.user(&user).is_some());
            let numeric = if is_user { Numeric::UsersDiffer } else { Numeric::NoSuchNick };
            return if is_user { self.numeric(numeric, &[]) } else { self.numeric(numeric, &[name]) };
        }
        match modes {
            None => {
                let own = self.user_modes();
                self.numeric(Numeric::UserModeIs, &[&own]);
            }
            Some(modes) if modes.chars().all(|mode| "+-Biosw".contains(mode)) => self.set_user_modes(modes),
            Some(_) => self.numeric(Numeric::UnknownUserMode, &[]),
        }
    }

    /// The modes of the user, such as `+iw`.
    fn user_modes(&self) -> String {
        let modes = self.user.as_ref().map(|user| self.shared.modes(user)).unwrap_or_default();
        let all = [('B', modes.bot), ('i', modes.invisible), ('o', self.is_operator), ('w', modes.wallops)];
        let own = all.into_iter().filter(|(_, is_on)| *is_on).map(|(mode, _)| mode);
        std::iter::once('+').chain(own).collect()
    }

    /// Sets `B`, `i` and `w`. Only OPER sets `o`.
    fn set_user_modes(&mut self, changes: &str) {
        let Some(user) = self.user.clone() else { return };
        let before = self.shared.modes(&user);
        let (mut after, mut is_on) = (before, true);
        for change in changes.chars() {
            match change {
                '+' | '-' => is_on = change == '+',
                'B' => after.bot = is_on,
                'i' => after.invisible = is_on,
                'w' => after.wallops = is_on,
                _of_operators => {}
            }
        }
        self.shared.set_modes(&user, after);
        let line = mode_changes(before, after);
        if !line.is_empty() {
            let line = self.own_line("MODE").param(self.nick()).param(line);
            self.reply(line);
        }
    }

    async fn show_modes(&mut self, name: &str, channel: &ChannelName) -> Result<(), End> {
        let is_private = match self.channels.get(channel) {
            Some(own) => Some(own.is_private),
            None => self.channel_info(channel).await?.map(|info| info.private),
        };
        match is_private {
            Some(true) => self.numeric(Numeric::ChannelModeIs, &[name, "+inst"]),
            Some(false) => self.numeric(Numeric::ChannelModeIs, &[name, "+nt"]),
            None => self.numeric(Numeric::NoSuchChannel, &[name]),
        }
        Ok(())
    }

    async fn list_bans(&mut self, name: &str, channel: &ChannelName) -> Result<(), End> {
        let of = channel.clone();
        let bans =
            self.list::<ChannelBans>(|token| ListInChannel { token, channel: of, after: None }).await?;
        for ban in bans.unwrap_or_default() {
            self.make_room().await?;
            let mask = format!("{}!*@*", ban.user);
            let by = ban.banned.by.map_or_else(|| self.shared.settings.name.clone(), |by| by.to_string());
            let at = ban.banned.at.map_or(0, |at| at / 1_000).to_string();
            self.numeric(Numeric::BanList, &[name, &mask, &by, &at]);
        }
        self.numeric(Numeric::EndOfBanList, &[name]);
        Ok(())
    }

    async fn change(
        &mut self,
        channel: &ChannelName,
        is_on: bool,
        mode: char,
        param: &str,
    ) -> Result<(), End> {
        if mode == 'b' {
            return self.change_ban(channel, is_on, param).await;
        }
        let Some(user) = self.existing_user(param).await? else { return Ok(()) };
        let ranks = self.channels.get(channel).map(|channel| &channel.ranks);
        let before = ranks.and_then(|ranks| ranks.get(&user)).copied().unwrap_or(Role::Member);
        let Some(role) = role_after(before, mode, is_on) else { return Ok(()) };
        let shown = self.shown(channel);
        let params = {
            let (channel, user) = (channel.clone(), user.clone());
            |token| GiveRole { token, channel, user, role }
        };
        let target = Target::Channel(channel.clone());
        match self.act::<ChannelRole>(&target, Body::Role(user.clone(), role), params).await? {
            Ok(_done) => {
                self.set_rank(channel, &user, role);
                let sign = if is_on { '+' } else { '-' };
                let line = self.own_line("MODE").param(shown.as_str()).param(format!("{sign}{mode}"));
                self.reply(line.param(self.shared.shown(&user)));
            }
            Err(error) if error.reason() == Some(Reason::NoSuchMember) => {
                self.numeric(Numeric::NotInChannel, &[&self.shared.shown(&user), shown.as_str()]);
            }
            Err(error) => self.refuse("MODE", &shown, &error),
        }
        Ok(())
    }

    async fn change_ban(&mut self, channel: &ChannelName, is_on: bool, mask: &str) -> Result<(), End> {
        let shown = self.shown(channel);
        let Some(user) = banned_user(mask) else {
            self.numeric(Numeric::InvalidModeParam, &[shown.as_str(), "b", mask, Numeric::BadMask.text()]);
            return Ok(());
        };
        let params = {
            let (channel, user) = (channel.clone(), user.clone());
            |token| OneMember { token, channel, user }
        };
        let members = if is_on { self.members(channel).await?.unwrap_or_default() } else { Vec::new() };
        let is_member = members.iter().any(|member| member.user == user);
        let target = Target::Channel(channel.clone());
        let outcome = match is_on {
            true => self.act::<ChannelBan>(&target, Body::Banned(user.clone()), params).await?,
            false => self.act::<ChannelUnban>(&target, Body::Unbanned(user.clone()), params).await?,
        };
        match outcome {
            Ok(_done) => {
                let mode = if is_on { "+b" } else { "-b" };
                let line = self.own_line("MODE").param(shown.as_str()).param(mode);
                self.reply(line.param(format!("{user}!*@*")));
                if is_member {
                    self.set_rank(channel, &user, Role::Member);
                    let line = self.own_line("KICK").param(shown.as_str()).param(self.shared.shown(&user));
                    self.reply(line.param(self.nick()));
                }
            }
            Err(error) if error.reason() == Some(Reason::NoSuchUser) => {
                self.numeric(Numeric::NoSuchNick, &[user.as_str()]);
            }
            Err(error) => self.refuse("MODE", &shown, &error),
        }
        Ok(())
    }

    async fn set_private(&mut self, channel: &ChannelName, is_on: bool, mode: char) -> Result<(), End> {
        let shown = self.shown(channel);
        if self.channels.get(channel).is_some_and(|channel| channel.is_private == is_on) {
            return Ok(());
        }
        let body = Body::Set { subject: None, private: Some(is_on), archived: None };
        let params = {
            let channel = channel.clone();
            move |token| SetChannel { token, channel, subject: None, private: Some(is_on) }
        };
        match self.act::<ChannelSet>(&Target::Channel(channel.clone()), body, params).await? {
            Ok(_done) => {
                if let Some(channel) = self.channels.get_mut(channel) {
                    channel.is_private = is_on;
                }
                let sign = if is_on { '+' } else { '-' };
                let line = self.own_line("MODE").param(shown.as_str());
                self.reply(line.param(format!("{sign}{mode}")));
            }
            Err(error) => self.refuse("MODE", &shown, &error),
        }
        Ok(())
    }
}

/// The changes that lead from one set of modes to another, such as `+B-w`.
fn mode_changes(before: UserModes, after: UserModes) -> String {
    let modes = [
        ('B', before.bot, after.bot),
        ('i', before.invisible, after.invisible),
        ('w', before.wallops, after.wallops),
    ];
    let changed =
        |is_on| modes.into_iter().filter(move |(_, before, after)| before != after && *after == is_on);
    let letters = |is_on| changed(is_on).map(|(mode, ..)| mode).collect::<String>();
    let part = |sign, letters: String| if letters.is_empty() { letters } else { format!("{sign}{letters}") };
    format!("{}{}", part('+', letters(true)), part('-', letters(false)))
}

/// The role of a member after a change of `o` or `h`. `None` if the change does not apply to the role: a
/// member has only its highest mode.
fn role_after(before: Role, mode: char, is_on: bool) -> Option<Role> {
    match (mode, is_on, before) {
        ('o', true, Role::Member | Role::Moderator) => Some(Role::Owner),
        ('o', false, Role::Owner) | ('h', false, Role::Moderator) => Some(Role::Member),
        ('h', true, Role::Member) => Some(Role::Moderator),
        _other => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_changes_of_modes_have_their_signs() {
        let modes = |bot, invisible, wallops| UserModes { bot, invisible, wallops };
        let none = modes(false, false, false);
        assert_eq!(mode_changes(none, modes(true, true, false)), "+Bi");
        assert_eq!(mode_changes(modes(true, false, true), modes(false, true, true)), "+i-B");
        assert_eq!(mode_changes(none, none), "");
    }

    #[test]
    fn a_mode_changes_only_the_role_that_it_names() {
        use Role::{Member, Moderator, Owner};
        for (before, change, after) in [
            (Member, "+h", Some(Moderator)),
            (Member, "+o", Some(Owner)),
            (Member, "-h", None),
            (Member, "-o", None),
            (Moderator, "+h", None),
            (Moderator, "+o", Some(Owner)),
            (Moderator, "-h", Some(Member)),
            (Moderator, "-o", None),
            (Owner, "+h", None),
            (Owner, "+o", None),
            (Owner, "-h", None),
            (Owner, "-o", Some(Member)),
        ] {
            let mode = change.chars().last().expect("a mode");
            assert_eq!(role_after(before, mode, change.starts_with('+')), after, "{before:?} {change}");
        }
    }
}

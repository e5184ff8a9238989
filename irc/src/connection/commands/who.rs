//! WHO, WHOIS and WHOWAS.

use common::accounts::UserInfo;
use common::channels::Role;
use common::presence::State;
use common::{ChannelName, UserName};
use transport::clock;

use crate::connection::events::prefix;
use crate::connection::respond::HOST;
use crate::connection::{Connection, End};
use crate::limits::{LIST_BYTES_MAX, USERS_PER_LINE};
use crate::protocol::masks::{Mask, is_mask};
use crate::protocol::message::Message;
use crate::protocol::numerics::Numeric;
use crate::protocol::text::packed;
use crate::shared::is_spelling;

/// The maximum number of channels of the client whose members WHOIS reads.
const CHANNELS_SEARCHED_MAX: usize = 20;

impl Connection {
    pub(super) async fn who(&mut self, message: &Message) -> Result<(), End> {
        let mask = message.filled(0).unwrap_or("*").to_owned();
        let fields = message.param(1).and_then(|options| options.split_once('%').map(|(_, fields)| fields));
        self.load_users(None).await?;
        if mask.starts_with('#') {
            self.who_is_in(&mask, fields).await?;
        } else {
            if let Ok(user) = UserName::new(&mask) {
                self.load_users(Some(&user)).await?;
            }
            let is_here = |info: &UserInfo| matches!(info.state, Some(State::Online | State::Away));
            let pattern = Mask::new(&mask);
            let me = self.user.clone();
            let mut compared = 0;
            // The mode +i hides a user from masks, but not from members of a common channel.
            let is_hidden = |user: &UserName| {
                let is_stranger = |me| me != user && !self.shared.shares_channel(me, self.id, user);
                is_mask(&mask) && self.shared.modes(user).invisible && me.as_ref().is_some_and(is_stranger)
            };
            let named = |info: &UserInfo| {
                mask == "0"
                    || pattern.matches(info.user.as_str())
                    || pattern.matches(&self.shared.source(&info.user))
            };
            let users = self.shared.users(|info| {
                compared += 1;
                let is_same = is_spelling(&info.user, &mask);
                named(info) && (is_here(info) || is_same) && !is_hidden(&info.user)
            });
            self.line_rate.take(compared / USERS_PER_LINE, clock::monotonic_ms());
            for info in users {
                self.make_room().await?;
                self.who_reply(None, &info, Role::Member, fields);
            }
        }
        self.numeric(Numeric::EndOfWho, &[&mask]);
        Ok(())
    }

    async fn who_is_in(&mut self, name: &str, fields: Option<&str>) -> Result<(), End> {
        let Some(channel) = self.channel_named(name).filter(|channel| self.channels.contains_key(channel))
        else {
            return Ok(());
        };
        let shown = self.shown(&channel);
        for member in self.members(&channel).await?.unwrap_or_default() {
            self.load_users(Some(&member.user)).await?;
            if let Some(info) = self.shared.user(&member.user) {
                self.make_room().await?;
                self.who_reply(Some(&shown), &info, member.role, fields);
            }
        }
        Ok(())
    }

    fn who_reply(
        &mut self,
        channel: Option<&ChannelName>,
        info: &UserInfo,
        role: Role,
        fields: Option<&str>,
    ) {
        let shown = self.shared.shown(&info.user);
        let user = shown.as_str();
        let away = if self.away_text(&info.user).is_some() { "G" } else { "H" };
        let is_operator = self.shared.is_operator(&info.user);
        let bot = if self.shared.is_bot(&info.user) { "B" } else { "" };
        let flags = format!("{away}{}{}{bot}", if is_operator { "*" } else { "" }, prefix(role));
        let (channel, real_name) = (channel.map_or("*", ChannelName::as_str), self.real_name(&info.user));
        let (ident, account) = (self.shared.ident(&info.user), self.shared.account(&info.user));
        let name = self.shared.settings.name.clone();
        let Some(fields) = fields else {
            let text = format!("0 {real_name}");
            return self.numeric(Numeric::WhoReply, &[channel, &ident, HOST, &name, user, &flags, &text]);
        };
        let (fields, token) = fields.split_once(',').unwrap_or((fields, "0"));
        let values = [
            ('t', token),
            ('c', channel),
            ('u', &ident),
            ('i', "255.255.255.255"),
            ('h', HOST),
            ('s', &name),
            ('n', user),
            ('f', &flags),
            ('d', "0"),
            ('l', "0"),
            ('a', account.as_deref().unwrap_or("0")),
            ('o', "n/a"),
            ('r', &real_name),
        ];
        let wanted: Vec<_> =
            values.iter().filter(|(field, _)| fields.contains(*field)).map(|(_, value)| *value).collect();
        self.numeric(Numeric::WhoxReply, &wanted);
    }

    pub(super) async fn whois(&mut self, message: &Message) -> Result<(), End> {
        let masks = message.param(1).or(message.param(0)).unwrap_or_default();
        for nick in masks.split(',').take(1) {
            self.whois_one(nick).await?;
            self.numeric(Numeric::EndOfWhois, &[nick]);
        }
        Ok(())
    }

    async fn whois_one(&mut self, nick: &str) -> Result<(), End> {
        let Some(user) = self.existing_user(nick).await? else { return Ok(()) };
        let (name, real_name) = (self.shared.settings.name.clone(), self.real_name(&user));
        let shown = self.shared.shown(&user);
        let user_text = shown.as_str();
        let ident = self.shared.ident(&user);
        self.numeric(Numeric::WhoisUser, &[user_text, &ident, HOST, "*", &real_name]);
        let channels = self.shared_channels(&user).await?;
        for line in packed(channels, ' ', LIST_BYTES_MAX) {
            self.numeric(Numeric::WhoisChannels, &[user_text, &line]);
        }
        let description = self.shared.settings.description.clone();
        self.numeric(Numeric::WhoisServer, &[user_text, &name, &description]);
        let is_self = self.user.as_ref() == Some(&user);
        if self.shared.is_operator(&user) {
            self.numeric(Numeric::WhoisOperator, &[user_text]);
        }
        if self.shared.is_bot(&user) {
            self.numeric(Numeric::WhoisBot, &[user_text]);
        }
        if let Some(text) = self.away_text(&user) {
            self.numeric(Numeric::Away, &[user_text, &text]);
        }
        if let Some(account) = self.shared.account(&user) {
            self.numeric(Numeric::WhoisAccount, &[user_text, &account]);
        }
        if is_self {
            let idle = clock::monotonic_ms().saturating_sub(self.spoke_ms) / 1_000;
            let (idle, signon) = (idle.to_string(), (self.signon_ms / 1_000).to_string());
            self.numeric(Numeric::WhoisIdle, &[user_text, &idle, &signon]);
        }
        Ok(())
    }

    /// The channels of the client that another user is in, with the prefixes of the user.
    async fn shared_channels(&mut self, user: &UserName) -> Result<Vec<String>, End> {
        let own: Vec<_> = self.channels.keys().take(CHANNELS_SEARCHED_MAX).cloned().collect();
        let mut shared = Vec::new();
        for channel in own {
            let members = self.members(&channel).await?.unwrap_or_default();
            if let Some(member) = members.iter().find(|member| member.user == *user) {
                shared.push(format!("{}{}", prefix(member.role), self.shown(&channel)));
            }
        }
        Ok(shared)
    }

    /// WHOWAS: accounts persist, so the data of an offline user is the data of the account.
    pub(super) async fn whowas(&mut self, message: &Message) -> Result<(), End> {
        let nick = message.param(0).unwrap_or_default();
        if nick.is_empty() {
            self.numeric(Numeric::NoNickname, &[]);
            return Ok(());
        }
        if let Ok(user) = UserName::new(nick) {
            self.load_users(Some(&user)).await?;
        }
        let user = UserName::new(nick).ok().filter(|user| self.shared.user(user).is_some());
        match user {
            Some(user) => {
                let count = message.param(1).and_then(|count| count.parse().ok()).filter(|count| *count > 0);
                self.list_past_faces(&user, count.unwrap_or(usize::MAX));
            }
            None => self.numeric(Numeric::WasNoSuchNick, &[nick]),
        }
        self.numeric(Numeric::EndOfWhowas, &[nick]);
        Ok(())
    }

    /// Lists at most `count` former connections of a user; without one, the data of the account.
    fn list_past_faces(&mut self, user: &UserName, count: usize) {
        let (name, shown) = (self.shared.settings.name.clone(), self.shared.shown(user));
        let past = self.shared.past_faces(user).into_iter().take(count);
        let mut faces: Vec<_> = past.map(|face| (face.ident, face.real_name)).collect();
        if faces.is_empty() {
            faces.push((self.shared.ident(user), self.real_name(user)));
        }
        let description = self.shared.settings.description.clone();
        for (ident, real_name) in faces {
            self.numeric(Numeric::WhowasUser, &[&shown, &ident, HOST, "*", &real_name]);
            self.numeric(Numeric::WhoisServer, &[&shown, &name, &description]);
        }
    }
}

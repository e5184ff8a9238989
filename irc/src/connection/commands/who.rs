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
use crate::protocol::masks::Mask;
use crate::protocol::message::Message;
use crate::protocol::numerics::Numeric;
use crate::protocol::text::packed;

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
            let mut compared = 0;
            let named = |info: &UserInfo| {
                mask == "0"
                    || pattern.matches(info.user.as_str())
                    || pattern.matches(&self.shared.source(&info.user))
            };
            let users = self.shared.users(|info| {
                compared += 1;
                named(info) && (is_here(info) || info.user.as_str() == mask)
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
        let user = info.user.as_str();
        let away = if self.away_text(&info.user).is_some() { "G" } else { "H" };
        let is_operator = self.is_operator && self.user.as_ref() == Some(&info.user);
        let bot = if info.bot { "B" } else { "" };
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
        let Some(info) = self.shared.user(&user) else { return Ok(()) };
        let (name, real_name) = (self.shared.settings.name.clone(), self.real_name(&user));
        let user_text = user.as_str();
        let ident = self.shared.ident(&user);
        self.numeric(Numeric::WhoisUser, &[user_text, &ident, HOST, "*", &real_name]);
        let channels = self.shared_channels(&user).await?;
        for line in packed(channels, ' ', LIST_BYTES_MAX) {
            self.numeric(Numeric::WhoisChannels, &[user_text, &line]);
        }
        self.numeric(Numeric::WhoisServer, &[user_text, &name, "papo"]);
        let is_self = self.user.as_ref() == Some(&user);
        if is_self && self.is_operator {
            self.numeric(Numeric::WhoisOperator, &[user_text]);
        }
        if info.bot {
            self.numeric(Numeric::WhoisBot, &[user_text]);
        }
        if let Some(text) = self.away_text(&user) {
            self.numeric(Numeric::Away, &[user_text, &text]);
        }
        if self.shared.account(&user).is_some() {
            self.numeric(Numeric::WhoisAccount, &[user_text, user_text]);
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
                let (name, real_name) = (self.shared.settings.name.clone(), self.real_name(&user));
                self.numeric(
                    Numeric::WhowasUser,
                    &[user.as_str(), &self.shared.ident(&user), HOST, "*", &real_name],
                );
                self.numeric(Numeric::WhoisServer, &[user.as_str(), &name, "papo"]);
            }
            None => self.numeric(Numeric::WasNoSuchNick, &[nick]),
        }
        self.numeric(Numeric::EndOfWhowas, &[nick]);
        Ok(())
    }
}

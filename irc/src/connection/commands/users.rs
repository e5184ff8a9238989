//! AWAY, ISON, USERHOST and SETNAME.

use common::accounts::SetUser;
use common::methods::UserSet;
use common::presence::State;
use common::{DisplayName, UserName};
use session::{Command, PresenceMode};

use crate::connection::respond::HOST;
use crate::connection::{Connection, End};
use crate::limits::AWAY_BYTES_MAX;
use crate::protocol::line::cut;
use crate::protocol::message::Message;
use crate::protocol::numerics::Numeric;

impl Connection {
    pub(super) async fn away(&mut self, message: &Message) -> Result<(), End> {
        let Some(user) = self.user.clone() else { return Ok(()) };
        let text = message.filled(0).map(|text| cut(text, AWAY_BYTES_MAX).to_owned());
        let is_away = text.is_some();
        let mode = if is_away { PresenceMode::Away } else { PresenceMode::Always };
        let _reported = self.command(Command::SetPresence(mode)).await?;
        self.shared.set_state(&user, if is_away { State::Away } else { State::Online });
        self.shared.set_away(&user, text);
        self.numeric(if is_away { Numeric::NowAway } else { Numeric::UnAway }, &[]);
        Ok(())
    }

    /// The users of a command whose parameters are names, and who are online or away.
    async fn present(&mut self, message: &Message) -> Result<Vec<(UserName, bool)>, End> {
        self.load_users(None).await?;
        let mut present = Vec::new();
        for name in message.params.iter().flat_map(|param| param.split(' ')) {
            let Ok(user) = UserName::new(name) else { continue };
            self.load_users(Some(&user)).await?;
            let state = self.shared.user(&user).and_then(|info| info.state);
            if matches!(state, Some(State::Online | State::Away)) {
                let is_away = self.shared.away(&user).is_some();
                present.push((user, is_away));
            }
        }
        Ok(present)
    }

    pub(super) async fn is_on(&mut self, message: &Message) -> Result<(), End> {
        let present = self.present(message).await?;
        let names: Vec<_> = present.into_iter().map(|(user, _)| user.to_string()).collect();
        self.numeric(Numeric::IsOn, &[&names.join(" ")]);
        Ok(())
    }

    pub(super) async fn user_host(&mut self, message: &Message) -> Result<(), End> {
        let present = self.present(message).await?;
        let entries = present.into_iter().take(5).map(|(user, is_away)| {
            let (sign, ident) = (if is_away { '-' } else { '+' }, self.shared.ident(&user));
            format!("{user}={sign}{ident}@{HOST}")
        });
        let entries: Vec<_> = entries.collect();
        self.numeric(Numeric::UserHost, &[&entries.join(" ")]);
        Ok(())
    }

    /// SETNAME sets the display name.
    pub(super) async fn set_name(&mut self, message: &Message) -> Result<(), End> {
        let name = message.param(0).unwrap_or_default();
        let display_name = match DisplayName::new(name) {
            Ok(display_name) => display_name,
            Err(detail) => {
                self.fail("SETNAME", "INVALID_REALNAME", &[], &detail.to_string());
                return Ok(());
            }
        };
        match self.request::<UserSet>(|token| SetUser { token, display_name }).await? {
            Ok(_done) => {
                let line = self.own_line("SETNAME").param(name);
                self.reply(line);
            }
            Err(error) => self.fail("SETNAME", "CANNOT_CHANGE_REALNAME", &[], &error.message),
        }
        Ok(())
    }
}

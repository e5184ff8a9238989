//! AWAY, ISON, USERHOST and SETNAME.

use common::accounts::SetUser;
use common::methods::{PresenceSet, UserSet};
use common::presence::{SetPresence, State};
use common::{DisplayName, UserName};
use session::{Command, PresenceMode};

use crate::connection::respond::HOST;
use crate::connection::{Connection, End};
use crate::limits::AWAY_BYTES_MAX;
use crate::protocol::line::cut;
use crate::protocol::message::Message;
use crate::protocol::numerics::Numeric;
use crate::protocol::text::plain;

impl Connection {
    pub(super) async fn away(&mut self, message: &Message) -> Result<(), End> {
        let Some(user) = self.user.clone() else { return Ok(()) };
        let text = message.filled(0).map(|text| cut(&plain(text), AWAY_BYTES_MAX).to_owned());
        let (mode, state, numeric) = match text {
            Some(_) => (PresenceMode::Away, State::Away, Numeric::NowAway),
            None => (PresenceMode::Always, State::Online, Numeric::UnAway),
        };
        // The session reports the presence without an answer. Only an accepted presence is shown to others.
        let connection = Some(self.presence_id);
        let reported = self.request::<PresenceSet>(|token| SetPresence { token, state, connection }).await?;
        if let Err(error) = reported {
            self.fail_with("AWAY", &[], &error);
            return Ok(());
        }
        let _reported = self.command(Command::SetPresence(mode)).await?;
        self.shared.set_state(&user, state);
        self.shared.set_away(&user, self.id, text);
        self.numeric(numeric, &[]);
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
        let names: Vec<_> = present.into_iter().map(|(user, _)| self.shared.shown(&user)).collect();
        self.numeric(Numeric::IsOn, &[&names.join(" ")]);
        Ok(())
    }

    pub(super) async fn user_host(&mut self, message: &Message) -> Result<(), End> {
        let present = self.present(message).await?;
        let entries = present.into_iter().take(5).map(|(user, is_away)| {
            let (sign, ident) = (if is_away { '-' } else { '+' }, self.shared.ident(&user));
            let mark = if self.shared.is_operator(&user) { "*" } else { "" };
            format!("{}{mark}={sign}{ident}@{HOST}", self.shared.shown(&user))
        });
        let entries: Vec<_> = entries.collect();
        self.numeric(Numeric::UserHost, &[&entries.join(" ")]);
        Ok(())
    }

    /// SETNAME sets the display name. The node publishes no event about it, so the front does not offer the
    /// capability, and other clients see the name in WHO and WHOIS.
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
                let line = self.server_line("NOTICE").param(self.nick());
                self.reply(line.param(format!("Your display name is now {name}")));
            }
            Err(error) => self.fail("SETNAME", "CANNOT_CHANGE_REALNAME", &[], &error.message),
        }
        Ok(())
    }
}

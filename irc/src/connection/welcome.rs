//! The welcome of a client: its session starts to follow all conversations, and the client joins its channels.

use common::UserName;
use session::{Command, Follow, PresenceMode};

use super::later::Later;
use super::{Connection, End};
use crate::limits::{AWAY_BYTES_MAX, HISTORY_MESSAGES_MAX, MONITOR_MAX};
use crate::protocol::numerics::Numeric;

/// The version that clients see.
pub(super) const VERSION: &str = concat!("papo-", env!("CARGO_PKG_VERSION"));

/// The tokens of ISUPPORT in one line.
const TOKENS_PER_LINE: usize = 12;

impl Connection {
    /// Welcomes a client that is logged in.
    pub(super) async fn welcome(&mut self) -> Result<(), End> {
        let Some(user) = self.user.clone() else { return Ok(()) };
        if let Err(error) = self.command(Command::Follow(Follow::Everything)).await? {
            return Err(End::Because(error.message));
        }
        // An error only means that the messages of blocked users are shown.
        let _blocks = self.command(Command::ListBlocks).await?;
        if !self.shared.welcome(&user, self.id, &self.inbox) {
            return Err(End::Because("You have too many connections".to_owned()));
        }
        self.is_welcome = true;
        if let Some((ident, real_name)) = &self.registration.names {
            self.shared.set_face(&user, ident, real_name);
        }
        let _reported = self.command(Command::SetPresence(PresenceMode::Always)).await?;
        self.send_welcome(&user);
        self.report_counts();
        self.motd();
        self.join_all().await?;
        let early = std::mem::take(&mut self.early);
        early.into_iter().for_each(|entry| self.show_entry(entry));
        Ok(())
    }

    fn send_welcome(&mut self, user: &UserName) {
        let name = self.shared.settings.name.clone();
        let started = crate::protocol::times::written(self.shared.settings.started_ms);
        self.numeric(Numeric::Welcome, &[&format!("Welcome to papo, {}", self.shared.source(user))]);
        self.numeric(Numeric::YourHost, &[&format!("Your host is {name}, running version {VERSION}")]);
        self.numeric(Numeric::Created, &[&format!("This server was started {started}")]);
        self.numeric(Numeric::MyInfo, &[&name, VERSION, "ios", "binostq", "boq"]);
        self.report_support();
    }

    /// RPL_ISUPPORT.
    fn report_support(&mut self) {
        let mut tokens: Vec<String> = [
            "NETWORK=papo",
            "CASEMAPPING=ascii",
            "CHANTYPES=#",
            "PREFIX=(qo)~@",
            "CHANMODES=b,,,inst",
            "NICKLEN=32",
            "CHANNELLEN=33",
            "TOPICLEN=390",
            "KICKLEN=300",
            "MODES=4",
            "MAXLIST=b:10000",
            "CHANLIMIT=#:1000",
            "TARGMAX=PRIVMSG:4,NOTICE:4,TAGMSG:4,JOIN:,PART:,KICK:4,NAMES:,WHOIS:1,LIST:",
            "ELIST=MNU",
            "SAFELIST",
            "UTF8ONLY",
            "WHOX",
            "MSGREFTYPES=msgid,timestamp",
            "BOT=B",
            "CLIENTTAGDENY=*,-draft/react,-draft/reply,-draft/unreact,-typing",
        ]
        .map(str::to_owned)
        .into();
        tokens.push(format!("AWAYLEN={AWAY_BYTES_MAX}"));
        tokens.push(format!("MONITOR={MONITOR_MAX}"));
        tokens.push(format!("CHATHISTORY={HISTORY_MESSAGES_MAX}"));
        if !self.shared.settings.has_guests {
            tokens.push("draft/ACCOUNTREQUIRED".to_owned());
        }
        for line in tokens.chunks(TOKENS_PER_LINE) {
            let line: Vec<_> = line.iter().map(String::as_str).collect();
            self.numeric(Numeric::Support, &line);
        }
    }

    /// Joins the client to all channels of its user, as a bouncer does.
    async fn join_all(&mut self) -> Result<(), End> {
        let channels = self.all_channels().await?.unwrap_or_default();
        let own = channels.into_iter().filter(|info| info.role.is_some() && !info.channel.is_everybody());
        for info in own {
            self.show_own_join(info).await?;
        }
        Ok(())
    }

    /// Shows the joins of other sessions, and whatever else needs requests.
    pub(super) async fn handle_later(&mut self) -> Result<(), End> {
        while let Some(later) = self.later.pop_front() {
            match later {
                Later::Joined(channel) => {
                    if !self.channels.contains_key(&channel)
                        && let Some(info) = self.channel_info(&channel).await?
                    {
                        self.show_own_join(info).await?;
                    }
                }
                Later::Marked(target, n) => self.show_mark_of(&target, n).await?,
            }
        }
        Ok(())
    }
}

//! The welcome of a client: its session starts to follow all conversations, and the client joins its
//! channels.

use common::UserName;
use common::limits::{CHANNEL_NAMES_MAX, MEMBERSHIPS_MAX, NAME_CHARACTERS_MAX};
use session::{Command, Follow, PresenceMode};

use super::commands::{CHANGES_MAX, TARGETS_MAX};
use super::{Connection, End};
use crate::limits::{
    AWAY_BYTES_MAX, HISTORY_MESSAGES_MAX, KICK_BYTES_MAX, LIST_BYTES_MAX, LIST_FILTERS_MAX, MONITOR_MAX,
};
use crate::protocol::numerics::Numeric;

/// The version that clients see.
pub(super) const VERSION: &str = concat!("papo-", env!("CARGO_PKG_VERSION"));

/// The tokens of ISUPPORT in one line.
const TOKENS_PER_LINE: usize = 12;

/// The tokens whose value is the address to which clients post files: the name that most clients know, and the
/// name of the draft.
const UPLOAD_TOKENS: [&str; 2] = ["soju.im/FILEHOST", "draft/FILEHOST"];

/// The maximum bytes of this address: both tokens fit into one line.
const UPLOAD_ADDRESS_BYTES_MAX: usize = 150;

/// Whether a text can be the value of a token without escapes.
pub(crate) fn is_token_value(text: &str) -> bool {
    text.len() <= UPLOAD_ADDRESS_BYTES_MAX
        && text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'=' | b'\\'))
}

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
        if let Some((ident, real_name)) = &self.registration.names {
            let nick = self.registration.spelling.as_deref().unwrap_or(user.as_str());
            self.shared.set_face(&user, nick, ident, real_name);
        }
        // No request is between these lines, so the client receives no event before its welcome.
        self.is_welcome = true;
        self.send_welcome(&user);
        self.report_counts();
        self.motd();
        let _reported = self.command(Command::SetPresence(PresenceMode::Always)).await?;
        self.join_all().await
    }

    fn send_welcome(&mut self, user: &UserName) {
        let name = self.shared.settings.name.clone();
        let started = crate::protocol::times::written(self.shared.settings.started_ms);
        self.numeric(Numeric::Welcome, &[&format!("Welcome to papo, {}", self.shared.source(user))]);
        self.numeric(Numeric::YourHost, &[&format!("Your host is {name}, running version {VERSION}")]);
        self.numeric(Numeric::Created, &[&format!("This server was started {started}")]);
        self.numeric(Numeric::MyInfo, &[&name, VERSION, "Biosw", "bhinost", "bho"]);
        self.report_support();
    }

    /// RPL_ISUPPORT.
    fn report_support(&mut self) {
        let mut tokens: Vec<String> = [
            "NETWORK=papo",
            "CASEMAPPING=ascii",
            "CHANTYPES=#",
            "PREFIX=(oh)@%",
            "CHANMODES=b,,,inst",
            "ELIST=MNU",
            "SAFELIST",
            "UTF8ONLY",
            "WHOX",
            "MSGREFTYPES=msgid,timestamp",
            "BOT=B",
        ]
        .map(str::to_owned)
        .into();
        let numbers = [
            ("NICKLEN", NAME_CHARACTERS_MAX),
            ("CHANNELLEN", NAME_CHARACTERS_MAX + "#".len()),
            ("TOPICLEN", LIST_BYTES_MAX),
            ("KICKLEN", KICK_BYTES_MAX),
            ("AWAYLEN", AWAY_BYTES_MAX),
            ("MODES", CHANGES_MAX),
            ("MONITOR", MONITOR_MAX),
            ("CHATHISTORY", HISTORY_MESSAGES_MAX),
        ];
        tokens.extend(numbers.map(|(name, number)| format!("{name}={number}")));
        tokens.push(format!("CHANLIMIT=#:{MEMBERSHIPS_MAX}"));
        tokens.push(format!("MAXLIST=b:{CHANNEL_NAMES_MAX}"));
        let (messages, filters) = (TARGETS_MAX, LIST_FILTERS_MAX);
        tokens.push(format!(
            "TARGMAX=PRIVMSG:{messages},NOTICE:{messages},TAGMSG:1,JOIN:,PART:,KICK:,NAMES:,WHOIS:1,LIST:{filters}"
        ));
        if !self.shared.settings.has_guests {
            tokens.push("draft/ACCOUNTREQUIRED".to_owned());
        }
        for line in tokens.chunks(TOKENS_PER_LINE) {
            let line: Vec<_> = line.iter().map(String::as_str).collect();
            self.numeric(Numeric::Support, &line);
        }
        if let Some(address) = self.shared.settings.uploads.clone() {
            let tokens = UPLOAD_TOKENS.map(|name| format!("{name}={address}"));
            self.numeric(Numeric::Support, &tokens.each_ref().map(String::as_str));
        }
    }

    /// Joins the client to all channels of its user, as a bouncer does.
    async fn join_all(&mut self) -> Result<(), End> {
        let channels = self.all_channels().await?.unwrap_or_default();
        let own = channels.into_iter().filter(|info| info.role.is_some() && !info.channel.is_everybody());
        for info in own {
            self.show_own_join(info).await?;
        }
        self.note_channels();
        Ok(())
    }
}

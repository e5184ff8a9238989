//! The commands of clients. [`COMMANDS`] is the table; each file handles the commands of one noun.

mod channels;
mod history;
mod lists;
mod messages;
mod modes;
mod monitor;
pub(super) mod multiline;
mod operators;
mod reads;
mod server;
mod tags;
mod users;
mod who;

pub(super) use messages::TARGETS_MAX;
pub(super) use modes::CHANGES_MAX;

use common::{ChannelName, UserName};

use super::{Connection, End};
use crate::protocol::capabilities::Cap;
use crate::protocol::message::Message;
use crate::protocol::numerics::Numeric;

/// The maximum bytes of a label.
const LABEL_BYTES_MAX: usize = 64;

/// Declares the commands: `Variant "NAME" minimum of parameters, when`.
macro_rules! commands {
    ($($variant:ident $name:literal $params:literal $when:ident;)+) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        enum Verb {
            $($variant,)+
        }

        struct Row {
            verb: Verb,
            name: &'static str,
            params_min: usize,
            when: When,
        }

        /// All commands, in alphabetical order.
        const COMMANDS: &[Row] =
            &[$(Row { verb: Verb::$variant, name: $name, params_min: $params, when: When::$when },)+];
    };
}

/// When a command is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Always,
    Welcome,
}

commands! {
    Admin "ADMIN" 0 Welcome;
    Authenticate "AUTHENTICATE" 1 Always;
    Away "AWAY" 0 Welcome;
    Batch "BATCH" 1 Welcome;
    Cap "CAP" 0 Always;
    ChatHistory "CHATHISTORY" 1 Welcome;
    Help "HELP" 0 Welcome;
    HelpOp "HELPOP" 0 Welcome;
    Info "INFO" 0 Welcome;
    Invite "INVITE" 0 Welcome;
    IsOn "ISON" 1 Welcome;
    Join "JOIN" 1 Welcome;
    Kick "KICK" 2 Welcome;
    Kill "KILL" 2 Welcome;
    Links "LINKS" 0 Welcome;
    List "LIST" 0 Welcome;
    Lusers "LUSERS" 0 Welcome;
    MarkRead "MARKREAD" 0 Welcome;
    Mode "MODE" 1 Welcome;
    Monitor "MONITOR" 1 Welcome;
    Motd "MOTD" 0 Welcome;
    Names "NAMES" 0 Welcome;
    Nick "NICK" 0 Always;
    Notice "NOTICE" 0 Welcome;
    Oper "OPER" 2 Welcome;
    Part "PART" 1 Welcome;
    Pass "PASS" 1 Always;
    Ping "PING" 0 Always;
    Pong "PONG" 0 Always;
    PrivMsg "PRIVMSG" 0 Welcome;
    Quit "QUIT" 0 Always;
    Redact "REDACT" 2 Welcome;
    Register "REGISTER" 3 Always;
    SetName "SETNAME" 1 Welcome;
    Stats "STATS" 1 Welcome;
    TagMsg "TAGMSG" 1 Welcome;
    Time "TIME" 0 Welcome;
    Topic "TOPIC" 1 Welcome;
    User "USER" 0 Always;
    UserHost "USERHOST" 1 Welcome;
    Version "VERSION" 0 Welcome;
    Wallops "WALLOPS" 1 Welcome;
    Who "WHO" 0 Welcome;
    Whois "WHOIS" 1 Welcome;
    Whowas "WHOWAS" 1 Welcome;
}

impl Connection {
    /// Handles a line of the client.
    pub(super) async fn handle_line(&mut self, line: &str) -> Result<(), End> {
        let Some(message) = Message::parse(line) else { return Ok(()) };
        if self.take_multiline(&message)? {
            return Ok(());
        }
        let label = self.label_of(&message);
        if label.is_some() {
            self.begin_response();
        }
        self.run_command(&message).await?;
        if let Some(label) = label {
            self.finish_response(label);
        }
        Ok(())
    }

    /// The label of a command, if the client has the capabilities for labels.
    fn label_of<'a>(&self, message: &'a Message) -> Option<&'a str> {
        let has_labels = self.caps.has(Cap::LabeledResponse) && self.caps.has(Cap::Batch);
        message.tag("label").filter(|label| has_labels && (1..=LABEL_BYTES_MAX).contains(&label.len()))
    }

    async fn run_command(&mut self, message: &Message) -> Result<(), End> {
        let Some(row) = COMMANDS.iter().find(|row| row.name == message.command) else {
            if self.is_welcome {
                self.numeric(Numeric::UnknownCommand, &[&message.command]);
            } else {
                self.numeric(Numeric::NotRegistered, &[]);
            }
            return Ok(());
        };
        if row.when == When::Welcome && !self.is_welcome {
            self.numeric(Numeric::NotRegistered, &[]);
            return Ok(());
        }
        if message.params.len() < row.params_min {
            self.numeric(Numeric::NeedMoreParams, &[row.name]);
            return Ok(());
        }
        self.dispatch(row.verb, message).await
    }

    async fn dispatch(&mut self, verb: Verb, message: &Message) -> Result<(), End> {
        match verb {
            Verb::Admin => self.admin(message),
            Verb::Authenticate => self.authenticate(message).await?,
            Verb::Away => self.away(message).await?,
            Verb::Batch => self.batch(message).await?,
            Verb::Cap => self.cap(message).await?,
            Verb::ChatHistory => self.chat_history(message).await?,
            Verb::Help | Verb::HelpOp => self.help(message),
            Verb::Info => self.info(message),
            Verb::Invite => self.invite(message).await?,
            Verb::IsOn => self.is_on(message).await?,
            Verb::Join => self.join(message).await?,
            Verb::Kick => self.kick(message).await?,
            Verb::Kill => self.kill(message).await?,
            Verb::Links => self.links(),
            Verb::List => self.list_channels(message).await?,
            Verb::Lusers => self.lusers().await?,
            Verb::MarkRead => self.mark_read(message).await?,
            Verb::Mode => self.mode(message).await?,
            Verb::Monitor => self.monitor(message).await?,
            Verb::Motd => self.motd_of(message),
            Verb::Names => self.names(message).await?,
            Verb::Nick => self.nick_command(message).await?,
            Verb::Notice | Verb::PrivMsg => self.say(message).await?,
            Verb::Oper => self.oper(message).await?,
            Verb::Part => self.part(message).await?,
            Verb::Pass => self.pass(message),
            Verb::Ping => self.ping(message).await?,
            Verb::Pong => {}
            Verb::Quit => return Err(quit(message)),
            Verb::Redact => self.redact(message).await?,
            Verb::Register => self.register_command(message).await?,
            Verb::SetName => self.set_name(message).await?,
            Verb::Stats => self.stats(message),
            Verb::TagMsg => self.tag_message(message).await?,
            Verb::Time => self.time(message),
            Verb::Topic => self.topic(message).await?,
            Verb::User => self.user_command(message).await?,
            Verb::UserHost => self.user_host(message).await?,
            Verb::Version => self.version(message),
            Verb::Wallops => self.wallops(message),
            Verb::Who => self.who(message).await?,
            Verb::Whois => self.whois(message).await?,
            Verb::Whowas => self.whowas(message).await?,
        }
        Ok(())
    }

    /// The channel of this name: its first name.
    fn channel_named(&self, name: &str) -> Option<ChannelName> {
        let name = ChannelName::new(name).ok()?;
        Some(self.session.channel_names().first(&name))
    }

    /// The channel that the client is in. Replies with an error otherwise.
    async fn own_channel(&mut self, name: &str) -> Result<Option<ChannelName>, End> {
        let Some(channel) = self.channel_named(name) else {
            self.numeric(Numeric::NoSuchChannel, &[name]);
            return Ok(None);
        };
        if self.channels.contains_key(&channel) {
            return Ok(Some(channel));
        }
        let is_known = self.channel_info(&channel).await?.is_some();
        self.numeric(if is_known { Numeric::NotOnChannel } else { Numeric::NoSuchChannel }, &[name]);
        Ok(None)
    }

    /// The user of this name, who has an account. Replies with an error otherwise.
    async fn existing_user(&mut self, name: &str) -> Result<Option<UserName>, End> {
        let Ok(user) = UserName::new(name) else {
            self.numeric(Numeric::NoSuchNick, &[name]);
            return Ok(None);
        };
        self.load_users(Some(&user)).await?;
        if self.shared.user(&user).is_none() {
            self.numeric(Numeric::NoSuchNick, &[name]);
            return Ok(None);
        }
        Ok(Some(user))
    }
}

fn quit(message: &Message) -> End {
    match message.filled(0) {
        Some(reason) => End::Because(format!("Quit: {reason}")),
        None => End::Because("Quit".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_alphabetical_order() {
        assert!(COMMANDS.is_sorted_by_key(|row| row.name));
    }
}

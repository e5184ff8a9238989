//! The commands about the server: PING, MOTD, LUSERS, VERSION, TIME, INFO, ADMIN, HELP, LINKS and STATS.

use session::Command;
use transport::clock;

use super::COMMANDS;
use crate::connection::welcome::VERSION;
use crate::connection::{Connection, End};
use crate::limits::LIST_BYTES_MAX;
use crate::protocol::masks::Mask;
use crate::protocol::message::Message;
use crate::protocol::numerics::Numeric;
use crate::protocol::text::packed;
use crate::protocol::times;

impl Connection {
    /// A PONG also shows that the node answers: all events that were stored before are on their way.
    pub(super) async fn ping(&mut self, message: &Message) -> Result<(), End> {
        if self.is_welcome && message.filled(0).is_some() {
            let _answered = self.command(Command::Ping).await?;
        }
        self.pong(message);
        Ok(())
    }

    fn pong(&mut self, message: &Message) {
        let Some(token) = message.filled(0) else {
            let numeric = if message.params.is_empty() { Numeric::NeedMoreParams } else { Numeric::NoOrigin };
            let context: &[&str] = if message.params.is_empty() { &["PING"] } else { &[] };
            return self.numeric(numeric, context);
        };
        let line = self.server_line("PONG").param(self.shared.settings.name.clone()).param(token);
        self.reply(line);
    }

    /// Whether a parameter names this server. Replies with an error otherwise.
    fn is_this_server(&mut self, target: Option<&str>) -> bool {
        let Some(target) = target.filter(|target| !target.is_empty()) else { return true };
        let is_own_nick = self.user.as_ref().is_some_and(|user| user.as_str() == target);
        let is_known = is_own_nick || Mask::new(target).matches(&self.shared.settings.name);
        if !is_known {
            self.numeric(Numeric::NoSuchServer, &[target]);
        }
        is_known
    }

    pub(super) fn motd_of(&mut self, message: &Message) {
        if self.is_this_server(message.param(0)) {
            self.motd();
        }
    }

    pub(in crate::connection) fn motd(&mut self) {
        let name = self.shared.settings.name.clone();
        self.numeric(Numeric::MotdStart, &[&format!("- {name} Message of the day - ")]);
        self.numeric(Numeric::Motd, &["- papo: no acknowledged message is ever lost."]);
        self.numeric(Numeric::EndOfMotd, &[]);
    }

    pub(super) async fn lusers(&mut self) -> Result<(), End> {
        self.report_counts();
        Ok(())
    }

    /// RPL_LUSERCLIENT and the numerics after it: the connections of this front.
    pub(in crate::connection) fn report_counts(&mut self) {
        let counts = self.shared.counts();
        let (welcome, most) = (counts.welcome, counts.welcome_max);
        let unknown = counts.all.saturating_sub(welcome + counts.closing);
        self.numeric(
            Numeric::LuserClient,
            &[&format!("There are {welcome} users and 0 invisible on 1 servers")],
        );
        self.numeric(Numeric::LuserOperators, &[&counts.operators.to_string()]);
        self.numeric(Numeric::LuserUnknown, &[&unknown.to_string()]);
        self.numeric(Numeric::LuserChannels, &[&self.channels.len().to_string()]);
        self.numeric(Numeric::LuserMe, &[&format!("I have {welcome} clients and 0 servers")]);
        let (now, max) = (welcome.to_string(), most.to_string());
        let local = format!("Current local users {now}, max {max}");
        self.numeric(Numeric::LocalUsers, &[&now, &max, &local]);
        let global = format!("Current global users {now}, max {max}");
        self.numeric(Numeric::GlobalUsers, &[&now, &max, &global]);
    }

    pub(super) fn version(&mut self, message: &Message) {
        if self.is_this_server(message.param(0)) {
            let name = self.shared.settings.name.clone();
            self.numeric(Numeric::Version, &[VERSION, &name, "papo"]);
        }
    }

    pub(super) fn time(&mut self, message: &Message) {
        if self.is_this_server(message.param(0)) {
            let (name, now) = (self.shared.settings.name.clone(), times::written(clock::unix_ms()));
            self.numeric(Numeric::Time, &[&name, &now]);
        }
    }

    pub(super) fn info(&mut self, message: &Message) {
        if self.is_this_server(message.param(0)) {
            self.numeric(Numeric::Info, &[&format!("{VERSION}: team chat on ZeroMQ")]);
            self.numeric(Numeric::EndOfInfo, &[]);
        }
    }

    pub(super) fn admin(&mut self, message: &Message) {
        if self.is_this_server(message.param(0)) {
            let name = self.shared.settings.name.clone();
            self.numeric(Numeric::AdminMe, &[&name]);
            self.numeric(Numeric::AdminLocation, &["The operator of this node"]);
            self.numeric(Numeric::AdminOther, &["papo"]);
            self.numeric(Numeric::AdminMail, &["Ask an administrator of the node"]);
        }
    }

    pub(super) fn help(&mut self, message: &Message) {
        let subject = message.filled(0).unwrap_or("*");
        let known = COMMANDS.iter().any(|row| row.name.eq_ignore_ascii_case(subject));
        if subject != "*" && !known {
            return self.numeric(Numeric::HelpNotFound, &[subject]);
        }
        self.numeric(Numeric::HelpStart, &[subject, "papo for IRC clients"]);
        let names = COMMANDS.iter().map(|row| row.name.to_owned());
        let lines = if known {
            vec![format!(
                "{} takes at least {} parameters",
                subject.to_ascii_uppercase(),
                params_min(subject)
            )]
        } else {
            packed(names, ' ', LIST_BYTES_MAX / 2)
        };
        for line in lines {
            self.numeric(Numeric::HelpText, &[subject, &line]);
        }
        self.numeric(Numeric::EndOfHelp, &[subject, "End of help"]);
    }

    pub(super) fn links(&mut self) {
        let name = self.shared.settings.name.clone();
        let text = format!("0 {}", self.shared.settings.description);
        self.numeric(Numeric::Links, &[&name, &name, &text]);
        self.numeric(Numeric::EndOfLinks, &["*"]);
    }

    pub(super) fn stats(&mut self, message: &Message) {
        let query = message.param(0).unwrap_or("*");
        if query == "u" {
            let seconds = clock::unix_ms().saturating_sub(self.shared.settings.started_ms) / 1_000;
            let (days, rest) = (seconds / 86_400, seconds % 86_400);
            let (hours, minutes) = (rest / 3_600, rest % 3_600 / 60);
            let text = format!("Server Up {days} days {hours}:{minutes:02}:{:02}", rest % 60);
            self.numeric(Numeric::StatsUptime, &[&text]);
        }
        self.numeric(Numeric::EndOfStats, &[query]);
    }
}

fn params_min(name: &str) -> usize {
    COMMANDS.iter().find(|row| row.name.eq_ignore_ascii_case(name)).map_or(0, |row| row.params_min)
}

//! The registration of a connection: CAP, PASS, NICK, USER, AUTHENTICATE and REGISTER, until the client is
//! welcome.

use common::accounts::{Credentials, Registration as NewAccount};
use common::{Error, NewPassword, Password, Reason, UserName};
use session::Command;

use super::{Connection, End};
use crate::inbox::Item;
use crate::protocol::capabilities::offered;
use crate::protocol::line::Line;
use crate::protocol::message::Message;
use crate::protocol::numerics::Numeric;
use crate::protocol::sasl::{Exchange, PlainCredentials, Step, account};
use crate::protocol::text::packed;
use crate::shared::is_spelling;

/// The maximum bytes of the list of capabilities in one line.
const CAPS_BYTES_MAX: usize = 400;

/// The registration of a connection up to now.
#[derive(Default)]
pub(super) struct Registration {
    pub(super) nick: Option<UserName>,
    /// The nickname as the client spelled it, if that is the name in upper or lower case.
    pub(super) spelling: Option<String>,
    /// The last nickname that belonged to another client.
    pub(super) refused: Option<UserName>,
    /// The user name and the real name of USER.
    pub(super) names: Option<(String, String)>,
    pub(super) password: Option<String>,
    /// Whether the client negotiates capabilities.
    is_negotiating: bool,
    has_values: bool,
    exchange: Option<Exchange>,
}

impl Connection {
    pub(super) async fn cap(&mut self, message: &Message) -> Result<(), End> {
        let subcommand = message.param(0).unwrap_or_default().to_ascii_uppercase();
        match &*subcommand {
            "LS" => {
                let version: u32 = message.param(1).and_then(|version| version.parse().ok()).unwrap_or(0);
                self.registration.has_values |= version >= 302;
                self.registration.is_negotiating |= !self.is_welcome;
                self.list_caps("LS", offered(self.registration.has_values));
            }
            "LIST" => self.list_caps("LIST", self.caps.names()),
            "REQ" => {
                self.registration.is_negotiating |= !self.is_welcome;
                let request = message.param(1).unwrap_or_default().trim();
                let outcome = self.caps.requested(request);
                let word = if outcome.is_some() { "ACK" } else { "NAK" };
                let line = self.server_line("CAP").param(self.nick()).param(word).param(request);
                self.reply(line);
                self.caps = outcome.unwrap_or(self.caps);
            }
            "END" => {
                self.registration.is_negotiating = false;
                self.registration.exchange = None;
                return self.try_to_welcome().await;
            }
            _unknown => {
                let named = if subcommand.is_empty() { "*" } else { &subcommand };
                self.numeric(Numeric::InvalidCapCommand, &[named]);
            }
        }
        Ok(())
    }

    fn list_caps(&mut self, subcommand: &str, names: Vec<String>) {
        let mut lines = packed(names, ' ', CAPS_BYTES_MAX);
        if lines.is_empty() {
            lines.push(String::new());
        }
        let last = lines.len() - 1;
        for (number, names) in lines.into_iter().enumerate() {
            let line = self.server_line("CAP").param(self.nick()).param(subcommand);
            let line = if number < last && self.registration.has_values { line.param("*") } else { line };
            self.reply(line.param(names));
        }
    }

    pub(super) fn pass(&mut self, message: &Message) {
        if self.is_welcome {
            return self.numeric(Numeric::AlreadyRegistered, &[]);
        }
        self.registration.password = message.param(0).map(str::to_owned);
    }

    pub(super) async fn nick_command(&mut self, message: &Message) -> Result<(), End> {
        let Some(wanted) = message.filled(0) else {
            self.numeric(Numeric::NoNickname, &[]);
            return Ok(());
        };
        let Ok(nick) = UserName::new(wanted) else {
            self.numeric(Numeric::BadNickname, &[wanted]);
            return Ok(());
        };
        if self.is_welcome {
            // The nickname is the name of the account, which does not change.
            if self.user.as_ref() == Some(&nick) && is_spelling(&nick, wanted) {
                self.spell(&nick, wanted);
            } else if self.user.as_ref() != Some(&nick) {
                self.numeric(Numeric::NicknameInUse, &[wanted]);
            }
            return Ok(());
        }
        if self.shared.settings.has_guests && self.user.is_none() && self.shared.is_here(&nick) {
            self.numeric(Numeric::NicknameInUse, &[wanted]);
            self.registration.refused = Some(nick);
            return Ok(());
        }
        self.registration.spelling = is_spelling(&nick, wanted).then(|| wanted.to_owned());
        self.registration.nick = Some(nick);
        self.try_to_welcome().await
    }

    /// Changes the spelling of the name of the user.
    fn spell(&mut self, user: &UserName, nick: &str) {
        let source = self.shared.source(user);
        if self.shared.set_spelling(user, nick) {
            let renamed = Item::Renamed(user.clone(), source.as_str().into(), nick.into());
            self.shared.tell_others(self.id, &renamed);
            self.reply(Line::new(source, "NICK").param(nick));
        }
    }

    pub(super) async fn user_command(&mut self, message: &Message) -> Result<(), End> {
        if self.is_welcome || self.registration.names.is_some() {
            self.numeric(Numeric::AlreadyRegistered, &[]);
            return Ok(());
        }
        let (Some(ident), Some(real_name)) = (message.filled(0), message.filled(3)) else {
            self.numeric(Numeric::NeedMoreParams, &["USER"]);
            return Ok(());
        };
        self.registration.names = Some((ident.to_owned(), real_name.to_owned()));
        self.try_to_welcome().await
    }

    pub(super) async fn authenticate(&mut self, message: &Message) -> Result<(), End> {
        let line = message.param(0).unwrap_or_default();
        if self.user.is_some() && !self.is_guest_without_account() {
            self.numeric(Numeric::SaslAlready, &[]);
        } else if line == "*" {
            self.registration.exchange = None;
            self.numeric(Numeric::SaslAborted, &[]);
        } else if let Some(exchange) = &mut self.registration.exchange {
            match exchange.push(line) {
                Step::More => {}
                Step::LineTooLong => {
                    self.registration.exchange = None;
                    self.numeric(Numeric::SaslTooLong, &[]);
                }
                Step::TooLong => {
                    self.registration.exchange = None;
                    self.numeric(Numeric::SaslFail, &[]);
                }
                Step::Complete(credentials) => {
                    self.registration.exchange = None;
                    return self.authenticate_plain(credentials).await;
                }
            }
        } else if line.eq_ignore_ascii_case("PLAIN") {
            self.registration.exchange = Some(Exchange::default());
            let line = self.server_line("AUTHENTICATE");
            self.reply(line.param("+"));
        } else {
            self.numeric(Numeric::SaslMechanisms, &["PLAIN"]);
            self.numeric(Numeric::SaslFail, &[]);
        }
        Ok(())
    }

    async fn authenticate_plain(&mut self, credentials: Option<PlainCredentials>) -> Result<(), End> {
        let Some(PlainCredentials { user, password }) = credentials else {
            self.numeric(Numeric::SaslFail, &[]);
            return Ok(());
        };
        let has_logged_in = match self.is_guest_without_account() {
            true => self.log_guest_in(&user, &password).await,
            false => self.log_in(&user, &password).await?.is_ok(),
        };
        if !has_logged_in {
            self.numeric(Numeric::SaslFail, &[]);
            return Ok(());
        }
        self.report_login();
        self.numeric(Numeric::SaslSuccess, &[]);
        Ok(())
    }

    pub(super) fn report_login(&mut self) {
        let Some(user) = self.user.clone() else { return };
        let name = self.shared.account(&user).unwrap_or_else(|| user.to_string());
        let text = format!("You are now logged in as {name}");
        self.numeric(Numeric::LoggedIn, &[&self.shared.source(&user), &name, &text]);
    }

    /// The password of the account. Tests with guests use passwords that are too short for papo.
    pub(super) fn padded(&self, password: &str) -> String {
        let is_short = password.chars().count() < common::limits::PASSWORD_CHARACTERS_MIN;
        let is_padded = self.shared.settings.has_guests && is_short && !password.is_empty();
        if is_padded { format!("{password}-padded") } else { password.to_owned() }
    }

    /// Logs in. The inner error is the reason of the node, or an error of the name or password.
    pub(super) async fn log_in(&mut self, user: &str, password: &str) -> Result<Result<(), Error>, End> {
        let password = self.padded(password);
        let credentials = UserName::new(user)
            .and_then(|user| Password::new(&password).map(|password| Credentials { user, password }));
        let credentials = match credentials {
            Ok(credentials) => credentials,
            Err(detail) => return Ok(Err(detail.into())),
        };
        let user = credentials.user.clone();
        Ok(self.command(Command::Login(credentials)).await?.map(|_session| self.user = Some(user)))
    }

    /// `REGISTER <account|*> <email|*> <password>`, where the mail address can be a join code.
    pub(super) async fn register_command(&mut self, message: &Message) -> Result<(), End> {
        let (account, code) = (message.param(0).unwrap_or("*"), message.param(1).unwrap_or("*"));
        let own_nick = self.registration.nick.as_ref().map(ToString::to_string);
        let name = match (account, own_nick) {
            ("*", Some(nick)) => nick,
            ("*", None) => {
                match self.registration.refused.as_ref().map(ToString::to_string) {
                    Some(nick) => {
                        let text = "Another client uses this name";
                        self.fail("REGISTER", "ACCOUNT_EXISTS", &[&nick], text);
                    }
                    None => self.fail("REGISTER", "NEED_NICK", &["*"], "Choose a nickname first"),
                }
                return Ok(());
            }
            (account, _) => account.to_owned(),
        };
        let password = message.param(2).unwrap_or_default();
        if self.is_guest_without_account() {
            return self.register_guest(&name, password).await;
        }
        if self.user.is_some() {
            self.fail("REGISTER", "ALREADY_AUTHENTICATED", &[&name], "You are already logged in");
            return Ok(());
        }
        let code = Some(code.to_owned()).filter(|code| code != "*" && !code.contains('@'));
        match self.create_account(&name, password, code.or_else(|| self.join_code())).await? {
            Ok(()) => {
                self.report_registration(&name);
                if self.log_in(&name, password).await?.is_ok() {
                    self.report_login();
                    return self.try_to_welcome().await;
                }
            }
            Err(error)
                if error.reason() == Some(Reason::NameTaken) && self.take_over(&name, password).await? =>
            {
                return self.try_to_welcome().await;
            }
            Err(error) => {
                let code = match error.reason() {
                    Some(Reason::NameTaken) => "ACCOUNT_EXISTS",
                    Some(Reason::InvalidParams) if UserName::new(&name).is_ok() => "WEAK_PASSWORD",
                    Some(Reason::InvalidParams) => "BAD_ACCOUNT_NAME",
                    Some(_) | None => "TEMPORARILY_UNAVAILABLE",
                };
                self.fail("REGISTER", code, &[&name], &error.message);
            }
        }
        Ok(())
    }

    pub(super) fn report_registration(&mut self, name: &str) {
        let line = self.server_line("REGISTER").param("SUCCESS").param(name).param("Account created");
        self.reply(line);
    }

    /// The join code that the client sent with PASS.
    fn join_code(&self) -> Option<String> {
        self.registration.password.clone().filter(|password| !password.contains(':'))
    }

    pub(super) async fn create_account(
        &mut self,
        name: &str,
        password: &str,
        code: Option<String>,
    ) -> Result<Result<(), Error>, End> {
        let password = self.padded(password);
        let account = UserName::new(name)
            .and_then(|user| NewPassword::new(&password).map(|password| NewAccount { user, password, code }));
        match account {
            Ok(account) => Ok(self.command(Command::Register(account)).await?.map(|_registered| ())),
            Err(detail) => Ok(Err(detail.into())),
        }
    }

    /// Welcomes the client if it has sent all that is needed.
    pub(super) async fn try_to_welcome(&mut self) -> Result<(), End> {
        let Registration { nick, names, is_negotiating, .. } = &self.registration;
        if self.is_welcome || *is_negotiating || names.is_none() {
            return Ok(());
        }
        let Some(nick) = nick.clone() else { return Ok(()) };
        if self.user.is_none() && !self.log_in_without_sasl(&nick).await? {
            return Ok(());
        }
        self.welcome().await
    }

    /// Logs in with the password of PASS, or as a guest. Returns false if the client must choose another
    /// nickname.
    async fn log_in_without_sasl(&mut self, nick: &UserName) -> Result<bool, End> {
        if let Some(password) = self.registration.password.take() {
            let (user, password) = password.split_once(':').unwrap_or((nick.as_str(), &password));
            return match self.log_in(account(user), password).await? {
                Ok(()) => Ok(true),
                Err(error) => {
                    self.numeric(Numeric::WrongPassword, &[]);
                    Err(End::Because(error.message))
                }
            };
        }
        if !self.shared.settings.has_guests {
            let text = "This node needs an account: log in with SASL, or with PASS name:password";
            self.numeric(Numeric::WrongPassword, &[]);
            self.fail("*", "ACCOUNT_REQUIRED", &[], text);
            return Err(End::Because(text.to_owned()));
        }
        self.log_in_as_guest(nick).await
    }
}

//! Guests: with `--irc-guests`, a client without a password gets an account of its nickname. For tests.

use common::accounts::Credentials;
use common::{NewPassword, Password, Reason, UserName};
use session::Command;

use super::{Connection, End};
use crate::protocol::numerics::Numeric;

impl Connection {
    /// Whether the client is welcome as a guest who has not logged in to an account.
    pub(super) fn is_guest_without_account(&self) -> bool {
        let user = self.user.as_ref().filter(|_| self.is_welcome);
        user.is_some_and(|user| self.shared.is_guest(user) && self.shared.account(user).is_none())
    }

    /// Logs a guest in to an account. The guest keeps its nickname. Returns whether the credentials are
    /// valid.
    pub(super) async fn log_guest_in(&mut self, name: &str, password: &str) -> bool {
        let (account, password) = (UserName::new(name), Password::new(&self.padded(password)));
        let (Ok(account), Ok(password), Some(user)) = (account, password, self.user.clone()) else {
            return false;
        };
        let are_valid = self.are_valid(Credentials { user: account.clone(), password }, false).await;
        if are_valid {
            self.shared.log_guest_in(&user, account);
        }
        are_valid
    }

    /// Makes the account of a guest an account with a password of its own.
    pub(super) async fn register_guest(&mut self, name: &str, password: &str) -> Result<(), End> {
        let Some(user) = self.user.clone() else { return Ok(()) };
        if UserName::new(name).as_ref() != Ok(&user) {
            let text = "The account must have the name that you use";
            self.fail("REGISTER", "ACCOUNT_NAME_MUST_BE_NICK", &[name], text);
            return Ok(());
        }
        let old = self.shared.guest_password(&user).and_then(|old| Password::new(&old).ok());
        let new = NewPassword::new(&self.padded(password));
        let (Some(password), Ok(new_password)) = (old, new) else {
            self.fail("REGISTER", "WEAK_PASSWORD", &[name], "Choose a longer password");
            return Ok(());
        };
        match self.command(Command::ChangePassword { password, new_password }).await? {
            Ok(_changed) => {
                self.shared.forget_guest(&user);
                self.report_registration(user.as_str());
                self.report_login();
            }
            Err(error) => self.fail("REGISTER", "TEMPORARILY_UNAVAILABLE", &[name], &error.message),
        }
        Ok(())
    }

    /// Registers the name of a guest who is no longer connected. Returns whether the name is such a name.
    pub(super) async fn take_over(&mut self, name: &str, password: &str) -> Result<bool, End> {
        let Ok(user) = UserName::new(name) else { return Ok(false) };
        let Some(old) = self.shared.guest_password(&user).filter(|_| !self.shared.is_here(&user)) else {
            return Ok(false);
        };
        if self.log_in(name, &old).await?.is_err() {
            return Ok(false);
        }
        self.register_guest(name, password).await?;
        Ok(true)
    }

    pub(super) async fn log_in_as_guest(&mut self, nick: &UserName) -> Result<bool, End> {
        let Some((password, is_known)) = self.shared.guest(nick) else {
            self.refuse_nick(nick, Numeric::NicknameInUse);
            return Ok(false);
        };
        if !is_known && let Err(error) = self.create_account(nick.as_str(), &password, None).await? {
            self.shared.forget_guest(nick);
            let is_taken = error.reason() == Some(Reason::NameTaken);
            let numeric = if is_taken { Numeric::NicknameInUse } else { Numeric::BadNickname };
            self.refuse_nick(nick, numeric);
            return Ok(false);
        }
        match self.log_in(nick.as_str(), &password).await? {
            Ok(()) => Ok(true),
            Err(error) => Err(End::Because(error.message)),
        }
    }

    fn refuse_nick(&mut self, nick: &UserName, numeric: Numeric) {
        self.registration.nick = None;
        self.numeric(numeric, &[nick.as_str()]);
    }
}

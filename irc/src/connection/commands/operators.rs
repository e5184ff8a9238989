//! OPER, KILL and WALLOPS: for administrators of the node.

use std::time::Duration;

use common::accounts::{Credentials, SessionOnly};
use common::methods::AdminStats;
use common::{Password, UserName};
use session::{Command, PlainRequest, Session, driver};
use tokio::time::timeout;
use transport::clock;

use crate::connection::io::SessionIo;
use crate::connection::{Connection, End};
use crate::inbox::{Inbox, Item};
use crate::limits::CLOSING_MS_MAX;
use crate::protocol::message::Message;
use crate::protocol::numerics::Numeric;
use crate::relay::Input;

/// Milliseconds for the check of an administrator.
const CHECK_MS_MAX: u64 = 10_000;

impl Connection {
    /// OPER takes the name and the password of an administrator. It gives no right at the node: the client
    /// may use KILL and WALLOPS of this front.
    pub(super) async fn oper(&mut self, message: &Message) -> Result<(), End> {
        let (name, password) = (message.param(0).unwrap_or_default(), message.param(1).unwrap_or_default());
        let credentials = UserName::new(name)
            .and_then(|user| Password::new(password).map(|password| Credentials { user, password }));
        let is_administrator = match credentials {
            Ok(credentials) => self.are_valid(credentials, true).await,
            Err(_) => false,
        };
        if !is_administrator {
            self.numeric(Numeric::WrongPassword, &[]);
            return Ok(());
        }
        self.is_operator = true;
        if let Some(user) = &self.user {
            self.shared.note_operator(user, self.id);
        }
        self.numeric(Numeric::YouAreOperator, &[]);
        let line = self.own_line("MODE").param(self.nick()).param("+o");
        self.reply(line);
        Ok(())
    }

    /// Logs in with these credentials, in a session of its own. For an administrator, also calls a method for
    /// administrators.
    pub(in crate::connection) async fn are_valid(
        &mut self,
        credentials: Credentials,
        is_administrator: bool,
    ) -> bool {
        let (id, inbox) = (self.shared.next_id(), std::sync::Arc::new(Inbox::default()));
        let sender = self.shared.sender(self.address);
        self.shared.relay.send(Input::Open { id, inbox: inbox.clone(), sender });
        let session = Session::new(self.shared.random());
        let mut check =
            Check { session, io: SessionIo::new(id, self.shared.relay.clone()), inbox, ticket: 0 };
        let checked =
            timeout(Duration::from_millis(CHECK_MS_MAX), check.run(credentials, is_administrator)).await;
        let _ended = timeout(Duration::from_millis(CLOSING_MS_MAX), check.command(Command::Logout)).await;
        self.shared.relay.send(Input::Closed(id));
        checked.unwrap_or(false)
    }

    pub(super) async fn kill(&mut self, message: &Message) -> Result<(), End> {
        if !self.is_operator {
            self.numeric(Numeric::NoPrivileges, &[]);
            return Ok(());
        }
        let (nick, comment) = (message.param(0).unwrap_or_default(), message.param(1).unwrap_or_default());
        let user = UserName::new(nick).ok().filter(|user| self.shared.is_here(user));
        let Some(user) = user else {
            self.numeric(Numeric::NoSuchNick, &[nick]);
            return Ok(());
        };
        let reason = format!("Killed ({} ({comment}))", self.nick());
        self.shared.tell(&user, self.id, &Item::End(reason));
        Ok(())
    }

    pub(super) fn wallops(&mut self, message: &Message) {
        let (true, Some(user)) = (self.is_operator, &self.user) else {
            return self.numeric(Numeric::NoPrivileges, &[]);
        };
        let text = message.param(0).unwrap_or_default();
        self.shared.tell_all(&Item::Wallops(user.clone(), text.to_owned()));
    }
}

/// A session for one check.
struct Check {
    session: Session,
    io: SessionIo,
    inbox: std::sync::Arc<Inbox>,
    ticket: u64,
}

impl Check {
    async fn run(&mut self, credentials: Credentials, is_administrator: bool) -> bool {
        let stats = || Command::Request(PlainRequest::of::<AdminStats>(|token| SessionOnly { token }));
        self.command(Command::Login(credentials)).await && (!is_administrator || self.command(stats()).await)
    }

    /// Gives the session a command, and waits for its answer. Returns whether the command succeeded.
    async fn command(&mut self, command: Command) -> bool {
        self.ticket += 1;
        self.session.command(clock::monotonic_ms(), self.ticket, command);
        loop {
            self.session.tick(clock::monotonic_ms());
            let Ok(()) = driver::step(&mut self.session, &mut self.io);
            self.io.flush();
            if let Some((_, outcome)) = self.io.answers.iter().find(|(ticket, _)| *ticket == self.ticket) {
                return outcome.is_ok();
            }
            let due_ms = self.session.deadline().unwrap_or(0).saturating_sub(clock::monotonic_ms()).max(1);
            let _timeout = timeout(Duration::from_millis(due_ms), self.inbox.ready()).await;
            for item in self.inbox.take() {
                if let Item::Replies(lines) = item {
                    self.session.replies(clock::monotonic_ms(), &lines);
                }
            }
        }
    }
}

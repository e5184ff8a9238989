//! What every front end shares: a connection, the session that is kept for it, and asking one thing at a time.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use common::accounts::{Credentials, LoggedIn, Registered};
use common::{NewPassword, Password, Target, Text, UserName};
use transport::clock;
use transport::stop::Stop;
use transport::wake::{Wake, Waker};
use uuid::Uuid;

use crate::cache::Cache;
use crate::cli_error::CliError;
use crate::config::Config;
use crate::connection::{Connection, Endpoint, KnownServer};
use crate::local_error::LocalError;
use crate::network::{Asked, Channels, Network, Reply};
use crate::outbox::{Outbox, OwnFolder};
use session::{Alteration, Amend, Answer, Command, Message, NOBODY, News, Status};

/// Commands and answers on their way between the threads. Commands beyond it are refused.
const COMMANDS_WAITING_MAX: usize = 4096;

/// Messages that a front end may have on their way at once.
pub(crate) const MESSAGES_UNDERWAY_MAX: usize = 1024;

/// How long a message that was taken on may wait for a server that has gone away, before a script gives up.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// What tells the session of keys being typed, from wherever they are.
#[derive(Clone)]
pub(crate) struct Keys {
    commands: SyncSender<Asked>,
    waker: Waker,
}

impl Keys {
    /// Of keys that nobody is told of.
    #[cfg(test)]
    pub(crate) fn unheard() -> Self {
        let (commands, _nobody) = sync_channel(1);
        Self { commands, waker: Wake::new().expect("a pipe").0 }
    }

    /// A key was typed, of a line that is to be said there, or of another. When too much waits, it is not noted.
    pub(crate) fn typed(&self, to: Option<Target>) {
        let _noted_or_not = self.commands.try_send((NOBODY, Command::KeyTyped(to)));
        self.waker.wake();
    }
}

/// How long the end of the network thread is waited for: it may be telling news that nobody reads any more.
const LEAVING_TIME: Duration = Duration::from_secs(1);

/// Whether a front end sends messages, and with them those that others were killed before they had sent them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sends {
    /// `papo chat`, `papo send`.
    Messages,
    /// All others.
    Nothing,
}

/// A connection to a server.
pub(crate) struct ClientHandle {
    endpoint: Endpoint,
    /// Where the server may be; the session is kept for each of them.
    addresses: Vec<String>,
    timeout: Duration,
    pub(crate) config: Config,
    commands: SyncSender<Asked>,
    answers: Receiver<Reply>,
    waker: Waker,
    stop: Stop,
    last_ticket: u64,
    ended: Ended,
}

/// Tells when a connection has ended.
#[derive(Clone, Default)]
pub(crate) struct Ended {
    shared: Arc<(Mutex<bool>, Condvar)>,
}

impl Ended {
    /// Waits for it, so long at most.
    pub(crate) fn wait(&self, time: Duration) {
        let (has_ended, told) = &*self.shared;
        let has_ended = has_ended.lock().unwrap_or_else(PoisonError::into_inner);
        drop(told.wait_timeout_while(has_ended, time, |has_ended| !*has_ended));
    }

    fn tell(&self) {
        let (has_ended, told) = &*self.shared;
        *has_ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
        told.notify_all();
    }
}

impl ClientHandle {
    /// Starts the network thread, which tells `news` whatever happens until `stop` is requested.
    pub(crate) fn open<N: From<News> + Send + 'static>(
        connection: &Connection,
        news: SyncSender<N>,
        stop: Stop,
        sends: Sends,
    ) -> Result<Self, CliError> {
        let config = Config::new(connection.config.clone())?;
        let endpoints = connection.endpoints(&config)?;
        let endpoint = endpoints.first().cloned().ok_or(LocalError::NoServer)?;
        let addresses: Vec<_> = endpoints.iter().map(|endpoint| endpoint.address.clone()).collect();
        let (commands, commands_out) = sync_channel(COMMANDS_WAITING_MAX);
        let (answers_in, answers) = sync_channel(COMMANDS_WAITING_MAX);
        let (waker, wake) = Wake::new()?;
        stop.watch(waker.clone());
        let channels = Channels { commands: commands_out, answers: answers_in, news };
        let seed = Uuid::now_v7().as_u64_pair().1;
        let outbox = match sends {
            Sends::Messages => Some(Outbox::new(OwnFolder::new(config.outbox()), addresses.clone())),
            Sends::Nothing => None,
        };
        let server = KnownServer::new(endpoints, config.clone());
        let network = Network::new(&endpoint, server, seed, outbox, channels, wake, stop.clone())?;
        let ended = Ended::default();
        let at_end = ended.clone();
        let work = move || {
            if let Err(error) = network.run() {
                tracing::error!(%error, "the connection ended");
            }
            at_end.tell();
        };
        std::thread::Builder::new().name("network".to_owned()).spawn(work)?;
        let timeout = connection.timeout;
        Ok(Self {
            endpoint,
            addresses,
            timeout,
            config,
            commands,
            answers,
            waker,
            stop,
            last_ticket: NOBODY,
            ended,
        })
    }

    /// Asks, and waits for the answer as long as the person said.
    pub(crate) fn ask(&mut self, command: Command) -> Result<Answer, CliError> {
        let ticket = self.begin(command)?;
        self.await_answer(ticket, self.timeout)
    }

    /// Asks, and waits for nothing. It is asked again until it is answered.
    pub(crate) fn begin(&mut self, command: Command) -> Result<u64, CliError> {
        self.last_ticket += 1;
        self.hand_over(command)?;
        Ok(self.last_ticket)
    }

    /// Waits for the answer to what was asked.
    pub(crate) fn await_answer(&self, wanted: u64, time: Duration) -> Result<Answer, CliError> {
        let deadline = clock::now() + time;
        loop {
            match self.answers.recv_timeout(deadline.saturating_duration_since(clock::now())) {
                Ok((ticket, outcome)) if ticket == wanted => return Ok(outcome?),
                Ok(_nobody_waits_for_it_any_more) => {}
                Err(RecvTimeoutError::Timeout) => return Err(self.unreachable(time)),
                Err(RecvTimeoutError::Disconnected) => return Err(connection_ended()),
            }
        }
    }

    /// Asks several things at once, and waits for all answers, also for a server that goes away for a while.
    pub(crate) fn ask_all(&mut self, commands: Vec<Command>) -> Result<Vec<Answer>, CliError> {
        let first = self.last_ticket + 1;
        let mut answers: Vec<Option<Answer>> = vec![None; commands.len()];
        for command in commands {
            self.last_ticket += 1;
            self.hand_over(command)?;
        }
        let deadline = self.deadline(PATIENCE);
        while answers.contains(&None) {
            match self.answers.recv_timeout(deadline.saturating_duration_since(clock::now())) {
                Ok((ticket, outcome)) => {
                    let at = ticket.checked_sub(first).and_then(|at| usize::try_from(at).ok());
                    if let Some(answer) = at.and_then(|at| answers.get_mut(at)) {
                        *answer = Some(outcome?);
                    }
                }
                Err(RecvTimeoutError::Timeout) => return Err(self.unreachable(self.wait(PATIENCE))),
                Err(RecvTimeoutError::Disconnected) => return Err(connection_ended()),
            }
        }
        Ok(answers.into_iter().flatten().collect())
    }

    /// For whoever waits for the end of the connection.
    pub(crate) fn ended(&self) -> Ended {
        self.ended.clone()
    }

    /// How long an answer may take.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The last messages of the conversations here, empty until it is said whose.
    pub(crate) fn cache(&self) -> Cache {
        Cache::new(self.config.cache(), self.endpoint.address.clone())
    }

    /// How the session stands. Nobody else is asked, so the answer comes at once.
    pub(crate) fn status(&mut self) -> Result<Status, CliError> {
        let Answer::Status(status) = self.ask(Command::Status)? else { return Err(unexpected()) };
        Ok(status)
    }

    /// Which endpoint a status is about.
    pub(crate) fn address(&self, status: &Status) -> String {
        self.addresses.get(status.endpoint).unwrap_or(&self.endpoint.address).clone()
    }

    /// For whoever sees keys being typed.
    pub(crate) fn keys(&self) -> Keys {
        Keys { commands: self.commands.clone(), waker: self.waker.clone() }
    }

    /// Sends a message; what became of it is told as news.
    pub(crate) fn send(
        &mut self,
        to: Target,
        text: Text<'static>,
        reply: Option<u64>,
    ) -> Result<(), CliError> {
        self.hand_over(Command::Send(Message { to, id: Uuid::now_v7(), text, reply }))
    }

    /// Does something to a message.
    pub(crate) fn amend(
        &mut self,
        conversation: Target,
        n: u64,
        change: Alteration,
    ) -> Result<Answer, CliError> {
        self.ask(Command::Amend(Amend { conversation, n, id: Uuid::now_v7(), change }))
    }

    fn hand_over(&mut self, command: Command) -> Result<(), CliError> {
        let handed = self.commands.try_send((self.last_ticket, command));
        self.waker.wake();
        handed.map_err(|error| match error {
            TrySendError::Full(_) => CliError::Busy,
            TrySendError::Disconnected(_) => connection_ended(),
        })
    }

    /// Goes on with the session that was kept, if there is one.
    pub(crate) fn restore(&mut self) -> Result<Option<LoggedIn>, CliError> {
        let Some(session) = self.config.session(&self.addresses)? else { return Ok(None) };
        self.resume(session.clone())?;
        Ok(Some(session))
    }

    /// Goes on with a session.
    pub(crate) fn resume(&mut self, session: LoggedIn) -> Result<(), CliError> {
        self.ask(Command::Restore(session)).map(drop)
    }

    /// Goes on with the session that was kept; it is an error if there is none.
    pub(crate) fn require_session(&mut self) -> Result<LoggedIn, CliError> {
        let restored = self.restore()?;
        restored.ok_or_else(|| CliError::LoggedOut(self.addresses.join(", ")))
    }

    /// Makes an account.
    pub(crate) fn register(&mut self, user: UserName, password: NewPassword) -> Result<Registered, CliError> {
        let Answer::Registered(registered) = self.ask(Command::Register(Credentials { user, password }))?
        else {
            return Err(unexpected());
        };
        Ok(registered)
    }

    /// Opens a session and keeps it.
    pub(crate) fn login(&mut self, user: UserName, password: Password) -> Result<LoggedIn, CliError> {
        let Answer::LoggedIn(session) = self.ask(Command::Login(Credentials { user, password }))? else {
            return Err(unexpected());
        };
        self.config.keep(&self.addresses, &session)?;
        Ok(session)
    }

    /// Ends the session. Here it is forgotten even when the server does not know it any more.
    pub(crate) fn logout(&mut self) -> Result<(), CliError> {
        let outcome = self.ask(Command::Logout);
        if outcome.as_ref().err().is_none_or(CliError::is_logged_out) {
            self.config.forget(&self.addresses)?;
        }
        outcome.map(drop)
    }

    /// Has other sessions ended; how many they were.
    pub(crate) fn end_sessions(&mut self, command: Command) -> Result<u64, CliError> {
        let Answer::SessionsEnded(ended) = self.ask(command)? else { return Err(unexpected()) };
        Ok(ended)
    }

    /// How long to wait for something: at least as long as the person said.
    pub(crate) fn wait(&self, patience: Duration) -> Duration {
        patience.max(self.timeout)
    }

    /// When something that begins now has taken too long.
    pub(crate) fn deadline(&self, patience: Duration) -> Instant {
        clock::now() + self.wait(patience)
    }

    /// The failure of having waited in vain.
    pub(crate) fn unreachable(&self, waited: Duration) -> CliError {
        let server = self.addresses.join(", ");
        CliError::Unreachable { server, waited, is_plain: self.endpoint.is_plain() }
    }
}

/// The network thread ends with its handle, and with it the channel of news.
impl Drop for ClientHandle {
    /// It has a moment to leave the outbox as it should be: the program may end with its front end.
    fn drop(&mut self) {
        self.stop.request();
        let deadline = clock::now() + LEAVING_TIME;
        while self.answers.recv_timeout(deadline.saturating_duration_since(clock::now())).is_ok() {}
    }
}

pub(crate) fn connection_ended() -> CliError {
    CliError::ConnectionEnded
}

/// An answer to another question than the one that was asked.
pub(crate) fn unexpected() -> CliError {
    CliError::Unexpected
}

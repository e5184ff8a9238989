//! The handle of a front end: it gives commands to the network thread, waits for their answers, and keeps the
//! session on this machine.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use common::accounts::{Credentials, LoggedIn, Registered};
use common::{NewPassword, Password, Target, Text, UserName};
use transport::clock;
use transport::shutdown::Shutdown;
use transport::wake::{Wake, Waker};
use uuid::Uuid;

use crate::cache::Cache;
use crate::cli_error::CliError;
use crate::config::Config;
use crate::connection::{Connection, Endpoint, KnownServer};
use crate::local_error::LocalError;
use crate::network::{Asked, Channels, Network, Reply};
use crate::outbox::Outbox;
use session::{Answer, Command, Message, NO_TICKET, News, Status};

/// Commands, and answers, that wait between the threads. Beyond it, a command fails with [`CliError::Busy`].
const COMMANDS_WAITING_MAX: usize = 4096;

/// Messages that a front end may have pending at once.
pub(crate) const MESSAGES_UNDERWAY_MAX: usize = 1024;

/// How long a script waits for a server that answered before and no longer does.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Reports keystrokes to the session, from any thread.
#[derive(Clone)]
pub(crate) struct Keystrokes {
    commands: SyncSender<Asked>,
    waker: Waker,
}

impl Keystrokes {
    /// Reports to no session.
    #[cfg(test)]
    pub(crate) fn ignored() -> Self {
        let (commands, _closed) = sync_channel(1);
        Self { commands, waker: Wake::new().expect("a pipe").0 }
    }

    /// Reports a keystroke in a message to `to`, or in another line. Dropped if too many commands wait.
    pub(crate) fn report(&self, to: Option<Target>) {
        let _best_effort = self.commands.try_send((NO_TICKET, Command::KeyTyped(to)));
        self.waker.wake();
    }
}

/// How long a dropped handle waits for the network thread, which may be blocked on news that are no longer
/// read.
const END_WAIT: Duration = Duration::from_secs(1);

/// Whether a front end sends messages. If so, it also sends those left in the outboxes of front ends that
/// were killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sends {
    Messages,
    Nothing,
}

/// A connection to a server. Dropping it ends the network thread, which closes the channel of news.
pub(crate) struct ClientHandle {
    endpoint: Endpoint,
    /// The addresses of the server; the session is kept under each of them.
    addresses: Vec<String>,
    timeout: Duration,
    pub(crate) config: Config,
    user: Option<UserName>,
    commands: SyncSender<Asked>,
    answers: Receiver<Reply>,
    waker: Waker,
    stop: Shutdown,
    last_ticket: u64,
    ended: Ended,
}

/// Set once the network thread has ended.
#[derive(Clone, Default)]
pub(crate) struct Ended {
    shared: Arc<(Mutex<bool>, Condvar)>,
}

impl Ended {
    /// Waits for the end, at most for `time`.
    pub(crate) fn wait(&self, time: Duration) {
        let (has_ended, changed) = &*self.shared;
        let has_ended = has_ended.lock().unwrap_or_else(PoisonError::into_inner);
        drop(changed.wait_timeout_while(has_ended, time, |has_ended| !*has_ended));
    }

    fn set(&self) {
        let (has_ended, changed) = &*self.shared;
        *has_ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
        changed.notify_all();
    }
}

impl ClientHandle {
    /// Starts the network thread. It sends news until `stop` is requested.
    pub(crate) fn open<N: From<News> + Send + 'static>(
        connection: &Connection,
        news: SyncSender<N>,
        stop: Shutdown,
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
            Sends::Messages => Some(Outbox::new(Arc::new(config.disk()), addresses.clone())),
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
            at_end.set();
        };
        std::thread::Builder::new().name("network".to_owned()).spawn(work)?;
        let timeout = connection.timeout;
        Ok(Self {
            endpoint,
            addresses,
            timeout,
            config,
            user: None,
            commands,
            answers,
            waker,
            stop,
            last_ticket: NO_TICKET,
            ended,
        })
    }

    /// Gives a command, and waits for its answer up to the timeout of the connection.
    pub(crate) fn command(&mut self, command: Command) -> Result<Answer, CliError> {
        let ticket = self.begin(command)?;
        self.await_answer(ticket, self.timeout)
    }

    /// Gives a command without waiting. The session retries it until it is answered. Returns the ticket of
    /// the answer.
    pub(crate) fn begin(&mut self, command: Command) -> Result<u64, CliError> {
        self.last_ticket += 1;
        self.hand_over(command)?;
        Ok(self.last_ticket)
    }

    /// Waits for the answer with a ticket.
    pub(crate) fn await_answer(&self, ticket: u64, time: Duration) -> Result<Answer, CliError> {
        let deadline = clock::now() + time;
        loop {
            match self.answers.recv_timeout(deadline.saturating_duration_since(clock::now())) {
                Ok((of, outcome)) if of == ticket => return Ok(outcome?),
                Ok(_after_its_timeout) => {}
                Err(RecvTimeoutError::Timeout) => return Err(self.unreachable(time)),
                Err(RecvTimeoutError::Disconnected) => return Err(connection_ended()),
            }
        }
    }

    /// Gives several commands, and waits for all answers. The server may be gone for a while.
    pub(crate) fn command_all(&mut self, commands: Vec<Command>) -> Result<Vec<Answer>, CliError> {
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

    /// The user of the session, once there is one.
    pub(crate) fn user(&self) -> Option<&UserName> {
        self.user.as_ref()
    }

    pub(crate) fn ended(&self) -> Ended {
        self.ended.clone()
    }

    /// The timeout of an answer.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The cached messages of this server. Empty until [`Cache::is_of`] names the user.
    pub(crate) fn cache(&self) -> Cache {
        Cache::new(self.config.cache(), self.endpoint.address.clone())
    }

    /// The status of the session. It is local: the answer comes at once.
    pub(crate) fn status(&mut self) -> Result<Status, CliError> {
        let Answer::Status(status) = self.command(Command::Status)? else { return Err(unexpected()) };
        Ok(status)
    }

    /// The address of the endpoint that a status is about.
    pub(crate) fn address(&self, status: &Status) -> String {
        self.addresses.get(status.endpoint).unwrap_or(&self.endpoint.address).clone()
    }

    pub(crate) fn keystrokes(&self) -> Keystrokes {
        Keystrokes { commands: self.commands.clone(), waker: self.waker.clone() }
    }

    /// Sends a message. Its outcome comes as news.
    pub(crate) fn send(
        &mut self,
        to: Target,
        text: Text<'static>,
        reply: Option<u64>,
    ) -> Result<(), CliError> {
        self.hand_over(Command::Send(Message { to, id: Uuid::now_v7(), text, reply }))
    }

    fn hand_over(&mut self, command: Command) -> Result<(), CliError> {
        let handed = self.commands.try_send((self.last_ticket, command));
        self.waker.wake();
        handed.map_err(|error| match error {
            TrySendError::Full(_) => CliError::Busy,
            TrySendError::Disconnected(_) => connection_ended(),
        })
    }

    /// Resumes the session kept on this machine, if there is one.
    pub(crate) fn restore(&mut self) -> Result<Option<LoggedIn>, CliError> {
        let Some(session) = self.config.session(&self.addresses)? else { return Ok(None) };
        self.resume(session.clone())?;
        Ok(Some(session))
    }

    pub(crate) fn resume(&mut self, session: LoggedIn) -> Result<(), CliError> {
        self.user = Some(session.user.clone());
        self.command(Command::Restore(session)).map(drop)
    }

    /// As [`restore`](Self::restore). An error if no session was kept.
    pub(crate) fn require_session(&mut self) -> Result<LoggedIn, CliError> {
        let restored = self.restore()?;
        restored.ok_or_else(|| CliError::LoggedOut(self.addresses.join(", ")))
    }

    /// Creates an account.
    pub(crate) fn register(&mut self, user: UserName, password: NewPassword) -> Result<Registered, CliError> {
        let Answer::Registered(registered) =
            self.command(Command::Register(Credentials { user, password }))?
        else {
            return Err(unexpected());
        };
        Ok(registered)
    }

    /// Opens a session and keeps it.
    pub(crate) fn login(&mut self, user: UserName, password: Password) -> Result<LoggedIn, CliError> {
        let Answer::LoggedIn(session) = self.command(Command::Login(Credentials { user, password }))? else {
            return Err(unexpected());
        };
        self.user = Some(session.user.clone());
        self.config.keep(&self.addresses, &session)?;
        Ok(session)
    }

    /// Ends the session, and forgets it on this machine even if the server no longer knows it.
    pub(crate) fn logout(&mut self) -> Result<(), CliError> {
        let outcome = self.command(Command::Logout);
        if outcome.as_ref().err().is_none_or(CliError::is_logged_out) {
            self.config.forget(&self.addresses)?;
        }
        outcome.map(drop)
    }

    /// Gives a command that ends sessions. Returns how many it ended.
    pub(crate) fn end_sessions(&mut self, command: Command) -> Result<u64, CliError> {
        let Answer::SessionsEnded(ended) = self.command(command)? else { return Err(unexpected()) };
        Ok(ended)
    }

    /// The longer of `patience` and the timeout of the connection.
    pub(crate) fn wait(&self, patience: Duration) -> Duration {
        patience.max(self.timeout)
    }

    /// The time at which [`wait`](Self::wait) ends, if it starts now.
    pub(crate) fn deadline(&self, patience: Duration) -> Instant {
        clock::now() + self.wait(patience)
    }

    /// The error after a timeout.
    pub(crate) fn unreachable(&self, waited: Duration) -> CliError {
        let server = self.addresses.join(", ");
        CliError::Unreachable { server, waited, is_plain: self.endpoint.is_plain() }
    }
}

impl Drop for ClientHandle {
    /// Waits for the network thread, so that it can write the outbox before the program ends.
    fn drop(&mut self) {
        self.stop.request();
        let deadline = clock::now() + END_WAIT;
        while self.answers.recv_timeout(deadline.saturating_duration_since(clock::now())).is_ok() {}
    }
}

pub(crate) fn connection_ended() -> CliError {
    CliError::ConnectionEnded
}

/// The error for an answer of the wrong kind.
pub(crate) fn unexpected() -> CliError {
    CliError::Unexpected
}

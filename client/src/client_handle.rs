//! The handle of a front end: it submits commands to the network thread, waits for their answers, and stores
//! the session on this machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use common::accounts::{Credentials, LoggedIn, Registered, Registration, Reset};
use common::{NewPassword, Password, Target, Text, UserName};
use transport::clock;
use transport::shutdown::Shutdown;
use transport::wake::{Wake, Waker};
use uuid::Uuid;

use crate::cache::Cache;
use crate::channel_names::SharedNames;
use crate::cli_error::CliError;
use crate::config::Config;
use crate::connection::{Connection, Endpoint, KnownServer};
use crate::i18n::Catalog;
use crate::local_error::LocalError;
use crate::network::thread_end::NetworkThreadEnd;
use crate::network::{FrontEnd, Network, TicketedAnswer, TicketedCommand};
use crate::outbox::Outbox;
use session::{Answer, Command, Message, NO_TICKET, News, Status};

/// The maximum number of queued commands, and of queued answers, between the threads. If the queue is full, a
/// command fails with [`CliError::Busy`].
const COMMANDS_QUEUED_MAX: usize = 4096;

/// The maximum number of pending messages of a front end.
pub(crate) const MESSAGES_PENDING_MAX: usize = 1024;

/// How long a script waits during an outage of a server that has answered before.
pub(crate) const OUTAGE_WAIT: Duration = Duration::from_mins(1);

/// Reports keystrokes to the session, from any thread.
#[derive(Clone)]
pub(crate) struct Keystrokes {
    commands: SyncSender<TicketedCommand>,
    waker: Waker,
}

impl Keystrokes {
    /// Keystrokes that are reported to no session.
    #[cfg(test)]
    pub(crate) fn ignored() -> Self {
        let (commands, _closed) = sync_channel(1);
        Self { commands, waker: Wake::new().expect("a pipe").0 }
    }

    /// Reports a keystroke in a message to `to`. `None` means that the line is not a message. The report is
    /// dropped if the queue is full.
    pub(crate) fn report(&self, to: Option<Target>) {
        let _best_effort = self.commands.try_send((NO_TICKET, Command::KeyTyped(to)));
        self.waker.wake();
    }
}

/// How long a dropped handle waits for the network thread. The thread can be blocked if the front end no
/// longer reads news.
const END_WAIT: Duration = Duration::from_secs(1);

/// Whether a front end sends messages. If it does, it first sends the unsent messages of processes that have
/// exited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sends {
    Messages,
    Nothing,
}

/// A connection to a server. Dropping the handle ends the network thread, which closes the channel of news.
pub(crate) struct ClientHandle {
    endpoint: Endpoint,
    /// The index of the endpoint in use, which the network thread changes.
    endpoint_index: Arc<AtomicUsize>,
    /// The addresses of the server. The session is stored under each address.
    addresses: Vec<String>,
    timeout: Duration,
    pub(crate) config: Config,
    /// The later names of channels that the session knows.
    names: SharedNames,
    user: Option<UserName>,
    commands: SyncSender<TicketedCommand>,
    answers: Receiver<TicketedAnswer>,
    waker: Waker,
    shutdown: Shutdown,
    last_ticket: u64,
    network_thread_end: NetworkThreadEnd,
}

impl ClientHandle {
    /// Starts the network thread. The thread sends news until `shutdown` is requested, and prints errors in
    /// the language of `catalog`.
    pub(crate) fn open<N: From<News> + Send + 'static>(
        connection: &Connection,
        catalog: Catalog,
        news: SyncSender<N>,
        shutdown: Shutdown,
        sends: Sends,
    ) -> Result<Self, CliError> {
        let config = Config::new(connection.config.clone())?;
        let endpoints = connection.endpoints(&config)?;
        let endpoint = endpoints.first().cloned().ok_or(LocalError::NoServer)?;
        let addresses: Vec<_> = endpoints.iter().map(|endpoint| endpoint.address.clone()).collect();
        let (commands, commands_out) = sync_channel(COMMANDS_QUEUED_MAX);
        let (answers_in, answers) = sync_channel(COMMANDS_QUEUED_MAX);
        let (waker, wake) = Wake::new()?;
        shutdown.watch(waker.clone());
        let names = SharedNames::default();
        let endpoint_index = Arc::new(AtomicUsize::new(0));
        let front_end = FrontEnd {
            commands: commands_out,
            answers: answers_in,
            news,
            catalog,
            names: names.clone(),
            endpoint_index: endpoint_index.clone(),
        };
        let seed = Uuid::now_v7().as_u64_pair().1;
        let outbox = match sends {
            Sends::Messages => Some(Outbox::new(Arc::new(config.disk()), addresses.clone(), catalog)),
            Sends::Nothing => None,
        };
        let server = KnownServer::new(endpoints, config.clone());
        let network = Network::new(&endpoint, server, seed, outbox, front_end, wake, shutdown.clone())?;
        let network_thread_end = NetworkThreadEnd::default();
        let at_end = network_thread_end.clone();
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
            endpoint_index,
            addresses,
            timeout,
            config,
            names,
            user: None,
            commands,
            answers,
            waker,
            shutdown,
            last_ticket: NO_TICKET,
            network_thread_end,
        })
    }

    /// Submits a command, and waits for its answer up to the timeout of the connection.
    pub(crate) fn command(&mut self, command: Command) -> Result<Answer, CliError> {
        let ticket = self.submit(command)?;
        self.await_answer(ticket, self.timeout)
    }

    /// Submits a command. The session retries it until the server answers. Returns the ticket of the answer.
    pub(crate) fn submit(&mut self, command: Command) -> Result<u64, CliError> {
        self.last_ticket += 1;
        self.enqueue(command)?;
        Ok(self.last_ticket)
    }

    /// Waits up to `time` for the answer with a ticket.
    pub(crate) fn await_answer(&self, ticket: u64, time: Duration) -> Result<Answer, CliError> {
        let deadline = clock::now() + time;
        loop {
            match self.answers.recv_timeout(deadline.saturating_duration_since(clock::now())) {
                Ok((of, outcome)) if of == ticket => {
                    return outcome.map_err(|error| self.names.in_error(error).into());
                }
                Ok(_after_its_timeout) => {}
                Err(RecvTimeoutError::Timeout) => return Err(self.unreachable(time)),
                Err(RecvTimeoutError::Disconnected) => return Err(CliError::ConnectionEnded),
            }
        }
    }

    /// Submits commands, and waits for all answers. An outage of the server may last up to [`OUTAGE_WAIT`].
    pub(crate) fn command_all(&mut self, commands: Vec<Command>) -> Result<Vec<Answer>, CliError> {
        let first = self.last_ticket + 1;
        let mut answers: Vec<Option<Answer>> = vec![None; commands.len()];
        for command in commands {
            self.last_ticket += 1;
            self.enqueue(command)?;
        }
        let deadline = self.deadline(OUTAGE_WAIT);
        while answers.contains(&None) {
            match self.answers.recv_timeout(deadline.saturating_duration_since(clock::now())) {
                Ok((ticket, outcome)) => {
                    let at = ticket.checked_sub(first).and_then(|at| usize::try_from(at).ok());
                    if let Some(answer) = at.and_then(|at| answers.get_mut(at)) {
                        *answer = Some(outcome?);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    return Err(self.unreachable(self.longer_timeout(OUTAGE_WAIT)));
                }
                Err(RecvTimeoutError::Disconnected) => return Err(CliError::ConnectionEnded),
            }
        }
        Ok(answers.into_iter().flatten().collect())
    }

    /// The user of the session, if there is one.
    pub(crate) fn user(&self) -> Option<&UserName> {
        self.user.as_ref()
    }

    pub(crate) fn network_thread_end(&self) -> NetworkThreadEnd {
        self.network_thread_end.clone()
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The cached messages of this server. Empty until [`Cache::set_owner`].
    pub(crate) fn cache(&self) -> Cache {
        Cache::new(self.config.cache(), self.endpoint.address.clone())
    }

    /// The status of the session. The server is not needed for it.
    pub(crate) fn status(&mut self) -> Result<Status, CliError> {
        let Answer::Status(status) = self.command(Command::Status)? else {
            return Err(CliError::UnexpectedAnswer);
        };
        Ok(status)
    }

    pub(crate) fn names(&self) -> SharedNames {
        self.names.clone()
    }

    pub(crate) fn addresses(&self) -> &[String] {
        &self.addresses
    }

    /// The address of the endpoint in use.
    pub(crate) fn address(&self) -> String {
        let index = self.endpoint_index.load(Ordering::Relaxed);
        self.addresses.get(index).unwrap_or(&self.endpoint.address).clone()
    }

    pub(crate) fn keystrokes(&self) -> Keystrokes {
        Keystrokes { commands: self.commands.clone(), waker: self.waker.clone() }
    }

    /// Queues a message. `News::Sent` reports its outcome.
    pub(crate) fn send(
        &mut self,
        to: Target,
        text: Text<'static>,
        reply: Option<u64>,
    ) -> Result<(), CliError> {
        self.enqueue(Command::Send(Message { to, id: Uuid::now_v7(), text, reply }))
    }

    fn enqueue(&mut self, command: Command) -> Result<(), CliError> {
        let queued = self.commands.try_send((self.last_ticket, command));
        self.waker.wake();
        queued.map_err(|error| match error {
            TrySendError::Full(_) => CliError::Busy,
            TrySendError::Disconnected(_) => CliError::ConnectionEnded,
        })
    }

    /// Resumes the session stored on this machine, if there is one.
    pub(crate) fn restore(&mut self) -> Result<Option<LoggedIn>, CliError> {
        let Some(session) = self.config.session(&self.addresses)? else { return Ok(None) };
        self.resume(session.clone())?;
        Ok(Some(session))
    }

    pub(crate) fn resume(&mut self, session: LoggedIn) -> Result<(), CliError> {
        self.user = Some(session.user.clone());
        self.command(Command::Restore(session)).map(drop)
    }

    /// Like [`restore`](Self::restore), but returns an error if no session is stored.
    pub(crate) fn require_session(&mut self) -> Result<LoggedIn, CliError> {
        let restored = self.restore()?;
        restored.ok_or_else(|| CliError::LoggedOut(self.addresses.join(", ")))
    }

    /// Registers with this join code instead of the code of the invite.
    pub(crate) fn set_join_code(&mut self, code: Option<String>) {
        if code.is_some() {
            self.endpoint.join_code = code;
        }
    }

    /// Creates an account, with the join code if there is one.
    pub(crate) fn register(&mut self, user: UserName, password: NewPassword) -> Result<Registered, CliError> {
        let code = self.endpoint.join_code.clone();
        let Answer::Registered(registered) =
            self.command(Command::Register(Registration { user, password, code }))?
        else {
            return Err(CliError::UnexpectedAnswer);
        };
        Ok(registered)
    }

    /// Replaces a forgotten password, with a code of an administrator.
    pub(crate) fn reset(
        &mut self,
        user: UserName,
        code: String,
        new_password: NewPassword,
    ) -> Result<(), CliError> {
        self.command(Command::Reset(Reset { user, code, new_password })).map(drop)
    }

    /// The address of this node with a join code.
    pub(crate) fn address_with(&self, code: &str) -> String {
        self.endpoint.address_with(code)
    }

    /// Opens a session and stores it.
    pub(crate) fn login(&mut self, user: UserName, password: Password) -> Result<LoggedIn, CliError> {
        let Answer::LoggedIn(session) = self.command(Command::Login(Credentials { user, password }))? else {
            return Err(CliError::UnexpectedAnswer);
        };
        self.user = Some(session.user.clone());
        self.config.store_session(&self.addresses, &session)?;
        Ok(session)
    }

    /// Ends the session. Removes it from this machine even if the server does not accept its token.
    pub(crate) fn logout(&mut self) -> Result<(), CliError> {
        let outcome = self.command(Command::Logout);
        if outcome.as_ref().err().is_none_or(CliError::needs_login) {
            self.config.remove_session(&self.addresses)?;
        }
        outcome.map(drop)
    }

    /// Forgets the session of an account that was deleted.
    pub(crate) fn forget_session(&mut self) -> Result<(), CliError> {
        match self.logout() {
            Err(error) if !error.needs_login() => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Runs a command that ends sessions. Returns the number of ended sessions.
    pub(crate) fn end_sessions(&mut self, command: Command) -> Result<u64, CliError> {
        let Answer::SessionsEnded(ended) = self.command(command)? else {
            return Err(CliError::UnexpectedAnswer);
        };
        Ok(ended)
    }

    /// The longer of `timeout` and the timeout of the connection.
    pub(crate) fn longer_timeout(&self, timeout: Duration) -> Duration {
        timeout.max(self.timeout)
    }

    /// The time at which [`longer_timeout`](Self::longer_timeout) from now ends.
    pub(crate) fn deadline(&self, timeout: Duration) -> Instant {
        clock::now() + self.longer_timeout(timeout)
    }

    pub(crate) fn unreachable(&self, waited: Duration) -> CliError {
        let server = self.addresses.join(", ");
        CliError::Unreachable { server, waited, is_plain: self.endpoint.is_plain() }
    }
}

impl Drop for ClientHandle {
    /// Waits for the network thread, which writes the outbox before it ends.
    fn drop(&mut self) {
        self.shutdown.request();
        let deadline = clock::now() + END_WAIT;
        while self.answers.recv_timeout(deadline.saturating_duration_since(clock::now())).is_ok() {}
    }
}

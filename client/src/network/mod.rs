//! The network thread: it owns the sockets and the session core, and has channels to the front end.

mod io;
mod outgoing;

use std::sync::mpsc::{Receiver, SyncSender};
use std::time::Duration;

use common::Error;
use session::driver::{self, Io as _};
use session::{Answer, Command, News, Session};
use transport::poll::{self, Watch};
use transport::shutdown::Shutdown;
use transport::wake::Wake;
use transport::{TransportError, clock};

use crate::connection::{Endpoint, KnownServer};
use crate::i18n::Words;
use crate::outbox::Outbox;

use io::NetworkIo;

/// Messages received from one socket in one turn, so that no socket starves the others.
const MESSAGES_PER_TURN_MAX: usize = 256;

/// How long the thread waits at its end for the answer to the goodbye.
const GOODBYE_WAIT: Duration = Duration::from_millis(500);

/// A command with a ticket, which its answer repeats.
pub(crate) type TicketedCommand = (u64, Command);

pub(crate) type TicketedAnswer = (u64, Result<Answer, Error>);

/// The channels to the front end, and its language.
pub(crate) struct FrontEnd<N> {
    pub(crate) commands: Receiver<TicketedCommand>,
    pub(crate) answers: SyncSender<TicketedAnswer>,
    /// Bounded: a front end that does not read the news blocks the network thread. The session then requests
    /// the events that were lost.
    pub(crate) news: SyncSender<N>,
    pub(crate) words: Words,
}

pub(crate) struct Network<N> {
    session: Session,
    io: NetworkIo<N>,
    commands: Receiver<TicketedCommand>,
    wake: Wake,
    shutdown: Shutdown,
}

impl<N: From<News>> Network<N> {
    /// Connects to one endpoint of a server, which does not have to exist yet.
    pub(crate) fn new(
        endpoint: &Endpoint,
        server: KnownServer,
        seed: u64,
        outbox: Option<Outbox>,
        front_end: FrontEnd<N>,
        wake: Wake,
        shutdown: Shutdown,
    ) -> Result<Self, TransportError> {
        let session = Session::new(seed).with_endpoints(server.endpoints.len());
        let FrontEnd { commands, answers, news, words } = front_end;
        let io = NetworkIo::new(endpoint, server, outbox, answers, news, words)?;
        Ok(Self { session, io, commands, wake, shutdown })
    }

    /// Runs until shutdown is requested, or until the front end no longer receives news.
    pub(crate) fn run(mut self) -> Result<(), TransportError> {
        while !self.shutdown.is_requested() {
            self.wait()?;
            self.wake.clear();
            while let Ok((ticket, command)) = self.commands.try_recv() {
                self.session.command(self.io.now_ms(), ticket, command);
            }
            self.receive_events()?;
            self.receive_replies()?;
            self.session.tick(self.io.now_ms());
            driver::step(&mut self.session, &mut self.io)?;
            if !self.io.is_news_read() {
                break;
            }
            self.io.flush()?;
        }
        self.say_goodbye()
    }

    /// Reports to the server that the user leaves, and waits shortly for the answer.
    fn say_goodbye(&mut self) -> Result<(), TransportError> {
        if !self.session.quit() {
            return Ok(());
        }
        let deadline = clock::now() + GOODBYE_WAIT;
        while !self.session.has_quit() && clock::now() < deadline {
            driver::step(&mut self.session, &mut self.io)?;
            self.io.flush()?;
            let left = deadline.saturating_duration_since(clock::now());
            poll::wait(&[Watch::Readable(&self.io.dealer)], Some(left))?;
            self.receive_replies()?;
        }
        Ok(())
    }

    fn wait(&self) -> Result<(), TransportError> {
        let mut watches = vec![Watch::Wake(&self.wake), Watch::Readable(&self.io.dealer)];
        watches.extend(self.io.subscriber.as_ref().map(Watch::Readable));
        if self.io.has_outgoing() {
            watches.push(Watch::Writable(&self.io.dealer));
        }
        let left_ms = self.session.deadline().map(|deadline| deadline.saturating_sub(self.io.now_ms()));
        poll::wait(&watches, left_ms.map(Duration::from_millis))
    }

    /// A reply is `[""] [lines]`, or `[""] [lines] [bytes]`.
    fn receive_replies(&mut self) -> Result<(), TransportError> {
        let mut frames = Vec::new();
        for _ in 0..MESSAGES_PER_TURN_MAX {
            if !self.io.dealer.receive(&mut frames)? {
                break;
            }
            self.io.record_answer();
            match frames.as_slice() {
                [delimiter, lines] if delimiter.is_empty() => self.session.replies(self.io.now_ms(), lines),
                [delimiter, lines, bytes, ..] if delimiter.is_empty() => {
                    self.session.replies_with_bytes(self.io.now_ms(), lines, bytes.to_vec());
                }
                _no_reply => {}
            }
        }
        Ok(())
    }

    /// An event is `[topic] [lines]`, a barrier is `[topic] [""]`.
    fn receive_events(&mut self) -> Result<(), TransportError> {
        let now_ms = self.io.now_ms();
        let Some(subscriber) = &self.io.subscriber else { return Ok(()) };
        let mut frames = Vec::new();
        for _ in 0..MESSAGES_PER_TURN_MAX {
            if !subscriber.receive(&mut frames)? {
                break;
            }
            if let [topic, lines] = frames.as_slice() {
                self.session.events(now_ms, topic, lines);
            }
        }
        Ok(())
    }
}

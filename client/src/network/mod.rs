//! The network thread: it owns the sockets, feeds the session core, and talks to the front end over channels.

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
use crate::outbox::Outbox;

use io::NetworkIo;

/// Messages taken from one socket in one turn, so that none starves the others.
const MESSAGES_PER_TURN_MAX: usize = 256;

/// How long the thread waits at its end for the server to answer the goodbye.
const GOODBYE_WAIT: Duration = Duration::from_millis(500);

/// A command and its ticket.
pub(crate) type Asked = (u64, Command);

/// The outcome of a command, and its ticket.
pub(crate) type Reply = (u64, Result<Answer, Error>);

/// The front end's ends of the channels.
pub(crate) struct Channels<N> {
    pub(crate) commands: Receiver<Asked>,
    pub(crate) answers: SyncSender<Reply>,
    /// Bounded, and waited for: a front end that does not read the news stops the network thread, and the
    /// events that are lost by that are repaired from history.
    pub(crate) news: SyncSender<N>,
}

/// The state of the thread.
pub(crate) struct Network<N> {
    session: Session,
    io: NetworkIo<N>,
    commands: Receiver<Asked>,
    wake: Wake,
    stop: Shutdown,
}

impl<N: From<News>> Network<N> {
    /// Connects to a server, which need not exist yet, at one of its endpoints.
    pub(crate) fn new(
        endpoint: &Endpoint,
        server: KnownServer,
        seed: u64,
        outbox: Option<Outbox>,
        channels: Channels<N>,
        wake: Wake,
        stop: Shutdown,
    ) -> Result<Self, TransportError> {
        let session = Session::new(seed).with_endpoints(server.endpoints.len());
        let Channels { commands, answers, news } = channels;
        let io = NetworkIo::new(endpoint, server, outbox, answers, news)?;
        Ok(Self { session, io, commands, wake, stop })
    }

    /// Runs until it is asked to stop, or until the front end no longer receives news.
    pub(crate) fn run(mut self) -> Result<(), TransportError> {
        while !self.stop.is_requested() {
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

    /// Reports to the server that the user leaves, and waits a moment for its reply.
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

    /// Replies are `[""] [lines]`, with bytes behind them where there are some.
    fn receive_replies(&mut self) -> Result<(), TransportError> {
        let mut frames = Vec::new();
        for _ in 0..MESSAGES_PER_TURN_MAX {
            if !self.io.dealer.receive(&mut frames)? {
                break;
            }
            self.io.note_that_the_server_answers();
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

    /// Events are `[topic] [lines]`, a barrier is `[topic] [""]`.
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

//! The network thread: it owns the sockets and the session core, and has channels to the front end.

mod io;
mod liveness;
mod outgoing;
pub(crate) mod thread_end;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::Duration;

use common::Error;
use session::driver::{self, Io as _};
use session::{Answer, Command, News, Session};
use transport::poll::{self, Watch};
use transport::shutdown::Shutdown;
use transport::wake::Wake;
use transport::{TransportError, clock};

use crate::channel_names::SharedNames;
use crate::connection::{Endpoint, KnownServer};
use crate::i18n::Catalog;
use crate::outbox::Outbox;

use io::{NetworkIo, Noted};
use liveness::Due;

/// The maximum number of messages that one round of the loop receives from one socket, so that no socket
/// blocks another socket.
const MESSAGES_PER_ROUND_MAX: usize = 256;

/// How long the thread waits at its end for the reply to the report that the user is offline.
const OFFLINE_REPORT_WAIT: Duration = Duration::from_millis(500);

/// A command with a ticket. The answer has the same ticket.
pub(crate) type TicketedCommand = (u64, Command);

pub(crate) type TicketedAnswer = (u64, Result<Answer, Error>);

/// The channels to the front end, and its language.
pub(crate) struct FrontEnd<N> {
    pub(crate) commands: Receiver<TicketedCommand>,
    pub(crate) answers: SyncSender<TicketedAnswer>,
    /// The channel is bounded: a front end that does not read the news blocks the network thread. The session
    /// later requests lost events.
    pub(crate) news: SyncSender<N>,
    pub(crate) catalog: Catalog,
    pub(crate) names: SharedNames,
    /// The index of the endpoint in use, which the network thread changes.
    pub(crate) endpoint_index: Arc<AtomicUsize>,
}

pub(crate) struct Network<N> {
    session: Session,
    io: NetworkIo<N>,
    commands: Receiver<TicketedCommand>,
    wake: Wake,
    shutdown: Shutdown,
}

impl<N: From<News>> Network<N> {
    /// Connects to an endpoint of a server. The server may start later.
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
        let FrontEnd { commands, answers, news, catalog, names, endpoint_index } = front_end;
        let io = NetworkIo::new(endpoint, server, outbox, answers, news, (catalog, names), endpoint_index)?;
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
            self.check_connection()?;
            self.session.tick(self.io.now_ms());
            driver::step(&mut self.session, &mut self.io)?;
            if !self.io.is_news_read() {
                break;
            }
            self.io.flush()?;
        }
        self.report_offline()
    }

    /// Reports to the server that the user is offline, and waits up to [`OFFLINE_REPORT_WAIT`] for the reply.
    fn report_offline(&mut self) -> Result<(), TransportError> {
        if !self.session.quit() {
            return Ok(());
        }
        let deadline = clock::now() + OFFLINE_REPORT_WAIT;
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
        watches.push(Watch::Monitor(&self.io.monitor));
        if self.io.has_outgoing() {
            watches.push(Watch::Writable(&self.io.dealer));
        }
        let deadline = [self.session.deadline(), self.io.liveness.deadline()].into_iter().flatten().min();
        let left_ms = deadline.map(|deadline| deadline.saturating_sub(self.io.now_ms()));
        poll::wait(&watches, left_ms.map(Duration::from_millis))
    }

    /// Moves to the next endpoint if the connection broke, or if the node does not answer a ping.
    fn check_connection(&mut self) -> Result<(), TransportError> {
        if self.io.monitor.is_broken()? {
            self.io.liveness.broke();
        }
        let now_ms = self.io.now_ms();
        match self.io.liveness.due(now_ms) {
            None => Ok(()),
            Some(Due::Ping) => self.io.ping(),
            Some(Due::Move) => {
                self.session.link_down(now_ms);
                self.io.move_on()
            }
        }
    }

    /// A reply is `[""] [lines]`, or `[""] [lines] [bytes]`.
    fn receive_replies(&mut self) -> Result<(), TransportError> {
        let mut frames = Vec::new();
        for _ in 0..MESSAGES_PER_ROUND_MAX {
            if !self.io.dealer.receive(&mut frames)? {
                break;
            }
            self.io.record_answer();
            let noted = frames.get(1).map_or(Noted::Reply, |lines| self.io.note_reply(lines));
            if noted == Noted::Moved {
                self.session.link_up(self.io.now_ms());
            }
            if noted != Noted::Reply {
                continue;
            }
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
        for _ in 0..MESSAGES_PER_ROUND_MAX {
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

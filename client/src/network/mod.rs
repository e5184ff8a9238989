//! The network thread: it owns the sockets, does what the session core says, and talks to the front end over
//! channels.

mod outgoing;

use std::sync::mpsc::{Receiver, SyncSender};
use std::time::{Duration, Instant};

use common::{Detail, Error, UserName};
use transport::poll::{self, Watch};
use transport::stop::Stop;
use transport::wake::Wake;
use transport::{Context, Kind, Socket, TransportError, clock};

use crate::connection::{Endpoint, KnownServer};
use crate::outbox::Outbox;
use crate::render::complain;
use session::{Answer, Command, Effect, Message, News, Session};

use outgoing::Outgoing;

/// How long the thread waits at its end for the server to answer the goodbye.
const GOODBYE_WAIT: Duration = Duration::from_millis(500);

/// Messages taken from one socket in one turn, so that none starves the others.
const MESSAGES_PER_TURN_MAX: usize = 256;

/// A command and the ticket under which its outcome is told.
pub(crate) type Asked = (u64, Command);

/// The outcome of a command.
pub(crate) type Reply = (u64, Result<Answer, Error>);

/// The front end's ends of the channels.
pub(crate) struct Channels<N> {
    pub(crate) commands: Receiver<Asked>,
    pub(crate) answers: SyncSender<Reply>,
    /// Bounded, and waited for: who does not read the news holds the network thread up, and the events lost by
    /// that are repaired from history.
    pub(crate) news: SyncSender<N>,
}

/// All that the thread owns.
pub(crate) struct Network<N> {
    server: KnownServer,
    /// Which of its endpoints we talk to, by number, and what is needed for it.
    at: usize,
    endpoint: Endpoint,
    context: Context,
    dealer: Socket,
    subscriber: Option<Socket>,
    outgoing: Outgoing,
    session: Session,
    /// Nothing for a front end that sends no messages. It is put down before the channels are closed.
    outbox: Option<Outbox>,
    begun: Instant,
    channels: Channels<N>,
    wake: Wake,
    stop: Stop,
}

impl<N: From<News>> Network<N> {
    /// Connects to a server, which need not be there yet, at one of the endpoints where it may be.
    pub(crate) fn new(
        endpoint: &Endpoint,
        server: KnownServer,
        seed: u64,
        outbox: Option<Outbox>,
        channels: Channels<N>,
        wake: Wake,
        stop: Stop,
    ) -> Result<Self, TransportError> {
        let context = Context::new();
        let dealer = connected(&context, endpoint)?;
        let session = Session::new(seed).with_endpoints(server.endpoints.len());
        Ok(Self {
            server,
            at: 0,
            endpoint: endpoint.clone(),
            context,
            dealer,
            subscriber: None,
            outgoing: Outgoing::default(),
            session,
            outbox,
            begun: clock::now(),
            channels,
            wake,
            stop,
        })
    }

    /// Works until asked to stop, or until nobody reads the news any more.
    pub(crate) fn run(mut self) -> Result<(), TransportError> {
        while !self.stop.is_requested() {
            self.wait()?;
            self.wake.clear();
            while let Ok((ticket, command)) = self.channels.commands.try_recv() {
                self.session.command(self.now_ms(), ticket, command);
            }
            self.receive_events()?;
            self.receive_replies()?;
            self.session.tick(self.now_ms());
            if self.perform_effects()?.is_none() {
                break;
            }
            self.send()?;
        }
        self.say_goodbye()
    }

    /// The person leaves: the server is told, if it answers soon.
    fn say_goodbye(&mut self) -> Result<(), TransportError> {
        if !self.session.quit() {
            return Ok(());
        }
        let deadline = clock::now() + GOODBYE_WAIT;
        while !self.session.has_quit() && clock::now() < deadline {
            let _whether_anybody_reads_the_news = self.perform_effects()?;
            self.send()?;
            let left = deadline.saturating_duration_since(clock::now());
            poll::wait(&[Watch::Readable(&self.dealer)], Some(left))?;
            self.receive_replies()?;
        }
        Ok(())
    }

    /// The core's clock: it never goes back, whatever happens to the time of day.
    fn now_ms(&self) -> u64 {
        u64::try_from(clock::now().duration_since(self.begun).as_millis()).unwrap_or(u64::MAX)
    }

    fn wait(&self) -> Result<(), TransportError> {
        let mut watches = vec![Watch::Wake(&self.wake), Watch::Readable(&self.dealer)];
        watches.extend(self.subscriber.as_ref().map(Watch::Readable));
        if !self.outgoing.is_empty() {
            watches.push(Watch::Writable(&self.dealer));
        }
        let left_ms = self.session.deadline().map(|deadline| deadline.saturating_sub(self.now_ms()));
        poll::wait(&watches, left_ms.map(Duration::from_millis))
    }

    /// Replies are `[""] [lines]`, with bytes behind them where there are some.
    fn receive_replies(&mut self) -> Result<(), TransportError> {
        let mut frames = Vec::new();
        for _ in 0..MESSAGES_PER_TURN_MAX {
            if !self.dealer.receive(&mut frames)? {
                break;
            }
            self.note_that_the_server_answers();
            match frames.as_slice() {
                [delimiter, lines] if delimiter.is_empty() => self.session.replies(self.now_ms(), lines),
                [delimiter, lines, bytes, ..] if delimiter.is_empty() => {
                    self.session.replies_with(self.now_ms(), lines, bytes.to_vec());
                }
                _no_reply => {}
            }
        }
        Ok(())
    }

    /// Before anybody learns of the answer, and ends the program.
    fn note_that_the_server_answers(&mut self) {
        if let Err(failure) = self.server.answers_at(self.at) {
            complain(&failure.to_string());
        }
    }

    /// Events are `[topic] [lines]`, a barrier is `[topic] [""]`.
    fn receive_events(&mut self) -> Result<(), TransportError> {
        let now_ms = self.now_ms();
        let Some(subscriber) = &self.subscriber else { return Ok(()) };
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

    /// Does what the core says; nothing when nobody reads the news any more.
    fn perform_effects(&mut self) -> Result<Option<()>, TransportError> {
        let mut effects = self.session.take_effects();
        while !effects.is_empty() {
            let others = self.use_disk(effects);
            // What the disk leads to comes before what else was to be done.
            effects = self.session.take_effects();
            if effects.is_empty() {
                for effect in others {
                    if self.perform(effect)?.is_none() {
                        return Ok(None);
                    }
                }
            } else {
                effects.extend(others);
            }
        }
        Ok(Some(()))
    }

    /// Keeps the messages that are to be kept, all of them with one sync, and forgets those that are done; returns
    /// what else is to be done.
    ///
    /// The disk comes first: a message leaves after it is kept, and whoever learns that one was acknowledged, and ends
    /// the program, finds it forgotten.
    fn use_disk(&mut self, effects: Vec<Effect>) -> Vec<Effect> {
        let (mut kept, mut released, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for effect in effects {
            match effect {
                Effect::Recall(user) => self.recall(&user),
                Effect::Keep(message) => kept.push(message),
                Effect::Release(id) => released.push(id),
                Effect::Request { .. }
                | Effect::Alone { .. }
                | Effect::Endpoint(_)
                | Effect::Connect(_)
                | Effect::Subscribe(_)
                | Effect::Unsubscribe(_)
                | Effect::Answer { .. }
                | Effect::News(_) => others.push(effect),
            }
        }
        self.keep(&kept);
        if let (Some(outbox), false) = (&mut self.outbox, released.is_empty()) {
            outbox.release(&released);
        }
        others
    }

    fn perform(&mut self, effect: Effect) -> Result<Option<()>, TransportError> {
        match effect {
            Effect::Request { id, line } => self.outgoing.put(id, line),
            Effect::Alone { id, line, bytes } => self.outgoing.put_alone(id, line, bytes),
            Effect::Endpoint(endpoint) => self.connect_dealer(endpoint)?,
            Effect::Connect(events) => self.connect_subscriber(&events),
            Effect::Subscribe(topic) => {
                self.subscriber.iter().try_for_each(|socket| socket.subscribe(topic.as_bytes()))?;
            }
            Effect::Unsubscribe(topic) => {
                self.subscriber.iter().try_for_each(|socket| socket.unsubscribe(topic.as_bytes()))?;
            }
            // Whoever asked may have stopped waiting, and then nobody empties the channel.
            Effect::Answer { ticket, outcome } => drop(self.channels.answers.try_send((ticket, outcome))),
            Effect::News(news) => return Ok(self.channels.news.send(news.into()).ok()),
            Effect::Keep(_) | Effect::Release(_) | Effect::Recall(_) => {}
        }
        Ok(Some(()))
    }

    fn recall(&mut self, user: &UserName) {
        let Some(outbox) = &mut self.outbox else { return };
        let recalled = outbox.recall(user);
        recalled.complaints.iter().for_each(|words| complain(words));
        self.session.recalled(self.now_ms(), recalled.messages);
    }

    fn keep(&mut self, messages: &[Message]) {
        if messages.is_empty() {
            return;
        }
        let outcome = self.outbox.as_mut().map_or(Ok(()), |outbox| outbox.keep(messages));
        let ids: Vec<_> = messages.iter().map(|message| message.id).collect();
        let outcome = outcome.map_err(|error| Detail::NotStoredLocally { error: error.to_string() }.into());
        self.session.kept(self.now_ms(), &ids, outcome);
    }

    /// Talks to another endpoint from now on. What the old one was sent and has not answered is asked again.
    fn connect_dealer(&mut self, at: usize) -> Result<(), TransportError> {
        if let Some(endpoint) = self.server.endpoints.get(at) {
            self.dealer = connected(&self.context, endpoint)?;
            self.endpoint = endpoint.clone();
            self.at = at;
        }
        Ok(())
    }

    /// A new socket: what the old one had subscribed to and received is of no use any more. When it cannot be
    /// made, the barrier does not come, and the core tries again.
    fn connect_subscriber(&mut self, events: &str) {
        let endpoint = events_endpoint(&self.endpoint.address, events);
        let socket = self.context.socket(Kind::Subscriber, &self.endpoint.security);
        let connected = socket.and_then(|socket| socket.connect(&endpoint).map(|()| socket));
        self.subscriber = connected.inspect_err(|error| tracing::warn!(%error, "cannot receive events")).ok();
    }

    fn send(&mut self) -> Result<(), TransportError> {
        while !self.outgoing.is_empty() && self.dealer.can_send()? {
            // What is lost at this point is sent again by the core, like whatever is lost later on.
            let _sent_or_lost = self.dealer.send(self.outgoing.take_message())?;
        }
        Ok(())
    }
}

/// A socket for requests to one endpoint, which need not be there yet.
fn connected(context: &Context, endpoint: &Endpoint) -> Result<Socket, TransportError> {
    let dealer = context.socket(Kind::Dealer, &endpoint.security)?;
    dealer.connect(&endpoint.address)?;
    Ok(dealer)
}

/// Where to subscribe: the host `*` means the one that the server is reached at.
fn events_endpoint(server: &str, events: &str) -> String {
    let host = server.strip_prefix("tcp://").and_then(|rest| rest.rsplit_once(':')).map(|(host, _port)| host);
    events.replacen("tcp://*:", &format!("tcp://{}:", host.unwrap_or("127.0.0.1")), 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_from_the_host_that_answers() {
        insta::assert_snapshot!(events_endpoint("tcp://papo.example:5555", "tcp://*:5558"), @"tcp://papo.example:5558");
        insta::assert_snapshot!(events_endpoint("tcp://[::1]:5555", "tcp://*:5558"), @"tcp://[::1]:5558");
        insta::assert_snapshot!(events_endpoint("ipc:///run/papo", "tcp://*:5558"), @"tcp://127.0.0.1:5558");
        insta::assert_snapshot!(events_endpoint("tcp://a:5555", "tcp://b:5558"), @"tcp://b:5558");
    }
}

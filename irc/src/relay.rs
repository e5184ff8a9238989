//! The relay thread: owns the ZeroMQ sockets, and passes replies and events to the connections.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use foldhash::fast::RandomState;
use session::Published;
use transport::client_name::{TAG_BYTES_MAX, TAG_SENDER_BYTES};
use transport::control::{self, Control};
use transport::poll::{Watch, wait};
use transport::security::Security;
use transport::shutdown::Shutdown;
use transport::wake::{Wake, Waker};
use transport::{Context, Frame, Kind, Sent, Socket, TransportError, clock};

use crate::inbox::{Inbox, Item};
use crate::topics::{Followed, Topics};
use crate::waiting::Waiting;

/// The maximum number of messages that are handled from one socket in one round.
const BURST_MESSAGES_MAX: usize = 256;

/// Milliseconds between two replacements of the subscriber.
const RECONNECT_MS_MIN: u64 = 3_000;

/// A connection. Never used twice in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ConnectionId(pub(crate) u64);

/// The sender of requests, for the limits of logins: a hash of the address of the client.
pub(crate) type SenderId = [u8; TAG_SENDER_BYTES];

/// The problems that the operator must repair.
pub(crate) type Problems = Arc<dyn Fn() -> Vec<String> + Send + Sync>;

/// The tag of the requests of a connection.
pub(crate) type Tag = [u8; TAG_BYTES_MAX];

/// An input of a connection for the relay thread.
pub(crate) enum Input {
    Open {
        id: ConnectionId,
        inbox: Arc<Inbox>,
        sender: SenderId,
    },
    /// A frame of request lines.
    Send(ConnectionId, Vec<u8>),
    Subscribe(ConnectionId, String),
    Unsubscribe(ConnectionId, String),
    /// The session starts to follow again, without subscriptions.
    Restart(ConnectionId),
    Closed(ConnectionId),
}

/// Sends inputs to the relay thread.
#[derive(Clone)]
pub(crate) struct RelayHandle {
    inputs: Sender<Input>,
    waker: Waker,
}

impl RelayHandle {
    pub(crate) fn new(waker: Waker) -> (Self, Receiver<Input>) {
        let (inputs, receiver) = channel();
        (Self { inputs, waker }, receiver)
    }

    pub(crate) fn waker(&self) -> Waker {
        self.waker.clone()
    }

    pub(crate) fn send(&self, input: Input) {
        // The relay thread ends only after all connections, or together with the process.
        let _ended = self.inputs.send(input);
        self.waker.wake();
    }
}

struct Peer {
    inbox: Arc<Inbox>,
    tag: Tag,
}

#[derive(Default)]
struct Counters {
    requests: u64,
    replies: u64,
    events: u64,
    deliveries: u64,
    reconnects: u64,
}

pub(crate) struct Relay {
    context: Context,
    security: Security,
    proxy: String,
    dealer: Socket,
    subscriber: Socket,
    control: Control,
    problems: Option<Problems>,
    wake: Wake,
    inputs: Receiver<Input>,
    peers: HashMap<ConnectionId, Peer, RandomState>,
    topics: Topics,
    waiting: Waiting,
    /// The request that is being sent.
    request: Vec<Frame>,
    reconnected_ms: u64,
    counters: Counters,
    started: Instant,
    frames: Vec<Frame>,
}

/// The sockets and endpoints of a relay.
pub(crate) struct Sockets<'a> {
    pub(crate) context: &'a Context,
    pub(crate) security: Security,
    pub(crate) broker: &'a str,
    pub(crate) proxy: &'a str,
    pub(crate) control: Control,
    pub(crate) problems: Option<Problems>,
}

impl Relay {
    pub(crate) fn new(
        sockets: Sockets<'_>,
        wake: Wake,
        inputs: Receiver<Input>,
    ) -> Result<Self, TransportError> {
        let Sockets { context, security, broker, proxy, control, problems } = sockets;
        let dealer = context.socket(Kind::Dealer, &security)?;
        dealer.connect(broker)?;
        let subscriber = context.socket(Kind::Subscriber, &security)?;
        subscriber.connect(proxy)?;
        Ok(Self {
            context: context.clone(),
            security,
            proxy: proxy.to_owned(),
            dealer,
            subscriber,
            control,
            problems,
            wake,
            inputs,
            peers: HashMap::default(),
            topics: Topics::default(),
            waiting: Waiting::default(),
            request: Vec::new(),
            reconnected_ms: 0,
            counters: Counters::default(),
            started: clock::now(),
            frames: Vec::new(),
        })
    }

    pub(crate) fn control(&self) -> &str {
        self.control.endpoint()
    }

    /// Relays until `shutdown` is requested.
    pub(crate) fn run(mut self, shutdown: &Shutdown) -> Result<(), TransportError> {
        while !shutdown.is_requested() {
            self.wait()?;
            self.wake.clear();
            for input in self.inputs.try_iter().collect::<Vec<_>>() {
                self.accept(input)?;
            }
            self.receive_replies()?;
            self.receive_events()?;
            self.send_requests()?;
            let counters = self.counters();
            let problems = || self.problems.as_ref().map(|problems| problems()).unwrap_or_default();
            self.control.answer(|| control::status("irc", self.started, &counters, &problems()))?;
        }
        Ok(())
    }

    fn wait(&self) -> Result<(), TransportError> {
        let mut watches = vec![
            Watch::Wake(&self.wake),
            Watch::Readable(self.control.socket()),
            Watch::Readable(&self.subscriber),
            Watch::Readable(&self.dealer),
        ];
        if !self.request.is_empty() {
            watches.push(Watch::Writable(&self.dealer));
        }
        // A second is the longest delay of a shutdown whose wake-up was lost.
        wait(&watches, Some(Duration::from_secs(1)))
    }

    fn accept(&mut self, input: Input) -> Result<(), TransportError> {
        match input {
            Input::Open { id, inbox, sender } => {
                let mut tag = [0; TAG_BYTES_MAX];
                let (number, rest) = tag.split_at_mut(TAG_BYTES_MAX - TAG_SENDER_BYTES);
                number.copy_from_slice(&id.0.to_be_bytes());
                rest.copy_from_slice(&sender);
                self.peers.insert(id, Peer { inbox, tag });
            }
            Input::Send(id, lines) => self.queue(id, lines),
            Input::Subscribe(id, topic) => match self.topics.follow(id, &topic) {
                Followed::New => self.subscriber.subscribe(topic.as_bytes())?,
                Followed::Known => {}
                Followed::Full => self.end(id, "The front follows too many topics: connect again later"),
            },
            Input::Unsubscribe(id, topic) => self.leave(id, &topic)?,
            Input::Restart(id) => self.restart(id)?,
            Input::Closed(id) => {
                self.peers.remove(&id);
                self.leave_all(id)?;
            }
        }
        Ok(())
    }

    fn leave(&mut self, id: ConnectionId, topic: &str) -> Result<(), TransportError> {
        if self.topics.leave(id, topic) {
            self.subscriber.unsubscribe(topic.as_bytes())?;
        }
        Ok(())
    }

    fn leave_all(&mut self, id: ConnectionId) -> Result<(), TransportError> {
        self.topics.of(id).iter().try_for_each(|topic| self.leave(id, topic))
    }

    /// Forgets the topics of a connection. If it had topics, the proxy did not confirm a subscription: a new
    /// subscriber replaces the old one.
    fn restart(&mut self, id: ConnectionId) -> Result<(), TransportError> {
        let had_topics = !self.topics.of(id).is_empty();
        self.leave_all(id)?;
        let now_ms = clock::monotonic_ms();
        if !had_topics || now_ms < self.reconnected_ms + RECONNECT_MS_MIN {
            return Ok(());
        }
        tracing::warn!("the proxy did not confirm a subscription: connecting again");
        self.reconnected_ms = now_ms;
        self.counters.reconnects += 1;
        self.subscriber = self.context.socket(Kind::Subscriber, &self.security)?;
        self.subscriber.connect(&self.proxy)?;
        for topic in self.topics.all() {
            self.subscriber.subscribe(topic.as_bytes())?;
        }
        let others = self.peers.iter().filter(|(peer, _)| **peer != id);
        others.for_each(|(_, peer)| peer.inbox.push(Item::EventsLost));
        Ok(())
    }

    fn queue(&mut self, id: ConnectionId, lines: Vec<u8>) {
        if let Some(peer) = self.peers.get(&id) {
            self.waiting.push(id, peer.tag, lines);
        }
    }

    /// Ends a connection.
    fn end(&self, id: ConnectionId, reason: &str) {
        if let Some(peer) = self.peers.get(&id) {
            peer.inbox.push(Item::End(reason.to_owned()));
        }
    }

    /// A reply is `[tag] [""] [lines]`.
    fn receive_replies(&mut self) -> Result<(), TransportError> {
        for _ in 0..BURST_MESSAGES_MAX {
            if !self.dealer.receive(&mut self.frames)? {
                break;
            }
            if let [tag, delimiter, lines, ..] = &*self.frames
                && delimiter.is_empty()
                && let Some((number, _sender)) = tag.split_first_chunk()
                && let Some(peer) = self.peers.get(&ConnectionId(u64::from_be_bytes(*number)))
            {
                self.counters.replies += 1;
                peer.inbox.push(Item::Replies(Arc::from(&lines[..])));
            }
        }
        Ok(())
    }

    fn receive_events(&mut self) -> Result<(), TransportError> {
        for _ in 0..BURST_MESSAGES_MAX {
            if !self.subscriber.receive(&mut self.frames)? {
                break;
            }
            let [topic, lines] = &*self.frames else { continue };
            let topic = std::str::from_utf8(topic).unwrap_or_default();
            let Some((topic, followers)) = self.topics.get(topic) else { continue };
            let published = Arc::new(Published::read(lines));
            self.counters.events += 1;
            self.counters.deliveries += followers.len() as u64;
            let peers = followers.iter().filter_map(|id| self.peers.get(id));
            peers.for_each(|peer| peer.inbox.push(Item::Events(Arc::clone(topic), Arc::clone(&published))));
        }
        Ok(())
    }

    fn send_requests(&mut self) -> Result<(), TransportError> {
        loop {
            if self.request.is_empty() {
                let Some((tag, lines)) = self.waiting.pop() else { return Ok(()) };
                self.counters.requests += 1;
                self.request.extend([Frame::from(&tag[..]), Frame::new(), Frame::from(lines)]);
            }
            if self.dealer.offer(&mut self.request)? != Sent::Done && !self.request.is_empty() {
                return Ok(());
            }
        }
    }

    fn counters(&self) -> [(&'static str, u64); 9] {
        let Counters { requests, replies, events, deliveries, reconnects } = self.counters;
        [
            ("requests", requests),
            ("replies", replies),
            ("events", events),
            ("deliveries", deliveries),
            ("dropped", self.waiting.dropped),
            ("reconnects", reconnects),
            ("connections", self.peers.len() as u64),
            ("topics", self.topics.len() as u64),
            ("waiting", self.waiting.len() as u64),
        ]
    }
}

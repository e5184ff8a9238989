//! The relay thread: owns the ZeroMQ sockets and the hub, and carries out the effects of the hub.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use bytes::Bytes;
use foldhash::fast::RandomState as FastState;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use transport::control::{self, Control};
use transport::poll::{Watch, wait};
use transport::security::Security;
use transport::shutdown::Shutdown;
use transport::wake::{Wake, Waker};
use transport::{Context, Frame, Kind, Sent, Socket, TransportError, clock};

use crate::connection_id::ConnectionId;
use crate::hub::queue::{LAGGED, LineKind};
use crate::hub::{Effect, Hello, Hub, Reply, Request};
use crate::limits::DEALERS;
use crate::link::{Input, Links};
use crate::metrics::Gauges;
use crate::tls::certificate::unix_s;
use crate::tls::certificates::Certificates;

/// The maximum number of messages that are handled from one socket in one round.
const BURST_MESSAGES_MAX: usize = 256;

/// Milliseconds between two checks of all timeouts.
const TICK_MS: u64 = 1_000;

pub(crate) struct Relay {
    context: Context,
    security: Security,
    proxy: String,
    dealers: Vec<Dealer>,
    subscriber: Socket,
    control: Control,
    wake: Wake,
    waker: Waker,
    inputs: Receiver<Input>,
    hub: Hub,
    links: Links,
    calls: HashMap<ConnectionId, Caller, FastState>,
    gauges: Arc<Gauges>,
    certificates: Option<Arc<Certificates>>,
    started: Instant,
    next_tick_ms: u64,
    frames: Vec<Frame>,
}

/// The task that waits for a reply, and its permit.
type Caller = (oneshot::Sender<Option<Reply>>, OwnedSemaphorePermit);

/// A connection to the broker.
struct Dealer {
    socket: Socket,
    /// The request that is being sent. It stays here while the broker's queue is full.
    request: Vec<Frame>,
}

/// The sockets and endpoints of a relay.
pub(crate) struct Sockets<'a> {
    pub(crate) context: &'a Context,
    pub(crate) security: Security,
    pub(crate) broker: &'a str,
    pub(crate) proxy: &'a str,
    pub(crate) control: Control,
    /// The certificates whose problems the status reports.
    pub(crate) certificates: Option<Arc<Certificates>>,
}

/// A random number for names that clients must not guess.
pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

impl Relay {
    pub(crate) fn new(
        sockets: Sockets<'_>,
        (waker, wake): (Waker, Wake),
        inputs: Receiver<Input>,
        gauges: Arc<Gauges>,
    ) -> Result<Self, TransportError> {
        let Sockets { context, security, broker, proxy, control, certificates } = sockets;
        let dealer = |_| {
            let socket = context.socket(Kind::Dealer, &security)?;
            socket.connect(broker)?;
            Ok(Dealer { socket, request: Vec::new() })
        };
        let dealers = (0..=DEALERS).map(dealer).collect::<Result<_, TransportError>>()?;
        let subscriber = context.socket(Kind::Subscriber, &security)?;
        subscriber.connect(proxy)?;
        let hello = Hello { version: env!("CARGO_PKG_VERSION").to_owned(), page: crate::http::page::TAG };
        Ok(Self {
            context: context.clone(),
            proxy: proxy.to_owned(),
            dealers,
            subscriber,
            control,
            wake,
            waker,
            inputs,
            hub: Hub::new(hello, random(), clock::monotonic_ms()),
            links: HashMap::default(),
            calls: HashMap::default(),
            gauges,
            certificates,
            started: clock::now(),
            next_tick_ms: 0,
            frames: Vec::new(),
            security,
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
            let now_ms = clock::monotonic_ms();
            self.hub.unix_ms = clock::unix_ms();
            for input in self.inputs.try_iter().collect::<Vec<_>>() {
                self.accept(input, now_ms);
            }
            self.receive_replies(now_ms)?;
            self.receive_events(now_ms)?;
            self.hub.tick_barriers(now_ms);
            if self.next_tick_ms <= now_ms {
                self.next_tick_ms = now_ms + TICK_MS;
                self.hub.tick(now_ms);
                self.links.values().for_each(|link| link.tick(now_ms));
            }
            self.carry_out()?;
            self.send_requests(now_ms)?;
            self.answer_control()?;
        }
        Ok(())
    }

    fn wait(&self) -> Result<(), TransportError> {
        let mut watches = vec![
            Watch::Wake(&self.wake),
            Watch::Readable(self.control.socket()),
            Watch::Readable(&self.subscriber),
        ];
        for dealer in &self.dealers {
            watches.push(Watch::Readable(&dealer.socket));
            if !dealer.request.is_empty() {
                watches.push(Watch::Writable(&dealer.socket));
            }
        }
        let now_ms = clock::monotonic_ms();
        let left = self.hub.deadline(now_ms).map(|due| Duration::from_millis(due.saturating_sub(now_ms)));
        wait(&watches, left)
    }

    fn accept(&mut self, input: Input, now_ms: u64) {
        match input {
            Input::Open { link, sender, token } => {
                let id = link.id;
                self.links.insert(id, link);
                self.hub.open(id, sender, token, now_ms);
            }
            Input::Lines { id, lines } => {
                self.gauges.count_up(&lines);
                let released = self.hub.lines(id, &lines, now_ms);
                if let Some(link) = self.links.get(&id) {
                    link.release(released);
                }
            }
            Input::Drained(id) => self.hub.drained(id),
            Input::Closed(id) => {
                self.links.remove(&id);
                self.hub.close(id);
            }
            Input::Call { id, call, reply, permit } => {
                self.calls.insert(id, (reply, permit));
                self.hub.call(id, call, now_ms);
            }
            Input::Login { sender, user, reply } => {
                let _caller_left = reply.send(self.hub.take_login(sender, &user, now_ms));
            }
        }
    }

    fn receive_replies(&mut self, now_ms: u64) -> Result<(), TransportError> {
        for dealer in &self.dealers {
            for _ in 0..BURST_MESSAGES_MAX {
                if !dealer.socket.receive(&mut self.frames)? {
                    break;
                }
                if let [tag, delimiter, lines, rest @ ..] = &*self.frames
                    && delimiter.is_empty()
                {
                    let lines = Bytes::copy_from_slice(lines);
                    let bytes = rest.first().map(|bytes| Bytes::copy_from_slice(bytes));
                    self.hub.reply(tag, Reply { lines, bytes }, now_ms);
                }
            }
        }
        Ok(())
    }

    fn receive_events(&mut self, now_ms: u64) -> Result<(), TransportError> {
        for _ in 0..BURST_MESSAGES_MAX {
            if !self.subscriber.receive(&mut self.frames)? {
                break;
            }
            if let [topic, lines] = &*self.frames {
                self.hub.published(topic, lines, now_ms);
            }
        }
        Ok(())
    }

    fn carry_out(&mut self) -> Result<(), TransportError> {
        for effect in self.hub.take_effects() {
            match effect {
                Effect::Subscribe(topic) => self.subscriber.subscribe(topic.as_bytes())?,
                Effect::Unsubscribe(topic) => self.subscriber.unsubscribe(topic.as_bytes())?,
                Effect::Reconnect(topics) => {
                    tracing::warn!("the proxy did not confirm a subscription: connecting again");
                    self.subscriber = self.context.socket(Kind::Subscriber, &self.security)?;
                    self.subscriber.connect(&self.proxy)?;
                    for topic in topics {
                        self.subscriber.subscribe(topic.as_bytes())?;
                    }
                }
                Effect::Deliver { to, kind, lines } => {
                    let Some(link) = self.links.get(&to) else { continue };
                    self.gauges.count_down(&lines);
                    if lines == LAGGED && kind == LineKind::Event {
                        link.lag();
                    } else if !link.push(kind, lines) {
                        self.gauges.lagged();
                    }
                }
                Effect::Close { to, close } => {
                    if let Some(link) = self.links.get(&to) {
                        link.close(close);
                    }
                }
                Effect::Answer { to, reply } => {
                    self.hub.close(to);
                    if let Some((caller, _permit)) = self.calls.remove(&to) {
                        let _caller_left = caller.send(reply);
                    }
                }
            }
        }
        Ok(())
    }

    /// Sends requests until the hub has none or the queues of the broker are full.
    fn send_requests(&mut self, now_ms: u64) -> Result<(), TransportError> {
        let Self { dealers, hub, links, .. } = self;
        for (number, dealer) in dealers.iter_mut().enumerate() {
            for _ in 0..BURST_MESSAGES_MAX {
                if dealer.request.is_empty() {
                    let can_read = |id| links.get(&id).is_some_and(|link| link.can_read());
                    let Some(request) = hub.next_request(number, can_read, now_ms) else { break };
                    let Request { tag, lines, bytes, released } = request;
                    let owner = ConnectionId::of_tag(&tag).and_then(|(id, _)| links.get(&id));
                    owner.into_iter().for_each(|link| link.release(released));
                    dealer.request.extend([Frame::from(&tag[..]), Frame::new(), Frame::from(lines)]);
                    dealer.request.extend(bytes.map(|bytes| Frame::from(&bytes[..])));
                }
                if dealer.socket.offer(&mut dealer.request)? != Sent::Done && !dealer.request.is_empty() {
                    break;
                }
            }
            if dealer.request.is_empty() && hub.has_turns(number) {
                // More requests are waiting: the next round sends them, after it has served the other
                // sockets.
                self.waker.wake();
            }
        }
        Ok(())
    }

    fn answer_control(&self) -> Result<(), TransportError> {
        let counters = self.counters();
        let certificates = self.certificates.as_ref();
        let problems = certificates.map(|certificates| certificates.problems(unix_s())).unwrap_or_default();
        self.control.answer(|| control::status("gateway", self.started, &counters, &problems))
    }

    fn counters(&self) -> Vec<(&'static str, u64)> {
        let hub = self.hub.counters;
        self.gauges.set_topics(self.hub.topics());
        vec![
            ("lines", hub.lines_up),
            ("replies", hub.replies),
            ("events", hub.events),
            ("deliveries", hub.deliveries),
            ("unanswered", hub.unanswered),
            ("reconnects", hub.reconnects),
            ("connections", self.links.len() as u64),
            ("topics", self.hub.topics() as u64),
            ("lagged", self.gauges.lagged_total()),
        ]
    }
}

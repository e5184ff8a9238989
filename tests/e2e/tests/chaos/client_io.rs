//! The sockets of a chaos client, and the record of its sent, refused and shown messages. A client with
//! several endpoints moves between the nodes of a cluster.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use common::accounts::LoggedIn;
use common::limits::{FRAME_BYTES_MAX, FRAME_LINES_MAX, LINE_BYTES_MAX};
use common::{Conversation, Detail, Error, Reason, UserName, rpc};
use serde_json::json;
use session::driver::Io;
use session::{Answer, Message, News};
use sim::Violation;
use sim::checks::shown::Shown;
use sim::checks::{bounds, complete};
use testkit::Rng;
use transport::monitor::Monitor;
use transport::{Context, Frame, Kind, Sent, Socket};
use uuid::Uuid;

use super::client::{Endpoints, FOLLOW_TICKET};
use super::moves::{Due, Moves};
use super::results::RunResults;
use super::waits::Waits;
use super::web_link::WebLink;

/// The id of a ping, which the session core does not use.
const PING_ID: &str = "ping";

pub(super) struct ClientIo {
    pub(super) account: LoggedIn,
    /// The endpoints of all nodes, the client's home first.
    endpoints: Vec<Endpoints>,
    /// The index of the current node of a client without a gateway.
    current: usize,
    moves: Moves,
    /// Whether the client has moved, and the new node has not answered yet.
    has_moved: bool,
    context: Context,
    pub(super) link: Link,
    pub(super) outgoing: BTreeMap<u64, Vec<u8>>,
    pub(super) results: Arc<RunResults>,
    pub(super) shown: Shown,
    /// The messages that were sent and not refused, in order.
    pub(super) sent: Vec<(Conversation, Uuid)>,
    /// The refused messages. A delayed copy of a refused message may still be stored.
    pub(super) refused: Vec<Uuid>,
    /// Whether the server accepted the command to follow.
    pub(super) follows: bool,
    pub(super) waits: Waits,
}

/// The connections of a client.
pub(super) enum Link {
    Zmq { dealer: Socket, monitor: Option<Monitor>, subscriber: Option<Socket> },
    Web(WebLink),
}

/// What a reply means for the connection.
#[derive(PartialEq, Eq)]
pub(super) enum Noted {
    /// A reply for the session core.
    Reply,
    Ping,
    /// The first answer of a new node.
    Moved,
}

impl ClientIo {
    pub(super) fn new(
        context: &Context,
        endpoints: Vec<Endpoints>,
        account: LoggedIn,
        rng: Rng,
        results: &Arc<RunResults>,
    ) -> Self {
        let web: Vec<_> = endpoints.iter().filter_map(|endpoints| endpoints.web.as_deref()).collect();
        let link = if web.is_empty() {
            let (dealer, monitor) = connected(context, &endpoints, 0);
            Link::Zmq { dealer, monitor, subscriber: None }
        } else {
            Link::Web(WebLink::new(&web, rng))
        };
        Self {
            account,
            endpoints,
            current: 0,
            moves: Moves::new(),
            has_moved: false,
            context: context.clone(),
            link,
            outgoing: BTreeMap::new(),
            results: Arc::clone(results),
            shown: Shown::default(),
            sent: Vec::new(),
            refused: Vec::new(),
            follows: false,
            waits: Waits::default(),
        }
    }

    /// The sockets for requests and events of a client without a gateway.
    pub(super) fn sockets(&self) -> (Option<&Socket>, Option<&Socket>) {
        match &self.link {
            Link::Zmq { dealer, subscriber, .. } => (Some(dealer), subscriber.as_ref()),
            Link::Web(_) => (None, None),
        }
    }

    pub(super) fn is_web(&self) -> bool {
        matches!(self.link, Link::Web(_))
    }

    pub(super) fn web_sockets_lost(&self) -> u64 {
        match &self.link {
            Link::Zmq { .. } => 0,
            Link::Web(link) => link.lost,
        }
    }

    /// The state of the connection, for the report of a violation.
    pub(super) fn describe(&self) -> String {
        let outgoing = self.outgoing.len();
        match &self.link {
            Link::Web(link) => format!("{}, {outgoing} lines to send", link.describe()),
            Link::Zmq { .. } => format!(
                "node {} after home, {:?}, moved {}, can send {}, {outgoing} lines to send",
                self.current,
                self.moves,
                self.has_moved,
                self.can_send()
            ),
        }
    }

    /// Whether the client can move to another node.
    fn is_roaming(&self) -> bool {
        self.endpoints.len() > 1
    }

    /// The time of the next ping or move of a client without a gateway.
    pub(super) fn next_move_ms(&self) -> u64 {
        if self.is_roaming() && !self.is_web() { self.moves.deadline() } else { u64::MAX }
    }

    /// Sends a ping if the node is silent. Returns true if the client must move.
    pub(super) fn must_move(&mut self) -> bool {
        let Link::Zmq { monitor: Some(monitor), .. } = &self.link else { return false };
        if monitor.is_broken().expect("a report") {
            self.moves.broke();
        }
        let due = self.moves.due(self.results.now_ms());
        if due == Some(Due::Ping) {
            self.ping();
        }
        due == Some(Due::Move)
    }

    /// Connects to the next node, and sends a ping there.
    pub(super) fn move_on(&mut self) {
        self.move_to((self.current + 1) % self.endpoints.len());
    }

    /// Whether the client uses another node than the first.
    pub(super) fn is_away(&self) -> bool {
        self.current != 0 || matches!(&self.link, Link::Web(link) if !link.is_home())
    }

    pub(super) fn move_to(&mut self, index: usize) {
        match &mut self.link {
            Link::Web(link) => link.move_to(index, self.results.now_ms()),
            Link::Zmq { dealer, monitor, .. } => {
                (*dealer, *monitor) = connected(&self.context, &self.endpoints, index);
                (self.current, self.has_moved) = (index, true);
                self.ping();
            }
        }
    }

    /// A ping is a request that every node answers at once.
    fn ping(&self) {
        if let Link::Zmq { dealer, .. } = &self.link {
            let mut line = Vec::new();
            rpc::encode_request(&mut line, PING_ID, "server.info", &json!({}));
            let _sent_or_lost = dealer.send([Frame::new(), Frame::from(line)]).expect("sending succeeds");
        }
    }

    /// Notes a reply to a client without a gateway.
    pub(super) fn note_reply(&mut self, lines: &[u8]) -> Noted {
        if !self.is_roaming() {
            return Noted::Reply;
        }
        let replies = lines.split(|byte| *byte == b'\n').filter_map(|line| rpc::decode_reply(line).ok());
        let (mut is_ping, mut is_cut_off) = (false, false);
        for reply in replies {
            is_ping |= reply.id.as_deref() == Some(PING_ID);
            is_cut_off |= reply.error.as_ref().and_then(Error::detail) == Some(&Detail::CutOff);
        }
        if is_cut_off {
            self.moves.broke();
        } else {
            self.moves.received();
        }
        if !is_ping {
            return Noted::Reply;
        }
        if is_cut_off {
            return Noted::Ping;
        }
        if !std::mem::take(&mut self.has_moved) {
            return Noted::Ping;
        }
        self.connect_events();
        Noted::Moved
    }

    /// Connects a new subscriber to the current node, if the client follows.
    fn connect_events(&mut self) {
        if let Link::Zmq { subscriber: Some(subscriber), .. } = &mut self.link {
            *subscriber = new_subscriber(&self.context, &self.endpoints[self.current]);
        }
    }

    fn can_send(&self) -> bool {
        match &self.link {
            Link::Zmq { dealer, .. } => dealer.can_send().expect("the state is readable"),
            Link::Web(link) => link.is_open(),
        }
    }

    pub(super) fn flush(&mut self) {
        while !self.outgoing.is_empty() && self.can_send() {
            let mut frame = Vec::new();
            for _ in 0..FRAME_LINES_MAX {
                if frame.len() + LINE_BYTES_MAX > FRAME_BYTES_MAX {
                    break;
                }
                let Some((_id, line)) = self.outgoing.pop_first() else { break };
                self.results.requests.add(1);
                frame.extend(line);
            }
            self.results.note(bounds::request_frame(&frame));
            match &mut self.link {
                Link::Web(link) => link.send(self.results.now_ms(), frame),
                Link::Zmq { dealer, .. } => {
                    let sent = dealer.send([Frame::new(), Frame::from(frame)]).expect("sending succeeds");
                    if sent != Sent::Done {
                        break;
                    }
                    self.moves.sent(self.results.now_ms());
                }
            }
        }
    }
}

/// A socket for requests to one of the nodes, which may not run yet. With several nodes, its connection is
/// watched.
fn connected(context: &Context, endpoints: &[Endpoints], index: usize) -> (Socket, Option<Monitor>) {
    let dealer = context.socket(Kind::Dealer, &endpoints[index].security).expect("a socket");
    let monitor = (endpoints.len() > 1).then(|| dealer.monitor(context).expect("a monitor"));
    dealer.connect(&endpoints[index].requests).expect("an endpoint");
    (dealer, monitor)
}

fn new_subscriber(context: &Context, endpoints: &Endpoints) -> Socket {
    let subscriber = context.socket(Kind::Subscriber, &endpoints.security).expect("a socket");
    subscriber.connect(&endpoints.events).expect("an endpoint");
    subscriber
}

impl Io for ClientIo {
    type Error = Infallible;

    fn now_ms(&self) -> u64 {
        self.results.now_ms()
    }

    fn load_outbox(&mut self, _user: &UserName) -> Vec<Message> {
        Vec::new()
    }

    /// These clients are never killed, so the outbox is in memory.
    fn persist(&mut self, _messages: &[Message]) -> Option<Result<(), Error>> {
        Some(Ok(()))
    }

    fn forget(&mut self, _ids: &[Uuid]) {}

    fn send(&mut self, id: u64, line: Vec<u8>) {
        self.outgoing.insert(id, line);
    }

    fn send_alone(&mut self, _id: u64, _line: Vec<u8>, _bytes: Option<Arc<[u8]>>) {
        unreachable!("chaos clients send no files");
    }

    fn use_endpoint(&mut self, index: usize) -> Result<(), Infallible> {
        self.move_to(index);
        Ok(())
    }

    fn connect(&mut self, _endpoint: &str) {
        match &mut self.link {
            Link::Web(link) => link.unsubscribe_all(self.results.now_ms()),
            Link::Zmq { subscriber, .. } => {
                *subscriber = Some(new_subscriber(&self.context, &self.endpoints[self.current]));
            }
        }
    }

    fn subscribe(&mut self, topic: &str) -> Result<(), Infallible> {
        match &mut self.link {
            Link::Web(link) => link.subscribe(topic),
            Link::Zmq { subscriber, .. } => {
                subscriber.iter().for_each(|s| s.subscribe(topic.as_bytes()).expect("a subscription"));
            }
        }
        Ok(())
    }

    fn unsubscribe(&mut self, topic: &str) -> Result<(), Infallible> {
        match &mut self.link {
            Link::Web(link) => link.unsubscribe(self.results.now_ms(), topic),
            Link::Zmq { subscriber, .. } => {
                subscriber.iter().for_each(|s| s.unsubscribe(topic.as_bytes()).expect("an unsubscription"));
            }
        }
        Ok(())
    }

    fn answer(&mut self, ticket: u64, outcome: Result<Answer, Error>) {
        if ticket == FOLLOW_TICKET {
            self.follows = outcome.is_ok();
        }
    }

    fn news(&mut self, news: News) {
        let (user, results) = (&self.account.user, &self.results);
        if let News::Entry(entry) = news {
            results.shown.add(1);
            results.note(results.observed().observe_line(&entry.line));
            // No user joins or leaves during a run, so the client must show every event.
            results.note(self.shown.shown_in_order(user, &entry, |_after| false));
        } else if let News::Sent { message, outcome, .. } = news {
            match outcome {
                Ok(entry) => {
                    self.waits.acknowledged(message.id, results.now_ms());
                    results.acknowledged();
                    results.note(results.observed().observe_acknowledged(message.id, &entry.line));
                }
                Err(error) => {
                    self.waits.refused(message.id);
                    results.refused.add(1);
                    results.note(complete::refusals_are_final(user, &error));
                    if error.reason() != Some(Reason::StorageFull) {
                        let what = format!("{user} was refused: {}", error.message);
                        results.note(Err(Violation { checker: "refusals_are_expected", what }));
                    }
                    self.sent.retain(|(_, id)| *id != message.id);
                    self.refused.push(message.id);
                }
            }
        } else if let News::SessionEnded(error) = news {
            let what = format!("{user} was logged out: {}", error.message);
            results.note(Err(Violation { checker: "sessions_stay_valid", what }));
        } else if matches!(news, News::RolledBack) {
            let what = format!("{user} received News::RolledBack");
            results.note(Err(Violation { checker: "never_rolled_back", what }));
        } else if matches!(news, News::ConnectionLost) {
            results.connections_lost.add(1);
        }
    }
}

//! The sockets of a chaos client, and the record of its sent, refused and shown messages.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use common::accounts::LoggedIn;
use common::limits::{FRAME_BYTES_MAX, FRAME_LINES_MAX, LINE_BYTES_MAX};
use common::{Conversation, Error, Reason, UserName};
use session::driver::Io;
use session::{Answer, Message, News};
use sim::Violation;
use sim::checks::shown::Shown;
use sim::checks::{bounds, complete};
use testkit::Rng;
use transport::{Context, Frame, Kind, Sent, Socket};
use uuid::Uuid;

use super::client::{Endpoints, FOLLOW_TICKET};
use super::results::RunResults;
use super::web_link::WebLink;

pub(super) struct ClientIo {
    pub(super) account: LoggedIn,
    endpoints: Endpoints,
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
}

/// The connections of a client.
pub(super) enum Link {
    Zmq { dealer: Socket, subscriber: Option<Socket> },
    Web(WebLink),
}

impl ClientIo {
    pub(super) fn new(
        context: &Context,
        endpoints: Endpoints,
        account: LoggedIn,
        rng: Rng,
        results: &Arc<RunResults>,
    ) -> Self {
        let link = match &endpoints.web {
            Some(web) => Link::Web(WebLink::new(web.trim_start_matches("tcp://"), rng)),
            None => {
                let dealer = context.socket(Kind::Dealer, &endpoints.security).expect("a socket");
                dealer.connect(&endpoints.requests).expect("an endpoint");
                Link::Zmq { dealer, subscriber: None }
            }
        };
        Self {
            account,
            endpoints,
            context: context.clone(),
            link,
            outgoing: BTreeMap::new(),
            results: Arc::clone(results),
            shown: Shown::default(),
            sent: Vec::new(),
            refused: Vec::new(),
            follows: false,
        }
    }

    /// The sockets for requests and events of a client without a gateway.
    pub(super) fn sockets(&self) -> (Option<&Socket>, Option<&Socket>) {
        match &self.link {
            Link::Zmq { dealer, subscriber } => (Some(dealer), subscriber.as_ref()),
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
                }
            }
        }
    }
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

    fn use_endpoint(&mut self, _index: usize) -> Result<(), Infallible> {
        Ok(())
    }

    fn connect(&mut self, _endpoint: &str) {
        match &mut self.link {
            Link::Web(link) => link.unsubscribe_all(self.results.now_ms()),
            Link::Zmq { subscriber, .. } => {
                let security = &self.endpoints.security;
                let new = self.context.socket(Kind::Subscriber, security).expect("a socket");
                new.connect(&self.endpoints.events).expect("an endpoint");
                *subscriber = Some(new);
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
                    results.acknowledged();
                    results.note(results.observed().observe_acknowledged(message.id, &entry.line));
                }
                Err(error) => {
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

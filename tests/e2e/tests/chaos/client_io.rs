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
use transport::{Context, Frame, Kind, Sent, Socket};
use uuid::Uuid;

use super::client::{Endpoints, FOLLOW_TICKET};
use super::results::RunResults;

pub(super) struct ClientIo {
    pub(super) account: LoggedIn,
    endpoints: Endpoints,
    context: Context,
    pub(super) dealer: Socket,
    pub(super) subscriber: Option<Socket>,
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

impl ClientIo {
    pub(super) fn new(
        context: &Context,
        endpoints: Endpoints,
        account: LoggedIn,
        results: &Arc<RunResults>,
    ) -> Self {
        let dealer = context.socket(Kind::Dealer, &endpoints.security).expect("a socket");
        dealer.connect(&endpoints.requests).expect("an endpoint");
        Self {
            account,
            endpoints,
            context: context.clone(),
            dealer,
            subscriber: None,
            outgoing: BTreeMap::new(),
            results: Arc::clone(results),
            shown: Shown::default(),
            sent: Vec::new(),
            refused: Vec::new(),
            follows: false,
        }
    }

    pub(super) fn flush(&mut self) {
        while !self.outgoing.is_empty() && self.dealer.can_send().expect("the state is readable") {
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
            if self.dealer.send([Frame::new(), Frame::from(frame)]).expect("sending succeeds") != Sent::Done {
                break;
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
        let subscriber = self.context.socket(Kind::Subscriber, &self.endpoints.security).expect("a socket");
        subscriber.connect(&self.endpoints.events).expect("an endpoint");
        self.subscriber = Some(subscriber);
    }

    fn subscribe(&mut self, topic: &str) -> Result<(), Infallible> {
        self.subscriber.iter().for_each(|s| s.subscribe(topic.as_bytes()).expect("a subscription"));
        Ok(())
    }

    fn unsubscribe(&mut self, topic: &str) -> Result<(), Infallible> {
        self.subscriber.iter().for_each(|s| s.unsubscribe(topic.as_bytes()).expect("an unsubscription"));
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

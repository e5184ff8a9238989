//! The sockets of a client of a run, and what its person remembers.

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

use super::person::{FOLLOW, Place};
use super::record::Record;

/// See the module.
pub(super) struct PersonIo {
    pub(super) account: LoggedIn,
    place: Place,
    context: Context,
    pub(super) dealer: Socket,
    pub(super) subscriber: Option<Socket>,
    pub(super) outgoing: BTreeMap<u64, Vec<u8>>,
    pub(super) record: Arc<Record>,
    pub(super) shown: Shown,
    /// What was said and not refused, in order.
    pub(super) said: Vec<(Conversation, Uuid)>,
    /// What was refused. A copy of it that is late may still be stored.
    pub(super) refused: Vec<Uuid>,
    /// Whether following has begun.
    pub(super) follows: bool,
}

impl PersonIo {
    pub(super) fn new(context: &Context, place: Place, account: LoggedIn, record: &Arc<Record>) -> Self {
        let dealer = context.socket(Kind::Dealer, &place.security).expect("a socket");
        dealer.connect(&place.requests).expect("an endpoint");
        Self {
            account,
            place,
            context: context.clone(),
            dealer,
            subscriber: None,
            outgoing: BTreeMap::new(),
            record: Arc::clone(record),
            shown: Shown::default(),
            said: Vec::new(),
            refused: Vec::new(),
            follows: false,
        }
    }

    /// Sends the request lines that the socket can take.
    pub(super) fn flush(&mut self) {
        while !self.outgoing.is_empty() && self.dealer.can_send().expect("a state") {
            let mut frame = Vec::new();
            for _ in 0..FRAME_LINES_MAX {
                if frame.len() + LINE_BYTES_MAX > FRAME_BYTES_MAX {
                    break;
                }
                let Some((_id, line)) = self.outgoing.pop_first() else { break };
                self.record.requests.add(1);
                frame.extend(line);
            }
            self.record.note(bounds::request_frame(&frame));
            if self.dealer.send([Frame::new(), Frame::from(frame)]).expect("a send") != Sent::Done {
                break;
            }
        }
    }
}

impl Io for PersonIo {
    type Error = Infallible;

    fn now_ms(&self) -> u64 {
        self.record.now_ms()
    }

    fn recall(&mut self, _user: &UserName) -> Vec<Message> {
        Vec::new()
    }

    /// These clients are never killed, so that memory is as good as a disk.
    fn persist(&mut self, _messages: &[Message]) -> Option<Result<(), Error>> {
        Some(Ok(()))
    }

    fn forget(&mut self, _ids: &[Uuid]) {}

    fn send(&mut self, id: u64, line: Vec<u8>) {
        self.outgoing.insert(id, line);
    }

    fn send_alone(&mut self, _id: u64, _line: Vec<u8>, _bytes: Option<Arc<[u8]>>) {
        unreachable!("no files are sent here");
    }

    fn use_endpoint(&mut self, _place: usize) -> Result<(), Infallible> {
        Ok(())
    }

    fn connect(&mut self, _address: &str) {
        let subscriber = self.context.socket(Kind::Subscriber, &self.place.security).expect("a socket");
        subscriber.connect(&self.place.events).expect("an endpoint");
        self.subscriber = Some(subscriber);
    }

    fn subscribe(&mut self, topic: &str) -> Result<(), Infallible> {
        self.subscriber.iter().for_each(|s| s.subscribe(topic.as_bytes()).expect("a subscription"));
        Ok(())
    }

    fn unsubscribe(&mut self, topic: &str) -> Result<(), Infallible> {
        self.subscriber.iter().for_each(|s| s.unsubscribe(topic.as_bytes()).expect("one less"));
        Ok(())
    }

    fn answer(&mut self, ticket: u64, outcome: Result<Answer, Error>) {
        if ticket == FOLLOW {
            self.follows = outcome.is_ok();
        }
    }

    /// The person remembers everything.
    fn news(&mut self, news: News) {
        let (user, record) = (&self.account.user, &self.record);
        if let News::Entry(entry) = news {
            record.shown.add(1);
            record.note(record.told().note(&entry.line));
            // Nobody comes or goes here, so nothing may be missing.
            record.note(self.shown.shown_in_order(user, &entry, |_after| false));
        } else if let News::Sent { message, outcome, .. } = news {
            match outcome {
                Ok(entry) => {
                    record.acknowledged();
                    record.note(record.told().note_acknowledged(message.id, &entry.line));
                }
                Err(error) => {
                    record.refused.add(1);
                    record.note(complete::refusals_are_final(user, &error));
                    if error.reason() != Some(Reason::StorageFull) {
                        let what = format!("{user} was refused: {}", error.message);
                        record.note(Err(Violation { checker: "refusals_have_a_reason", what }));
                    }
                    self.said.retain(|(_, id)| *id != message.id);
                    self.refused.push(message.id);
                }
            }
        } else if let News::SessionEnded(error) = news {
            let what = format!("{user} was logged out: {}", error.message);
            record.note(Err(Violation { checker: "sessions_last", what }));
        } else if matches!(news, News::RolledBack) {
            let what = format!("{user} was told that the server has gone back");
            record.note(Err(Violation { checker: "never_set_back", what }));
        } else if matches!(news, News::ConnectionLost) {
            record.connections_lost.add(1);
        }
    }
}

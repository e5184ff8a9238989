//! Carries out the effects of the session of one connection. The front has no disk: a message that waits is
//! in memory only, and the client knows that it is stored when its echo arrives.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;

use common::limits::{FRAME_BYTES_MAX, FRAME_LINES_MAX, LINE_BYTES_MAX};
use common::{Error, UserName};
use session::driver::Io;
use session::{Answer, Message, NO_TICKET, News};
use transport::clock;
use uuid::Uuid;

use crate::relay::{ConnectionId, Input, RelayHandle};

pub(crate) struct SessionIo {
    pub(crate) id: ConnectionId,
    relay: RelayHandle,
    /// Request lines with their ids.
    outgoing: Vec<(u64, Vec<u8>)>,
    pub(crate) answers: Vec<(u64, Result<Answer, Error>)>,
    pub(crate) news: VecDeque<News>,
}

impl SessionIo {
    pub(crate) fn new(id: ConnectionId, relay: RelayHandle) -> Self {
        Self { id, relay, outgoing: Vec::new(), answers: Vec::new(), news: VecDeque::new() }
    }

    /// Passes the request lines to the relay thread, in frames.
    pub(crate) fn flush(&mut self) {
        if self.outgoing.is_empty() {
            return;
        }
        let mut lines = std::mem::take(&mut self.outgoing);
        lines.sort_by_key(|(id, _)| *id);
        let (mut frame, mut count) = (Vec::new(), 0);
        for (_id, line) in lines {
            if count == FRAME_LINES_MAX || frame.len() + LINE_BYTES_MAX > FRAME_BYTES_MAX {
                self.relay.send(Input::Send(self.id, std::mem::take(&mut frame)));
                count = 0;
            }
            frame.extend(line);
            count += 1;
        }
        self.relay.send(Input::Send(self.id, frame));
    }
}

impl Io for SessionIo {
    type Error = Infallible;

    fn now_ms(&self) -> u64 {
        clock::monotonic_ms()
    }

    fn load_outbox(&mut self, _user: &UserName) -> Vec<Message> {
        Vec::new()
    }

    fn persist(&mut self, _messages: &[Message]) -> Option<Result<(), Error>> {
        Some(Ok(()))
    }

    fn forget(&mut self, _ids: &[Uuid]) {}

    fn send(&mut self, id: u64, line: Vec<u8>) {
        self.outgoing.push((id, line));
    }

    /// Only chunks of files must be alone, and IRC has none.
    fn send_alone(&mut self, id: u64, line: Vec<u8>, _bytes: Option<Arc<[u8]>>) {
        self.outgoing.push((id, line));
    }

    fn use_endpoint(&mut self, _index: usize) -> Result<(), Infallible> {
        Ok(())
    }

    fn connect(&mut self, _endpoint: &str) {
        self.relay.send(Input::Restart(self.id));
    }

    fn subscribe(&mut self, topic: &str) -> Result<(), Infallible> {
        self.relay.send(Input::Subscribe(self.id, topic.to_owned()));
        Ok(())
    }

    fn unsubscribe(&mut self, topic: &str) -> Result<(), Infallible> {
        self.relay.send(Input::Unsubscribe(self.id, topic.to_owned()));
        Ok(())
    }

    fn answer(&mut self, ticket: u64, outcome: Result<Answer, Error>) {
        if ticket != NO_TICKET {
            self.answers.push((ticket, outcome));
        }
    }

    fn news(&mut self, news: News) {
        self.news.push_back(news);
    }
}

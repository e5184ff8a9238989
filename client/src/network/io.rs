//! The sockets, the outbox and the front end, as the session's driver uses them.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::Instant;

use common::{Detail, Error, UserName};
use session::driver::Io;
use session::{Answer, Message, News};
use transport::{Context, Kind, Socket, TransportError, clock};
use uuid::Uuid;

use super::Reply;
use super::outgoing::Outgoing;
use crate::connection::{Endpoint, KnownServer};
use crate::outbox::Outbox;
use crate::render::complain;

/// Everything that the session needs from its surroundings.
pub(super) struct NetworkIo<N> {
    server: KnownServer,
    /// The endpoint that requests are sent to, and its place among those of the server.
    endpoint: Endpoint,
    at: usize,
    context: Context,
    pub(super) dealer: Socket,
    pub(super) subscriber: Option<Socket>,
    outgoing: Outgoing,
    /// `None` for a front end that sends no messages. It is dropped before `answers`, whose end the front end
    /// waits for.
    outbox: Option<Outbox>,
    begun: Instant,
    answers: SyncSender<Reply>,
    news: SyncSender<N>,
    is_news_read: bool,
}

impl<N> NetworkIo<N> {
    pub(super) fn new(
        endpoint: &Endpoint,
        server: KnownServer,
        outbox: Option<Outbox>,
        answers: SyncSender<Reply>,
        news: SyncSender<N>,
    ) -> Result<Self, TransportError> {
        let context = Context::new();
        let dealer = connected(&context, endpoint)?;
        Ok(Self {
            server,
            endpoint: endpoint.clone(),
            at: 0,
            context,
            dealer,
            subscriber: None,
            outgoing: Outgoing::default(),
            outbox,
            begun: clock::now(),
            answers,
            news,
            is_news_read: true,
        })
    }

    /// Whether the front end still receives news.
    pub(super) fn is_news_read(&self) -> bool {
        self.is_news_read
    }

    /// Whether request lines wait to be sent.
    pub(super) fn has_outgoing(&self) -> bool {
        !self.outgoing.is_empty()
    }

    /// Sends the request lines that the socket can take. A line that is lost is sent again by the session.
    pub(super) fn flush(&mut self) -> Result<(), TransportError> {
        while !self.outgoing.is_empty() && self.dealer.can_send()? {
            let _sent_or_lost = self.dealer.send(self.outgoing.take_message())?;
        }
        Ok(())
    }

    /// Notes that the server replies, before the front end learns of the reply and ends the program.
    pub(super) fn note_that_the_server_answers(&mut self) {
        if let Err(failure) = self.server.answers_at(self.at) {
            complain(&failure.to_string());
        }
    }
}

/// The session's clock starts with the thread, and is independent of the time of day.
impl<N: From<News>> Io for NetworkIo<N> {
    type Error = TransportError;

    fn now_ms(&self) -> u64 {
        u64::try_from(clock::now().duration_since(self.begun).as_millis()).unwrap_or(u64::MAX)
    }

    fn recall(&mut self, user: &UserName) -> Vec<Message> {
        let Some(outbox) = &mut self.outbox else { return Vec::new() };
        let recalled = outbox.recall(user);
        recalled.complaints.iter().for_each(|words| complain(words));
        recalled.messages
    }

    fn persist(&mut self, messages: &[Message]) -> Option<Result<(), Error>> {
        let outcome = self.outbox.as_mut().map_or(Ok(()), |outbox| outbox.keep(messages));
        Some(outcome.map_err(|error| Detail::NotStoredLocally { error: error.to_string() }.into()))
    }

    fn forget(&mut self, ids: &[Uuid]) {
        if let Some(outbox) = &mut self.outbox {
            outbox.release(ids);
        }
    }

    fn send(&mut self, id: u64, line: Vec<u8>) {
        self.outgoing.put(id, line);
    }

    fn send_alone(&mut self, id: u64, line: Vec<u8>, bytes: Option<Arc<[u8]>>) {
        self.outgoing.put_alone(id, line, bytes);
    }

    fn use_endpoint(&mut self, place: usize) -> Result<(), TransportError> {
        if let Some(endpoint) = self.server.endpoints.get(place) {
            self.dealer = connected(&self.context, endpoint)?;
            self.endpoint = endpoint.clone();
            self.at = place;
        }
        Ok(())
    }

    fn connect(&mut self, address: &str) {
        let endpoint = events_endpoint(&self.endpoint.address, address);
        let socket = self.context.socket(Kind::Subscriber, &self.endpoint.security);
        let connected = socket.and_then(|socket| socket.connect(&endpoint).map(|()| socket));
        self.subscriber = connected.inspect_err(|error| tracing::warn!(%error, "cannot receive events")).ok();
    }

    fn subscribe(&mut self, topic: &str) -> Result<(), TransportError> {
        self.subscriber.iter().try_for_each(|socket| socket.subscribe(topic.as_bytes()))
    }

    fn unsubscribe(&mut self, topic: &str) -> Result<(), TransportError> {
        self.subscriber.iter().try_for_each(|socket| socket.unsubscribe(topic.as_bytes()))
    }

    fn answer(&mut self, ticket: u64, outcome: Result<Answer, Error>) {
        // A front end that no longer waits for answers does not empty the channel.
        let _received_or_not = self.answers.try_send((ticket, outcome));
    }

    fn news(&mut self, news: News) {
        self.is_news_read &= self.news.send(news.into()).is_ok();
    }
}

/// A socket for requests to one endpoint, which need not exist yet.
fn connected(context: &Context, endpoint: &Endpoint) -> Result<Socket, TransportError> {
    let dealer = context.socket(Kind::Dealer, &endpoint.security)?;
    dealer.connect(&endpoint.address)?;
    Ok(dealer)
}

/// Where to subscribe: the host `*` means the host of the server.
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

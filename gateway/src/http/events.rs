//! `GET /events`: the events of one conversation as server-sent events, without a gap.
//!
//! A gap in the numbers of the events shows a loss, and the stream then loads the lost events from the
//! history. `Last-Event-ID` contains the number of the last event that the client received.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use common::history::{Heads, Page};
use common::limits::HISTORY_EVENTS_MAX;
use common::{Conversation, Detail, Target, UserName, rpc};
use futures_util::stream::unfold;
use serde::Deserialize;
use serde_json::{Value, json};
use transport::clock;

use super::answer::{Failure, refused_connection};
use super::call::{Ask, ask};
use super::credential::query_value;
use super::web::{Visitor, VisitorOf, Web};
use crate::hub::queue::Next;
use crate::link::OpenLink;
use crate::metrics::{Kind, Opened};

/// The time without events after which the stream reads the history, in case the last event was lost.
const CHECK_INTERVAL: Duration = Duration::from_secs(15);

/// The time after which the stream reads the history again if the node was unavailable.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// The part of an event or a notice that the stream reads.
#[derive(Deserialize)]
struct Line {
    n: Option<u64>,
    #[serde(default)]
    kind: String,
    to: Option<Target>,
    from: Option<UserName>,
    topic: Option<String>,
}

/// A stream of the events of one conversation.
struct Stream {
    web: Web,
    visitor: Visitor,
    open: OpenLink,
    conversation: Conversation,
    /// The conversation, as the user of the token addresses it. A channel has its first name.
    name: String,
    /// The number of the next event.
    next: u64,
    /// Whether the stream must read the history before it accepts published events.
    must_load: bool,
    ready: VecDeque<(u64, String)>,
    has_ended: bool,
    _opened: Opened,
}

pub(crate) async fn follow(
    State(web): State<Web>,
    Extension(visitor): VisitorOf,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let Some(conversation) = query_value(query.as_deref(), "conversation") else {
        let error = "name a conversation: ?conversation=%23ops or ?conversation=%40bob".to_owned();
        return Err(Detail::BadParams { method: "events".to_owned(), error }.into());
    };
    web.limits.take_handshake(visitor.client.sender, clock::monotonic_ms()).map_err(|wait_ms| {
        Failure::from(common::Error::from(Detail::SentTooFast { wait_ms }).with_wait_ms(wait_ms))
    })?;
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    let last = last.or_else(|| query_value(query.as_deref(), "after").map(|n| format!(":{n}")));
    let last = last.and_then(|id| id.rsplit_once(':').and_then(|(_, n)| n.parse::<u64>().ok()));
    // The server also checks here that the user may read the conversation.
    let newest = json!({ "conversation": conversation, "limit": 1 });
    let newest =
        ask(&web, visitor.client, visitor.token.as_ref(), Ask::new("message.history", newest)).await?;
    let page = newest.value()?;
    let head = page.get("head").and_then(Value::as_u64).unwrap_or_default();
    // Events have the first name of a channel, and the request may have a later name.
    let conversation = page.get("conversation").and_then(Value::as_str).map_or(conversation, str::to_owned);
    let target = Target::new(&conversation)?;
    let me = visitor.token.as_ref().and_then(|token| token.user()).ok_or(Detail::NoSession)?;
    let open = web.hub.open(visitor.client.sender, visitor.token.clone());
    if let Err(close) = open.checked().await {
        return Ok(refused_connection(close));
    }
    let opened = web.gauges.open(Kind::Events);
    let mut stream = Stream {
        open,
        conversation: Conversation::of(&me, &target),
        name: conversation,
        next: last.unwrap_or(head) + 1,
        must_load: true,
        ready: VecDeque::new(),
        has_ended: false,
        web,
        visitor,
        _opened: opened,
    };
    stream.subscribe().await?;
    let events = unfold(stream, |mut stream| async move {
        let event = stream.next_event().await?;
        Some((Ok::<_, Infallible>(event), stream))
    });
    let keep_alive = KeepAlive::new().interval(CHECK_INTERVAL);
    Ok(Sse::new(events).keep_alive(keep_alive).into_response())
}

impl Stream {
    /// Subscribes to the topic of the conversation, and to the user's own topic for notices.
    async fn subscribe(&mut self) -> Result<(), Failure> {
        let token = self.visitor.token.as_ref();
        let heads = ask(&self.web, self.visitor.client, token, Ask::new("sync.heads", json!({}))).await?;
        let heads: Heads = serde_json::from_str(heads.raw()?.get()).map_err(|_| Detail::NoReply)?;
        let mut topics = vec![heads.topic];
        let own = heads.heads.into_iter().find(|head| head.conversation.to_string() == self.name);
        topics.extend(own.and_then(|head| head.topic));
        self.follow_topics(&topics).await;
        Ok(())
    }

    async fn follow_topics(&mut self, topics: &[String]) {
        let mut line = Vec::new();
        rpc::encode_request(&mut line, "topics", "gateway.subscribe", &json!({ "topics": topics }));
        self.has_ended |= self.open.send(line.into()).await.is_err();
    }

    /// The next event of the stream; `None` at its end.
    async fn next_event(&mut self) -> Option<Event> {
        loop {
            self.open.link.heard();
            if let Some((n, line)) = self.ready.pop_front() {
                self.next = n + 1;
                return Some(Event::default().id(format!("{}:{n}", self.name)).data(line));
            }
            if self.has_ended {
                return None;
            }
            if self.must_load {
                if let Err(failure) = self.load().await {
                    if failure.0.is_temporary() {
                        super::web::until_stop(&self.web.clone(), tokio::time::sleep(RETRY_DELAY)).await?;
                        continue;
                    }
                    // The client connects again with the last id. If the error is permanent, it then receives
                    // the error again.
                    self.has_ended = true;
                    let error = json!({ "error": &*failure.0 });
                    return Some(Event::default().event("error").data(error.to_string()));
                }
                continue;
            }
            let web = self.web.clone();
            let next = tokio::time::timeout(CHECK_INTERVAL, self.open.link.next());
            match super::web::until_stop(&web, next).await? {
                Err(_no_event) => self.must_load = true,
                Ok(Next::Ping) => {}
                Ok(Next::Close(_)) => return None,
                Ok(Next::Lines(lines)) => {
                    self.accept(&lines).await;
                    self.open.link.sent(&self.open.hub);
                }
            }
        }
    }

    /// Reads the next page of the history.
    async fn load(&mut self) -> Result<(), Failure> {
        let params = json!({
            "conversation": self.name, "after": self.next - 1, "limit": HISTORY_EVENTS_MAX,
        });
        let token = self.visitor.token.as_ref();
        let page = ask(&self.web, self.visitor.client, token, Ask::new("message.history", params)).await?;
        let page: Page = serde_json::from_str(page.raw()?.get()).map_err(|_| Detail::NoReply)?;
        for event in &page.events {
            if let Some(n) = serde_json::from_str::<Line>(event.get()).ok().and_then(|line| line.n) {
                self.ready.push_back((n, event.get().to_owned()));
            }
        }
        let last = self.ready.back().map_or(self.next - 1, |(n, _)| *n);
        self.must_load = last < page.head && !page.events.is_empty();
        Ok(())
    }

    async fn accept(&mut self, lines: &Bytes) {
        for text in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let Ok(line) = serde_json::from_slice::<Line>(text) else { continue };
            let is_own = self.is_own(&line);
            match (line.n, &*line.kind, line.topic) {
                (None, "lagged", _) => self.must_load = true,
                (None, "topic.moved", Some(topic)) if is_own => self.follow_topics(&[topic]).await,
                // A reply means that the subscriptions are in force. Other lines without a number are
                // ignored.
                (None, ..) => self.must_load |= text.starts_with(b"{\"jsonrpc\""),
                (Some(n), ..) if is_own => self.event(n, text),
                (Some(_), ..) => {}
            }
        }
    }

    fn event(&mut self, n: u64, text: &[u8]) {
        let expected = self.ready.back().map_or(self.next, |(n, _)| n + 1);
        if n > expected || self.must_load {
            self.must_load = true;
        } else if n == expected {
            self.ready.push_back((n, String::from_utf8_lossy(text).into_owned()));
        }
    }

    /// Whether a line belongs to the conversation.
    fn is_own(&self, line: &Line) -> bool {
        match (&line.to, &line.from) {
            (Some(to @ Target::Channel(_)), _) => self.name == to.to_string(),
            (Some(to @ Target::User(_)), Some(from)) => Conversation::of(from, to) == self.conversation,
            (Some(Target::User(_)), None) | (None, _) => false,
        }
    }
}

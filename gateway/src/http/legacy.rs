//! The API of the older systems, with `--legacy-api`: `/ws?token=` and `/history/{user}?token=`.
//!
//! Its messages are `{"type":"message","to":"bob","content":".."}`. `broadcast` is `*` for administrators and
//! `#general` for all other users. A reverse proxy can write the token in the address to its log.

use axum::body::Bytes;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use common::history::{Heads, Page};
use common::limits::HISTORY_EVENTS_MAX;
use common::{Detail, rpc};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::{Failure, json_answer, refused_connection};
use super::call::{Ask, ask};
use super::unfinished::Unfinished;
use super::web::{Client, Visitor, Web};
use super::websocket::close_socket;
use crate::close::Close;
use crate::hub::queue::Next;
use crate::link::OpenLink;
use crate::metrics::Kind;
use crate::token::Token;

/// The channel that receives a broadcast if the user may not write to all users.
const GENERAL: &str = "#general";
const EVERYBODY: &str = "*";
const BROADCAST: &str = "broadcast";

/// A message of an older client.
#[derive(Deserialize)]
struct Incoming {
    #[serde(rename = "type")]
    kind: String,
    to: String,
    content: String,
}

/// The part of an event that an older client receives.
#[derive(Deserialize)]
struct Stored {
    at: u64,
    to: String,
    from: String,
    kind: String,
    #[serde(default)]
    text: String,
    topic: Option<String>,
}

/// `GET /history/{user}?token=`: the messages of two users, oldest first.
pub(crate) async fn history(web: &Web, client: Client, token: &str, user: &str) -> Result<Response, Failure> {
    let token = Token::new(token).ok_or(Detail::NoSession)?;
    let conversation = if user == BROADCAST { GENERAL.to_owned() } else { format!("@{user}") };
    let params = json!({ "conversation": conversation, "limit": HISTORY_EVENTS_MAX });
    let page = ask(web, client, Some(&token), Ask::new("message.history", params)).await?;
    let page: Page = serde_json::from_str(page.raw()?.get()).map_err(|_| Detail::NoReply)?;
    let messages: Vec<_> = page.events.iter().filter_map(|line| outgoing(line.get().as_bytes())).collect();
    Ok(json_answer(StatusCode::OK, &messages))
}

/// An event as a message of the older systems; `None` for an event that is not a message.
fn outgoing(line: &[u8]) -> Option<Value> {
    let Stored { at, to, from, kind, text, .. } = serde_json::from_slice(line).ok()?;
    let to = match to.strip_prefix('@') {
        Some(user) => user,
        None if matches!(&*to, GENERAL | EVERYBODY) => BROADCAST,
        None => return None,
    };
    let message = json!({ "type": "message", "from": from, "to": to, "content": text, "timestamp": at });
    (kind == "message").then_some(message)
}

/// Opens a WebSocket for the token in the address.
pub(crate) async fn open(
    web: Web,
    visitor: Visitor,
    unfinished: Unfinished,
    token: &str,
    upgrade: WebSocketUpgrade,
) -> Response {
    let Some(token) = Token::new(token) else { return Failure::from(Detail::NoSession).into_response() };
    let visitor = Visitor { token: Some(token), ..visitor };
    let topics = match prepare(&web, &visitor).await {
        Ok(topics) => topics,
        Err(failure) => return failure.into_response(),
    };
    let open = web.hub.open(visitor.client.sender, visitor.token.clone());
    if let Err(close) = open.checked().await {
        return refused_connection(close);
    }
    upgrade.on_upgrade(move |mut socket| async move {
        let _counted = web.gauges.open(Kind::WebSocket);
        let stopping = web.clone();
        let chat = Chat { web, visitor, unfinished, open };
        let relayed = super::web::until_stop(&stopping, chat.run(&mut socket, &topics)).await;
        if let Some(close) = relayed.unwrap_or(Some(Close::GoingAway)) {
            stopping.gauges.closed(close);
            close_socket(socket, close).await;
        }
    })
}

/// Joins `#general`, or creates it. Returns the topics to subscribe to.
async fn prepare(web: &Web, visitor: &Visitor) -> Result<Vec<String>, Failure> {
    let token = visitor.token.as_ref();
    let general = || json!({ "channel": GENERAL });
    if let Err(failure) = ask(web, visitor.client, token, Ask::new("channel.join", general())).await {
        if failure.0.code != 4040 {
            return Err(failure);
        }
        ask(web, visitor.client, token, Ask::new("channel.create", general())).await?;
    }
    let heads = ask(web, visitor.client, token, Ask::new("sync.heads", json!({}))).await?;
    let heads: Heads = serde_json::from_str(heads.raw()?.get()).map_err(|_| Detail::NoReply)?;
    let is_shown = |to: &str| matches!(to, GENERAL | EVERYBODY);
    let channels = heads.heads.into_iter().filter(|head| is_shown(&head.conversation.to_string()));
    Ok(channels.filter_map(|head| head.topic).chain([heads.topic]).collect())
}

struct Chat {
    web: Web,
    visitor: Visitor,
    unfinished: Unfinished,
    open: OpenLink,
}

impl Chat {
    async fn run(&self, socket: &mut WebSocket, topics: &[String]) -> Option<Close> {
        if let Err(close) = self.follow(topics).await {
            return Some(close);
        }
        self.relay(socket).await
    }

    async fn follow(&self, topics: &[String]) -> Result<(), Close> {
        let mut line = Vec::new();
        rpc::encode_request(&mut line, "topics", "gateway.subscribe", &json!({ "topics": topics }));
        self.open.send(line.into()).await
    }

    async fn relay(&self, socket: &mut WebSocket) -> Option<Close> {
        loop {
            tokio::select! {
                next = self.open.link.next() => match next {
                    Next::Close(close) => return Some(close),
                    Next::Ping => socket.send(Message::Ping(Bytes::new())).await.ok()?,
                    Next::Lines(lines) => {
                        self.show(socket, &lines).await?;
                        self.open.link.sent(&self.open.hub);
                    }
                },
                received = socket.recv() => {
                    self.open.link.heard();
                    match received? {
                        Ok(Message::Text(text)) => {
                            self.send(socket, &text).await?;
                            self.unfinished.finish();
                        }
                        Ok(Message::Ping(bytes) | Message::Pong(bytes)) => self.unfinished.finish_control(&bytes),
                        Ok(Message::Binary(_) | Message::Close(_)) | Err(_) => return None,
                    }
                }
            }
        }
    }

    /// Shows the messages among the lines, one frame for each.
    async fn show(&self, socket: &mut WebSocket, lines: &[u8]) -> Option<()> {
        for line in lines.split(|byte| *byte == b'\n') {
            if let Some(message) = outgoing(line) {
                self.write(socket, &message).await?;
            } else if let Ok(Stored { kind, topic: Some(topic), .. }) = serde_json::from_slice(line)
                && kind == "topic.moved"
            {
                self.follow(&[topic]).await.ok()?;
            }
        }
        Some(())
    }

    async fn write(&self, socket: &mut WebSocket, message: &Value) -> Option<()> {
        let text = Utf8Bytes::from(message.to_string());
        tokio::select! {
            sent = socket.send(Message::Text(text)) => sent.ok(),
            _close = self.open.link.cut() => None,
        }
    }

    /// Sends a message of the client. Reports an error to the client as a message of the type `error`.
    async fn send(&self, socket: &mut WebSocket, text: &str) -> Option<()> {
        let sent = match serde_json::from_str::<Incoming>(text) {
            Ok(Incoming { kind, to, content }) if kind == "message" => self.store(&to, &content).await,
            Ok(Incoming { kind, .. }) => {
                Err(Detail::BadParams { method: "type".to_owned(), error: format!("{kind} is not message") }
                    .into())
            }
            Err(error) => {
                Err(Detail::BadParams { method: "message".to_owned(), error: error.to_string() }.into())
            }
        };
        match sent {
            Ok(()) => Some(()),
            Err(failure) => {
                self.write(socket, &json!({ "type": "error", "content": failure.0.message })).await
            }
        }
    }

    async fn store(&self, to: &str, text: &str) -> Result<(), Failure> {
        let id = Uuid::now_v7();
        let send = async |to: &str| {
            let params = json!({ "to": to, "id": id, "text": text });
            let token = self.visitor.token.as_ref();
            ask(&self.web, self.visitor.client, token, Ask::new("message.send", params)).await
        };
        if to != BROADCAST {
            return send(&format!("@{to}")).await.map(drop);
        }
        match send(EVERYBODY).await {
            Err(failure) if failure.0.code == 4030 => send(GENERAL).await.map(drop),
            sent => sent.map(drop),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_translated_and_other_events_are_not_shown() {
        let line = |to: &str, kind: &str| {
            json!({ "n": 1, "at": 7, "to": to, "from": "alice", "kind": kind, "text": "oi" }).to_string()
        };
        let to = |to: &str| outgoing(line(to, "message").as_bytes()).map(|message| message["to"].clone());
        assert_eq!(to("@bob"), Some(json!("bob")));
        assert_eq!((to("*"), to("#general")), (Some(json!("broadcast")), Some(json!("broadcast"))));
        assert_eq!(to("#other"), None);
        assert_eq!(outgoing(line("@bob", "message.edited").as_bytes()), None);
        let message = outgoing(line("@bob", "message").as_bytes()).expect("a message");
        assert_eq!(
            message,
            json!({ "type": "message", "from": "alice", "to": "bob", "content": "oi", "timestamp": 7 })
        );
    }
}

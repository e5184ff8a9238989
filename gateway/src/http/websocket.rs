//! `GET /ws`: lines of the protocol over a WebSocket, with the subprotocol `papo.v1`.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::extract::{RawQuery, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use transport::clock;
use tungstenite::Error;
use tungstenite::error::ProtocolError;

use super::answer::refuse;
use super::credential::query_value;
use super::legacy;
use super::unfinished::Unfinished;
use super::web::{Visitor, VisitorOf, Web, until_stop};
use crate::close::Close;
use crate::connection_id::SenderId;
use crate::hub::queue::Next;
use crate::limits::FRAME_BYTES_MAX;
use crate::link::{Link, OpenLink};
use crate::metrics::Kind;

pub(crate) const SUBPROTOCOL: &str = "papo.v1";

/// The read buffer of a connection. The default of axum is 128 KiB for each connection.
pub(super) const READ_BUFFER_BYTES: usize = 1024;

pub(crate) async fn open(
    State(web): State<Web>,
    Extension(visitor): VisitorOf,
    Extension(unfinished): Extension<Unfinished>,
    RawQuery(query): RawQuery,
    upgrade: WebSocketUpgrade,
) -> Response {
    if let Err(refused) = take_handshake(&web, visitor.client.sender) {
        return refused;
    }
    unfinished.start(visitor.client.sender);
    let upgrade = upgrade
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_message_size(FRAME_BYTES_MAX)
        .max_frame_size(FRAME_BYTES_MAX);
    let legacy_token = query_value(query.as_deref(), "token").filter(|_| web.legacy_api());
    if let Some(token) = legacy_token {
        return legacy::open(web, visitor, unfinished, &token, upgrade).await;
    }
    let upgrade = upgrade.protocols([SUBPROTOCOL]);
    if upgrade.selected_protocol().is_none() {
        let message = "offer the subprotocol papo.v1";
        return refuse(StatusCode::BAD_REQUEST, "no_subprotocol", message);
    }
    upgrade
        .on_upgrade(move |socket| async move { chat(web, visitor, unfinished, socket).await })
        .into_response()
}

/// Counts a handshake of a WebSocket. Returns the answer for a client that sends too many.
#[expect(clippy::result_large_err, reason = "the response is the answer, and it is sent at once")]
pub(super) fn take_handshake(web: &Web, sender: SenderId) -> Result<(), Response> {
    let taken = web.limits.take_handshake(sender, clock::monotonic_ms());
    taken.map_err(|wait_ms| {
        let message = "you open connections too fast: wait, then try again";
        let mut refused = refuse(StatusCode::TOO_MANY_REQUESTS, "rate_limited", message);
        refused.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait_ms.div_ceil(1_000)));
        refused
    })
}

async fn chat(web: Web, visitor: Visitor, unfinished: Unfinished, mut socket: WebSocket) {
    let _counted = web.gauges.open(Kind::WebSocket);
    let link = web.hub.open(visitor.client.sender, visitor.token);
    let relayed = until_stop(&web, relay(&link, &unfinished, &mut socket)).await;
    drop(link);
    if let Some(close) = relayed.unwrap_or(Some(Close::GoingAway)) {
        web.gauges.closed(close);
        close_socket(socket, close).await;
    }
}

/// Sends the close frame. Waits for at most a second if the client does not read.
pub(crate) async fn close_socket(mut socket: WebSocket, close: Close) {
    let (code, reason) = close.frame();
    let frame = CloseFrame { code, reason: Utf8Bytes::from_static(reason) };
    let sending = socket.send(Message::Close(Some(frame)));
    let _sent_or_late = tokio::time::timeout(std::time::Duration::from_secs(1), sending).await;
}

/// Relays in both directions until one side ends. Returns the reason if the gateway ends the connection.
async fn relay(open: &OpenLink, unfinished: &Unfinished, socket: &mut WebSocket) -> Option<Close> {
    let link: &Arc<Link> = &open.link;
    loop {
        tokio::select! {
            next = link.next() => {
                let message = match next {
                    Next::Close(close) => return Some(close),
                    Next::Ping => Message::Ping(Bytes::new()),
                    // All lines are JSON in UTF-8.
                    Next::Lines(lines) => match Utf8Bytes::try_from(lines) {
                        Ok(lines) => Message::Text(lines),
                        Err(_) => return Some(Close::Unavailable),
                    },
                };
                tokio::select! {
                    sent = socket.send(message) => sent.ok()?,
                    close = link.cut() => return Some(close),
                }
                link.sent(&open.hub);
            }
            received = socket.recv() => {
                link.heard();
                match received {
                    Some(Ok(Message::Text(lines))) => {
                        if let Err(close) = open.send(Bytes::from(lines)).await {
                            return Some(close);
                        }
                        unfinished.finish();
                    }
                    Some(Ok(Message::Ping(bytes) | Message::Pong(bytes))) => unfinished.finish_control(&bytes),
                    Some(Ok(Message::Binary(_))) => return Some(Close::BadFrame),
                    Some(Err(error)) => return is_bad_frame(error).then_some(Close::BadFrame),
                    Some(Ok(Message::Close(_))) | None => return None,
                }
            }
        }
    }
}

/// Whether the client broke the protocol, and the connection still exists.
pub(super) fn is_bad_frame(error: axum::Error) -> bool {
    let error = error.into_inner().downcast::<tungstenite::Error>();
    error.is_ok_and(|error| {
        let is_lost = matches!(*error, Error::Protocol(ProtocolError::ResetWithoutClosingHandshake));
        !is_lost && matches!(*error, Error::Protocol(_) | Error::Capacity(_) | Error::Utf8(_))
    })
}

//! `GET /irc`: the lines of IRC over a WebSocket, with the subprotocols of IRCv3. Each message is one line.
//!
//! The gateway passes the bytes to the IRC front, and does not read them.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::connect_info::ConnectInfo;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{
    AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, ReadHalf, WriteHalf, duplex, split,
};

use super::answer::refuse;
use super::page;
use super::unfinished::Unfinished;
use super::web::{VisitorOf, Web, until_stop};
use super::websocket::{READ_BUFFER_BYTES, is_bad_frame, take_handshake};
use crate::close::Close;
use crate::limits::{IRC_MESSAGE_BYTES_MAX, IRC_PIPE_BYTES, IRC_SEND_MS_MAX};
use crate::metrics::Kind;

/// The subprotocols. Both carry UTF-8: the IRC front refuses other bytes.
const BINARY: &str = "binary.ircv3.net";
const TEXT: &str = "text.ircv3.net";

type Passing = dyn Fn(DuplexStream, IpAddr) -> bool + Send + Sync;

/// Passes the stream of a client with this address to the IRC front. Returns false if the front has no room.
#[derive(Clone)]
pub struct IrcDoor(Arc<Passing>);

impl IrcDoor {
    pub fn new(pass: impl Fn(DuplexStream, IpAddr) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(pass))
    }
}

impl fmt::Debug for IrcDoor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("IrcDoor")
    }
}

/// `GET /`: the page. A WebSocket of IRC is served, too, for clients that only know a host and a port.
pub(crate) async fn index(
    web: State<Web>,
    visitor: VisitorOf,
    unfinished: Extension<Unfinished>,
    peer: ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    match upgrade {
        Ok(upgrade) if subprotocol(&headers).is_some() => {
            open(web, visitor, unfinished, peer, headers, upgrade).await
        }
        Ok(_) | Err(_) => page::index(web, headers).await,
    }
}

pub(crate) async fn open(
    State(web): State<Web>,
    Extension(visitor): VisitorOf,
    Extension(unfinished): Extension<Unfinished>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let Some(door) = web.irc().cloned() else {
        let message = "this gateway serves no IRC: start the node with `papo up --irc`";
        return refuse(StatusCode::NOT_FOUND, "no_irc", message);
    };
    if let Err(refused) = take_handshake(&web, visitor.client.sender) {
        return refused;
    }
    unfinished.start(visitor.client.sender);
    let chosen = subprotocol(&headers);
    let upgrade = upgrade
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_message_size(IRC_MESSAGE_BYTES_MAX)
        .max_frame_size(IRC_MESSAGE_BYTES_MAX)
        .protocols(chosen);
    let address = web.client_address(peer.ip(), &headers);
    let is_binary = chosen == Some(BINARY);
    upgrade
        .on_upgrade(move |socket| async move {
            let _counted = web.gauges.open(Kind::Irc);
            let (own, passed) = duplex(IRC_PIPE_BYTES);
            if (door.0)(passed, address) {
                let _ended = until_stop(&web, relay(own, socket, unfinished, is_binary)).await;
            }
        })
        .into_response()
}

/// The first subprotocol of the client that the gateway knows.
fn subprotocol(headers: &HeaderMap) -> Option<&'static str> {
    let offers = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    let offers = offers.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    offers.map(str::trim).find_map(|offer| [BINARY, TEXT].into_iter().find(|known| *known == offer))
}

/// Relays lines in both directions until one side ends.
async fn relay(pipe: DuplexStream, socket: WebSocket, unfinished: Unfinished, is_binary: bool) {
    let (from_front, to_front) = split(pipe);
    let (mut to_client, from_client) = socket.split();
    let close = tokio::select! {
        () = send_lines(from_front, &mut to_client, is_binary) => (1000, "the connection has ended"),
        is_bad = receive_lines(from_client, to_front, unfinished) => {
            if !is_bad {
                return;
            }
            Close::BadFrame.frame()
        }
    };
    let close = CloseFrame { code: close.0, reason: Utf8Bytes::from_static(close.1) };
    let closing = to_client.send(Message::Close(Some(close)));
    let _closed_or_late = tokio::time::timeout(Duration::from_secs(1), closing).await;
}

/// Sends each line of the front as a message, until the front ends or the client does not read.
async fn send_lines(
    from_front: ReadHalf<DuplexStream>,
    to_client: &mut SplitSink<WebSocket, Message>,
    is_binary: bool,
) {
    // The front bounds its lines.
    let mut lines = BufReader::with_capacity(READ_BUFFER_BYTES, from_front);
    loop {
        let mut line = Vec::new();
        match lines.read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        while line.last().is_some_and(|byte| matches!(byte, b'\r' | b'\n')) {
            line.pop();
        }
        let message = match is_binary {
            true => Message::Binary(Bytes::from(line)),
            // The front sends UTF-8 only.
            false => match Utf8Bytes::try_from(line) {
                Ok(line) => Message::Text(line),
                Err(_) => return,
            },
        };
        let sending = tokio::time::timeout(Duration::from_millis(IRC_SEND_MS_MAX), to_client.send(message));
        if !matches!(sending.await, Ok(Ok(()))) {
            return;
        }
    }
}

/// Passes the messages of the client to the front as lines, until one of them ends. Returns whether the
/// client broke the protocol.
async fn receive_lines(
    mut from_client: SplitStream<WebSocket>,
    mut to_front: WriteHalf<DuplexStream>,
    unfinished: Unfinished,
) -> bool {
    while let Some(received) = from_client.next().await {
        let message = match received {
            Ok(message) => message,
            Err(error) => return is_bad_frame(error),
        };
        let mut line = match message {
            Message::Text(line) => line.as_bytes().to_vec(),
            Message::Binary(line) => line.to_vec(),
            Message::Ping(bytes) | Message::Pong(bytes) => {
                unfinished.finish_control(&bytes);
                continue;
            }
            Message::Close(_) => return false,
        };
        unfinished.finish();
        line.extend_from_slice(b"\r\n");
        if to_front.write_all(&line).await.is_err() {
            return false;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_client_chooses_the_subprotocol() {
        let chosen = |offers: &'static str| {
            let value = HeaderValue::from_static(offers);
            subprotocol(&HeaderMap::from_iter([(header::SEC_WEBSOCKET_PROTOCOL, value)]))
        };
        assert_eq!(chosen("text.ircv3.net, binary.ircv3.net"), Some(TEXT));
        assert_eq!(chosen("x,binary.ircv3.net,text.ircv3.net"), Some(BINARY));
        assert_eq!((chosen("papo.v1"), subprotocol(&HeaderMap::new())), (None, None));
    }
}

//! Sockets of axum without papo, which the bench compares with the gateway: every frame that arrives at
//! `/publish` is sent to all WebSockets at `/ws`. Prints a ready line, and runs until it is killed.

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::extract::State;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::any;
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio::sync::broadcast::{Sender, channel};

/// The number of frames by which a socket may be behind. It is more than the bench sends ahead.
const FRAMES_MAX: usize = 4096;

fn main() -> std::io::Result<()> {
    // One thread, like the gateway.
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(serve())
}

async fn serve() -> std::io::Result<()> {
    let (frames, _) = channel(FRAMES_MAX);
    let routes =
        Router::new().route("/ws", any(subscribe)).route("/publish", any(publish)).with_state(frames);
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
    writeln!(std::io::stdout(), r#"{{"web":"{}"}}"#, listener.local_addr()?)?;
    let listener = listener.tap_io(|stream| {
        let _ignore_error = stream.set_nodelay(true);
    });
    axum::serve(listener, routes).await
}

async fn subscribe(State(frames): State<Sender<Utf8Bytes>>, upgrade: WebSocketUpgrade) -> Response {
    let mut frames = frames.subscribe();
    upgrade.protocols(["papo.v1"]).on_upgrade(|mut socket: WebSocket| async move {
        // The bench notices a socket that lags, because its connection is closed.
        while let Ok(frame) = frames.recv().await {
            if socket.send(Message::Text(frame)).await.is_err() {
                return;
            }
        }
    })
}

async fn publish(State(frames): State<Sender<Utf8Bytes>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(|mut socket: WebSocket| async move {
        while let Some(Ok(message)) = socket.recv().await {
            if let Message::Text(frame) = message {
                let _no_subscriber = frames.send(frame);
            }
        }
    })
}

//! Accepts the connections of clients: applies the limits, and handles TLS.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum_server::accept::Accept;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tower_http::add_extension::AddExtension;
use transport::clock;

use super::ACME_PROTOCOL;
use super::session::Session;
use crate::http::address_limits::Connected;
use crate::http::unfinished::Unfinished;
use crate::http::web::Web;
use crate::limits::HEADERS_MS_MAX;

/// Refuses connections beyond the limits of an address, and performs the TLS handshake.
#[derive(Clone)]
pub(crate) struct Acceptor {
    pub(crate) web: Web,
    /// `None` for plain HTTP.
    pub(crate) tls: Option<Arc<ServerConfig>>,
}

impl<S: Send + 'static> Accept<TcpStream, S> for Acceptor {
    type Stream = Stream;
    type Service = AddExtension<S, Unfinished>;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Stream, Self::Service)>> + Send>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let unfinished = Unfinished::new(self.web.clone());
        let service = AddExtension::new(service, unfinished.clone());
        let counted = self.count(stream, unfinished);
        let tls = self.tls.clone();
        Box::pin(async move {
            let stream = match tls {
                None => Stream::Plain(counted?),
                Some(tls) => Stream::Tls(Box::new(shake_hands(tls, counted?).await?)),
            };
            Ok((stream, service))
        })
    }
}

impl Acceptor {
    fn count(&self, stream: TcpStream, unfinished: Unfinished) -> io::Result<Counted> {
        let address = stream.peer_addr()?.ip();
        let is_proxy = self.web.is_proxy(address);
        let held = self.web.limits.connect(address, is_proxy);
        let held = held.ok_or_else(|| io::Error::other("too many connections"))?;
        let sender = self.web.hub.sender(address);
        if self.tls.is_some()
            && !is_proxy
            && !self.web.limits.take_tls_handshake(sender, clock::monotonic_ms())
        {
            return Err(io::Error::other("too many handshakes"));
        }
        stream.set_nodelay(true)?;
        Ok(Counted { stream, unfinished, _held: held })
    }
}

async fn shake_hands(tls: Arc<ServerConfig>, stream: Counted) -> io::Result<Session<Counted>> {
    let shaking = Session::accept(tls, stream);
    let mut stream = tokio::time::timeout(Duration::from_millis(HEADERS_MS_MAX), shaking).await??;
    if stream.alpn_protocol() == Some(ACME_PROTOCOL) {
        // The validation needs only the certificate of the handshake.
        let _closed = stream.shutdown().await;
        return Err(io::Error::other("a validation by a certificate authority"));
    }
    Ok(stream)
}

/// A TCP connection that the limits count until it is closed.
pub(crate) struct Counted {
    stream: TcpStream,
    unfinished: Unfinished,
    _held: Connected,
}

/// The connection of a client.
pub(crate) enum Stream {
    Plain(Counted),
    Tls(Box<Session<Counted>>),
}

impl AsyncRead for Counted {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { stream, unfinished, .. } = self.get_mut();
        let before = buffer.filled().len();
        let polled = Pin::new(stream).poll_read(cx, buffer);
        if unfinished.add(buffer.filled().len() - before) {
            polled
        } else {
            Poll::Ready(Err(io::Error::other("too many bytes of unfinished messages")))
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

/// Forwards writing to the stream of each `$pattern`.
macro_rules! forward_writing {
    ($stream:ty, $($pattern:pat => $target:expr),+) => {
        impl AsyncWrite for $stream {
            fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
                match self.get_mut() { $($pattern => Pin::new($target).poll_write(cx, bytes)),+ }
            }

            fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                match self.get_mut() { $($pattern => Pin::new($target).poll_flush(cx)),+ }
            }

            fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                match self.get_mut() { $($pattern => Pin::new($target).poll_shutdown(cx)),+ }
            }
        }
    };
}

forward_writing!(Counted, Self { stream, .. } => stream);
forward_writing!(Stream, Self::Plain(stream) => stream, Self::Tls(stream) => stream);

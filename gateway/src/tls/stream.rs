//! Connections of clients: counted, with or without TLS.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum_server::accept::Accept;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::ACME_PROTOCOL;
use crate::http::address_limits::Connected;
use crate::http::web::Web;
use crate::limits::HEADERS_MS_MAX;

/// Refuses connections beyond the limits of an address, and does the handshake of TLS.
#[derive(Clone)]
pub(crate) struct Acceptor {
    pub(crate) web: Web,
    /// `None` for plain HTTP.
    pub(crate) tls: Option<Arc<ServerConfig>>,
}

impl<S: Send + 'static> Accept<TcpStream, S> for Acceptor {
    type Stream = Stream;
    type Service = S;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Stream, S)>> + Send>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let counted = self.count(stream);
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
    fn count(&self, stream: TcpStream) -> io::Result<Counted> {
        let address = stream.peer_addr()?.ip();
        let held = self.web.limits.connect(address, self.web.is_proxy(address));
        let held = held.ok_or_else(|| io::Error::other("too many connections"))?;
        stream.set_nodelay(true)?;
        Ok(Counted { stream, _held: held })
    }
}

async fn shake_hands(tls: Arc<ServerConfig>, stream: Counted) -> io::Result<TlsStream<Counted>> {
    let shaking = TlsAcceptor::from(tls).accept(stream);
    let mut stream = tokio::time::timeout(Duration::from_millis(HEADERS_MS_MAX), shaking).await??;
    if stream.get_ref().1.alpn_protocol() == Some(ACME_PROTOCOL) {
        // The certificate of the handshake is the whole validation.
        let _closed = stream.shutdown().await;
        return Err(io::Error::other("a validation by a certificate authority"));
    }
    Ok(stream)
}

/// A TCP connection that counts until it is closed.
pub(crate) struct Counted {
    stream: TcpStream,
    _held: Connected,
}

/// The connection of a client.
pub(crate) enum Stream {
    Plain(Counted),
    Tls(Box<TlsStream<Counted>>),
}

/// Forwards reading and writing to the stream that `$inner` returns.
macro_rules! forward_io {
    ($stream:ty, $($inner:pat => $target:expr),+) => {
        impl AsyncRead for $stream {
            fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
                match self.get_mut() { $($inner => Pin::new($target).poll_read(cx, buffer)),+ }
            }
        }

        impl AsyncWrite for $stream {
            fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
                match self.get_mut() { $($inner => Pin::new($target).poll_write(cx, bytes)),+ }
            }

            fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                match self.get_mut() { $($inner => Pin::new($target).poll_flush(cx)),+ }
            }

            fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                match self.get_mut() { $($inner => Pin::new($target).poll_shutdown(cx)),+ }
            }
        }
    };
}

forward_io!(Counted, Self { stream, .. } => stream);
forward_io!(Stream, Self::Plain(stream) => stream, Self::Tls(stream) => stream);

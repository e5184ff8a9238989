//! TLS of the listener. The crate `gateway` owns the certificates; the program passes its functions.

use std::io;
use std::pin::Pin;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::relay::Problems;

/// The bytes of one client.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

pub(crate) type Handshake = Pin<Box<dyn Future<Output = io::Result<Box<dyn Stream>>> + Send>>;

pub(crate) type Accept = Arc<dyn Fn(TcpStream) -> Handshake + Send + Sync>;

/// The encryption of the listener.
pub struct Tls {
    pub(crate) accept: Accept,
    /// The job that replaces the certificate.
    pub(crate) keep: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// The problems of the certificate, which the operator must repair.
    pub(crate) problems: Problems,
}

impl Tls {
    /// `accept` performs the handshake of one connection. `keep` replaces the certificate when there is a new
    /// one. `problems` returns sentences about the certificate for `papo health`.
    pub fn new<F, S>(
        accept: impl Fn(TcpStream) -> F + Send + Sync + 'static,
        keep: impl Future<Output = ()> + Send + 'static,
        problems: impl Fn() -> Vec<String> + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = io::Result<S>> + Send + 'static,
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let accept = move |stream| -> Handshake {
            let shaking = accept(stream);
            Box::pin(async move { Ok(Box::new(shaking.await?) as Box<dyn Stream>) })
        };
        Self { accept: Arc::new(accept), keep: Box::pin(keep), problems: Arc::new(problems) }
    }
}

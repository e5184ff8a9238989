//! TLS for the listener of another role, such as the IRC front.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::certificate::unix_s;
use super::certificates::Certificates;
use super::session::Session;
use super::{Keeper, TlsConfig, TlsError, checked_keeper, server_config};

/// The TLS of a listener of lines.
pub struct LineTls {
    acceptor: LineAcceptor,
    /// `None` if the gateway keeps the certificate up to date.
    keeper: Option<Keeper>,
}

/// Performs handshakes.
#[derive(Clone)]
pub struct LineAcceptor {
    config: Arc<ServerConfig>,
    certificates: Arc<Certificates>,
}

impl LineTls {
    /// A certificate and its key from two files in PEM, which are read again when they change.
    pub fn from_files(certificate: PathBuf, key: PathBuf) -> Result<Self, TlsError> {
        let certificates = Arc::new(Certificates::new());
        let config = TlsConfig::Files { certificate, key, domains: Vec::new() };
        let keeper = checked_keeper(&config, &certificates)?;
        Ok(Self { keeper: Some(keeper), ..Self::sharing(&certificates)? })
    }

    /// The certificates of the gateway.
    pub(crate) fn sharing(certificates: &Arc<Certificates>) -> Result<Self, TlsError> {
        let certificates = Arc::clone(certificates);
        let config = Arc::new(server_config(&certificates, Vec::new())?);
        Ok(Self { acceptor: LineAcceptor { config, certificates }, keeper: None })
    }

    #[must_use]
    pub fn acceptor(&self) -> LineAcceptor {
        self.acceptor.clone()
    }

    /// Replaces the certificate whenever there is a new one.
    pub async fn keep(self) {
        if let Some(keeper) = self.keeper {
            keeper.keep().await;
        }
    }
}

impl LineAcceptor {
    pub async fn accept(
        self,
        stream: TcpStream,
    ) -> io::Result<impl AsyncRead + AsyncWrite + Unpin + Send + 'static> {
        Session::accept(self.config, stream).await
    }

    /// The problems of the certificate that the operator must repair.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        self.certificates.problems(unix_s())
    }
}

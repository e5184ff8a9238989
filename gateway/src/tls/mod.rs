//! TLS of the listener for browsers and scripts: the source of its certificate, and its replacement.
//!
//! A certificate is replaced while the gateway serves: new handshakes use the new one, open connections keep
//! their keys. A certificate that cannot be used replaces nothing, and `papo health` reports the reason.

pub(crate) mod certificate;
pub(crate) mod certificates;
pub(crate) mod stream;
mod session;
mod files;
pub(crate) mod lines;
mod acme;
mod acme_client;
mod acme_store;
pub mod lan;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::NoServerSessionStorage;

use self::acme::Acme;
use self::certificate::CertificateError;
use self::certificates::Certificates;
use self::files::Files;

/// The protocol of a validation by a certificate authority (RFC 8737).
pub(crate) const ACME_PROTOCOL: &[u8] = b"acme-tls/1";

/// The directory of Let's Encrypt.
pub const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";

/// The source of the certificate.
#[derive(Debug, Clone)]
pub enum TlsConfig {
    /// Two files in PEM: the chain of certificates, and the private key.
    Files { certificate: PathBuf, key: PathBuf, domains: Vec<String> },
    /// A certificate authority that speaks ACME (RFC 8555).
    Acme(AcmeConfig),
}

/// The flags of ACME.
#[derive(Debug, Clone)]
pub struct AcmeConfig {
    pub domains: Vec<String>,
    /// An address of the operator, to which the authority sends warnings.
    pub contact: Option<String>,
    pub directory: String,
    /// A file in PEM with the root certificates for the authority's own HTTPS; `None` for the certificates of
    /// the system.
    pub roots: Option<PathBuf>,
    /// The folder for the account and the certificate.
    pub folder: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("cannot read {}: {cause}", path.display())]
    Read { path: PathBuf, cause: io::Error },
    #[error("cannot write {}: {cause}", path.display())]
    Write { path: PathBuf, cause: io::Error },
    #[error("{} and {}: {cause}", certificate.display(), key.display())]
    Files { certificate: PathBuf, key: PathBuf, cause: CertificateError },
    #[error(
        "--web-tls acme needs the name of this node, at which the authority reaches it: --web-domain chat.example"
    )]
    NoDomain,
    #[error("--web-domain {0}: write a name such as chat.example, without a scheme and a port")]
    BadDomain(String),
    #[error("{}: {cause}", path.display())]
    BadRoots { path: PathBuf, cause: CertificateError },
    #[error("cannot create {}: {cause}", path.display())]
    Folder { path: PathBuf, cause: io::Error },
    #[error("cannot connect to the certificate authority: {0}")]
    Client(io::Error),
    #[error(transparent)]
    Rustls(#[from] rustls::Error),
}

/// The certificate of the listener, and the job that keeps it up to date.
pub(crate) struct Tls {
    pub(crate) server: Arc<ServerConfig>,
    pub(crate) certificates: Arc<Certificates>,
    keeper: Keeper,
}

enum Keeper {
    Files(Files),
    Acme(Box<Acme>),
}

impl Tls {
    pub(crate) fn new(config: &TlsConfig) -> Result<Self, TlsError> {
        let certificates = Arc::new(Certificates::new());
        let keeper = checked_keeper(config, &certificates)?;
        let protocols = vec![b"http/1.1".to_vec(), ACME_PROTOCOL.to_vec()];
        let server = Arc::new(server_config(&certificates, protocols)?);
        Ok(Self { server, certificates, keeper })
    }

    /// Replaces the certificate whenever there is a new one. Never returns.
    pub(crate) async fn keep(self) {
        self.keeper.keep().await;
    }
}

impl Keeper {
    async fn keep(self) {
        match self {
            Self::Files(files) => files.keep().await,
            Self::Acme(acme) => acme.keep().await,
        }
    }
}

/// The job that keeps `certificates` up to date, with the names of `config` in lower case.
fn checked_keeper(config: &TlsConfig, certificates: &Arc<Certificates>) -> Result<Keeper, TlsError> {
    Ok(match config.clone() {
        TlsConfig::Files { certificate, key, domains } => {
            let domains = checked(domains)?;
            Keeper::Files(Files::load(certificate, key, domains, Arc::clone(certificates))?)
        }
        TlsConfig::Acme(config) => {
            let domains = checked(config.domains.clone())?;
            let config = AcmeConfig { domains, ..config };
            Keeper::Acme(Box::new(Acme::new(config, Arc::clone(certificates))?))
        }
    })
}

fn server_config(
    certificates: &Arc<Certificates>,
    protocols: Vec<Vec<u8>>,
) -> Result<ServerConfig, rustls::Error> {
    let mut server = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::<Certificates>::clone(certificates));
    server.alpn_protocols = protocols;
    // A resumable session takes 3 KiB for each connection, and a new handshake takes half a millisecond.
    server.session_storage = Arc::new(NoServerSessionStorage {});
    server.send_tls13_tickets = 0;
    Ok(server)
}

/// The cryptography provider of all TLS in the gateway.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// Converts the names to lower case. Returns an error if one of them is not a host name.
fn checked(domains: Vec<String>) -> Result<Vec<String>, TlsError> {
    let check = |domain: String| {
        let lower = domain.to_ascii_lowercase();
        let is_name = rustls::pki_types::DnsName::try_from(&*lower).is_ok() && lower.contains('.');
        if is_name { Ok(lower) } else { Err(TlsError::BadDomain(domain)) }
    };
    domains.into_iter().map(check).collect()
}

#[cfg(test)]
mod tests {
    use super::checked;

    #[test]
    fn a_domain_is_a_name_without_a_scheme_and_a_port() {
        let check =
            |domain: &str| checked(vec![domain.to_owned()]).ok().and_then(|domains| domains.first().cloned());
        assert_eq!(check("Chat.Example").as_deref(), Some("chat.example"));
        for bad in ["https://chat.example", "chat.example:443", "chat example", "*.example", "localhost", ""]
        {
            assert_eq!(check(bad), None, "{bad}");
        }
    }
}

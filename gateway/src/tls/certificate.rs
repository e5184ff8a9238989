//! A chain of certificates with its private key, parsed from PEM.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use x509_cert::der::Decode as _;

use super::{TlsError, provider};

#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    #[error("the certificate is not valid PEM")]
    BadChain,
    #[error("there is no certificate in the file")]
    NoCertificate,
    #[error("the private key is not valid PEM (PKCS#8, PKCS#1 or SEC1, without a password)")]
    BadKey,
    #[error("the private key does not belong to the certificate")]
    OtherKey,
    #[error("the certificate has expired")]
    Expired,
    #[error("the certificate is not for {0}")]
    OtherName(String),
    #[error("the certificate cannot be used: {0}")]
    Unusable(rustls::Error),
}

/// A certificate that can be served, and its validity.
#[derive(Debug, Clone)]
pub(crate) struct Certificate {
    pub(crate) key: Arc<CertifiedKey>,
    pub(crate) validity: Validity,
}

/// The Unix seconds between which a certificate is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Validity {
    pub(crate) not_before_s: u64,
    pub(crate) not_after_s: u64,
}

impl Validity {
    pub(crate) fn lifetime_s(self) -> u64 {
        self.not_after_s.saturating_sub(self.not_before_s)
    }

    pub(crate) fn left_s(self, now_s: u64) -> u64 {
        self.not_after_s.saturating_sub(now_s)
    }
}

impl Certificate {
    /// Parses a chain and a key in PEM, and checks that the certificate is for all of `domains` now.
    pub(crate) fn parse(
        chain: &[u8],
        key: &[u8],
        domains: &[String],
        now_s: u64,
    ) -> Result<Self, CertificateError> {
        let chain = parse_chain(chain)?;
        let leaf = chain.first().ok_or(CertificateError::NoCertificate)?;
        let validity = validity(leaf).ok_or(CertificateError::BadChain)?;
        if validity.left_s(now_s) == 0 {
            return Err(CertificateError::Expired);
        }
        let parsed = ParsedCertificate::try_from(leaf).map_err(CertificateError::Unusable)?;
        for domain in domains {
            let is_named = ServerName::try_from(&**domain)
                .is_ok_and(|name| rustls::client::verify_server_name(&parsed, &name).is_ok());
            if !is_named {
                return Err(CertificateError::OtherName(domain.clone()));
            }
        }
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| CertificateError::BadKey)?;
        let key = CertifiedKey::from_der(chain, key, &provider()).map_err(|error| {
            let is_other = matches!(error, rustls::Error::InconsistentKeys(_));
            if is_other { CertificateError::OtherKey } else { CertificateError::Unusable(error) }
        })?;
        Ok(Self { key: Arc::new(key), validity })
    }
}

/// The certificates of a file in PEM.
pub(crate) fn parse_chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|_| CertificateError::BadChain)
}

/// Reads a file of root certificates in PEM. Each of them can be trusted.
pub(crate) fn load_roots(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read = |cause: io::Error| TlsError::Read { path: path.to_owned(), cause };
    let bad = |cause| TlsError::BadRoots { path: path.to_owned(), cause };
    let roots = parse_chain(&disk::read(path).map_err(read)?).map_err(bad)?;
    for root in &roots {
        RootCertStore::empty().add(root.clone()).map_err(|error| bad(CertificateError::Unusable(error)))?;
    }
    if roots.is_empty() { Err(bad(CertificateError::NoCertificate)) } else { Ok(roots) }
}

fn validity(leaf: &CertificateDer<'_>) -> Option<Validity> {
    let certificate = x509_cert::Certificate::from_der(leaf).ok()?;
    let validity = certificate.tbs_certificate.validity;
    Some(Validity {
        not_before_s: validity.not_before.to_unix_duration().as_secs(),
        not_after_s: validity.not_after.to_unix_duration().as_secs(),
    })
}

/// The time of the system, for checks of certificates.
pub(crate) fn unix_s() -> u64 {
    transport::clock::unix_ms() / 1_000
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::Duration;

    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    /// A certificate for `domain` that is valid between two Unix seconds, and its key.
    pub(crate) fn signed(domain: &str, not_before_s: u64, not_after_s: u64) -> (String, String) {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new([domain.to_owned()]).expect("a name");
        params.not_before = date_time_ymd(1970, 1, 1) + Duration::from_secs(not_before_s);
        params.not_after = date_time_ymd(1970, 1, 1) + Duration::from_secs(not_after_s);
        (params.self_signed(&key).expect("a certificate").pem(), key.serialize_pem())
    }

    #[test]
    fn a_certificate_needs_its_own_key_its_names_and_time() {
        let now_s = unix_s();
        let (chain, key) = signed("chat.example", now_s - 100, now_s + 900);
        let (_, other_key) = signed("chat.example", now_s - 100, now_s + 900);
        let parse = |chain: &str, key: &str, name: &str, now_s| {
            Certificate::parse(chain.as_bytes(), key.as_bytes(), &[name.to_owned()], now_s)
        };
        let parsed = parse(&chain, &key, "chat.example", now_s).expect("usable");
        assert_eq!((parsed.validity.lifetime_s(), parsed.validity.left_s(now_s)), (1_000, 900));
        let error = |chain: &str, key: &str, name: &str, now_s| {
            parse(chain, key, name, now_s).expect_err("bad").to_string()
        };
        assert_eq!(
            error(&chain, &other_key, "chat.example", now_s),
            "the private key does not belong to the certificate"
        );
        assert_eq!(error(&chain, &key, "x.example", now_s), "the certificate is not for x.example");
        assert_eq!(error(&chain, &key, "chat.example", now_s + 900), "the certificate has expired");
        assert_eq!(error("", &key, "chat.example", now_s), "there is no certificate in the file");
        let cut = chain.split_at(chain.len() / 2).0;
        assert_eq!(error(cut, &key, "chat.example", now_s), "the certificate is not valid PEM");
        assert!(error(&chain, "", "chat.example", now_s).starts_with("the private key is not valid PEM"));
    }
}

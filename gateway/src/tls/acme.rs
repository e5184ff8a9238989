//! `--web-tls acme`: orders a certificate, and renews it after two thirds of its lifetime.
//!
//! The authority validates each name with TLS-ALPN-01 (RFC 8737): it connects to port 443 of the name, offers
//! the protocol `acme-tls/1`, and checks the digest in the certificate of the handshake. After a failure, the
//! old certificate stays in use, and the gateway tries again later.

use std::sync::Arc;
use std::time::Duration;

use instant_acme::{
    Account, AuthorizationStatus, ChallengeType, Identifier, NewAccount, NewOrder, Order, OrderStatus,
    RetryPolicy,
};
use rcgen::{CertificateParams, CustomExtension, DistinguishedName, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::CertifiedKey;

use super::acme_client::{HttpsClient, Requests};
use super::acme_store::Store;
use super::certificate::{Certificate, CertificateError, Validity, unix_s};
use super::certificates::Certificates;
use super::{AcmeConfig, TlsError, provider};

/// The timeout of one order, for an authority that does not answer.
const ORDER_MAX: Duration = Duration::from_secs(180);

/// The intervals at which the state of an order is polled: 0.25 s, 0.5 s, 1 s ... for a minute.
const POLLS: RetryPolicy = RetryPolicy::new().timeout(Duration::from_secs(60));

/// The maximum seconds between two checks of the clock. The clock advances while the machine sleeps, and a
/// timer does not.
const CHECK_S_MAX: u64 = 3_600;

/// The retry delay after the first failure, and the maximum after further failures, in seconds. Let's Encrypt
/// refuses more than five failed validations of a name an hour.
const RETRY_S: u64 = 120;
const RETRY_S_MAX: u64 = CHECK_S_MAX;

#[derive(Debug, thiserror::Error)]
enum AcmeError {
    #[error(transparent)]
    Acme(#[from] instant_acme::Error),
    #[error("the authority offers no validation over TLS (tls-alpn-01) for {0}")]
    NoChallenge(String),
    #[error("the authority could not validate {0}")]
    Refused(String),
    #[error("the authority did not answer in time")]
    Late,
    #[error("cannot create a key: {0}")]
    Key(#[from] rcgen::Error),
    #[error(transparent)]
    Rustls(#[from] rustls::Error),
    #[error("the certificate of the authority cannot be used: {0}")]
    Certificate(#[from] CertificateError),
    #[error(transparent)]
    Store(#[from] TlsError),
}

pub(crate) struct Acme {
    config: AcmeConfig,
    certificates: Arc<Certificates>,
    requests: Requests,
    store: Store,
}

impl Acme {
    /// Serves the stored certificate, if it is still valid.
    pub(crate) fn new(config: AcmeConfig, certificates: Arc<Certificates>) -> Result<Self, TlsError> {
        if config.domains.is_empty() {
            return Err(TlsError::NoDomain);
        }
        let requests = HttpsClient::requests(config.roots.as_deref())?;
        let store = Store::open(&config)?;
        if let Some((chain, key)) = store.certificate() {
            match Certificate::parse(&chain, &key, &config.domains, unix_s()) {
                Ok(certificate) => certificates.serve(certificate),
                Err(error) => tracing::warn!("the stored certificate is not used: {error}"),
            }
        }
        Ok(Self { config, certificates, requests, store })
    }

    /// Orders a certificate whenever the served one is missing or must be renewed. Never returns.
    pub(crate) async fn keep(self) {
        let mut failures = 0;
        loop {
            let validity = self.certificates.served().map(|served| served.validity);
            let wait_s =
                if failures == 0 { until_renewal_s(validity, unix_s()) } else { retry_s(validity, failures) };
            if wait_s > 0 {
                tokio::time::sleep(Duration::from_secs(wait_s.min(CHECK_S_MAX))).await;
                if failures == 0 {
                    continue;
                }
            }
            let ordered = tokio::time::timeout(ORDER_MAX, self.order()).await.unwrap_or(Err(AcmeError::Late));
            self.certificates.clear_challenges();
            failures = match ordered {
                Ok(()) => 0,
                Err(error) => {
                    let names = self.config.domains.join(", ");
                    let sentence = format!("no new certificate for {names}: {error}");
                    tracing::error!("{sentence}");
                    self.certificates.fail(sentence);
                    failures + 1
                }
            };
        }
    }

    /// Orders, stores and serves a certificate.
    async fn order(&self) -> Result<(), AcmeError> {
        let mut order = match self.new_order().await {
            Err(AcmeError::Acme(error)) if is_unknown_account(&error) => {
                tracing::warn!("the authority no longer knows the account: papo creates a new one");
                self.store.forget_account()?;
                self.new_order().await?
            }
            ordered => ordered?,
        };
        self.validate(&mut order).await?;
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(self.config.domains.clone())?;
        params.distinguished_name = DistinguishedName::new();
        order.finalize_csr(params.serialize_request(&key)?.der()).await?;
        let chain = order.poll_certificate(&POLLS).await?;
        let key = key.serialize_pem();
        let certificate =
            Certificate::parse(chain.as_bytes(), key.as_bytes(), &self.config.domains, unix_s())?;
        self.store.store_certificate(&chain, &key)?;
        tracing::info!(domains = ?self.config.domains, "a new certificate is in use");
        self.certificates.serve(certificate);
        Ok(())
    }

    async fn new_order(&self) -> Result<Order, AcmeError> {
        let identifiers: Vec<_> = self.config.domains.iter().cloned().map(Identifier::Dns).collect();
        Ok(self.account().await?.new_order(&NewOrder::new(&identifiers)).await?)
    }

    /// The account of the store, or a new one.
    async fn account(&self) -> Result<Account, AcmeError> {
        let builder = || Account::builder_with_http(Box::new(self.requests.client()));
        if let Some(credentials) = self.store.account() {
            return Ok(builder().from_credentials(credentials).await?);
        }
        let contact = self.config.contact.as_ref().map(|address| format!("mailto:{address}"));
        let contacts: Vec<&str> = contact.iter().map(String::as_str).collect();
        let new =
            NewAccount { contact: &contacts, terms_of_service_agreed: true, only_return_existing: false };
        let (account, credentials) = builder().create(&new, self.config.directory.clone(), None).await?;
        self.store.store_account(&credentials)?;
        Ok(account)
    }

    /// Proves to the authority that this gateway controls all names of an order.
    async fn validate(&self, order: &mut Order) -> Result<(), AcmeError> {
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization?;
            if authorization.status == AuthorizationStatus::Valid {
                continue;
            }
            let name = authorization.identifier().to_string();
            let challenge = authorization.challenge(ChallengeType::TlsAlpn01);
            let mut challenge = challenge.ok_or_else(|| AcmeError::NoChallenge(name.clone()))?;
            let digest = challenge.key_authorization().digest();
            self.certificates.add_challenge(&name, challenge_key(&name, digest.as_ref())?);
            challenge.set_ready().await?;
        }
        match order.poll_ready(&POLLS).await? {
            OrderStatus::Ready | OrderStatus::Valid => Ok(()),
            OrderStatus::Pending | OrderStatus::Processing | OrderStatus::Invalid => {
                Err(AcmeError::Refused(refusal(order).await))
            }
        }
    }
}

/// The reasons for which the authority refused the validations of an order.
async fn refusal(order: &mut Order) -> String {
    let mut reasons = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        let name = authorization.identifier().to_string();
        let Ok(state) = authorization.refresh().await else { continue };
        let problems = state.challenges.iter().filter_map(|challenge| challenge.error.as_ref());
        reasons.extend(problems.map(|problem| format!("{name}: {problem}")));
    }
    if reasons.is_empty() { "the names".to_owned() } else { reasons.join("; ") }
}

fn is_unknown_account(error: &instant_acme::Error) -> bool {
    let instant_acme::Error::Api(problem) = error else { return false };
    problem.r#type.as_deref() == Some("urn:ietf:params:acme:error:accountDoesNotExist")
}

/// The certificate that proves control of a name: its extension has the digest of the authority's token.
fn challenge_key(domain: &str, digest: &[u8]) -> Result<Arc<CertifiedKey>, AcmeError> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new([domain.to_owned()])?;
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let certificate = params.self_signed(&key)?;
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    // `CertifiedKey::from_der` refuses the extension, which is critical.
    let key = provider().key_provider.load_private_key(key)?;
    Ok(Arc::new(CertifiedKey::new(vec![certificate.der().clone()], key)))
}

/// Seconds until a third of the lifetime of a certificate remains; 0 without a certificate.
fn until_renewal_s(validity: Option<Validity>, now_s: u64) -> u64 {
    validity.map_or(0, |validity| validity.left_s(now_s).saturating_sub(validity.lifetime_s() / 3))
}

/// The retry delay after a number of failures, in seconds. A short-lived certificate is retried after a tenth
/// of its lifetime.
fn retry_s(validity: Option<Validity>, failures: u32) -> u64 {
    let first = validity.map_or(RETRY_S, |validity| (validity.lifetime_s() / 10).clamp(1, RETRY_S));
    first.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(RETRY_S_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_renewed_when_a_third_of_its_life_is_left() {
        let validity =
            |days: u64| Some(Validity { not_before_s: 1_000_000, not_after_s: 1_000_000 + days * 86_400 });
        assert_eq!(until_renewal_s(None, 5), 0);
        assert_eq!(until_renewal_s(validity(90), 1_000_000), 60 * 86_400);
        assert_eq!(until_renewal_s(validity(90), 1_000_000 + 59 * 86_400), 86_400);
        assert_eq!(until_renewal_s(validity(90), 1_000_000 + 100 * 86_400), 0);
        let waits: Vec<_> = (1..=5).map(|failures| retry_s(validity(90), failures)).collect();
        assert_eq!(waits, [120, 240, 480, 960, 1_920]);
        assert_eq!(retry_s(None, 60), RETRY_S_MAX);
        assert_eq!(retry_s(Some(Validity { not_before_s: 0, not_after_s: 20 }), 1), 2);
        let in_an_hour = (1..).scan(0, |sum, failures| {
            *sum += retry_s(None, failures);
            Some(*sum)
        });
        assert_eq!(1 + in_an_hour.take_while(|sum| *sum < 3_600).count(), 5, "attempts within an hour");
    }
}

//! The certificates that handshakes use, and the problems that `papo health` reports about them.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foldhash::fast::RandomState;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::ACME_PROTOCOL;
use super::certificate::Certificate;

/// The maximum seconds before the expiry of a certificate at which the expiry is reported as a problem.
const WARNING_S_MAX: u64 = 7 * 24 * 3_600;

#[derive(Default)]
pub(crate) struct Certificates(Mutex<State>);

#[derive(Default)]
struct State {
    served: Option<Certificate>,
    /// The certificates for validations that are in progress, by name.
    challenges: HashMap<String, Arc<CertifiedKey>, RandomState>,
    /// The reason why there is no newer certificate.
    failure: Option<String>,
}

impl Certificates {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Uses a certificate for all further handshakes.
    pub(crate) fn serve(&self, certificate: Certificate) {
        let mut state = self.state();
        state.served = Some(certificate);
        state.failure = None;
    }

    pub(crate) fn served(&self) -> Option<Certificate> {
        self.state().served.clone()
    }

    pub(crate) fn fail(&self, sentence: String) {
        self.state().failure = Some(sentence);
    }

    /// Clears the failure, because the served certificate is the newest.
    pub(crate) fn succeed(&self) {
        self.state().failure = None;
    }

    pub(crate) fn add_challenge(&self, domain: &str, key: Arc<CertifiedKey>) {
        self.state().challenges.insert(domain.to_owned(), key);
    }

    pub(crate) fn clear_challenges(&self) {
        self.state().challenges.clear();
    }

    /// The problems that the operator must repair.
    pub(crate) fn problems(&self, now_s: u64) -> Vec<String> {
        let state = self.state();
        let validity = state.served.as_ref().map(|served| served.validity);
        let end = match validity {
            None => Some("there is no certificate yet, so no browser can connect".to_owned()),
            Some(validity) => {
                let left_s = validity.left_s(now_s);
                let is_soon = left_s <= WARNING_S_MAX.min(validity.lifetime_s() / 8);
                is_soon.then(|| match left_s {
                    0 => "the certificate has expired".to_owned(),
                    _ => format!("the certificate expires in {} hours", left_s / 3_600),
                })
            }
        };
        state.failure.iter().cloned().chain(end).collect()
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let state = self.state();
        // Only the validation of an authority offers this protocol.
        let is_challenge = hello.alpn().is_some_and(|mut offered| offered.any(|name| name == ACME_PROTOCOL));
        if is_challenge {
            return state.challenges.get(hello.server_name()?).cloned();
        }
        state.served.as_ref().map(|served| Arc::clone(&served.key))
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificates(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::super::certificate::{tests::signed, unix_s};
    use super::*;

    #[test]
    fn a_missing_an_expiring_and_a_failed_certificate_are_problems() {
        let now_s = unix_s();
        let certificates = Certificates::new();
        assert_eq!(certificates.problems(now_s), ["there is no certificate yet, so no browser can connect"]);
        let (chain, key) = signed("chat.example", now_s, now_s + 90 * 86_400);
        let certificate = Certificate::parse(chain.as_bytes(), key.as_bytes(), &[], now_s).expect("usable");
        certificates.serve(certificate);
        assert!(certificates.problems(now_s + 82 * 86_400).is_empty());
        assert_eq!(certificates.problems(now_s + 83 * 86_400), ["the certificate expires in 168 hours"]);
        assert_eq!(certificates.problems(now_s + 91 * 86_400), ["the certificate has expired"]);
        certificates.fail("no renewal".to_owned());
        assert_eq!(certificates.problems(now_s), ["no renewal"]);
        certificates.succeed();
        assert!(certificates.problems(now_s).is_empty());
    }
}

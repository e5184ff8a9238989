//! A certificate authority for tests: ACME (RFC 8555) with validation by TLS-ALPN-01 (RFC 8737) over HTTPS.
//!
//! It refuses what a real authority refuses: a wrong signature, a nonce that it did not give or that was
//! used, a request for another address, and a validation with another name or digest. [`FakeCa::refusals`]
//! has the reasons.

mod https;
mod jws;
mod orders;
mod validation;

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, date_time_ymd,
};
use rustls::pki_types::CertificateDer;
use tempfile::TempDir;

pub use jws::{Refusal, base64url};
pub use validation::validate;

use self::orders::Orders;

/// The name of every node that the authority knows.
pub const DOMAIN: &str = "chat.example";

/// The authority. It serves until the end of the test process.
pub struct FakeCa {
    address: SocketAddr,
    folder: TempDir,
    root: CertificateDer<'static>,
    state: Arc<Mutex<State>>,
}

pub(crate) struct State {
    pub(crate) orders: Orders,
    pub(crate) issuer: Issuer<'static, KeyPair>,
    /// The address of the node, which a real authority finds in the DNS.
    pub(crate) node: Option<SocketAddr>,
    pub(crate) lifetime: Duration,
    pub(crate) is_failing: bool,
    pub(crate) refusals: Vec<String>,
}

impl FakeCa {
    /// Starts an authority whose certificates are valid for `lifetime`.
    #[must_use]
    pub fn start(lifetime: Duration) -> Self {
        let folder = TempDir::new().expect("a folder");
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "fake authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = params.self_signed(&key).expect("a certificate");
        let issuer = Issuer::new(params, key);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let server = https::server_config(&issuer);
        let state = Arc::new(Mutex::new(State {
            orders: Orders::new(format!("https://{address}")),
            issuer,
            node: None,
            lifetime,
            is_failing: false,
            refusals: Vec::new(),
        }));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (server, state) = (Arc::clone(&server), Arc::clone(&shared));
                thread::spawn(move || https::serve(stream, server, &state));
            }
        });
        let ca = Self { address, folder, root: root.der().clone(), state };
        ca.write("root.pem", &root.pem());
        ca
    }

    /// Writes a file into the folder of the authority.
    #[expect(clippy::disallowed_methods, reason = "a file of the operator")]
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path
    }

    /// Writes a certificate and its key as `web.pem` and `web.key`.
    pub fn write_certificate(&self, (certificate, key): &(String, String)) -> [PathBuf; 2] {
        [self.write("web.pem", certificate), self.write("web.key", key)]
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic")
    }

    #[must_use]
    pub fn directory(&self) -> String {
        format!("https://{}/directory", self.address)
    }

    /// The file with the certificate that clients of the authority must trust.
    #[must_use]
    pub fn root_file(&self) -> PathBuf {
        self.folder.path().join("root.pem")
    }

    /// The certificate that browsers must trust.
    #[must_use]
    pub fn root(&self) -> CertificateDer<'static> {
        self.root.clone()
    }

    /// A folder for files of the test.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Sets the address of the node that the authority validates.
    pub fn validate_at(&self, node: &str) {
        self.state().node = Some(node.parse().expect("an address"));
    }

    /// Makes all further orders fail, or succeed again.
    pub fn set_failing(&self, is_failing: bool) {
        self.state().is_failing = is_failing;
    }

    /// Forgets the accounts of all nodes.
    pub fn forget_accounts(&self) {
        self.state().orders.jws.forget_accounts();
    }

    /// The number of certificates that the authority issued.
    #[must_use]
    pub fn issued(&self) -> usize {
        self.state().orders.issued
    }

    /// The number of accounts.
    #[must_use]
    pub fn accounts(&self) -> usize {
        self.state().orders.jws.accounts()
    }

    /// Why the authority refused requests and validations.
    #[must_use]
    pub fn refusals(&self) -> Vec<String> {
        self.state().refusals.clone()
    }

    /// A certificate for `name` that is valid from now on, and its key, in PEM.
    #[must_use]
    pub fn issue(&self, name: &str, lifetime: Duration) -> (String, String) {
        self.sign(&leaf(name, lifetime))
    }

    /// A certificate that expired a day ago, and its key, in PEM.
    #[must_use]
    pub fn issue_expired(&self, name: &str) -> (String, String) {
        const DAY: Duration = Duration::from_secs(86_400);
        let mut params = leaf(name, DAY);
        params.not_before -= 2 * DAY;
        params.not_after -= 2 * DAY;
        self.sign(&params)
    }

    fn sign(&self, params: &CertificateParams) -> (String, String) {
        let key = KeyPair::generate().expect("a key");
        (params.signed_by(&key, &self.state().issuer).expect("a certificate").pem(), key.serialize_pem())
    }
}

/// The parameters of a certificate for `name`.
pub(crate) fn leaf(name: &str, lifetime: Duration) -> CertificateParams {
    let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
    params.distinguished_name = DistinguishedName::new();
    params.not_before = date_time_ymd(1970, 1, 1) + Duration::from_millis(transport::clock::unix_ms());
    params.not_after = params.not_before + lifetime;
    params
}

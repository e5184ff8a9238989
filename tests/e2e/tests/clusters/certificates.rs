//! Connections to etcd with TLS and client certificates.

use std::path::PathBuf;

use e2e::Process;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;
use testkit::EtcdServers;

use super::{folder, init, node, path, user};

/// An authority that signs certificates for any address of this machine that etcd uses.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    fn new() -> Self {
        let (key, folder) = (KeyPair::generate().expect("a key"), folder());
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = params.self_signed(&key).expect("a certificate");
        let authority = Self { issuer: Issuer::new(params, key), folder };
        authority.write("root.pem", &root.pem());
        authority
    }

    #[expect(clippy::disallowed_methods, reason = "a file of the operator")]
    fn write(&self, name: &str, text: &str) -> String {
        let path: PathBuf = self.folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.to_str().expect("a path in UTF-8").to_owned()
    }

    fn root(&self) -> String {
        path(&self.folder) + "/root.pem"
    }

    /// The files of a new certificate for this address, and of its key.
    fn certificate(&self, name: &str, address: &str) -> [String; 2] {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new([address.to_owned()]).expect("an address");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let certificate = self.write(&format!("{name}.pem"), &certificate.pem());
        [certificate, self.write(&format!("{name}.key"), &key.serialize_pem())]
    }
}

#[test]
fn a_node_identifies_itself_to_etcd_with_its_certificate() {
    let authority = Authority::new();
    let (root, host) = (authority.root(), EtcdServers::host().to_string());
    let [certificate, key] = authority.certificate("etcd", &host);
    let Some(etcd) = EtcdServers::start_with_tls(&root, &certificate, &key) else { return };
    let (address, data) = (etcd.address("test"), folder());
    let [certificate, key] = authority.certificate("node", "n1.example");
    let own = [("etcd-ca", &*root), ("etcd-cert", &*certificate), ("etcd-key", &*key)];
    init(&address, &data, &own);
    let status = |more: &[&str]| Process::run([&["cluster", "status", "--cluster", &address], more].concat());
    let trusted = format!("--etcd-ca={root}");
    let anonymous = status(&[&trusted]);
    assert_ne!(anonymous.code, Some(0), "etcd demands a certificate");
    let stranger = Authority::new();
    let [certificate, key] = stranger.certificate("node", "n1.example");
    let flags = [format!("--etcd-cert={certificate}"), format!("--etcd-key={key}")];
    assert_ne!(status(&[&trusted, &flags[0], &flags[1]]).code, Some(0), "of another authority");
    let node = node(&address, 1, data, &own);
    let mut alice = user(&node, "alice");
    alice.create("#general").expect("a channel");
    alice.send("#general", "oi").expect("a receipt");
}

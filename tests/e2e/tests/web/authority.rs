//! The fake certificate authority refuses what a real one refuses, so the tests of ACME prove something.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;

use e2e::fake_ca::validate;
use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ServerConfig, ServerConnection};
use sha2::{Digest as _, Sha256};

/// A server that answers one validation with a certificate for `names` and these extensions.
fn respond(names: &[&str], extensions: Vec<CustomExtension>, protocol: &[u8]) -> SocketAddr {
    let key = KeyPair::generate().expect("a key");
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("names");
    params.custom_extensions = extensions;
    let certificate = params.self_signed(&key).expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let key = ring::default_provider().key_provider.load_private_key(key).expect("a key");
    let certified = CertifiedKey::new(vec![certificate.der().clone()], key);
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
    config.alpn_protocols = vec![protocol.to_vec()];
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut connection = ServerConnection::new(Arc::new(config)).expect("a configuration");
        while connection.is_handshaking() {
            if connection.complete_io(&mut stream).is_err() {
                return;
            }
        }
        connection.send_close_notify();
        let _client_left = connection.complete_io(&mut stream);
    });
    address
}

fn identifier(text: &str) -> CustomExtension {
    CustomExtension::new_acme_identifier(&Sha256::digest(text))
}

#[test]
fn only_the_exact_answer_to_a_validation_is_accepted() {
    const PROTOCOL: &[u8] = b"acme-tls/1";
    let check = |node| validate(node, "chat.example", "token.thumbprint");
    let right = || vec![identifier("token.thumbprint")];
    check(respond(&["chat.example"], right(), PROTOCOL)).expect("the right answer");
    let uncritical = || {
        let mut extension = identifier("token.thumbprint");
        extension.set_criticality(false);
        vec![extension]
    };
    for (node, reason) in [
        (respond(&["chat.example"], vec![identifier("token.other")], PROTOCOL), "another digest"),
        (respond(&["chat.example"], vec![], PROTOCOL), "no acmeIdentifier"),
        (respond(&["chat.example"], uncritical(), PROTOCOL), "not critical"),
        (respond(&["x.example"], right(), PROTOCOL), "not exactly for"),
        (respond(&["chat.example", "x.example"], right(), PROTOCOL), "not exactly for"),
        (respond(&["chat.example"], right(), b"http/1.1"), "handshake failed"),
    ] {
        let refused = check(node).expect_err(reason);
        assert!(refused.contains(reason), "{refused} is not: {reason}");
    }
}

//! The validation of a name by TLS-ALPN-01 (RFC 8737).

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme, StreamOwned};
use sha2::{Digest as _, Sha256};
use x509_cert::der::asn1::{ObjectIdentifier, OctetString};
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use crate::DEADLINE;

const PROTOCOL: &[u8] = b"acme-tls/1";
const ACME_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.1.31");
const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");

/// Checks that the node at `node` proves control of `domain`. Returns the reason if it does not.
pub fn validate(node: SocketAddr, domain: &str, key_authorization: &str) -> Result<(), String> {
    let provider = Arc::new(ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
        .with_no_client_auth();
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    let name = ServerName::try_from(domain.to_owned()).expect("a name");
    let connection = ClientConnection::new(Arc::new(config), name).expect("a configuration");
    let stream = TcpStream::connect(node).map_err(|error| error.to_string())?;
    stream.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    let mut stream = StreamOwned::new(connection, stream);
    stream.flush().map_err(|error| format!("the handshake failed: {error}"))?;
    if stream.conn.alpn_protocol() != Some(PROTOCOL) {
        return Err("the node did not choose acme-tls/1".to_owned());
    }
    let leaf = stream.conn.peer_certificates().and_then(|chain| chain.first()).expect("a certificate");
    check(leaf, domain, key_authorization)?;
    // The node must close the connection: no request is served on it.
    let mut rest = Vec::new();
    let _closed = stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let _reset = stream.read_to_end(&mut rest);
    if rest.is_empty() { Ok(()) } else { Err("the node served a request of a validation".to_owned()) }
}

fn check(leaf: &CertificateDer<'_>, domain: &str, key_authorization: &str) -> Result<(), String> {
    let certificate = x509_cert::Certificate::from_der(leaf).map_err(|error| error.to_string())?;
    let extensions = certificate.tbs_certificate.extensions.unwrap_or_default();
    let find = |id| extensions.iter().find(|extension| extension.extn_id == id);
    let names = find(SUBJECT_ALT_NAME).ok_or("the certificate has no name")?;
    let names = SubjectAltName::from_der(names.extn_value.as_bytes()).map_err(|error| error.to_string())?;
    match &*names.0 {
        [GeneralName::DnsName(name)] if name.as_str() == domain => {}
        _ => return Err(format!("the certificate is not exactly for {domain}")),
    }
    let extension = find(ACME_IDENTIFIER).ok_or("the certificate has no acmeIdentifier")?;
    if !extension.critical {
        return Err("the acmeIdentifier is not critical".to_owned());
    }
    let digest = OctetString::from_der(extension.extn_value.as_bytes()).map_err(|error| error.to_string())?;
    if digest.as_bytes() == &*Sha256::digest(key_authorization) {
        Ok(())
    } else {
        Err("the acmeIdentifier has another digest".to_owned())
    }
}

/// Accepts every certificate, because the one of a validation is self-signed.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("only TLS 1.3".to_owned()))
    }

    /// Reads only the key of the certificate: rustls refuses certificates with the extension of a validation.
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let key = x509_cert::Certificate::from_der(certificate)
            .and_then(|certificate| certificate.tbs_certificate.subject_public_key_info.to_der())
            .map_err(|error| Error::General(error.to_string()))?;
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature_with_raw_key(message, &key.into(), signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

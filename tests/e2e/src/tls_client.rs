//! A browser's view of a gateway with TLS.

use std::io::Write as _;
use std::net::TcpStream;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tungstenite::WebSocket;
use tungstenite::client::IntoClientRequest as _;
use tungstenite::http::HeaderValue;

use crate::web::{Answer, read_answer};
use crate::{DEADLINE, Web};

pub(crate) type TlsStream = StreamOwned<ClientConnection, TcpStream>;

/// A client that trusts one authority, and knows the gateway by one name.
#[derive(Clone)]
pub struct TlsClient {
    web: Web,
    name: String,
    config: Arc<ClientConfig>,
}

impl TlsClient {
    #[must_use]
    pub fn new(web: &Web, name: &str, root: CertificateDer<'static>) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(root).expect("a certificate");
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self { web: web.clone(), name: name.to_owned(), config: Arc::new(config) }
    }

    /// Connects, or returns why the handshake failed.
    pub fn connect(&self) -> Result<TlsStream, String> {
        let name = ServerName::try_from(self.name.clone()).expect("a name");
        let connection = ClientConnection::new(Arc::clone(&self.config), name).expect("a configuration");
        let mut stream = StreamOwned::new(connection, self.web.connect());
        stream.flush().map_err(|error| error.to_string())?;
        Ok(stream)
    }

    /// The certificate of the gateway, or why the handshake failed.
    pub fn certificate(&self) -> Result<CertificateDer<'static>, String> {
        let stream = self.connect()?;
        let chain = stream.conn.peer_certificates().expect("a certificate");
        Ok(chain.first().expect("a certificate").clone().into_owned())
    }

    #[must_use]
    pub fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let stream = self.connect().expect("a handshake");
        read_answer(send_request(stream, &self.name, (method, path), headers, body))
    }

    /// Opens a WebSocket of the protocol with a token.
    #[must_use]
    pub fn socket(&self, token: &str) -> WebSocket<TlsStream> {
        let mut request = format!("wss://{}/ws", self.name).into_client_request().expect("an address");
        let headers = request.headers_mut();
        headers.insert("Sec-WebSocket-Protocol", HeaderValue::from_static("papo.v1"));
        headers.insert("Origin", HeaderValue::from_str(&format!("https://{}", self.name)).expect("a value"));
        headers.insert("Authorization", HeaderValue::from_str(&format!("Bearer {token}")).expect("a value"));
        let stream = self.connect().expect("a handshake");
        stream.sock.set_read_timeout(Some(DEADLINE)).expect("a timeout");
        tungstenite::client::client(request, stream).expect("a WebSocket").0
    }
}

fn send_request(
    mut stream: TlsStream,
    host: &str,
    (method, path): (&str, &str),
    headers: &[(&str, &str)],
    body: &[u8],
) -> TlsStream {
    let mut head = format!(
        "{method} {path} HTTP/1.1\r\nConnection: close\r\nHost: {host}\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    stream.write_all(format!("{head}\r\n").as_bytes()).expect("a head");
    stream.write_all(body).expect("a body");
    stream
}

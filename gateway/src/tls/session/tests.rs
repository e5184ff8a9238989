use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::tls::certificate::{tests::signed, unix_s};
use crate::tls::provider;

type Client = StreamOwned<ClientConnection, TcpStream>;
type Server = Session<tokio::net::TcpStream>;

/// Performs a handshake, and runs both sides. `trusts` is the name that the client expects.
fn run<F: Future<Output = ()>>(
    trusts: &str,
    client: impl FnOnce(Client) + Send + 'static,
    server: impl FnOnce(io::Result<Server>) -> F,
) {
    let (chain, key) = signed("chat.example", unix_s() - 100, unix_s() + 1_000);
    let chain = CertificateDer::from_pem_slice(chain.as_bytes()).expect("a certificate");
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
    let mut roots = RootCertStore::empty();
    roots.add(chain.clone()).expect("a root");
    let name = ServerName::try_from(trusts.to_owned()).expect("a name");
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![chain], key)
        .expect("a configuration");
    let of_client = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connection = ClientConnection::new(Arc::new(of_client), name).expect("a configuration");
    exchange(
        config,
        move |stream| {
            stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
            client(StreamOwned::new(connection, stream));
        },
        server,
    );
}

/// Connects both sides over TCP, and performs the handshake of the server.
fn exchange<F: Future<Output = ()>>(
    config: ServerConfig,
    client: impl FnOnce(TcpStream) + Send + 'static,
    server: impl FnOnce(io::Result<Server>) -> F,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let client: JoinHandle<()> = runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let client = thread::spawn(move || client(TcpStream::connect(address).expect("a listener")));
        let (stream, _) = listener.accept().await.expect("a client");
        server(Session::accept(Arc::new(config), stream).await).await;
        client
    });
    client.join().expect("the client succeeds");
}

fn pattern(count: usize) -> Vec<u8> {
    (0..count).map(|i| (i % 251) as u8).collect()
}

#[test]
fn all_bytes_arrive_in_both_directions_and_an_idle_session_has_no_buffers() {
    const SENT: usize = 300_000;
    run(
        "chat.example",
        |mut client| {
            client.write_all(&pattern(SENT)).expect("sent");
            let mut received = vec![0; SENT];
            client.read_exact(&mut received).expect("received");
            assert_eq!(received, pattern(SENT));
            client.conn.send_close_notify();
            client.flush().expect("closed");
            let mut rest = Vec::new();
            client.read_to_end(&mut rest).expect("the server closes, too");
            assert_eq!(rest, [] as [u8; 0]);
        },
        |server| async {
            let mut server = server.expect("a handshake");
            let mut received = vec![0; SENT];
            server.read_exact(&mut received).await.expect("received");
            assert_eq!(received, pattern(SENT));
            server.write_all(&received).await.expect("sent");
            server.flush().await.expect("sent");
            let buffers = [&server.received, &server.plaintext.bytes, &server.records.bytes];
            assert_eq!(buffers.map(Vec::capacity), [0, 0, 0]);
            assert_eq!(server.read(&mut [0; 8]).await.expect("the end"), 0);
            server.shutdown().await.expect("closed");
        },
    );
}

#[test]
fn a_cut_connection_is_an_error_and_not_an_end() {
    run(
        "chat.example",
        |mut client| {
            client.write_all(b"cut").expect("sent");
            client.sock.shutdown(std::net::Shutdown::Both).expect("cut");
        },
        |server| async {
            let mut received = Vec::new();
            let cut = server.expect("a handshake").read_to_end(&mut received).await.expect_err("cut");
            assert_eq!((cut.kind(), &*received), (io::ErrorKind::UnexpectedEof, &b"cut"[..]));
        },
    );
}

#[test]
fn a_failed_handshake_sends_the_alert() {
    run(
        "other.example",
        |mut client| {
            let refused = client.flush().expect_err("another name").to_string();
            assert!(refused.contains("not valid for name"), "{refused}");
        },
        |server| async {
            let refused = server.err().expect("the client refused").to_string();
            assert!(refused.contains("received fatal alert"), "{refused}");
        },
    );
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(crate::tls::certificates::Certificates::new()));
    exchange(
        config,
        |mut stream| {
            stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
            stream.write_all(b"GET / HTTP/1.1\r\nHost: chat.example\r\n\r\n").expect("sent");
            let mut alert = Vec::new();
            stream.read_to_end(&mut alert).expect("an alert");
            assert_eq!(alert.first(), Some(&21), "{alert:?}");
        },
        |server| async move { assert!(server.is_err(), "plain HTTP is no handshake") },
    );
}

#[test]
fn a_message_of_the_handshake_has_a_maximum_length() {
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(crate::tls::certificates::Certificates::new()));
    exchange(
        config,
        |mut stream| {
            // The longest message that rustls accepts, in records of 16 KiB.
            let mut record = vec![22, 3, 1, 0x40, 0];
            record.resize(5 + (16 << 10), 0);
            record.splice(5..9, [1, 0, 0xff, 0xff]);
            while stream.write_all(&record).is_ok() {
                record.splice(5..9, [0; 4]);
            }
        },
        |server| async {
            let refused = server.err().expect("too long");
            assert_eq!(refused.to_string(), "a message of the handshake is too long");
        },
    );
}

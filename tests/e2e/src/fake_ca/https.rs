//! The HTTPS server of the authority: one request for each connection.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::{Issuer, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::json;

use super::orders::{Answer, answer};
use super::{State, leaf};
use crate::DEADLINE;

/// The configuration of a server at 127.0.0.1 with a certificate by `issuer`.
pub(crate) fn server_config(issuer: &Issuer<'static, KeyPair>) -> Arc<ServerConfig> {
    let key = KeyPair::generate().expect("a key");
    let certificate =
        leaf("127.0.0.1", Duration::from_secs(3_600)).signed_by(&key, issuer).expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key);
    Arc::new(config.expect("a configuration"))
}

pub(crate) fn serve(stream: TcpStream, config: Arc<ServerConfig>, state: &Mutex<State>) {
    stream.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    let connection = ServerConnection::new(config).expect("a configuration");
    let mut reader = BufReader::new(StreamOwned::new(connection, stream));
    let Some((path, body)) = read_request(&mut reader) else { return };
    let answered = answer(state, &path, &body);
    let mut locked = state.lock().expect("no panic");
    let nonce = locked.orders.jws.new_nonce();
    let (kind, answer) = match answered {
        Ok(answer) => ("application/json", answer),
        Err(refusal) => {
            locked.refusals.push(refusal.detail.clone());
            let kind = format!("urn:ietf:params:acme:error:{}", refusal.kind);
            let status = if refusal.kind == "serverInternal" { 500 } else { 400 };
            let body = json!({ "type": kind, "detail": refusal.detail, "status": status }).to_string();
            ("application/problem+json", Answer { status, location: None, body })
        }
    };
    drop(locked);
    let location = answer.location.map(|location| format!("Location: {location}\r\n")).unwrap_or_default();
    let head = format!(
        "HTTP/1.1 {} X\r\nConnection: close\r\nReplay-Nonce: {nonce}\r\n{location}Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
        answer.status,
        answer.body.len()
    );
    let stream = reader.get_mut();
    let _client_left = stream.write_all(format!("{head}{}", answer.body).as_bytes());
    stream.conn.send_close_notify();
    let _client_left = stream.flush();
}

/// The path and the body of a request.
fn read_request(
    reader: &mut BufReader<StreamOwned<ServerConnection, TcpStream>>,
) -> Option<(String, Vec<u8>)> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let header = line.trim_end().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length: ") {
            length = value.parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((path, body))
}

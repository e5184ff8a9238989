//! NATS in its text protocol (docs.nats.io/reference/reference-protocols/nats-protocol).

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::{Server, acknowledge, publish};
use crate::load::{Plan, Rates};
use crate::tcp::{Acknowledgement, Tcp, TcpReceiver, TcpSender};

/// Part of a JetStream reply for a message that was not stored.
const REFUSAL: &[u8] = b"\"error\"";

/// Publishes the text on every connection. JetStream writes the text to a file without a sync, and
/// acknowledges it.
pub(crate) fn jet_stream(plan: Plan, folder: &Path, text: &str, connections: usize) -> Result<Option<Rates>> {
    let Some(server) = start(folder)? else { return Ok(None) };
    let stream = r#"{"name":"bench","subjects":["bench"],"storage":"file"}"#;
    let create =
        format!("SUB inbox 1\r\nPUB $JS.API.STREAM.CREATE.bench inbox {}\r\n{stream}\r\n", stream.len());
    connect(&server)?.ask(create.as_bytes(), b"\"created\"")?;
    let senders = (0..connections).map(|number| {
        let mut tcp = connect(&server)?;
        tcp.ask(format!("SUB inbox.{number} 1\r\nPING\r\n").as_bytes(), b"PONG\r\n")?;
        let message = format!("PUB bench inbox.{number} {}\r\n{text}\r\n", text.len()).into_bytes();
        // "MSG inbox.7 1 30\r\n{"stream":"bench","seq":1}\r\n"
        let acknowledgement = Acknowledgement::Newlines { each: 2, refusal: REFUSAL };
        Ok(TcpSender { tcp, message, acknowledgement, pending: 0 })
    });
    acknowledge(plan, senders.collect::<Result<_>>()?).map(Some)
}

/// Publishes the text to subscribers, without storing or acknowledging it.
pub(crate) fn fan_out(plan: Plan, folder: &Path, text: &str, subscribers: usize) -> Result<Option<Rates>> {
    let Some(server) = start(folder)? else { return Ok(None) };
    let message_bytes = format!("MSG bench 1 {}\r\n{text}\r\n", text.len()).len() as u64;
    let receivers = (0..subscribers).map(|_| {
        let mut tcp = connect(&server)?;
        tcp.ask(b"SUB bench 1\r\nPING\r\n", b"PONG\r\n")?;
        Ok(TcpReceiver { tcp, message_bytes, bytes: 0 })
    });
    let receivers = receivers.collect::<Result<_>>()?;
    let message = format!("PUB bench {}\r\n{text}\r\n", text.len()).into_bytes();
    let acknowledgement = Acknowledgement::None;
    publish(plan, TcpSender { tcp: connect(&server)?, message, acknowledgement, pending: 0 }, receivers)
        .map(Some)
}

fn start(folder: &Path) -> Result<Option<Server>> {
    Server::start("nats-server", |program, port| {
        let mut command = Command::new(program);
        command.args(["--addr", "127.0.0.1", "--port", &port.to_string(), "--jetstream", "--store_dir"]);
        command.arg(folder);
        Ok(command)
    })
}

/// A connection after the handshake. The bench does not answer the `PING` that the server sends after some
/// seconds. The server tolerates this for minutes.
fn connect(server: &Server) -> Result<Tcp> {
    let mut tcp = Tcp::connect(server.port)?;
    tcp.ask(b"CONNECT {\"verbose\":false}\r\nPING\r\n", b"PONG\r\n")?;
    Ok(tcp)
}

//! Redis in its protocol RESP2 (redis.io/docs/latest/develop/reference/protocol-spec).

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::{Server, acknowledge, publish};
use crate::load::{Plan, Rates};
use crate::tcp::{Acknowledgement, Tcp, TcpReceiver, TcpSender};

const REFUSAL: &[u8] = b"-ERR";

/// Sends `XADD` with the text on every connection. Redis syncs each request before it acknowledges the
/// request.
pub(crate) fn append(plan: Plan, folder: &Path, text: &str, connections: usize) -> Result<Option<Rates>> {
    let Some(server) = start(folder, "yes")? else { return Ok(None) };
    let message = request(&["XADD", "bench", "*", "text", text]);
    // "$15\r\n1763700000123-0\r\n"
    let senders = (0..connections).map(|_| sender(&server, &message, 2)).collect::<Result<_>>()?;
    acknowledge(plan, senders).map(Some)
}

/// Sends `PUBLISH` with the text to subscribers, without storing it.
pub(crate) fn fan_out(plan: Plan, folder: &Path, text: &str, subscribers: usize) -> Result<Option<Rates>> {
    let Some(server) = start(folder, "no")? else { return Ok(None) };
    let message_bytes = request(&["message", "bench", text]).len() as u64;
    let receivers = (0..subscribers).map(|_| {
        let mut tcp = Tcp::connect(server.port)?;
        tcp.ask(&request(&["SUBSCRIBE", "bench"]), b":1\r\n")?;
        Ok(TcpReceiver { tcp, message_bytes, bytes: 0 })
    });
    let receivers = receivers.collect::<Result<_>>()?;
    // ":10\r\n"
    let publisher = sender(&server, &request(&["PUBLISH", "bench", text]), 1)?;
    publish(plan, publisher, receivers).map(Some)
}

fn start(folder: &Path, append_only: &str) -> Result<Option<Server>> {
    Server::start("redis-server", |program, port| {
        let mut command = Command::new(program);
        command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""]);
        command.args(["--appendonly", append_only, "--appendfsync", "always"]);
        command.arg("--dir").arg(folder);
        Ok(command)
    })
}

fn sender(server: &Server, message: &[u8], newlines: usize) -> Result<TcpSender> {
    let mut tcp = Tcp::connect(server.port)?;
    tcp.ask(&request(&["PING"]), b"+PONG\r\n")?;
    let acknowledgement = Acknowledgement::Newlines { each: newlines, refusal: REFUSAL };
    Ok(TcpSender { tcp, message: message.to_vec(), acknowledgement, pending: 0 })
}

/// An array of bulk strings: the format of a request and of a published message.
fn request(words: &[&str]) -> Vec<u8> {
    let words_as_bulk: String = words.iter().map(|word| format!("${}\r\n{word}\r\n", word.len())).collect();
    format!("*{}\r\n{words_as_bulk}", words.len()).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_an_array_of_bulk_strings() {
        assert_eq!(request(&["PUBLISH", "c", "oi"]), b"*3\r\n$7\r\nPUBLISH\r\n$1\r\nc\r\n$2\r\noi\r\n");
    }
}

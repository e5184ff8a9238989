//! A WebSocket that waits for its replies: for set-up, for idle clients, and for one request at a time.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Context as _, Result, ensure};
use memchr::memmem;
use serde_json::json;

use super::frames::{Frames, Received, pong_frame, text_frame};
use super::receiver::WebReceiver;

/// The start of a successful reply: all requests have the id 1.
const SUCCESS: &[u8] = br#"{"jsonrpc":"2.0","id":1,"result":"#;

/// The start of all replies.
const REPLY: &[u8] = br#"{"jsonrpc""#;

const BUFFER_BYTES: usize = 4096;

pub(crate) struct WebSocket<S> {
    stream: S,
    frames: Frames,
}

impl<S: Read + Write> WebSocket<S> {
    /// Opens a WebSocket of `papo.v1`, with the session of `token`.
    pub(crate) fn open(mut stream: S, host: SocketAddr, token: &str) -> Result<Self> {
        let request = format!(
            "GET /ws HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Protocol: papo.v1\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        stream.write_all(request.as_bytes())?;
        let mut received = Vec::new();
        let end = loop {
            read_more(&mut stream, &mut received)?;
            if let Some(end) = memmem::find(&received, b"\r\n\r\n") {
                break end;
            }
        };
        let (head, rest) = received.split_at(end + 4);
        ensure!(head.starts_with(b"HTTP/1.1 101 "), "no upgrade: {}", head.escape_ascii());
        let mut frames = Frames::default();
        frames.add(rest);
        Ok(Self { stream, frames })
    }

    /// Sends a request line with the id 1, and waits for its successful reply.
    pub(crate) fn ask(&mut self, line: &[u8]) -> Result<()> {
        self.stream.write_all(&text_frame(line))?;
        self.wait_for_reply()
    }

    /// Waits for the successful reply to a request with the id 1.
    pub(crate) fn wait_for_reply(&mut self) -> Result<()> {
        loop {
            while let Some(frame) = self.frames.next_frame()? {
                match frame {
                    Received::Ping => self.stream.write_all(&pong_frame())?,
                    // The first line of the connection can be in the same frame as the reply.
                    Received::Text(lines) => {
                        let mut lines = lines.split(|byte| *byte == b'\n');
                        if let Some(reply) = lines.find(|line| line.starts_with(REPLY)) {
                            ensure!(reply.starts_with(SUCCESS), "refused: {}", reply.escape_ascii());
                            return Ok(());
                        }
                    }
                }
            }
            let mut received = Vec::new();
            read_more(&mut self.stream, &mut received)?;
            self.frames.add(&received);
        }
    }

    /// Subscribes to topics. The subscriptions are in force after the reply.
    pub(crate) fn subscribe(&mut self, topics: &[String]) -> Result<()> {
        let params = json!({ "topics": topics });
        let line = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"gateway.subscribe","params":{params}}}"#);
        Ok(self.stream.write_all(&text_frame(line.as_bytes()))?)
    }

    /// Asks the gateway for its time.
    pub(crate) fn ping(&mut self) -> Result<()> {
        self.ask(br#"{"jsonrpc":"2.0","id":1,"method":"gateway.ping","params":{}}"#)
    }
}

impl WebSocket<TcpStream> {
    /// Receives from now on without waiting.
    pub(crate) fn into_receiver(self) -> Result<WebReceiver> {
        WebReceiver::new(self.stream, self.frames)
    }
}

fn read_more(stream: &mut impl Read, received: &mut Vec<u8>) -> Result<()> {
    let mut buffer = [0; BUFFER_BYTES];
    let count = stream.read(&mut buffer).context("reading from a WebSocket")?;
    ensure!(count > 0, "the WebSocket was closed");
    received.extend_from_slice(buffer.get(..count).unwrap_or_default());
    Ok(())
}

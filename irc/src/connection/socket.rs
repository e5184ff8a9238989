//! The bytes of one connection, with their bounds.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::limits::{INPUT_BYTES_MAX, OUTPUT_BYTES_BEFORE_LINE, OUTPUT_BYTES_MAX};
use crate::protocol::lines::{Input, Lines};

/// The bytes of one read.
const READ_BYTES: usize = 1024;

/// The capacity that an empty output keeps.
const OUTPUT_BYTES_KEPT: usize = 4 << 10;

pub(crate) struct Socket {
    reader: Box<dyn AsyncRead + Send + Unpin>,
    writer: Box<dyn AsyncWrite + Send + Unpin>,
    input: Lines,
    output: Vec<u8>,
    /// Whether written bytes can still be in a buffer of the writer.
    needs_flush: bool,
    pub(crate) received_ms: u64,
}

impl Socket {
    pub(crate) fn new(
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
        now_ms: u64,
    ) -> Self {
        Self {
            reader: Box::new(reader),
            writer: Box::new(writer),
            input: Lines::default(),
            output: Vec::new(),
            needs_flush: false,
            received_ms: now_ms,
        }
    }

    /// The next line, unless much output waits for the client.
    pub(crate) fn next_line(&mut self) -> Option<Input> {
        if self.is_filled() { None } else { self.input.take() }
    }

    /// Whether much output waits for the client.
    pub(crate) fn is_filled(&self) -> bool {
        self.output.len() > OUTPUT_BYTES_BEFORE_LINE
    }

    /// The bytes for the client.
    pub(crate) fn output(&mut self) -> &mut Vec<u8> {
        &mut self.output
    }

    /// Whether more bytes than permitted wait for the client.
    pub(crate) fn is_overfull(&self) -> bool {
        self.output.len() > OUTPUT_BYTES_MAX
    }

    /// Reads or writes once. Returns false if the client has closed the connection. The future can be dropped
    /// without a loss of bytes.
    pub(crate) async fn exchange(&mut self, now_ms: impl Fn() -> u64) -> io::Result<bool> {
        let mut buffer = [0; READ_BYTES];
        tokio::select! {
            read = self.reader.read(&mut buffer), if self.input.len() < INPUT_BYTES_MAX => {
                let read = read?;
                self.input.push(buffer.get(..read).unwrap_or_default());
                self.received_ms = now_ms();
                return Ok(read > 0);
            }
            written = write(&mut self.writer, &self.output), if !self.output.is_empty() || self.needs_flush => {
                self.needs_flush = !self.output.is_empty();
                self.output.drain(..written?);
                if self.output.is_empty() {
                    self.output.shrink_to(OUTPUT_BYTES_KEPT);
                }
            }
            else => std::future::pending().await,
        }
        Ok(true)
    }

    /// Writes all waiting bytes, and closes the connection.
    pub(crate) async fn finish(&mut self) -> io::Result<()> {
        self.writer.write_all(&self.output).await?;
        self.writer.shutdown().await
    }
}

/// Writes some bytes; without bytes, flushes the writer.
async fn write(writer: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<usize> {
    if bytes.is_empty() { writer.flush().await.map(|()| 0) } else { writer.write(bytes).await }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_front_reads_no_more_than_the_limit_before_lines_are_handled() {
        let (mut client, server) = tokio::io::duplex(64 << 10);
        let (reader, writer) = tokio::io::split(server);
        let mut socket = Socket::new(reader, writer, 0);
        client.write_all("PING a\r\n".repeat(4_000).as_bytes()).await.expect("written");
        let mut rounds = 0;
        let read_all = async {
            loop {
                assert!(socket.exchange(|| 1).await.expect("read"));
                rounds += 1;
            }
        };
        let stopped = tokio::time::timeout(std::time::Duration::from_millis(50), read_all).await;
        assert!(stopped.is_err() && rounds < 20, "{rounds} reads");
        assert_eq!(socket.next_line(), Some(Input::Line("PING a".into())));
        socket.output().extend_from_slice(&vec![b'x'; OUTPUT_BYTES_BEFORE_LINE + 1]);
        assert_eq!(socket.next_line(), None, "the client must read first");
        assert!(!socket.is_overfull());
        socket.output().extend_from_slice(&vec![b'x'; OUTPUT_BYTES_MAX]);
        assert!(socket.is_overfull());
    }
}

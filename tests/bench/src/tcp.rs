//! TCP connections to the competitors of papo. The connections send prepared bytes, and count received
//! messages without parsing them.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use memchr::{memchr_iter, memmem};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::load::{Connection, Receiver, Sender};

const READ_BYTES_MAX: usize = 64 * 1024;

/// Maximum wait for a reply during set-up.
const ANSWER_WAIT: Duration = Duration::from_secs(10);

/// A non-blocking connection.
pub(crate) struct Tcp {
    stream: TcpStream,
    outgoing: Vec<u8>,
    written: usize,
    buffer: Vec<u8>,
}

impl Tcp {
    pub(crate) fn connect(port: u16) -> Result<Self> {
        Self::new(TcpStream::connect((Ipv4Addr::LOCALHOST, port))?)
    }

    /// Makes a connection non-blocking.
    pub(crate) fn new(stream: TcpStream) -> Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok(Self { stream, outgoing: Vec::new(), written: 0, buffer: vec![0; READ_BYTES_MAX] })
    }

    /// Sends bytes, at the latest with the next ones.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> Result<()> {
        self.outgoing.extend_from_slice(bytes);
        self.flush().map(|_all| ())
    }

    /// Sends `request` and waits until the received bytes contain `answer`. For set-up only.
    pub(crate) fn ask(&mut self, request: &[u8], answer: &[u8]) -> Result<()> {
        self.outgoing.extend_from_slice(request);
        let mut received = Vec::new();
        while memmem::find(&received, answer).is_none() {
            self.flush()?;
            let readable = Self::wait_one(self, ANSWER_WAIT)?;
            ensure!(readable, "no {} in {}", answer.escape_ascii(), received.escape_ascii());
            received.extend_from_slice(self.read()?);
        }
        Ok(())
    }

    /// Writes as many outgoing bytes as the socket accepts. Returns whether all bytes were written.
    fn flush(&mut self) -> Result<bool> {
        while let Some(rest) = self.outgoing.get(self.written..).filter(|rest| !rest.is_empty()) {
            match self.stream.write(rest) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error).context("writing to a peer"),
            }
        }
        self.outgoing.clear();
        self.written = 0;
        Ok(true)
    }

    /// Reads at most one buffer of available bytes.
    pub(crate) fn read(&mut self) -> Result<&[u8]> {
        match self.stream.read(&mut self.buffer) {
            Ok(0) => bail!("a peer closed the connection"),
            Ok(count) => Ok(self.buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(&[]),
            Err(error) => Err(error).context("reading from a peer"),
        }
    }

    fn poll_item(&self) -> PollFd<'_> {
        let writable = if self.outgoing.is_empty() { PollFlags::empty() } else { PollFlags::OUT };
        PollFd::new(&self.stream, PollFlags::IN | writable)
    }

    fn wait_one(&self, timeout: Duration) -> Result<bool> {
        wait(&mut [PollFd::new(&self.stream, PollFlags::IN)], timeout)
    }

    /// Waits until a connection is readable, or writable again.
    pub(crate) fn wait<'a>(connections: impl Iterator<Item = &'a Self>, timeout: Duration) -> Result<()> {
        let mut items: Vec<_> = connections.map(Self::poll_item).collect();
        wait(&mut items, timeout).map(|_ready| ())
    }
}

impl AsFd for Tcp {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

fn wait(items: &mut [PollFd<'_>], timeout: Duration) -> Result<bool> {
    Ok(poll(items, Some(&Timespec::try_from(timeout)?))? > 0)
}

/// How a peer acknowledges messages.
pub(crate) enum Acknowledgement {
    /// The peer does not acknowledge messages. A message counts when the socket has accepted it.
    None,
    /// The peer sends a number of newlines for each message.
    Newlines {
        each: usize,
        /// Bytes that occur only in an error.
        refusal: &'static [u8],
    },
}

pub(crate) struct TcpSender {
    pub(crate) tcp: Tcp,
    pub(crate) message: Vec<u8>,
    pub(crate) acknowledgement: Acknowledgement,
    /// Unacknowledged messages, or newlines of an incomplete acknowledgement.
    pub(crate) pending: usize,
}

impl Connection for TcpSender {
    fn wait(connections: &[Self], timeout: Duration) -> Result<()> {
        Tcp::wait(connections.iter().map(|one| &one.tcp), timeout)
    }
}

impl Sender for TcpSender {
    fn send(&mut self, count: usize) -> Result<()> {
        (0..count).for_each(|_| self.tcp.outgoing.extend_from_slice(&self.message));
        if matches!(self.acknowledgement, Acknowledgement::None) {
            self.pending += count;
        }
        self.tcp.flush().map(|_all| ())
    }

    fn acknowledged(&mut self) -> Result<usize> {
        let all_written = self.tcp.flush()?;
        let received = self.tcp.read()?;
        match self.acknowledgement {
            Acknowledgement::None if all_written => Ok(std::mem::take(&mut self.pending)),
            Acknowledgement::None => Ok(0),
            Acknowledgement::Newlines { each, refusal } => {
                ensure!(memmem::find(received, refusal).is_none(), "refused: {}", received.escape_ascii());
                self.pending += memchr_iter(b'\n', received).count();
                let complete = self.pending / each;
                self.pending %= each;
                Ok(complete)
            }
        }
    }
}

/// Counts messages by their bytes, because all messages have the same size.
pub(crate) struct TcpReceiver {
    pub(crate) tcp: Tcp,
    pub(crate) message_bytes: u64,
    pub(crate) bytes: u64,
}

impl Connection for TcpReceiver {
    fn wait(connections: &[Self], timeout: Duration) -> Result<()> {
        Tcp::wait(connections.iter().map(|one| &one.tcp), timeout)
    }
}

impl Receiver for TcpReceiver {
    fn received(&mut self) -> Result<u64> {
        self.bytes += self.tcp.read()?.len() as u64;
        let complete = self.bytes / self.message_bytes;
        self.bytes %= self.message_bytes;
        Ok(complete)
    }
}

//! Measuring connections over plain TCP, for the peers: what to send is bytes made beforehand, and what comes is
//! counted by its framing and not looked at otherwise.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use memchr::{memchr_iter, memmem};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::load::{Connection, Receiver, Sender};

/// Bytes read in one go, as much as a fast server has waiting.
const READ_BYTES_MAX: usize = 64 * 1024;

/// How long a server may take to answer during set-up.
const ANSWER_WAIT: Duration = Duration::from_secs(10);

/// A connection that never waits but during set-up.
pub(crate) struct Tcp {
    stream: TcpStream,
    outgoing: Vec<u8>,
    written: usize,
    buffer: Vec<u8>,
}

impl Tcp {
    /// Connects to a server on this machine.
    pub(crate) fn connect(port: u16) -> Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok(Self { stream, outgoing: Vec::new(), written: 0, buffer: vec![0; READ_BYTES_MAX] })
    }

    /// Sends `request` and waits until what came contains `answer`; used during set-up only.
    pub(crate) fn ask(&mut self, request: &[u8], answer: &[u8]) -> Result<()> {
        self.outgoing.extend_from_slice(request);
        let mut came = Vec::new();
        while memmem::find(&came, answer).is_none() {
            self.flush()?;
            let readable = Self::wait_one(self, ANSWER_WAIT)?;
            ensure!(readable, "no {:?} in {:?}", answer.escape_ascii(), came.escape_ascii());
            came.extend_from_slice(self.read()?);
        }
        Ok(())
    }

    /// Writes what is outgoing as far as the system takes it; whether that was everything.
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

    /// What has come, at most one buffer of it.
    fn read(&mut self) -> Result<&[u8]> {
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
}

fn wait(items: &mut [PollFd<'_>], timeout: Duration) -> Result<bool> {
    Ok(poll(items, Some(&Timespec::try_from(timeout)?))? > 0)
}

/// How a sender knows that its messages were taken.
pub(crate) enum Acknowledgement {
    /// There is none: taken is what the system's socket took.
    None,
    /// So many newlines acknowledge one message; `refusal` stands in none of them.
    Newlines {
        /// How many.
        each: usize,
        /// What only an error says.
        refusal: &'static [u8],
    },
}

/// Sends the same message again and again.
pub(crate) struct TcpSender {
    pub(crate) tcp: Tcp,
    pub(crate) message: Vec<u8>,
    pub(crate) acknowledgement: Acknowledgement,
    /// Messages written and not acknowledged, or newlines that acknowledge no whole message yet.
    pub(crate) pending: usize,
}

impl Connection for TcpSender {
    fn wait(connections: &[Self], timeout: Duration) -> Result<()> {
        let mut items: Vec<_> = connections.iter().map(|one| one.tcp.poll_item()).collect();
        wait(&mut items, timeout).map(|_ready| ())
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
        let came = self.tcp.read()?;
        match self.acknowledgement {
            Acknowledgement::None if all_written => Ok(std::mem::take(&mut self.pending)),
            Acknowledgement::None => Ok(0),
            Acknowledgement::Newlines { each, refusal } => {
                ensure!(memmem::find(came, refusal).is_none(), "refused: {}", came.escape_ascii());
                self.pending += memchr_iter(b'\n', came).count();
                let whole = self.pending / each;
                self.pending %= each;
                Ok(whole)
            }
        }
    }
}

/// Counts messages by their bytes: they all are of one size.
pub(crate) struct TcpReceiver {
    pub(crate) tcp: Tcp,
    pub(crate) message_bytes: u64,
    pub(crate) bytes: u64,
}

impl Connection for TcpReceiver {
    fn wait(connections: &[Self], timeout: Duration) -> Result<()> {
        let mut items: Vec<_> = connections.iter().map(|one| one.tcp.poll_item()).collect();
        wait(&mut items, timeout).map(|_ready| ())
    }
}

impl Receiver for TcpReceiver {
    fn received(&mut self) -> Result<u64> {
        self.bytes += self.tcp.read()?.len() as u64;
        let whole = self.bytes / self.message_bytes;
        self.bytes %= self.message_bytes;
        Ok(whole)
    }
}

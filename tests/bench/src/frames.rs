//! Connections over ZeroMQ that the load loop drives: a DEALER with requests in flight, and a SUB that counts
//! events.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use memchr::memchr_iter;
use transport::poll::{Watch, wait};
use transport::security::Security;
use transport::{Context, Frame, Kind, Sent, Socket};

use crate::load::{Connection, Receiver, Sender};

/// Creates a socket that is connected to `endpoint`.
pub(crate) fn connected(
    context: &Context,
    kind: Kind,
    endpoint: &str,
    security: &Security,
) -> Result<Socket> {
    let socket = context.socket(kind, security)?;
    socket.connect(endpoint)?;
    Ok(socket)
}

/// A source of request lines.
pub(crate) trait Lines: Send {
    /// The start of every successful reply line.
    const ANSWER_START: &'static [u8];

    /// Appends the next request line, with its newline.
    fn write(&mut self, out: &mut Vec<u8>);
}

/// A DEALER that sends request lines.
pub(crate) struct Requests<L> {
    socket: Socket,
    lines: L,
    frame_lines_max: usize,
    frames: Vec<Frame>,
}

impl<L: Lines> Requests<L> {
    pub(crate) fn new(socket: Socket, lines: L, frame_lines_max: usize) -> Self {
        Self { socket, lines, frame_lines_max, frames: Vec::new() }
    }

    /// The source of the request lines.
    pub(crate) fn lines_mut(&mut self) -> &mut L {
        &mut self.lines
    }

    pub(crate) fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Sends one request and waits for the reply.
    pub(crate) fn ask(&mut self) -> Result<()> {
        self.send(1)?;
        while self.acknowledged()? == 0 {
            wait(&[Watch::Readable(&self.socket)], None)?;
        }
        Ok(())
    }
}

impl<L: Lines> Connection for Requests<L> {
    fn wait(connections: &[Self], timeout: Duration) -> Result<()> {
        let watches: Vec<_> = connections.iter().map(|one| Watch::Readable(&one.socket)).collect();
        Ok(wait(&watches, Some(timeout))?)
    }
}

impl<L: Lines> Sender for Requests<L> {
    fn send(&mut self, mut count: usize) -> Result<()> {
        while count > 0 {
            let lines = count.min(self.frame_lines_max);
            let mut body = Vec::with_capacity(lines * 1024);
            (0..lines).for_each(|_| self.lines.write(&mut body));
            let sent = self.socket.send([Frame::new(), Frame::from(body)])?;
            ensure!(sent == Sent::Done, "a request could not be sent: {sent:?}");
            count -= lines;
        }
        Ok(())
    }

    fn acknowledged(&mut self) -> Result<usize> {
        let mut answered = 0;
        while self.socket.receive(&mut self.frames)? {
            let [_delimiter, lines] = self.frames.as_slice() else {
                bail!("a reply has an unexpected number of frames")
            };
            answered += successes::<L>(lines)?;
        }
        Ok(answered)
    }
}

/// Counts the lines of a reply. Fails if a line is not a success.
pub(crate) fn successes<L: Lines>(answer: &[u8]) -> Result<usize> {
    let answer = answer.strip_suffix(b"\n").unwrap_or(answer);
    let starts = memchr_iter(b'\n', answer).map(|newline| newline + 1);
    let mut count = 0;
    for start in std::iter::once(0).chain(starts) {
        let line = answer.get(start..).unwrap_or_default();
        ensure!(line.starts_with(L::ANSWER_START), "refused: {}", String::from_utf8_lossy(line));
        count += 1;
    }
    Ok(count)
}

/// A SUB that counts event lines.
pub(crate) struct Events {
    socket: Socket,
    frames: Vec<Frame>,
}

impl Events {
    pub(crate) fn new(socket: Socket) -> Self {
        Self { socket, frames: Vec::new() }
    }

    /// Calls `each` with every received frame of event lines. Never waits.
    pub(crate) fn for_each(&mut self, mut each: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        while self.socket.receive(&mut self.frames)? {
            let [_topic, lines] = self.frames.as_slice() else {
                bail!("an event has an unexpected number of frames")
            };
            each(lines)?;
        }
        Ok(())
    }
}

impl Connection for Events {
    fn wait(connections: &[Self], timeout: Duration) -> Result<()> {
        let watches: Vec<_> = connections.iter().map(|one| Watch::Readable(&one.socket)).collect();
        Ok(wait(&watches, Some(timeout))?)
    }
}

impl Receiver for Events {
    fn received(&mut self) -> Result<u64> {
        let mut count = 0;
        self.for_each(|lines| {
            count += memchr_iter(b'\n', lines).count() as u64;
            Ok(())
        })?;
        Ok(count)
    }
}

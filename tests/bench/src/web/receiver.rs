//! A WebSocket that receives events and never waits.

use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use anyhow::{Result, ensure};
use memchr::{memchr_iter, memmem};

use super::frames::{Frames, Received, pong_frame};
use crate::load::{Connection, Receiver};
use crate::tcp::Tcp;

/// In the notice that the gateway dropped events.
const LAGGED: &[u8] = br#""kind":"lagged""#;

pub(crate) struct WebReceiver {
    tcp: Tcp,
    frames: Frames,
}

impl WebReceiver {
    pub(super) fn new(stream: TcpStream, frames: Frames) -> Result<Self> {
        Ok(Self { tcp: Tcp::new(stream)?, frames })
    }

    /// Sends frames.
    pub(super) fn send(&mut self, frames: &[u8]) -> Result<()> {
        self.tcp.send(frames)
    }

    pub(super) fn wait_for_any<'a>(all: impl Iterator<Item = &'a Self>, timeout: Duration) -> Result<()> {
        Tcp::wait(all.map(|one| &one.tcp), timeout)
    }

    /// Calls `each` with the lines of every received frame.
    pub(crate) fn for_each(&mut self, mut each: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        self.frames.add(self.tcp.read()?);
        while let Some(frame) = self.frames.next_frame()? {
            match frame {
                Received::Ping => self.tcp.send(&pong_frame())?,
                Received::Text(lines) => {
                    ensure!(memmem::find(lines, LAGGED).is_none(), "the gateway dropped events");
                    each(lines)?;
                }
            }
        }
        Ok(())
    }
}

impl AsFd for WebReceiver {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.tcp.as_fd()
    }
}

impl Connection for WebReceiver {
    fn wait(connections: &[Self], timeout: Duration) -> Result<()> {
        Self::wait_for_any(connections.iter(), timeout)
    }
}

impl Receiver for WebReceiver {
    fn received(&mut self) -> Result<u64> {
        let mut count = 0;
        self.for_each(|lines| {
            count += memchr_iter(b'\n', lines).count() as u64;
            Ok(())
        })?;
        Ok(count)
    }
}

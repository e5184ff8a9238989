//! A WebSocket that sends messages, a frame for each, and counts their acknowledgements.

use std::time::Duration;

use anyhow::Result;

use super::frames::text_frame;
use super::receiver::WebReceiver;
use crate::frames::{Lines as _, successes};
use crate::load::{Connection, Sender};
use crate::papo::SendRequests;

pub(crate) struct WebSender {
    socket: WebReceiver,
    requests: SendRequests,
    line: Vec<u8>,
}

impl WebSender {
    pub(crate) fn new(socket: WebReceiver, requests: SendRequests) -> Self {
        Self { socket, requests, line: Vec::new() }
    }
}

impl Connection for WebSender {
    fn wait(connections: &[Self], timeout: Duration) -> Result<()> {
        WebReceiver::wait_for_any(connections.iter().map(|one| &one.socket), timeout)
    }
}

impl Sender for WebSender {
    fn send(&mut self, count: usize) -> Result<()> {
        let mut frames = Vec::with_capacity(count * 1024);
        for _ in 0..count {
            self.line.clear();
            self.requests.write(&mut self.line);
            frames.extend(text_frame(&self.line));
        }
        self.socket.send(&frames)
    }

    fn acknowledged(&mut self) -> Result<usize> {
        let mut answered = 0;
        self.socket.for_each(|lines| {
            answered += successes::<SendRequests>(lines)?;
            Ok(())
        })?;
        Ok(answered)
    }
}

//! The upper limit of ZeroMQ and the broker: 256 bytes through the real broker to an echo and back.

use std::process::Command;

use anyhow::Result;
use transport::{Context, Kind};

use super::{CONNECTIONS, Setup};
use crate::figures::{Figure, Results};
use crate::frames::{Lines, Requests, connected};
use crate::load::{self, NoReceiver};
use crate::papo::Node;

struct Text(String);

impl Lines for Text {
    /// The echo returns the sent bytes, so there is no prefix to check.
    const ANSWER_START: &'static [u8] = b"";

    fn write(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0.as_bytes());
        out.push(b'\n');
    }
}

pub(super) fn run(setup: &mut Setup, results: &mut Results) -> Result<()> {
    let node = start()?;
    let (context, text) = (Context::new(), setup.text());
    let senders = (0..CONNECTIONS).map(|_| {
        let socket = connected(&context, Kind::Dealer, &node.clients, &node.security)?;
        Ok(Requests::new(socket, Text(text.clone()), 1))
    });
    let mut senders = senders.collect::<Result<Vec<_>>>()?;
    let rates = load::run::<_, NoReceiver>(setup.plan(), &mut senders, &mut [])?;
    results.add(Figure::Echo, rates.acknowledged);
    Ok(())
}

/// Starts a bare node in its own process.
pub(crate) fn start() -> Result<Node> {
    Node::start_command(Command::new(std::env::current_exe()?).arg("bare-node"))
}

//! What one would pick instead of papo: started on a free port of the loopback address, spoken to in its own
//! protocol with messages made beforehand.
//!
//! A peer that is not installed gives no figure; everything else is measured all the same.

mod nats;
mod ngircd;
mod redis;

pub(crate) use nats::{fan_out as nats_fan_out, jet_stream};
pub(crate) use ngircd::fan_out as irc_fan_out;
pub(crate) use redis::{append as redis_append, fan_out as redis_fan_out};

use std::path::Path;

use anyhow::Result;

use crate::load::{self, Nobody, Plan, Rates};
use crate::process::{Process, free_port};
use crate::tcp::{TcpReceiver, TcpSender};

/// Messages in flight of the one connection that publishes: as many as sixteen with 64 each.
const PUBLISHER_WINDOW: usize = 1024;

/// A peer that listens.
struct Peer {
    port: u16,
    /// Kept for its end.
    _process: Process,
}

impl Peer {
    /// Starts `name` as `command` says for a port; `None` when it is not installed.
    fn start(
        name: &str,
        command: impl FnOnce(&Path, u16) -> Result<std::process::Command>,
    ) -> Result<Option<Self>> {
        let Some(program) = crate::process::installed(name) else { return Ok(None) };
        let port = free_port()?;
        let mut process = Process::start(&mut command(&program, port)?)?;
        process.wait_for_port(port)?;
        Ok(Some(Self { port, _process: process }))
    }
}

/// One publisher and its receivers.
fn publish(plan: Plan, publisher: TcpSender, mut receivers: Vec<TcpReceiver>) -> Result<Rates> {
    let plan = Plan { window: PUBLISHER_WINDOW, ..plan };
    load::run(plan, &mut [publisher], &mut receivers)
}

/// Senders that are acknowledged, and nobody who receives.
fn acknowledge(plan: Plan, mut senders: Vec<TcpSender>) -> Result<Rates> {
    load::run::<_, Nobody>(plan, &mut senders, &mut [])
}

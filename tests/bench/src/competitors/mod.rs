//! The servers with which the bench compares papo. Each server listens at a free port of the loopback
//! address. The bench speaks the protocol of the server.
//!
//! The bench does not measure a server that is not installed.

mod nats;
mod ngircd;
mod redis;

pub(crate) use nats::{fan_out as nats_fan_out, jet_stream};
pub(crate) use ngircd::fan_out as irc_fan_out;
pub(crate) use redis::{append as redis_append, fan_out as redis_fan_out};

use std::path::Path;

use anyhow::Result;

use crate::load::{self, NoReceiver, Plan, Rates};
use crate::process::{Process, free_port};
use crate::tcp::{TcpReceiver, TcpSender};

/// The maximum number of messages in flight: 16 connections with 64 messages each.
const PUBLISHER_WINDOW: usize = 1024;

struct Server {
    port: u16,
    /// The process ends when the server is dropped.
    _process: Process,
}

impl Server {
    /// Starts the server `name` with `command`; `None` if it is not installed.
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

/// Measures one publisher and its receivers.
fn publish(plan: Plan, publisher: TcpSender, mut receivers: Vec<TcpReceiver>) -> Result<Rates> {
    let plan = Plan { window: PUBLISHER_WINDOW, ..plan };
    load::run(plan, &mut [publisher], &mut receivers)
}

/// Measures acknowledged senders without receivers.
fn acknowledge(plan: Plan, mut senders: Vec<TcpSender>) -> Result<Rates> {
    load::run::<_, NoReceiver>(plan, &mut senders, &mut [])
}

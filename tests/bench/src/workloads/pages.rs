//! Random pages of history.

use std::path::Path;

use anyhow::Result;
use transport::clock;

use super::one_at_a_time::measure;
use super::{CONNECTIONS, Setup};
use crate::load::{self, NoReceiver};
use crate::papo::{Node, Session};

/// Requests in flight on each connection; a page is as large as 60 messages.
const WINDOW: usize = 4;

/// The speed of history pages.
#[derive(Debug)]
pub(crate) struct Pages {
    /// Pages per second with full windows.
    pub(crate) rate: f64,
    /// CPU time of the node per page, in microseconds.
    pub(crate) cpu_us: f64,
    /// Latency of one page at a time, in milliseconds.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

/// Reads random pages of the bench's channel. `messages` is the number of messages in the channel.
pub(crate) fn read(setup: &mut Setup, node: &Node, messages: u64) -> Result<Pages> {
    let session = Session::open(node)?;
    let readers = (0..CONNECTIONS).map(|_| session.reader(&mut setup.rng, messages));
    let mut readers = readers.collect::<Result<Vec<_>>>()?;
    let plan = load::Plan { window: WINDOW, ..setup.plan() };
    let before = node.process.cpu_seconds()?;
    let rates = load::run::<_, NoReceiver>(plan, &mut readers, &mut [])?;
    let cpu_us = (node.process.cpu_seconds()? - before) * 1e6 / rates.total as f64;
    let mut reader = session.reader(&mut setup.rng, messages)?;
    let latencies = measure(setup, || {
        let before = clock::now();
        reader.ask()?;
        Ok(clock::now().duration_since(before))
    })?;
    let [p50, p99] = [0.5, 0.99].map(|share| latencies.quantile_ms(share));
    Ok(Pages { rate: rates.acknowledged, cpu_us, p50, p99 })
}

/// Reads random pages of an existing data folder.
pub(crate) fn read_folder(setup: &mut Setup, folder: &Path, messages: u64) -> Result<Pages> {
    let node = Node::start(&setup.papo, folder)?;
    let pages = read(setup, &node, messages)?;
    node.process.stop()?;
    Ok(pages)
}

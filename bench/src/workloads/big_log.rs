//! A log with many messages: how it starts, what it holds in memory, and pages of history anywhere in it.

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use anyhow::Result;
use tempfile::TempDir;

use super::{CONNECTIONS, Setup, WINDOW, pages};
use crate::figures::{Figure, Results};
use crate::load::{self, Sender as _};
use crate::papo::{Node, Session};

/// How long a node is left alone before its memory is read.
const REST: Duration = Duration::from_millis(500);

/// The data folder with the big log, made when first needed and used by all runs.
#[derive(Default)]
pub(crate) struct BigLog {
    folder: Option<TempDir>,
}

impl BigLog {
    fn path(&mut self, setup: &mut Setup) -> Result<PathBuf> {
        if let Some(folder) = &self.folder {
            return Ok(folder.path().to_owned());
        }
        let folder = setup.new_folder()?;
        let path = folder.path().to_owned();
        fill(setup, &path)?;
        self.folder = Some(folder);
        Ok(path)
    }
}

/// Says as many messages as the log is to have, and stops the node.
fn fill(setup: &mut Setup, path: &std::path::Path) -> Result<()> {
    let node = Node::start(&setup.papo, path)?;
    let session = Session::open(&node)?;
    let senders = (0..CONNECTIONS).map(|_| session.sender(&mut setup.random, WINDOW));
    let mut senders = senders.collect::<Result<Vec<_>>>()?;
    let (mut to_send, mut missing) = (setup.extent.log_messages, setup.extent.log_messages);
    let mut in_flight = vec![0; CONNECTIONS];
    while missing > 0 {
        for (sender, in_flight) in senders.iter_mut().zip(&mut in_flight) {
            let acknowledged = sender.acknowledged()?;
            *in_flight -= acknowledged;
            missing -= acknowledged as u64;
            let count = (WINDOW - *in_flight).min(usize::try_from(to_send)?);
            sender.send(count)?;
            *in_flight += count;
            to_send -= count as u64;
        }
        load::Connection::wait(&senders, Duration::from_millis(10))?;
    }
    node.process.stop()
}

pub(super) fn run(setup: &mut Setup, big_log: &mut BigLog, results: &mut Results) -> Result<()> {
    let path = big_log.path(setup)?;
    let empty_folder = setup.new_folder()?;
    let empty = Node::start(&setup.papo, empty_folder.path())?;
    let node = Node::start(&setup.papo, &path)?;
    thread::sleep(REST);
    let messages = setup.extent.log_messages;
    let grown_kib = node.process.resident_kib()? as f64 - empty.process.resident_kib()? as f64;
    results.add(Figure::BigStart, node.start.as_secs_f64());
    results.add(Figure::BigMemory, grown_kib.max(0.0) * 1024.0 / messages as f64);
    drop(empty);
    let pages = pages::read(setup, &node, messages)?;
    results.add(Figure::PageRate, pages.rate);
    results.add(Figure::PageP50, pages.p50);
    results.add(Figure::PageP99, pages.p99);
    drop(node);
    let after_kill = Node::start(&setup.papo, &path)?;
    results.add(Figure::BigStartKilled, after_kill.start.as_secs_f64());
    after_kill.process.stop()
}

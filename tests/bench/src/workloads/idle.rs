//! Start time and memory of an idle node.

use std::thread;
use std::time::Duration;

use anyhow::Result;

use super::Setup;
use crate::figures::{Figure, Results};
use crate::papo::Node;

/// Idle time before the memory of a node is read.
const IDLE_TIME: Duration = Duration::from_millis(500);

pub(super) fn node(setup: &mut Setup, results: &mut Results) -> Result<()> {
    let folder = setup.new_folder()?;
    let node = Node::start(&setup.papo, folder.path())?;
    thread::sleep(IDLE_TIME);
    results.add(Figure::IdleStart, node.start.as_secs_f64());
    results.add(Figure::IdleMemory, node.process.resident_kib()? as f64 / 1024.0);
    Ok(())
}

//! What an idle node costs.

use std::thread;
use std::time::Duration;

use anyhow::Result;

use super::Setup;
use crate::figures::{Figure, Results};
use crate::papo::Node;

/// How long a node that has nothing to do is left alone before its memory is read.
const REST: Duration = Duration::from_millis(500);

pub(super) fn node(setup: &mut Setup, results: &mut Results) -> Result<()> {
    let folder = setup.new_folder()?;
    let node = Node::start(&setup.papo, folder.path())?;
    thread::sleep(REST);
    results.add(Figure::IdleStart, node.start.as_secs_f64());
    results.add(Figure::IdleMemory, node.process.resident_kib()? as f64 / 1024.0);
    Ok(())
}

//! Nodes with a growing log: startup, memory, and random pages of history.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use super::{Curve, GrowthRun};
use crate::data_folder::DataFolder;
use crate::papo::Node;
use crate::workloads::{Setup, pages};

const MESSAGES: &[u64] = &[1_000, 10_000, 100_000, 1_000_000, 10_000_000];

/// The number of sizes that only a large run measures.
const LARGE: usize = 1;

/// Disk space per message of the bench: the event, the indexes, and the temporary files of a rebuild of the
/// search index.
const MESSAGE_BYTES: u64 = 600;

pub(super) fn run(grow: &mut GrowthRun<'_>) -> Result<()> {
    let folder = grow.setup.new_folder()?;
    let (path, sizes) = (folder.path(), grow.sizes(MESSAGES, LARGE));
    check_free_space(&grow.setup.folder, sizes.last().copied().unwrap_or(0))?;
    let mut before = 0;
    for &messages in sizes {
        fill(grow.setup, path, messages - before)?;
        before = messages;
        after_kills(grow, path, messages)?;
        // A clean stop writes the snapshots.
        Node::start(&grow.setup.papo, path)?.process.stop()?;
        for _ in 0..grow.runs {
            after_clean_stop(grow, path, messages)?;
        }
    }
    Ok(())
}

/// Adds messages, and closes the folder like a killed server. Then rebuilds the search index, because a
/// measured node must not do it.
fn fill(setup: &mut Setup, path: &Path, messages: u64) -> Result<()> {
    let mut data = DataFolder::open(&setup.papo, path)?;
    data.add_messages(messages, &mut setup.rng)?;
    data.close_without_snapshots()?;
    let rebuilt = Command::new(&setup.papo).args(["index", "rebuild", "--data"]).arg(path).output()?;
    ensure!(rebuilt.status.success(), "papo index rebuild: {}", String::from_utf8_lossy(&rebuilt.stderr));
    Ok(())
}

fn after_kills(grow: &mut GrowthRun<'_>, path: &Path, messages: u64) -> Result<()> {
    for _ in 0..grow.runs {
        // Dropping the node kills it before it writes anything.
        let start = Node::start(&grow.setup.papo, path)?.start;
        grow.add(Curve::StartKilled, messages, start.as_secs_f64());
    }
    Ok(())
}

fn after_clean_stop(grow: &mut GrowthRun<'_>, path: &Path, messages: u64) -> Result<()> {
    let node = Node::start(&grow.setup.papo, path)?;
    grow.add(Curve::StartClean, messages, node.start.as_secs_f64());
    let kib = grow.kib_above_empty(&node)?;
    grow.add(Curve::LogMemory, messages, kib / 1024.0);
    grow.add(Curve::MessageMemory, messages, kib * 1024.0 / messages as f64);
    let pages = pages::read(grow.setup, &node, messages)?;
    grow.add(Curve::PageRate, messages, pages.rate);
    grow.add(Curve::PageProcessor, messages, pages.cpu_us);
    grow.add(Curve::PageP50, messages, pages.p50);
    grow.add(Curve::PageP99, messages, pages.p99);
    node.process.stop()
}

/// Fails early if the disk has not enough space.
fn check_free_space(folder: &Path, messages: u64) -> Result<()> {
    let disk = rustix::fs::statvfs(folder)?;
    let (needed, free) = (messages * MESSAGE_BYTES, disk.f_bavail * disk.f_frsize);
    ensure!(
        free >= needed,
        "a log of {messages} messages needs {} MB in {}, but only {} MB are free: free some space, or choose another disk with \
         --folder",
        needed / 1_000_000,
        folder.display(),
        free / 1_000_000
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_without_space_is_refused() {
        let folder = std::env::temp_dir();
        check_free_space(&folder, 1).expect("one message fits");
        let error = check_free_space(&folder, u64::MAX / MESSAGE_BYTES).expect_err("the messages do not fit");
        assert!(error.to_string().contains("--folder"), "{error}");
    }
}

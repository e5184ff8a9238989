//! The memory per channel and per user, and the startup of a node with many channels or users.

use anyhow::Result;

use super::{Curve, GrowthRun, idle_kib};
use crate::data_folder::DataFolder;
use crate::papo::Node;

const CHANNELS: &[u64] = &[100, 1_000, 10_000];
const USERS: &[u64] = &[1_000, 10_000, 100_000];

/// Adds channels or users with the numbers of a range.
type Add = fn(&mut DataFolder, std::ops::Range<u64>) -> Result<()>;

pub(super) fn channels(grow: &mut GrowthRun<'_>) -> Result<()> {
    measure(grow, CHANNELS, DataFolder::add_channels, (Curve::ChannelMemory, Curve::ChannelStart))
}

pub(super) fn users(grow: &mut GrowthRun<'_>) -> Result<()> {
    measure(grow, USERS, DataFolder::add_users, (Curve::UserMemory, Curve::UserStart))
}

fn measure(
    grow: &mut GrowthRun<'_>,
    sizes: &'static [u64],
    add: Add,
    (memory, start): (Curve, Curve),
) -> Result<()> {
    let folder = grow.setup.new_folder()?;
    let mut before = 0;
    for &size in grow.sizes(sizes, 0) {
        let mut data = DataFolder::open(&grow.setup.papo, folder.path())?;
        add(&mut data, before..size)?;
        data.close()?;
        before = size;
        for _ in 0..grow.runs {
            let node = Node::start(&grow.setup.papo, folder.path())?;
            grow.add(start, size, node.start.as_secs_f64());
            idle_kib(&node.process)?;
            let kib = grow.kib_above_empty(&node)?;
            grow.add(memory, size, kib * 1024.0 / size as f64);
            node.process.stop()?;
        }
    }
    Ok(())
}

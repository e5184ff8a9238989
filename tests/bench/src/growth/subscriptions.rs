//! The memory per subscription of one subscriber.

use anyhow::Result;
use transport::{Context, Kind};

use super::{Curve, GrowthRun, idle_kib};
use crate::frames::connected;
use crate::papo::{Node, receive};

const SUBSCRIPTIONS: &[u64] = &[100, 1_000, 10_000];

pub(super) fn run(grow: &mut GrowthRun<'_>) -> Result<()> {
    (0..grow.runs).try_for_each(|_| one_node(grow))
}

fn one_node(grow: &mut GrowthRun<'_>) -> Result<()> {
    let folder = grow.setup.new_folder()?;
    let node = Node::start(&grow.setup.papo, folder.path())?;
    let socket = connected(&Context::new(), Kind::Subscriber, &node.subscribers, &node.security)?;
    let barrier = |number: u64| {
        socket.subscribe(format!("sync.bench.{number:032x}").as_bytes())?;
        receive(&socket)
    };
    barrier(0)?;
    let (kib, mut before) = (idle_kib(&node.process)?, 0);
    for &size in grow.sizes(SUBSCRIPTIONS, 0) {
        for number in before..size {
            socket.subscribe(
                format!("channel.channel-{number}.{:032x}", u128::MAX / u128::from(number + 1)).as_bytes(),
            )?;
        }
        before = size;
        barrier(size)?;
        let grown_kib = idle_kib(&node.process)?.saturating_sub(kib);
        grow.add(Curve::Subscription, size, grown_kib as f64 * 1024.0 / size as f64);
    }
    Ok(())
}

//! One send at a time, beside the least that a durable send can cost: an append and an `fdatasync`.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::time::Duration;

use anyhow::Result;
use transport::clock;

use super::Setup;
use crate::figures::{Figure, Results};
use crate::latency::Latencies;
use crate::papo::{Node, Session};

/// Bytes of a message's record in the log, roughly.
const RECORD_BYTES: usize = 300;

/// Takes turns, so that whatever else the disk does meanwhile slows both.
pub(super) fn run(setup: &mut Setup, results: &mut Results) -> Result<()> {
    let folder = setup.new_folder()?;
    // On the same disk, and grown by appending just as the log is.
    let mut file = OpenOptions::new().append(true).create(true).open(folder.path().join("bare"))?;
    let node = Node::start(&setup.papo, &folder.path().join("data"))?;
    let session = Session::open(&node)?;
    let mut sender = session.sender(&mut setup.rng, 1)?;
    let mut bare = Latencies::new()?;
    let papo = measure(setup, || {
        let before = clock::now();
        file.write_all(&[b'x'; RECORD_BYTES])?;
        file.sync_data()?;
        let between = clock::now();
        bare.add(between.duration_since(before));
        sender.ask()?;
        Ok(clock::now().duration_since(between))
    })?;
    results.add(Figure::SyncP50, bare.quantile_ms(0.5));
    results.add(Figure::SyncP99, bare.quantile_ms(0.99));
    results.add(Figure::OneP50, papo.quantile_ms(0.5));
    results.add(Figure::OneP99, papo.quantile_ms(0.99));
    Ok(())
}

/// Does the same thing again and again, after a warm-up; it says itself how long it took.
pub(super) fn measure(setup: &Setup, mut once: impl FnMut() -> Result<Duration>) -> Result<Latencies> {
    let mut latencies = Latencies::new()?;
    let begin = clock::now() + setup.extent.warm_up;
    let end = begin + setup.extent.measured;
    loop {
        let before = clock::now();
        if before >= end {
            return Ok(latencies);
        }
        let took = once()?;
        if before >= begin {
            latencies.add(took);
        }
    }
}

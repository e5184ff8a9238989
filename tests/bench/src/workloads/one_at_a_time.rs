//! One send at a time, compared with the minimum cost of a durable send: an append and an `fdatasync`.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::time::Duration;

use anyhow::Result;
use transport::clock;

use super::Setup;
use crate::figures::{Figure, Results};
use crate::latency::Latencies;
use crate::papo::{Node, Session};

/// The approximate size of a message's record in the log.
const RECORD_BYTES: usize = 300;

/// Alternates between papo and a bare append, so other load on the disk affects both.
pub(super) fn run(setup: &mut Setup, results: &mut Results) -> Result<()> {
    let folder = setup.new_folder()?;
    // The file is on the disk of the log, and is opened for appending like the log.
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

/// Repeats `once` during the warm-up and the measurement. Records the durations that `once` returns during
/// the measurement.
pub(super) fn measure(setup: &Setup, mut once: impl FnMut() -> Result<Duration>) -> Result<Latencies> {
    let mut latencies = Latencies::new()?;
    let begin = clock::now() + setup.timing.warm_up;
    let end = begin + setup.timing.measured;
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

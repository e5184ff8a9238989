//! The recorded sessions that the JavaScript core in `web/` replays. `UPDATE_TRACES=1 cargo test -p sim
//! --test traces` records all of them again; otherwise the test records some of them and compares.

#![expect(clippy::expect_used, reason = "test helpers may panic")]
#![expect(clippy::disallowed_methods, reason = "this test reads and writes fixtures, not the data folder")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::Value;

/// The number of recorded runs.
const RUNS: u64 = 200;

/// Every run with this step is recorded again and compared.
const COMPARED_EVERY: u64 = 25;

const THREADS: u64 = 4;

/// The minimum number of kinds of faults that affect at least [`RUNS_PER_FAULT_MIN`] recorded clients.
const FAULTS_MIN: usize = 12;
const RUNS_PER_FAULT_MIN: usize = 10;

fn recorded(seed: u64) -> String {
    sim::record(seed).unwrap_or_else(|failure| {
        panic!("seed {seed} at {} ms: {}", failure.at_ms, failure.violation);
    })
}

fn path(seed: u64) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/conformance/traces/sim");
    folder.join(format!("{seed:03}.jsonl.gz"))
}

fn stored(seed: u64) -> String {
    let mut lines = String::new();
    let bytes = fs::read(path(seed)).unwrap_or_default();
    GzDecoder::new(&*bytes).read_to_string(&mut lines).expect("a trace");
    lines
}

fn store(seed: u64, lines: &str) {
    // The header has no time, so equal traces are equal files.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(lines.as_bytes()).expect("a compressed trace");
    fs::write(path(seed), encoder.finish().expect("a compressed trace")).expect("a file");
}

/// Records one of every `every` runs, in several threads. Compares each with its trace, or stores it.
fn record_again(every: u64, is_update: bool) {
    let record = |seed| {
        let lines = recorded(seed);
        if is_update {
            store(seed, &lines);
        }
        assert!(stored(seed) == lines, "run {seed} differs: run `make traces`");
    };
    std::thread::scope(|scope| {
        for first in 0..THREADS {
            let seeds = (first * every..RUNS).step_by(usize::try_from(THREADS * every).expect("a count"));
            scope.spawn(move || seeds.for_each(record));
        }
    });
}

#[test]
fn the_traces_are_those_of_the_session_core() {
    let is_update = std::env::var_os("UPDATE_TRACES").is_some();
    record_again(if is_update { 1 } else { COMPARED_EVERY }, is_update);
}

#[test]
fn the_traces_have_faults_of_many_kinds() {
    let mut runs = BTreeMap::<String, usize>::new();
    for seed in 0..RUNS {
        let lines = stored(seed);
        let parsed = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("json"));
        let mut faults: Vec<_> =
            parsed.filter_map(|line| line.get("fault").and_then(Value::as_str).map(str::to_owned)).collect();
        faults.sort();
        faults.dedup();
        faults.into_iter().for_each(|fault| *runs.entry(fault).or_default() += 1);
    }
    let frequent = runs.values().filter(|runs| **runs >= RUNS_PER_FAULT_MIN).count();
    assert!(frequent >= FAULTS_MIN, "{runs:?}");
}

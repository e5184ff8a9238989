//! The traces of the tests: the recorded inputs and effects of each harness. `node --test` replays them
//! through the JavaScript core. `UPDATE_TRACES=1 cargo test -p session` rewrites them.

#![expect(clippy::disallowed_methods, reason = "this test reads and writes fixtures, not the data folder")]

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};

/// The maximum bytes of a trace. The traces of tests with thousands of messages are larger, and not compared.
const TRACE_BYTES_MAX: usize = 120_000;

/// The maximum number of harnesses of a test that are compared. Tests of random inputs have more.
const HARNESSES_MAX: usize = 4;

thread_local! {
    /// The number of harnesses that the test of this thread has dropped.
    static HARNESSES: Cell<usize> = const { Cell::new(0) };
}

/// Compares the lines with the trace of the test that runs in this thread.
pub(super) fn compare(lines: &str) {
    let number = HARNESSES.get() + 1;
    HARNESSES.set(number);
    let thread = std::thread::current();
    let Some(test) = thread.name().and_then(|name| name.strip_prefix("tests::")) else { return };
    let is_random = test.starts_with("every_event_is_emitted");
    if is_random || number > HARNESSES_MAX || lines.len() > TRACE_BYTES_MAX {
        return;
    }
    let path = folder().join(format!("{}.{number}.jsonl", test.replace("::", ".")));
    if std::env::var_os("UPDATE_TRACES").is_some() {
        return fs::write(&path, lines).expect("a trace");
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(written == lines, "{} differs: run `UPDATE_TRACES=1 cargo test -p session`", path.display());
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/conformance/traces/unit")
}

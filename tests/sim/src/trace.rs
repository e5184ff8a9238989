//! The trace of a run: readable lines, and one hash that is equal for equal runs.

use std::fmt::Arguments;

use common::hex::to_hex;
use sha2::{Digest as _, Sha256};

pub(crate) struct Trace {
    hash: Sha256,
    /// Receives each line.
    reader: Option<fn(&str)>,
}

impl Trace {
    pub(crate) fn new(reader: Option<fn(&str)>) -> Self {
        Self { hash: Sha256::new(), reader }
    }

    pub(crate) fn note(&mut self, now_ms: u64, what: Arguments<'_>) {
        let line = format!("{:>7}.{:03} {what}", now_ms / 1000, now_ms % 1000);
        self.hash.update(line.as_bytes());
        if let Some(reader) = self.reader {
            reader(&line);
        }
    }

    /// The hash of all lines, in hexadecimal digits.
    pub(crate) fn hash(self) -> String {
        to_hex(&self.hash.finalize())
    }
}

//! What is made of the results: a table to read, JSON to compare, a page with plots to publish.

mod document;
mod json;
mod plots;
mod table;

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::figures::Results;
use crate::machine::Machine;

pub(crate) use table::text;

/// How the results were come by.
pub(crate) struct Report<'a> {
    pub(crate) machine: &'a Machine,
    pub(crate) results: &'a Results,
    pub(crate) runs: usize,
    pub(crate) seed: u64,
    pub(crate) seconds: f64,
    pub(crate) idle_clients: u64,
    pub(crate) log_messages: u64,
    /// A run too short to be worth comparing.
    pub(crate) is_quick: bool,
}

impl Report<'_> {
    /// How it was measured, in a sentence.
    fn method(&self) -> String {
        let Self { runs, seconds, seed, idle_clients, log_messages, .. } = self;
        let busy = if self.machine.was_busy() {
            " The machine was busy with other work: absolute figures are worthless, ratios are rough, and what \
             is reached or not must be measured again on an idle machine."
        } else {
            ""
        };
        let quick = if self.is_quick { " A quick run, for development only." } else { "" };
        format!(
            "Runs of every workload: {runs}, of {seconds} s each after a warm-up; seed {seed}. Idle clients: \
             {idle_clients}. Messages in the big log: {log_messages}.{quick}{busy}"
        )
    }
}

/// Writes `PERFORMANCE.md`, the plots and the JSON file under `docs`.
pub(crate) fn write(report: &Report<'_>, docs: &Path) -> Result<()> {
    let folder = docs.join("performance");
    std::fs::create_dir_all(&folder)?;
    write_file(&folder.join("results.json"), &json::text(report)?)?;
    for plot in plots::ALL {
        write_file(&folder.join(plot.file), &plot.draw(report.results)?)?;
    }
    let page = docs.join("PERFORMANCE.md");
    let before = std::fs::read_to_string(&page).with_context(|| format!("cannot read {}", page.display()))?;
    write_file(&page, &document::renewed(&before, &document::text(report))?)
}

fn write_file(path: &Path, content: &str) -> Result<()> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).open(path);
    file.and_then(|mut file| file.write_all(content.as_bytes()))
        .with_context(|| format!("cannot write {}", path.display()))
}

//! `papo index`: manages the search index.

use std::io::Write as _;

use anyhow::Context as _;
use clap::Subcommand;
use server::services::search;

use crate::roles::DataArgs;

#[derive(Subcommand)]
pub(crate) enum Index {
    /// Rebuild the search index from the log; the server must be stopped
    Rebuild(DataArgs),
}

impl Index {
    /// Prints the number of the last indexed record as one line of JSON.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let Self::Rebuild(data) = self;
        let records = search::rebuild(&data.data)?;
        let line = serde_json::json!({ "rebuilt": true, "records": records });
        writeln!(std::io::stdout(), "{line}").context("cannot write to standard output")
    }
}

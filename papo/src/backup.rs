//! `papo backup` and `papo restore`: a data folder as one file, and back.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use serde_json::json;
use server::maintenance::backup;
use transport::clock;

use crate::roles::DataArgs;
use crate::say;

/// Flags of `papo backup`.
#[derive(Args)]
pub(crate) struct BackupArgs {
    /// The tar file to write, in place of one that is there; or a folder, and the file in it is named by the time
    #[arg(value_name = "FILE.tar|FOLDER")]
    to: PathBuf,
    /// Leave out files whose contents are missing in the data folder, instead of refusing
    #[arg(long)]
    without_missing_files: bool,
    /// Leave the node's keys out: who restores it gets a new node key, and everybody a new invite
    #[arg(long)]
    without_keys: bool,
    #[command(flatten)]
    data: DataArgs,
}

/// Flags of `papo restore`.
#[derive(Args)]
pub(crate) struct RestoreArgs {
    /// The file that `papo backup` has written
    #[arg(value_name = "FILE.tar")]
    from: PathBuf,
    /// Go on without files whose contents the archive does not hold, instead of refusing
    #[arg(long)]
    without_missing_files: bool,
    #[command(flatten)]
    data: DataArgs,
}

impl BackupArgs {
    /// Prints where the backup is and where its log ends, as one line of JSON.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let Self { to, without_missing_files, without_keys, data } = self;
        let mut go_on = go_on(without_missing_files);
        let (to, contents) = backup::write(&data.data, &to, !without_keys, clock::unix_ms(), &mut go_on)?;
        if contents.keys {
            say(&format!(
                "{} holds the node's secret keys beside all messages: keep it as safe as the node itself",
                to.display()
            ));
        }
        print(&json!({ "backup": to, "holds": contents }))
    }
}

impl RestoreArgs {
    /// Prints what was restored, as one line of JSON.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let contents = backup::restore(
            &self.from,
            &self.data.data,
            clock::unix_ms(),
            &mut go_on(self.without_missing_files),
        )?;
        print(&json!({ "restored": self.data.data, "holds": contents }))
    }
}

/// Decides about a file whose content is missing.
fn go_on(without_missing_files: bool) -> impl FnMut(&str) -> bool {
    move |sentence| {
        if without_missing_files {
            say(&format!("{sentence}; it is left out"));
        }
        without_missing_files
    }
}

fn print(line: &serde_json::Value) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{line}").context("cannot write to standard output")
}

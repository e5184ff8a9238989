//! `papo backup` writes a data folder into one file; `papo restore` creates a data folder from that file.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use serde_json::json;
use server::maintenance::backup;
use transport::clock;

use crate::print_to_stderr;
use crate::roles::DataArgs;

#[derive(Args)]
pub(crate) struct BackupArgs {
    /// Write this tar file, which may replace an older backup, or write a file with the time in its name into
    /// this folder; `-` writes to standard output
    #[arg(value_name = "FILE.tar|FOLDER|-")]
    to: PathBuf,
    /// Leave out files whose content is missing in the data folder, instead of ending with an error
    #[arg(long)]
    without_missing_files: bool,
    /// Leave out the node's keys: a restored node creates a new key, and all users need a new invite
    #[arg(long)]
    without_keys: bool,
    #[command(flatten)]
    data: DataArgs,
}

#[derive(Args)]
pub(crate) struct RestoreArgs {
    /// Restore this file, which `papo backup` wrote
    #[arg(value_name = "FILE.tar")]
    from: PathBuf,
    /// Leave out files whose content is missing in the archive, instead of ending with an error
    #[arg(long)]
    without_missing_files: bool,
    #[command(flatten)]
    data: DataArgs,
}

impl BackupArgs {
    /// Prints the path of the backup, and a summary of its data, as one line of JSON: to standard error if
    /// the backup itself is written to standard output.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let Self { to, without_missing_files, without_keys, data } = self;
        let (now, mut skip_missing) = (clock::unix_ms(), skip_missing(without_missing_files));
        let is_to_stdout = is_stdout(&to);
        let (to, summary) = if is_to_stdout {
            let out = &mut std::io::stdout().lock();
            let summary = backup::write_to(out, &data.data, !without_keys, now, &mut skip_missing)?;
            (to, summary)
        } else {
            backup::write(&data.data, &to, !without_keys, now, &mut skip_missing)?
        };
        if summary.keys {
            print_to_stderr(&format!(
                "{} contains the node's secret keys and all messages: protect it like the node itself",
                to.display()
            ));
        }
        let report = json!({ "backup": to, "holds": summary });
        if is_to_stdout {
            print_to_stderr(&report.to_string());
            return Ok(());
        }
        print(&report)
    }
}

/// Whether a path of the command line means standard output.
pub(crate) fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == "-"
}

impl RestoreArgs {
    /// Prints a summary of the restored data as one line of JSON.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let summary = backup::restore(
            &self.from,
            &self.data.data,
            clock::unix_ms(),
            &mut skip_missing(self.without_missing_files),
        )?;
        print(&json!({ "restored": self.data.data, "holds": summary }))
    }
}

/// Returns a callback for files whose content is missing. The callback returns whether to continue without
/// the file.
fn skip_missing(without_missing_files: bool) -> impl FnMut(&str) -> bool {
    move |sentence| {
        if without_missing_files {
            print_to_stderr(&format!("{sentence}; it is left out"));
        }
        without_missing_files
    }
}

fn print(line: &serde_json::Value) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{line}").context("cannot write to standard output")
}

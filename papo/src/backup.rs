//! `papo backup` writes a data folder into one file; `papo restore` creates a data folder from that file.
//! The flags of a node that makes backups while it runs.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use serde_json::json;
use server::maintenance::backup;
use server::maintenance::backup::node::BackupConfig;
use server::services::backups::KEEP_DEFAULT;
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
pub(crate) struct NodeBackupArgs {
    /// Make a backup in this interval, such as 24h: minutes (m), hours (h) or days (d), at least 1m
    /// [default: only when an administrator requests a backup]
    #[arg(long, env = "PAPO_BACKUP_EVERY", value_name = "TIME", value_parser = interval)]
    backup_every: Option<Duration>,
    /// Write backups of the running node into this folder, which no other node may use [default: the folder
    /// `backups` of the data folder]
    #[arg(long, env = "PAPO_BACKUPS", value_name = "FOLDER")]
    backups: Option<PathBuf>,
    /// Keep this number of scheduled backups, and this number of backups that administrators requested
    #[arg(long, env = "PAPO_BACKUPS_KEEP", value_name = "NUMBER", default_value_t = KEEP_DEFAULT as u64,
        value_parser = clap::value_parser!(u64).range(1..=1000))]
    backups_keep: u64,
}

impl NodeBackupArgs {
    pub(crate) fn config(self) -> BackupConfig {
        let keep = usize::try_from(self.backups_keep).unwrap_or(KEEP_DEFAULT);
        BackupConfig { folder: self.backups, every: self.backup_every, keep }
    }
}

/// The longest interval: a year.
const INTERVAL_MINUTES_MAX: u64 = 366 * 24 * 60;

/// Parses an interval, such as `24h`.
fn interval(text: &str) -> Result<Duration, String> {
    let (number, unit) = text.split_at(text.len() - text.chars().next_back().map_or(0, char::len_utf8));
    let minutes = match unit {
        "m" => Some(1),
        "h" => Some(60),
        "d" => Some(24 * 60),
        _ => None,
    };
    let number = Some(number).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    let number: Option<u64> = number.and_then(|digits| digits.parse().ok());
    match number.zip(minutes).and_then(|(number, minutes)| number.checked_mul(minutes)) {
        Some(minutes @ 1..=INTERVAL_MINUTES_MAX) => Ok(Duration::from_secs(60 * minutes)),
        _ => {
            Err("write a number of minutes, hours or days from 1m to 366d, such as 30m, 24h or 7d".to_owned())
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_a_number_with_a_unit() {
        let minutes = |text| interval(text).map(|interval| interval.as_secs() / 60);
        assert_eq!(
            ["1m", "90m", "24h", "7d", "366d"].map(|text| minutes(text).expect(text)),
            [1, 90, 1440, 10_080, 527_040]
        );
        for wrong in [
            "",
            "24",
            "h",
            "0m",
            "0d",
            "-1h",
            "+1h",
            "1.5h",
            "1s",
            "367d",
            "1 h",
            "24\u{20ac}",
            "99999999999999999999d",
        ] {
            assert!(minutes(wrong).is_err(), "{wrong}");
        }
    }
}

//! `papo import`: imports the users, channels and messages of another chat. The server must be stopped.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use server::maintenance::import::Import;
use server::maintenance::migration::{MigrationError, Writer, mattermost, slack};
use server::storage::commit_log::CommitMode;
use server::storage::data_folder::Store;
use server::storage::ledger::Ledger;
use transport::clock;
use transport::poll::{Watch, wait};
use transport::wake::Wake;

use crate::roles::DataArgs;

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct ImportArgs {
    #[command(subcommand)]
    chat: Option<Chat>,
    /// Import the users in this JSON file, with SHA-256 password hashes; the first login of a user replaces
    /// the hash
    #[arg(long, value_name = "FILE")]
    users: Option<PathBuf>,
    /// Import the channels in this file, a JSON list or map
    #[arg(long, value_name = "FILE")]
    channels: Option<PathBuf>,
    /// Import the messages in this file, oldest first: one JSON object per line, or a JSON list
    #[arg(long, value_name = "FILE")]
    messages: Option<PathBuf>,
    #[command(flatten)]
    data: DataArgs,
}

/// The chat that made an export.
#[derive(Subcommand)]
enum Chat {
    /// Import the export of a Slack workspace: the ZIP file, or its unpacked folder
    ///
    /// Run the command again after an interruption: it continues, and imports nothing twice. Slack exports
    /// contain links to files, not the files.
    Slack(ExportArgs),
    /// Import the bulk export of Mattermost: the JSONL file, or the unpacked folder with its attachments
    ///
    /// Run the command again after an interruption: it continues, and imports nothing twice.
    Mattermost(ExportArgs),
}

#[derive(Args)]
struct ExportArgs {
    /// The path of the export
    #[arg(value_name = "EXPORT")]
    export: PathBuf,
    /// Create a code with which the administrator sets a password: papo reset-password USER CODE
    #[arg(long)]
    administrator_code: bool,
    #[command(flatten)]
    data: DataArgs,
}

/// The interval at which to check for durable records if the commit log does not wake this thread.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

impl ImportArgs {
    /// Prints a report of imported and refused items as one line of JSON.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        match &self.chat {
            Some(Chat::Slack(args)) => args.run(slack::import),
            Some(Chat::Mattermost(args)) => args.run(mattermost::import),
            None => self.import_files(),
        }
    }

    fn import_files(&self) -> anyhow::Result<()> {
        let (mut ledger, wake) = open(&self.data)?;
        let mut failed = None;
        let mut sync = |ledger: &mut Ledger| {
            if failed.is_none() {
                failed = sync_all(ledger, &wake).err();
            }
        };
        let mut import = Import::new(&mut ledger, &mut sync, clock::unix_ms());
        if let Some(file) = &self.users {
            import.users(&read(file)?).with_context(|| format!("cannot import {}", file.display()))?;
        }
        if let Some(file) = &self.channels {
            import.channels(&read(file)?).with_context(|| format!("cannot import {}", file.display()))?;
        }
        if let Some(file) = &self.messages {
            import.messages(&read(file)?).with_context(|| format!("cannot import {}", file.display()))?;
        }
        let report = serde_json::to_string(&import.report)?;
        sync(&mut ledger);
        if let Some(error) = failed {
            return Err(error);
        }
        ledger.close();
        print(&report)
    }
}

impl ExportArgs {
    fn run(
        &self,
        import: impl FnOnce(&mut Writer<'_>, &Path) -> Result<(), MigrationError>,
    ) -> anyhow::Result<()> {
        let (mut ledger, wake) = open(&self.data)?;
        let mut sync = |ledger: &mut Ledger| sync_all(ledger, &wake).map_err(Into::into);
        let mut writer = Writer::new(&mut ledger, &mut sync, clock::unix_ms());
        import(&mut writer, &self.export)?;
        let code = if self.administrator_code { writer.administrator_code()? } else { None };
        let mut report = serde_json::to_value(&writer.report)?;
        if let (Some(report), Some((user, code))) = (report.as_object_mut(), code) {
            report.insert("administrator".to_owned(), user.as_str().into());
            report.insert("administrator_code".to_owned(), code.into());
        }
        ledger.close();
        print(&report.to_string())
    }
}

fn open(data: &DataArgs) -> anyhow::Result<(Ledger, Wake)> {
    let (waker, wake) = Wake::new()?;
    Ok((Ledger::open(Store::open(&data.data)?, &CommitMode::OnThread(waker))?, wake))
}

fn print(report: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{report}").context("cannot write to standard output")
}

/// Waits until all records are on disk.
fn sync_all(ledger: &mut Ledger, wake: &Wake) -> anyhow::Result<()> {
    while !ledger.is_quiet() {
        ledger.flush();
        wait(&[Watch::Wake(wake)], Some(POLL_INTERVAL))?;
        wake.clear();
        ledger.poll().map_err(|failure| failure.cause)?;
    }
    Ok(())
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    disk::read(file).with_context(|| format!("cannot read {}", file.display()))
}

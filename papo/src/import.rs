//! `papo import`: imports the users, channels and messages of an older chat. The server must be stopped.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use server::maintenance::import::Import;
use server::storage::commit_log::CommitMode;
use server::storage::data_folder::Store;
use server::storage::ledger::Ledger;
use transport::clock;
use transport::poll::{Watch, wait};
use transport::wake::Wake;

use crate::roles::DataArgs;

#[derive(Args)]
pub(crate) struct ImportArgs {
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

/// The interval at which to check for durable records if the commit log does not wake this thread.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

impl ImportArgs {
    /// Prints a report of imported and refused items as one line of JSON.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let (waker, wake) = Wake::new()?;
        let mut ledger = Ledger::open(Store::open(&self.data.data)?, &CommitMode::OnThread(waker))?;
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
        writeln!(std::io::stdout(), "{report}").context("cannot write to standard output")
    }
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

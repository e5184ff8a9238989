//! Creates data folders with the server's ledger, without sockets: the same files as those of a server under
//! load, in less time.

use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use common::{ChannelName, Target, Text, UserName};
use server::domain::{Actor, Command};
use server::storage::commit_log::CommitMode;
use server::storage::data_folder::Store;
use server::storage::ledger::Ledger;
use testkit::Rng;
use transport::clock;
use transport::poll::{Watch, wait};
use transport::wake::Wake;

use crate::papo::{CHANNEL, Node, Session, TEXT_BYTES, USER, message_id};

/// Records per batch: the number of messages that the other workloads have in flight.
const BATCH_RECORDS: u64 = 1024;

/// Maximum wait before the next poll of the ledger.
const SYNC_WAIT_MAX: Duration = Duration::from_millis(100);

/// An open data folder with the user and the channel of the bench.
pub(crate) struct DataFolder {
    ledger: Ledger,
    wake: Wake,
    user: UserName,
    unsynced_records: u64,
}

impl DataFolder {
    /// Opens the folder. If the folder is new, a node creates the account and the channel.
    pub(crate) fn open(papo: &Path, path: &Path) -> Result<Self> {
        if !path.join("log").is_dir() {
            let node = Node::start(papo, path)?;
            Session::open(&node)?;
            node.process.stop()?;
        }
        let (waker, wake) = Wake::new()?;
        let ledger = Ledger::open(Store::open(path)?, &CommitMode::OnThread(waker))?;
        Ok(Self { ledger, wake, user: UserName::new(USER)?, unsynced_records: 0 })
    }

    pub(crate) fn add_messages(&mut self, count: u64, rng: &mut Rng) -> Result<()> {
        let (to, text) = (Target::new(CHANNEL)?, rng.letters(TEXT_BYTES));
        for _ in 0..count {
            let text = Text::new(text.as_str())?;
            let (user, to, id) = (self.user.clone(), to.clone(), message_id(rng));
            self.record(Command::Send { user, to, id, text, reply: None })?;
        }
        Ok(())
    }

    /// Creates channels with these numbers, each with one member.
    pub(crate) fn add_channels(&mut self, numbers: Range<u64>) -> Result<()> {
        for number in numbers {
            let channel = ChannelName::new(&format!("#channel-{number}"))?;
            self.record(Command::CreateChannel(Actor { user: self.user.clone(), channel }, false))?;
        }
        Ok(())
    }

    /// Creates accounts with these numbers. They share the password hash of the bench's user, because 100,000
    /// hashes would take too long.
    pub(crate) fn add_users(&mut self, numbers: Range<u64>) -> Result<()> {
        let password = self.ledger.state().users.password(&self.user).context("no password")?.to_owned();
        for number in numbers {
            let user = UserName::new(&format!("user-{number}"))?;
            self.record(Command::Register { user, password: password.as_str().into() })?;
        }
        Ok(())
    }

    /// Closes the folder like a killed server: all records are durable, but the snapshots are old.
    pub(crate) fn close_without_snapshots(mut self) -> Result<()> {
        self.sync()
    }

    /// Closes the folder like a server after a clean stop.
    pub(crate) fn close(mut self) -> Result<()> {
        self.sync()?;
        self.ledger.close();
        Ok(())
    }

    fn record(&mut self, command: Command<'_>) -> Result<()> {
        let recorded = self.ledger.record(command, clock::unix_ms()).map(drop);
        recorded.map_err(|error| anyhow!("refused: {}", error.message))?;
        self.unsynced_records += 1;
        if self.unsynced_records >= BATCH_RECORDS {
            self.step()?;
        }
        if self.ledger.is_full() || self.ledger.wants_snapshot() {
            self.sync()?;
        }
        Ok(())
    }

    /// Does one round of the server's loop: polls the commit log, and flushes the open batch.
    fn step(&mut self) -> Result<()> {
        self.ledger.poll().map_err(|failure| failure.cause)?;
        if self.ledger.wants_snapshot() && self.ledger.is_quiet() {
            self.ledger.snapshot();
        }
        self.ledger.flush();
        self.unsynced_records = 0;
        Ok(())
    }

    fn sync(&mut self) -> Result<()> {
        self.step()?;
        while !self.ledger.is_quiet() {
            wait(&[Watch::Wake(&self.wake)], Some(SYNC_WAIT_MAX))?;
            self.wake.clear();
            self.step()?;
        }
        self.step()
    }
}

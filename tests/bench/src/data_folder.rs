//! Data folders made with the server's own ledger, without sockets: the files are what a server under load leaves,
//! only sooner.

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

/// Records that gather before the disk is asked to take them: as many as are in flight in the other workloads.
const BATCH_RECORDS: u64 = 1024;

/// How long the disk may be silent before it is asked again.
const PATIENCE: Duration = Duration::from_millis(100);

/// An open data folder, with the bench's user and channel in it.
pub(crate) struct DataFolder {
    ledger: Ledger,
    wake: Wake,
    user: UserName,
    gathered: u64,
}

impl DataFolder {
    /// Opens the folder. The first time, a node makes the account and the channel in it.
    pub(crate) fn open(papo: &Path, path: &Path) -> Result<Self> {
        if !path.join("log").is_dir() {
            let node = Node::start(papo, path)?;
            Session::open(&node)?;
            node.process.stop()?;
        }
        let (waker, wake) = Wake::new()?;
        let ledger = Ledger::open(Store::open(path)?, &CommitMode::OnThread(waker))?;
        Ok(Self { ledger, wake, user: UserName::new(USER)?, gathered: 0 })
    }

    /// Says as many things in the channel.
    pub(crate) fn add_messages(&mut self, count: u64, rng: &mut Rng) -> Result<()> {
        let (to, text) = (Target::new(CHANNEL)?, rng.letters(TEXT_BYTES));
        for _ in 0..count {
            let text = Text::new(text.as_str())?;
            let (user, to, id) = (self.user.clone(), to.clone(), message_id(rng));
            self.record(Command::Send { user, to, id, text, reply: None })?;
        }
        Ok(())
    }

    /// Makes the channels with these numbers, each with one member.
    pub(crate) fn add_channels(&mut self, numbers: Range<u64>) -> Result<()> {
        for number in numbers {
            let channel = ChannelName::new(&format!("#channel-{number}"))?;
            self.record(Command::CreateChannel(Actor { user: self.user.clone(), channel }, false))?;
        }
        Ok(())
    }

    /// Makes accounts with these numbers. They all have the password of the bench's user, under its very hash: nobody
    /// waits for 100,000 hashes, and the accounts are no smaller for it.
    pub(crate) fn add_users(&mut self, numbers: Range<u64>) -> Result<()> {
        let password = self.ledger.state().users.password(&self.user).context("no password")?.to_owned();
        for number in numbers {
            let user = UserName::new(&format!("user-{number}"))?;
            self.record(Command::Register { user, password: password.as_str().into() })?;
        }
        Ok(())
    }

    /// Leaves the folder as a killed server does: everything is on the disk, but the snapshots are those of before.
    pub(crate) fn abandon(mut self) -> Result<()> {
        self.sync()
    }

    /// Leaves the folder as a server does that is stopped.
    pub(crate) fn close(mut self) -> Result<()> {
        self.sync()?;
        self.ledger.close();
        Ok(())
    }

    fn record(&mut self, command: Command<'_>) -> Result<()> {
        let recorded = self.ledger.record(command, clock::unix_ms()).map(drop);
        recorded.map_err(|error| anyhow!("refused: {}", error.message))?;
        self.gathered += 1;
        if self.gathered >= BATCH_RECORDS {
            self.step()?;
        }
        if self.ledger.is_full() || self.ledger.wants_snapshot() {
            self.sync()?;
        }
        Ok(())
    }

    /// What a round of the server's loop does: takes note of what is on the disk, and hands it what has gathered.
    fn step(&mut self) -> Result<()> {
        self.ledger.poll().map_err(|failure| failure.cause)?;
        if self.ledger.wants_snapshot() && self.ledger.is_quiet() {
            self.ledger.snapshot();
        }
        self.ledger.flush();
        self.gathered = 0;
        Ok(())
    }

    fn sync(&mut self) -> Result<()> {
        self.step()?;
        while !self.ledger.is_quiet() {
            wait(&[Watch::Wake(&self.wake)], Some(PATIENCE))?;
            self.wake.clear();
            self.step()?;
        }
        self.step()
    }
}

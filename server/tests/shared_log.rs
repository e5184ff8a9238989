//! Tests of a ledger in a cluster, on a shared log in memory.

#![expect(clippy::expect_used, reason = "test helpers may panic")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cluster::{Head, Model, SharedBatch, SharedLog};
use common::{Detail, Error};
use disk::RealDisk;
use disk::faulty::FaultyDisk;
use server::journal::{JournalError, verify};
use server::storage::commit_log::{CommitMode, SharedCommits};
use server::storage::data_folder::{Store, StoreError};
use server::storage::ledger::{DiskFailure, Ledger};
use tempfile::TempDir;
use testkit::team::commands::{create, register, send};
use testkit::team::{NOW_MS, event_lines};
use testkit::{channel, id};
use transport::poll::{Watch, wait};
use transport::wake::Wake;

/// A node: its ledger, and its connection to the shared log.
struct Node {
    ledger: Ledger,
    wake: Wake,
    term: Arc<AtomicU64>,
    folder: TempDir,
}

fn shared_log() -> Model {
    Model::new(Head { record: 0, chain: "0".repeat(64) })
}

impl Node {
    fn open(log: &Model) -> Self {
        let (folder, (waker, wake)) =
            (tempfile::tempdir().expect("a folder"), Wake::new().expect("a wake-up"));
        let (log, term) = (log.clone(), Arc::<AtomicU64>::default());
        let open = Arc::new(move || Ok(Box::new(log.clone()) as Box<dyn SharedLog>));
        let commits = CommitMode::Shared(waker, SharedCommits { open, term: Arc::clone(&term) });
        let ledger = Ledger::open(Store::open(folder.path()).expect("a folder"), &commits).expect("a log");
        Self { ledger, wake, term, folder }
    }

    fn lead(&mut self, log: &Model, name: &str) {
        self.term.store(log.lead(name), Ordering::Release);
        self.ledger.lead();
    }

    fn say(&mut self, number: u128) {
        let command = send("alice", "#a", id(number), format!("olá {number}"));
        self.ledger.record(command, NOW_MS).expect("an allowed command");
    }

    /// Waits until all records are durable, or a batch is refused.
    fn sync(&mut self) -> Result<(), Box<DiskFailure>> {
        while !self.ledger.is_quiet() {
            self.ledger.flush();
            wait(&[Watch::Wake(&self.wake)], Some(Duration::from_millis(100))).expect("waiting succeeds");
            self.wake.clear();
            self.ledger.poll()?;
        }
        Ok(())
    }

    fn receive(&mut self, batch: &SharedBatch) -> Result<(), JournalError> {
        self.ledger.receive(batch, &mut |_| {})
    }

    /// The end of the log on the disk.
    fn head(&self) -> Head {
        verify(&RealDisk::new(self.folder.path())).expect("a whole log").head.into()
    }

    fn messages(&self) -> String {
        event_lines(&self.ledger, "alice", "#a")
    }
}

/// A leader with two accounts and a channel.
fn leader(log: &Model) -> Node {
    let mut node = Node::open(log);
    node.lead(log, "n1");
    for command in [register("alice"), create("alice", "#a")] {
        node.ledger.record(command, NOW_MS).expect("an allowed command");
    }
    node.sync().expect("stored");
    node
}

#[test]
fn a_follower_has_the_log_and_the_state_of_the_leader() {
    let log = shared_log();
    let (mut leader, mut follower) = (leader(&log), Node::open(&log));
    leader.say(1);
    leader.sync().expect("stored");
    assert!(matches!(follower.ledger.record(register("eva"), NOW_MS), Err(error) if error == no_leader()));
    for batch in log.batches() {
        follower.receive(&batch).expect("the next batch");
    }
    follower.sync().expect("written");
    assert_eq!(follower.head(), leader.head());
    assert_eq!(follower.messages(), leader.messages());
    assert_eq!(follower.ledger.state().head(&common::Conversation::Channel(channel("#a"))), 2);
    let files = |node: &Node| {
        let segment = node.folder.path().join("log/00000000000000000001.log");
        disk::read(&segment).expect("a segment")
    };
    assert_eq!(files(&follower), files(&leader), "the segments are the same, byte for byte");
}

fn no_leader() -> Error {
    Detail::NoLeader.into()
}

#[test]
fn a_follower_refuses_another_chain_and_a_gap() {
    let log = shared_log();
    let (mut leader, mut follower) = (leader(&log), Node::open(&log));
    leader.say(1);
    leader.sync().expect("stored");
    let batches = log.batches();
    let gap = follower.receive(&batches[1]);
    assert!(matches!(gap, Err(JournalError::OtherChain { .. })), "{gap:?}");
    let mut forged = batches[0].clone();
    let text = String::from_utf8(forged.bytes).expect("UTF-8");
    forged.bytes = text.replace("alice", "mallo").into_bytes();
    follower.receive(&forged).expect("the chain is checked when it is written");
    let refused = follower.sync().expect_err("another chain");
    assert!(refused.cause.to_string().contains("differs from the log of its cluster"), "{}", refused.cause);
    assert_eq!(follower.head().record, 0, "nothing was written");
}

#[test]
fn a_batch_is_in_the_shared_log_before_it_is_on_the_disk() {
    let log = shared_log();
    let mut leader = leader(&log);
    let before = leader.head();
    log.cut(true);
    leader.say(1);
    let refused = leader.sync().expect_err("the shared log does not answer");
    assert_eq!((refused.answer, refused.is_rolled_back), (no_leader(), true));
    assert_eq!(leader.head(), before, "nothing was written");
    assert!(!leader.ledger.leads() && !leader.messages().contains("olá 1"));
    // The connection is back, and the node follows: the batch was not stored.
    log.cut(false);
    assert_eq!(leader.ledger.head(), log.clone().standing().expect("an answer").head);
}

#[test]
fn a_deposed_leader_takes_back_its_batch_and_receives_those_of_the_next_leader() {
    let log = shared_log();
    let (mut old, mut new) = (leader(&log), Node::open(&log));
    for batch in log.batches() {
        new.receive(&batch).expect("the next batch");
    }
    new.sync().expect("written");
    new.lead(&log, "n2");
    old.say(1);
    let refused = old.sync().expect_err("deposed");
    assert_eq!(refused.answer, no_leader());
    new.say(2);
    new.sync().expect("stored");
    let last = log.batches().pop().expect("a batch");
    old.receive(&last).expect("the next batch");
    old.sync().expect("written");
    assert_eq!(old.head(), new.head());
    assert!(old.messages().contains("olá 2") && !old.messages().contains("olá 1"), "{}", old.messages());
}

#[test]
fn a_leader_whose_disk_is_full_refuses_nothing_that_the_shared_log_has() {
    let (log, disk, term) = (shared_log(), FaultyDisk::new(), Arc::<AtomicU64>::default());
    let connection = log.clone();
    let open = Arc::new(move || Ok(Box::new(connection.clone()) as Box<dyn SharedLog>));
    let commits = SharedCommits { open, term: Arc::clone(&term) };
    let mode = CommitMode::SharedWhenPolled(commits, Arc::new(|| Duration::ZERO));
    let mut ledger = Ledger::open(Store::on(Arc::new(disk.clone())), &mode).expect("a log");
    term.store(log.lead("n1"), Ordering::Release);
    ledger.lead();
    ledger.record(register("alice"), NOW_MS).expect("an allowed command");
    disk.set_room(Some(40));
    ledger.flush();
    let failed = (0..4).find_map(|_| ledger.poll().err()).expect("a full disk");
    assert_eq!((failed.answer, failed.is_rolled_back), (no_leader(), true));
    assert!(!ledger.leads() && ledger.failure().is_some());
    // The disk has room, and the node receives its own batch from the shared log.
    disk.set_room(None);
    ledger.poll().expect("room");
    let batches = log.batches();
    ledger.receive(&batches[0], &mut |_| {}).expect("the next batch");
    ledger.flush();
    ledger.poll().expect("written");
    assert_eq!(ledger.head(), batches[0].after);
}

#[test]
fn a_large_burst_is_stored_in_batches_that_fit_a_request_to_etcd() {
    let log = shared_log();
    let mut leader = leader(&log);
    let mut closed = 0;
    for number in 1..=200 {
        let text = "x".repeat(15_000);
        leader.ledger.record(send("alice", "#a", id(number), text), NOW_MS).expect("an allowed command");
        // The fan-out closes full batches after each record.
        if let Some(last_record) = leader.ledger.close_full_batch() {
            assert!(last_record > closed);
            closed = last_record;
        }
    }
    leader.sync().expect("stored");
    let sizes: Vec<usize> = log.batches().iter().map(|batch| batch.bytes.len()).collect();
    assert!(sizes.len() > 5 && sizes.iter().all(|size| *size <= cluster::BATCH_BYTES_MAX), "{sizes:?}");
    assert_eq!(leader.head(), log.clone().standing().expect("an answer").head);
}

#[test]
fn the_folder_of_a_cluster_opens_only_in_its_cluster() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    assert!(matches!(Store::open_in_cluster(path, "team"), Err(StoreError::NotInCluster { .. })));
    Store::open(path).expect("a folder").join_cluster("team", Some(7)).expect("a member");
    assert!(matches!(Store::open(path), Err(StoreError::InCluster { .. })));
    assert!(matches!(Store::open_in_cluster(path, "other"), Err(StoreError::NotInCluster { .. })));
    let store = Store::open_in_cluster(path, "team").expect("its cluster");
    assert_eq!(store.restored_ms().expect("a time"), Some(7));
}

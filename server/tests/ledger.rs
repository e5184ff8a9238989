//! State, journal and snapshots together, on a real folder: what was recorded is there after every kind of end.

#![expect(
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and breaks files on purpose"
)]

use std::fs;
use std::path::Path;

use common::Conversation;
use server::domain::{Actor, Command};
use server::storage::commit_log::CommitMode;
use server::storage::data_folder::{Store, StoreError};
use server::storage::ledger::{Ledger, LedgerError};
use testkit::{channel, user};
use transport::poll::{Watch, wait};
use transport::wake::Wake;
use uuid::Uuid;

const NOW_MS: u64 = 4_102_444_800_000;

/// A ledger and what wakes its loop.
struct Running {
    ledger: Ledger,
    wake: Wake,
}

impl Running {
    fn open(folder: &Path) -> Self {
        Self::try_open(folder).expect("a sound folder")
    }

    fn try_open(folder: &Path) -> Result<Self, LedgerError> {
        let (waker, wake) = Wake::new().expect("a wake");
        Ok(Self { ledger: Ledger::open(Store::open(folder)?, &CommitMode::OnThread(waker))?, wake })
    }

    fn record(&mut self, command: Command<'_>) {
        self.ledger.record(command, NOW_MS).expect("allowed");
    }

    /// Returns when everything is on disk.
    fn sync(&mut self) {
        while !self.ledger.is_quiet() {
            self.ledger.flush();
            wait(&[Watch::Wake(&self.wake)], None).expect("a wait");
            self.wake.clear();
            self.ledger.poll().map_err(|failure| failure.answer).expect("a sound disk");
        }
    }

    fn history(&self, by: &str, target: &str) -> String {
        let conversation = Conversation::of(&user(by), &testkit::target(target));
        let mut lines = Vec::new();
        self.ledger.read(&conversation, 1, u64::MAX, &mut lines).expect("readable");
        String::from_utf8(lines).expect("utf-8")
    }

    /// Everything that can be asked, as one text.
    fn fingerprint(&self) -> String {
        let state = self.ledger.state();
        let accounts = serde_json::to_string(state.users.accounts()).expect("json");
        let channels = state.channels.all();
        let heads: Vec<_> = ["alice", "bob"]
            .map(user)
            .iter()
            .flat_map(|name| server::domain::history::heads(state, name, 0).collect::<Vec<_>>())
            .collect();
        format!(
            "{accounts}\n{channels:?}\n{heads:?}\n{}{}",
            self.history("alice", "#a"),
            self.history("alice", "@bob")
        )
    }
}

fn actor(by: &str) -> Actor {
    Actor { user: user(by), channel: channel("#a") }
}

fn send(by: &str, to: &str, number: u128) -> Command<'static> {
    let id = Uuid::from_u128(0x0197_0000_0000_7000_8000_0000_0000_0000 + number);
    let text = testkit::text(format!("olá {number} 🙂"));
    Command::Send { user: user(by), to: testkit::target(to), id, text, reply: None }
}

fn first_half(running: &mut Running) {
    for name in ["alice", "bob"] {
        running.record(Command::Register { user: user(name), password: "hash".into() });
    }
    running.record(Command::CreateChannel(actor("alice"), false));
    running.record(send("alice", "#a", 1));
    running.record(send("alice", "@bob", 2));
    running.sync();
}

fn second_half(running: &mut Running) {
    running.record(Command::Register { user: user("eva"), password: "hash".into() });
    running.record(Command::Join(actor("bob")));
    running.record(send("bob", "#a", 3));
    running.record(send("bob", "@alice", 4));
    running.sync();
}

#[test]
fn the_state_is_the_same_with_and_without_snapshots() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |file| folder.path().join(file);
    let mut running = Running::open(folder.path());
    first_half(&mut running);
    running.ledger.close();
    let older = ["users.json", "channels.json"].map(|file| fs::read(path(file)).expect("a snapshot"));

    let mut running = Running::open(folder.path());
    second_half(&mut running);
    let fingerprint = running.fingerprint();
    // As after a kill: nothing is closed, the snapshots are the older ones.
    drop(running);
    assert_eq!(Running::open(folder.path()).fingerprint(), fingerprint, "older snapshots");

    Running::open(folder.path()).ledger.close();
    let newer = ["users.json", "channels.json"].map(|file| fs::read(path(file)).expect("a snapshot"));
    assert_ne!(older, newer);
    assert_eq!(Running::open(folder.path()).fingerprint(), fingerprint, "snapshots of the very end");

    fs::write(path("users.json"), &older[0]).expect("written");
    assert_eq!(Running::open(folder.path()).fingerprint(), fingerprint, "a crash between the two snapshots");
    fs::write(path("users.json"), &newer[0]).expect("written");
    fs::write(path("channels.json"), &older[1]).expect("written");
    assert_eq!(Running::open(folder.path()).fingerprint(), fingerprint, "the other way round");

    fs::remove_file(path("users.json")).expect("removed");
    assert_eq!(Running::open(folder.path()).fingerprint(), fingerprint, "only one snapshot");
    fs::remove_file(path("channels.json")).expect("removed");
    assert_eq!(Running::open(folder.path()).fingerprint(), fingerprint, "no snapshot at all");
}

#[test]
fn an_id_is_recognised_before_and_after_it_is_on_disk_and_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut running = Running::open(folder.path());
    first_half(&mut running);
    running.record(send("alice", "#a", 9));
    let id = Uuid::from_u128(0x0197_0000_0000_7000_8000_0000_0000_0009);
    let number = |running: &Running| {
        running.ledger.sent_before(id, &user("alice")).expect("readable").map(|receipt| receipt.n)
    };
    assert_eq!(number(&running), Some(3), "while it waits for the disk");
    running.sync();
    assert_eq!(number(&running), Some(3));
    drop(running);
    let running = Running::open(folder.path());
    assert_eq!(number(&running), Some(3));
    let foreign = running.ledger.sent_before(id, &user("bob")).expect_err("alice's");
    assert_eq!(foreign.reason(), Some(common::Reason::IdTaken));
}

#[test]
fn a_folder_has_one_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = Running::open(folder.path());
    let refused = Running::try_open(folder.path()).err().expect("refused");
    assert!(matches!(refused, LedgerError::Store(StoreError::Locked(_))), "{refused}");
    drop(running);
    assert!(Running::try_open(folder.path()).is_ok());
}

#[test]
fn a_damaged_snapshot_is_put_aside_and_the_log_gives_the_same_state() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |file: &str| folder.path().join(file);
    let mut running = Running::open(folder.path());
    first_half(&mut running);
    let fingerprint = running.fingerprint();
    running.ledger.close();
    for file in ["users.json", "channels.json"] {
        let sound = fs::read(path(file)).expect("a snapshot");
        let mut flipped = sound.clone();
        // A letter of a name: it would be read as another one.
        let at = sound.windows(5).position(|window| window == b"alice").expect("a name");
        flipped[at] ^= 1;
        for damaged in [&flipped[..], &sound[..sound.len() / 2], b""] {
            fs::write(path(file), damaged).expect("written");
            assert_eq!(Running::open(folder.path()).fingerprint(), fingerprint, "{file}");
            assert_eq!(fs::read(path(&format!("{file}.damaged"))).expect("renamed"), damaged);
            assert!(!path(file).exists());
        }
        let unsigned = String::from_utf8(sound.clone()).expect("utf-8");
        let unsigned = unsigned.split(",\n  \"sha256\"").next().expect("a part").to_owned() + "\n}\n";
        for file_content in [unsigned.into_bytes(), sound] {
            fs::write(path(file), &file_content).expect("written");
            assert_eq!(Running::open(folder.path()).fingerprint(), fingerprint);
            assert_eq!(fs::read(path(file)).expect("still there"), file_content);
        }
    }
}

#[test]
fn what_cannot_be_used_is_refused_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut running = Running::open(folder.path());
    first_half(&mut running);
    running.ledger.close();
    let refusal = || Running::try_open(folder.path()).err().expect("refused").to_string();
    let users = folder.path().join("users.json");
    let sound = fs::read_to_string(&users).expect("a snapshot");
    // As somebody else would write it, without a checksum.
    let unsigned = sound.split(",\n  \"sha256\"").next().expect("a part").to_owned() + "\n}\n";

    fs::write(&users, unsigned.replace("\"format\": 3", "\"format\": 4")).expect("written");
    assert!(refusal().contains("newer than this papo knows"), "{}", refusal());
    fs::write(&users, unsigned.replace("\"record\": ", "\"record\": 9")).expect("written");
    assert!(refusal().contains("the log ends at record 5"), "ahead of the log: {}", refusal());
    fs::write(&users, &sound).expect("written");
    fs::write(folder.path().join("keys/topic.secret"), "secret").expect("written");
    assert!(refusal().contains("topic.secret does not contain 64 hex digits"), "{}", refusal());
}

//! Tests of the ledger on a real folder. Recorded events survive a stop, a kill and damage.

#![expect(
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "test helpers may panic, and the tests break files on purpose"
)]

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use server::domain::{Command, history};
use server::storage::commit_log::CommitMode;
use server::storage::data_folder::{Store, StoreError};
use server::storage::ledger::{Ledger, LedgerError};
use testkit::team::commands::{create, join, register, send};
use testkit::team::{NOW_MS, event_lines};
use testkit::{id, user};
use transport::poll::{Watch, wait};
use transport::wake::Wake;

/// A ledger with a commit thread, and the wake-up of that thread.
struct Running {
    ledger: Ledger,
    wake: Wake,
}

impl Running {
    fn open(folder: &Path) -> Self {
        Self::try_open(folder).expect("a sound folder")
    }

    fn try_open(folder: &Path) -> Result<Self, LedgerError> {
        let (waker, wake) = Wake::new().expect("a wake-up");
        Ok(Self { ledger: Ledger::open(Store::open(folder)?, &CommitMode::OnThread(waker))?, wake })
    }

    fn record(&mut self, command: Command<'_>) {
        self.ledger.record(command, NOW_MS).expect("an allowed command");
    }

    /// Waits until all records are durable.
    fn sync(&mut self) {
        while !self.ledger.is_quiet() {
            self.ledger.flush();
            wait(&[Watch::Wake(&self.wake)], None).expect("waiting succeeds");
            self.wake.clear();
            self.ledger.poll().map_err(|failure| failure.answer).expect("a sound disk");
        }
    }

    /// Accounts, channels, heads and events as one text.
    fn fingerprint(&self) -> String {
        let state = self.ledger.state();
        let accounts = serde_json::to_string(state.users.accounts()).expect("JSON");
        let channels = state.channels.all();
        let heads = ["alice", "bob"].map(|name| history::heads(state, &user(name), 0).collect::<Vec<_>>());
        let events = ["#a", "@bob"].map(|conversation| event_lines(&self.ledger, "alice", conversation));
        format!("{accounts}\n{channels:?}\n{heads:?}\n{}", events.concat())
    }
}

fn say(running: &mut Running, by: &str, to: &str, number: u128) {
    running.record(send(by, to, id(number), format!("olá {number} 🙂")));
}

fn record_first_half(running: &mut Running) {
    for command in [register("alice"), register("bob"), create("alice", "#a")] {
        running.record(command);
    }
    say(running, "alice", "#a", 1);
    say(running, "alice", "@bob", 2);
    running.sync();
}

fn record_second_half(running: &mut Running) {
    running.record(register("eva"));
    running.record(join("bob", "#a"));
    say(running, "bob", "#a", 3);
    say(running, "bob", "@alice", 4);
    running.sync();
}

#[test]
fn the_state_is_the_same_with_and_without_snapshots() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |file| folder.path().join(file);
    let mut running = Running::open(folder.path());
    record_first_half(&mut running);
    running.ledger.close();
    let older = ["users.json", "channels.json"].map(|file| fs::read(path(file)).expect("a snapshot"));

    let mut running = Running::open(folder.path());
    record_second_half(&mut running);
    let fingerprint = running.fingerprint();
    // The server is killed, so `close` is not called and the snapshots are old.
    drop(running);
    assert_eq!(Running::open(folder.path()).fingerprint(), fingerprint, "older snapshots");

    Running::open(folder.path()).ledger.close();
    let newer = ["users.json", "channels.json"].map(|file| fs::read(path(file)).expect("a snapshot"));
    assert_ne!(older, newer);
    assert_eq!(Running::open(folder.path()).fingerprint(), fingerprint, "snapshots at the end of the log");

    fs::write(path("users.json"), &older[0]).expect("written");
    assert_eq!(
        Running::open(folder.path()).fingerprint(),
        fingerprint,
        "older users, newer channels: a crash between the two snapshots"
    );
    fs::write(path("users.json"), &newer[0]).expect("written");
    fs::write(path("channels.json"), &older[1]).expect("written");
    assert_eq!(Running::open(folder.path()).fingerprint(), fingerprint, "older channels, newer users");

    fs::remove_file(path("users.json")).expect("removed");
    assert_eq!(Running::open(folder.path()).fingerprint(), fingerprint, "only one snapshot");
    fs::remove_file(path("channels.json")).expect("removed");
    assert_eq!(Running::open(folder.path()).fingerprint(), fingerprint, "no snapshot at all");
}

#[test]
fn an_id_is_recognised_before_and_after_its_record_is_durable_and_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut running = Running::open(folder.path());
    record_first_half(&mut running);
    say(&mut running, "alice", "#a", 9);
    let number = |running: &Running| {
        let receipt = running.ledger.sent_before(id(9), &user("alice")).expect("a log that can be read");
        receipt.map(|receipt| receipt.n)
    };
    assert_eq!(number(&running), Some(3), "before it is durable");
    running.sync();
    assert_eq!(number(&running), Some(3));
    drop(running);
    let running = Running::open(folder.path());
    assert_eq!(number(&running), Some(3));
    let refused = running.ledger.sent_before(id(9), &user("bob")).expect_err("the id of Alice's message");
    assert_eq!(refused.reason(), Some(common::Reason::IdTaken));
}

#[test]
fn an_opener_waits_for_a_holder_that_is_about_to_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let held = Store::open(folder.path()).expect("a new folder");
    thread::scope(|scope| {
        scope.spawn(move || {
            thread::sleep(Duration::from_millis(100));
            drop(held);
        });
        Store::open(folder.path()).expect("the holder has ended");
    });
}

#[test]
fn a_folder_in_use_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = Running::open(folder.path());
    let refused = Running::try_open(folder.path()).err().expect("refused");
    assert!(matches!(refused, LedgerError::Store(StoreError::Locked(_))), "{refused}");
    drop(running);
    assert!(Running::try_open(folder.path()).is_ok());
}

#[test]
fn a_damaged_snapshot_is_renamed_and_the_log_gives_the_same_state() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |file: &str| folder.path().join(file);
    let mut running = Running::open(folder.path());
    record_first_half(&mut running);
    let fingerprint = running.fingerprint();
    running.ledger.close();
    for file in ["users.json", "channels.json"] {
        let sound = fs::read(path(file)).expect("a snapshot");
        let mut flipped = sound.clone();
        // Change a letter of a name. The file is still valid JSON.
        let at = sound.windows(5).position(|window| window == b"alice").expect("a name");
        flipped[at] ^= 1;
        for damaged in [&flipped[..], &sound[..sound.len() / 2], b""] {
            fs::write(path(file), damaged).expect("written");
            assert_eq!(Running::open(folder.path()).fingerprint(), fingerprint, "{file}");
            assert_eq!(fs::read(path(&format!("{file}.damaged"))).expect("the renamed file"), damaged);
            assert!(!path(file).exists());
        }
        let text = String::from_utf8(sound.clone()).expect("utf-8");
        let without_checksum = text.split(",\n  \"sha256\"").next().expect("a part").to_owned() + "\n}\n";
        for file_content in [without_checksum.into_bytes(), sound] {
            fs::write(path(file), &file_content).expect("written");
            assert_eq!(Running::open(folder.path()).fingerprint(), fingerprint);
            assert_eq!(fs::read(path(file)).expect("an unchanged file"), file_content);
        }
    }
}

#[test]
fn the_error_contains_the_name_of_an_unusable_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut running = Running::open(folder.path());
    record_first_half(&mut running);
    running.ledger.close();
    let refusal = || Running::try_open(folder.path()).err().expect("refused").to_string();
    let users = folder.path().join("users.json");
    let sound = fs::read_to_string(&users).expect("a snapshot");
    // Remove the checksum of the edited snapshot, because the test is about the other checks.
    let without_checksum = sound.split(",\n  \"sha256\"").next().expect("a part").to_owned() + "\n}\n";

    fs::write(&users, without_checksum.replace("\"format\": 3", "\"format\": 4")).expect("written");
    assert!(refusal().contains("newer than this papo knows"), "{}", refusal());
    fs::write(&users, without_checksum.replace("\"record\": ", "\"record\": 9")).expect("written");
    assert!(refusal().contains("the log ends at record 5"), "a snapshot ahead of the log: {}", refusal());
    fs::write(&users, &sound).expect("written");
    fs::write(folder.path().join("keys/topic.secret"), "secret").expect("written");
    assert!(refusal().contains("topic.secret does not contain 64 hex digits"), "{}", refusal());
}

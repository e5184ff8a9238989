//! Tests of the backups that a running node makes: each step fails, the disk is full, the power is cut, the
//! written bytes are damaged, older backups are removed, and a folder is used by two nodes.

#![expect(
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "test helpers may panic, and the tests read and write files"
)]

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use disk::faulty::{Failure, FaultyDisk, Loss};
use disk::{Access, AppendFile, Disk};
use server::maintenance::backup::BackupError;
use server::maintenance::backup::node::{self, BackupConfig, make};
use server::services::backups::names::{self, BackupName, Cause, INCOMPLETE};
use server::services::backups::{Backups, Order, Progress};
use server::storage::data_folder::Store;
use server::storage::ledger::Sizes;
use tempfile::TempDir;
use testkit::id;
use testkit::team::commands::{create, file, register, send, share};
use testkit::team::{DISK_ERRORS, LOSSES, NOW_MS, open_ledger, record};
use transport::wake::Wake;

/// A data folder with messages and a file.
fn data() -> TempDir {
    let data = TempDir::new().expect("a folder");
    let mut ledger = open_ledger(Store::open(data.path()).expect("an unlocked folder"), Sizes::default());
    record(&mut ledger, register("alice"));
    record(&mut ledger, create("alice", "#a"));
    for number in 0..20 {
        record(&mut ledger, send("alice", "#a", id(number), format!("message {number}")));
    }
    let picture = file("a.png", b"a picture");
    let path = data.path().join(format!("files/{:.2}/{}", picture.sha256.to_string(), picture.sha256));
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, b"a picture").expect("a file");
    record(&mut ledger, share("alice", "#a", id(20), picture));
    ledger.close();
    data
}

fn order(cause: Cause, at_ms: u64, keep: usize) -> Order {
    Order { name: BackupName { cause, at_ms }, keep, progress: Arc::<Progress>::default() }
}

fn scheduled(at_ms: u64) -> Order {
    order(Cause::Scheduled, at_ms, 7)
}

/// Makes a backup on a disk whose clones share its files.
fn make_on(disk: &FaultyDisk, data: &Path, order: &Order) -> Result<(), BackupError> {
    make(data, &(Arc::new(disk.clone()) as Arc<dyn Disk>), order)
}

fn names(disk: &dyn Disk) -> Vec<String> {
    disk.list("").expect("a list")
}

/// A disk with one backup, and the bytes of this one and of the next one.
fn with_one_backup(data: &Path) -> (FaultyDisk, [(String, Vec<u8>); 2]) {
    let disk = FaultyDisk::new();
    make_on(&disk, data, &scheduled(1_000)).expect("a sound disk");
    let next = FaultyDisk::new();
    make_on(&next, data, &scheduled(2_000)).expect("a sound disk");
    let bytes = |disk: &FaultyDisk, name: &str| (name.to_owned(), disk.read(name).expect("a backup"));
    let expected = [bytes(&disk, "papo-scheduled-1000.tar"), bytes(&next, "papo-scheduled-2000.tar")];
    (disk, expected)
}

#[test]
fn each_failed_step_leaves_complete_backups_only() {
    let data = data();
    let (earlier, expected) = with_one_backup(data.path());
    // A copy without faults.
    let copy = || earlier.after_crash(Loss::Nothing);
    let sound = copy();
    make_on(&sound, data.path(), &scheduled(2_000)).expect("a sound disk");
    let operations = sound.operations();
    assert!(operations > 5, "{operations}");
    let mut kept = 0;
    for step in 0..operations {
        for (kind, lasts) in DISK_ERRORS {
            let case = format!("step {step}, {kind:?}, lasts: {lasts}");
            let disk = copy();
            disk.fail(Failure { operation: step, kind, lasts });
            let made = make_on(&disk, data.path(), &scheduled(2_000));
            assert!(made.is_err(), "{case}");
            disk.heal();
            if !lasts {
                assert!(!names(&disk).contains(&INCOMPLETE.to_owned()), "{case}");
            }
            for loss in LOSSES {
                let found = disk.after_crash(loss);
                let complete: Vec<_> = names(&found).into_iter().filter(|name| name != INCOMPLETE).collect();
                assert_eq!(complete.first(), Some(&expected[0].0), "{case}, {loss:?}: the earlier backup");
                for name in &complete {
                    let bytes = &expected.iter().find(|(known, _)| known == name).expect(&case).1;
                    assert!(found.read(name).expect("a file") == *bytes, "{case}, {loss:?}: {name}");
                }
                kept += complete.len() - 1;
                make_on(&found, data.path(), &scheduled(3_000)).expect("the next backup");
                assert!(!names(&found).contains(&INCOMPLETE.to_owned()), "{case}, {loss:?}");
            }
        }
    }
    assert!(kept > 0, "a failure after the rename keeps the backup");
}

#[test]
fn a_full_disk_is_reported_and_gets_its_bytes_back() {
    let data = data();
    let (disk, [_, (_, bytes)]) = with_one_backup(data.path());
    for room in [0, 1, 512, bytes.len() / 2, bytes.len() - 1] {
        disk.set_room(Some(room));
        let error = make_on(&disk, data.path(), &scheduled(2_000)).expect_err("a full disk");
        assert!(
            matches!(&error, BackupError::Io { source, .. } if source.kind() == ErrorKind::StorageFull),
            "{error:?}"
        );
        assert_eq!((disk.room(), names(&disk)), (Some(room), vec!["papo-scheduled-1000.tar".to_owned()]));
    }
    disk.set_room(Some(bytes.len()));
    make_on(&disk, data.path(), &scheduled(2_000)).expect("the disk has room");
}

/// A disk that returns one changed byte of an incomplete backup.
struct Damaged(FaultyDisk, u64);

impl Disk for Damaged {
    fn create_folder(&self, folder: &str) -> io::Result<()> {
        self.0.create_folder(folder)
    }
    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        self.0.list(folder)
    }
    fn create_for(&self, name: &str, access: Access) -> io::Result<Box<dyn AppendFile>> {
        self.0.create_for(name, access)
    }
    fn open_append(&self, name: &str) -> io::Result<Box<dyn AppendFile>> {
        self.0.open_append(name)
    }
    fn len(&self, name: &str) -> io::Result<u64> {
        self.0.len(name)
    }
    fn read_at(&self, name: &str, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read_at(name, offset, buffer)?;
        let at = self.1.checked_sub(offset).and_then(|at| usize::try_from(at).ok());
        if let Some(byte) = at.filter(|at| *at < read && name == INCOMPLETE).and_then(|at| buffer.get_mut(at))
        {
            *byte ^= 1;
        }
        Ok(read)
    }
    fn truncate(&self, name: &str, length: u64) -> io::Result<()> {
        self.0.truncate(name, length)
    }
    fn rewrite(&self, name: &str, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.rewrite(name, offset, bytes)
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.0.rename(from, to)
    }
    fn rename_new(&self, from: &str, to: &str) -> io::Result<()> {
        self.0.rename_new(from, to)
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        self.0.remove(name)
    }
    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        self.0.sync_folder(folder)
    }
}

#[test]
fn a_backup_whose_bytes_are_damaged_gets_no_name() {
    let data = data();
    let (_, [(_, bytes), _]) = with_one_backup(data.path());
    let position =
        |text: &[u8]| bytes.windows(text.len()).position(|window| window == text).expect("a member");
    for text in [&b"message 7"[..], b"a picture", b"\"chain\"", b"\"users\""] {
        let disk = FaultyDisk::new();
        let damaged: Arc<dyn Disk> = Arc::new(Damaged(disk.clone(), position(text) as u64 + 2));
        let error = make(data.path(), &damaged, &scheduled(1_000)).expect_err("damaged bytes");
        assert_eq!(names(&disk), [""; 0], "{error}");
    }
}

#[test]
fn only_the_oldest_backups_of_the_same_cause_are_removed() {
    let data = data();
    let disk = FaultyDisk::new();
    let others = ["papo-1.tar", "notes.txt", "papo-scheduled-0001.tar", "lock"];
    for name in others {
        disk.create_new(name).expect("a file");
    }
    for at_ms in 1..=5 {
        make_on(&disk, data.path(), &order(Cause::Scheduled, at_ms, 2)).expect("a sound disk");
        make_on(&disk, data.path(), &order(Cause::Requested, at_ms, 3)).expect("a sound disk");
    }
    let stored: Vec<_> = names::list(&disk).expect("a list").iter().map(|one| one.name.to_string()).collect();
    let expected = |cause: &str, at_ms: u64| format!("papo-{cause}-{at_ms}.tar");
    for name in [(4, "scheduled"), (5, "scheduled"), (3, "requested"), (4, "requested"), (5, "requested")] {
        assert!(stored.contains(&expected(name.1, name.0)), "{stored:?}");
    }
    assert_eq!(stored.len(), 5, "{stored:?}");
    assert!(others.iter().all(|name| names(&disk).contains(&(*name).to_owned())), "{:?}", names(&disk));
    // A clock that was ahead has left a backup of the year 2128.
    disk.rename("papo-scheduled-5.tar", "papo-scheduled-5000000000000.tar").expect("renamed");
    make_on(&disk, data.path(), &order(Cause::Scheduled, 6, 1)).expect("a sound disk");
    assert!(names(&disk).contains(&expected("scheduled", 6)), "the new backup remains: {:?}", names(&disk));
}

#[test]
fn a_cancelled_backup_leaves_nothing() {
    let (data, disk, order) = (data(), FaultyDisk::new(), scheduled(1));
    order.progress.is_cancelled.store(true, Ordering::Relaxed);
    let error = make_on(&disk, data.path(), &order).expect_err("cancelled");
    assert!(matches!(error, BackupError::Cancelled), "{error}");
    assert_eq!(names(&disk), [""; 0]);
}

/// Waits until the backup in progress has ended.
fn wait(backups: &mut Backups, wake: &Wake) {
    while backups.list().running.is_some() {
        wake.clear();
        backups.tick(NOW_MS, Duration::ZERO);
        thread::yield_now();
    }
}

#[test]
fn a_thread_makes_a_backup_and_the_next_start_lists_it() {
    let (data, home) = (data(), TempDir::new().expect("a folder"));
    let folder = home.path().join("backups");
    let config = BackupConfig { folder: Some(folder.clone()), ..BackupConfig::default() };
    let (waker, wake) = Wake::new().expect("a wake-up");
    let mut backups = node::open(data.path(), &config, waker.clone(), NOW_MS);
    assert!(!folder.exists(), "no folder before the first backup");
    let name = backups.request(NOW_MS).expect("started").to_string();
    wait(&mut backups, &wake);
    let list = backups.list();
    assert_eq!((list.backups.len(), list.failed), (1, None));
    assert_eq!(
        (&list.backups[0].name, list.backups[0].bytes),
        (&name, fs::metadata(folder.join(&name)).expect("a file").len())
    );

    // Another node with the same folder makes no backup.
    let mut other = node::open(data.path(), &config, waker.clone(), NOW_MS);
    other.request(NOW_MS + 1).expect("started");
    wait(&mut other, &wake);
    let error = other.list().failed.expect("a failure").error;
    assert!(error.contains("is used by another node"), "{error}");

    drop(backups);
    drop(other);
    fs::write(folder.join(INCOMPLETE), b"half").expect("a file");
    let backups = node::open(data.path(), &config, waker, NOW_MS);
    assert_eq!(backups.list().backups.len(), 1);
    assert!(!folder.join(INCOMPLETE).exists(), "the file of a crash is removed");
}

#[test]
fn a_backup_that_cannot_be_made_is_a_failure_with_its_path() {
    let (data, home) = (data(), TempDir::new().expect("a folder"));
    fs::write(home.path().join("file"), b"x").expect("a file");
    let config = BackupConfig { folder: Some(home.path().join("file")), ..BackupConfig::default() };
    let (waker, wake) = Wake::new().expect("a wake-up");
    let mut backups = node::open(data.path(), &config, waker, NOW_MS);
    backups.request(NOW_MS).expect("started");
    wait(&mut backups, &wake);
    let problems = backups.problems();
    assert_eq!(problems.len(), 1);
    assert!(
        problems[0].starts_with("the last backup failed: cannot create ") && problems[0].contains("file"),
        "{problems:?}"
    );
}

//! Tests that a file has one lock holder, within a process and across processes.
#![expect(clippy::expect_used, reason = "test helpers may panic")]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use disk::faulty::FaultyDisk;
use disk::{AppendFile, Disk, Lock, RealDisk};

/// Between fork and exec, a child process holds the locks of all open files of its parent. So a test that
/// starts a process and a test that expects a released lock must not run at the same time.
static FORKS: Mutex<()> = Mutex::new(());

/// The environment variable with the folder. It is set only for the second process of a test.
const HOLDER: &str = "PAPO_TEST_LOCK_HOLDER";

fn open(disk: &dyn Disk) -> Box<dyn AppendFile> {
    disk.open_append("lock").expect("a file")
}

fn check(disk: &dyn Disk) {
    let mut first = disk.create_new("lock").expect("a file");
    assert_eq!(first.lock().expect("locked"), Lock::Held);
    let mut second = open(disk);
    assert_eq!(second.lock().expect("refused"), Lock::Busy);
    drop(first);
    assert_eq!(second.lock().expect("locked"), Lock::Held, "the first holder closed the file");

    let mut removed = open(disk);
    disk.remove("lock").expect("removed");
    drop(second);
    assert_eq!(removed.lock().expect("locked"), Lock::Gone, "the file was removed");
    let mut third = disk.create_new("lock").expect("a file");
    let mut stale = removed;
    assert_ne!(stale.lock().expect("locked"), Lock::Held, "a new file has the name");
    assert_eq!(third.lock().expect("locked"), Lock::Held);
}

#[test]
fn a_real_file_has_one_holder() {
    let _alone = FORKS.lock().expect("the other test passed");
    let folder = tempfile::tempdir().expect("a folder");
    check(&RealDisk::new(folder.path()));
}

#[test]
fn a_file_of_the_faulty_disk_has_one_holder() {
    let disk = FaultyDisk::new();
    check(&disk);
    let mut holder = open(&disk);
    assert_eq!(holder.lock().expect("locked"), Lock::Held);
    assert_eq!(open(&disk).lock().expect("refused"), Lock::Busy);
    let mut after = open(&disk.after_crash(disk::faulty::Loss::Nothing));
    assert_eq!(after.lock().expect("locked"), Lock::Held, "a crash releases every lock");
}

#[test]
fn a_killed_process_loses_its_locks() {
    if let Some(folder) = std::env::var_os(HOLDER) {
        return hold(Path::new(&folder));
    }
    let _alone = FORKS.lock().expect("the other test passed");
    let folder = tempfile::tempdir().expect("a folder");
    let disk = RealDisk::new(folder.path());
    let mut other = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "a_killed_process_loses_its_locks", "--nocapture"])
        .env(HOLDER, folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a process");
    let mut output = BufReader::new(other.stdout.take().expect("its output")).lines();
    assert!(output.any(|line| line.expect("a line").contains("held")), "the other process holds the file");
    assert_eq!(open(&disk).lock().expect("refused"), Lock::Busy);
    other.kill().expect("killed");
    other.wait().expect("ended");
    assert_eq!(open(&disk).lock().expect("locked"), Lock::Held);
}

/// Runs in the second process: locks the file until the process is killed.
#[expect(clippy::print_stdout, reason = "the first process waits for this line")]
fn hold(folder: &Path) {
    let mut file = RealDisk::new(folder).open_or_create("lock").expect("a file");
    assert_eq!(file.lock().expect("locked"), Lock::Held);
    println!("held");
    loop {
        std::thread::park();
    }
}

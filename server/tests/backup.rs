//! Tests of backups of a folder in use, and of restores. Damaged folders and archives are refused, and the
//! error contains the name of the damaged file.

#![expect(
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "test helpers may panic, and the tests break files on purpose"
)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use disk::RealDisk;
use server::domain::Command;
use server::journal::{Options, verify};
use server::maintenance::backup::{self, BackupError, TableOfContents};
use server::services::files::folder;
use server::storage::data_folder::{Store, StoreError};
use server::storage::ledger::{Ledger, Sizes};
use tempfile::TempDir;
use testkit::id;
use testkit::team::commands::{create, file, register, send, share};
use testkit::team::{NOW_MS, open_ledger, record};

/// Small sizes. The backup then has several segments, and snapshots that are older than the log.
const SIZES: Sizes = Sizes { segments: Options { segment_bytes: 1500 }, snapshot_every_bytes: 2000 };

fn open(folder: &Path) -> Ledger {
    open_ledger(Store::open(folder).expect("an unlocked folder"), SIZES)
}

fn message(number: u128) -> Command<'static> {
    send("alice", "#a", id(number), format!("message {number}"))
}

/// Creates a folder with twenty messages, a file and an incomplete upload. Returns the open ledger.
fn folder_in_use(data: &Path) -> Ledger {
    let mut ledger = open(data);
    record(&mut ledger, register("alice"));
    record(&mut ledger, create("alice", "#a"));
    for number in 0..20 {
        record(&mut ledger, message(number));
        if ledger.wants_snapshot() {
            ledger.snapshot();
        }
    }
    share_file(data, &mut ledger, 20, b"a picture");
    fs::create_dir_all(data.join("files/uploads")).expect("a folder");
    fs::write(data.join("files/uploads/x.part"), b"half").expect("a file");
    ledger
}

/// The path of a file content.
fn content_path(data: &Path, bytes: &[u8]) -> PathBuf {
    data.join(folder::content_path(&file("a.png", bytes).sha256))
}

fn write_content(data: &Path, bytes: &[u8]) {
    let path = content_path(data, bytes);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, bytes).expect("a file");
}

fn share_file(data: &Path, ledger: &mut Ledger, number: u128, bytes: &[u8]) {
    write_content(data, bytes);
    record(ledger, share("alice", "#a", id(number), file("a.png", bytes)));
}

/// Backs up a folder. Fails if a file is missing.
fn write(
    data: &Path,
    to: &Path,
    with_keys: bool,
    at_ms: u64,
) -> Result<(PathBuf, TableOfContents), BackupError> {
    backup::write(data, to, with_keys, at_ms, &mut |_| false)
}

/// Restores an archive. Fails if a file is missing.
fn restore(from: &Path, data: &Path) -> Result<TableOfContents, BackupError> {
    backup::restore(from, data, NOW_MS, &mut |_| false)
}

/// A data folder and its backup.
struct BackedUp {
    _home: TempDir,
    data: PathBuf,
    archive: PathBuf,
}

fn backed_up() -> BackedUp {
    let home = TempDir::new().expect("a folder");
    let (data, archive) = (home.path().join("data"), home.path().join("papo.tar"));
    fs::create_dir(&data).expect("a folder");
    folder_in_use(&data).close();
    write(&data, &archive, true, NOW_MS).expect("a sound folder");
    BackedUp { _home: home, data, archive }
}

/// The files that a restore must recreate, with their bytes: all files except indexes and uploads.
fn files(data: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![data.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(data).expect("a path below data").to_owned();
                files.insert(name, fs::read(&path).expect("a file"));
            }
        }
    }
    files.retain(|name, _| {
        name.extension().is_none_or(|extension| extension != "idx" && extension != "part")
            && ["lock", "restored"].iter().all(|other| name != Path::new(other))
    });
    files
}

/// The sentence of an error, without the path of a file that cannot be read or unpacked.
fn without_path(sentence: &str) -> &str {
    sentence.strip_prefix("cannot ").and_then(|rest| rest.rsplit_once(": ")).map_or(sentence, |(_, why)| why)
}

/// Returns the error for a refused archive. Checks that the refused restore leaves no files.
fn refusal(archive: &Path) -> String {
    let data = TempDir::new().expect("a folder");
    let error = restore(archive, data.path()).expect_err("an unsound archive");
    let (disk, name) = RealDisk::parent_of(archive).expect("a file");
    let checked = backup::check_archive(&(Arc::new(disk) as _), &name, archive, || Ok(()));
    let checked = checked.expect_err("an unsound archive").to_string();
    assert_eq!(without_path(&checked), without_path(&error.to_string()), "without unpacking the archive");
    let entries = fs::read_dir(data.path()).expect("a folder");
    let remaining: Vec<_> = entries.map(|entry| entry.expect("an entry").file_name()).collect();
    assert_eq!(remaining, [""; 0], "{error}");
    let missing = data.path().join("not/there");
    restore(archive, &missing).expect_err("an unsound archive");
    assert!(!data.path().join("not").exists(), "{error}");
    error.to_string()
}

#[test]
fn a_backup_of_a_folder_in_use_ends_with_its_last_complete_batch() {
    let (data, backups) = (TempDir::new().expect("a folder"), TempDir::new().expect("a folder"));
    let mut ledger = folder_in_use(data.path());
    let acknowledged = files(data.path());
    // Neither a record that is not durable nor an incomplete batch is in the backup.
    ledger.record(message(100), NOW_MS).expect("an allowed command");
    let open = acknowledged.keys().rfind(|name| name.starts_with("log")).expect("a segment");
    let torn = [&acknowledged[open][..], b"{\"n\":99,\"at\":7"].concat();
    fs::write(data.path().join(open), torn).expect("a file");

    let (archive, contents) = write(data.path(), backups.path(), true, NOW_MS).expect("a sound folder");
    assert_eq!(archive, backups.path().join("papo-1763700000000.tar"));
    assert_eq!(fs::metadata(&archive).expect("a file").permissions().mode() & 0o777, 0o600);
    assert_eq!((contents.records, contents.files, contents.keys), (23, 1, true));

    let bytes = fs::read(&archive).expect("a file");
    assert!(!bytes.windows(8).any(|bytes| bytes == b"{\"n\":99,"), "an incomplete batch");

    let new = backups.path().join("new");
    assert_eq!(restore(&archive, &new).expect("a sound archive"), contents);
    assert_eq!(files(&new), acknowledged);
    let head = verify(&RealDisk::new(&new)).expect("a sound log").head;
    assert_eq!((head.record, head.chain.to_string()), (contents.records, contents.chain));
    let mut restored = self::open(&new);
    assert_eq!(restored.restored_ms(), Some(NOW_MS), "clients must learn of the restore");
    record(&mut restored, message(100));
    assert_eq!(restored.position(), 24);
}

#[test]
fn a_restore_without_keys_creates_new_keys() {
    let BackedUp { _home, data, archive } = backed_up();
    let (_, contents) = write(&data, &archive, false, NOW_MS).expect("a sound folder");
    assert!(!contents.keys);
    let new = TempDir::new().expect("a folder");
    restore(&archive, new.path()).expect("a sound archive");
    let (old, new) = (files(&data), files(new.path()));
    let secret = Path::new("keys/topic.secret");
    assert_ne!(old[secret], new[secret]);
    assert_eq!(old[Path::new("users.json")], new[Path::new("users.json")]);
}

#[test]
fn a_truncated_archive_is_refused() {
    let BackedUp { _home, archive, .. } = backed_up();
    let whole = fs::read(&archive).expect("a file");
    for end in (0..whole.len() - 1024).step_by(1024) {
        fs::write(&archive, &whole[..end]).expect("a file");
        assert!(!refusal(&archive).is_empty(), "cut at {end}");
    }
    fs::write(&archive, &whole[..whole.len() - 2048]).expect("a file");
    insta::assert_snapshot!(refusal(&archive), @"the archive is incomplete: its last member, papo-backup.json, is missing; nothing was restored");
}

#[test]
fn a_changed_byte_is_refused_or_changes_no_file() {
    let BackedUp { _home, data, archive } = backed_up();
    // The bytes of a key are arbitrary, so a changed key cannot be detected.
    let without_keys = |folder: &Path| {
        let mut files = files(folder);
        files.retain(|name, _| !name.starts_with("keys"));
        files
    };
    let (whole, before) = (fs::read(&archive).expect("a file"), without_keys(&data));
    let mut refused = 0;
    for at in (0..whole.len()).step_by(331) {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(&archive, changed).expect("a file");
        let new = TempDir::new().expect("a folder");
        match restore(&archive, new.path()) {
            Err(_) => refused += 1,
            Ok(_) => assert_eq!(without_keys(new.path()), before, "byte {at}"),
        }
    }
    assert!(refused > 10, "{refused}");
}

#[test]
fn a_damaged_folder_is_not_backed_up() {
    let BackedUp { _home, data, archive } = backed_up();
    let refusal = || write(&data, &archive, true, NOW_MS).expect_err("a damaged folder").to_string();
    let (before, old) = (files(&data), fs::read(&archive).expect("a file"));

    let picture = content_path(&data, b"a picture");
    fs::write(&picture, b"a pictura").expect("a file");
    insta::assert_snapshot!(refusal(), @"files/92/92b2fa58028958317e408bd84ecfa70f5ee35b121991dbc232c49d166353708b is damaged: its content does not match its name; restore it from an older backup");
    fs::write(&picture, b"a picture").expect("a file");

    let users = String::from_utf8(before[Path::new("users.json")].clone()).expect("utf-8");
    let chain = users.split('"').find(|word| word.len() == 64).expect("a chain");
    fs::write(data.join("users.json"), users.replace(chain, &"0".repeat(64))).expect("a file");
    insta::assert_snapshot!(refusal(), @"users.json is damaged: it does not match its checksum. Move both snapshots away: the server then rebuilds the state from the log");
    fs::write(data.join("users.json"), &users).expect("a file");

    let (segment, log) = before.iter().find(|(name, _)| name.starts_with("log")).expect("a segment");
    let mut changed = log.clone();
    changed[10] ^= 1;
    fs::write(data.join(segment), changed).expect("a file");
    insta::assert_snapshot!(refusal(), @"log/00000000000000000001.log is damaged at byte 0: a batch does not match its commit line, and other bytes follow it. Nothing was changed. Run `papo log verify`, and restore the file from a backup");
    assert_eq!(fs::read(&archive).expect("a file"), old, "the older backup has changed");

    let empty = TempDir::new().expect("a folder");
    let error = write(empty.path(), &archive, true, NOW_MS).expect_err("no data");
    assert!(matches!(error, BackupError::Store(StoreError::NoData(_))), "{error}");
}

#[test]
fn a_missing_file_fails_the_backup_unless_it_may_be_left_out() {
    let BackedUp { _home, data, archive } = backed_up();
    let mut ledger = open(&data);
    share_file(&data, &mut ledger, 21, b"another picture");
    let old = fs::read(&archive).expect("a file");
    let picture = content_path(&data, b"a picture");
    fs::remove_file(&picture).expect("a file");
    let error = write(&data, &archive, true, NOW_MS).expect_err("a file is missing").to_string();
    insta::assert_snapshot!(error, @"files/92/92b2fa58028958317e408bd84ecfa70f5ee35b121991dbc232c49d166353708b is missing: it is the content of event 22 from alice to #a; no backup was written. Restore the file from an older backup, or leave out missing files with --without-missing-files");
    assert_eq!(fs::read(&archive).expect("a file"), old, "the older backup has changed");

    let mut missing = Vec::new();
    let mut leave_out = |sentence: &str| {
        missing.push(sentence.to_owned());
        true
    };
    let written = backup::write(&data, &archive, true, NOW_MS, &mut leave_out);
    let (_, contents) = written.expect("all other files");
    assert_eq!(contents.files, 1);
    insta::assert_snapshot!(refusal(&archive), @"files/92/92b2fa58028958317e408bd84ecfa70f5ee35b121991dbc232c49d166353708b is missing: it is the content of event 22 from alice to #a, and the archive does not contain it; nothing was restored. Use another backup, or leave out missing files with --without-missing-files");
    let new = TempDir::new().expect("a folder");
    backup::restore(&archive, new.path(), NOW_MS, &mut leave_out).expect("all other files");
    insta::assert_snapshot!(missing.join("\n"), @r"
    files/92/92b2fa58028958317e408bd84ecfa70f5ee35b121991dbc232c49d166353708b is missing: it is the content of event 22 from alice to #a
    files/92/92b2fa58028958317e408bd84ecfa70f5ee35b121991dbc232c49d166353708b is missing: it is the content of event 22 from alice to #a
    ");
    assert!(content_path(new.path(), b"another picture").exists());
}

#[test]
fn a_file_content_without_an_event_is_not_in_the_archive() {
    let BackedUp { _home, data, archive } = backed_up();
    write_content(&data, b"without an event");
    let (_, contents) = write(&data, &archive, true, NOW_MS).expect("a sound folder");
    assert_eq!(contents.files, 1);
}

#[test]
fn an_edited_snapshot_is_not_backed_up() {
    let BackedUp { _home, data, archive } = backed_up();
    let path = data.join("users.json");
    let users = fs::read_to_string(&path).expect("a file");
    fs::write(&path, users.replace("\"hash\"", "\"mine\"")).expect("a file");
    let error = write(&data, &archive, true, NOW_MS).expect_err("an edited snapshot").to_string();
    assert!(error.starts_with("users.json is damaged: it does not match its checksum"), "{error}");
}

#[test]
fn a_restore_overwrites_no_file() {
    let BackedUp { _home, data, archive } = backed_up();
    let before = files(&data);
    let error = restore(&archive, &data).expect_err("a data folder");
    assert!(matches!(error, BackupError::NotEmpty(_)), "{error}");
    assert_eq!(files(&data), before);
    let other = TempDir::new().expect("a folder");
    fs::write(other.path().join("mine.txt"), "mine").expect("a file");
    restore(&archive, other.path()).expect_err("a folder with a file");
    assert!(!other.path().join("lock").exists());

    let fresh = TempDir::new().expect("a folder");
    fs::write(fresh.path().join("README.md"), "the README of papo's data folder").expect("a file");
    restore(&archive, fresh.path()).expect("a folder with only a README");
}

#[test]
fn a_folder_of_an_interrupted_restore_is_refused() {
    let BackedUp { _home, data, .. } = backed_up();
    fs::create_dir(data.join("restoring")).expect("a folder");
    let error = Store::open(&data).err().expect("refused").to_string();
    let expected = "contains an interrupted restore: empty the folder, and run `papo restore` again";
    assert!(error.ends_with(expected), "{error}");
}

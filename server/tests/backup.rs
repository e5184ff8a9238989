//! Backups taken beside a working ledger, and the folders made of them; archives and folders that are not sound are
//! refused by name.

#![expect(
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and breaks files on purpose"
)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use common::hex::to_hex;
use common::{ContentHash, FileInfo, FileName, UserName};
use disk::RealDisk;
use server::domain::{Actor, Command};
use server::journal::{Options, verify};
use server::maintenance::backup::{BackupError, TableOfContents};
use server::storage::commit_log::CommitMode;
use server::storage::data_folder::{Store, StoreError};
use server::storage::ledger::{Ledger, Sizes};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use testkit::{target, user};
use uuid::Uuid;

const NOW_MS: u64 = 4_102_444_800_000;

/// Small, so that the backup has several segments, and snapshots older than the log.
const SIZES: Sizes = Sizes { segments: Options { segment_bytes: 1500 }, snapshot_every_bytes: 2000 };

fn open(folder: &Path) -> Ledger {
    let store = Store::open(folder).expect("a folder of our own");
    Ledger::open_with(store, &CommitMode::WhenPolled, SIZES).expect("a sound folder")
}

fn alice() -> UserName {
    user("alice")
}

fn sync(ledger: &mut Ledger) {
    while !ledger.is_quiet() {
        ledger.flush();
        ledger.poll().map_err(|failure| failure.answer).expect("a sound disk");
    }
}

fn say(ledger: &mut Ledger, number: u128) {
    let to = target("#a");
    let id = Uuid::from_u128(0x0197_0000_0000_7000_8000_0000_0000_0000 + number);
    let text = testkit::text(format!("message {number}"));
    ledger.record(Command::Send { user: alice(), to, id, text, reply: None }, NOW_MS).expect("allowed");
}

/// A folder with twenty messages, an attachment and a ledger that still works on it.
fn working(data: &Path) -> Ledger {
    let mut ledger = open(data);
    let channel = testkit::channel("#a");
    ledger.record(Command::Register { user: alice(), password: "hash".into() }, NOW_MS).expect("allowed");
    ledger.record(Command::CreateChannel(Actor { user: alice(), channel }, false), NOW_MS).expect("allowed");
    for number in 0..20 {
        say(&mut ledger, number);
        sync(&mut ledger);
        if ledger.wants_snapshot() {
            ledger.snapshot();
        }
    }
    share(data, &mut ledger, b"a picture");
    fs::create_dir_all(data.join("files/uploads")).expect("a folder");
    fs::write(data.join("files/uploads/x.part"), b"half").expect("a file");
    ledger
}

fn hex(bytes: &[u8]) -> String {
    to_hex(&Sha256::digest(bytes))
}

fn attachment(data: &Path, bytes: &[u8]) -> PathBuf {
    let digest = hex(bytes);
    data.join("files").join(&digest[..2]).join(digest)
}

/// Sends a file.
fn share(data: &Path, ledger: &mut Ledger, bytes: &[u8]) {
    let path = attachment(data, bytes);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, bytes).expect("a file");
    let (to, name) = (target("#a"), FileName::new("a.png").expect("a name"));
    let sha256 = ContentHash(Sha256::digest(bytes).into());
    let file = FileInfo { name, bytes: bytes.len() as u64, sha256 };
    ledger.record(Command::Share { user: alice(), to, id: Uuid::now_v7(), file }, NOW_MS).expect("allowed");
    sync(ledger);
}

/// Nothing is left out.
fn write(
    data: &Path,
    to: &Path,
    with_keys: bool,
    at_ms: u64,
) -> Result<(PathBuf, TableOfContents), BackupError> {
    server::maintenance::backup::write(data, to, with_keys, at_ms, &mut |_| false)
}

/// Nothing is left out.
fn restore(from: &Path, data: &Path) -> Result<TableOfContents, BackupError> {
    server::maintenance::backup::restore(from, data, NOW_MS, &mut |_| false)
}

/// A folder that was worked on, and its backup.
struct Taken {
    _home: TempDir,
    data: PathBuf,
    archive: PathBuf,
}

fn taken() -> Taken {
    let home = TempDir::new().expect("a folder");
    let (data, archive) = (home.path().join("data"), home.path().join("papo.tar"));
    fs::create_dir(&data).expect("a folder");
    working(&data).close();
    write(&data, &archive, true, NOW_MS).expect("a sound folder");
    Taken { _home: home, data, archive }
}

/// What is in a folder that matters: names and contents.
fn content(data: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut content = BTreeMap::new();
    let mut folders = vec![data.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(data).expect("below").to_owned();
                content.insert(name, fs::read(&path).expect("a file"));
            }
        }
    }
    content.retain(|name, _| {
        name.extension().is_none_or(|extension| extension != "idx" && extension != "part")
            && ["lock", "restored"].iter().all(|other| name != Path::new(other))
    });
    content
}

fn refusal(archive: &Path) -> String {
    let data = TempDir::new().expect("a folder");
    let error = restore(archive, data.path()).expect_err("not sound");
    let left: Vec<_> =
        fs::read_dir(data.path()).expect("a folder").map(|entry| entry.expect("one").file_name()).collect();
    assert_eq!(left, [""; 0], "{error}");
    let missing = data.path().join("not/there");
    restore(archive, &missing).expect_err("not sound");
    assert!(!data.path().join("not").exists(), "{error}");
    error.to_string()
}

#[test]
fn a_folder_in_use_comes_back_as_it_was_at_its_last_whole_batch() {
    let (data, elsewhere) = (TempDir::new().expect("a folder"), TempDir::new().expect("a folder"));
    let mut ledger = working(data.path());
    let acknowledged = content(data.path());
    // Not on the disk, and a batch of which half is there.
    say(&mut ledger, 100);
    let open = acknowledged.keys().rfind(|name| name.starts_with("log")).expect("a segment");
    let torn = [&acknowledged[open][..], b"{\"n\":99,\"at\":7"].concat();
    fs::write(data.path().join(open), torn).expect("a file");

    let (archive, contents) = write(data.path(), elsewhere.path(), true, NOW_MS).expect("a sound folder");
    assert_eq!(archive, elsewhere.path().join("papo-4102444800000.tar"));
    assert_eq!(fs::metadata(&archive).expect("a file").permissions().mode() & 0o777, 0o600);
    assert_eq!((contents.records, contents.files, contents.keys), (23, 1, true));

    let bytes = fs::read(&archive).expect("a file");
    assert!(!bytes.windows(8).any(|bytes| bytes == b"{\"n\":99,"), "half a batch");

    let new = elsewhere.path().join("new");
    assert_eq!(restore(&archive, &new).expect("a sound archive"), contents);
    assert_eq!(content(&new), acknowledged);
    let head = verify(&RealDisk::new(&new)).expect("whole").head;
    assert_eq!((head.record, head.chain.to_string()), (contents.records, contents.chain));
    let mut again = self::open(&new);
    assert_eq!(again.restored_ms(), Some(NOW_MS), "clients are told");
    say(&mut again, 100);
    sync(&mut again);
    assert_eq!(again.position(), 24);
}

#[test]
fn without_keys_there_are_new_ones() {
    let Taken { _home, data, archive } = taken();
    let (_, contents) = write(&data, &archive, false, NOW_MS).expect("a sound folder");
    assert!(!contents.keys);
    let new = TempDir::new().expect("a folder");
    restore(&archive, new.path()).expect("a sound archive");
    let (old, new) = (content(&data), content(new.path()));
    let secret = Path::new("keys/topic.secret");
    assert_ne!(old[secret], new[secret]);
    assert_eq!(old[Path::new("users.json")], new[Path::new("users.json")]);
}

#[test]
fn an_archive_that_was_cut_is_refused() {
    let Taken { _home, archive, .. } = taken();
    let whole = fs::read(&archive).expect("a file");
    for end in (0..whole.len() - 1024).step_by(1024) {
        fs::write(&archive, &whole[..end]).expect("a file");
        let why = refusal(&archive);
        assert!(!why.is_empty(), "cut at {end}");
    }
    insta::assert_snapshot!(refusal_of(&archive, &whole[..whole.len() - 2048]), @"the archive is incomplete: its last member, papo-backup.json, is missing; nothing was restored");
}

fn refusal_of(archive: &Path, bytes: &[u8]) -> String {
    fs::write(archive, bytes).expect("a file");
    refusal(archive)
}

#[test]
fn a_changed_byte_is_refused_or_was_of_no_meaning() {
    let Taken { _home, data, archive } = taken();
    let (whole, before) = (fs::read(&archive).expect("a file"), content(&data));
    let mut refused = 0;
    for at in (0..whole.len()).step_by(331) {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(&archive, changed).expect("a file");
        let new = TempDir::new().expect("a folder");
        match restore(&archive, new.path()) {
            Err(_) => refused += 1,
            Ok(_) => {
                let mut found = content(new.path());
                // A key may be anything: the backup of a node is trusted with them.
                found.retain(|name, _| !name.starts_with("keys"));
                let mut before = before.clone();
                before.retain(|name, _| !name.starts_with("keys"));
                assert_eq!(found, before, "byte {at}");
            }
        }
    }
    assert!(refused > 10, "{refused}");
}

#[test]
fn damage_is_found_when_the_backup_is_taken() {
    let Taken { _home, data, archive } = taken();
    let taking = || write(&data, &archive, true, NOW_MS).expect_err("not sound").to_string();
    let (before, old) = (content(&data), fs::read(&archive).expect("a file"));

    let picture = attachment(&data, b"a picture");
    fs::write(&picture, b"a pictura").expect("a file");
    insta::assert_snapshot!(taking(), @"files/92/92b2fa58028958317e408bd84ecfa70f5ee35b121991dbc232c49d166353708b is damaged: its content does not match its name; restore it from an older backup");
    fs::write(&picture, b"a picture").expect("a file");

    let users = String::from_utf8(before[Path::new("users.json")].clone()).expect("utf-8");
    let chain = users.split('"').find(|word| word.len() == 64).expect("a chain");
    fs::write(data.join("users.json"), users.replace(chain, &"0".repeat(64))).expect("a file");
    insta::assert_snapshot!(taking(), @"users.json is damaged: it does not match its checksum. Move both snapshots away: the server then rebuilds the state from the log");
    fs::write(data.join("users.json"), &users).expect("a file");

    let (segment, log) = before.iter().find(|(name, _)| name.starts_with("log")).expect("a segment");
    let mut changed = log.clone();
    changed[10] ^= 1;
    fs::write(data.join(segment), changed).expect("a file");
    insta::assert_snapshot!(taking(), @"log/00000000000000000001.log is damaged at byte 0: a batch does not match its commit line, and other bytes follow it. Nothing was changed. Run `papo log verify`, and restore the file from a backup");
    assert_eq!(fs::read(&archive).expect("a file"), old, "the older backup is as it was");

    let nowhere = TempDir::new().expect("a folder");
    let error = write(nowhere.path(), &archive, true, NOW_MS).expect_err("no data");
    assert!(matches!(error, BackupError::Store(StoreError::NoData(_))), "{error}");
}

#[test]
fn what_the_log_tells_of_is_there_or_there_is_no_backup() {
    let Taken { _home, data, archive } = taken();
    let mut ledger = open(&data);
    share(&data, &mut ledger, b"another picture");
    let old = fs::read(&archive).expect("a file");
    let picture = attachment(&data, b"a picture");
    fs::remove_file(&picture).expect("a file");
    let error = write(&data, &archive, true, NOW_MS).expect_err("a file is missing").to_string();
    insta::assert_snapshot!(error, @"files/92/92b2fa58028958317e408bd84ecfa70f5ee35b121991dbc232c49d166353708b is missing: it is the content of event 22 from alice to #a; no backup was written. Restore the file from an older backup, or leave out missing files with --without-missing-files");
    assert_eq!(fs::read(&archive).expect("a file"), old, "the older backup is as it was");

    let mut left_out = Vec::new();
    let mut go_on = |sentence: &str| {
        left_out.push(sentence.to_owned());
        true
    };
    let (_, contents) = server::maintenance::backup::write(&data, &archive, true, NOW_MS, &mut go_on)
        .expect("all else is there");
    assert_eq!(contents.files, 1);
    let why = refusal(&archive);
    insta::assert_snapshot!(why, @"files/92/92b2fa58028958317e408bd84ecfa70f5ee35b121991dbc232c49d166353708b is missing: it is the content of event 22 from alice to #a, and the archive does not contain it; nothing was restored. Use another backup, or leave out missing files with --without-missing-files");
    let new = TempDir::new().expect("a folder");
    server::maintenance::backup::restore(&archive, new.path(), NOW_MS, &mut go_on)
        .expect("all else is there");
    insta::assert_snapshot!(left_out.join("\n"), @r"
    files/92/92b2fa58028958317e408bd84ecfa70f5ee35b121991dbc232c49d166353708b is missing: it is the content of event 22 from alice to #a
    files/92/92b2fa58028958317e408bd84ecfa70f5ee35b121991dbc232c49d166353708b is missing: it is the content of event 22 from alice to #a
    ");
    assert!(attachment(new.path(), b"another picture").exists());
}

#[test]
fn contents_that_no_event_has_are_not_in_the_archive() {
    let Taken { _home, data, archive } = taken();
    let stranger = attachment(&data, b"nobody's");
    fs::create_dir_all(stranger.parent().expect("a folder")).expect("a folder");
    fs::write(&stranger, b"nobody's").expect("a file");
    let (_, contents) = write(&data, &archive, true, NOW_MS).expect("a sound folder");
    assert_eq!(contents.files, 1);
}

#[test]
fn a_snapshot_that_was_changed_by_hand_is_not_backed_up() {
    let Taken { _home, data, archive } = taken();
    let path = data.join("users.json");
    let users = fs::read_to_string(&path).expect("a file");
    fs::write(&path, users.replace("\"hash\"", "\"mine\"")).expect("a file");
    let error = write(&data, &archive, true, NOW_MS).expect_err("it was changed by hand");
    assert!(
        error.to_string().starts_with("users.json is damaged: it does not match its checksum"),
        "{error}"
    );
}

#[test]
fn what_is_there_is_never_written_over() {
    let Taken { _home, data, archive } = taken();
    let before = content(&data);
    let error = restore(&archive, &data).expect_err("it is in use");
    assert!(matches!(error, BackupError::NotEmpty(_)), "{error}");
    assert_eq!(content(&data), before);
    let strange = TempDir::new().expect("a folder");
    fs::write(strange.path().join("mine.txt"), "mine").expect("a file");
    restore(&archive, strange.path()).expect_err("it is not empty");
    assert!(!strange.path().join("lock").exists());

    let other = TempDir::new().expect("a folder");
    fs::write(other.path().join("README.md"), "the page that Git keeps").expect("a file");
    restore(&archive, other.path()).expect("as good as empty");
}

#[test]
fn no_server_opens_what_a_restore_has_left_half_done() {
    let Taken { _home, data, .. } = taken();
    fs::create_dir(data.join("restoring")).expect("a folder");
    let error = Store::open(&data).err().expect("half done").to_string();
    assert!(
        error.ends_with("contains an interrupted restore: empty the folder, and run `papo restore` again"),
        "{error}"
    );
}

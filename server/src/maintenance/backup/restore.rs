//! Makes a data folder from a backup.
//!
//! The archive is unpacked into a folder within the new data folder and checked there. If it is intact, its
//! files are moved into place. No server opens the data folder before the last file is in place (see
//! `Store::open`).

use std::collections::HashSet;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::ContentHash;
use common::hex::from_hex;
use disk::{Disk as _, ReadFile, RealDisk};
use tar::{Archive, Entry};

use super::members::{Hashing, Member};
use super::{BackupError, FORMAT, MaySkip, TableOfContents, describe_missing, io_error};
use crate::domain::State;
use crate::domain::records::Record;
use crate::journal::{Checkpoint, Options, for_each_line, for_each_segment};
use crate::storage::data_folder::{
    self, KEYS_FOLDER, LOCK_FILE, RESTORED_FILE, RESTORING_FOLDER, SNAPSHOTS, Store,
};
use crate::storage::{replay, snapshots};

/// The names that an empty data folder may contain: an unused lock file, the page about `data/` in the Git
/// repository, and the folder of an earlier restore that failed.
const IGNORED_NAMES: [&str; 3] = [LOCK_FILE, "README.md", RESTORING_FOLDER];

/// The maximum size of a table of contents in bytes. Usually it has about 200 bytes.
const TABLE_BYTES_MAX: u64 = 64 << 10;

/// Restores the archive `from` into the data folder `data` at the time `now_ms`. Returns the table of
/// contents. `may_skip` decides about files whose contents are not in the archive.
///
/// # Errors
///
/// The folder is not empty, the archive is incomplete or damaged, or the disk fails. Folders that the restore
/// created are then removed, and no server opens an incomplete data folder.
pub fn restore(
    from: &Path,
    data: &Path,
    now_ms: u64,
    may_skip: MaySkip<'_>,
) -> Result<TableOfContents, BackupError> {
    let created: Vec<_> = data.ancestors().take_while(|folder| !disk::exists(folder)).collect();
    make_folder(data)?;
    let restored = with_lock(data, || fill(from, data, now_ms, may_skip));
    if restored.is_err() {
        // `remove_folder` does not remove a folder that contains files.
        created.iter().for_each(|folder| drop(disk::remove_folder(folder)));
    }
    restored
}

/// Runs `work` while holding the lock of a folder. If `work` fails, removes a lock file that did not exist
/// before.
fn with_lock<T>(data: &Path, work: impl FnOnce() -> Result<T, BackupError>) -> Result<T, BackupError> {
    let path = data.join(LOCK_FILE);
    let lock_existed = disk::exists(&path);
    let _lock = data_folder::lock(data)?;
    let result = work();
    if result.is_err() && !lock_existed {
        // A remaining lock file does no harm.
        let _ignored = disk::remove(&path);
    }
    result
}

fn fill(
    from: &Path,
    data: &Path,
    now_ms: u64,
    may_skip: MaySkip<'_>,
) -> Result<TableOfContents, BackupError> {
    let archive = ReadFile::open(from).map_err(io_error("read", from))?;
    let names = disk::list(data).map_err(io_error("list", data))?;
    if !names.iter().all(|name| IGNORED_NAMES.contains(&name.as_str())) {
        return Err(BackupError::NotEmpty(data.to_owned()));
    }
    let staging = data.join(RESTORING_FOLDER);
    disk::remove_tree(&staging).map_err(io_error("remove", &staging))?;
    make_folder(&staging)?;
    let checked = unpack(archive, from, &staging).and_then(|unpacked| {
        check(&staging, &unpacked, may_skip)?;
        Ok(unpacked.contents)
    });
    if checked.is_err() {
        // The next restore removes a remaining folder.
        let _ignored = disk::remove_tree(&staging);
    }
    let contents = checked?;
    let restored =
        RealDisk::new(&staging).replace_atomically(RESTORED_FILE, format!("{now_ms}\n").as_bytes());
    restored.map_err(io_error("write", &staging.join(RESTORED_FILE)))?;
    move_into_place(&staging, data)?;
    Ok(contents)
}

struct Unpacked {
    contents: TableOfContents,
    files: HashSet<ContentHash>,
    has_keys: bool,
}

fn unpack(archive: ReadFile, from: &Path, staging: &Path) -> Result<Unpacked, BackupError> {
    let disk = RealDisk::new(staging);
    let mut archive = Archive::new(io::BufReader::new(archive));
    let (mut contents, mut files, mut has_keys) = (None, HashSet::new(), false);
    for entry in archive.entries().map_err(io_error("read", from))? {
        let mut entry = entry.map_err(io_error("read", from))?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let unknown_member = || BackupError::UnknownMember(name.clone());
        // The table of contents comes last.
        if !entry.header().entry_type().is_file() || contents.is_some() {
            return Err(unknown_member());
        }
        let member = Member::named(&name).ok_or_else(unknown_member)?;
        match member {
            Member::TableOfContents => {
                contents = Some(table(&mut entry).map_err(io_error("read", from))?);
                continue;
            }
            Member::File(digits) => files.extend(from_hex(digits).map(ContentHash)),
            Member::Key { .. } => has_keys = true,
            Member::Snapshot | Member::Segment => {}
        }
        let digest = write_new(&mut entry, &disk, &name, member);
        let digest = digest.map_err(io_error("unpack", &staging.join(&name)))?;
        if matches!(member, Member::File(named) if named != digest) {
            return Err(BackupError::FileDamaged(name));
        }
    }
    match contents.ok_or(BackupError::Incomplete)? {
        TableOfContents { format, .. } if format > FORMAT => Err(BackupError::NewerFormat(format)),
        contents => Ok(Unpacked { contents, files, has_keys }),
    }
}

fn table(entry: &mut impl Read) -> io::Result<TableOfContents> {
    let mut bytes = Vec::new();
    entry.take(TABLE_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(serde_json::from_slice(&bytes)?)
}

/// Writes a file that does not exist yet. Returns the SHA-256 of its content.
fn write_new<R: Read>(
    entry: &mut Entry<'_, R>,
    disk: &RealDisk,
    name: &str,
    member: Member<'_>,
) -> io::Result<String> {
    if let Some((folder, _)) = name.rsplit_once('/') {
        disk.create_folder(folder)?;
    }
    let mut file = disk.create_for(name, member.access())?;
    let length = entry.size();
    let mut content = Hashing::new(entry);
    if file.append_all(&mut content)? != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    file.sync_data()?;
    Ok(content.digest())
}

/// Checks the whole log, as a server does when it opens the folder. Compares the table of contents with the
/// folder, and the state from the snapshots with the state from the log alone.
fn check(staging: &Path, unpacked: &Unpacked, may_skip: MaySkip<'_>) -> Result<(), BackupError> {
    let disk = Arc::new(RealDisk::new(staging));
    make_folder(&staging.join(KEYS_FOLDER))?;
    // Read the checkpoints first, because `replay::open` moves a damaged snapshot aside.
    let checkpoints = snapshot_checkpoints(staging, &disk)?;
    let store = Store::on(Arc::clone(&disk) as _);
    let (state, opened) = replay::open(&store, Options::default())?;
    let head = opened.recovery.head;
    let contents = &unpacked.contents;
    let expected = summary(contents.records, &contents.chain, contents.files, contents.keys);
    let found = summary(head.record, &head.chain.to_string(), unpacked.files.len() as u64, unpacked.has_keys);
    if expected != found {
        return Err(BackupError::ContentsDiffer { expected, found });
    }
    let snapshots_match =
        prepare_snapshots(&state, head)? == prepare_snapshots(&replayed(&store, &disk)?, head)?;
    if !(snapshots_match && log_contains(&disk, checkpoints)?) {
        return Err(BackupError::SnapshotsDiffer);
    }
    let mut absent =
        state.files.all().filter(|shared| !unpacked.files.contains(&shared.sha256)).map(describe_missing);
    match absent.find(|sentence| !may_skip(sentence)) {
        Some(sentence) => Err(BackupError::FileNotInArchive(sentence)),
        None => Ok(()),
    }
}

/// The checkpoints of the snapshots, except the beginning of the log.
fn snapshot_checkpoints(staging: &Path, disk: &RealDisk) -> Result<Vec<Checkpoint>, BackupError> {
    let mut checkpoints = Vec::new();
    for file in SNAPSHOTS {
        match disk.read(file) {
            Ok(bytes) => checkpoints.push(snapshots::parse_checkpoint(file, &bytes)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(io_error("read", &staging.join(file))(error)),
        }
    }
    checkpoints.retain(|checkpoint| *checkpoint != Checkpoint::GENESIS);
    Ok(checkpoints)
}

/// Whether the log has all these checkpoints. `replay::open` checks only the checkpoint of the older
/// snapshot.
fn log_contains(disk: &RealDisk, mut missing: Vec<Checkpoint>) -> Result<bool, BackupError> {
    let passed = |passed| {
        missing.retain(|checkpoint| *checkpoint != passed);
        ControlFlow::Continue(())
    };
    for_each_segment(disk, passed, |_, _| Ok::<_, BackupError>(()))?;
    Ok(missing.is_empty())
}

fn summary(records: u64, chain: &str, files: u64, keys: bool) -> String {
    let keys = if keys { "the keys" } else { "no keys" };
    format!("{records} records (chain {chain}), {files} files and {keys}")
}

/// The state that replay of the log produces without snapshots.
fn replayed(store: &Store, disk: &RealDisk) -> Result<State, BackupError> {
    let mut state = store.new_state()?;
    for_each_line(disk, |number, line| {
        // `replay::open` has already decoded every line.
        if let Ok(record) = Record::decode(line) {
            state.apply(number, &record);
        }
        ControlFlow::Continue(())
    })?;
    Ok(state)
}

fn prepare_snapshots(state: &State, at: Checkpoint) -> Result<snapshots::Prepared, BackupError> {
    snapshots::prepare(state, at).map_err(|error| BackupError::Io {
        action: "compare",
        path: PathBuf::from("the snapshots"),
        source: error.into(),
    })
}

/// Moves the checked files into the data folder. The staging folder is removed last: while it exists, the
/// data folder is incomplete.
fn move_into_place(staging: &Path, data: &Path) -> Result<(), BackupError> {
    sync_tree(staging)?;
    sync(data)?;
    let disk = RealDisk::new(data);
    for name in disk::list(staging).map_err(io_error("list", staging))? {
        let moved = disk.rename(&format!("{RESTORING_FOLDER}/{name}"), &name);
        moved.map_err(io_error("write", &data.join(&name)))?;
    }
    sync(data)?;
    disk::remove_folder(staging).map_err(io_error("remove", staging))?;
    sync(data)
}

/// Makes the names in a folder and in all folders below it durable.
fn sync_tree(folder: &Path) -> Result<(), BackupError> {
    for name in disk::list(folder).map_err(io_error("list", folder))? {
        let entry = folder.join(name);
        if disk::is_folder(&entry) {
            sync_tree(&entry)?;
        }
    }
    sync(folder)
}

fn sync(folder: &Path) -> Result<(), BackupError> {
    disk::sync_folder(folder).map_err(io_error("sync", folder))
}

fn make_folder(folder: &Path) -> Result<(), BackupError> {
    disk::make_folder(folder).map_err(io_error("create", folder))
}

//! Makes a data folder from a backup.
//!
//! The archive is unpacked into a folder within the new data folder and checked there. If it is intact, its
//! files are moved into place. No server opens the data folder before the last file is in place (see
//! `Store::open`).

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use disk::{Disk as _, ReadFile, RealDisk};
use tar::Entry;

use super::check::{Members, compare, read_members, snapshot_checkpoints};
use super::members::{Hashing, Member};
use super::{BackupError, MaySkip, TableOfContents, io_error};
use crate::journal::Options;
use crate::storage::data_folder::{self, KEYS_FOLDER, LOCK_FILE, RESTORED_FILE, RESTORING_FOLDER, Store};
use crate::storage::replay;

/// The names that an empty data folder may contain: an unused lock file, the page about `data/` in the Git
/// repository, and the folder of an earlier restore that failed.
const IGNORED_NAMES: [&str; 3] = [LOCK_FILE, "README.md", RESTORING_FOLDER];

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
    let checked = unpack(archive, from, &staging).and_then(|members| {
        check(&staging, &members, may_skip)?;
        Ok(members.contents)
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

fn unpack(archive: ReadFile, from: &Path, staging: &Path) -> Result<Members, BackupError> {
    let disk = RealDisk::new(staging);
    read_members(archive, from, |entry, name, member| {
        let digest = write_new(entry, &disk, name, member);
        digest.map_err(io_error("unpack", &staging.join(name)))
    })
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

/// Checks the whole log, as a server does when it opens the folder. Then makes the checks of [`compare`].
fn check(staging: &Path, members: &Members, may_skip: MaySkip<'_>) -> Result<(), BackupError> {
    let disk = RealDisk::new(staging);
    make_folder(&staging.join(KEYS_FOLDER))?;
    // Read the checkpoints first, because `replay::open` moves a damaged snapshot aside.
    let checkpoints = snapshot_checkpoints(&disk, staging)?;
    let store = Store::on(Arc::new(disk));
    let (state, opened) = replay::open(&store, Options::default())?;
    compare(&store, state, opened.recovery.head, checkpoints, members, may_skip)
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

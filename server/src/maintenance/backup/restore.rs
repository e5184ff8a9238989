//! Makes a data folder of a backup.
//!
//! Everything is unpacked into a folder within the new data folder, checked there, and moved into its place only when
//! all of it is sound. Until the last of it is in place, no server opens the data folder (see `Store::open`).

use std::collections::HashSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write as _};
use std::ops::ControlFlow;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::ContentHash;
use common::hex::from_hex;
use tar::{Archive, Entry};

use super::members::{Hashing, Member};
use super::{BackupError, Contents, FORMAT, GoOn, io_error, missing};
use crate::domain::State;
use crate::domain::records::Record;
use crate::journal::{Checkpoint, Options, for_each_line, for_each_segment};
use crate::storage::data_folder::{
    self, KEYS_FOLDER, LOCK_FILE, RESTORED_FILE, RESTORING_FOLDER, SNAPSHOTS, Store,
};
use crate::storage::replay;
use disk::{Disk as _, RealDisk};

/// What may be in a folder that counts as empty: a lock that nobody holds, the page that Git keeps in `data/`, and
/// what an earlier restore has left when it failed.
const NOTHING: [&str; 3] = [LOCK_FILE, "README.md", RESTORING_FOLDER];

/// The largest table of contents that is read, in bytes: a real one has some 200.
const CONTENTS_BYTES_MAX: u64 = 64 << 10;

/// Makes the data folder `data` of the archive `from`, now (Unix milliseconds), and tells what it holds. `go_on` decides
/// about files whose contents the archive does not hold.
///
/// # Errors
///
/// A folder that is not empty, an archive that is not whole or not sound, and what the disk refuses. No server
/// will open the folder then; where nothing was, nothing is left.
pub fn restore(from: &Path, data: &Path, now_ms: u64, go_on: GoOn<'_>) -> Result<Contents, BackupError> {
    let made: Vec<_> = data.ancestors().take_while(|folder| !folder.exists()).collect();
    make_folder(data)?;
    let restored = with_lock(data, || fill(from, data, now_ms, go_on));
    if restored.is_err() {
        // One that holds anything stays.
        made.iter().for_each(|folder| drop(fs::remove_dir(folder)));
    }
    restored
}

/// Works on a folder with its lock, which does not stay where there was none when the work fails.
fn with_lock<T>(data: &Path, work: impl FnOnce() -> Result<T, BackupError>) -> Result<T, BackupError> {
    let path = data.join(LOCK_FILE);
    let was_there = path.exists();
    let _lock = data_folder::lock(data)?;
    let done = work();
    if done.is_err() && !was_there {
        // Should it stay, it is in nobody's way.
        let _stays = fs::remove_file(&path);
    }
    done
}

/// Fills an empty data folder.
fn fill(from: &Path, data: &Path, now_ms: u64, go_on: GoOn<'_>) -> Result<Contents, BackupError> {
    let archive = OpenOptions::new().read(true).open(from).map_err(io_error("read", from))?;
    for entry in fs::read_dir(data).map_err(io_error("list", data))? {
        let name = entry.map_err(io_error("list", data))?.file_name();
        if !NOTHING.iter().any(|known| name == *known) {
            return Err(BackupError::NotEmpty(data.to_owned()));
        }
    }
    let staging = data.join(RESTORING_FOLDER);
    if staging.exists() {
        fs::remove_dir_all(&staging).map_err(io_error("remove", &staging))?;
    }
    make_folder(&staging)?;
    let checked = unpack(archive, from, &staging).and_then(|unpacked| {
        check(&staging, &unpacked, go_on)?;
        Ok(unpacked.contents)
    });
    if checked.is_err() {
        // Should it stay, the next try removes it.
        let _stays = fs::remove_dir_all(&staging);
    }
    let contents = checked?;
    let restored =
        RealDisk::new(&staging).replace_atomically(RESTORED_FILE, format!("{now_ms}\n").as_bytes());
    restored.map_err(io_error("write", &staging.join(RESTORED_FILE)))?;
    move_into_place(&staging, data)?;
    Ok(contents)
}

/// What came out of the archive.
struct Unpacked {
    contents: Contents,
    /// The contents of attachments.
    files: HashSet<ContentHash>,
    has_keys: bool,
}

fn unpack(archive: fs::File, from: &Path, staging: &Path) -> Result<Unpacked, BackupError> {
    let mut archive = Archive::new(io::BufReader::new(archive));
    let (mut contents, mut files, mut has_keys) = (None, HashSet::new(), false);
    for entry in archive.entries().map_err(io_error("read", from))? {
        let mut entry = entry.map_err(io_error("read", from))?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let stranger = || BackupError::Stranger(name.clone());
        // The table of contents comes last.
        if !entry.header().entry_type().is_file() || contents.is_some() {
            return Err(stranger());
        }
        let member = Member::named(&name).ok_or_else(stranger)?;
        match member {
            Member::Contents => {
                contents = Some(table(&mut entry).map_err(io_error("read", from))?);
                continue;
            }
            Member::File(digits) => files.extend(from_hex(digits).map(ContentHash)),
            Member::Key { .. } => has_keys = true,
            Member::Snapshot | Member::Segment => {}
        }
        let path = staging.join(&name);
        let digest = write_new(&mut entry, &path, member.mode()).map_err(io_error("unpack", &path))?;
        if matches!(member, Member::File(named) if named != digest) {
            return Err(BackupError::FileDamaged(name));
        }
    }
    match contents.ok_or(BackupError::NotWhole)? {
        Contents { format, .. } if format > FORMAT => Err(BackupError::Newer(format)),
        contents => Ok(Unpacked { contents, files, has_keys }),
    }
}

fn table(entry: &mut impl Read) -> io::Result<Contents> {
    let mut bytes = Vec::new();
    entry.take(CONTENTS_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(serde_json::from_slice(&bytes)?)
}

/// Writes a file that is not there yet, and returns the SHA-256 of what it holds.
fn write_new<R: Read>(entry: &mut Entry<'_, R>, path: &Path, mode: u32) -> io::Result<String> {
    if let Some(folder) = path.parent() {
        builder().create(folder)?;
    }
    let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    let length = entry.size();
    let mut content = Hashing::new(&file);
    if io::copy(entry, &mut content)? != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    content.flush()?;
    let digest = content.digest();
    file.sync_all()?;
    Ok(digest)
}

/// Opens what was unpacked as a server would, which checks the whole log, and compares the state that comes of it with
/// the log alone and with the table of contents.
fn check(staging: &Path, unpacked: &Unpacked, go_on: GoOn<'_>) -> Result<(), BackupError> {
    let disk = Arc::new(RealDisk::new(staging));
    make_folder(&staging.join(KEYS_FOLDER))?;
    // Before opening, which would put a damaged one aside and go on without it.
    let places = stood_for(staging, &disk)?;
    let store = Store::on(Arc::clone(&disk) as _);
    let (state, opened) = replay::open(&store, Options::default())?;
    let head = opened.recovery.head;
    let contents = &unpacked.contents;
    let expected = told(contents.records, &contents.chain, contents.files, contents.keys);
    let found = told(head.record, &head.chain.to_string(), unpacked.files.len() as u64, unpacked.has_keys);
    if expected != found {
        return Err(BackupError::Contents { expected, found });
    }
    let agree = prepared(&state, head)? == prepared(&replayed(&store, &disk)?, head)?;
    if !(agree && has_all(&disk, places)?) {
        return Err(BackupError::SnapshotsDiffer);
    }
    let mut gone = state.files.all().filter(|shared| !unpacked.files.contains(&shared.sha256)).map(missing);
    match gone.find(|sentence| !go_on(sentence)) {
        Some(sentence) => Err(BackupError::FileNotInArchive(sentence)),
        None => Ok(()),
    }
}

/// The places in the log that the snapshots stand for, but for its beginning.
fn stood_for(staging: &Path, disk: &RealDisk) -> Result<Vec<Checkpoint>, BackupError> {
    let mut places = Vec::new();
    for file in SNAPSHOTS {
        match disk.read(file) {
            Ok(bytes) => places.push(Store::stands_for(file, &bytes)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(io_error("read", &staging.join(file))(error)),
        }
    }
    places.retain(|place| *place != Checkpoint::GENESIS);
    Ok(places)
}

/// Whether the log has all these places. Opening looks at the older snapshot's only.
fn has_all(disk: &RealDisk, mut ahead: Vec<Checkpoint>) -> Result<bool, BackupError> {
    let passed = |passed| {
        ahead.retain(|place| *place != passed);
        ControlFlow::Continue(())
    };
    for_each_segment(disk, passed, |_, _| Ok::<_, BackupError>(()))?;
    Ok(ahead.is_empty())
}

fn told(records: u64, chain: &str, files: u64, keys: bool) -> String {
    let keys = if keys { "the keys" } else { "no keys" };
    format!("{records} records (chain {chain}), {files} files and {keys}")
}

/// The state that the log alone makes.
fn replayed(store: &Store, disk: &RealDisk) -> Result<State, BackupError> {
    let mut state = store.new_state()?;
    for_each_line(disk, |number, line| {
        // Opening has decoded every line already.
        if let Ok(record) = Record::decode(line) {
            state.apply(number, &record);
        }
        ControlFlow::Continue(())
    })?;
    Ok(state)
}

fn prepared(state: &State, at: Checkpoint) -> Result<data_folder::Prepared, BackupError> {
    Store::prepare(state, at).map_err(|error| BackupError::Io {
        action: "compare",
        path: PathBuf::from("the snapshots"),
        source: error.into(),
    })
}

/// Moves what was checked into the data folder. The folder it comes from goes last: as long as it is there, the data
/// folder is not whole.
fn move_into_place(staging: &Path, data: &Path) -> Result<(), BackupError> {
    sync_tree(staging)?;
    sync(data)?;
    for entry in fs::read_dir(staging).map_err(io_error("list", staging))? {
        let entry = entry.map_err(io_error("list", staging))?;
        let to = data.join(entry.file_name());
        fs::rename(entry.path(), &to).map_err(io_error("write", &to))?;
    }
    sync(data)?;
    fs::remove_dir(staging).map_err(io_error("remove", staging))?;
    sync(data)
}

/// Makes the names in a folder and those below it last.
fn sync_tree(folder: &Path) -> Result<(), BackupError> {
    for entry in fs::read_dir(folder).map_err(io_error("list", folder))? {
        let entry = entry.map_err(io_error("list", folder))?.path();
        if entry.is_dir() {
            sync_tree(&entry)?;
        }
    }
    sync(folder)
}

fn sync(folder: &Path) -> Result<(), BackupError> {
    let synced = OpenOptions::new().read(true).open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(io_error("sync", folder))
}

fn make_folder(folder: &Path) -> Result<(), BackupError> {
    builder().create(folder).map_err(io_error("create", folder))
}

fn builder() -> fs::DirBuilder {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder
}

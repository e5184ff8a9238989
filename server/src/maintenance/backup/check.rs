//! The checks of an archive: [`restore`](fn@super::restore) makes them after it unpacked the archive, and a
//! running node makes them with the archive that it has written.

use std::collections::{BTreeMap, HashSet};
use std::io::{self, BufReader, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::ContentHash;
use common::hex::from_hex;
use disk::Disk;
use tar::{Archive, Entry};

use super::archive_disk::{ArchiveDisk, Extent, Stream};
use super::members::{Hashing, Member};
use super::{BackupError, FORMAT, MaySkip, TableOfContents, describe_missing, io_error};
use crate::domain::State;
use crate::domain::records::Record;
use crate::journal::{Checkpoint, JournalError, Report, for_each_line, for_each_segment};
use crate::storage::data_folder::{SNAPSHOTS, Store};
use crate::storage::snapshots;

/// The maximum size of a table of contents in bytes. Usually it has about 200 bytes.
const TABLE_BYTES_MAX: u64 = 64 << 10;

/// The bytes of one read of an archive.
const READ_BYTES: usize = 256 << 10;

/// The members of an archive.
pub(super) struct Members {
    pub(super) contents: TableOfContents,
    pub(super) files: HashSet<ContentHash>,
    pub(super) has_keys: bool,
}

/// Passes each member of an archive to `visit`, except the table of contents. `visit` reads the member and
/// returns the SHA-256 of its content. `from` is the name of the archive in errors.
pub(super) fn read_members<R: Read>(
    archive: R,
    from: &Path,
    mut visit: impl FnMut(&mut Entry<'_, BufReader<R>>, &str, Member<'_>) -> Result<String, BackupError>,
) -> Result<Members, BackupError> {
    let mut archive = Archive::new(BufReader::with_capacity(READ_BYTES, archive));
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
        let digest = visit(&mut entry, &name, member)?;
        if matches!(member, Member::File(named) if named != digest) {
            return Err(BackupError::FileDamaged(name));
        }
    }
    match contents.ok_or(BackupError::Incomplete)? {
        TableOfContents { format, .. } if format > FORMAT => Err(BackupError::NewerFormat(format)),
        contents => Ok(Members { contents, files, has_keys }),
    }
}

fn table(entry: &mut impl Read) -> io::Result<TableOfContents> {
    let mut bytes = Vec::new();
    entry.take(TABLE_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(serde_json::from_slice(&bytes)?)
}

/// Checks an archive without unpacking it: the chain of its log, the hash of each file, and everything that
/// `compare` checks. `path` is the name of the archive in errors. Calls `before_step` before each member
/// and before the readings of the log, and ends with its error.
pub fn check_archive(
    disk: &Arc<dyn Disk>,
    name: &str,
    path: &Path,
    before_step: impl Fn() -> Result<(), BackupError>,
) -> Result<(), BackupError> {
    let mut extents = BTreeMap::new();
    let members = read_members(Stream::new(&**disk, name), path, |entry, name, _| {
        before_step()?;
        let extent = Extent { offset: entry.raw_file_position(), length: entry.size() };
        let mut content = Hashing::new(entry);
        let length = io::copy(&mut content, &mut io::sink()).map_err(io_error("read", path))?;
        if length != extent.length {
            return Err(io_error("read", path)(io::ErrorKind::UnexpectedEof.into()));
        }
        if extents.insert(name.to_owned(), extent).is_some() {
            return Err(io_error("read", path)(io::ErrorKind::AlreadyExists.into()));
        }
        Ok(content.digest())
    })?;
    before_step()?;
    let archive: Arc<dyn Disk> = Arc::new(ArchiveDisk::new(Arc::clone(disk), name, extents));
    let checkpoints = snapshot_checkpoints(&*archive, path)?;
    let store = Store::on(archive);
    let (mut state, _) = snapshots::load(&store)?;
    let Report { head, .. } = replay_log(&store, &mut state)?;
    before_step()?;
    compare(&store, state, head, checkpoints, &members, &mut |_| false)
}

/// Applies the records of the log that the state does not contain.
fn replay_log(store: &Store, state: &mut State) -> Result<Report, BackupError> {
    let mut failed = None;
    let report = for_each_line(&*store.disk(), |number, line| match Record::decode(line) {
        Ok(record) => {
            state.apply(number, &record);
            ControlFlow::Continue(())
        }
        Err(error) => {
            failed = Some((number, error.to_string()));
            ControlFlow::Break(())
        }
    })?;
    match failed {
        Some((record, why)) => Err(JournalError::Record { record, file: "the log".to_owned(), why }.into()),
        None => Ok(report),
    }
}

/// Compares the table of contents with the members, and the state from the snapshots with the state from
/// the log alone. Checks that no file is missing. The log was checked up to `head`, where `state` ends.
pub(super) fn compare(
    store: &Store,
    state: State,
    head: Checkpoint,
    checkpoints: Vec<Checkpoint>,
    members: &Members,
    may_skip: MaySkip<'_>,
) -> Result<(), BackupError> {
    let contents = &members.contents;
    let expected = summary(contents.records, &contents.chain, contents.files, contents.keys);
    let found = summary(head.record, &head.chain.to_string(), members.files.len() as u64, members.has_keys);
    if expected != found {
        return Err(BackupError::ContentsDiffer { expected, found });
    }
    let absent = state.files.all().filter(|shared| !members.files.contains(&shared.sha256));
    let absent: Vec<_> = absent.map(describe_missing).collect();
    let from_snapshots = prepare_snapshots(&state, head)?;
    // A large node has room for one state more, but not for two.
    drop(state);
    let mut state = store.new_state()?;
    replay_log(store, &mut state)?;
    let is_same = from_snapshots == prepare_snapshots(&state, head)?;
    if !(is_same && log_contains(&*store.disk(), checkpoints)?) {
        return Err(BackupError::SnapshotsDiffer);
    }
    match absent.into_iter().find(|sentence| !may_skip(sentence)) {
        Some(sentence) => Err(BackupError::FileNotInArchive(sentence)),
        None => Ok(()),
    }
}

/// The checkpoints of the snapshots in a folder, except the beginning of the log.
pub(super) fn snapshot_checkpoints(disk: &dyn Disk, folder: &Path) -> Result<Vec<Checkpoint>, BackupError> {
    let mut checkpoints = Vec::new();
    for file in SNAPSHOTS {
        match disk.read(file) {
            Ok(bytes) => checkpoints.push(snapshots::parse_checkpoint(file, &bytes)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(io_error("read", &folder.join(file))(error)),
        }
    }
    checkpoints.retain(|checkpoint| *checkpoint != Checkpoint::GENESIS);
    Ok(checkpoints)
}

/// Whether the log has all these checkpoints. The replay checks at most the checkpoint of the older snapshot.
fn log_contains(disk: &dyn Disk, mut missing: Vec<Checkpoint>) -> Result<bool, BackupError> {
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

fn prepare_snapshots(state: &State, at: Checkpoint) -> Result<snapshots::Prepared, BackupError> {
    snapshots::prepare(state, at).map_err(|error| BackupError::Io {
        action: "compare",
        path: PathBuf::from("the snapshots"),
        source: error.into(),
    })
}

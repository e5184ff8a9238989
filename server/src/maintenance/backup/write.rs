//! Writes a backup. A server may run on the data folder meanwhile, because the backup takes no lock.
//!
//! The order of the steps makes the copy consistent, and each step detects damage:
//!
//! 1. Copy the snapshots, because a snapshot may be older than the log but not newer.
//! 2. Read the log, and copy the contents of all its files. If a file was deleted meanwhile, read the log
//!    again ([`check::visit_contents`]).
//! 3. Copy the log, up to the checkpoint where that reading ended. The archive contains no later events.

use std::io::{self, BufWriter, Read, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use disk::replace::Temporary;
use disk::{Access, Disk as _, ReadFile, RealDisk};
use tar::{Builder, Header};

use super::members::{Hashing, Member};
use super::{BackupError, CONTENTS_FILE, FORMAT, MaySkip, TableOfContents, describe_missing, io_error};
use crate::domain::files::SharedFile;
use crate::journal::{Checkpoint, for_each_segment};
use crate::services::files::check;
use crate::services::files::folder::content_path;
use crate::storage::data_folder::{self, KEYS_FOLDER, SNAPSHOTS, Store};
use crate::storage::snapshots;

/// Writes a backup of the data folder `data` to the file `to`, or into the folder `to`. Returns the path of
/// the archive and its table of contents. The archive atomically replaces an older file with its name. Only
/// the owner of the archive can read it. Follows links. `may_skip` decides about files whose contents are
/// missing.
///
/// # Errors
///
/// The data folder is damaged, `to` is not a regular file, or the disk fails. No archive is then written.
pub fn write(
    data: &Path,
    to: &Path,
    with_keys: bool,
    at_ms: u64,
    may_skip: MaySkip<'_>,
) -> Result<(PathBuf, TableOfContents), BackupError> {
    data_folder::check_is_data(data)?;
    let to = if disk::is_folder(to) { to.join(format!("papo-{at_ms}.tar")) } else { to.to_owned() };
    let replaced = disk::replaceable(&to).map_err(io_error("write", &to))?;
    let (disk, name) = RealDisk::parent_of(&replaced).map_err(io_error("write", &to))?;
    let temporary =
        Temporary::create(&disk, "", Access::Owner).map_err(io_error("write into", disk.folder()))?;
    let (temporary, contents) = archive(data, temporary, &to, with_keys, at_ms, may_skip)?;
    temporary.replace(&name).map_err(io_error("write", &to))?;
    Ok((to, contents))
}

/// Writes a backup of the data folder `data` to `out`. Returns its table of contents.
///
/// # Errors
///
/// Like [`write()`]. `out` then holds an incomplete archive.
pub fn write_to(
    out: &mut dyn Write,
    data: &Path,
    with_keys: bool,
    at_ms: u64,
    may_skip: MaySkip<'_>,
) -> Result<TableOfContents, BackupError> {
    data_folder::check_is_data(data)?;
    archive(data, out, Path::new("standard output"), with_keys, at_ms, may_skip).map(|(_, contents)| contents)
}

/// Writes a whole archive. `path` is the name of `out` in errors.
pub(super) fn archive<W: Write>(
    data: &Path,
    out: W,
    path: &Path,
    with_keys: bool,
    at_ms: u64,
    may_skip: MaySkip<'_>,
) -> Result<(W, TableOfContents), BackupError> {
    let mut archive = Archive { tar: Builder::new(BufWriter::new(out)), path, at_s: at_ms / 1000 };
    let contents = archive.fill(data, with_keys, at_ms, may_skip)?;
    Ok((archive.finish().map_err(io_error("write", path))?, contents))
}

struct Archive<'a, W: Write> {
    tar: Builder<BufWriter<W>>,
    path: &'a Path,
    at_s: u64,
}

impl<W: Write> Archive<'_, W> {
    fn fill(
        &mut self,
        data: &Path,
        with_keys: bool,
        at_ms: u64,
        may_skip: MaySkip<'_>,
    ) -> Result<TableOfContents, BackupError> {
        let mut not_reached = self.snapshots(data)?;
        let disk = RealDisk::new(data);
        let (end, files) = self.files(data, &disk, may_skip)?;
        let passed = |checkpoint: Checkpoint| {
            not_reached.retain(|(_, snapshot)| *snapshot != checkpoint);
            if checkpoint.record < end.record { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        let report =
            for_each_segment(&disk, passed, |name, bytes| self.member(name, bytes.len() as u64, bytes))?;
        if let Some((file, _)) = not_reached.first() {
            return Err(BackupError::SnapshotOfOtherLog(file));
        }
        if report.head != end {
            return Err(BackupError::Redacted);
        }
        if with_keys {
            self.keys(data, &disk)?;
        }
        let contents = TableOfContents {
            format: FORMAT,
            at: at_ms,
            records: report.head.record,
            chain: report.head.chain.to_string(),
            files,
            keys: with_keys,
            restored: Store::on(Arc::new(disk)).restored_ms()?,
        };
        let mut table =
            serde_json::to_vec(&contents).map_err(io::Error::other).map_err(io_error("write", self.path))?;
        table.push(b'\n');
        self.member(CONTENTS_FILE, table.len() as u64, &*table)?;
        Ok(contents)
    }

    /// Adds the snapshots. Returns their checkpoints, except the beginning of the log.
    fn snapshots(&mut self, data: &Path) -> Result<Vec<(&'static str, Checkpoint)>, BackupError> {
        let mut checkpoints = Vec::new();
        for file in SNAPSHOTS {
            let path = data.join(file);
            // Read the file only once, because a server may replace it meanwhile.
            let bytes = match disk::read(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                bytes => bytes.map_err(io_error("read", &path))?,
            };
            let checkpoint = snapshots::parse_checkpoint(file, &bytes)?;
            if checkpoint != Checkpoint::GENESIS {
                checkpoints.push((file, checkpoint));
            }
            self.member(file, bytes.len() as u64, &*bytes)?;
        }
        Ok(checkpoints)
    }

    /// Adds the contents of the sent files. Returns the checkpoint up to which the log was read, and the
    /// number of added files.
    fn files(
        &mut self,
        data: &Path,
        disk: &RealDisk,
        may_skip: MaySkip<'_>,
    ) -> Result<(Checkpoint, u64), BackupError> {
        let mut count = 0;
        let copy = |shared: &SharedFile| {
            let exists = self.file(data, shared)?;
            count += u64::from(exists);
            Ok::<_, BackupError>(exists)
        };
        let (reading, absent) = check::visit_contents(|| Ok(check::read_log(disk, |_| {})?), copy)?;
        match absent.iter().map(describe_missing).find(|sentence| !may_skip(sentence)) {
            Some(sentence) => Err(BackupError::FileMissing(sentence)),
            None => Ok((reading.report.head, count)),
        }
    }

    /// Adds the content of a sent file. Returns false if the content is missing.
    fn file(&mut self, data: &Path, shared: &SharedFile) -> Result<bool, BackupError> {
        let name = content_path(&shared.sha256);
        let (file, length) = match open_file(&data.join(&name)) {
            Err(BackupError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                return Ok(false);
            }
            opened => opened?,
        };
        let mut content = Hashing::new(file.take(length));
        self.member(&name, length, &mut content)?;
        if content.digest() == shared.sha256.to_string() {
            Ok(true)
        } else {
            Err(BackupError::FileDamaged(name))
        }
    }

    fn keys(&mut self, data: &Path, disk: &RealDisk) -> Result<(), BackupError> {
        for key in entries(disk, KEYS_FOLDER, data)? {
            let name = format!("{KEYS_FOLDER}/{key}");
            // The folders have the certificates of the gateway.
            if Member::named(&name).is_none() || disk::is_folder(&data.join(&name)) {
                continue;
            }
            let (file, length) = open_file(&data.join(&name))?;
            self.member(&name, length, file.take(length))?;
        }
        Ok(())
    }

    fn member(&mut self, name: &str, length: u64, mut content: impl Read) -> Result<(), BackupError> {
        let mut header = Header::new_gnu();
        header.set_size(length);
        header.set_mode(Member::named(name).map_or(Access::Owner, Member::access).mode());
        header.set_mtime(self.at_s);
        self.tar.append_data(&mut header, name, &mut content).map_err(io_error("write", self.path))
    }

    /// Completes the archive.
    fn finish(self) -> io::Result<W> {
        let mut out = self.tar.into_inner()?;
        out.flush()?;
        out.into_inner().map_err(io::IntoInnerError::into_error)
    }
}

/// The sorted names of a folder's entries; empty if the folder does not exist.
fn entries(disk: &RealDisk, folder: &str, data: &Path) -> Result<Vec<String>, BackupError> {
    match disk.list(folder) {
        Ok(mut names) => {
            names.sort_unstable();
            Ok(names)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(io_error("list", &data.join(folder))(error)),
    }
}

/// Opens a file. Returns it with its length.
fn open_file(path: &Path) -> Result<(ReadFile, u64), BackupError> {
    let opened = ReadFile::open(path).and_then(|file| file.length().map(|length| (file, length)));
    opened.map_err(io_error("read", path))
}

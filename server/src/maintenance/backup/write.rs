//! Takes a backup, beside a running server and without its lock.
//!
//! The order makes the copy consistent: snapshots first, for they may be older than the log but not newer. Then the log
//! is read, and the contents of all files that it tells of are copied; should one have been deleted meanwhile, the log
//! is read once more ([`check::look_at_all`]). Last comes the log itself, up to where it was read: of what comes
//! later, neither the events nor the contents are in the archive. Everything is checked on the way: damage is found
//! now, not when the backup is needed.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use tar::{Builder, Header};
use tempfile::NamedTempFile;

use super::members::{Hashing, Member};
use super::{BackupError, CONTENTS, Contents, FORMAT, GoOn, io_error, missing};
use crate::domain::files::Shared;
use crate::journal::{Checkpoint, for_each_segment};
use crate::services::files::check;
use crate::services::files::folder::content;
use crate::storage::data_folder::{self, KEYS_FOLDER, SNAPSHOTS, Store};
use disk::{Disk as _, RealDisk};

/// Writes a backup of the data folder `data` to the file `to`, or into it when it is a folder. Returns where it is
/// and what it holds. The file is there whole or not at all, takes the place of an older one of its name, and can be
/// read by its owner only. `go_on` decides about files whose contents are missing.
///
/// # Errors
///
/// Any damage in the data folder, and what the disk refuses. There is no new file then.
pub fn write(
    data: &Path,
    to: &Path,
    with_keys: bool,
    at_ms: u64,
    go_on: GoOn<'_>,
) -> Result<(PathBuf, Contents), BackupError> {
    data_folder::check_is_data(data)?;
    let to = if to.is_dir() { to.join(format!("papo-{at_ms}.tar")) } else { to.to_owned() };
    let folder = match to.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    };
    let temporary = NamedTempFile::new_in(folder).map_err(io_error("write into", folder))?;
    let mut archive =
        Archive { tar: Builder::new(BufWriter::new(temporary)), path: to.clone(), at_s: at_ms / 1000 };
    let contents = archive.fill(data, with_keys, at_ms, go_on)?;
    let failed = io_error("write", &to);
    archive.place(folder).map_err(failed)?;
    Ok((to, contents))
}

/// The archive that is being written.
struct Archive {
    tar: Builder<BufWriter<NamedTempFile>>,
    path: PathBuf,
    at_s: u64,
}

impl Archive {
    fn fill(
        &mut self,
        data: &Path,
        with_keys: bool,
        at_ms: u64,
        go_on: GoOn<'_>,
    ) -> Result<Contents, BackupError> {
        let mut ahead = self.snapshots(data)?;
        let disk = RealDisk::new(data);
        let (end, files) = self.files(data, &disk, go_on)?;
        let passed = |place: Checkpoint| {
            ahead.retain(|(_, stands_for)| *stands_for != place);
            if place.record < end.record { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        let report =
            for_each_segment(&disk, passed, |name, bytes| self.member(name, bytes.len() as u64, bytes))?;
        if let Some((file, _)) = ahead.first() {
            return Err(BackupError::SnapshotElsewhere(file));
        }
        if report.head != end {
            return Err(BackupError::Redacted);
        }
        if with_keys {
            self.keys(data, &disk)?;
        }
        let contents = Contents {
            format: FORMAT,
            at: at_ms,
            records: report.head.record,
            chain: report.head.chain.to_string(),
            files,
            keys: with_keys,
        };
        let mut table =
            serde_json::to_vec(&contents).map_err(io::Error::other).map_err(io_error("write", &self.path))?;
        table.push(b'\n');
        self.member(CONTENTS, table.len() as u64, &*table)?;
        Ok(contents)
    }

    /// Adds the snapshots that there are. Returns which place in the log each stands for, but for the very beginning.
    fn snapshots(&mut self, data: &Path) -> Result<Vec<(&'static str, Checkpoint)>, BackupError> {
        let mut places = Vec::new();
        for file in SNAPSHOTS {
            let path = data.join(file);
            // Opened once: a server may put a new one in its place meanwhile.
            let mut bytes = Vec::new();
            match open(&path).and_then(|mut file| file.read_to_end(&mut bytes)) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(io_error("read", &path)(error)),
            }
            let place = Store::stands_for(file, &bytes)?;
            if place != Checkpoint::GENESIS {
                places.push((file, place));
            }
            self.member(file, bytes.len() as u64, &*bytes)?;
        }
        Ok(places)
    }

    /// Adds the attachments. Returns how far the log was read that tells of them, and how many contents there are.
    fn files(
        &mut self,
        data: &Path,
        disk: &RealDisk,
        go_on: GoOn<'_>,
    ) -> Result<(Checkpoint, u64), BackupError> {
        let mut count = 0;
        let see = |shared: &Shared| {
            let is_there = self.file(data, shared)?;
            count += u64::from(is_there);
            Ok::<_, BackupError>(is_there)
        };
        let (told, gone) = check::look_at_all(|| Ok(check::read_log(disk, |_| {})?), see)?;
        match gone.iter().map(missing).find(|sentence| !go_on(sentence)) {
            Some(sentence) => Err(BackupError::FileMissing(sentence)),
            None => Ok((told.report.head, count)),
        }
    }

    /// Adds the content of an attachment, if it is there.
    fn file(&mut self, data: &Path, shared: &Shared) -> Result<bool, BackupError> {
        let name = content(&shared.sha256);
        let (file, length) = match opened(&data.join(&name)) {
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
            if Member::named(&name).is_none() {
                continue;
            }
            let (file, length) = opened(&data.join(&name))?;
            self.member(&name, length, file.take(length))?;
        }
        Ok(())
    }

    fn member(&mut self, name: &str, length: u64, mut content: impl Read) -> Result<(), BackupError> {
        let mut header = Header::new_gnu();
        header.set_size(length);
        header.set_mode(Member::named(name).map_or(0o600, Member::mode));
        header.set_mtime(self.at_s);
        self.tar.append_data(&mut header, name, &mut content).map_err(io_error("write", &self.path))
    }

    /// Brings the archive onto the disk, and only then under its name.
    fn place(self, folder: &Path) -> io::Result<()> {
        let mut file = self.tar.into_inner()?;
        file.flush()?;
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.as_file().sync_all()?;
        file.persist(&self.path)?;
        open(folder)?.sync_all()
    }
}

/// The entries of a folder in order; none when it is not there.
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

fn opened(path: &Path) -> Result<(File, u64), BackupError> {
    let file = open(path).map_err(io_error("read", path))?;
    let length = file.metadata().map_err(io_error("read", path))?.len();
    Ok((file, length))
}

fn open(path: &Path) -> io::Result<File> {
    fs::OpenOptions::new().read(true).open(path)
}

//! Backups that a running node makes. [`make`] writes one backup and checks it; `BackupThread` runs it on a
//! thread.
//!
//! 1. Write the archive under a temporary name, and sync it.
//! 2. Read the archive again, and make the checks of `papo restore`.
//! 3. Rename the archive to its name.
//! 4. Remove the oldest backups, except the number to keep.
//!
//! So each file with the name of a backup is complete and was checked. If step 1 or 2 fails, the temporary
//! file is removed. After a crash, the next start of the server removes it.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use disk::replace::Temporary;
use disk::{Access, AppendFile, Disk, RealDisk};
use tracing::warn;
use transport::panics::catch;
use transport::wake::Waker;

use super::check::check_archive;
use super::write::archive;
use super::{BackupError, io_error};
use crate::journal::LOG_FOLDER;
use crate::services::background::{self, Niceness};
use crate::services::backups::names::{self, BackupName, INCOMPLETE, superfluous};
use crate::services::backups::{Backups, Finished, KEEP_DEFAULT, Maker, Order, Progress, Settings};
use crate::storage::data_folder::{self, BACKUPS_FOLDER, FILES_FOLDER, KEYS_FOLDER, SNAPSHOTS};

/// The free bytes that a backup leaves on its disk, because the log of the node may be on the same disk: one
/// segment of the log.
const LEFT_BYTES: u64 = 64 << 20;

/// The backups of a node, as its operator configures them.
#[derive(Debug, Clone)]
pub struct BackupConfig {
    /// The folder of the backups; by default the folder `backups` of the data folder.
    pub folder: Option<PathBuf>,
    /// The time between two scheduled backups; `None` without a schedule.
    pub every: Option<Duration>,
    /// The number of backups of each cause that the node keeps.
    pub keep: usize,
}

impl Default for BackupConfig {
    fn default() -> Self {
        Self { folder: None, every: None, keep: KEEP_DEFAULT }
    }
}

/// The backups of the server of a data folder. Removes an incomplete backup that a crash left. Creates no
/// folder before the first backup.
#[must_use]
pub fn open(data: &Path, config: &BackupConfig, waker: Waker, now_ms: u64) -> Backups {
    let folder = config.folder.clone().unwrap_or_else(|| data.join(BACKUPS_FOLDER));
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::new(&folder));
    let (sender, finished) = channel();
    let place =
        Arc::new(Place { data: data.to_owned(), folder, disk: Arc::clone(&disk), lock: Mutex::default() });
    // If this fails, the next backup fails with the same error, and `papo health` reports it.
    let listed = place.list();
    let stored = listed.inspect_err(|error| warn!(%error, "cannot read the folder of backups"));
    let maker = BackupThread { place, waker, sender, finished };
    let settings = Settings { every: config.every, keep: config.keep };
    Backups::new(settings, Box::new(maker), disk, stored.unwrap_or_default(), now_ms)
}

/// Writes a backup of the data folder `data` into the folder `disk`, checks it, and removes older backups.
///
/// # Errors
///
/// Like [`write()`](fn@super::write). No part of the backup then remains, unless its last steps failed: the
/// rename is not durable, or an older backup cannot be removed.
pub fn make(data: &Path, disk: &Arc<dyn Disk>, order: &Order) -> Result<(), BackupError> {
    data_folder::check_is_data(data)?;
    let (name, progress) = (order.name.to_string(), &*order.progress);
    let path = Path::new(&name);
    let temporary = Temporary::of_only_writer(&**disk, INCOMPLETE, Access::Owner);
    let out = Observed { out: temporary.map_err(io_error("create", path))?, progress };
    let written = archive(data, out, path, true, order.name.at_ms, &mut |_| false);
    let (mut written, _) =
        written.map_err(|error| if progress.is_cancelled() { BackupError::Cancelled } else { error })?;
    written.out.sync().map_err(io_error("sync", path))?;
    progress.is_checking.store(true, Ordering::Relaxed);
    let before_step = || if progress.is_cancelled() { Err(BackupError::Cancelled) } else { Ok(()) };
    check_archive(disk, INCOMPLETE, path, before_step)?;
    written.out.replace(&name).map_err(io_error("write", path))?;
    rotate(&**disk, order)
}

fn rotate(disk: &dyn Disk, order: &Order) -> Result<(), BackupError> {
    let BackupName { cause, at_ms } = order.name;
    let stored = names::list(disk).map_err(io_error("list", Path::new("the backups")))?;
    for old in superfluous(&stored, cause, order.keep, at_ms) {
        let name = old.to_string();
        disk.remove(&name).map_err(io_error("remove", Path::new(&name)))?;
    }
    disk.sync_folder("").map_err(io_error("sync", Path::new("the folder of backups")))
}

/// A writer that counts the written bytes, and fails if the server has ended.
struct Observed<'p, W> {
    out: W,
    progress: &'p Progress,
}

impl<W: Write> Write for Observed<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.progress.is_cancelled() {
            return Err(io::Error::other("the server has ended"));
        }
        let written = self.out.write(bytes)?;
        self.progress.written.fetch_add(written as u64, Ordering::Relaxed);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The data folder of a node, and the folder of its backups.
struct Place {
    data: PathBuf,
    folder: PathBuf,
    /// The folder of the backups.
    disk: Arc<dyn Disk>,
    /// The locked file of the folder. Two nodes with one folder would remove backups of each other.
    lock: Mutex<Option<Box<dyn AppendFile>>>,
}

impl Place {
    /// The complete backups. Removes an incomplete one.
    fn list(&self) -> Result<Vec<names::Stored>, BackupError> {
        if disk::exists(&self.folder) {
            self.lock()?;
            match self.disk.remove(INCOMPLETE) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(io_error("remove", &self.folder.join(INCOMPLETE))(error));
                }
                Ok(()) | Err(_) => {}
            }
        }
        names::list(&*self.disk).map_err(io_error("list", &self.folder))
    }

    fn lock(&self) -> Result<(), BackupError> {
        let mut lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        if lock.is_none() {
            let file = data_folder::try_lock(&self.folder)?;
            *lock = Some(file.ok_or_else(|| BackupError::FolderInUse(self.folder.clone()))?);
        }
        Ok(())
    }

    fn make(&self, order: &Order) -> Result<(), BackupError> {
        disk::make_folder(&self.folder).map_err(io_error("create", &self.folder))?;
        self.lock()?;
        let total = source_bytes(&self.data).map_err(io_error("read", &self.data))?;
        order.progress.total.store(total, Ordering::Relaxed);
        let free = disk::free_bytes(&self.folder).map_err(io_error("read", &self.folder))?;
        let needed = total.saturating_add(LEFT_BYTES);
        if free < needed {
            return Err(BackupError::NoRoom { folder: self.folder.clone(), free, needed });
        }
        make(&self.data, &self.disk, order)
    }
}

/// An estimate of the bytes of a backup: the sizes of the files that it contains.
fn source_bytes(data: &Path) -> io::Result<u64> {
    let disk = RealDisk::new(data);
    let folders = [LOG_FOLDER, KEYS_FOLDER].map(str::to_owned);
    let of_files = entries(&disk, FILES_FOLDER)?.into_iter().filter(|name| name.len() == 2);
    let of_files = of_files.map(|name| format!("{FILES_FOLDER}/{name}"));
    let mut total = 0;
    let mut add = |name: &str| {
        // A file that the server removed meanwhile counts as 0 bytes.
        total += disk.len(name).unwrap_or_default();
    };
    SNAPSHOTS.iter().for_each(|name| add(name));
    for folder in folders.into_iter().chain(of_files) {
        let names = entries(&disk, &folder)?;
        // The indexes of the log are not in the archive.
        names.iter().filter(|name| !name.ends_with(".idx")).for_each(|name| add(&format!("{folder}/{name}")));
    }
    Ok(total)
}

fn entries(disk: &RealDisk, folder: &str) -> io::Result<Vec<String>> {
    match disk.list(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        names => names,
    }
}

/// Makes each backup on a new thread.
struct BackupThread {
    place: Arc<Place>,
    waker: Waker,
    sender: Sender<Finished>,
    finished: Receiver<Finished>,
}

impl Maker for BackupThread {
    fn start(&mut self, order: Order) -> io::Result<()> {
        let (place, waker, sender) = (Arc::clone(&self.place), self.waker.clone(), self.sender.clone());
        thread::Builder::new().name("papo-backup".to_owned()).spawn(move || {
            background::lower_priority(Niceness::Lowest);
            let made = catch(|| place.make(&order).map_err(|error| error.to_string()));
            let made = made.unwrap_or_else(|_| Err("a bug of papo: see the log of the server".to_owned()));
            let listed = names::list(&*place.disk).map_err(io_error("list", &place.folder));
            let (listed, stored) = match listed {
                Ok(stored) => (Ok(()), stored),
                Err(error) => (Err(error.to_string()), Vec::new()),
            };
            // The receiver is gone if the server has ended.
            let _unsent = sender.send(Finished { result: made.and(listed), stored });
            waker.wake();
        })?;
        Ok(())
    }

    fn finished(&mut self) -> Option<Finished> {
        self.finished.try_recv().ok()
    }
}

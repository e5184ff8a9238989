//! The data folder: the names of its files, its lock, the secrets of the node, and the completion of an
//! interrupted redaction.
//!
//! If the file of a secret is missing, papo creates a new secret. The tokens or topics of the old secret are
//! then invalid.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use common::hex::{from_hex, to_hex};
use disk::{AppendFile, Disk, Lock, RealDisk};
use thiserror::Error;
use transport::clock;

use crate::domain::{State, TopicSecret};
use crate::journal::{JournalError, LOG_FOLDER, rewrite};

/// The snapshot of the accounts.
pub(crate) const USERS_FILE: &str = "users.json";
/// The snapshot of the conversations.
pub(crate) const CHANNELS_FILE: &str = "channels.json";
/// Both snapshots.
pub const SNAPSHOTS: [&str; 2] = [USERS_FILE, CHANNELS_FILE];
/// The folder of the keys and secrets.
pub const KEYS_FOLDER: &str = "keys";
/// The folder of the sent files.
pub const FILES_FOLDER: &str = "files";
/// The folder of the search index, which is derived from the log.
pub const SEARCH_FOLDER: &str = "search";
/// The folder of a restore that is not complete.
pub const RESTORING_FOLDER: &str = "restoring";
/// The default folder of the backups that a running node makes.
pub const BACKUPS_FOLDER: &str = "backups";
/// The file with the time at which the data folder was restored from a backup.
pub const RESTORED_FILE: &str = "restored";
/// The file with the name of the cluster to which the data folder belongs.
pub const CLUSTER_FILE: &str = "cluster";
/// The file that the server locks while it runs.
pub(crate) const LOCK_FILE: &str = "lock";
/// The maximum time that an opener waits for the lock of a data folder.
const LOCK_WAIT: Duration = Duration::from_millis(500);
/// The time between two attempts to lock a data folder.
const LOCK_RETRY: Duration = Duration::from_millis(20);

/// The reason why the data folder cannot be used.
#[derive(Debug, Error)]
pub enum StoreError {
    #[error(
        "the data folder {0} is in use by another papo server: stop that server, or choose another folder with --data"
    )]
    Locked(PathBuf),
    #[error("{0} is not a data folder: it has no log. Choose the data folder with --data")]
    NoData(PathBuf),
    #[error("{0} contains an interrupted restore: empty the folder, and run `papo restore` again")]
    Restoring(PathBuf),
    #[error(
        "{folder} belongs to the cluster {cluster}: start its node with `papo up --cluster`. Other commands would \
         make its log different from the logs of the other nodes"
    )]
    InCluster { folder: PathBuf, cluster: String },
    #[error(
        "{folder} does not belong to the cluster {cluster}: run `papo cluster init` on the first node, and \
         `papo cluster join` on each further node"
    )]
    NotInCluster { folder: PathBuf, cluster: String },
    /// An interrupted redaction cannot be completed.
    #[error(transparent)]
    Redacting(#[from] JournalError),
    /// The folder or a file in it cannot be read or written.
    #[error(
        "cannot {action} {path}: {source}. The data folder and its files must belong to the user that runs papo"
    )]
    Io {
        /// The failed operation, as a verb.
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    /// A snapshot cannot be read.
    #[error(
        "{file} is damaged: {why}. Move both snapshots away: the server then rebuilds the state from the log"
    )]
    Damaged { file: &'static str, why: String },
    /// A file with a secret is damaged.
    #[error(
        "{0} does not contain 64 hex digits: restore it from a backup, or remove it and papo creates a new one"
    )]
    Secret(String),
}

/// An open data folder. No other process can open it.
pub struct Store {
    folder: PathBuf,
    disk: Arc<dyn Disk>,
    /// `None` in a simulation, which has no other processes.
    _lock: Option<Box<dyn AppendFile>>,
}

impl Store {
    /// Opens a data folder, creates it if it does not exist, and locks it. Refuses the folder of a node in a
    /// cluster.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let store = Self::open_any(folder)?;
        match store.cluster()? {
            Some(cluster) => Err(StoreError::InCluster { folder: folder.to_owned(), cluster }),
            None => Ok(store),
        }
    }

    /// Opens the data folder of a node in this cluster, and locks it.
    pub fn open_in_cluster(folder: &Path, cluster: &str) -> Result<Self, StoreError> {
        let store = Self::open_any(folder)?;
        if store.cluster()?.as_deref() == Some(cluster) {
            return Ok(store);
        }
        Err(StoreError::NotInCluster { folder: folder.to_owned(), cluster: cluster.to_owned() })
    }

    /// Makes the data folder a part of a cluster. `restored_ms` is the same on all its nodes.
    pub fn join_cluster(&self, cluster: &str, restored_ms: Option<u64>) -> Result<(), StoreError> {
        let write = |file: &str, text: String| {
            self.disk.replace_atomically(file, text.as_bytes()).map_err(self.failed("write", file))
        };
        match restored_ms {
            Some(restored_ms) => write(RESTORED_FILE, format!("{restored_ms}\n"))?,
            None if self.restored_ms()?.is_some() => {
                self.disk.remove(RESTORED_FILE).map_err(self.failed("remove", RESTORED_FILE))?;
            }
            None => {}
        }
        write(CLUSTER_FILE, format!("{cluster}\n"))
    }

    /// The cluster to which the data folder belongs.
    fn cluster(&self) -> Result<Option<String>, StoreError> {
        match self.disk.read(CLUSTER_FILE) {
            Ok(text) => Ok(Some(String::from_utf8_lossy(&text).trim().to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed("read", CLUSTER_FILE)(error)),
        }
    }

    fn open_any(folder: &Path) -> Result<Self, StoreError> {
        let disk = RealDisk::new(folder);
        let created = disk.create_folder(KEYS_FOLDER);
        created.map_err(|source| StoreError::Io { action: "create", path: folder.to_owned(), source })?;
        let lock = lock(folder)?;
        if disk::exists(&folder.join(RESTORING_FOLDER)) {
            return Err(StoreError::Restoring(folder.to_owned()));
        }
        finish_redaction(&disk)?;
        Ok(Self { folder: folder.to_owned(), disk: Arc::new(disk), _lock: Some(lock) })
    }

    /// Opens an existing data folder.
    pub fn open_existing(folder: &Path) -> Result<Self, StoreError> {
        check_is_data(folder)?;
        Self::open(folder)
    }

    /// A data folder on a simulated disk, which needs no lock.
    pub fn on(disk: Arc<dyn Disk>) -> Self {
        Self { folder: PathBuf::new(), disk, _lock: None }
    }

    /// The time at which the data folder was restored from a backup, in Unix milliseconds; `None` if it was
    /// not restored.
    pub fn restored_ms(&self) -> Result<Option<u64>, StoreError> {
        match self.disk.read(RESTORED_FILE) {
            Ok(text) => Ok(std::str::from_utf8(&text).ok().and_then(|text| text.trim().parse().ok())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed("read", RESTORED_FILE)(error)),
        }
    }

    /// The files of the folder.
    #[must_use]
    pub fn disk(&self) -> Arc<dyn Disk> {
        Arc::clone(&self.disk)
    }

    /// The state before the first record.
    pub fn new_state(&self) -> Result<State, StoreError> {
        Ok(State::new(TopicSecret::new(self.secret("topic.secret")?)))
    }

    /// A secret of 32 bytes, created on first use.
    pub fn secret(&self, name: &str) -> Result<[u8; 32], StoreError> {
        let file = format!("{KEYS_FOLDER}/{name}");
        match self.disk.read(&file) {
            Ok(bytes) => {
                let digits = String::from_utf8_lossy(&bytes);
                from_hex(digits.trim()).ok_or_else(|| StoreError::Secret(file.clone()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut secret = [0; 32];
                getrandom::fill(&mut secret)
                    .map_err(io::Error::other)
                    .map_err(self.failed("create", &file))?;
                let written = self.disk.replace_atomically(&file, to_hex(&secret).as_bytes());
                written.map_err(self.failed("write", &file))?;
                Ok(secret)
            }
            Err(error) => Err(self.failed("read", &file)(error)),
        }
    }

    /// The error for a failed operation on a file of the folder.
    pub(crate) fn failed(
        &self,
        action: &'static str,
        file: &str,
    ) -> impl FnOnce(io::Error) -> StoreError + use<> {
        let path = self.folder.join(file);
        move |source| StoreError::Io { action, path, source }
    }
}

/// Checks that a folder contains a log. Creates nothing.
pub fn check_is_data(folder: &Path) -> Result<(), StoreError> {
    if disk::is_folder(&folder.join(LOG_FOLDER)) {
        Ok(())
    } else {
        Err(StoreError::NoData(folder.to_owned()))
    }
}

/// Locks an existing data folder until the file is dropped. If another process holds the lock, the function
/// waits for a short time, because that process may be about to end.
pub(crate) fn lock(folder: &Path) -> Result<Box<dyn AppendFile>, StoreError> {
    let started = clock::now();
    loop {
        if let Some(file) = try_lock(folder)? {
            return Ok(file);
        }
        if clock::now().duration_since(started) >= LOCK_WAIT {
            return Err(StoreError::Locked(folder.to_owned()));
        }
        thread::sleep(LOCK_RETRY);
    }
}

/// Locks an existing data folder; `None` if another process holds the lock.
pub(crate) fn try_lock(folder: &Path) -> Result<Option<Box<dyn AppendFile>>, StoreError> {
    let failed = |action| move |source| StoreError::Io { action, path: folder.join(LOCK_FILE), source };
    let mut file = RealDisk::new(folder).open_or_create(LOCK_FILE).map_err(failed("open"))?;
    let lock = file.lock().map_err(failed("lock"))?;
    Ok((lock == Lock::Held).then_some(file))
}

/// Completes a redaction that a crash interrupted, or removes its files if the new log was not activated. The
/// caller must hold the lock, and must call this before it reads the log or the snapshots. Idempotent.
pub fn finish_redaction(disk: &dyn Disk) -> Result<(), JournalError> {
    if !rewrite::is_activated(disk)? {
        return rewrite::discard(disk);
    }
    // The checkpoints of the snapshots are positions in the old log.
    SNAPSHOTS.iter().try_for_each(|file| rewrite::remove(disk, file))?;
    disk.sync_folder("").map_err(|error| JournalError::io("sync", "the data folder", error))?;
    // The search index may still contain words of redacted messages.
    for file in rewrite::names(disk, SEARCH_FOLDER)? {
        rewrite::remove(disk, &format!("{SEARCH_FOLDER}/{file}"))?;
    }
    rewrite::install(disk)
}

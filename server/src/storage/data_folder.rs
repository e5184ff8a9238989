//! The data folder but for the log: its lock, the snapshots of the state, and the node's secrets.
//!
//! A snapshot is readable JSON with a checksum, replaced atomically, and says for which record of the log it stands.
//! Losing both costs nothing but a longer start: the log holds everything. So one that is damaged is put aside. A secret
//! that is lost is made anew, which ends what rests on it.

use std::collections::BTreeMap;
use std::fs::{File, Metadata, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::hex::{from_hex, to_hex};
use common::{ChannelName, UserName};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tracing::{info, warn};

use crate::domain::accounts::Account;
use crate::domain::channels::{Channel, Direct};
use crate::domain::files::Shared;
use crate::domain::{State, TopicSecret};
use crate::journal::{Checkpoint, JournalError, LOG_FOLDER};
use crate::maintenance::redact;
use crate::storage::checksum::{self, Verdict};
use disk::{Disk, RealDisk};

/// The format of both snapshots. A server refuses a newer one than it knows, and makes nothing of an older one:
/// format 1 did not say which events were messages, format 2 found other mentions in some texts, and counted messages
/// as unread whose texts were redacted; only the log knows.
const FORMAT: u32 = 3;
const USERS_FILE: &str = "users.json";
const CHANNELS_FILE: &str = "channels.json";
/// Both snapshots.
pub const SNAPSHOTS: [&str; 2] = [USERS_FILE, CHANNELS_FILE];
/// Where the secrets are, within the data folder.
pub const KEYS_FOLDER: &str = "keys";
/// Where the attachments are, within the data folder.
pub const FILES_FOLDER: &str = "files";
/// What a restore has not moved into its place yet, within the data folder.
pub const RESTORING_FOLDER: &str = "restoring";

/// Where it stands when the data folder was made of a backup.
pub const RESTORED_FILE: &str = "restored";
/// Within the data folder.
pub(crate) const LOCK_FILE: &str = "lock";

/// Why the data folder cannot be used.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Another server works on it.
    #[error(
        "the data folder {0} is in use by another papo server; stop that one, or give this one a folder of its own (--data)"
    )]
    Locked(PathBuf),
    /// Nobody has ever worked on it.
    #[error("{0} is no data folder: there is no log in it; name the right one with --data")]
    NoData(PathBuf),
    /// A backup was not restored to its end.
    #[error("{0} holds a restore that was broken off: empty the folder, and run `papo restore` again")]
    Restoring(PathBuf),
    /// A redaction that was broken off cannot be finished.
    #[error(transparent)]
    Redacting(#[from] JournalError),
    /// The folder or a file in it cannot be read or written.
    #[error(
        "cannot {action} {path}: {source}; the data folder and all in it must belong to the user that runs papo"
    )]
    Io {
        /// What was being done, as a verb.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// The operating system's own words.
        source: io::Error,
    },
    /// A snapshot does not read as one.
    #[error(
        "{file} is damaged: {why}; move it and the other snapshot away, and the state is rebuilt from the log"
    )]
    Damaged {
        /// Which snapshot.
        file: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// A secret file does not read as one.
    #[error("{0} does not hold 64 hex digits: restore it from a backup, or remove it and a new one is made")]
    Secret(String),
}

/// An open data folder, which nobody else has open.
pub struct Store {
    folder: PathBuf,
    disk: Arc<dyn Disk>,
    /// `None` where nobody else could be, in a simulation.
    _lock: Option<File>,
}

#[derive(Serialize, Deserialize)]
struct Snapshot<T> {
    format: u32,
    record: u64,
    chain: String,
    #[serde(flatten)]
    content: T,
}

#[derive(Serialize, Deserialize)]
struct UsersContent<A> {
    users: A,
}

#[derive(Serialize, Deserialize)]
struct ChannelsContent<C, D> {
    channels: C,
    /// The channel `*`; older snapshots know of none.
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    everybody: Option<Channel>,
    direct: Vec<DirectContent<D>>,
    /// Absent in what was written before there were files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    files: Vec<Shared>,
}

#[derive(Serialize, Deserialize)]
struct DirectContent<D> {
    users: (UserName, UserName),
    #[serde(flatten)]
    direct: D,
}

/// What is read of a snapshot first, and alone when only its place in the log matters.
#[derive(Deserialize)]
struct Stamp {
    format: u32,
    record: u64,
    chain: String,
}

/// Both snapshots as bytes, to be written without holding up the event loop.
#[derive(PartialEq, Eq)]
pub struct Prepared {
    users: Vec<u8>,
    channels: Vec<u8>,
}

impl Store {
    /// Opens a data folder, makes it when it is not there, and locks it.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let disk = RealDisk::new(folder);
        let created = disk.create_folder(KEYS_FOLDER);
        created.map_err(|source| StoreError::Io { action: "create", path: folder.to_owned(), source })?;
        let lock = lock(folder)?;
        if folder.join(RESTORING_FOLDER).exists() {
            return Err(StoreError::Restoring(folder.to_owned()));
        }
        redact::recover(&disk)?;
        Ok(Self { folder: folder.to_owned(), disk: Arc::new(disk), _lock: Some(lock) })
    }

    /// Opens a data folder that is there, for whoever has no use for an empty one.
    pub fn open_existing(folder: &Path) -> Result<Self, StoreError> {
        check_is_data(folder)?;
        Self::open(folder)
    }

    /// A store on any disk, which nobody else uses.
    pub fn on(disk: Arc<dyn Disk>) -> Self {
        Self { folder: PathBuf::new(), disk, _lock: None }
    }

    /// When it was made of a backup, in Unix milliseconds; nothing when it was not.
    pub fn restored_ms(&self) -> Result<Option<u64>, StoreError> {
        match self.disk.read(RESTORED_FILE) {
            Ok(text) => Ok(std::str::from_utf8(&text).ok().and_then(|text| text.trim().parse().ok())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => {
                Err(StoreError::Io { action: "read", path: self.folder.join(RESTORED_FILE), source })
            }
        }
    }

    /// The folder's files, for the journal.
    #[must_use]
    pub fn disk(&self) -> Arc<dyn Disk> {
        Arc::clone(&self.disk)
    }

    /// The state before the first record.
    pub fn new_state(&self) -> Result<State, StoreError> {
        Ok(State::new(TopicSecret::new(self.secret("topic.secret")?)))
    }

    /// The state of the snapshots, and the place in the log from which on it must be brought up to date. The
    /// two may stand for different records, when a crash came between them: the older one counts.
    pub fn load(&self) -> Result<(State, Checkpoint), StoreError> {
        let mut state = self.new_state()?;
        let users = self.read_snapshot::<UsersContent<BTreeMap<UserName, Account>>>(USERS_FILE)?;
        let channels =
            self.read_snapshot::<ChannelsContent<BTreeMap<ChannelName, Channel>, Direct>>(CHANNELS_FILE)?;
        let (Some((users_at, users)), Some((channels_at, channels))) = (users, channels) else {
            return Ok((state, Checkpoint::GENESIS));
        };
        state.users.restore(users.users);
        state.users.applied = users_at.record;
        for (name, channel) in channels.channels {
            state.channels.restore_channel(name, channel);
        }
        match channels.everybody {
            Some(everybody) => state.channels.restore_everybody(everybody),
            None => state.make_everybody(),
        }
        for direct in channels.direct {
            state.channels.restore_direct(direct.users, direct.direct);
        }
        channels.files.into_iter().for_each(|shared| state.files.restore(shared));
        state.channels.applied = channels_at.record;
        let older = if users_at.record < channels_at.record { users_at } else { channels_at };
        Ok((state, older))
    }

    /// The place in the log that a snapshot stands for.
    pub fn stands_for(file: &'static str, bytes: &[u8]) -> Result<Checkpoint, StoreError> {
        let damaged = |why| StoreError::Damaged { file, why };
        if checksum::check(bytes) == Verdict::Damaged {
            return Err(damaged("it does not match its checksum".to_owned()));
        }
        let stamp: Stamp = serde_json::from_slice(bytes).map_err(|error| damaged(error.to_string()))?;
        checkpoint(file, stamp)
    }

    /// The state as bytes, standing for `at`.
    pub fn prepare(state: &State, at: Checkpoint) -> Result<Prepared, serde_json::Error> {
        let direct = state.channels.all_direct();
        let mut direct: Vec<_> =
            direct.map(|(users, direct)| DirectContent { users: users.clone(), direct }).collect();
        direct.sort_by(|one, other| one.users.cmp(&other.users));
        let content = ChannelsContent {
            channels: state.channels.all(),
            everybody: Some(state.channels.everybody().clone()),
            direct,
            files: state.files.all().cloned().collect(),
        };
        Ok(Prepared {
            users: snapshot(at, UsersContent { users: state.users.accounts() })?,
            channels: snapshot(at, content)?,
        })
    }

    /// Replaces both snapshots.
    pub fn write(disk: &dyn Disk, prepared: &Prepared) -> io::Result<()> {
        disk.replace_atomically(USERS_FILE, &prepared.users)?;
        disk.replace_atomically(CHANNELS_FILE, &prepared.channels)
    }

    /// A secret of 32 bytes, made on first use.
    pub fn secret(&self, name: &str) -> Result<[u8; 32], StoreError> {
        let file = format!("{KEYS_FOLDER}/{name}");
        let failed = |action| {
            let path = self.folder.join(&file);
            move |source| StoreError::Io { action, path, source }
        };
        match self.disk.read(&file) {
            Ok(bytes) => {
                let digits = String::from_utf8_lossy(&bytes);
                from_hex(digits.trim()).ok_or_else(|| StoreError::Secret(file.clone()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut secret = [0; 32];
                getrandom::fill(&mut secret).map_err(|error| failed("make")(io::Error::other(error)))?;
                self.disk.replace_atomically(&file, to_hex(&secret).as_bytes()).map_err(failed("write"))?;
                Ok(secret)
            }
            Err(error) => Err(failed("read")(error)),
        }
    }

    fn read_snapshot<T: DeserializeOwned>(
        &self,
        file: &'static str,
    ) -> Result<Option<(Checkpoint, T)>, StoreError> {
        let bytes = match self.disk.read(file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|source| StoreError::Io {
                action: "read",
                path: self.folder.join(file),
                source,
            })?,
        };
        let damaged = |error: serde_json::Error| StoreError::Damaged { file, why: error.to_string() };
        if checksum::check(&bytes) == Verdict::Damaged {
            return Ok(self.put_aside(file, "it does not match its checksum"));
        }
        let stamp: Stamp = match serde_json::from_slice(&bytes).map_err(damaged) {
            Ok(stamp) => stamp,
            Err(error) => return Ok(self.put_aside(file, &error.to_string())),
        };
        if stamp.format < FORMAT {
            info!(file, "an older papo wrote this snapshot: the state is rebuilt from the log, this once");
            return Ok(None);
        }
        let at = checkpoint(file, stamp)?;
        match serde_json::from_slice::<Snapshot<T>>(&bytes).map_err(damaged) {
            Ok(snapshot) => Ok(Some((at, snapshot.content))),
            Err(error) => Ok(self.put_aside(file, &error.to_string())),
        }
    }

    /// A damaged snapshot is kept for whoever wants to know what happened, and is used no more.
    fn put_aside<T>(&self, file: &'static str, why: &str) -> Option<T> {
        warn!(
            file,
            why,
            "a snapshot is damaged: it is put aside as {file}.damaged, and the state is rebuilt from the log"
        );
        if let Err(error) = self.disk.rename(file, &format!("{file}.damaged")) {
            // It is not used all the same, and the next snapshot takes its place.
            warn!(%error, file, "the damaged snapshot cannot be renamed");
        }
        None
    }
}

/// Whether there is a log in a folder. Nothing is made in it.
///
/// # Errors
///
/// [`StoreError::NoData`] when there is none.
pub fn check_is_data(folder: &Path) -> Result<(), StoreError> {
    if folder.join(LOG_FOLDER).is_dir() { Ok(()) } else { Err(StoreError::NoData(folder.to_owned())) }
}

/// Takes the lock of a data folder, which must be there. It is held until the file is dropped.
pub(crate) fn lock(folder: &Path) -> Result<File, StoreError> {
    let path = folder.join(LOCK_FILE);
    let failed = |action| {
        let path = path.clone();
        move |source| StoreError::Io { action, path, source }
    };
    let lock = File::options().create(true).append(true).mode(0o600).open(&path).map_err(failed("open"))?;
    match lock.try_lock() {
        // A restore that failed has removed the file since it was opened.
        Ok(()) if !is_named(&lock, &path) => Err(StoreError::Locked(folder.to_owned())),
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked(folder.to_owned())),
        Err(TryLockError::Error(source)) => Err(failed("lock")(source)),
    }
}

/// Whether a file that is open is what a name stands for.
fn is_named(file: &File, path: &Path) -> bool {
    let of = |metadata: Metadata| (metadata.dev(), metadata.ino());
    file.metadata().is_ok_and(|opened| path.metadata().is_ok_and(|named| of(named) == of(opened)))
}

fn checkpoint(file: &'static str, stamp: Stamp) -> Result<Checkpoint, StoreError> {
    let damaged = |why| StoreError::Damaged { file, why };
    if stamp.format > FORMAT {
        return Err(damaged(format!("its format {} is newer than this papo knows", stamp.format)));
    }
    let chain = stamp.chain.parse().map_err(|error| damaged(format!("{error}")))?;
    Ok(Checkpoint { record: stamp.record, chain })
}

fn snapshot(at: Checkpoint, content: impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let chain = at.chain.to_string();
    let object = serde_json::to_vec_pretty(&Snapshot { format: FORMAT, record: at.record, chain, content })?;
    Ok(checksum::add(object))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_on_a_file_that_was_removed_is_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = lock(folder.path()).expect("nobody has it");
        let path = folder.path().join(LOCK_FILE);
        assert!(is_named(&first, &path));
        std::fs::remove_file(&path).expect("removed");
        assert!(!is_named(&first, &path), "nothing has the name");
        let second = lock(folder.path()).expect("nobody has it");
        assert!(is_named(&second, &path) && !is_named(&first, &path), "another file has it");
    }
}

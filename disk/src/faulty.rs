//! A disk in memory for tests and the simulation. It injects failures, and a crash loses unsynced bytes and
//! names.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Access, AppendFile, Disk, Lock};

/// A disk in memory. Clones share its files.
#[derive(Clone, Default)]
pub struct FaultyDisk {
    state: Arc<Mutex<State>>,
}

/// The effect of a crash on unsynced bytes and names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// All appended bytes, and all created and renamed names, are lost.
    Everything,
    /// Nothing is lost. The process was killed, but the machine continues.
    Nothing,
    /// Only this percentage of the appended bytes of a file is kept.
    Tail(usize),
    /// The appended bytes are kept, but every second sector of 512 bytes reads as zeros.
    Sectors,
}

/// A planned failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// The operation that fails, counted from 0.
    pub operation: u64,
    pub kind: io::ErrorKind,
    /// Whether every later operation fails too.
    pub lasts: bool,
}

#[derive(Default)]
struct State {
    operations: u64,
    failure: Option<Failure>,
    /// The free bytes of the disk; `None` if the disk is unlimited.
    room: Option<usize>,
    files: BTreeMap<u64, Content>,
    names: BTreeMap<String, u64>,
    names_synced: BTreeMap<String, u64>,
    locked: BTreeSet<u64>,
}

#[derive(Default, Clone)]
struct Content {
    bytes: Vec<u8>,
    synced: Vec<u8>,
    /// The bytes that exist only in the page cache after a failed sync, and are marked as clean. They can be
    /// read, but a later sync does not write them, unless they are rewritten before. (Linux; see "Can
    /// applications recover from fsync failures?", USENIX ATC 2020.)
    unwritten: Range<usize>,
}

impl FaultyDisk {
    /// An empty disk without faults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of attempted operations that change or sync files or names.
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// Plans a failure.
    pub fn fail(&self, failure: Failure) {
        self.state().failure = Some(failure);
    }

    /// Cancels the planned failure. Its effects remain.
    pub fn heal(&self) {
        self.state().failure = None;
    }

    /// Sets the free bytes of the disk; `None` makes the disk unlimited. Removing and cutting files frees
    /// bytes. Returns the previous value.
    pub fn set_room(&self, bytes: Option<usize>) -> Option<usize> {
        std::mem::replace(&mut self.state().room, bytes)
    }

    /// The free bytes of the disk; `None` if the disk is unlimited.
    pub fn room(&self) -> Option<usize> {
        self.state().room
    }

    /// Whether the planned failure has happened.
    pub fn has_failed(&self) -> bool {
        let state = self.state();
        state.failure.is_some_and(|failure| state.operations > failure.operation)
    }

    /// Returns the disk as it is after a crash at this moment.
    #[must_use]
    pub fn after_crash(&self, loss: Loss) -> Self {
        let state = self.state();
        let names = if loss == Loss::Everything { &state.names_synced } else { &state.names };
        let files = state.files.iter().map(|(number, content)| {
            let bytes = content.after_crash(loss);
            (*number, Content { synced: bytes.clone(), bytes, unwritten: 0..0 })
        });
        let files = files.collect();
        let (names, names_synced, room) = (names.clone(), names.clone(), state.room);
        let after = State { files, names, names_synced, room, ..State::default() };
        Self { state: Arc::new(Mutex::new(after)) }
    }

    /// Changes the bytes of a file, as damage on the disk does.
    pub fn tamper(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        let mut state = self.state();
        let content = state.content(name)?;
        change(&mut content.bytes);
        content.synced.clone_from(&content.bytes);
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts an operation. Returns an error if a failure is planned for it.
    fn begin_operation(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        let operation = state.operations;
        state.operations += 1;
        match state.failure {
            Some(Failure { operation: at, kind, lasts }) if operation == at || (lasts && operation > at) => {
                Err(kind.into())
            }
            _ => Ok(state),
        }
    }
}

impl State {
    fn number(&self, name: &str) -> io::Result<u64> {
        self.names.get(name).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn content(&mut self, name: &str) -> io::Result<&mut Content> {
        let number = self.number(name)?;
        self.files.get_mut(&number).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Removes a name, and frees the bytes of its file. Returns the number of the file.
    fn remove_name(&mut self, name: &str) -> Option<u64> {
        let number = self.names.remove(name)?;
        let survives_crash = self.names_synced.values().any(|synced| *synced == number);
        let content = self.files.get_mut(&number)?;
        self.room = self.room.map(|room| room + content.bytes.len());
        if !survives_crash {
            *content = Content::default();
        }
        Some(number)
    }
}

impl Content {
    fn sync(&mut self) {
        self.synced.clone_from(&self.bytes);
        if let Some(unwritten) = self.synced.get_mut(self.unwritten.clone()) {
            unwritten.fill(0);
        }
    }

    fn after_crash(&self, loss: Loss) -> Vec<u8> {
        // A cut file has no appended bytes. A crash loses the whole cut or nothing.
        let appended = self.bytes.get(self.synced.len()..).unwrap_or_default();
        let synced = self.bytes.len() - appended.len();
        let mut bytes = self.bytes.clone();
        if let (true, Some(unwritten)) = (loss != Loss::Nothing, bytes.get_mut(self.unwritten.clone())) {
            unwritten.fill(0);
        }
        match loss {
            Loss::Everything => return self.synced.clone(),
            Loss::Nothing => {}
            Loss::Tail(percent) => bytes.truncate(synced + appended.len() * percent.min(100) / 100),
            Loss::Sectors => {
                let lost = |(at, _): &(usize, &mut u8)| *at >= synced && at / 512 % 2 == 1;
                bytes.iter_mut().enumerate().filter(lost).for_each(|(_, byte)| *byte = 0);
            }
        }
        bytes
    }
}

impl Disk for FaultyDisk {
    fn create_folder(&self, _folder: &str) -> io::Result<()> {
        self.begin_operation().map(drop)
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let entry = |name: &String| {
            let inside =
                if folder.is_empty() { name } else { name.strip_prefix(folder)?.strip_prefix('/')? };
            inside.split('/').next().map(str::to_owned)
        };
        let entries: BTreeSet<_> = self.state().names.keys().filter_map(entry).collect();
        Ok(entries.into_iter().collect())
    }

    fn create_for(&self, name: &str, _access: Access) -> io::Result<Box<dyn AppendFile>> {
        let mut state = self.begin_operation()?;
        if state.names.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        if state.room == Some(0) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        // The map never shrinks, so the number is unique.
        let number = state.files.len() as u64;
        state.files.insert(number, Content::default());
        state.names.insert(name.to_owned(), number);
        drop(state);
        self.open_append(name)
    }

    fn open_append(&self, name: &str) -> io::Result<Box<dyn AppendFile>> {
        let number = self.state().number(name)?;
        let (disk, name) = (self.clone(), name.to_owned());
        Ok(Box::new(FaultyFile { disk, name, number, is_locked: false }))
    }

    fn len(&self, name: &str) -> io::Result<u64> {
        Ok(self.state().content(name)?.bytes.len() as u64)
    }

    fn read_at(&self, name: &str, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut state = self.state();
        let from = usize::try_from(offset).map_err(io::Error::other)?;
        let bytes = state.content(name)?.bytes.get(from..).unwrap_or_default();
        let length = buffer.len().min(bytes.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..length), bytes.get(..length)) {
            to.copy_from_slice(from);
        }
        Ok(length)
    }

    fn truncate(&self, name: &str, length: u64) -> io::Result<()> {
        let length = usize::try_from(length).map_err(io::Error::other)?;
        let mut state = self.begin_operation()?;
        let content = state.content(name)?;
        let cut = content.bytes.len().saturating_sub(length);
        content.bytes.truncate(length);
        content.unwritten.end = content.unwritten.end.min(length);
        state.room = state.room.map(|room| room + cut);
        Ok(())
    }

    fn rewrite(&self, name: &str, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        let mut state = self.begin_operation()?;
        let content = state.content(name)?;
        let written = offset..offset + bytes.len();
        let target = content.bytes.get_mut(written.clone()).ok_or(io::ErrorKind::UnexpectedEof)?;
        target.copy_from_slice(bytes);
        if written.start <= content.unwritten.start && content.unwritten.end <= written.end {
            content.unwritten = 0..0;
        }
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.begin_operation()?;
        let number = state.number(from)?;
        state.remove_name(to);
        state.names.remove(from);
        state.names.insert(to.to_owned(), number);
        Ok(())
    }

    fn rename_new(&self, from: &str, to: &str) -> io::Result<()> {
        if self.state().names.contains_key(to) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let removed = self.begin_operation()?.remove_name(name);
        removed.map(drop).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        let mut state = self.begin_operation()?;
        let inside = |name: &str| name.rsplit_once('/').map_or("", |(parent, _)| parent) == folder;
        let State { names, names_synced, .. } = &mut *state;
        names_synced.retain(|name, _| !inside(name));
        names_synced.extend(names.clone().into_iter().filter(|(name, _)| inside(name)));
        Ok(())
    }
}

struct FaultyFile {
    disk: FaultyDisk,
    name: String,
    number: u64,
    is_locked: bool,
}

impl FaultyFile {
    /// Appends the bytes that fit. Returns whether all bytes fit.
    fn append(&self, bytes: &[u8]) -> bool {
        let mut state = self.disk.state();
        let length = state.room.map_or(bytes.len(), |room| room.min(bytes.len()));
        state.room = state.room.map(|room| room - length);
        if let (Some(content), Some(fitting)) = (state.files.get_mut(&self.number), bytes.get(..length)) {
            content.bytes.extend_from_slice(fitting);
        }
        length == bytes.len()
    }

    fn change(&self, change: impl FnOnce(&mut Content)) -> io::Result<()> {
        let mut state = self.disk.begin_operation()?;
        let content = state.files.get_mut(&self.number).ok_or(io::ErrorKind::NotFound)?;
        change(content);
        Ok(())
    }
}

impl AppendFile for FaultyFile {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let outcome = self.change(|_| ());
        // A failed write writes half of the bytes.
        let written = bytes.get(..bytes.len() / 2).filter(|_| outcome.is_err()).unwrap_or(bytes);
        let has_room = self.append(written);
        outcome.and_then(|()| if has_room { Ok(()) } else { Err(io::ErrorKind::StorageFull.into()) })
    }

    fn sync_data(&mut self) -> io::Result<()> {
        self.change(Content::sync).inspect_err(|_| {
            if let Some(content) = self.disk.state().files.get_mut(&self.number) {
                content.unwritten = content.synced.len().min(content.bytes.len())..content.bytes.len();
            }
        })
    }

    fn lock(&mut self) -> io::Result<Lock> {
        let mut state = self.disk.state();
        if !state.locked.insert(self.number) {
            return Ok(Lock::Busy);
        }
        self.is_locked = true;
        Ok(if state.names.get(&self.name) == Some(&self.number) { Lock::Held } else { Lock::Gone })
    }
}

impl Drop for FaultyFile {
    fn drop(&mut self) {
        if self.is_locked {
            self.disk.state().locked.remove(&self.number);
        }
    }
}

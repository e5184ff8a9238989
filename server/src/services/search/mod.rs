//! Finding what was said: an index of the words in all messages, in `search/` beside the log, which is derived from it.
//!
//! A thread of its own follows the log and never holds up anybody. It is told how far the log is on the disk, and
//! nothing else: what it has not taken in yet waits in the log, so there is no queue to fill. It works when somebody
//! searches, when much has gathered and no more is coming for a moment, and now and then; between two such runs it holds
//! nothing but the open index. The
//! index says up to which place in the log it stands, chain included: another log's, another version's, or a
//! damaged one is thrown away and made again.
//!
//! A search waits for the index to come as far as the log was on the disk when it was asked: what was
//! acknowledged is found. If that takes too long, as in a rebuild, it answers with what there is, and says how much is
//! missing.

mod index;
mod indexer;
mod words;
mod characters;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use thiserror::Error;
use tracing::warn;
use transport::clock;

use self::index::MessageIndex;
use self::indexer::Indexer;
use crate::journal::{JournalError, verify};
use crate::services::background::{self, Niceness};
use crate::storage::data_folder::{SEARCH_FOLDER, Store, StoreError};
use disk::RealDisk;

pub use self::index::{Hit, Question, has_words};

/// Records that gather before they are taken in without anybody asking: a fraction of a second of work.
const GATHERING_RECORDS: u64 = 5000;

/// How long at most they gather. Taking in a few costs some synced files, which are the disk's time.
const GATHERING_TIME: Duration = Duration::from_secs(30);

/// How often it looks whether more is coming, when enough has gathered.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// So many records in that time are a flood, ten thousand a second. Its senders need the disk and the processors themselves:
/// taking it in at the same time would cost a third of what they can send.
const FLOOD_RECORDS: u64 = 1000;

/// How long a search waits for the index.
const PATIENCE: Duration = Duration::from_secs(2);

/// An index so many records behind does not come up in that time: nobody waits for it.
const HOPELESS_RECORDS: u64 = 500_000;

/// How often in a row the index is thrown away and begun again, before it is given up until the next start.
const FAILURES_MAX: u32 = 3;

/// Why there is no index.
#[derive(Debug, Error)]
pub enum SearchError {
    /// The index.
    #[error(
        "the index of the search cannot be used: {0}; `papo index rebuild` makes it again while the server is stopped"
    )]
    Index(#[from] tantivy::TantivyError),
    /// The log.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The data folder.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its folder.
    #[error("cannot use the folder {0}: {1}")]
    Folder(PathBuf, io::Error),
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The newest first.
    pub hits: Vec<Hit>,
    /// How many records that were on the disk the index had not taken in.
    pub behind: u64,
}

/// There is no index to be asked; the log says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoIndex;

/// The index of a data folder, and the thread that keeps it up to date.
pub struct Search {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread and the searches share.
#[derive(Default)]
struct Shared {
    data: PathBuf,
    /// The last record on the disk.
    durable: AtomicU64,
    /// The record at which the thread wants to be woken.
    due: AtomicU64,
    progress: Mutex<Progress>,
    changed: Condvar,
    /// The open index; `None` before the first run, and while it is made again.
    index: Mutex<Option<MessageIndex>>,
}

#[derive(Debug, Default)]
struct Progress {
    /// The last record that somebody waits for.
    wanted: u64,
    /// The last record in the index; `None` as long as that is not known.
    indexed: Option<u64>,
    has_failed: bool,
    is_stopping: bool,
}

impl Search {
    /// The index of this data folder, which nobody keeps up to date.
    #[must_use]
    pub fn unattended(data: &Path) -> Self {
        Self { shared: Arc::new(Shared { data: data.to_owned(), ..Shared::default() }), thread: None }
    }

    /// The index of this data folder, and its thread.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub fn start(data: &Path) -> io::Result<Self> {
        let mut search = Self::unattended(data);
        let shared = Arc::clone(&search.shared);
        search.thread = Some(thread::Builder::new().name("indexer".into()).spawn(move || shared.keep_up())?);
        Ok(search)
    }

    /// Everything up to this record is on the disk. Takes no lock: nobody who sends waits for the index.
    pub fn durable(&self, record: u64) {
        let before = self.shared.durable.swap(record, Ordering::Relaxed);
        let due = self.shared.due.load(Ordering::Relaxed);
        // A thread that looks at this very moment may miss it, and then looks again in a while.
        if before < due && record >= due {
            self.shared.changed.notify_all();
        }
    }

    /// The work of a search, for a job.
    pub fn work(&self, question: Question) -> impl FnOnce() -> Result<Found, NoIndex> + Send + use<> {
        let shared = Arc::clone(&self.shared);
        move || shared.answer(&question)
    }
}

impl Drop for Search {
    fn drop(&mut self) {
        self.shared.lock().is_stopping = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            warn!("the indexer has panicked");
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn durable(&self) -> u64 {
        self.durable.load(Ordering::Relaxed)
    }

    fn index(&self) -> MutexGuard<'_, Option<MessageIndex>> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The thread: takes in what is due, until it is to stop.
    fn keep_up(&self) {
        background::step_back(Niceness::MayBeWaitedFor);
        let mut failures = 0;
        let mut indexer = None;
        while let Some(last) = self.next_work() {
            match self.take_in(&mut indexer, last) {
                Ok(()) => failures = 0,
                Err(error) => {
                    failures += 1;
                    warn!(%error, "the index of the search is made again");
                    (indexer, *self.index()) = (None, None);
                    self.lock().indexed = None;
                    if clear(&self.data).is_err() || failures == FAILURES_MAX {
                        warn!("there is no search until the next start");
                        self.lock().has_failed = true;
                        self.changed.notify_all();
                        return;
                    }
                }
            }
        }
    }

    /// Waits for work. Returns up to which record; `None` at the end.
    fn next_work(&self) -> Option<u64> {
        let (begun, mut progress, mut before) = (clock::now(), self.lock(), 0);
        loop {
            let (indexed, durable) = (progress.indexed.unwrap_or(0), self.durable());
            self.due.store(indexed + GATHERING_RECORDS, Ordering::Relaxed);
            if progress.is_stopping {
                return None;
            }
            let (gathered, new) = (durable.saturating_sub(indexed), durable.saturating_sub(before));
            let waited = clock::now().duration_since(begun);
            if progress.wanted > indexed || is_due(gathered, new, waited) {
                return Some(durable);
            }
            before = durable;
            let pause = if gathered < GATHERING_RECORDS { GATHERING_TIME } else { LOOK_EVERY };
            let waited = self.changed.wait_timeout(progress, pause);
            (progress, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn take_in(&self, indexer: &mut Option<Indexer>, last: u64) -> Result<(), SearchError> {
        let indexer = match indexer {
            Some(indexer) => indexer,
            None => indexer.insert(Indexer::open(&self.data)?),
        };
        *self.index() = Some(indexer.index());
        indexer.run(last, |record| {
            let mut progress = self.lock();
            progress.indexed = Some(record);
            self.changed.notify_all();
            !progress.is_stopping
        })
    }

    /// Searches, once the index is far enough.
    fn answer(&self, question: &Question) -> Result<Found, NoIndex> {
        let (goal, indexed) = self.reach();
        let Some(index) = self.index().clone() else { return Err(NoIndex) };
        let hits = index.find(question).map_err(|error| {
            warn!(%error, "a search failed");
            NoIndex
        })?;
        Ok(Found { hits, behind: goal.saturating_sub(indexed) })
    }

    /// Waits for the index to take in what is on the disk now. Returns that, and how far the index is.
    fn reach(&self) -> (u64, u64) {
        let mut progress = self.lock();
        let goal = self.durable();
        progress.wanted = progress.wanted.max(goal);
        self.changed.notify_all();
        let waits = |progress: &mut Progress| {
            let far = progress.indexed.is_some_and(|indexed| goal.saturating_sub(indexed) > HOPELESS_RECORDS);
            progress.indexed.unwrap_or(0) < goal && !far && !progress.has_failed && !progress.is_stopping
        };
        let waited = self.changed.wait_timeout_while(progress, PATIENCE, waits);
        let (progress, _) = waited.unwrap_or_else(PoisonError::into_inner);
        (goal, progress.indexed.unwrap_or(0))
    }
}

/// Whether what has gathered is taken in though nobody searches: how many records, how many of them are `new` since the last
/// look, and how long ago it was begun to wait.
fn is_due(gathered: u64, new: u64, waited: Duration) -> bool {
    let is_flood = new >= FLOOD_RECORDS;
    gathered >= GATHERING_RECORDS && !is_flood || gathered > 0 && waited >= GATHERING_TIME
}

/// Makes the index of a data folder that no server works on, from the log alone. Returns up to which record it goes.
///
/// # Errors
///
/// When a server works on the folder, when the log is not sound, or when the disk refuses.
pub fn rebuild(data: &Path) -> Result<u64, SearchError> {
    let _store = Store::open_existing(data)?;
    let head = verify(&RealDisk::new(data))?.head.record;
    clear(data).map_err(|error| SearchError::Folder(data.join(SEARCH_FOLDER), error))?;
    Indexer::open(data)?.run(head, |_| true)?;
    Ok(head)
}

/// Removes the index.
fn clear(data: &Path) -> io::Result<()> {
    disk::remove_tree(&data.join(SEARCH_FOLDER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_taken_in_when_it_is_over_or_has_lasted() {
        let short = GATHERING_TIME - Duration::from_millis(1);
        assert!(!is_due(GATHERING_RECORDS - 1, 1, short), "few can wait");
        assert!(is_due(GATHERING_RECORDS, FLOOD_RECORDS - 1, Duration::ZERO));
        assert!(!is_due(1_000_000, FLOOD_RECORDS, short), "more is coming");
        assert!(is_due(1_000_000, FLOOD_RECORDS, GATHERING_TIME));
        assert!(is_due(1, 1, GATHERING_TIME));
        assert!(!is_due(0, 0, 2 * GATHERING_TIME), "there is nothing to do");
    }
}

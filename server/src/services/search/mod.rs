//! The search: an index of the words of all messages, in the folder `search/` next to the log. The index is
//! derived from the log.
//!
//! A background thread reads the log. The event loop sends it only the number of the last durable record, so
//! no queue can fill. The thread indexes new records when a request searches, when `BATCH_RECORDS` records
//! are not indexed and no flood of records is arriving, and at the latest after `BATCH_TIME_MAX`. The index
//! stores the checkpoint of the log up to which it is complete. A damaged index, or an index of another log
//! or version, is replaced.
//!
//! After a failure, such as a full disk, the thread opens the index again after a delay, which doubles with
//! each consecutive failure. Until an attempt succeeds, searches return the hits of the last complete index,
//! and the status of the server names the problem.
//!
//! A search waits until the index contains all records that were durable at the time of the request, so it
//! finds every acknowledged message. If this takes too long, for example during a rebuild, the search returns
//! the hits of the incomplete index and the number of missing records.

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
use transport::panics::catch;

use self::index::MessageIndex;
use self::indexer::Indexer;
use crate::journal::{JournalError, verify};
use crate::services::background::{self, Niceness};
use crate::storage::data_folder::{SEARCH_FOLDER, Store, StoreError};
use disk::RealDisk;

pub use self::index::{Hit, SearchRequest, is_searchable};

/// The number of new records that the thread indexes without waiting for a search. Indexing
/// this number takes a fraction of a second.
const BATCH_RECORDS: u64 = 5000;

/// New records are indexed after this time at the latest. The thread collects records first, because it syncs
/// several files each time it indexes.
const BATCH_TIME_MAX: Duration = Duration::from_secs(30);

/// The interval at which the thread checks for a flood while `BATCH_RECORDS` or more records wait.
const FLOOD_CHECK_EVERY: Duration = Duration::from_millis(100);

/// The number of new records per `FLOOD_CHECK_EVERY` that counts as a flood: 10,000 a second. Indexing during
/// a flood would reduce the throughput of the senders by a third.
const FLOOD_RECORDS: u64 = 1000;

/// The longest time for which a search waits for the index.
const WAIT_MAX: Duration = Duration::from_secs(2);

/// The number of missing records above which a search does not wait, because the index cannot catch up
/// within `WAIT_MAX`.
const CATCH_UP_RECORDS_MAX: u64 = 500_000;

/// The delay after the first failure. It doubles with each consecutive failure, up to `RESTART_DELAY_MAX`.
const RESTART_DELAY: Duration = Duration::from_millis(250);

/// The longest delay after a failure. One attempt a minute costs little. After a full disk has space again,
/// the search works within a minute.
const RESTART_DELAY_MAX: Duration = Duration::from_secs(60);

/// The number of consecutive failures after which the index is removed once, because its files may be
/// damaged. Earlier attempts keep the index, so searches on a full disk still find old messages.
const FAILURES_BEFORE_NEW_INDEX: u32 = 4;

/// The reason why the index cannot be used.
#[derive(Debug, Error)]
pub enum SearchError {
    #[error("cannot use the search index: {0}")]
    Index(#[from] tantivy::TantivyError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("cannot use the folder {0}: {1}")]
    Folder(PathBuf, io::Error),
    #[error("a bug in papo stopped the indexer: the log of the server shows the panic; please report it")]
    Panicked,
}

/// The result of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The messages, the newest first.
    pub hits: Vec<Hit>,
    /// The number of durable records that were not indexed.
    pub behind: u64,
}

/// The search is unavailable, because there is no index or because the index failed. The server's status has
/// the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoIndex;

/// The index of a data folder, and the thread that updates it.
pub struct Search {
    shared: Arc<IndexState>,
    thread: Option<JoinHandle<()>>,
}

/// The state that the thread and the searches share.
#[derive(Default)]
struct IndexState {
    data: PathBuf,
    /// The last durable record.
    durable: AtomicU64,
    /// The record at which the thread must be woken.
    due: AtomicU64,
    progress: Mutex<Progress>,
    changed: Condvar,
    /// The open index; `None` before the first run, and while the index is replaced.
    index: Mutex<Option<MessageIndex>>,
}

#[derive(Debug, Default)]
struct Progress {
    /// The last record that a search waits for.
    wanted: u64,
    /// The last indexed record; `None` until the index is open.
    indexed: Option<u64>,
    /// The last failure, until an attempt succeeds.
    failure: Option<String>,
    is_stopping: bool,
}

impl Search {
    /// Opens the search without a thread, so the index is not updated.
    #[must_use]
    pub fn without_thread(data: &Path) -> Self {
        Self { shared: Arc::new(IndexState { data: data.to_owned(), ..IndexState::default() }), thread: None }
    }

    /// Opens the search and starts its thread.
    pub fn start(data: &Path) -> io::Result<Self> {
        let mut search = Self::without_thread(data);
        let shared = Arc::clone(&search.shared);
        search.thread = Some(thread::Builder::new().name("indexer".into()).spawn(move || shared.run())?);
        Ok(search)
    }

    /// Sets the last durable record. Takes no lock, so the event loop does not wait for the thread.
    pub fn set_durable(&self, record: u64) {
        let before = self.shared.durable.swap(record, Ordering::Relaxed);
        let due = self.shared.due.load(Ordering::Relaxed);
        // If the thread misses this notification, it checks again after its pause.
        if before < due && record >= due {
            self.shared.changed.notify_all();
        }
    }

    /// The work of a search, to run in a job.
    pub fn work(&self, request: SearchRequest) -> impl FnOnce() -> Result<Found, NoIndex> + Send + use<> {
        let shared = Arc::clone(&self.shared);
        move || shared.answer(&request)
    }

    /// The failure of the index, as a sentence for the operator, until the search has restarted.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        self.shared.lock().failure.as_ref().map(|failure| {
            let seconds = RESTART_DELAY_MAX.as_secs();
            format!(
                "the search finds no new messages: {failure}. The server tries again by itself, at the \
                 latest after {seconds} s"
            )
        })
    }
}

impl Drop for Search {
    fn drop(&mut self) {
        self.shared.lock().is_stopping = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            warn!("the indexer thread panicked");
        }
    }
}

impl IndexState {
    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn durable(&self) -> u64 {
        self.durable.load(Ordering::Relaxed)
    }

    fn index(&self) -> MutexGuard<'_, Option<MessageIndex>> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The loop of the thread: indexes new records until the server stops.
    fn run(&self) {
        background::lower_priority(Niceness::Low);
        let mut failures = 0;
        let mut indexer = None;
        while let Some(last) = self.next_work() {
            match catch_panic(|| self.index_up_to(&mut indexer, last)) {
                Ok(()) => {
                    failures = 0;
                    self.lock().failure = None;
                }
                Err(error) => {
                    failures += 1;
                    indexer = None;
                    if failures == FAILURES_BEFORE_NEW_INDEX {
                        self.remove_index();
                    }
                    self.pause_after(&error, restart_delay(failures));
                }
            }
        }
    }

    fn remove_index(&self) {
        *self.index() = None;
        self.lock().indexed = None;
        match clear(&self.data) {
            Ok(()) => warn!("the search index failed repeatedly and is created again"),
            Err(error) => warn!(%error, "cannot remove the search index"),
        }
    }

    /// Reports a failure, and waits for `delay` or until the server stops.
    fn pause_after(&self, error: &SearchError, delay: Duration) {
        warn!(%error, ?delay, "the search index failed; the next attempt follows after the delay");
        let mut progress = self.lock();
        progress.failure = Some(error.to_string());
        self.changed.notify_all();
        let _elapsed = self.changed.wait_timeout_while(progress, delay, |progress| !progress.is_stopping);
    }

    /// Waits for work. Returns the last record to index; `None` when the server stops.
    fn next_work(&self) -> Option<u64> {
        let (started, mut progress, mut before) = (clock::now(), self.lock(), 0);
        loop {
            let (indexed, durable) = (progress.indexed.unwrap_or(0), self.durable());
            self.due.store(indexed + BATCH_RECORDS, Ordering::Relaxed);
            if progress.is_stopping {
                return None;
            }
            let (unindexed, new) = (durable.saturating_sub(indexed), durable.saturating_sub(before));
            let waited = clock::now().duration_since(started);
            let is_retry = progress.failure.is_some();
            if is_retry || progress.wanted > indexed || is_due(unindexed, new, waited) {
                return Some(durable);
            }
            before = durable;
            let pause = if unindexed < BATCH_RECORDS { BATCH_TIME_MAX } else { FLOOD_CHECK_EVERY };
            let waited = self.changed.wait_timeout(progress, pause);
            (progress, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn index_up_to(&self, indexer: &mut Option<Indexer>, last: u64) -> Result<(), SearchError> {
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

    fn answer(&self, request: &SearchRequest) -> Result<Found, NoIndex> {
        let (goal, indexed) = self.catch_up();
        let Some(index) = self.index().clone() else { return Err(NoIndex) };
        let hits = index.find(request).map_err(|error| {
            warn!(%error, "a search failed");
            NoIndex
        })?;
        Ok(Found { hits, behind: goal.saturating_sub(indexed) })
    }

    /// Waits until the index contains the last durable record. Returns that record, and the last indexed
    /// record.
    fn catch_up(&self) -> (u64, u64) {
        let mut progress = self.lock();
        let goal = self.durable();
        progress.wanted = progress.wanted.max(goal);
        self.changed.notify_all();
        let waits = |progress: &mut Progress| {
            let is_too_far =
                progress.indexed.is_some_and(|indexed| goal.saturating_sub(indexed) > CATCH_UP_RECORDS_MAX);
            let ends = is_too_far || progress.failure.is_some() || progress.is_stopping;
            progress.indexed.unwrap_or(0) < goal && !ends
        };
        let waited = self.changed.wait_timeout_while(progress, WAIT_MAX, waits);
        let (progress, _) = waited.unwrap_or_else(PoisonError::into_inner);
        (goal, progress.indexed.unwrap_or(0))
    }
}

/// Returns a panic of `work` as an error.
fn catch_panic(work: impl FnOnce() -> Result<(), SearchError>) -> Result<(), SearchError> {
    catch(work).unwrap_or(Err(SearchError::Panicked))
}

/// The delay after this number of consecutive failures.
fn restart_delay(failures: u32) -> Duration {
    let factor = 2_u32.saturating_pow(failures.saturating_sub(1));
    RESTART_DELAY.saturating_mul(factor).min(RESTART_DELAY_MAX)
}

/// Whether to index the `unindexed` records without waiting for a search: `new` of them arrived since the
/// last check, and the thread has waited for `waited`.
fn is_due(unindexed: u64, new: u64, waited: Duration) -> bool {
    let is_flood = new >= FLOOD_RECORDS;
    unindexed >= BATCH_RECORDS && !is_flood || unindexed > 0 && waited >= BATCH_TIME_MAX
}

/// Creates the index of a data folder from the log. No server may run. Returns the last indexed record.
pub fn rebuild(data: &Path) -> Result<u64, SearchError> {
    let _store = Store::open_existing(data)?;
    let head = verify(&RealDisk::new(data))?.head.record;
    clear(data).map_err(|error| SearchError::Folder(data.join(SEARCH_FOLDER), error))?;
    Indexer::open(data)?.run(head, |_| true)?;
    Ok(head)
}

fn clear(data: &Path) -> io::Result<()> {
    disk::remove_tree(&data.join(SEARCH_FOLDER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_indexed_when_it_ends_or_lasts_too_long() {
        let short = BATCH_TIME_MAX - Duration::from_millis(1);
        assert!(!is_due(BATCH_RECORDS - 1, 1, short), "a few records can wait");
        assert!(is_due(BATCH_RECORDS, FLOOD_RECORDS - 1, Duration::ZERO));
        assert!(!is_due(1_000_000, FLOOD_RECORDS, short), "the flood continues");
        assert!(is_due(1_000_000, FLOOD_RECORDS, BATCH_TIME_MAX));
        assert!(is_due(1, 1, BATCH_TIME_MAX));
        assert!(!is_due(0, 0, 2 * BATCH_TIME_MAX), "no record is new");
    }

    #[test]
    fn the_delay_grows_to_a_maximum() {
        let delays = [1, 2, 3, 9, 10, u32::MAX].map(|failures| restart_delay(failures).as_millis());
        assert_eq!(delays, [250, 500, 1_000, 60_000, 60_000, 60_000]);
    }

    #[test]
    fn a_panic_of_the_indexer_is_a_failure() {
        let failure = catch_panic(|| panic!("a bug")).expect_err("a failure");
        assert!(matches!(failure, SearchError::Panicked));
    }
}

//! Reads the sealed part of the log in the background of a running server, slowly and once a day, and
//! remembers the damage that it finds. [`Scrub`] says which parts are checked.

use std::collections::BTreeSet;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tracing::{error, info, warn};

use crate::journal::{JournalError, Scrub, Scrubbed};
use crate::services::background::{self, Niceness};
use disk::Disk;

/// The bytes read per second. At this rate a million messages take half a minute, with little load for disk
/// and processor.
const BYTES_PER_SECOND: u64 = 16 << 20;

/// The delay after the start of the server, which needs the disk itself.
const BEGIN_AFTER: Duration = Duration::from_secs(5);

/// The time between two scrubs. Bit rot is slow, and backups are kept for longer than a day.
const REPEAT_AFTER: Duration = Duration::from_secs(24 * 3600);

/// The maximum of remembered damages.
const DAMAGES_MAX: usize = 64;

/// The scrub thread and its findings. Dropping it ends the thread.
pub struct Scrubbing {
    found: Arc<Found>,
    /// `None` only while dropping.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// The number of bytes read, and the damages as file and offset.
#[derive(Default)]
struct Found {
    bytes: AtomicU64,
    damages: Mutex<BTreeSet<(String, u64)>>,
}

impl Scrubbing {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// When the system cannot start a thread.
    pub fn start(disk: Arc<dyn Disk>) -> io::Result<Self> {
        Self::start_with(disk, BEGIN_AFTER, BYTES_PER_SECOND)
    }

    fn start_with(disk: Arc<dyn Disk>, begin_after: Duration, bytes_per_second: u64) -> io::Result<Self> {
        let (stop, stopped) = channel();
        let found = Arc::new(Found::default());
        let shared = Arc::clone(&found);
        let thread = thread::Builder::new().name("papo-scrub".to_owned()).spawn(move || {
            background::step_back(Niceness::Idle);
            let mut pause = begin_after;
            while stopped.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                if !scrub_once(&*disk, &shared, &stopped, bytes_per_second) {
                    return;
                }
                pause = REPEAT_AFTER;
            }
        })?;
        Ok(Self { found, stop: Some(stop), thread: Some(thread) })
    }

    /// The bytes read since the start.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.found.bytes.load(Ordering::Relaxed)
    }

    /// The damages: for each, a sentence that says what to do.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let damages = self.found.damages.lock().unwrap_or_else(PoisonError::into_inner);
        damages.iter().map(|(file, offset)| sentence(file, *offset)).collect()
    }
}

impl Drop for Scrubbing {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // The panic hook logged its panic.
            let _ = thread.join();
        }
    }
}

fn sentence(file: &str, offset: u64) -> String {
    format!(
        "{file} is damaged in the batch that begins at byte {offset}: stop the server, restore the file from a backup, \
         and run `papo log verify`"
    )
}

/// Reads the whole sealed log once. Returns `false` if the thread must stop.
fn scrub_once(disk: &dyn Disk, found: &Found, stopped: &Receiver<()>, bytes_per_second: u64) -> bool {
    let failed = |error: JournalError| warn!(%error, "cannot read the log for the daily check");
    let Ok(mut scrub) = Scrub::begin(disk).map_err(failed) else { return true };
    loop {
        let pause = match scrub.step(disk) {
            Ok(Scrubbed::End) => break,
            Ok(Scrubbed::Sound(bytes)) => {
                let bytes = bytes as u64;
                found.bytes.fetch_add(bytes, Ordering::Relaxed);
                Duration::from_millis(bytes * 1000 / bytes_per_second.max(1))
            }
            Ok(Scrubbed::Damaged { file, offset }) => {
                found.note(file, offset);
                Duration::ZERO
            }
            Err(error) => {
                failed(error);
                Duration::from_secs(1)
            }
        };
        if stopped.recv_timeout(pause) != Err(RecvTimeoutError::Timeout) {
            return false;
        }
    }
    info!(bytes = found.bytes.load(Ordering::Relaxed), "checked the log");
    true
}

impl Found {
    fn note(&self, file: String, offset: u64) {
        let mut damages = self.damages.lock().unwrap_or_else(PoisonError::into_inner);
        if damages.len() < DAMAGES_MAX && !damages.contains(&(file.clone(), offset)) {
            error!("{}", sentence(&file, offset));
            damages.insert((file, offset));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{Checkpoint, Journal, Opened, Options};
    use disk::faulty::FaultyDisk;

    /// A disk with some sealed segments.
    fn disk() -> FaultyDisk {
        let disk = FaultyDisk::new();
        let options = Options { segment_bytes: 200 };
        let opened =
            Journal::open(Arc::new(disk.clone()), options, Checkpoint::GENESIS, &mut |_, _| Ok(None));
        let Opened { mut journal, mut writer, .. } = opened.expect("an empty disk");
        for _ in 0..5 {
            journal.append(&[b'x'; 100], None);
            let committed = writer.commit(journal.close_batch().expect("a batch")).expect("room");
            journal.committed(&committed);
        }
        disk
    }

    #[test]
    fn damage_is_reported_with_file_and_offset() {
        let disk = disk();
        let first = "log/00000000000000000001.log";
        disk.tamper(first, |bytes| bytes[7] ^= 1).expect("there");
        let (found, (_stop, stopped)) = (Found::default(), channel());
        assert!(scrub_once(&disk, &found, &stopped, u64::MAX));
        let damages = found.damages.lock().expect("whole").clone();
        assert_eq!(damages.into_iter().collect::<Vec<_>>(), [(first.to_owned(), 0)]);
        assert!(found.bytes.load(Ordering::Relaxed) > 0);
    }

    #[test]
    fn the_thread_runs_in_the_background_and_ends_when_dropped() {
        let disk = disk();
        disk.tamper("log/00000000000000000003.log", |bytes| bytes[7] ^= 1).expect("there");
        let scrubbing = Scrubbing::start_with(Arc::new(disk), Duration::ZERO, u64::MAX).expect("a thread");
        while scrubbing.problems().is_empty() {
            thread::yield_now();
        }
        let [problem] = &scrubbing.problems()[..] else { panic!("{:?}", scrubbing.problems()) };
        assert!(
            problem.starts_with("log/00000000000000000003.log is damaged in the batch that begins at byte 0")
        );
        drop(scrubbing);
    }
}

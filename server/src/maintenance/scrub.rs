//! The scrub thread slowly reads the sealed segments of the log once a day while the server runs, and
//! remembers the damage that it finds.

use std::collections::BTreeSet;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tracing::{error, info, warn};

use crate::journal::{JournalError, Scrub, ScrubStep};
use crate::services::background::{self, Niceness};
use disk::Disk;

/// The bytes read per second. At this rate, a million messages take half a minute, with little load for disk
/// and CPU.
const BYTES_PER_SECOND: u64 = 16 << 20;

/// The delay after the server has started.
const BEGIN_AFTER: Duration = Duration::from_secs(5);

/// The time between two scrubs.
const REPEAT_AFTER: Duration = Duration::from_secs(24 * 3600);

/// The maximum number of remembered damaged batches.
const DAMAGES_MAX: usize = 64;

/// The scrub thread and its findings. Dropping it ends the thread.
pub struct ScrubThread {
    findings: Arc<Findings>,
    /// `None` only during the drop.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// The number of bytes read, and the file and offset of each damaged batch.
#[derive(Default)]
struct Findings {
    bytes: AtomicU64,
    damages: Mutex<BTreeSet<(String, u64)>>,
}

impl ScrubThread {
    pub fn start(disk: Arc<dyn Disk>) -> io::Result<Self> {
        Self::start_with(disk, BEGIN_AFTER, BYTES_PER_SECOND)
    }

    fn start_with(disk: Arc<dyn Disk>, begin_after: Duration, bytes_per_second: u64) -> io::Result<Self> {
        let (stop, stopped) = channel();
        let findings = Arc::new(Findings::default());
        let shared = Arc::clone(&findings);
        let thread = thread::Builder::new().name("papo-scrub".to_owned()).spawn(move || {
            background::lower_priority(Niceness::Lowest);
            let mut pause = begin_after;
            while stopped.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                if !scrub_once(&*disk, &shared, &stopped, bytes_per_second) {
                    return;
                }
                pause = REPEAT_AFTER;
            }
        })?;
        Ok(Self { findings, stop: Some(stop), thread: Some(thread) })
    }

    /// The bytes read since the server started.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.findings.bytes.load(Ordering::Relaxed)
    }

    /// One sentence for each damaged batch, with the remedy.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let damages = self.findings.damages.lock().unwrap_or_else(PoisonError::into_inner);
        damages.iter().map(|(file, offset)| damage_message(file, *offset)).collect()
    }
}

impl Drop for ScrubThread {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // The panic hook has logged a panic of the thread.
            let _ = thread.join();
        }
    }
}

fn damage_message(file: &str, offset: u64) -> String {
    format!(
        "{file} is damaged in the batch that begins at byte {offset}: stop the server, restore the file from a backup, \
         and run `papo log verify`"
    )
}

/// Reads the whole sealed log once. Returns `false` if the thread must stop.
fn scrub_once(disk: &dyn Disk, findings: &Findings, stopped: &Receiver<()>, bytes_per_second: u64) -> bool {
    let failed = |error: JournalError| warn!(%error, "cannot read the log for the daily check");
    let Ok(mut scrub) = Scrub::begin(disk).map_err(failed) else { return true };
    loop {
        let pause = match scrub.step(disk) {
            Ok(ScrubStep::End) => break,
            Ok(ScrubStep::Sound(bytes)) => {
                let bytes = bytes as u64;
                findings.bytes.fetch_add(bytes, Ordering::Relaxed);
                Duration::from_millis(bytes * 1000 / bytes_per_second.max(1))
            }
            Ok(ScrubStep::Damaged { file, offset }) => {
                findings.add_damage(file, offset);
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
    info!(bytes = findings.bytes.load(Ordering::Relaxed), "checked the log");
    true
}

impl Findings {
    fn add_damage(&self, file: String, offset: u64) {
        let mut damages = self.damages.lock().unwrap_or_else(PoisonError::into_inner);
        if damages.len() < DAMAGES_MAX && !damages.contains(&(file.clone(), offset)) {
            error!("{}", damage_message(&file, offset));
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
        let Opened { mut journal, mut writer, .. } = opened.expect("the empty log is opened");
        for _ in 0..5 {
            journal.append(&[b'x'; 100], None);
            let committed =
                writer.commit(journal.close_batch().expect("a batch")).expect("the batch is committed");
            journal.committed(&committed);
        }
        disk
    }

    #[test]
    fn damage_is_reported_with_file_and_offset() {
        let disk = disk();
        let first = "log/00000000000000000001.log";
        disk.tamper(first, |bytes| bytes[7] ^= 1).expect("the segment exists");
        let (findings, (_stop, stopped)) = (Findings::default(), channel());
        assert!(scrub_once(&disk, &findings, &stopped, u64::MAX));
        let damages = findings.damages.lock().expect("the lock is not poisoned").clone();
        assert_eq!(damages.into_iter().collect::<Vec<_>>(), [(first.to_owned(), 0)]);
        assert!(findings.bytes.load(Ordering::Relaxed) > 0);
    }

    #[test]
    fn the_thread_finds_damage_and_ends_when_dropped() {
        let disk = disk();
        disk.tamper("log/00000000000000000003.log", |bytes| bytes[7] ^= 1).expect("the segment exists");
        let scrub = ScrubThread::start_with(Arc::new(disk), Duration::ZERO, u64::MAX).expect("a thread");
        while scrub.problems().is_empty() {
            thread::yield_now();
        }
        let [problem] = &scrub.problems()[..] else { panic!("{:?}", scrub.problems()) };
        assert!(
            problem.starts_with("log/00000000000000000003.log is damaged in the batch that begins at byte 0")
        );
        drop(scrub);
    }
}

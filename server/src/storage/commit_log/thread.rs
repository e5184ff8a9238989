//! The commit log on its own thread. The event loop does not wait for the disk.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::{CommitLog, CommitNews, Task};
use crate::journal::{Batch, CommitAck, JournalError, LOG_FOLDER, Writer};

/// A [`Writer`] on its own thread. While the disk is full, the thread periodically checks whether the disk
/// has room.
pub struct CommitThread {
    /// `None` only while dropping: closing the channel ends the thread.
    jobs: Option<Sender<CommitJob>>,
    news: Receiver<CommitNews>,
    in_flight: usize,
    thread: Option<JoinHandle<()>>,
}

enum CommitJob {
    Commit(Batch),
    Run(Task),
}

impl CommitThread {
    /// Starts the thread. It calls `wake` whenever [`poll`](CommitLog::poll) has a new report.
    pub fn start(writer: Writer, wake: impl Fn() + Send + 'static) -> io::Result<Self> {
        Self::start_with(writer, Writer::commit, wake)
    }

    /// Starts a thread that calls `commit` for each batch.
    pub(super) fn start_with(
        writer: Writer,
        mut commit: impl FnMut(&mut Writer, Batch) -> Result<CommitAck, JournalError> + Send + 'static,
        wake: impl Fn() + Send + 'static,
    ) -> io::Result<Self> {
        let (jobs, submitted) = channel();
        let (reports, news) = channel();
        let thread = thread::Builder::new().name("papo-commit".to_owned()).spawn(move || {
            run(writer, &mut commit, &submitted, &reports, &wake);
        })?;
        Ok(Self { jobs: Some(jobs), news, in_flight: 0, thread: Some(thread) })
    }

    fn send(&self, job: CommitJob) {
        if let Some(jobs) = &self.jobs {
            // `poll` reports that the thread has ended.
            let _ = jobs.send(job);
        }
    }
}

impl CommitLog for CommitThread {
    fn is_idle(&self) -> bool {
        self.in_flight == 0
    }

    fn submit(&mut self, batch: Batch) {
        self.in_flight += 1;
        self.send(CommitJob::Commit(batch));
    }

    fn poll(&mut self) -> Option<CommitNews> {
        match self.news.try_recv() {
            Ok(CommitNews::Room) => Some(CommitNews::Room),
            Ok(CommitNews::Batch(result)) => {
                self.in_flight -= 1;
                Some(CommitNews::Batch(result))
            }
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => {
                self.in_flight = self.in_flight.checked_sub(1)?;
                let ended = io::Error::other("the commit thread has ended");
                Some(CommitNews::Batch(Err(JournalError::unavailable("sync", LOG_FOLDER, ended))))
            }
        }
    }

    fn run(&self, task: Task) {
        self.send(CommitJob::Run(task));
    }
}

impl Drop for CommitThread {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // The panic hook has reported a panic of the thread.
            let _ = thread.join();
        }
    }
}

fn run(
    mut writer: Writer,
    commit: &mut impl FnMut(&mut Writer, Batch) -> Result<CommitAck, JournalError>,
    jobs: &Receiver<CommitJob>,
    reports: &Sender<CommitNews>,
    wake: &impl Fn(),
) {
    let mut backoff = Backoff::default();
    loop {
        let news = match next_job(&writer, jobs, &mut backoff) {
            Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) if writer.find_room() => CommitNews::Room,
            Err(RecvTimeoutError::Timeout) => continue,
            Ok(CommitJob::Run(task)) => {
                task();
                continue;
            }
            Ok(CommitJob::Commit(batch)) => {
                let result = commit(&mut writer, batch);
                if result.is_ok() {
                    backoff.reset();
                }
                CommitNews::Batch(result)
            }
        };
        if reports.send(news).is_err() {
            return;
        }
        wake();
    }
}

/// Waits for the next job. While the disk is full, the error `Timeout` means that the thread must check for
/// room.
fn next_job(
    writer: &Writer,
    jobs: &Receiver<CommitJob>,
    backoff: &mut Backoff,
) -> Result<CommitJob, RecvTimeoutError> {
    if writer.is_full() {
        return jobs.recv_timeout(backoff.next_wait());
    }
    jobs.recv().map_err(|_| RecvTimeoutError::Disconnected)
}

/// The number of checks for room so far. The time between two checks doubles with each check.
#[derive(Debug, Default)]
struct Backoff(u32);

impl Backoff {
    /// The first wait.
    const MIN: Duration = Duration::from_millis(500);
    const MAX: Duration = Duration::from_secs(15);

    fn next_wait(&mut self) -> Duration {
        let wait = Self::MIN.saturating_mul(2_u32.saturating_pow(self.0)).min(Self::MAX);
        self.0 = self.0.saturating_add(1);
        wait
    }

    fn reset(&mut self) {
        self.0 = 0;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc;

    use disk::faulty::FaultyDisk;
    use disk::{Disk, RealDisk};

    use super::*;
    use crate::journal::{Checkpoint, Journal, Opened, Options, verify};

    /// Opens an empty log with small segments.
    fn open(disk: impl Disk + 'static) -> (Journal, Writer) {
        let options = Options { segment_bytes: 500 };
        let opened = Journal::open(Arc::new(disk), options, Checkpoint::GENESIS, &mut |_, _| Ok(None));
        let Opened { journal, writer, .. } = opened.unwrap();
        (journal, writer)
    }

    #[test]
    fn the_waits_double_up_to_a_maximum() {
        let mut backoff = Backoff::default();
        let waits: Vec<u128> = (0..7).map(|_| backoff.next_wait().as_millis()).collect();
        assert_eq!(waits, [500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
        backoff.reset();
        assert_eq!(backoff.next_wait(), Backoff::MIN);
    }

    #[test]
    fn the_thread_wakes_the_event_loop_after_each_commit_and_commits_the_last_batch_when_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let (mut journal, writer) = open(RealDisk::new(folder.path()));
        let (wake, woken) = mpsc::channel();
        let mut log = CommitThread::start(writer, move || wake.send(()).unwrap()).unwrap();
        for record in 1..=20 {
            journal.append(&[b'x'; 100], None);
            assert!(log.is_idle() && log.poll().is_none());
            log.submit(journal.close_batch().unwrap());
            assert!(!log.is_idle());
            woken.recv().unwrap();
            let Some(CommitNews::Batch(Ok(ack))) = log.poll() else { panic!("not committed") };
            journal.committed(&ack);
            assert_eq!(ack.head.record, record);
        }
        journal.append(b"the last one", None);
        log.submit(journal.close_batch().unwrap());
        drop(log);
        let report = verify(&RealDisk::new(folder.path())).unwrap();
        assert_eq!((report.head.record, report.batches, report.torn_bytes), (21, 21, 0));
    }

    #[test]
    fn the_thread_reports_when_a_full_disk_has_room_again() {
        let disk = FaultyDisk::new();
        let (mut journal, writer) = open(disk.clone());
        let (wake, woken) = mpsc::channel();
        let mut log = CommitThread::start(writer, move || wake.send(()).unwrap()).unwrap();
        disk.set_room(Some(40));
        journal.append(b"{\"n\":1}", None);
        log.submit(journal.close_batch().unwrap());
        woken.recv().unwrap();
        let full = log.poll();
        assert!(matches!(full, Some(CommitNews::Batch(Err(JournalError::StorageFull { .. })))), "{full:?}");
        disk.set_room(None);
        woken.recv().unwrap();
        assert!(matches!(log.poll(), Some(CommitNews::Room)) && log.poll().is_none() && log.is_idle());
    }
}

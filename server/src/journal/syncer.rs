//! The thread that keeps the disk's waiting out of the event loop.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::batch::Batch;
use super::writer::{CommitAck, Writer};
use super::{JournalError, LOG_FOLDER};

/// Something else to be done on the thread, between two batches.
pub type Task = Box<dyn FnOnce() + Send>;

/// What the thread is told to do.
enum Job {
    Commit(Batch),
    Do(Task),
}

/// What the writer has to say.
#[derive(Debug)]
pub enum CommitNews {
    /// What became of the oldest batch in flight.
    Batch(Result<CommitAck, JournalError>),
    /// The disk was full, and has room again.
    Room,
}

/// How long a full disk is left alone: longer each time, so that a disk that stays full is not kept busy.
#[derive(Debug, Default)]
struct Backoff(u32);

impl Backoff {
    /// The first wait: who has just made room need not wait for long.
    const MIN: Duration = Duration::from_millis(500);
    /// The longest one.
    const MAX: Duration = Duration::from_secs(15);

    /// The next wait.
    fn next_wait(&mut self) -> Duration {
        let wait = Self::MIN.saturating_mul(2_u32.saturating_pow(self.0)).min(Self::MAX);
        self.0 = self.0.saturating_add(1);
        wait
    }

    /// Something was written: the next wait is the first again.
    fn reset(&mut self) {
        self.0 = 0;
    }
}

/// A [`Writer`] on a thread of its own. When the disk is full, it looks for room now and then.
///
/// The event loop submits a batch when the syncer [is idle](CommitThread::is_idle), and gathers the next one meanwhile:
/// so at most one batch is in flight, however slow the disk is. Dropping it waits for that batch.
pub struct CommitThread {
    /// `None` only while dropping: closing it ends the thread.
    jobs: Option<Sender<Job>>,
    results: Receiver<CommitNews>,
    in_flight: usize,
    thread: Option<JoinHandle<()>>,
}

impl CommitThread {
    /// Starts the thread. It calls `wake` whenever [`poll`](CommitThread::poll) has something new.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub fn start(writer: Writer, wake: impl Fn() + Send + 'static) -> io::Result<Self> {
        let (jobs, submitted) = channel();
        let (answers, results) = channel();
        let thread = thread::Builder::new().name("papo-syncer".to_owned()).spawn(move || {
            run(writer, &submitted, &answers, &wake);
        })?;
        Ok(Self { jobs: Some(jobs), results, in_flight: 0, thread: Some(thread) })
    }

    /// Whether nothing is in flight: time to submit what has gathered.
    pub fn is_idle(&self) -> bool {
        self.in_flight == 0
    }

    /// Hands a batch to the thread.
    pub fn submit(&mut self, batch: Batch) {
        self.in_flight += 1;
        self.send(Job::Commit(batch));
    }

    /// Has something else done on the thread, after the batches submitted so far. Nobody is told of its end.
    pub fn run(&self, task: Task) {
        self.send(Job::Do(task));
    }

    fn send(&self, job: Job) {
        if let Some(jobs) = &self.jobs {
            // A thread that is gone is reported by `poll`, which sees that its answer cannot come.
            let _ = jobs.send(job);
        }
    }

    /// What is new, if something is.
    pub fn poll(&mut self) -> Option<CommitNews> {
        match self.results.try_recv() {
            Ok(CommitNews::Room) => Some(CommitNews::Room),
            Ok(CommitNews::Batch(result)) => {
                self.in_flight -= 1;
                Some(CommitNews::Batch(result))
            }
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => {
                self.in_flight = self.in_flight.checked_sub(1)?;
                let ended = io::Error::other("the syncer thread has ended");
                Some(CommitNews::Batch(Err(JournalError::unsure("sync", LOG_FOLDER, ended))))
            }
        }
    }
}

impl Drop for CommitThread {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // Its panic has been told by the panic hook; there is nobody left to tell again.
            let _ = thread.join();
        }
    }
}

fn run(mut writer: Writer, jobs: &Receiver<Job>, answers: &Sender<CommitNews>, wake: &impl Fn()) {
    let mut backoff = Backoff::default();
    loop {
        let news = match next(&writer, jobs, &mut backoff) {
            Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) if writer.find_room() => CommitNews::Room,
            Err(RecvTimeoutError::Timeout) => continue,
            Ok(Job::Do(task)) => {
                task();
                continue;
            }
            Ok(Job::Commit(batch)) => {
                let result = writer.commit(batch);
                if result.is_ok() {
                    backoff.reset();
                }
                CommitNews::Batch(result)
            }
        };
        if answers.send(news).is_err() {
            return;
        }
        wake();
    }
}

/// The next job; or a timeout, when the disk is full and it is time to look for room.
fn next(writer: &Writer, jobs: &Receiver<Job>, backoff: &mut Backoff) -> Result<Job, RecvTimeoutError> {
    if writer.is_full() {
        return jobs.recv_timeout(backoff.next_wait());
    }
    jobs.recv().map_err(|_| RecvTimeoutError::Disconnected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_waits_grow_to_a_bound() {
        let mut backoff = Backoff::default();
        let waits: Vec<u128> = (0..7).map(|_| backoff.next_wait().as_millis()).collect();
        assert_eq!(waits, [500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
        backoff.reset();
        assert_eq!(backoff.next_wait(), Backoff::MIN);
    }
}

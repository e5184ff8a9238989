//! The thread that keeps the disk's waiting out of the event loop.

use std::io;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::{self, JoinHandle};

use super::batch::Batch;
use super::writer::{Committed, Writer};
use super::{JournalError, LOG_FOLDER};

/// Something else to be done on the thread, between two batches.
pub type Task = Box<dyn FnOnce() + Send>;

/// What the thread is told to do.
enum Job {
    Commit(Batch),
    Do(Task),
}

/// A [`Writer`] on a thread of its own.
///
/// The event loop submits a batch when the syncer [is idle](Syncer::is_idle), and gathers the next one meanwhile:
/// so at most one batch is in flight, however slow the disk is. Dropping it waits for that batch.
pub struct Syncer {
    /// `None` only while dropping: closing it ends the thread.
    jobs: Option<Sender<Job>>,
    results: Receiver<Result<Committed, JournalError>>,
    in_flight: usize,
    thread: Option<JoinHandle<()>>,
}

impl Syncer {
    /// Starts the thread. It calls `wake` whenever [`poll`](Syncer::poll) has something new.
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

    /// The result of the oldest batch in flight, if it is there.
    pub fn poll(&mut self) -> Option<Result<Committed, JournalError>> {
        match self.results.try_recv() {
            Ok(result) => {
                self.in_flight -= 1;
                Some(result)
            }
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => {
                self.in_flight = self.in_flight.checked_sub(1)?;
                Some(Err(JournalError::io(
                    "sync",
                    LOG_FOLDER,
                    io::Error::other("the syncer thread has ended"),
                )))
            }
        }
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // Its panic has been told by the panic hook; there is nobody left to tell again.
            let _ = thread.join();
        }
    }
}

fn run(
    mut writer: Writer,
    jobs: &Receiver<Job>,
    answers: &Sender<Result<Committed, JournalError>>,
    wake: &impl Fn(),
) {
    for job in jobs {
        let answer = match job {
            Job::Commit(batch) => writer.commit(batch),
            Job::Do(task) => {
                task();
                continue;
            }
        };
        if answers.send(answer).is_err() {
            return;
        }
        wake();
    }
}

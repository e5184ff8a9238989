//! Jobs run slow work outside the event loop. Only the requests that need a job wait for it.
//!
//! A handler returns a job ([`crate::handlers::Unanswered::NeedsJob`]). The engine submits the job, and calls
//! the handler again with the [`Outcome`] of the job. The second call checks the request again, because the
//! state may have changed meanwhile. In a simulation, [`Jobs::poll`] runs one job at a time, so the order is
//! deterministic.

pub mod kind;

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};

use tokio::runtime::{Builder, Runtime};
use transport::wake::Waker;

use crate::services::{files, passwords, search};
use crate::storage::commit_log::CommitMode;
pub use kind::Kind;

/// The ticket of a job for which no request waits.
pub const NO_TICKET: u64 = u64::MAX;

pub struct Job {
    kind: Kind,
    work: Box<dyn FnOnce() -> Outcome + Send>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Password(passwords::Outcome),
    File(files::Outcome),
    Search(Result<search::Found, search::NoIndex>),
    /// The job panicked. The panic hook has logged it.
    Failed,
}

impl Job {
    /// Creates a job. `work` may use the disk and the CPU, but must not wait for anything else.
    pub fn new(kind: Kind, work: impl FnOnce() -> Outcome + Send + 'static) -> Self {
        Self { kind, work: Box::new(work) }
    }

    pub fn file(kind: Kind, work: impl FnOnce() -> files::Outcome + Send + 'static) -> Self {
        Self::new(kind, move || Outcome::File(work()))
    }

    pub fn search(work: impl FnOnce() -> Result<search::Found, search::NoIndex> + Send + 'static) -> Self {
        Self::new(Kind::Search, move || Outcome::Search(work()))
    }

    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    fn run(self) -> Outcome {
        catch_unwind(AssertUnwindSafe(self.work)).unwrap_or(Outcome::Failed)
    }
}

impl From<passwords::Job> for Job {
    fn from(job: passwords::Job) -> Self {
        Self::new(Kind::Passwords, || Outcome::Password(passwords::compute(job)))
    }
}

pub struct Jobs {
    workers: Workers,
    /// The number of unfinished jobs of each kind.
    waiting: [usize; Kind::ALL.len()],
}

/// Where the jobs run.
enum Workers {
    /// On threads, which wake the event loop.
    Threads(Box<Threads>),
    /// In [`Jobs::poll`].
    WhenPolled(VecDeque<(u64, Job)>),
}

struct Threads {
    /// One runtime for each kind. Only their blocking threads are used.
    runtimes: [Runtime; Kind::ALL.len()],
    waker: Waker,
    sender: Sender<Done>,
    done: Receiver<Done>,
}

type Done = (u64, Kind, Outcome);

impl Jobs {
    /// Starts the threads, or none in a simulation.
    pub fn start(mode: &CommitMode) -> io::Result<Self> {
        let workers = match mode {
            CommitMode::OnThread(waker) => Workers::Threads(Box::new(Threads::start(waker.clone())?)),
            CommitMode::WhenPolled => Workers::WhenPolled(VecDeque::new()),
        };
        Ok(Self { workers, waiting: Default::default() })
    }

    /// Accepts a job under a ticket. Returns `false` if too many jobs of its kind are unfinished.
    #[must_use]
    pub fn submit(&mut self, ticket: u64, job: Job) -> bool {
        let kind = job.kind;
        let Some(waiting) = self.waiting.get_mut(kind as usize) else { return false };
        if *waiting >= kind.bounds().waiting_max {
            return false;
        }
        *waiting += 1;
        match &mut self.workers {
            Workers::Threads(threads) => threads.submit(ticket, job),
            Workers::WhenPolled(jobs) => jobs.push_back((ticket, job)),
        }
        true
    }

    /// The ticket and the outcome of a finished job; `None` if no job has finished.
    pub fn poll(&mut self) -> Option<(u64, Outcome)> {
        let (ticket, kind, outcome) = match &mut self.workers {
            Workers::Threads(threads) => threads.done.try_recv().ok()?,
            Workers::WhenPolled(jobs) => {
                jobs.pop_front().map(|(ticket, job)| (ticket, job.kind, job.run()))?
            }
        };
        if let Some(waiting) = self.waiting.get_mut(kind as usize) {
            *waiting -= 1;
        }
        Some((ticket, outcome))
    }

    /// The number of unfinished jobs of a kind.
    #[must_use]
    pub fn waiting(&self, kind: Kind) -> usize {
        self.waiting.get(kind as usize).copied().unwrap_or_default()
    }
}

impl Threads {
    fn start(waker: Waker) -> io::Result<Self> {
        let start =
            |kind: Kind| Builder::new_current_thread().max_blocking_threads(kind.bounds().threads).build();
        let [passwords, transfers, contents, search] = Kind::ALL.map(start);
        let (sender, done) = channel();
        Ok(Self { runtimes: [passwords?, transfers?, contents?, search?], waker, sender, done })
    }

    fn submit(&self, ticket: u64, job: Job) {
        let (sender, waker) = (self.sender.clone(), self.waker.clone());
        let Some(runtime) = self.runtimes.get(job.kind as usize) else { return };
        runtime.spawn_blocking(move || {
            let kind = job.kind;
            // The receiver does not exist after the server has stopped.
            let _ = sender.send((ticket, kind, job.run()));
            waker.wake();
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use transport::poll::{Watch, wait};
    use transport::wake::Wake;

    fn job(work: impl FnOnce() + Send + 'static) -> Job {
        Job::new(Kind::Passwords, move || {
            work();
            Outcome::Password(passwords::Outcome::Verified(true))
        })
    }

    #[test]
    fn a_job_runs_on_a_thread_and_wakes_the_loop() {
        let (waker, wake) = Wake::new().expect("a wake");
        let mut jobs = Jobs::start(&CommitMode::OnThread(waker)).expect("threads");
        let test_thread = std::thread::current().id();
        assert!(jobs.submit(7, job(move || assert_ne!(std::thread::current().id(), test_thread))));
        wait(&[Watch::Wake(&wake)], None).expect("waiting succeeds");
        assert_eq!(jobs.poll(), Some((7, Outcome::Password(passwords::Outcome::Verified(true)))));
        assert_eq!((jobs.poll(), jobs.waiting(Kind::Passwords)), (None, 0));
    }

    #[test]
    fn poll_runs_one_job_at_a_time_in_order() {
        let mut jobs = Jobs::start(&CommitMode::WhenPolled).expect("no thread is needed");
        let (sender, done) = channel();
        for ticket in [3, 1, 2] {
            let sender = sender.clone();
            assert!(jobs.submit(ticket, job(move || sender.send(ticket).expect("a receiver"))));
        }
        assert_eq!((done.try_iter().count(), jobs.waiting(Kind::Passwords)), (0, 3));
        assert_eq!(jobs.poll().map(|(ticket, _)| ticket), Some(3));
        assert_eq!(done.try_iter().collect::<Vec<_>>(), [3]);
        assert_eq!([jobs.poll(), jobs.poll()].map(|done| done.map(|(ticket, _)| ticket)), [Some(1), Some(2)]);
    }

    #[test]
    fn jobs_beyond_the_bound_are_rejected_until_a_job_finishes() {
        let mut jobs = Jobs::start(&CommitMode::WhenPolled).expect("no thread is needed");
        let waiting_max = Kind::Passwords.bounds().waiting_max;
        for ticket in 0..waiting_max as u64 {
            assert!(jobs.submit(ticket, job(|| {})));
        }
        assert!(!jobs.submit(1000, job(|| {})));
        assert!(jobs.poll().is_some() && jobs.submit(1000, job(|| {})));
    }

    #[test]
    fn a_job_that_panics_has_the_outcome_failed() {
        let mut jobs = Jobs::start(&CommitMode::WhenPolled).expect("no thread is needed");
        assert!(jobs.submit(7, Job::new(Kind::Passwords, || panic!("on purpose"))));
        assert_eq!(jobs.poll(), Some((7, Outcome::Failed)));
        assert_eq!(jobs.waiting(Kind::Passwords), 0);
    }
}

//! Slow work beside the event loop: what one request must wait for, so that all others need not.
//!
//! A request that needs such work says so ([`crate::handlers::Pending::Work`]); the engine puts its frame aside, has the
//! job done, and takes the request up again with the [`Outcome`]. A job sees nothing of the state: whatever it needs
//! it brings along, and when it is done the request is decided anew, on the state of then. A simulation has its jobs
//! done when it polls for them, one at a time, so that it knows the order.

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};

use common::{Detail, Error};
use tokio::runtime::{Builder, Runtime};
use transport::wake::Waker;

use crate::services::{files, passwords, search};
use crate::storage::commit_log::CommitMode;

/// Kinds of work. Each has threads and a bound of its own, so that none holds up another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// See [`crate::services::passwords`].
    Passwords,
    /// Parts of files, written and read in the order in which they were asked for.
    Transfers,
    /// Files that are completed or removed; see [`crate::services::files`].
    Contents,
    /// See [`crate::services::search`].
    Search,
}

/// How much of a kind is done at once.
struct Bounds {
    /// Threads; they end when they have been idle for a while.
    threads: usize,
    /// Jobs accepted and not done yet, those that are being done included.
    waiting_max: usize,
    /// The error of a job beyond that.
    refusal: Detail,
    /// Milliseconds until it is worth trying again.
    wait_ms: u64,
}

impl Kind {
    /// Every kind, in the order of the enum.
    pub const ALL: [Self; 4] = [Self::Passwords, Self::Transfers, Self::Contents, Self::Search];

    const fn bounds(self) -> Bounds {
        match self {
            Self::Passwords => Bounds {
                threads: passwords::THREADS,
                waiting_max: passwords::WAITING_MAX,
                refusal: Detail::TooManyLogins,
                wait_ms: 1000,
            },
            // One thread keeps the order; 64 chunks are 16 MiB, and done in a fraction of a second.
            Self::Transfers => {
                Bounds { threads: 1, waiting_max: 64, refusal: Detail::TooManyTransfers, wait_ms: 100 }
            }
            // One thread, so that nothing is removed while it is completed. 100 MiB take about a second.
            Self::Contents => {
                Bounds { threads: 1, waiting_max: 64, refusal: Detail::TooManyCommits, wait_ms: 1000 }
            }
            Self::Search => Bounds {
                threads: search::THREADS,
                waiting_max: search::WAITING_MAX,
                refusal: Detail::TooManySearches,
                wait_ms: 1000,
            },
        }
    }

    /// The error for a request whose job was rejected.
    #[must_use]
    pub fn refusal(self) -> Error {
        let Bounds { refusal, wait_ms, .. } = self.bounds();
        Error::from(refusal).after(wait_ms)
    }
}

/// Work to be done.
pub struct Job {
    kind: Kind,
    work: Box<dyn FnOnce() -> Outcome + Send>,
}

/// What came out of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Of a password.
    Password(passwords::Outcome),
    /// Of a file.
    File(files::Outcome),
    /// Of a search.
    Search(Result<search::Found, search::NoIndex>),
    /// The job panicked, which is our fault; the log says where.
    Failed,
}

impl Job {
    /// Work of a kind. It must not wait for anything but the disk and the processor.
    pub fn new(kind: Kind, work: impl FnOnce() -> Outcome + Send + 'static) -> Self {
        Self { kind, work: Box::new(work) }
    }

    /// Work on files.
    pub fn file(kind: Kind, work: impl FnOnce() -> files::Outcome + Send + 'static) -> Self {
        Self::new(kind, move || Outcome::File(work()))
    }

    /// Of which kind it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    fn run(self) -> Outcome {
        catch_unwind(AssertUnwindSafe(self.work)).unwrap_or(Outcome::Failed)
    }
}

/// The jobs that were accepted.
pub struct Jobs {
    workers: Workers,
    /// How many of each kind are not done yet.
    waiting: [usize; Kind::ALL.len()],
}

/// Who does them.
enum Workers {
    /// Threads, which wake the event loop.
    Threads(Box<Threads>),
    /// Whoever polls.
    WhenPolled(VecDeque<(u64, Job)>),
}

struct Threads {
    /// One for each kind. Only its blocking threads are used.
    runtimes: [Runtime; Kind::ALL.len()],
    waker: Waker,
    sender: Sender<Done>,
    done: Receiver<Done>,
}

type Done = (u64, Kind, Outcome);

impl Jobs {
    /// Prepares whoever does them, beside the event loop or in the time of whoever polls.
    pub fn start(commits: &CommitMode) -> io::Result<Self> {
        let workers = match commits {
            CommitMode::OnThread(waker) => Workers::Threads(Box::new(Threads::start(waker.clone())?)),
            CommitMode::WhenPolled => Workers::WhenPolled(VecDeque::new()),
        };
        Ok(Self { workers, waiting: Default::default() })
    }

    /// Accepts a job under a ticket, unless too many of its kind wait already.
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

    /// A job that is done, if there is one.
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

    /// How many of a kind are not done yet.
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
            // When the server has gone there is nobody to tell.
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
    fn a_job_is_done_on_a_thread_and_the_loop_is_woken() {
        let (waker, wake) = Wake::new().expect("a wake");
        let mut jobs = Jobs::start(&CommitMode::OnThread(waker)).expect("threads");
        let here = std::thread::current().id();
        assert!(jobs.submit(7, job(move || assert_ne!(std::thread::current().id(), here))));
        wait(&[Watch::Wake(&wake)], None).expect("a wait");
        assert_eq!(jobs.poll(), Some((7, Outcome::Password(passwords::Outcome::Verified(true)))));
        assert_eq!((jobs.poll(), jobs.waiting(Kind::Passwords)), (None, 0));
    }

    #[test]
    fn whoever_polls_does_one_job_at_a_time_in_order() {
        let mut jobs = Jobs::start(&CommitMode::WhenPolled).expect("nothing to start");
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
    fn too_many_at_once_are_refused_until_some_are_done() {
        let mut jobs = Jobs::start(&CommitMode::WhenPolled).expect("nothing to start");
        let waiting_max = Kind::Passwords.bounds().waiting_max;
        for ticket in 0..waiting_max as u64 {
            assert!(jobs.submit(ticket, job(|| {})));
        }
        assert!(!jobs.submit(1000, job(|| {})));
        assert!(jobs.poll().is_some() && jobs.submit(1000, job(|| {})));
    }

    #[test]
    fn a_job_that_panics_is_done_too() {
        let mut jobs = Jobs::start(&CommitMode::WhenPolled).expect("nothing to start");
        assert!(jobs.submit(7, Job::new(Kind::Passwords, || panic!("on purpose"))));
        assert_eq!(jobs.poll(), Some((7, Outcome::Failed)));
        assert_eq!(jobs.waiting(Kind::Passwords), 0);
    }
}

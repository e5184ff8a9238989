//! Jobs run slow work outside the event loop. Only the requests that need a job wait for it.
//!
//! A handler returns a job ([`crate::handlers::Unanswered::NeedsJob`]). The engine submits the job, and calls
//! the handler again with the [`Outcome`] of the job. The second call checks the request again, because the
//! state may have changed meanwhile. In a simulation, [`Jobs::poll`] runs one job at a time, so the order is
//! deterministic.

pub mod kind;

use std::collections::{HashMap, VecDeque};
use std::io;
use std::num::NonZero;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::available_parallelism;

use tokio::runtime::{Builder, Runtime};
use transport::panics::catch;
use transport::wake::Waker;
use uuid::Uuid;

use crate::services::background::{self, Niceness};
use crate::services::limiters::guesses::Attempt;
use crate::services::peer::PeerId;
use crate::services::{files, passwords, search};
use crate::storage::commit_log::CommitMode;
pub use kind::{Kind, Share};

/// The ticket of a job without a request.
pub const NO_TICKET: u64 = u64::MAX;

/// The maximum number of unfinished jobs of one unknown client, so that one client cannot fill a share. The
/// tabs and scripts of a user seldom start more logins at once.
const WAITING_PER_PEER_MAX: usize = 8;

pub struct Job {
    kind: Kind,
    share: Share,
    /// The upload that the job commits.
    upload: Option<Uuid>,
    work: Box<dyn FnOnce() -> Outcome + Send>,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The outcome and, if the job compared a password, the login attempt that ends with it.
    Password(passwords::Outcome, Option<Attempt>),
    File(files::Outcome),
    Search(Result<search::Found, search::NoIndex>),
    /// The job panicked. The panic hook has logged it.
    Failed,
}

impl Job {
    /// Creates a job. `work` may use the disk and the CPU, but must not wait for anything else.
    pub fn new(kind: Kind, work: impl FnOnce() -> Outcome + Send + 'static) -> Self {
        Self { kind, share: Share::Known, upload: None, work: Box::new(work) }
    }

    /// Hashes or compares a password. If the job is rejected or panics, `attempt` ends without a result.
    pub fn password(job: passwords::Job, share: Share, attempt: Option<Attempt>) -> Self {
        let work = move || Outcome::Password(passwords::compute(job), attempt);
        Self { share, ..Self::new(Kind::Passwords, work) }
    }

    pub fn file(kind: Kind, work: impl FnOnce() -> files::Outcome + Send + 'static) -> Self {
        Self::new(kind, move || Outcome::File(work()))
    }

    /// Commits an upload. If the job is rejected, the upload can be committed again.
    pub fn commit(upload: Uuid, work: impl FnOnce() -> files::Outcome + Send + 'static) -> Self {
        Self { upload: Some(upload), ..Self::file(Kind::Contents, work) }
    }

    pub fn search(work: impl FnOnce() -> Result<search::Found, search::NoIndex> + Send + 'static) -> Self {
        Self::new(Kind::Search, move || Outcome::Search(work()))
    }

    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    #[must_use]
    pub fn upload(&self) -> Option<Uuid> {
        self.upload
    }

    fn run(self) -> Outcome {
        catch(self.work).unwrap_or(Outcome::Failed)
    }
}

pub struct Jobs {
    workers: Workers,
    /// The number of unfinished jobs of each kind and share.
    waiting: [[usize; Share::COUNT]; Kind::ALL.len()],
    /// The number of unfinished jobs of each unknown client.
    per_peer: HashMap<PeerId, usize>,
}

/// The place where the jobs run.
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

type Done = (u64, Kind, Share, Outcome);

impl Jobs {
    /// Starts the threads. A simulation has no threads.
    pub fn start(mode: &CommitMode) -> io::Result<Self> {
        let workers = match mode {
            CommitMode::OnThread(waker) | CommitMode::Shared(waker, _) => {
                Workers::Threads(Box::new(Threads::start(waker.clone())?))
            }
            CommitMode::WhenPolled | CommitMode::SharedWhenPolled(..) => Workers::WhenPolled(VecDeque::new()),
        };
        Ok(Self { workers, waiting: Default::default(), per_peer: HashMap::new() })
    }

    /// Accepts a job with a ticket, unless too many jobs of its kind and share are unfinished. Returns false
    /// for a rejected job, and drops it.
    #[must_use]
    pub fn submit(&mut self, ticket: u64, job: Job) -> bool {
        let Some(waiting) = self.waiting.get_mut(job.kind as usize) else { return false };
        let Some(waiting) = waiting.get_mut(job.share.index()) else { return false };
        if *waiting >= job.kind.bounds().waiting_max {
            return false;
        }
        if let Some(peer) = job.share.peer() {
            let peer_jobs = self.per_peer.entry(peer.clone()).or_default();
            if *peer_jobs >= WAITING_PER_PEER_MAX {
                return false;
            }
            *peer_jobs += 1;
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
        let (ticket, kind, share, outcome) = match &mut self.workers {
            Workers::Threads(threads) => threads.done.try_recv().ok()?,
            Workers::WhenPolled(jobs) => {
                let (ticket, job) = jobs.pop_front()?;
                (ticket, job.kind, job.share.clone(), job.run())
            }
        };
        if let Some(waiting) = self.waiting.get_mut(kind as usize).and_then(|row| row.get_mut(share.index()))
        {
            *waiting -= 1;
        }
        if let Some(peer) = share.peer()
            && let Some(peer_jobs) = self.per_peer.get_mut(peer)
        {
            *peer_jobs -= 1;
            if *peer_jobs == 0 {
                self.per_peer.remove(peer);
            }
        }
        Some((ticket, outcome))
    }

    /// The number of unfinished jobs of a kind.
    #[must_use]
    pub fn waiting(&self, kind: Kind) -> usize {
        self.waiting.get(kind as usize).map_or(0, |shares| shares.iter().sum())
    }
}

impl Threads {
    fn start(waker: Waker) -> io::Result<Self> {
        let cores = available_parallelism().map_or(1, NonZero::get);
        let start = |kind: Kind| {
            let mut runtime = Builder::new_current_thread();
            runtime.max_blocking_threads(kind.threads(cores)).thread_name("papo-job");
            // If all CPUs are busy, requests that need no job come first: strangers can submit jobs.
            runtime.on_thread_start(|| background::lower_priority(Niceness::Low)).build()
        };
        let [passwords, transfers, contents, search] = Kind::ALL.map(start);
        let (sender, done) = channel();
        Ok(Self { runtimes: [passwords?, transfers?, contents?, search?], waker, sender, done })
    }

    fn submit(&self, ticket: u64, job: Job) {
        let (sender, waker) = (self.sender.clone(), self.waker.clone());
        let Some(runtime) = self.runtimes.get(job.kind as usize) else { return };
        runtime.spawn_blocking(move || {
            let (kind, share) = (job.kind, job.share.clone());
            // The receiver does not exist after the server has stopped.
            let _ = sender.send((ticket, kind, share, job.run()));
            waker.wake();
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::peer::Peer;
    use transport::poll::{Watch, wait};
    use transport::wake::Wake;

    fn job(work: impl FnOnce() + Send + 'static) -> Job {
        Job::new(Kind::Passwords, move || {
            work();
            Outcome::Password(passwords::Outcome::Verified(true), None)
        })
    }

    #[test]
    fn a_job_runs_on_a_thread_and_wakes_the_loop() {
        let (waker, wake) = Wake::new().expect("a wake-up");
        let mut jobs = Jobs::start(&CommitMode::OnThread(waker)).expect("threads");
        let here = std::thread::current().id();
        assert!(jobs.submit(7, job(move || assert_ne!(std::thread::current().id(), here))));
        wait(&[Watch::Wake(&wake)], None).expect("waiting succeeds");
        assert_eq!(jobs.poll(), Some((7, Outcome::Password(passwords::Outcome::Verified(true), None))));
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
    fn hashes_use_at_most_half_of_the_cores() {
        assert_eq!([1, 2, 3, 4, 64].map(|cores| Kind::Passwords.threads(cores)), [1, 1, 1, 2, 2]);
        assert_eq!(Kind::Search.threads(1), 2);
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

    /// Attack F10 in `docs/SECURITY.md`: one peer kept the queue full, so 16 of 20 correct logins failed.
    #[test]
    fn no_client_fills_a_share_and_no_full_share_affects_another() {
        let mut jobs = Jobs::start(&CommitMode::WhenPolled).expect("no thread is needed");
        let peer = |number: u8| Peer::new(Some([number; 32]), || unreachable!("it has a key")).id;
        let mut accepted = |share: Share, times: usize| {
            let hash = || Job { share: share.clone(), ..job(|| {}) };
            (0..times).filter(|_| jobs.submit(0, hash())).count()
        };
        let waiting_max = Kind::Passwords.bounds().waiting_max;
        assert_eq!(accepted(Share::Stranger(peer(0)), 1000), WAITING_PER_PEER_MAX);
        assert_eq!(accepted(Share::Account(peer(0)), 1000), 0, "one bound for both");
        let strangers: usize = (1..100).map(|number| accepted(Share::Stranger(peer(number)), 1000)).sum();
        assert_eq!(strangers, waiting_max - WAITING_PER_PEER_MAX);
        let users: usize = (100..120).map(|number| accepted(Share::Account(peer(number)), 1)).sum();
        assert_eq!((users, accepted(Share::Known, 1000)), (20, waiting_max));
        while jobs.poll().is_some() {}
        assert_eq!((jobs.waiting(Kind::Passwords), jobs.per_peer.len()), (0, 0));
    }

    #[test]
    fn a_job_that_panics_has_the_outcome_failed() {
        let mut jobs = Jobs::start(&CommitMode::WhenPolled).expect("no thread is needed");
        assert!(jobs.submit(7, Job::new(Kind::Passwords, || panic!("on purpose"))));
        assert_eq!(jobs.poll(), Some((7, Outcome::Failed)));
        assert_eq!(jobs.waiting(Kind::Passwords), 0);
    }
}

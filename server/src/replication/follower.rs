//! Reads the shared log: receives the batches of the leader, asks for the state of the log from time to time,
//! and takes over when the event loop decides it.
//!
//! [`Reading`] sends the requests, one after the other. [`Follower`] does this on a thread, and a simulation
//! at its own times.

use std::io;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cluster::{Followed, Head, SharedBatch, SharedLog, Standing, TakeOver, Unavailable};
use transport::clock;

/// The time between two questions for the state of the log.
const ASK_EVERY_MS: u64 = 250;

/// The maximum wait for a batch. Meanwhile, the thread does not see commands.
const WAIT: Duration = Duration::from_millis(20);

/// The maximum number of reports that wait for the event loop. A report has at most 16 batches.
const REPORTS_MAX: usize = 4;

/// The time after a failure of the shared log before the next request.
const RETRY_DELAY: Duration = Duration::from_millis(50);

pub enum Command {
    /// Receive the batches after this head.
    Follow(Head),
    /// Receive no batches, because this node makes them.
    Pause,
    /// End this term, and lead.
    TakeOver { seen: u64 },
}

pub enum Report {
    /// The state of the shared log after `asked_ms`.
    Standing {
        asked_ms: u64,
        standing: Standing,
    },
    Batches(Vec<SharedBatch>),
    /// The outcome of a takeover; an error if there was no answer.
    TakeOver(Result<TakeOver, Unavailable>),
    /// The shared log no longer has the next batch: it begins after `start`.
    Trimmed {
        from: Head,
        start: Head,
    },
    /// The node cannot follow: the shared log does not contain `from`.
    Diverged {
        from: Head,
    },
}

/// The reader of the shared log, as the event loop sees it. No call blocks.
pub trait LogReader: Send {
    fn send(&self, command: Command);

    /// The next report.
    fn poll(&self) -> Option<Report>;
}

/// The thread, with its commands and reports.
pub struct Follower {
    /// `None` only while dropping.
    commands: Option<Sender<Command>>,
    reports: Option<Receiver<Report>>,
    thread: Option<JoinHandle<()>>,
}

impl Follower {
    /// Starts the thread. It calls `wake` after each report.
    pub fn start(
        log: Box<dyn SharedLog>,
        name: String,
        wake: impl Fn() + Send + 'static,
    ) -> io::Result<Self> {
        let (commands, received) = channel();
        let (sender, reports) = sync_channel(REPORTS_MAX);
        let report = move |report| {
            let is_sent = sender.send(report).is_ok();
            wake();
            is_sent
        };
        let mut reading = Reading::new(log, name, Box::new(report));
        let thread = thread::Builder::new()
            .name("papo-follow".to_owned())
            .spawn(move || while obey_all(&mut reading, &received) && step(&mut reading) {})?;
        Ok(Self { commands: Some(commands), reports: Some(reports), thread: Some(thread) })
    }
}

impl LogReader for Follower {
    fn send(&self, command: Command) {
        if let Some(commands) = &self.commands {
            // If the thread has ended, `poll` returns nothing, and the node is soon cut off.
            let _ = commands.send(command);
        }
    }

    fn poll(&self) -> Option<Report> {
        self.reports.as_ref()?.try_recv().ok()
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        (self.commands, self.reports) = (None, None);
        if let Some(thread) = self.thread.take() {
            // The panic hook has reported a panic of the thread.
            let _ = thread.join();
        }
    }
}

/// Carries out the waiting commands. Returns false at the end of the thread.
fn obey_all(reading: &mut Reading, commands: &Receiver<Command>) -> bool {
    loop {
        match commands.try_recv() {
            Ok(command) => {
                if !reading.obey(command) {
                    return false;
                }
            }
            Err(TryRecvError::Empty) => return true,
            Err(TryRecvError::Disconnected) => return false,
        }
    }
}

/// Sends the next requests. Returns false at the end of the thread.
fn step(reading: &mut Reading) -> bool {
    match reading.step(clock::monotonic_ms()) {
        Next::Step => true,
        Next::Wait(wait) => {
            thread::sleep(wait);
            true
        }
        Next::End => false,
    }
}

/// What follows a step of a [`Reading`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The next step, at once.
    Step,
    /// The next step, after this time.
    Wait(Duration),
    /// Nothing, because reports are no longer received.
    End,
}

/// Receives a report. Returns false if reports are no longer received.
pub type ReportSink = Box<dyn FnMut(Report) -> bool + Send>;

/// The requests of one node to the shared log, other than its appends.
pub struct Reading {
    log: Box<dyn SharedLog>,
    name: String,
    report: ReportSink,
    /// The end of the last batch that was reported; `None` while the node receives no batches.
    from: Option<Head>,
    asked_ms: Option<u64>,
}

impl Reading {
    #[must_use]
    pub fn new(log: Box<dyn SharedLog>, name: String, report: ReportSink) -> Self {
        Self { log, name, report, from: None, asked_ms: None }
    }

    /// Carries out a command. Returns false if reports are no longer received.
    pub fn obey(&mut self, command: Command) -> bool {
        match command {
            Command::Follow(from) => self.from = Some(from),
            Command::Pause => self.from = None,
            Command::TakeOver { seen } => {
                let outcome = self.log.take_over(seen, &self.name);
                return (self.report)(Report::TakeOver(outcome));
            }
        }
        true
    }

    /// Asks for the state of the log if it is due, and receives the next batches. `now_ms` is a monotonic
    /// time that is not later than the requests.
    pub fn step(&mut self, now_ms: u64) -> Next {
        if self.asked_ms.is_none_or(|asked_ms| now_ms.saturating_sub(asked_ms) >= ASK_EVERY_MS) {
            self.asked_ms = Some(now_ms);
            if let Ok(standing) = self.log.standing()
                && !(self.report)(Report::Standing { asked_ms: now_ms, standing })
            {
                return Next::End;
            }
        }
        let Some(from) = self.from.clone() else { return Next::Wait(WAIT) };
        let report = match self.log.follow(&from, WAIT) {
            Ok(Followed::Batches(batches)) => {
                let Some(last) = batches.last() else { return Next::Step };
                self.from = Some(last.after.clone());
                Report::Batches(batches)
            }
            Ok(Followed::Trimmed { start }) => {
                self.from = None;
                Report::Trimmed { from, start }
            }
            Ok(Followed::Diverged { .. }) => {
                self.from = None;
                Report::Diverged { from }
            }
            Err(_) => return Next::Wait(RETRY_DELAY),
        };
        if (self.report)(report) { Next::Step } else { Next::End }
    }
}

//! The thread that reads the shared log: it receives the batches of the leader, asks for the state of the log
//! from time to time, and takes over when the event loop decides it.

use std::io;
use std::sync::mpsc::{Receiver, Sender, SyncSender, TryRecvError, channel, sync_channel};
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
    /// The node cannot follow: the shared log no longer has the next batch, or has another one.
    Stuck {
        from: Head,
        is_trimmed: bool,
    },
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
        let wake = Box::new(wake);
        let mut task = Task { log, name, reports: sender, wake, from: None, asked_ms: None };
        let thread = thread::Builder::new()
            .name("papo-follow".to_owned())
            .spawn(move || while task.obey(&received) && task.step() {})?;
        Ok(Self { commands: Some(commands), reports: Some(reports), thread: Some(thread) })
    }

    pub fn send(&self, command: Command) {
        if let Some(commands) = &self.commands {
            // If the thread has ended, `poll` returns nothing, and the node is soon cut off.
            let _ = commands.send(command);
        }
    }

    /// The next report.
    pub fn poll(&self) -> Option<Report> {
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

struct Task {
    log: Box<dyn SharedLog>,
    name: String,
    reports: SyncSender<Report>,
    wake: Box<dyn Fn() + Send>,
    /// The end of the last batch that was reported; `None` while the thread receives no batches.
    from: Option<Head>,
    asked_ms: Option<u64>,
}

impl Task {
    /// Carries out the waiting commands. Returns false at the end of the thread.
    fn obey(&mut self, commands: &Receiver<Command>) -> bool {
        loop {
            match commands.try_recv() {
                Ok(Command::Follow(from)) => self.from = Some(from),
                Ok(Command::Pause) => self.from = None,
                Ok(Command::TakeOver { seen }) => {
                    let outcome = self.log.take_over(seen, &self.name);
                    if !self.report(Report::TakeOver(outcome)) {
                        return false;
                    }
                }
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    /// Asks for the state of the log if it is due, and receives the next batches. Returns false at the end of
    /// the thread.
    fn step(&mut self) -> bool {
        let now_ms = clock::monotonic_ms();
        if self.asked_ms.is_none_or(|asked_ms| now_ms.saturating_sub(asked_ms) >= ASK_EVERY_MS) {
            self.asked_ms = Some(now_ms);
            if let Ok(standing) = self.log.standing()
                && !self.report(Report::Standing { asked_ms: now_ms, standing })
            {
                return false;
            }
        }
        let Some(from) = self.from.clone() else {
            thread::sleep(WAIT);
            return true;
        };
        let report = match self.log.follow(&from, WAIT) {
            Ok(Followed::Batches(batches)) => {
                let Some(last) = batches.last() else { return true };
                self.from = Some(last.after.clone());
                Report::Batches(batches)
            }
            Ok(Followed::Trimmed) => self.stuck(from, true),
            Ok(Followed::Diverged { .. }) => self.stuck(from, false),
            Err(_) => {
                thread::sleep(RETRY_DELAY);
                return true;
            }
        };
        self.report(report)
    }

    /// Sends a report. Returns false if the event loop has ended.
    fn report(&self, report: Report) -> bool {
        let is_sent = self.reports.send(report).is_ok();
        (self.wake)();
        is_sent
    }

    fn stuck(&mut self, from: Head, is_trimmed: bool) -> Report {
        self.from = None;
        Report::Stuck { from, is_trimmed }
    }
}

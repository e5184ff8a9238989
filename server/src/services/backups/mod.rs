//! Backups that a running node makes: the schedule, the list, and the last result.
//!
//! A [`Maker`] writes and checks one backup at a time on its own thread. The schedule counts the time since
//! the server started, so a jump of the clock neither starts nor delays a backup. Only the start of the
//! server compares the clock with the time of the last backup.

pub mod names;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use common::backups::{self as wire, Failed, Running};
use common::{Detail, Error};
use disk::Disk;
use serde_json::{Value, json};
use tracing::{error, info};

use self::names::{BackupName, Cause, Stored};
use crate::services::files::{Failure, Outcome};

/// The shortest time between two scheduled backups.
pub const EVERY_MIN: Duration = Duration::from_secs(60);

/// The time after the start of the server before which no scheduled backup starts. A server that ends again
/// and again makes no backups.
const START_DELAY: Duration = Duration::from_secs(60);

/// The time after a failed scheduled backup until the next attempt.
const RETRY_AFTER: Duration = Duration::from_secs(60 * 60);

/// The number of backups of each cause that the node keeps by default.
pub const KEEP_DEFAULT: usize = 7;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// The time between two scheduled backups; `None` without a schedule.
    pub every: Option<Duration>,
    /// The number of backups of each cause that the node keeps.
    pub keep: usize,
}

/// Makes backups outside the event loop.
pub trait Maker: Send {
    /// Starts a backup. The event loop starts the next one after this one has finished.
    fn start(&mut self, order: Order) -> io::Result<()>;
    /// The result of the backup, once.
    fn finished(&mut self) -> Option<Finished>;
}

/// A backup to make.
#[derive(Debug, Clone)]
pub struct Order {
    pub name: BackupName,
    /// The number of backups of the same cause that remain.
    pub keep: usize,
    pub progress: Arc<Progress>,
}

/// The state of a backup in progress, which its thread updates.
#[derive(Debug, Default)]
pub struct Progress {
    /// The number of written bytes.
    pub written: AtomicU64,
    /// The estimated number of bytes of the whole backup.
    pub total: AtomicU64,
    /// Whether the thread checks the written file.
    pub is_checking: AtomicBool,
    /// Whether the server has ended, and the thread must stop.
    pub is_cancelled: AtomicBool,
}

impl Progress {
    pub(crate) fn is_cancelled(&self) -> bool {
        self.is_cancelled.load(Ordering::Relaxed)
    }
}

/// The outcome of an order.
#[derive(Debug)]
pub struct Finished {
    /// The error is a sentence.
    pub result: Result<(), String>,
    /// The backups in the folder after the rotation.
    pub stored: Vec<Stored>,
}

/// The backups of a node. Dropping the value cancels a backup in progress.
pub struct Backups {
    /// `None` if the server makes no backups.
    place: Option<Place>,
    settings: Settings,
    /// The backups in the folder, the newest first.
    stored: Vec<Stored>,
    last: Option<Stored>,
    running: Option<InProgress>,
    failed: Option<Failed>,
    /// The time since the server started.
    elapsed: Duration,
    /// The time of the next scheduled backup, since the server started.
    due: Option<Duration>,
    /// The time at which the last backup is too old, since the server started.
    overdue_at: Option<Duration>,
}

struct Place {
    maker: Box<dyn Maker>,
    /// The folder of backups.
    disk: Arc<dyn Disk>,
}

/// Dropping the value cancels the backup.
struct InProgress {
    name: BackupName,
    since: Duration,
    progress: Arc<Progress>,
}

impl Backups {
    /// No backups.
    #[must_use]
    pub fn off() -> Self {
        let settings = Settings { every: None, keep: KEEP_DEFAULT };
        Self {
            place: None,
            settings,
            stored: Vec::new(),
            last: None,
            running: None,
            failed: None,
            elapsed: Duration::ZERO,
            due: None,
            overdue_at: None,
        }
    }

    /// The backups of a server that starts with these backups in the folder `disk`.
    #[must_use]
    pub fn new(
        settings: Settings,
        maker: Box<dyn Maker>,
        disk: Arc<dyn Disk>,
        stored: Vec<Stored>,
        now_ms: u64,
    ) -> Self {
        let last = stored.iter().find(|stored| stored.name.at_ms <= now_ms).or(stored.first()).copied();
        // `None` without backups. If the clock was wrong, the age of the last backup is not known.
        let age = last.map(|last| Duration::from_millis(now_ms.saturating_sub(last.name.at_ms)));
        let due = |every: Duration| age.map_or(START_DELAY, |age| every.saturating_sub(age).max(START_DELAY));
        let overdue_at = |every: Duration| (2 * every).saturating_sub(age.unwrap_or_default());
        let (due, overdue_at) = (settings.every.map(due), settings.every.map(overdue_at));
        Self { place: Some(Place { maker, disk }), settings, stored, last, due, overdue_at, ..Self::off() }
    }

    /// Starts a backup that an administrator requests. Returns its name.
    ///
    /// # Errors
    ///
    /// [`Detail::BackupRunning`], or [`Detail::FilesUnavailable`] if the server cannot make backups.
    pub fn request(&mut self, now_ms: u64) -> Result<BackupName, Error> {
        self.start(Cause::Requested, now_ms)
    }

    fn start(&mut self, cause: Cause, now_ms: u64) -> Result<BackupName, Error> {
        if let Some(running) = &self.running {
            return Err(Detail::BackupRunning { name: running.name.to_string() }.into());
        }
        let Some(place) = &mut self.place else { return Err(Detail::FilesUnavailable.into()) };
        let mut name = BackupName { cause, at_ms: now_ms };
        while self.stored.iter().any(|stored| stored.name == name) {
            name.at_ms += 1;
        }
        let progress = Arc::<Progress>::default();
        let order = Order { name, keep: self.settings.keep, progress: Arc::clone(&progress) };
        if let Err(error) = place.maker.start(order) {
            self.fail(name, format!("cannot start a thread: {error}"));
            return Err(Detail::FilesUnavailable.into());
        }
        self.running = Some(InProgress { name, since: self.elapsed, progress });
        Ok(name)
    }

    /// Takes the result of a finished backup, and starts a scheduled backup that is due. `elapsed` is the
    /// time since the server started.
    pub fn tick(&mut self, now_ms: u64, elapsed: Duration) {
        self.elapsed = elapsed;
        if let Some(finished) = self.place.as_mut().and_then(|place| place.maker.finished()) {
            self.finish(finished);
        }
        if self.until_due() == Some(Duration::ZERO) {
            self.due = self.settings.every.map(|every| elapsed + every);
            // A failure is recorded in `failed`.
            let _name_or_failure = self.start(Cause::Scheduled, now_ms);
        }
    }

    fn finish(&mut self, finished: Finished) {
        let Some((name, since)) = self.running.take().map(|running| (running.name, running.since)) else {
            return;
        };
        self.stored = finished.stored;
        match finished.result {
            Ok(()) => {
                self.failed = None;
                self.last = self.stored.iter().find(|stored| stored.name == name).copied();
                self.overdue_at = self.settings.every.map(|every| since + 2 * every);
                info!(%name, bytes = self.last.map_or(0, |last| last.bytes), "made a backup and checked it");
            }
            Err(sentence) => self.fail(name, sentence),
        }
    }

    fn fail(&mut self, name: BackupName, sentence: String) {
        error!(%name, "the backup failed: {sentence}");
        self.failed = Some(Failed { at: name.at_ms, error: sentence });
        if name.cause == Cause::Scheduled {
            self.due = self.settings.every.map(|every| self.elapsed + every.min(RETRY_AFTER));
        }
    }

    /// The time until the next scheduled backup starts; `None` without a schedule, or while a backup is made.
    #[must_use]
    pub fn until_due(&self) -> Option<Duration> {
        let due = self.due.filter(|_| self.running.is_none())?;
        Some(due.saturating_sub(self.elapsed))
    }

    /// Sentences for the operator.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let failed = self.failed.as_ref().map(|failed| format!("the last backup failed: {}", failed.error));
        let is_overdue = self.overdue_at.is_some_and(|at| self.elapsed > at);
        let overdue =
            "no backup was made for more than twice the time of --backup-every: read the log of the server";
        failed.into_iter().chain(is_overdue.then(|| overdue.to_owned())).collect()
    }

    /// The time, the size and the result of the last backup, for `papo health`.
    #[must_use]
    pub fn health(&self) -> Value {
        let last = self.last.as_ref().map(listed);
        json!({ "last": last, "failed": self.failed, "running": self.running.is_some() })
    }

    /// The result of `admin.backups`.
    #[must_use]
    pub fn list(&self) -> wire::Backups {
        let running = self.running.as_ref().map(|InProgress { name, progress, .. }| Running {
            name: name.to_string(),
            at: name.at_ms,
            bytes: progress.written.load(Ordering::Relaxed),
            total: progress.total.load(Ordering::Relaxed),
            checking: progress.is_checking.load(Ordering::Relaxed),
        });
        wire::Backups {
            backups: self.stored.iter().map(listed).collect(),
            running,
            failed: self.failed.clone(),
            every_ms: self.settings.every.and_then(|every| u64::try_from(every.as_millis()).ok()),
            keep: self.settings.keep as u64,
        }
    }

    /// A complete backup, and the folder from which to read it.
    ///
    /// # Errors
    ///
    /// [`Detail::NoSuchBackup`].
    pub fn find(&self, name: &str) -> Result<(Arc<dyn Disk>, Stored), Error> {
        let name = BackupName::parse(name).ok_or(Detail::NoSuchBackup)?;
        let stored = self.stored.iter().find(|stored| stored.name == name).ok_or(Detail::NoSuchBackup)?;
        let place = self.place.as_ref().ok_or(Detail::NoSuchBackup)?;
        Ok((Arc::clone(&place.disk), *stored))
    }
}

impl Drop for InProgress {
    fn drop(&mut self) {
        self.progress.is_cancelled.store(true, Ordering::Relaxed);
    }
}

/// A backup gets its name after its check, so every stored backup was checked.
fn listed(stored: &Stored) -> wire::Backup {
    let Stored { name, bytes } = stored;
    wire::Backup { name: name.to_string(), at: name.at_ms, bytes: *bytes, checked: true }
}

/// Reads `length` bytes of a backup.
#[must_use]
pub fn read(disk: &dyn Disk, name: BackupName, offset: u64, length: usize) -> Outcome {
    let mut bytes = vec![0; length];
    match disk.read_exact_at(&name.to_string(), offset, &mut bytes) {
        Ok(()) => Outcome::Bytes(bytes),
        // The rotation has removed the backup.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Outcome::Failed(Failure::NotFound),
        Err(error) => Outcome::Failed(Failure::from(error)),
    }
}

#[cfg(test)]
mod tests;

//! File transfers in the background: one upload and one download at a time. Each transfer has its own
//! connection, so messages never wait for a file. Further files wait in a queue.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use common::Target;
use common::accounts::LoggedIn;
use transport::shutdown::Shutdown;

use super::input_line::{Direction, InputLine};
use super::ui_event::UiEvent;
use crate::cli_error::CliError;
use crate::client_handle::{ClientHandle, Sends};
use crate::connection::Connection;
use crate::files::{self, Download, FileToSend};
use crate::i18n::Catalog;
use crate::render::Progress;
use session::News;

/// The maximum number of transfers in a queue, including the running transfer. Further transfers are refused.
const QUEUE_MAX: usize = 32;

/// The maximum number of unread news of a background connection. It has no subscriptions, so all news are
/// about the connection itself.
const NEWS_QUEUED_MAX: usize = 1024;

/// A file to upload or download.
#[derive(Clone)]
pub(super) enum Transfer {
    Upload(Arc<FileToSend>, Target),
    /// The file, and the folder in which it is stored.
    Download(Arc<Download>, PathBuf),
}

impl Transfer {
    fn direction(&self) -> Direction {
        match self {
            Self::Upload(..) => Direction::Upload,
            Self::Download(..) => Direction::Download,
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Upload(file, _) => file.name.as_str(),
            Self::Download(download, _) => download.info.name.as_str(),
        }
    }

    fn started(&self, catalog: Catalog) -> String {
        match self {
            Self::Upload(_, to) => catalog.sending_file(self.name(), to),
            Self::Download(download, _) => {
                catalog.downloading_file(self.name(), &download.conversation, download.n)
            }
        }
    }

    fn failed(&self, catalog: Catalog, error: &CliError) -> String {
        let why = catalog.cli_error(error);
        match self {
            Self::Upload(_, to) => catalog.file_not_sent(self.name(), to, &why),
            Self::Download(..) => catalog.file_not_downloaded(self.name(), &why),
        }
    }

    fn interrupted(&self, catalog: Catalog) -> String {
        match self {
            Self::Upload(file, to) => catalog.upload_interrupted(&file.path.display().to_string(), to),
            Self::Download(download, _) => {
                catalog.download_interrupted(self.name(), &download.conversation, download.n)
            }
        }
    }
}

/// The data of a chat that its background threads use.
#[derive(Clone)]
pub(super) struct TransferContext {
    pub(super) connection: Connection,
    pub(super) catalog: Catalog,
    pub(super) events: SyncSender<UiEvent>,
    /// Shows progress bars. Without it, progress is printed in lines.
    pub(super) input_line: Option<InputLine>,
}

pub(super) struct Transfers {
    context: TransferContext,
    shared: Arc<(Mutex<Queues>, Condvar)>,
}

#[derive(Default)]
struct Queues {
    /// The first transfer of each queue is running.
    uploads: VecDeque<(Transfer, LoggedIn)>,
    downloads: VecDeque<(Transfer, LoggedIn)>,
    failed: usize,
}

impl Queues {
    fn of(&mut self, direction: Direction) -> &mut VecDeque<(Transfer, LoggedIn)> {
        match direction {
            Direction::Upload => &mut self.uploads,
            Direction::Download => &mut self.downloads,
        }
    }
}

impl Transfers {
    pub(super) fn new(context: TransferContext) -> Self {
        Self { context, shared: Arc::default() }
    }

    pub(super) fn context(&self) -> &TransferContext {
        &self.context
    }

    /// Starts or queues a transfer. Returns the message for the user. The thread of a direction ends when its
    /// queue is empty.
    pub(super) fn start(&self, transfer: Transfer, session: LoggedIn) -> Result<String, CliError> {
        let (catalog, direction) = (self.context.catalog, transfer.direction());
        let mut queues = lock(&self.shared);
        let ahead = queues.of(direction).len();
        if ahead >= QUEUE_MAX {
            return Err(CliError::Failed(catalog.too_many_files(ahead)));
        }
        let sentence = match ahead {
            0 => transfer.started(catalog),
            ahead => catalog.file_queued(transfer.name(), ahead),
        };
        if ahead == 0 {
            self.start_thread(direction)?;
            // The bar is set before the next line is read, so the hint has a row for the bar.
            self.context.show_bar(direction, Some(transfer.name().to_owned()));
        }
        queues.of(direction).push_back((transfer, session));
        Ok(sentence)
    }

    /// Waits until all transfers are done. Returns the number of failed transfers of this chat.
    pub(super) fn wait(&self) -> usize {
        let mut queues = lock(&self.shared);
        while !queues.uploads.is_empty() || !queues.downloads.is_empty() {
            queues = self.shared.1.wait(queues).unwrap_or_else(PoisonError::into_inner);
        }
        queues.failed
    }

    /// One message for each transfer that the end of the chat interrupts.
    pub(super) fn interrupted(&self) -> Vec<String> {
        let queues = lock(&self.shared);
        let all = queues.uploads.iter().chain(&queues.downloads);
        all.map(|(transfer, _)| transfer.interrupted(self.context.catalog)).collect()
    }

    fn start_thread(&self, direction: Direction) -> io::Result<()> {
        let worker = Worker { context: self.context.clone(), shared: Arc::clone(&self.shared) };
        let work = move || while worker.run_first(direction) {};
        std::thread::Builder::new().name("files".to_owned()).spawn(work).map(drop)
    }
}

/// A thread that runs the transfers of one direction.
struct Worker {
    context: TransferContext,
    shared: Arc<(Mutex<Queues>, Condvar)>,
}

impl Worker {
    /// Runs the first transfer of the queue. Returns false if no transfer follows.
    fn run_first(&self, direction: Direction) -> bool {
        let Some((transfer, session)) = lock(&self.shared).of(direction).front().cloned() else {
            return false;
        };
        let outcome = self.context.run(&transfer, session);
        let has_failed = outcome.is_err();
        // The event is sent before the transfer leaves the queue, so the message is printed before `wait`
        // returns.
        self.context.send(match outcome {
            Ok(sentence) => UiEvent::Note(sentence),
            Err(error) => UiEvent::Error(transfer.failed(self.context.catalog, &error)),
        });
        let mut queues = lock(&self.shared);
        queues.failed += usize::from(has_failed);
        queues.of(direction).pop_front();
        let next = queues.of(direction).front().map(|(next, _)| next.name().to_owned());
        let has_next = next.is_some();
        // The lock is held: otherwise this call could remove the bar of a transfer that is starting.
        self.context.show_bar(direction, next);
        drop(queues);
        self.shared.1.notify_all();
        has_next
    }
}

impl TransferContext {
    /// Opens a connection for a background thread.
    pub(super) fn connect(&self, session: LoggedIn) -> Result<ClientHandle, CliError> {
        let (news, _unread) = sync_channel::<News>(NEWS_QUEUED_MAX);
        let mut handle =
            ClientHandle::open(&self.connection, self.catalog, news, Shutdown::new(), Sends::Nothing)?;
        handle.resume(session)?;
        Ok(handle)
    }

    pub(super) fn send(&self, event: UiEvent) {
        // The printer ends when standard output is closed.
        let _printed_or_not = self.events.send(event);
    }

    /// Uploads or downloads a file. Returns the message for the user.
    fn run(&self, transfer: &Transfer, session: LoggedIn) -> Result<String, CliError> {
        let user = session.user.clone();
        let mut handle = self.connect(session)?;
        let (catalog, name) = (self.catalog, transfer.name());
        match transfer {
            Transfer::Upload(file, to) => {
                let source = file.measure()?;
                let progress = self.progress(Direction::Upload, name, source.info.bytes);
                let sent = files::send(&mut handle, &user, to, &source, &progress)?;
                Ok(catalog.file_sent(name, to, sent.n))
            }
            Transfer::Download(download, folder) => {
                let progress = self.progress(Direction::Download, name, download.info.bytes);
                let path = files::fetch(catalog, &mut handle, download, folder, &progress)?;
                Ok(catalog.file_downloaded(name, &path.display().to_string()))
            }
        }
    }

    fn progress(&self, direction: Direction, name: &str, bytes: u64) -> Progress {
        let here = self.clone();
        if self.input_line.is_some() {
            // `run_first` removes the bar.
            let draw = move |bar: String| {
                if !bar.is_empty() {
                    here.show_bar(direction, Some(bar))
                }
            };
            return Progress::drawn_by(name, bytes, draw);
        }
        let name = name.to_owned();
        let report = move |percent| here.send(UiEvent::Note(here.catalog.file_progress(&name, percent)));
        Progress::in_steps(bytes, report)
    }

    fn show_bar(&self, direction: Direction, bar: Option<String>) {
        if self.input_line.as_ref().is_some_and(|input_line| input_line.set_bar(direction, bar)) {
            // If the channel is full, the events in it repaint the line.
            let _repainted_anyway = self.events.try_send(UiEvent::Repaint);
        }
    }
}

fn lock(shared: &(Mutex<Queues>, Condvar)) -> MutexGuard<'_, Queues> {
    shared.0.lock().unwrap_or_else(PoisonError::into_inner)
}

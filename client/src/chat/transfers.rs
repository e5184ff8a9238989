//! Files on their way beside the chat: one up and one down at a time, each with a connection of its own, so that what
//! people say never waits behind a file. The others wait in the order in which they were asked for.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use common::Target;
use common::accounts::LoggedIn;
use transport::stop::Stop;

use super::input_line::InputLine;
use super::printer::UiEvent;
use crate::cli_error::CliError;
use crate::client_handle::{ClientHandle, Sends};
use crate::connection::Connection;
use crate::files::{self, Chosen, Download};
use crate::i18n::Words;
use crate::render::Progress;
use session::News;

/// Files of one way that wait or are on their way: more than anybody asks for by hand.
const WAITING_MAX: usize = 32;

/// News of a connection that carries parts of files, and follows nothing: that it is lost, and back.
const NEWS_WAITING_MAX: usize = 1024;

/// Which way a file goes. Each has its own line of those that wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// To the server.
    Up,
    /// From there.
    Down,
}

impl Direction {
    pub(super) const ALL: [Self; 2] = [Self::Up, Self::Down];
}

/// A file to be sent or fetched.
#[derive(Clone)]
pub(super) enum Transfer {
    /// To be sent to somebody.
    Send(Arc<Chosen>, Target),
    /// To be fetched into a folder.
    Get(Arc<Download>, PathBuf),
}

impl Transfer {
    fn direction(&self) -> Direction {
        match self {
            Self::Send(..) => Direction::Up,
            Self::Get(..) => Direction::Down,
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Send(chosen, _) => chosen.name.as_str(),
            Self::Get(download, _) => download.info.name.as_str(),
        }
    }

    fn begins(&self, words: Words) -> String {
        match self {
            Self::Send(_, to) => words.sending_file(self.name(), to),
            Self::Get(download, _) => words.fetching_file(self.name(), &download.conversation, download.n),
        }
    }

    fn failed(&self, words: Words, failure: &CliError) -> String {
        let why = words.cli_error(failure);
        match self {
            Self::Send(_, to) => words.file_not_sent(self.name(), to, &why),
            Self::Get(..) => words.file_not_fetched(self.name(), &why),
        }
    }

    fn was_left(&self, words: Words) -> String {
        match self {
            Self::Send(chosen, to) => words.sending_was_left(&chosen.path.display().to_string(), to),
            Self::Get(download, _) => {
                words.fetching_was_left(self.name(), &download.conversation, download.n)
            }
        }
    }
}

/// What the threads need that work beside the chat.
#[derive(Clone)]
pub(super) struct TransferContext {
    pub(super) connection: Connection,
    pub(super) words: Words,
    pub(super) told: SyncSender<UiEvent>,
    /// Where bars are shown; without it, lines tell how far a file has come.
    pub(super) input_line: Option<InputLine>,
}

/// All transfers of a chat.
pub(super) struct Transfers {
    context: TransferContext,
    shared: Arc<(Mutex<Lines>, Condvar)>,
}

#[derive(Default)]
struct Lines {
    /// The first one is on its way, the others wait.
    up: VecDeque<(Transfer, LoggedIn)>,
    down: VecDeque<(Transfer, LoggedIn)>,
    failed: usize,
}

impl Lines {
    fn of(&mut self, direction: Direction) -> &mut VecDeque<(Transfer, LoggedIn)> {
        match direction {
            Direction::Up => &mut self.up,
            Direction::Down => &mut self.down,
        }
    }
}

impl Transfers {
    pub(super) fn new(context: TransferContext) -> Self {
        Self { context, shared: Arc::default() }
    }

    /// Begins a transfer in the name of a session, or has it wait for those before it. What to tell of that.
    ///
    /// A thread carries what there is to carry one way, and ends with it.
    pub(super) fn begin(&self, transfer: Transfer, session: LoggedIn) -> Result<String, CliError> {
        let (words, direction) = (self.context.words, transfer.direction());
        let mut lines = lock(&self.shared);
        let ahead = lines.of(direction).len();
        if ahead >= WAITING_MAX {
            return Err(CliError::Refused(words.too_many_files(ahead)));
        }
        let said = match ahead {
            0 => transfer.begins(words),
            ahead => words.file_waits(transfer.name(), ahead),
        };
        if ahead == 0 {
            self.start(direction)?;
            // Before the next line is typed, so that there is room beneath it.
            self.context.show(direction, Some(transfer.name().to_owned()));
        }
        lines.of(direction).push_back((transfer, session));
        Ok(said)
    }

    /// Waits until nothing is on its way any more; how many have failed since the beginning.
    pub(super) fn wait(&self) -> usize {
        let mut lines = lock(&self.shared);
        while !lines.up.is_empty() || !lines.down.is_empty() {
            lines = self.shared.1.wait(lines).unwrap_or_else(PoisonError::into_inner);
        }
        lines.failed
    }

    /// What there is to say of those that the end of the chat interrupts.
    pub(super) fn left(&self) -> Vec<String> {
        let lines = lock(&self.shared);
        let all = lines.up.iter().chain(&lines.down);
        all.map(|(transfer, _)| transfer.was_left(self.context.words)).collect()
    }

    fn start(&self, direction: Direction) -> io::Result<()> {
        let carrier = Carrier { context: self.context.clone(), shared: Arc::clone(&self.shared) };
        let work = move || while carrier.carry_first(direction) {};
        std::thread::Builder::new().name("files".to_owned()).spawn(work).map(drop)
    }
}

/// A thread that carries files, the first one of a line until there is none.
struct Carrier {
    context: TransferContext,
    shared: Arc<(Mutex<Lines>, Condvar)>,
}

impl Carrier {
    /// Carries the first one; whether there is another one behind it.
    fn carry_first(&self, direction: Direction) -> bool {
        let Some((transfer, session)) = lock(&self.shared).of(direction).front().cloned() else {
            return false;
        };
        let outcome = self.context.carry(&transfer, session);
        let has_failed = outcome.is_err();
        // Before it leaves the line: whoever waits for that finds it told.
        self.context.tell(match outcome {
            Ok(words) => UiEvent::Note(words),
            Err(failure) => UiEvent::Complaint(transfer.failed(self.context.words, &failure)),
        });
        let mut lines = lock(&self.shared);
        lines.failed += usize::from(has_failed);
        lines.of(direction).pop_front();
        let next = lines.of(direction).front().map(|(next, _)| next.name().to_owned());
        let is_another = next.is_some();
        // Under the lock, so that a bar that was begun meanwhile is not taken away.
        self.context.show(direction, next);
        drop(lines);
        self.shared.1.notify_all();
        is_another
    }
}

impl TransferContext {
    /// Sends or fetches a file, with a connection for it alone; what to tell of it.
    fn carry(&self, transfer: &Transfer, session: LoggedIn) -> Result<String, CliError> {
        let (news, _unread) = sync_channel::<News>(NEWS_WAITING_MAX);
        let mut handle = ClientHandle::open(&self.connection, news, Stop::new(), Sends::Nothing)?;
        let user = session.user.clone();
        handle.resume(session)?;
        let (words, name) = (self.words, transfer.name());
        match transfer {
            Transfer::Send(chosen, to) => {
                let source = chosen.measure()?;
                let progress = self.progress(Direction::Up, name, source.info.bytes);
                let sent = files::send(&mut handle, &user, to, &source, &progress)?;
                Ok(words.file_was_sent(name, to, sent.n))
            }
            Transfer::Get(download, folder) => {
                let progress = self.progress(Direction::Down, name, download.info.bytes);
                let fetched = files::fetch(words, &mut handle, download, folder, &progress)?;
                Ok(words.file_was_fetched(name, &fetched.path.display().to_string()))
            }
        }
    }

    fn progress(&self, direction: Direction, name: &str, bytes: u64) -> Progress {
        let here = self.clone();
        if self.input_line.is_some() {
            // The bar goes with the transfer, and not before it.
            let draw = move |bar: String| {
                if !bar.is_empty() {
                    here.show(direction, Some(bar))
                }
            };
            return Progress::drawn_by(name, bytes, draw);
        }
        let name = name.to_owned();
        let tell = move |percent| here.tell(UiEvent::Note(here.words.file_on_its_way(&name, percent)));
        Progress::in_steps(bytes, tell)
    }

    /// Shows a bar where there is a place for it.
    fn show(&self, direction: Direction, bar: Option<String>) {
        if self.input_line.as_ref().is_some_and(|input_line| input_line.show_bar(direction, bar)) {
            // When much else is to be printed, the line is painted anew anyway.
            let _painted_or_soon = self.told.try_send(UiEvent::Repaint);
        }
    }

    pub(super) fn tell(&self, told: UiEvent) {
        // Nobody reads it when the output has ended.
        let _told = self.told.send(told);
    }
}

fn lock(shared: &(Mutex<Lines>, Condvar)) -> MutexGuard<'_, Lines> {
    shared.0.lock().unwrap_or_else(PoisonError::into_inner)
}

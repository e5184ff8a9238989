//! The chat while the server does not answer: what was said before is shown, and what is typed is kept.

use std::sync::mpsc::sync_channel;
use std::time::Duration;

use common::Target;
use common::accounts::LoggedIn;
use transport::stop::Stop;

use super::completion::Names;
use super::login_summary::{LoginSummary, load};
use super::printer::UiEvent;
use super::room::Room;
use super::transfers::TransferContext;
use crate::cache::Cache;
use crate::cli_error::CliError;
use crate::client_handle::{ClientHandle, Sends};
use session::{Command, Connectivity, Follow, News};

/// How long a server may take until what is known from before is shown: one that answers in time shows it better.
const SHOW_AFTER: Duration = Duration::from_millis(300);

/// Events shown of a conversation from before: about a screen.
const SHOWN_MAX: usize = 20;

/// How long a server may take that is asked beside the chat, before it is asked once more.
const LATE: Duration = Duration::from_hours(24);

/// News of a connection that follows nothing: that it is lost, and back.
const NEWS_WAITING_MAX: usize = 1024;

impl Room {
    /// Follows everything from now on. False when the server does not answer, but the person can begin all the same:
    /// everything else happens when it does.
    pub(super) fn follow_everything(
        &mut self,
        conversation: Option<&Target>,
        session: &LoggedIn,
    ) -> Result<bool, CliError> {
        let ticket = self.handle.begin(Command::Follow(Follow::Everything))?;
        let time = if self.is_patient { self.handle.timeout() } else { SHOW_AFTER };
        match self.handle.await_answer(ticket, time) {
            Err(CliError::Unreachable { .. }) if !self.is_patient => {}
            answer => return answer.map(|_following| true),
        }
        match conversation {
            Some(conversation) => {
                self.show_from_before(conversation)?;
                self.open_offline(conversation.clone())?;
            }
            None => self.say(&self.words.offline_note())?,
        }
        self.handle.begin(Command::Reads)?;
        let beside = self.context.clone();
        let (session, names, cache) = (session.clone(), self.names.clone(), self.cache.clone());
        let work = move || beside.look_around_later(&session, &names, &cache);
        std::thread::Builder::new().name("later".to_owned()).spawn(work)?;
        Ok(false)
    }

    /// Whether a server that should have answered has not. Who is not logged in has nothing to be shown from before.
    pub(super) fn is_offline(&mut self) -> bool {
        self.is_somebody_s()
            && self.handle.status().is_ok_and(|status| match status.standing.connectivity {
                Connectivity::Reconnecting | Connectivity::Offline | Connectivity::Connecting => true,
                Connectivity::Connected => false,
            })
    }

    /// Opens a conversation that the server will show as soon as it answers.
    pub(super) fn open_offline(&mut self, conversation: Target) -> Result<(), CliError> {
        self.handle.begin(Command::Open(conversation.clone()))?;
        self.opened(conversation);
        self.say(&self.words.offline_note())
    }

    /// Shows what is known of a conversation from before.
    pub(super) fn show_from_before(&self, conversation: &Target) -> Result<(), CliError> {
        let entries = self.cache.newest(conversation, SHOWN_MAX);
        let Some(last) = entries.last() else { return Ok(()) };
        let mut lines = vec![self.renderer.note(&self.words.as_it_was(conversation, last.n))];
        lines.extend(self.renderer.row(entries.iter()));
        super::say(&lines.join("\n"))
    }
}

impl TransferContext {
    /// Tells what there is as soon as the server answers, with a connection of its own: the person has the other one.
    fn look_around_later(mut self, session: &LoggedIn, names: &Names, cache: &Cache) {
        self.connection.timeout = LATE;
        loop {
            match self.load(session, names, cache) {
                Ok(LoginSummary { said, .. }) if said.is_empty() => {}
                Ok(LoginSummary { said, .. }) => self.tell(UiEvent::Note(said.join("\n"))),
                Err(CliError::Unreachable { .. }) => continue,
                // The chat itself is told the same.
                Err(failure) if failure.is_logged_out() => {}
                Err(failure) => self.tell(UiEvent::Complaint(self.words.cli_error(&failure))),
            }
            break;
        }
    }

    fn load(&self, session: &LoggedIn, names: &Names, cache: &Cache) -> Result<LoginSummary, CliError> {
        let (news, _unread) = sync_channel::<News>(NEWS_WAITING_MAX);
        let mut handle = ClientHandle::open(&self.connection, news, Stop::new(), Sends::Nothing)?;
        handle.resume(session.clone())?;
        load(&mut handle, names, cache, self.words)
    }
}

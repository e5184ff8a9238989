//! The room a person is in: the session, the open conversation, and obeying one line after the other.

use std::path::PathBuf;
use std::time::Duration;

use common::accounts::{LoggedIn, UserInfo};
use common::channels::{ChannelInfo, Invitation};
use common::reads::Reading;
use common::{Password, Target, UserName};

use transport::stop::Stop;

use super::Arguments;
use super::commands::text;
use super::completion::Names;
use super::input_line::InputLine;
use super::line::Line;
use super::login_summary::{self, LoginSummary, load};
use super::menu::{Menu, Step};
use super::printer::DeliveryCounter;
use super::prompt::Prompt;
use super::transfers::{Transfer, TransferContext, Transfers};
use crate::cache::Cache;
use crate::cli_error::CliError;
use crate::client_handle::{ClientHandle, MESSAGES_UNDERWAY_MAX, PATIENCE, unexpected};
use crate::i18n::Words;
use crate::password::PasswordSource;
use crate::render::{self, Renderer, complain, sanitise};
use session::{Answer, Appearance, Command, Status};

/// Where the person is.
pub(super) struct Room {
    pub(super) handle: ClientHandle,
    pub(super) renderer: Renderer,
    /// What is said to the person.
    pub(super) words: Words,
    pub(super) password: PasswordSource,
    /// Where text goes.
    pub(super) open: Option<Target>,
    pub(super) input_line: InputLine,
    /// Names that can be completed.
    pub(super) names: Names,
    /// Where in the menu the person is, when they are.
    menu: Option<Menu>,
    /// Where files go that are fetched.
    pub(super) downloads: PathBuf,
    transfers: Transfers,
    pub(super) context: TransferContext,
    /// Whether a server that is late is waited for at the beginning: who reads lines from a pipe cannot be told later.
    pub(super) is_patient: bool,
    /// Whose room it is.
    session: Option<LoggedIn>,
    /// What is known from before.
    pub(super) cache: Cache,
    delivery: DeliveryCounter,
    is_over: bool,
    /// Whether the system wants the program to end.
    pub(super) asked_to_leave: Stop,
}

impl Room {
    pub(super) fn new(
        handle: ClientHandle,
        renderer: Renderer,
        delivery: DeliveryCounter,
        context: TransferContext,
        input_line: InputLine,
        arguments: &Arguments,
    ) -> Self {
        let (words, cache) = (renderer.words(), handle.cache());
        let (password, downloads) = (arguments.password.clone(), arguments.downloads.clone());
        let (open, names, menu, session, is_patient, is_over, asked_to_leave) = Default::default();
        let transfers = Transfers::new(context.clone());
        Self {
            transfers,
            context,
            is_patient,
            session,
            handle,
            renderer,
            words,
            password,
            open,
            input_line,
            names,
            menu,
            downloads,
            cache,
            delivery,
            is_over,
            asked_to_leave,
        }
    }

    /// Goes on with the session that was kept, if there is one.
    pub(super) fn enter(&mut self, conversation: Option<Target>) -> Result<(), CliError> {
        self.handle.ask(Command::Appear(Appearance::AtKeyboard))?;
        match self.handle.restore()? {
            Some(session) => self.settle_in(&session, conversation),
            None => {
                // Before somebody thinks of a password they learn whether the server is there at all.
                self.handle.begin(Command::Knock)?;
                self.say(&self.words.nobody_is_logged_in())
            }
        }
    }

    pub(super) fn login(&mut self, user: UserName, password: Password) -> Result<(), CliError> {
        let session = self.handle.login(user, password)?;
        self.settle_in(&session, None)
    }

    /// Follows everything, and opens a conversation: the given one, or the first of one's channels.
    fn settle_in(&mut self, session: &LoggedIn, conversation: Option<Target>) -> Result<(), CliError> {
        self.renderer.read_by(&session.user);
        self.session = Some(session.clone());
        self.say(&self.words.you_are(&session.user))?;
        self.cache.is_of(&session.user);
        let last = self.cache.last_open();
        if !self.follow_everything(conversation.as_ref().or(last.as_ref()), session)? {
            return Ok(());
        }
        let LoginSummary { channels, unread, said } =
            load(&mut self.handle, &self.names, &self.cache, self.words)?;
        if !said.is_empty() {
            self.say(&said.join("\n"))?;
        }
        let mut own = channels.into_iter().filter(|channel| channel.role.is_some());
        let last = last.filter(|last| match last {
            Target::User(_) => true,
            Target::Channel(name) => name.is_everybody() || own.clone().any(|own| own.channel == *name),
        });
        let unread = unread.into_iter().next().map(|reading| reading.conversation);
        let first = || own.next().map(|first| Target::Channel(first.channel));
        match conversation.or(unread).or(last).or_else(first) {
            Some(conversation) => self.open(conversation),
            None => self.say(&self.words.no_channel_yet()),
        }
    }

    /// Does what a line says.
    pub(super) fn obey(&mut self, line: &str) -> Result<(), CliError> {
        // Also lines from a pipe show that somebody is there.
        self.input_line.typed("");
        if let Some(menu) = self.menu.take().filter(|menu| menu.takes(line)) {
            let step = menu.answer(self.words, &self.names, line);
            return self.take(step);
        }
        match Line::read(line) {
            Line::Nothing => Ok(()),
            Line::Command(command, arguments) => command.obey(self, arguments),
            Line::Unknown(name) => Err(CliError::Usage(self.words.no_such_command(name))),
            Line::Open(conversation) => self.open(conversation),
            Line::Text(text) => self.send(self.open.clone().ok_or_else(|| self.nothing_open())?, text),
        }
    }

    /// Shows the menu; what is typed from now on are choices.
    pub(super) fn enter_menu(&mut self) -> Result<(), CliError> {
        self.learn_choices();
        let step = Menu::Groups.say(self.words, &self.names);
        self.take(step)
    }

    fn take(&mut self, step: Step) -> Result<(), CliError> {
        match step {
            Step::Say(menu, words) => {
                self.menu = Some(menu);
                self.say(&words)
            }
            Step::Run(menu, command, arguments) => {
                self.menu = Some(menu);
                command.obey(self, &arguments)?;
                if !self.is_in_menu() || self.is_over {
                    return Ok(());
                }
                self.learn_choices();
                self.say(&self.words.menu_goes_on())
            }
            Step::Leave => self.say(&self.words.menu_left()),
        }
    }

    /// Learns what there is to choose from now; when the server does not say, it is what was known before.
    fn learn_choices(&mut self) {
        if !self.is_somebody_s() || self.is_offline() {
            return;
        }
        let learnt = self.users().and_then(|_| self.channels()).and_then(|_| self.invitations());
        if let Err(error) = learnt {
            tracing::debug!(%error, "the choices of the menu may be old");
        }
    }

    pub(super) fn is_in_menu(&self) -> bool {
        self.menu.is_some()
    }

    /// As [`obey`](Self::obey), for lines that nobody waits between: a command finds done what was said before
    /// it, and no more is on its way at once than may be.
    pub(super) fn obey_in_order(&mut self, line: &str) -> Result<(), CliError> {
        let underway_max = match Line::read(line) {
            _ if self.is_in_menu() => 0,
            Line::Text(_) | Line::Nothing => MESSAGES_UNDERWAY_MAX - 1,
            Line::Command(..) | Line::Unknown(_) | Line::Open(_) => 0,
        };
        self.wait_for_acknowledgements(underway_max, PATIENCE)?;
        if underway_max == 0 {
            self.transfers.wait();
        }
        self.obey(line)
    }

    /// Sends or fetches a file beside the chat.
    pub(super) fn transfer(&mut self, transfer: Transfer) -> Result<(), CliError> {
        let session =
            self.session.clone().ok_or_else(|| CliError::Usage(self.words.nobody_is_logged_in()))?;
        let said = self.transfers.begin(transfer, session)?;
        self.say(&said)
    }

    /// Waits for the files that are on their way; an error when any was not sent or fetched.
    pub(super) fn wait_for_transfers(&self) -> Result<(), CliError> {
        match self.transfers.wait() {
            0 => Ok(()),
            count => Err(CliError::Refused(self.words.some_files_failed(count))),
        }
    }

    /// Says which files are still on their way, for whoever leaves.
    pub(super) fn leave_transfers(&self) -> Result<(), CliError> {
        let left = self.transfers.left();
        if left.is_empty() { Ok(()) } else { self.say(&left.join("\n")) }
    }

    /// Waits for what is on its way; an error when anything of that is refused, or, for who reads lines from a pipe and
    /// looks at the exit code only, was refused before. A server that never answered is given up sooner than one that did.
    pub(super) fn wait_until_all_is_sent(&mut self, patience: Duration) -> Result<(), CliError> {
        if self.asked_to_leave.is_requested() {
            return Ok(());
        }
        let refused_before = if self.is_patient { 0 } else { self.delivery.refused() };
        if let Err(failure) = self.wait_for_acknowledgements(0, patience) {
            complain(&self.words.kept_for_later(self.delivery.underway()));
            return Err(failure);
        }
        match self.delivery.refused().saturating_sub(refused_before) {
            0 => Ok(()),
            count => Err(CliError::Refused(self.words.some_not_sent(count))),
        }
    }

    fn wait_for_acknowledgements(&mut self, underway_max: usize, patience: Duration) -> Result<(), CliError> {
        let patience =
            self.handle.wait(if self.delivery.has_any_answer() { patience } else { Duration::ZERO });
        if self.delivery.wait_for(underway_max, patience) {
            Ok(())
        } else {
            Err(self.handle.unreachable(patience))
        }
    }

    /// Opens a conversation: its newest events are told, and text goes there.
    pub(super) fn open(&mut self, conversation: Target) -> Result<(), CliError> {
        if self.is_offline() {
            self.show_from_before(&conversation)?;
            return self.open_offline(conversation);
        }
        self.handle.ask(Command::Open(conversation.clone()))?;
        self.opened(conversation);
        Ok(())
    }

    /// Text goes to this conversation from now on.
    pub(super) fn opened(&mut self, conversation: Target) {
        self.names.add([conversation.to_string()]);
        self.cache.open(&conversation);
        self.open = Some(conversation);
    }

    /// Opens the channel that one has become a member of.
    pub(super) fn joined(&mut self, answer: Answer) -> Result<(), CliError> {
        let Answer::Joined(joined) = answer else { return Err(unexpected()) };
        self.open(Target::Channel(joined.channel))
    }

    pub(super) fn send(&mut self, to: Target, words: &str) -> Result<(), CliError> {
        self.send_reply(to, words, None)
    }

    /// Says something, in answer to an event.
    pub(super) fn send_reply(&mut self, to: Target, words: &str, reply: Option<u64>) -> Result<(), CliError> {
        let text = text(self.words, words)?;
        self.delivery.sending();
        self.handle.send(to, text, reply).inspect_err(|_| self.delivery.settled(false))
    }

    pub(super) fn channels(&mut self) -> Result<Vec<ChannelInfo>, CliError> {
        login_summary::channels(&mut self.handle, &self.names)
    }

    pub(super) fn users(&mut self) -> Result<Vec<UserInfo>, CliError> {
        login_summary::users(&mut self.handle, &self.names)
    }

    pub(super) fn invitations(&mut self) -> Result<Vec<Invitation>, CliError> {
        login_summary::invitations(&mut self.handle, &self.names)
    }

    pub(super) fn unread(&mut self) -> Result<Vec<Reading>, CliError> {
        login_summary::unread(&mut self.handle)
    }

    /// Tells what went wrong, and goes on: only the end of the output is the end of the chat.
    pub(super) fn report(&self, outcome: Result<(), CliError>) -> Result<(), CliError> {
        match outcome {
            Err(CliError::OutputClosed) => Err(CliError::OutputClosed),
            Err(failure) if failure.is_end_of_session() => Ok(()),
            Err(failure) => {
                complain(&self.words.cli_error(&failure));
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    pub(super) fn say(&self, words: &str) -> Result<(), CliError> {
        super::say(&sanitise(words))
    }

    pub(super) fn say_list(
        &self,
        lines: impl Iterator<Item = String>,
        when_empty: &str,
    ) -> Result<(), CliError> {
        let lines: Vec<_> = lines.collect();
        if lines.is_empty() { self.say(when_empty) } else { self.say(&lines.join("\n")) }
    }

    /// Why a line that needs an open conversation is not obeyed.
    pub(super) fn nothing_open(&self) -> CliError {
        CliError::Usage(self.words.nothing_open())
    }

    /// A line is going to be typed: before it stands where text goes; and, when that is not at once, why, and how much
    /// waits.
    pub(super) fn prompt(&mut self) -> String {
        if self.is_in_menu() {
            return self.input_line.open(None, Prompt::fixed("menu"));
        }
        let told_before = self.input_line.standings_told();
        let status = self.handle.status().ok();
        let is_awaited = self.session.is_some();
        let in_words = |status: Status| render::beside_prompt(self.words, status.standing, is_awaited);
        let beside = status.map_or_else(String::new, in_words);
        let name = self.open.as_ref().map_or_else(|| "papo".to_owned(), ToString::to_string);
        self.input_line.open(self.open.as_ref(), Prompt::new(name, beside, told_before))
    }

    /// Whether it is somebody's who is logged in, or was.
    pub(super) fn is_somebody_s(&self) -> bool {
        self.session.is_some()
    }

    pub(super) fn leave_for_good(&mut self) {
        self.is_over = true;
    }

    pub(super) fn is_over(&self) -> bool {
        self.is_over || self.asked_to_leave.is_requested()
    }
}

//! One row of the command table.

use crate::chat::context::Context;
use crate::chat::names::ChannelChoice;
use crate::cli_error::CliError;
use crate::i18n::Phrase;

/// The next action of the shell after a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Read the next line.
    Stay,
    /// Show the menu.
    Menu,
    /// End the chat.
    Quit,
}

pub(crate) struct Command {
    /// The word after the slash. It is the same in all languages.
    pub(crate) name: &'static str,
    /// The syntax of the arguments: words in capitals are placeholders, and brackets mark optional arguments.
    pub(crate) arguments: Phrase,
    /// One sentence that starts with an imperative verb, for `/help` and the menu.
    pub(crate) help: Phrase,
    /// The channels that the menu offers.
    pub(crate) channels: ChannelChoice,
    /// Whether the line may contain a password. Such a line is not saved in the history file.
    pub(crate) is_private: bool,
    run: Run,
}

type Run = fn(&mut Context, &str) -> Result<Next, CliError>;

impl Command {
    pub(super) const fn new(name: &'static str, arguments: Phrase, help: Phrase, run: Run) -> Self {
        Self { name, arguments, help, channels: ChannelChoice::Own, is_private: false, run }
    }

    /// Sets the channels that the menu offers.
    pub(super) const fn offering(mut self, channels: ChannelChoice) -> Self {
        self.channels = channels;
        self
    }

    pub(super) const fn private(mut self) -> Self {
        self.is_private = true;
        self
    }

    /// Runs the command. Without a required argument, returns an error with its syntax.
    pub(crate) fn run(&self, context: &mut Context, arguments: &str) -> Result<Next, CliError> {
        let (catalog, syntax) = (context.catalog, context.catalog.of(self.arguments));
        if arguments.is_empty() && !syntax.is_empty() && !syntax.starts_with('[') {
            return Err(CliError::Usage(catalog.usage(self.name, syntax, catalog.of(self.help))));
        }
        (self.run)(context, arguments)
    }
}

impl PartialEq for Command {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Command {}

impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "/{}", self.name)
    }
}

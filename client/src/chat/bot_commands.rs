//! The slash commands of bots in the open conversation.

use common::commands::{CommandInfo, ListCommands};
use common::methods::CommandList;
use common::{Reason, Target};

use super::context::Context;
use crate::cli_error::CliError;

impl Context {
    /// Runs a command of a bot: sends the line as a message. Returns false if the open conversation has no
    /// such command. Without a connection, the commands of the last list are known.
    pub(super) fn run_bot_command(&mut self, name: &str, line: &str) -> Result<bool, CliError> {
        let Some(conversation) = self.open.clone().filter(|_| self.is_logged_in()) else { return Ok(false) };
        if self.is_offline() {
            let is_known = self.names.has_command(&format!("/{name} "));
            if is_known {
                self.send(conversation, line, None)?;
            }
            return Ok(is_known);
        }
        let commands = self.bot_commands(&conversation)?;
        let Some(info) = commands.into_iter().find(|info| info.command.name.as_str() == name) else {
            return Ok(false);
        };
        self.send(conversation, line, None)?;
        if !info.online {
            self.say(&self.catalog.bot_is_offline(&info.bot))?;
        }
        Ok(true)
    }

    /// The commands of bots in the open conversation, for `/help`. Empty if the server does not answer.
    pub(super) fn open_bot_commands(&mut self) -> Vec<CommandInfo> {
        let Some(open) = self.open.clone().filter(|_| self.is_logged_in()) else { return Vec::new() };
        if self.is_offline() {
            return Vec::new();
        }
        self.bot_commands(&open).unwrap_or_else(|error| {
            tracing::debug!(%error, "cannot list the commands of bots");
            Vec::new()
        })
    }

    /// Requests the commands of a conversation, and completes their names from now on.
    fn bot_commands(&mut self, conversation: &Target) -> Result<Vec<CommandInfo>, CliError> {
        let conversation = conversation.clone();
        let listed = self.handle.request::<CommandList>(|token| ListCommands { token, conversation });
        let commands = match listed {
            Ok(listed) => listed.commands,
            // An earlier server has no commands of bots.
            Err(CliError::Server(error)) if error.reason() == Some(Reason::MethodNotFound) => Vec::new(),
            Err(error) => return Err(error),
        };
        self.names.set_commands(commands.iter().map(|info| format!("/{} ", info.command.name.as_str())));
        Ok(commands)
    }
}

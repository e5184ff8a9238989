//! The slash commands of bots. A command belongs to a token of a bot, and works in the channels and direct
//! conversations of the token.

use std::collections::BTreeMap;

use common::commands::{BotCommand, CommandName, Invocation};
use common::limits::{COMMANDS_PER_CHANNEL_MAX, COMMANDS_PER_TOKEN_MAX};
use common::{ChannelName, Detail, Target, UserName};
use uuid::Uuid;

use super::State;
use super::bot_tokens::KnownToken;
use crate::domain::records::{BotToken, Record, ServerRecord};

/// Replaces the commands of a token. Two bots cannot have a command of the same name in one channel.
pub(super) fn register<'a>(
    state: &State,
    user: UserName,
    id: Uuid,
    commands: Vec<BotCommand>,
    at: u64,
) -> Result<Option<Record<'a>>, Detail> {
    let own = state.users.bots.get(id).filter(|own| own.token.user == user).ok_or(Detail::NotBot)?;
    if own.commands == commands {
        return Ok(None);
    }
    check_names(&commands)?;
    let mut counts: BTreeMap<&ChannelName, usize> = BTreeMap::new();
    for (_, other) in state.users.bots.all().filter(|(other, _)| **other != id) {
        let shared = shared_channels(&own.token, other);
        let taken = commands.iter().find(|command| has_command(other, &command.name));
        if let Some(command) = taken.filter(|_| other.token.user != user && !shared.is_empty()) {
            let (name, bot) = (command.name.as_str().to_owned(), other.token.user.clone());
            return Err(Detail::CommandTaken { name, bot });
        }
        for channel in shared {
            *counts.entry(channel).or_default() += other.commands.len();
        }
    }
    let max = COMMANDS_PER_CHANNEL_MAX;
    if counts.into_values().any(|count| count + commands.len() > max) {
        return Err(Detail::TooManyCommands { max });
    }
    Ok(Some(Record::Server(ServerRecord::CommandsRegistered { at, user, id, commands })))
}

fn check_names(commands: &[BotCommand]) -> Result<(), Detail> {
    let max = COMMANDS_PER_TOKEN_MAX;
    if commands.len() > max {
        return Err(Detail::TooManyCommands { max });
    }
    for (index, BotCommand { name, .. }) in commands.iter().enumerate() {
        if name.is_built_in() {
            return Err(Detail::CommandBuiltIn { name: name.as_str().to_owned() });
        }
        if commands.iter().skip(index + 1).any(|other| other.name == *name) {
            return Err(Detail::CommandRepeated { name: name.as_str().to_owned() });
        }
    }
    Ok(())
}

/// The channels of `own` in which `other` has commands.
fn shared_channels<'t>(own: &'t BotToken, other: &KnownToken) -> Vec<&'t ChannelName> {
    if other.commands.is_empty() {
        return Vec::new();
    }
    let shared = own.conversations.iter().filter(|conversation| other.token.permits_in(conversation));
    let channel = |conversation: &'t Target| match conversation {
        Target::Channel(channel) => Some(channel),
        // The direct conversations of two bots are different conversations.
        Target::User(_) => None,
    };
    shared.filter_map(channel).collect()
}

fn has_command(known: &KnownToken, name: &CommandName) -> bool {
    known.commands.iter().any(|command| command.name == *name)
}

/// The commands that `user` can run in a conversation, in alphabetical order.
pub fn of_conversation(state: &State, user: &UserName, conversation: &Target) -> Vec<Invocable> {
    let mut all: Vec<_> = tokens_in(state, user, conversation)
        .flat_map(|known| {
            known
                .commands
                .iter()
                .map(|command| Invocable { command: command.clone(), bot: known.token.user.clone() })
        })
        .collect();
    all.sort_unstable_by(|one, other| one.command.name.cmp(&other.command.name));
    // Two tokens of a bot may have the same command.
    all.dedup_by(|one, other| one.command.name == other.command.name);
    all
}

/// A command and the bot that receives it.
pub struct Invocable {
    pub command: BotCommand,
    pub bot: UserName,
}

/// The command that a message of `user` runs. A message of a bot runs no command, so two bots cannot run each
/// other's commands forever.
pub(super) fn invoked(state: &State, user: &UserName, to: &Target, text: &str) -> Option<Box<Invocation>> {
    let name = CommandName::of_text(text)?;
    if state.users.active(user).is_ok_and(|account| account.bot.is_some()) {
        return None;
    }
    let known = tokens_in(state, user, to).find(|known| has_command(known, &name))?;
    Some(Box::new(Invocation { bot: known.token.user.clone(), name }))
}

/// The tokens with commands that work in a conversation, which has the name that `user` uses. Leaves out bots
/// that are not members of the channel.
fn tokens_in<'a>(
    state: &'a State,
    user: &'a UserName,
    conversation: &'a Target,
) -> impl Iterator<Item = &'a KnownToken> {
    let all = state.users.bots.all().map(|(_, known)| known);
    all.filter(|known| !known.commands.is_empty()).filter(move |known| match conversation {
        Target::Channel(channel) => {
            known.token.permits_in(conversation)
                && state.channels.membership(channel, &known.token.user).is_ok()
        }
        Target::User(bot) => *bot == known.token.user && known.token.permits_in(&Target::User(user.clone())),
    })
}

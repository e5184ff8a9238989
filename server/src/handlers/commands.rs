//! `command.register` and `command.list`.

use common::accounts::Done;
use common::commands::{CommandInfo, Commands, ListCommands, RegisterCommands};
use common::presence::State;
use common::{Detail, Error};

use super::RequestContext;
use crate::domain::commands::{Invocable, of_conversation};
use crate::domain::{Command, history};
use crate::services::limiters::rates::RateKind;

pub(super) fn register(
    context: &mut RequestContext<'_>,
    params: RegisterCommands<'_>,
) -> Result<Done, Error> {
    let user = context.authenticate(&params.token)?;
    context.take_rate(&user, RateKind::Messages)?;
    let id = context.bot_token.ok_or(Detail::NotBot)?;
    context.record(Command::RegisterCommands { user, id, commands: params.commands })?;
    Ok(Done {})
}

pub(super) fn list(context: &mut RequestContext<'_>, params: &ListCommands<'_>) -> Result<Commands, Error> {
    let user = context.authenticate(&params.token)?;
    let state = context.ledger.state();
    history::readable(state, &user, &params.conversation)?;
    let info = |Invocable { command, bot }| {
        let online = matches!(context.presence.state(&bot), Some(State::Online | State::Away));
        CommandInfo { command, bot, online }
    };
    let commands = of_conversation(state, &user, &params.conversation).into_iter().map(info).collect();
    Ok(Commands { commands })
}

//! Parses the arguments of commands.

use common::{ChannelName, Target, UserName};

use crate::chat::context::Context;
use crate::cli_error::CliError;
use crate::i18n::Catalog;

/// The first word, and the rest.
pub(super) fn first_word(arguments: &str) -> (&str, &str) {
    let (first, rest) = arguments.split_once(char::is_whitespace).unwrap_or((arguments, ""));
    (first, rest.trim_start())
}

/// `NAME` or `@NAME`.
pub(super) fn user(catalog: Catalog, name: &str) -> Result<UserName, CliError> {
    if name.contains(char::is_whitespace) {
        return Err(CliError::Usage(catalog.only_the_name()));
    }
    let name = name.strip_prefix('@').unwrap_or(name);
    UserName::new(name).map_err(|error| CliError::Usage(catalog.detail(&error)))
}

/// `#CHANNEL` or `@USER`. A channel gets its first name.
pub(super) fn target(context: &Context, name: &str) -> Result<Target, CliError> {
    let target = Target::new(name).map_err(|_| CliError::Usage(context.catalog.channel_or_user()))?;
    Ok(context.handle.names().first_of(target))
}

/// `#CHANNEL` or `CHANNEL`.
pub(super) fn channel(catalog: Catalog, name: &str) -> Result<ChannelName, CliError> {
    ChannelName::from_input(name).map_err(|error| CliError::Usage(catalog.detail(&error)))
}

/// Parses `[#CHANNEL]`. Without an argument, returns the current name of the open channel.
pub(super) fn channel_or_open(context: &Context, name: &str) -> Result<ChannelName, CliError> {
    match (context.open.as_ref().map(|open| context.renderer.shown(open)), name) {
        (Some(Target::Channel(open)), "") => Ok(open),
        (Some(Target::User(_)) | None, "") => Err(CliError::Usage(context.catalog.no_channel_open())),
        (_, name) => channel(context.catalog, name),
    }
}

/// `N`, and the rest.
pub(super) fn number<'a>(arguments: &'a str, usage: &str) -> Result<(u64, &'a str), CliError> {
    let (number, rest) = first_word(arguments);
    let number = number.parse().map_err(|_| CliError::Usage(usage.to_owned()))?;
    Ok((number, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_refused_as_an_argument() {
        let error = user(Catalog::ENGLISH, "alice secret").expect_err("refused");
        assert_eq!(error.to_string(), "give only the name: papo asks for the password and does not show it");
    }
}

//! `papo notify`.

use common::Target;
use common::accounts::SessionOnly;
use common::methods::{NotifyList, NotifySet};
use common::notify::{Level, SetLevel};
use serde_json::json;

use super::accounts::print;
use super::{Common, open_session, target};
use crate::cli_error::CliError;
use crate::i18n::Catalog;

#[derive(Debug, clap::Args)]
pub struct Notify {
    /// Set this level: all, mentions or none. Without it, list the levels.
    #[arg(value_parser = level)]
    level: Option<Level>,
    /// The channel or user, in quotes: '#general', '@bob'. Without it, the maximum for all conversations.
    #[arg(value_parser = target)]
    conversation: Option<Target>,
    #[command(flatten)]
    common: Common,
}

fn level(word: &str) -> Result<Level, String> {
    serde_json::from_value(word.into()).map_err(|_| "give a level: all, mentions or none".to_owned())
}

pub(super) fn run(arguments: Notify) -> Result<(), CliError> {
    let Notify { level, conversation, common } = arguments;
    let (mut handle, _news) = open_session(&common.connection)?;
    let Some(level) = level else {
        let levels = handle.request::<NotifyList>(|token| SessionOnly { token })?;
        let (catalog, names) = (Catalog::ENGLISH, handle.load_names()?);
        let mut lines = vec![catalog.level_of_all(crate::level_in_words(levels.level))];
        let of = levels.conversations.iter();
        lines.extend(of.map(|of| {
            catalog.level_of(&names.current_of(&of.conversation), crate::level_in_words(of.level))
        }));
        return print(&common, &json!(levels), &lines.join("\n"));
    };
    handle.request::<NotifySet>(|token| SetLevel { token, conversation, level })?;
    print(&common, &json!({}), "done")
}

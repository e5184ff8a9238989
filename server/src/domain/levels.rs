//! Notification levels of users.

use std::collections::BTreeMap;

use common::limits::LEVELS_MAX;
use common::notify::{Level, LevelOf, Levels};
use common::{Detail, Target, UserName};
use serde::{Deserialize, Serialize};

use super::{State, history};
use crate::domain::records::{Record, ServerRecord};

/// The notification levels of a user, as `users.json` stores them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotifyLevels {
    /// The maximum for all conversations.
    #[serde(default, skip_serializing_if = "Level::is_all")]
    all: Level,
    /// The conversations whose level is not `all`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    conversations: BTreeMap<Target, Level>,
}

impl NotifyLevels {
    /// Whether the user has never changed a level.
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn set(&mut self, conversation: Option<&Target>, level: Level) {
        match conversation {
            None => self.all = level,
            Some(conversation) if level == Level::All => drop(self.conversations.remove(conversation)),
            Some(conversation) => drop(self.conversations.insert(conversation.clone(), level)),
        }
    }

    pub(super) fn of(&self, conversation: Option<&Target>) -> Level {
        conversation.map_or(self.all, |of| self.conversations.get(of).copied().unwrap_or_default())
    }
}

/// Returns the record that sets a level; `None` if the level is set already.
pub(super) fn set<'a>(
    state: &State,
    user: UserName,
    conversation: Option<Target>,
    level: Level,
    at: u64,
) -> Result<Option<Record<'a>>, Detail> {
    let levels = &state.users.active(&user)?.levels;
    if let Some(conversation) = &conversation {
        // A user may remove the level of a conversation that the user can no longer read.
        if level != Level::All {
            history::readable(state, &user, conversation)?;
        }
        if levels.conversations.len() >= LEVELS_MAX && !levels.conversations.contains_key(conversation) {
            return Err(Detail::TooManyLevels { max: LEVELS_MAX });
        }
    }
    let is_new = levels.of(conversation.as_ref()) != level;
    Ok(is_new.then_some(Record::Server(ServerRecord::LevelSet { at, user, conversation, level })))
}

/// The levels of a user.
pub fn list(state: &State, user: &UserName) -> Result<Levels, Detail> {
    let NotifyLevels { all, conversations } = &state.users.active(user)?.levels;
    let level_of = |(conversation, level): (&Target, &Level)| LevelOf {
        conversation: conversation.clone(),
        level: *level,
    };
    Ok(Levels { level: *all, conversations: conversations.iter().map(level_of).collect() })
}

//! Known names, for completion and the menu.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use common::Target;

use crate::channel_names::SharedNames;

/// The maximum number of known names. Further names are not added.
const NAMES_MAX: usize = 10_000;

/// Names with their signs, such as `#general` and `@bob`. Clones share them.
#[derive(Clone, Default)]
pub(super) struct KnownNames {
    shared: Arc<Mutex<NameLists>>,
    /// The names of renamed channels, which replace the first names in `shared`.
    renamed: SharedNames,
}

#[derive(Default)]
struct NameLists {
    all: BTreeSet<String>,
    /// The channels that the user is a member of. `None` until the server has listed them.
    own: Option<BTreeSet<String>>,
    /// The channels that the user is invited to. `None` until the server has listed them.
    invited: Option<BTreeSet<String>>,
    /// The commands of bots in the open conversation, such as `/deploy `.
    commands: BTreeSet<String>,
}

/// The channels that the menu offers for a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChannelChoice {
    All,
    /// Channels that the user is a member of.
    Own,
    /// Channels that the user is invited to.
    Invited,
    /// No channel, because the command creates one.
    New,
}

impl KnownNames {
    pub(super) fn new(renamed: SharedNames) -> Self {
        Self { shared: Arc::default(), renamed }
    }

    pub(super) fn add(&self, names: impl IntoIterator<Item = String>) {
        let mut shared = self.shared();
        let room = NAMES_MAX.saturating_sub(shared.all.len());
        shared.all.extend(names.into_iter().take(room));
    }

    /// Replaces the channels that the user is a member of.
    pub(super) fn set_own(&self, names: impl IntoIterator<Item = String>) {
        self.shared().own = Some(names.into_iter().take(NAMES_MAX).collect());
    }

    /// Replaces the channels that the user is invited to.
    pub(super) fn set_invited(&self, names: impl IntoIterator<Item = String>) {
        self.shared().invited = Some(names.into_iter().take(NAMES_MAX).collect());
    }

    /// Replaces the commands of bots.
    pub(super) fn set_commands(&self, commands: impl IntoIterator<Item = String>) {
        self.shared().commands = commands.into_iter().take(NAMES_MAX).collect();
    }

    /// Whether a bot has this command, which ends with a blank.
    pub(super) fn has_command(&self, command: &str) -> bool {
        self.shared().commands.contains(command)
    }

    /// The commands of bots with this prefix, sorted.
    pub(super) fn commands_starting_with(&self, prefix: &str) -> Vec<String> {
        self.shared().commands.iter().filter(|command| command.starts_with(prefix)).cloned().collect()
    }

    /// The names with this prefix, sorted.
    pub(super) fn starting_with(&self, prefix: &str) -> Vec<String> {
        let all = self.shared().all.clone();
        let mut names = self.current(all.iter());
        names.retain(|name| name.starts_with(prefix));
        names
    }

    /// The channels of a choice, sorted. Returns all known channels until the server has listed the user's
    /// channels.
    pub(super) fn channels(&self, choice: ChannelChoice) -> Vec<String> {
        let listed = match choice {
            ChannelChoice::All => None,
            ChannelChoice::Own => self.shared().own.clone(),
            ChannelChoice::Invited => self.shared().invited.clone(),
            ChannelChoice::New => Some(BTreeSet::new()),
        };
        listed.map_or_else(|| self.starting_with("#"), |listed| self.current(listed.iter()))
    }

    /// The current names, sorted.
    fn current<'n>(&self, names: impl Iterator<Item = &'n String>) -> Vec<String> {
        let current = names.map(|name| match Target::new(name) {
            Ok(target) => self.renamed.current_of(&target).to_string(),
            Err(_) => name.clone(),
        });
        current.collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn shared(&self) -> MutexGuard<'_, NameLists> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

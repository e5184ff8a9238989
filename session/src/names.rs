//! The names of renamed channels. Events, replies and this crate identify a channel by its first name; users
//! read and write its current name.

use std::collections::BTreeMap;

use common::channels::LaterNames;
use common::{ChannelName, Target};

/// The later names of channels that the user can see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChannelNames {
    /// The later names, by the first name.
    later: BTreeMap<ChannelName, LaterNames>,
    /// The first names, by each later name.
    first: BTreeMap<ChannelName, ChannelName>,
}

impl ChannelNames {
    /// Replaces the later names of the channel `first`. Returns whether they differ.
    pub fn set(&mut self, first: &ChannelName, names: &LaterNames) -> bool {
        let before = self.later.get(first);
        if before == Some(names) || (before.is_none() && *names == LaterNames::default()) {
            return false;
        }
        for name in before.into_iter().flat_map(LaterNames::all) {
            self.first.remove(name);
        }
        self.first.extend(names.all().map(|name| (name.clone(), first.clone())));
        self.later.insert(first.clone(), names.clone());
        true
    }

    /// Applies a renaming. Returns whether the names differ.
    pub(crate) fn rename(&mut self, first: &ChannelName, name: &ChannelName) -> bool {
        let mut names = self.later.get(first).cloned().unwrap_or_default();
        names.rename(first, name);
        self.set(first, &names)
    }

    /// The first names of the renamed channels.
    pub fn renamed(&self) -> impl Iterator<Item = &ChannelName> {
        self.later.keys()
    }

    /// The later names of the channel `first`.
    #[must_use]
    pub fn later(&self, first: &ChannelName) -> LaterNames {
        self.later.get(first).cloned().unwrap_or_default()
    }

    /// The first name of the channel that has, or had, this name. Returns other names unchanged.
    #[must_use]
    pub fn first(&self, name: &ChannelName) -> ChannelName {
        self.first.get(name).unwrap_or(name).clone()
    }

    /// The current name of the channel that has, or had, this name. Returns other names unchanged.
    #[must_use]
    pub fn current(&self, name: &ChannelName) -> ChannelName {
        let first = self.first.get(name).unwrap_or(name);
        self.later.get(first).map_or(name, |names| names.current(first)).clone()
    }

    /// The conversation, in which a channel has its first name.
    #[must_use]
    pub fn first_of(&self, conversation: Target) -> Target {
        match conversation {
            Target::Channel(name) => Target::Channel(self.first(&name)),
            user @ Target::User(_) => user,
        }
    }

    /// The conversation, in which a channel has its current name.
    #[must_use]
    pub fn current_of(&self, conversation: &Target) -> Target {
        match conversation {
            Target::Channel(name) => Target::Channel(self.current(name)),
            user @ Target::User(_) => user.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> ChannelName {
        ChannelName::new(name).expect("a name")
    }

    #[test]
    fn every_name_leads_to_the_first_and_to_the_current_name() {
        let mut names = ChannelNames::default();
        let (a, b, c) = (name("#a"), name("#b"), name("#c"));
        assert!(!names.set(&a, &LaterNames::default()), "no later names");
        assert!(names.rename(&a, &b) && names.rename(&a, &c) && !names.rename(&a, &c));
        for one in [&a, &b, &c] {
            assert_eq!((names.first(one), names.current(one)), (a.clone(), c.clone()));
        }
        assert!(names.rename(&a, &a), "back to the first name");
        for one in [&a, &b, &c] {
            assert_eq!((names.first(one), names.current(one)), (a.clone(), a.clone()));
        }
        assert_eq!((names.first(&name("#z")), names.current(&name("#z"))), (name("#z"), name("#z")));
        assert!(names.set(&a, &LaterNames::default()), "a restored node has the state before");
        assert_eq!(names.first(&b), b);
    }
}

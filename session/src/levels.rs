//! The notification levels of the user.

use std::collections::BTreeMap;

use common::accounts::SessionOnly;
use common::methods::NotifyList;
use common::notify::{self, Level};
use common::reads::Reading;
use common::{Error, Target};

use super::api::Answer;
use super::context::Context;
use super::requests::{Pending, read};

#[derive(Default)]
pub(crate) struct Levels {
    /// The maximum for all conversations.
    all: Level,
    conversations: BTreeMap<Target, Level>,
}

impl Levels {
    pub(crate) fn of(&self, conversation: &Target) -> Level {
        self.conversations.get(conversation).copied().unwrap_or_default().min(self.all)
    }

    /// The number of unread messages of a conversation that the user wants to know.
    pub(crate) fn unread(&self, reading: &Reading) -> u64 {
        match self.of(&reading.conversation) {
            Level::None => 0,
            Level::Mentions => reading.mentions,
            Level::All => reading.unread,
        }
    }

    /// Handles the list.
    pub(crate) fn listed(&mut self, result: &str) -> Result<Answer, Error> {
        let notify::Levels { level, conversations } = read(result)?;
        self.all = level;
        self.conversations = conversations.into_iter().map(|of| (of.conversation, of.level)).collect();
        Ok(Answer::Done)
    }
}

/// Requests the levels. An earlier server does not have this method.
pub(crate) fn list(cx: &mut Context, ticket: u64) {
    cx.request_for::<NotifyList>(ticket, Pending::Levels, |token| SessionOnly { token });
}

#[cfg(test)]
mod tests {
    use testkit::target;

    use super::*;

    #[test]
    fn the_level_of_a_conversation_decides_what_counts_up_to_the_maximum() {
        let mut levels = Levels::default();
        let unread = |levels: &Levels| {
            ["#a", "#b", "@eva"].map(|name| {
                let conversation = target(name);
                levels.unread(&Reading { conversation, n: 0, head: 9, unread: 7, mentions: 2 })
            })
        };
        assert_eq!(unread(&levels), [7, 7, 7]);
        let set = |levels: &mut Levels, maximum: &str| {
            let of = r##"[{"conversation":"#b","level":"mentions"},{"conversation":"@eva","level":"none"}]"##;
            levels.listed(&format!(r#"{{"level":"{maximum}","conversations":{of}}}"#)).expect("levels");
        };
        set(&mut levels, "all");
        assert_eq!(unread(&levels), [7, 2, 0]);
        set(&mut levels, "mentions");
        assert_eq!(unread(&levels), [2, 2, 0]);
        set(&mut levels, "none");
        assert_eq!(unread(&levels), [0, 0, 0]);
    }
}

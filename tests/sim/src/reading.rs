//! The actions of recorded runs: users also read, type, block and set levels.

use common::accounts::OneUser;
use common::methods::{NotifySet, UserBlock, UserUnblock};
use common::notify::{Level, SetLevel};
use common::{Target, UserName};
use session::{Command, NO_TICKET, PlainRequest, PresenceMode, Session};
use testkit::Rng;

use crate::client::SimClient;

/// Sends the commands with which a chat starts.
pub(crate) fn start_reading(session: &mut Session, now_ms: u64) {
    let presence = Command::SetPresence(PresenceMode::AtKeyboard);
    for command in [presence, Command::ListReads, Command::ListLevels, Command::ListBlocks] {
        session.command(now_ms, NO_TICKET, command);
    }
}

impl SimClient {
    /// Performs a random action. Returns a description of the action for the trace.
    pub(crate) fn read_or_type(
        &mut self,
        now_ms: u64,
        rng: &mut Rng,
        to: Target,
        users: &[UserName],
    ) -> Option<String> {
        let user = users[rng.index(users.len())].clone();
        let command = match rng.below(12) {
            0..4 => Command::KeyTyped(Some(to)),
            4 => Command::KeyTyped(None),
            5 => Command::MarkRead(to, rng.between(1, 30)),
            6 => Command::NextPage(self.next_page.take()?),
            7 => Command::ListReads,
            8 => {
                let level = rng.pick(&[Level::None, Level::Mentions, Level::All]);
                let conversation = Some(to);
                Command::Request(PlainRequest::of::<NotifySet>(|token| SetLevel {
                    token,
                    conversation,
                    level,
                }))
            }
            9 => Command::Request(PlainRequest::of::<UserBlock>(|token| OneUser { token, user })),
            10 => Command::Request(PlainRequest::of::<UserUnblock>(|token| OneUser { token, user })),
            _ => Command::Status,
        };
        let description = format!("{command:?}");
        self.session.as_mut()?.command(now_ms, NO_TICKET, command);
        Some(description)
    }
}

//! The users whom the user blocks. The session marks their messages in channels as hidden; the server refuses
//! their direct messages.

use std::collections::BTreeSet;

use common::accounts::ListNames;
use common::methods::UserBlocks;
use common::{Error, Target, UserName};

use super::api::{Answer, Entry};
use super::context::Context;
use super::plain_request::Pager;
use super::requests::{Pending, read};

/// The users whom the user blocks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Blocks {
    users: BTreeSet<UserName>,
}

impl Blocks {
    #[cfg(any(test, feature = "recorder"))]
    pub(crate) fn users(&self) -> &BTreeSet<UserName> {
        &self.users
    }

    /// Whether the user blocks this user.
    #[must_use]
    pub fn contains(&self, user: &UserName) -> bool {
        self.users.contains(user)
    }

    /// Marks an event as hidden if it is a message, a file or an amendment of a blocked user in a channel.
    #[must_use]
    pub fn mark(&self, entry: Entry) -> Entry {
        let is_in_channel = matches!(entry.conversation, Target::Channel(_));
        let event = entry.event.as_ref().filter(|_| is_in_channel && !self.users.is_empty());
        let is_hidden = event.is_some_and(|event| event.body.id().is_some() && self.contains(&event.from));
        Entry { is_hidden, ..entry }
    }

    /// Handles the notice that the user blocked or unblocked another user, in this or another session.
    pub(crate) fn notice(&mut self, user: UserName, blocked: bool) {
        match blocked {
            true => drop(self.users.insert(user)),
            false => drop(self.users.remove(&user)),
        }
    }

    /// Handles a page of the list. Returns `None` if the next page was requested.
    pub(crate) fn listed(
        &mut self,
        cx: &mut Context,
        ticket: u64,
        mut pager: Pager<UserBlocks>,
        result: &str,
    ) -> Result<Option<Answer>, Error> {
        if pager.take(read(result)?) {
            request_page(cx, ticket, pager);
            return Ok(None);
        }
        self.users = pager.into_items().into_iter().map(|block| block.user).collect();
        Ok(Some(Answer::Blocks(self.clone())))
    }
}

/// Requests the list of blocked users. An earlier server does not have this method.
pub(crate) fn list(cx: &mut Context, ticket: u64) {
    request_page(cx, ticket, Pager::new(|token| ListNames { token, after: None }));
}

fn request_page(cx: &mut Context, ticket: u64, pager: Pager<UserBlocks>) {
    let request = pager.request();
    cx.transmit(ticket, Pending::Blocks(pager), request);
}

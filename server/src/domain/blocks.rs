//! Blocks: a user refuses the direct messages and the invitations of another user.

use common::accounts::Block;
use common::limits::BLOCKS_MAX;
use common::{Detail, UserName, pages};

use super::State;
use crate::domain::records::{Record, ServerRecord};

/// Checks that `user` has an account and has not blocked `sender`.
pub(super) fn check_not_blocked(state: &State, user: &UserName, sender: &UserName) -> Result<(), Detail> {
    let account = state.users.active(user)?;
    if account.blocks.contains_key(sender) { Err(Detail::Blocked { user: user.clone() }) } else { Ok(()) }
}

pub(super) fn set<'a>(
    state: &State,
    user: UserName,
    other: UserName,
    blocked: bool,
    at: u64,
) -> Result<Option<Record<'a>>, Detail> {
    let blocks = &state.users.active(&user)?.blocks;
    if user == other {
        return Err(Detail::BlockSelf);
    }
    // `other` may be a deleted account, so that `user` can unblock it.
    if !state.users.exists(&other) {
        return Err(Detail::NoSuchUser { user: other });
    }
    if blocks.contains_key(&other) == blocked {
        return Ok(None);
    }
    if blocked && blocks.len() >= BLOCKS_MAX {
        return Err(Detail::TooManyBlocks { max: BLOCKS_MAX });
    }
    Ok(Some(Record::Server(ServerRecord::BlockSet { at, user, other, blocked })))
}

/// The users whom `user` blocks, after the user `after`, in alphabetical order.
pub fn list<'a>(
    state: &'a State,
    user: &UserName,
    after: Option<&str>,
) -> Result<impl Iterator<Item = Block> + use<'a>, Detail> {
    let blocks = state.users.active(user)?.blocks.range(pages::range(after, UserName::new));
    Ok(blocks.map(|(user, at)| Block { user: user.clone(), at: *at }))
}

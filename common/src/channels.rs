//! Channels: `channel.create`, `channel.list`, `channel.join`, `channel.leave`, `channel.members`, invitations
//! (`channel.invitations`, `channel.decline`), and the methods of members, moderators and owners: `channel.invite`,
//! `channel.kick`, `channel.ban`, `channel.unban`, `channel.bans`, `channel.role`, `channel.set`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::accounts::Token;
use crate::names::{ChannelName, UserName};
use crate::text::Subject;

/// The rank of a member; each rank may do what the lower ones may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads and writes.
    Member,
    /// Invites, removes and bans members, and sets the subject.
    Moderator,
    /// Gives roles, and makes the channel private or public.
    Owner,
}

/// Parameters of `channel.create`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateChannel<'a> {
    /// The session.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The channel.
    pub channel: ChannelName,
    /// Whether only invited users may join and see it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub private: bool,
}

pub(crate) fn is_false(flag: &bool) -> bool {
    !flag
}

/// Parameters of `channel.join`, `channel.leave` and `channel.decline`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OneChannel<'a> {
    /// The session.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The channel.
    pub channel: ChannelName,
}

/// Result of `channel.create` and `channel.join`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joined {
    /// The name in its canonical form.
    pub channel: ChannelName,
    /// Where its events are published.
    pub topic: String,
    /// The number of its newest event: the joining itself, unless the asker was a member before.
    pub n: u64,
}

/// Parameters of `channel.invite`, `channel.kick`, `channel.ban` and `channel.unban`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OneMember<'a> {
    /// The session.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The channel.
    pub channel: ChannelName,
    /// The user to invite, remove, ban or unban.
    pub user: UserName,
}

/// Parameters of `channel.role`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GiveRole<'a> {
    /// The session.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The channel.
    pub channel: ChannelName,
    /// The member.
    pub user: UserName,
    /// Their new role.
    pub role: Role,
}

/// Parameters of `channel.set`: an absent field stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetChannel<'a> {
    /// The session.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The channel.
    pub channel: ChannelName,
    /// The subject; an empty one removes it.
    #[serde(default, skip_serializing_if = "Option::is_none", borrow)]
    pub subject: Option<Subject<'a>>,
    /// Whether only invited users may join and see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private: Option<bool>,
}

/// Parameters of `channel.members` and `channel.bans`: a page of names at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListInChannel<'a> {
    /// The session.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The channel.
    pub channel: ChannelName,
    /// Only names after this one; the last name of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none", borrow)]
    pub after: Option<Cow<'a, str>>,
}

/// Result of `channel.members`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Members {
    /// One page, in alphabetical order.
    pub members: Vec<Member>,
    /// Whether there are more after the last one.
    pub more: bool,
}

/// A member of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The user.
    pub user: UserName,
    /// Their role.
    pub role: Role,
}

/// Result of `channel.bans`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bans {
    /// One page, in alphabetical order of the users.
    pub bans: Vec<Ban>,
    /// Whether there are more after the last one.
    pub more: bool,
}

/// A user who may not join a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ban {
    /// The user.
    pub user: UserName,
    /// The author and the time of the ban.
    #[serde(flatten)]
    pub banned: Attribution,
}

/// Result of `channel.invitations`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitations {
    /// One page, in alphabetical order of the channels.
    pub invitations: Vec<Invitation>,
    /// Whether there are more after the last one.
    pub more: bool,
}

/// A channel that the asker may join.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// The channel.
    pub channel: ChannelName,
    /// The author and the time of the invitation.
    #[serde(flatten)]
    pub invited: Attribution,
}

/// The author and the time of an invitation or a ban. Both are absent when the invitation or ban is older than papo's
/// record of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribution {
    /// The author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserName>,
    /// The time, in Unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<u64>,
}

/// Result of `channel.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channels {
    /// One page, in alphabetical order.
    pub channels: Vec<ChannelInfo>,
    /// Whether there are more after the last one.
    pub more: bool,
}

/// A channel, as the asker sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelInfo {
    /// The name.
    pub channel: ChannelName,
    /// How many members it has.
    pub members: u64,
    /// The asker's role; absent if they are not a member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Whether the asker is invited and has not joined yet.
    #[serde(default, skip_serializing_if = "is_false")]
    pub invited: bool,
    /// Whether only invited users may join and see it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub private: bool,
    /// The subject.
    #[serde(default, skip_serializing_if = "Subject::is_empty")]
    pub subject: Subject<'static>,
}

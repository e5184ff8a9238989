//! Channels and their members: all methods `channel.*`.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::accounts::Token;
use crate::names::{ChannelName, UserName};
use crate::text::{DisplayName, Subject};

/// The rank of a member. Each role includes the rights of the lower roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// May read and write.
    Member,
    /// May invite, remove and ban users, and set the subject.
    Moderator,
    /// May give roles, and make the channel private or public.
    Owner,
}

/// The names that a channel got after its first name. The first name identifies the channel in events,
/// replies and topics. A request may use any of its names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaterNames {
    /// The current name. `None` if it is the first name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<ChannelName>,
    /// The other names that the channel had after its first name.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub former_names: BTreeSet<ChannelName>,
}

impl LaterNames {
    /// The current name of the channel whose first name is `first`.
    #[must_use]
    pub fn current<'a>(&'a self, first: &'a ChannelName) -> &'a ChannelName {
        self.name.as_ref().unwrap_or(first)
    }

    /// All names except the first.
    pub fn all(&self) -> impl Iterator<Item = &ChannelName> {
        self.name.iter().chain(&self.former_names)
    }

    /// Renames the channel whose first name is `first`.
    pub fn rename(&mut self, first: &ChannelName, name: &ChannelName) {
        self.former_names.extend(self.name.take());
        self.former_names.remove(name);
        self.name = Some(name.clone()).filter(|name| name != first);
    }
}

/// Parameters of `channel.create`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateChannel<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The name of the new channel.
    pub channel: ChannelName,
    /// Whether only invited users may see and join the channel.
    #[serde(default, skip_serializing_if = "is_false")]
    pub private: bool,
}

pub(crate) fn is_false(flag: &bool) -> bool {
    !flag
}

/// Parameters of `channel.join`, `channel.leave`, `channel.decline` and `channel.delete`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OneChannel<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The channel.
    pub channel: ChannelName,
}

/// Result of `channel.create` and `channel.join`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joined {
    /// The first name of the channel, in its canonical form.
    pub channel: ChannelName,
    /// The later names of the channel.
    #[serde(flatten)]
    pub names: LaterNames,
    /// The topic of the channel's events.
    pub topic: String,
    /// The number of the channel's newest event. Unless the user was already a member, this is the event of
    /// the join or of the creation.
    pub n: u64,
}

/// Parameters of `channel.invite`, `channel.kick`, `channel.ban` and `channel.unban`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OneMember<'a> {
    /// The session token.
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
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The channel.
    pub channel: ChannelName,
    /// The member.
    pub user: UserName,
    /// The member's new role.
    pub role: Role,
}

/// Parameters of `channel.set`. A field that is `None` is not changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetChannel<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The channel.
    pub channel: ChannelName,
    /// The new subject. An empty text removes the subject.
    #[serde(default, skip_serializing_if = "Option::is_none", borrow)]
    pub subject: Option<Subject<'a>>,
    /// Whether only invited users may see and join the channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private: Option<bool>,
}

/// Parameters of `channel.rename`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenameChannel<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The channel.
    pub channel: ChannelName,
    /// The new name.
    pub new_name: ChannelName,
}

/// Parameters of `channel.archive`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchiveChannel<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The channel.
    pub channel: ChannelName,
    /// Whether to archive the channel. `false` restores it.
    #[serde(default = "yes")]
    pub archived: bool,
}

fn yes() -> bool {
    true
}

/// Parameters of `channel.members` and `channel.bans`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListInChannel<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The channel.
    pub channel: ChannelName,
    /// The last name of the previous page. `None` for the first page.
    #[serde(default, skip_serializing_if = "Option::is_none", borrow)]
    pub after: Option<Cow<'a, str>>,
}

/// Result of `channel.members`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Members {
    /// The members of the page, in alphabetical order.
    pub members: Vec<Member>,
    /// Whether more members follow.
    pub more: bool,
}

/// A member of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The user.
    pub user: UserName,
    /// The display name, which a front end shows next to the user's name.
    #[serde(default, skip_serializing_if = "DisplayName::is_empty")]
    pub display_name: DisplayName,
    /// The user's role in the channel.
    pub role: Role,
}

/// Result of `channel.bans`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bans {
    /// The bans of the page, in alphabetical order of the users.
    pub bans: Vec<Ban>,
    /// Whether more bans follow.
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
    /// The invitations of the page, in alphabetical order of the channels.
    pub invitations: Vec<Invitation>,
    /// Whether more invitations follow.
    pub more: bool,
}

/// An invitation of the user to a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// The first name of the channel.
    pub channel: ChannelName,
    /// The later names of the channel.
    #[serde(flatten)]
    pub names: LaterNames,
    /// The author and the time of the invitation.
    #[serde(flatten)]
    pub invited: Attribution,
}

/// The author and the time of an invitation or a ban. Early versions of papo did not record them: both are
/// then `None`.
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
    /// The channels of the page, in alphabetical order.
    pub channels: Vec<ChannelInfo>,
    /// Whether more channels follow.
    pub more: bool,
}

/// A channel that the user can see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelInfo {
    /// Whether the channel is archived: it is then read-only.
    #[serde(default, skip_serializing_if = "is_false")]
    pub archived: bool,
    /// The channel's first name.
    pub channel: ChannelName,
    /// The later names of the channel.
    #[serde(flatten)]
    pub names: LaterNames,
    /// The number of members.
    pub members: u64,
    /// The user's role. `None` if the user is not a member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Whether the user is invited and has not joined yet.
    #[serde(default, skip_serializing_if = "is_false")]
    pub invited: bool,
    /// Whether only invited users may see and join the channel.
    #[serde(default, skip_serializing_if = "is_false")]
    pub private: bool,
    /// The subject.
    #[serde(default, skip_serializing_if = "Subject::is_empty")]
    pub subject: Subject<'static>,
}

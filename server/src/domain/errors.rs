//! Why a command may not be.

use common::amendments::Emoji;
use common::limits::{EDITS_MAX, REACTIONS_MAX};
use common::{ChannelName, Error, Reason, Target, UserName};
use thiserror::Error as ThisError;

/// A refusal, in words for the person who asked.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
pub enum DomainError {
    /// The name has an account.
    #[error("the name {0} is taken")]
    UserTaken(UserName),
    /// A name that `@` could not call. Older logs have accounts of such names.
    #[error(
        "a user's name ends with a letter or a digit, and @here is everybody: {0} could not be mentioned; take another name"
    )]
    CannotBeMentioned(UserName),
    /// The channel exists.
    #[error("{0} exists already: join it, or take another name")]
    ChannelTaken(ChannelName),
    /// No such account.
    #[error("there is no user {0}")]
    NoSuchUser(UserName),
    /// No such channel.
    #[error("there is no channel {0}; create it, or list the channels there are")]
    NoSuchChannel(ChannelName),
    /// Only for members.
    #[error("you are not a member of {0}; join it first")]
    NotMember(ChannelName),
    /// Not with one's role in the channel.
    #[error("your role in {0} does not allow this")]
    NotAllowed(ChannelName),
    /// Kept out.
    #[error("you were banned from {0}")]
    Banned(ChannelName),
    /// Somebody else is kept out.
    #[error("{0} is banned from {1}; take the ban back first")]
    IsBanned(UserName, ChannelName),
    /// The channel would be without an owner.
    #[error("you are the last owner of {0}; make somebody else an owner first")]
    LastOwner(ChannelName),
    /// That user is not in it.
    #[error("{0} is not a member of {1}")]
    NoSuchMember(UserName, ChannelName),
    /// For administrators only.
    #[error("only administrators may do this")]
    NotAdministrator,
    /// The node would be without an administrator.
    #[error("{0} is the last administrator; promote somebody else first")]
    LastAdministrator(UserName),
    /// The account is shut out.
    #[error("this account is disabled; ask an administrator of the node")]
    Disabled,
    /// No message to do something to.
    #[error("there is no message {0} in {1}, or it was deleted")]
    NoSuchMessage(u64, Target),
    /// Only for the author.
    #[error("only the author of a message may do this")]
    NotAuthor,
    /// Reacted, or not reacted, already.
    #[error("your reaction {} is so already", .0.as_str())]
    Unchanged(Emoji),
    /// A message was edited too often.
    #[error("a message can be edited {EDITS_MAX} times: send a new one")]
    TooManyEdits,
    /// A message has too many reactions.
    #[error("a message can have {REACTIONS_MAX} reactions")]
    TooManyReactions,
    /// No such session of this user.
    #[error("you have no such session")]
    NoSuchSession,
    /// No file has this number, or it was deleted.
    #[error("there is no file {1} in {0}")]
    NoSuchFile(Target, u64),
    /// Not invited, or not any more.
    #[error("you have no invitation to {0}")]
    NoSuchInvitation(ChannelName),
    /// A list of the channel is full.
    #[error("too many are invited to, or banned from, {0}")]
    TooMany(ChannelName),
    /// A message id that is no UUID of version 7.
    #[error("the \"id\" of a message must be a UUID of version 7")]
    IdVersion,
    /// A message id from the future.
    #[error("the \"id\" of this message lies more than a day in the future: set your clock")]
    IdFuture,
}

impl DomainError {
    /// The stable word for programs.
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self {
            Self::UserTaken(_) | Self::ChannelTaken(_) => Reason::NameTaken,
            Self::NoSuchUser(_) => Reason::NoSuchUser,
            Self::NoSuchChannel(_) => Reason::NoSuchChannel,
            Self::NotMember(_) => Reason::NotMember,
            Self::NotAllowed(_) => Reason::NotAllowed,
            Self::Banned(_) | Self::IsBanned(..) => Reason::Banned,
            Self::LastOwner(_) => Reason::LastOwner,
            Self::NoSuchMember(..) => Reason::NoSuchMember,
            Self::NotAdministrator => Reason::NotAdministrator,
            Self::LastAdministrator(_) => Reason::LastAdministrator,
            Self::Disabled => Reason::Disabled,
            Self::NoSuchInvitation(_) => Reason::NoSuchInvitation,
            Self::NoSuchSession => Reason::NoSuchSession,
            Self::NoSuchFile(..) => Reason::NoSuchFile,
            Self::NoSuchMessage(..) => Reason::NoSuchMessage,
            Self::NotAuthor => Reason::NotAllowed,
            Self::Unchanged(_) => Reason::Unchanged,
            Self::TooManyEdits | Self::TooManyReactions => Reason::TooLarge,
            Self::TooMany(_) => Reason::TooLarge,
            Self::CannotBeMentioned(_) | Self::IdVersion | Self::IdFuture => Reason::InvalidParams,
        }
    }
}

impl From<DomainError> for Error {
    fn from(error: DomainError) -> Self {
        Self::new(error.reason(), error.to_string())
    }
}

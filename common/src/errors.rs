//! What can go wrong with a request: one table of reasons, each with its code.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Declares every reason once: its name in code, its word on the wire, its code, and what it means.
macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident = $word:literal, $code:literal;)+) => {
        /// Why a request failed: the stable word in `error.data.reason`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Reason {
            $($(#[doc = $doc])+ #[serde(rename = $word)] $name,)+
        }

        impl Reason {
            /// All reasons, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The number in `error.code`.
            #[must_use]
            pub fn code(self) -> i32 {
                match self { $(Self::$name => $code,)+ }
            }

            /// The word in `error.data.reason`.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }

            /// One sentence for the documentation.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+).trim_ascii_start(),)+ }
            }
        }
    };
}

reasons! {
    /// The line is not JSON in UTF-8.
    ParseError = "parse_error", -32700;
    /// The line is JSON, but no JSON-RPC 2.0 request with an `id`.
    InvalidRequest = "invalid_request", -32600;
    /// There is no such method.
    MethodNotFound = "method_not_found", -32601;
    /// A parameter is missing or not what it must be; the message names it.
    InvalidParams = "invalid_params", -32602;
    /// The server failed in a way that is its own fault.
    Internal = "internal", -32603;
    /// The token is missing, forged, expired or revoked: log in again.
    Unauthenticated = "unauthenticated", 4010;
    /// No such user, or not this password; which of the two is not told.
    WrongCredentials = "wrong_credentials", 4010;
    /// Only members of the channel may do this.
    NotMember = "not_member", 4030;
    /// One's role in the channel does not allow it.
    NotAllowed = "not_allowed", 4030;
    /// One was banned from the channel.
    Banned = "banned", 4030;
    /// Only administrators may do this.
    NotAdministrator = "not_administrator", 4030;
    /// An administrator has disabled the account.
    Disabled = "disabled", 4030;
    /// The last administrator cannot be demoted or disabled: promote another one first.
    LastAdministrator = "last_administrator", 4090;
    /// The last owner of a channel may not go or step down while others are in it: make another one first.
    LastOwner = "last_owner", 4090;
    /// There is no channel of that name, or it is private and one is not invited.
    NoSuchChannel = "no_such_channel", 4040;
    /// There is no user of that name.
    NoSuchUser = "no_such_user", 4040;
    /// That user is not in the channel.
    NoSuchMember = "no_such_member", 4040;
    /// One was not invited, or not any more.
    NoSuchInvitation = "no_such_invitation", 4040;
    /// There is no message of that number, or it was deleted.
    NoSuchMessage = "no_such_message", 4040;
    /// There is no such session.
    NoSuchSession = "no_such_session", 4040;
    /// There is no such upload of one's own, or it was given up: begin it anew.
    NoSuchUpload = "no_such_upload", 4040;
    /// There is no file under this number, or it was deleted.
    NoSuchFile = "no_such_file", 4040;
    /// The name is in use already.
    NameTaken = "name_taken", 4090;
    /// This message `id` belongs to another sender's message: make a new one.
    IdTaken = "id_taken", 4090;
    /// The server has another number of bytes of the upload, told in `data.have`: go on from there.
    WrongOffset = "wrong_offset", 4090;
    /// What was uploaded has not the SHA-256 that was announced; the upload is gone.
    WrongContent = "wrong_content", 4090;
    /// The files of a user would take more room than one user may.
    QuotaExceeded = "quota_exceeded", 4130;
    /// Things are so already: nothing was recorded.
    Unchanged = "unchanged", 4090;
    /// More than a limit allows; the message names the limit.
    TooLarge = "too_large", 4130;
    /// Too many at once: send again a little later.
    RateLimited = "rate_limited", 4290;
    /// The server cannot store or answer at present: send again later.
    Unavailable = "unavailable", 5030;
    /// The server's disk is full: nothing was stored.
    StorageFull = "storage_full", 5070;
}

/// An error as a reply carries it: a code, a sentence for a person, a stable word for a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Error {
    /// The number that groups reasons, see [`Reason::code`].
    pub code: i32,
    /// A sentence for the person who reads it.
    pub message: String,
    /// What programs look at.
    pub data: ErrorData,
}

/// The part of an error that programs look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorData {
    /// The stable word; [`Reason`] has those this version knows.
    pub reason: String,
    /// For how long to wait before asking again, in milliseconds, when that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_ms: Option<u64>,
    /// How many bytes of an upload the server has, when that is what is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub have: Option<u64>,
}

impl Error {
    /// An error with a sentence of its own.
    #[must_use]
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        let data = ErrorData { reason: reason.word().to_owned(), wait_ms: None, have: None };
        Self { code: reason.code(), message: message.into(), data }
    }

    /// The same error, which tells a program for how long to wait before asking again.
    #[must_use]
    pub fn after(mut self, wait_ms: u64) -> Self {
        self.data.wait_ms = Some(wait_ms);
        self
    }

    /// The same error, which tells a program how many bytes of an upload the server has.
    #[must_use]
    pub fn with_have(mut self, have: u64) -> Self {
        self.data.have = Some(have);
        self
    }

    /// The reason, when this version knows it.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        Reason::ALL.iter().copied().find(|reason| reason.word() == self.data.reason)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_unique_and_the_codes_are_the_agreed_ones() {
        let agreed = [-32700, -32600, -32601, -32602, -32603, 4010, 4030, 4040, 4090, 4130, 4290, 5030, 5070];
        for (i, reason) in Reason::ALL.iter().enumerate() {
            assert!(agreed.contains(&reason.code()), "{reason:?}");
            assert!(Reason::ALL[i + 1..].iter().all(|other| other.word() != reason.word()), "{reason:?}");
            assert_eq!(Error::new(*reason, "x").reason(), Some(*reason));
            assert!(reason.meaning().ends_with('.'));
        }
    }

    #[test]
    fn an_error_on_the_wire() {
        let error = Error::new(Reason::NotMember, "only members may post to #ops");
        assert_eq!(
            serde_json::to_string(&error).expect("json"),
            r##"{"code":4030,"message":"only members may post to #ops","data":{"reason":"not_member"}}"##
        );
        let error = Error::new(Reason::RateLimited, "wait").after(7);
        assert_eq!(
            serde_json::to_string(&error).expect("json"),
            r#"{"code":4290,"message":"wait","data":{"reason":"rate_limited","wait_ms":7}}"#
        );
    }
}

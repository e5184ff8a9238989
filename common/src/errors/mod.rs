//! Errors of requests. A reply contains an [`Error`], which is created from a [`Detail`] of the table.
//!
//! A detail is one sentence with typed arguments. A client can render it in any language. Several details can
//! share a [`Reason`], which programs compare. No code parses the sentence.

mod refused;
mod renamed;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ChannelName;

pub(crate) use refused::{catch_refused, refused};

/// Declares the errors: `Reason = word, code { Detail word { arguments } sentence; ... }`. `#[client]` marks
/// a detail that only clients create.
macro_rules! errors {
    ($(
        $(#[doc = $doc:literal])+
        $reason:ident = $word:literal, $code:literal {
            $($(#[$side:ident])? $detail:ident $detail_word:literal $({ $($arg:ident: $type:ty),+ })?
                $sentence:literal;)+
        }
    )+) => {
        /// A class of errors: the stable word in `error.data.reason`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Reason {
            $($(#[doc = $doc])+ #[serde(rename = $word)] $reason,)+
        }

        impl Reason {
            /// All reasons, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$reason),+];

            /// The number in `error.code`.
            #[must_use]
            pub fn code(self) -> i32 {
                match self { $(Self::$reason => $code,)+ }
            }

            /// The word in `error.data.reason`.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$reason => $word,)+ }
            }

            /// The sentence for the documentation.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$reason => concat!($($doc),+).trim_ascii_start(),)+ }
            }
        }

        /// The exact error with the arguments of its sentence: `error.data.detail` and `error.data.args`.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "detail", content = "args")]
        #[expect(missing_docs, reason = "the sentence explains its arguments")]
        pub enum Detail {
            $($(#[doc = $sentence] #[serde(rename = $detail_word)] $detail $({ $($arg: $type),+ })?,)+)+
        }

        impl Detail {
            /// All details, in the order of the documentation.
            pub const ALL: &'static [DetailRow] = &[$($(DetailRow {
                name: stringify!($detail),
                reason: Reason::$reason,
                word: $detail_word,
                args: &[$($((stringify!($arg), stringify!($type))),+)?],
                sentence: $sentence,
                is_sent: concat!($(stringify!($side))?).is_empty(),
            }),+),+];

            /// The reason of this detail.
            #[must_use]
            pub fn reason(&self) -> Reason {
                match self { $($(Self::$detail { .. } => Reason::$reason,)+)+ }
            }

            /// Replaces the channel `from` by `to` in all arguments.
            pub(super) fn replace_channel(&mut self, from: &ChannelName, to: &ChannelName) {
                match self {
                    $($(Self::$detail $({ $($arg),+ })? => {
                        $($($arg.replace_channel(from, to);)+)?
                    })+)+
                }
            }
        }

        /// Writes the English sentence.
        impl fmt::Display for Detail {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self { $($(Self::$detail $({ $($arg),+ })? => write!(f, $sentence),)+)+ }
            }
        }
    };
}

mod table;
pub use table::{Detail, Reason};

impl std::error::Error for Detail {}

/// A row of the table of errors, for documents and tests.
#[derive(Debug, Clone, Copy)]
pub struct DetailRow {
    /// The variant of [`Detail`].
    pub name: &'static str,
    /// The reason of the detail.
    pub reason: Reason,
    /// The word in `error.data.detail`.
    pub word: &'static str,
    /// The names and types of its arguments.
    pub args: &'static [(&'static str, &'static str)],
    /// The English sentence with placeholders for the arguments.
    pub sentence: &'static str,
    /// Whether servers send the detail. Otherwise only clients create it.
    pub is_sent: bool,
}

/// The error in a reply: a code, a sentence for users, data for programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Error {
    /// The JSON-RPC error code, see [`Reason::code`].
    pub code: i32,
    /// The English sentence.
    pub message: String,
    /// The part for programs.
    pub data: Box<ErrorData>,
}

/// The part of an error for programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorData {
    /// The word of a [`Reason`], or a word that only a later version knows.
    pub reason: String,
    /// The detail with its arguments, if this version knows it.
    #[serde(flatten)]
    pub detail: Option<Detail>,
    /// The delay before the next attempt, in milliseconds, if the server knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_ms: Option<u64>,
    /// The number of bytes of the upload that the server has. Only set for the reason `wrong_offset`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub have: Option<u64>,
}

impl From<Detail> for Error {
    fn from(detail: Detail) -> Self {
        let (reason, message) = (detail.reason(), detail.to_string());
        let data =
            ErrorData { reason: reason.word().to_owned(), detail: Some(detail), wait_ms: None, have: None };
        Self { code: reason.code(), message, data: Box::new(data) }
    }
}

impl Error {
    /// Sets the delay before the next attempt, in milliseconds.
    #[must_use]
    pub fn with_wait_ms(mut self, wait_ms: u64) -> Self {
        self.data.wait_ms = Some(wait_ms);
        self
    }

    /// Sets the number of bytes of the upload that the server has.
    #[must_use]
    pub fn with_have(mut self, have: u64) -> Self {
        self.data.have = Some(have);
        self
    }

    /// Replaces the channel `from` by `to`: the server names a channel as the request did.
    #[must_use]
    pub fn with_channel(mut self, from: &ChannelName, to: &ChannelName) -> Self {
        if let Some(detail) = &mut self.data.detail {
            detail.replace_channel(from, to);
            self.message = detail.to_string();
        }
        self
    }

    /// The reason, if this version knows it.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        Reason::ALL.iter().copied().find(|reason| reason.word() == self.data.reason)
    }

    /// The detail, if this version knows it.
    #[must_use]
    pub fn detail(&self) -> Option<&Detail> {
        self.data.detail.as_ref()
    }

    /// Whether the same request can succeed later.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        matches!(self.reason(), Some(Reason::RateLimited | Reason::Unavailable))
    }

    /// Whether the token no longer opens a session.
    #[must_use]
    pub fn ends_session(&self) -> bool {
        matches!(self.reason(), Some(Reason::Unauthenticated | Reason::SessionDisabled))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// Shortens a text from a client, and removes control characters, for an argument of a detail.
#[must_use]
pub fn shortened(text: &str, characters_max: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(characters_max).collect()
}

#[cfg(test)]
mod tests;

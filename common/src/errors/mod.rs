//! Errors of requests: what a reply carries, and how a detail of the [table](Detail) becomes one.
//!
//! A reason groups details: programs decide by the reason. A detail is one sentence with typed arguments: a client
//! renders it in any language. No code reads the sentence.

mod refused;

use std::fmt;

use serde::{Deserialize, Serialize};

pub(crate) use refused::{catch_refused, refused};

/// Declares the errors: `Reason = word, code { Detail word { arguments } sentence; ... }`. A detail with `#[client]`
/// is made by a client for itself and never sent.
macro_rules! errors {
    ($(
        $(#[doc = $doc:literal])+
        $reason:ident = $word:literal, $code:literal {
            $($(#[$side:ident])? $detail:ident $detail_word:literal $({ $($arg:ident: $type:ty),+ })?
                $sentence:literal;)+
        }
    )+) => {
        /// Why a request failed: the stable word in `error.data.reason`.
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

            /// One sentence for the documentation.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$reason => concat!($($doc),+).trim_ascii_start(),)+ }
            }
        }

        /// Why a request failed, with the arguments of the sentence: `error.data.detail` and `error.data.args`.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "detail", content = "args")]
        #[expect(missing_docs, reason = "an argument is documented by the sentence that it fills")]
        pub enum Detail {
            $($(#[doc = $sentence] #[serde(rename = $detail_word)] $detail $({ $($arg: $type),+ })?,)+)+
        }

        impl Detail {
            /// All details, in the order of the documentation.
            pub const ALL: &'static [Description] = &[$($(Description {
                name: stringify!($detail),
                reason: Reason::$reason,
                word: $detail_word,
                args: &[$($((stringify!($arg), stringify!($type))),+)?],
                sentence: $sentence,
                is_sent: concat!($(stringify!($side))?).is_empty(),
            }),+),+];

            /// The reason that programs look at.
            #[must_use]
            pub fn reason(&self) -> Reason {
                match self { $($(Self::$detail { .. } => Reason::$reason,)+)+ }
            }
        }

        /// The sentence in English.
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

/// A row of the table of details, for documents and tests.
#[derive(Debug, Clone, Copy)]
pub struct Description {
    /// The variant of [`Detail`].
    pub name: &'static str,
    /// The reason it belongs to.
    pub reason: Reason,
    /// The word in `error.data.detail`.
    pub word: &'static str,
    /// The names and types of its arguments.
    pub args: &'static [(&'static str, &'static str)],
    /// The English sentence with its gaps.
    pub sentence: &'static str,
    /// Whether servers send it; otherwise a client makes it for itself.
    pub is_sent: bool,
}

/// An error as a reply carries it: a code, a sentence for a person, data for a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Error {
    /// The number that groups reasons, see [`Reason::code`].
    pub code: i32,
    /// The English sentence.
    pub message: String,
    /// The part that programs look at.
    pub data: Box<ErrorData>,
}

/// The part of an error that programs look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorData {
    /// The stable word; [`Reason`] has those this version knows.
    pub reason: String,
    /// The detail with its arguments, when this version knows it.
    #[serde(flatten)]
    pub detail: Option<Detail>,
    /// The delay before the request can succeed, in milliseconds, when it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_ms: Option<u64>,
    /// The number of bytes of an upload that the server has, after a wrong offset.
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
    /// The same error with the delay before the next try, in milliseconds.
    #[must_use]
    pub fn after(mut self, wait_ms: u64) -> Self {
        self.data.wait_ms = Some(wait_ms);
        self
    }

    /// The same error with the number of bytes of an upload that the server has.
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

    /// The detail, when this version knows it.
    #[must_use]
    pub fn detail(&self) -> Option<&Detail> {
        self.data.detail.as_ref()
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

/// A text that a peer wrote, or that quotes one, as an argument of a detail: of bounded length.
pub(crate) fn shortened(text: &str, characters_max: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(characters_max).collect()
}

#[cfg(test)]
mod tests;

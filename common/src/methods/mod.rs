//! The methods of the protocol. The `table` has one row for each method. It generates the types of requests
//! and results, the server's dispatch, the tests and the table in `docs/PROTOCOL.md`.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::bots::Scope;
use crate::errors::{Detail, Error, shortened};
use crate::limits::{METHOD_CHARACTERS_MAX, QUOTED_CHARACTERS_MAX};
use crate::rpc;

/// A method as a type: [`ChannelJoin`] is `channel.join`. Code that sends or answers a request uses this
/// type, so the compiler checks the parameters and the result.
pub trait Request {
    /// The row of the table.
    const METHOD: Method;
    /// The type of the parameters. Several methods may share one.
    type Params<'a>: Serialize + Deserialize<'a>;
    /// The type of the result.
    type Result: Serialize + DeserializeOwned;
}

/// A value that can be encoded as the result of the method `R`. It is a [`Request::Result`], or a type that
/// copies event lines of the log, such as [`PageLines`](crate::history::PageLines).
pub trait ResultOf<R: Request> {
    /// Appends the result as JSON.
    fn write(&self, out: &mut Vec<u8>);
}

/// Encodes one request line, with its newline.
pub fn encode_request<R: Request>(out: &mut Vec<u8>, id: &str, params: &R::Params<'_>) {
    rpc::encode_request(out, id, R::METHOD.description().name, params);
}

/// Encodes one reply line with its newline. `id` is JSON.
pub fn encode_result<R: Request>(out: &mut Vec<u8>, id: &str, result: &impl ResultOf<R>) {
    rpc::encode_result(out, id, |out| result.write(out));
}

/// The users who may call a method. The server's `domain` checks their rights in channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rights {
    /// All clients, without a token.
    Anyone,
    /// Users who are logged in.
    Session,
    /// Administrators who are logged in.
    Administrator,
    /// The gateway of the node, without a token.
    Gateway,
}

impl Rights {
    /// Whether a request needs the token of a session.
    #[must_use]
    pub const fn needs_token(self) -> bool {
        matches!(self, Self::Session | Self::Administrator)
    }
}

/// A row of the table of methods.
#[derive(Debug, Clone, Copy)]
pub struct MethodRow {
    /// The name on the wire.
    pub name: &'static str,
    /// The users who may call the method.
    pub rights: Rights,
    /// The scope that the token of a bot needs.
    pub scope: Scope,
    /// One sentence for users.
    pub help: &'static str,
    /// An example of the parameters, as JSON.
    pub params: &'static str,
    /// An example of the result, as JSON.
    pub result: &'static str,
}

/// Declares the methods: `Name "wire.name" rights scope (parameters) -> result: help`, and the examples
/// `parameters => result`.
macro_rules! methods {
    ($(
        $name:ident $wire:literal $rights:ident $scope:ident ($params:ty) -> $result:ty:
        $help:literal $params_example:literal => $result_example:literal;
    )+) => {
        /// Every method of the protocol.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Method { $(#[doc = $help] $name,)+ }

        /// A method with its decoded parameters.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Call<'a> { $(#[doc = $help] $name($params),)+ }

        $(
            #[doc = $help]
            #[derive(Debug, Clone, Copy)]
            pub struct $name;

            impl Request for $name {
                const METHOD: Method = Method::$name;
                type Params<'a> = $params;
                type Result = $result;
            }

            impl ResultOf<$name> for $result {
                fn write(&self, out: &mut Vec<u8>) {
                    json::write(out, self);
                }
            }
        )+

        impl Method {
            /// All methods, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The method whose name on the wire is `name`.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($wire => Some(Self::$name),)+ _ => None }
            }

            /// The row of the table.
            #[must_use]
            pub const fn description(self) -> MethodRow {
                match self {
                    $(Self::$name => MethodRow {
                        name: $wire,
                        rights: Rights::$rights,
                        scope: Scope::$scope,
                        help: $help,
                        params: $params_example,
                        result: $result_example,
                    },)+
                }
            }
        }

        impl<'a> Call<'a> {
            /// Decodes the parameters of a request.
            pub fn decode(name: &str, params: &'a str) -> Result<Self, Error> {
                let method = Method::from_name(name).ok_or_else(|| unknown(name))?;
                let decoded = catch_refused(|| match method {
                    $(Method::$name => serde_json::from_str(params).map(Self::$name),)+
                });
                decoded.map_err(|(error, refused)| invalid(method, params, &error, refused))
            }

            /// Decodes the parameters of a method in the middle of a line.
            pub(crate) fn read<D: Deserializer<'a>>(method: Method, params: D) -> Result<Self, D::Error> {
                match method { $(Method::$name => Deserialize::deserialize(params).map(Self::$name),)+ }
            }

            /// The method of this request.
            #[must_use]
            pub fn method(&self) -> Method {
                match self { $(Self::$name(_) => Method::$name,)+ }
            }
        }

        /// The examples of parameters and result, each decoded as its type and encoded again.
        #[cfg(test)]
        pub(super) fn examples_encoded_again() -> Vec<(Method, String, String)> {
            fn again<'a, T: serde::Serialize + Deserialize<'a>>(example: &'a str) -> String {
                let value: T = serde_json::from_str(example).expect(example);
                serde_json::to_string(&value).expect("json")
            }
            vec![$((
                Method::$name,
                again::<<$name as Request>::Params<'_>>($params_example),
                again::<$result>($result_example),
            ),)+]
        }

        /// Whether a result of this method can be decoded.
        #[cfg(test)]
        pub(super) fn decodes_result(method: Method, result: &str) -> bool {
            match method { $(Method::$name => serde_json::from_str::<$result>(result).is_ok(),)+ }
        }
    };
}

mod table;

pub use table::*;

fn unknown(name: &str) -> Error {
    Detail::MethodNotFound { method: shortened(name, METHOD_CHARACTERS_MAX) }.into()
}

/// The error for invalid parameters: a refused value, a missing token, or the error of serde.
fn invalid(method: Method, params: &str, error: &serde_json::Error, refused: Option<Detail>) -> Error {
    #[derive(Deserialize)]
    struct OnlyToken {
        token: Option<serde::de::IgnoredAny>,
    }

    let MethodRow { name, rights, .. } = method.description();
    let has_token = serde_json::from_str(params).is_ok_and(|OnlyToken { token }| token.is_some());
    let detail = refused.unwrap_or_else(|| {
        if rights.needs_token() && !has_token {
            return Detail::NoToken { method: name.to_owned() };
        }
        // The position counts from the start of the parameters, not of the line.
        let sentence = error.to_string();
        let position = format!(" at line {} column {}", error.line(), error.column());
        let sentence = sentence.strip_suffix(&position).unwrap_or(&sentence);
        let error = shortened(sentence, QUOTED_CHARACTERS_MAX);
        Detail::BadParams { method: name.to_owned(), error }
    });
    detail.into()
}

#[cfg(test)]
mod tests;

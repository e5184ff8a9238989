//! Decodes a whole request line: the envelope and the parameters of its method.
//!
//! Most lines have the method before the parameters: [`decode`] decodes such a line in one pass. It decodes
//! any other line in steps, with [`rpc::decode`] and [`Call::decode`]. Their errors describe the invalid part
//! of the line.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::limits::LINE_BYTES_MAX;
use crate::methods::{Call, Method};
use crate::rpc::{self, Refused, VERSION, valid_id};

/// A decoded request line.
#[derive(Debug, PartialEq, Eq)]
pub struct DecodedRequest<'a> {
    /// The `id` of the request as JSON.
    pub id: &'a str,
    /// The method and its parameters.
    pub call: Call<'a>,
}

/// Decodes one request line. The error contains the `id` for the error reply.
pub fn decode(line: &[u8]) -> Result<DecodedRequest<'_>, Refused<'_>> {
    in_one_pass(line).map_or_else(|| in_steps(line), Ok)
}

fn in_one_pass(line: &[u8]) -> Option<DecodedRequest<'_>> {
    let text = std::str::from_utf8(line).ok().filter(|text| text.len() <= LINE_BYTES_MAX)?;
    serde_json::from_str(text).ok()
}

fn in_steps(line: &[u8]) -> Result<DecodedRequest<'_>, Refused<'_>> {
    let request = rpc::decode(line)?;
    let call = Call::decode(&request.method, request.params);
    call.map(|call| DecodedRequest { id: request.id, call })
        .map_err(|error| Refused { id: request.id, error })
}

impl<'de: 'a, 'a> Deserialize<'de> for DecodedRequest<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RequestVisitor)
    }
}

struct RequestVisitor;

impl<'de> Visitor<'de> for RequestVisitor {
    type Value = DecodedRequest<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a request in the usual form")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let unusual = || A::Error::custom("not the usual form");
        let (mut has_version, mut id, mut method, mut call) = (false, None, None, None);
        while let Some(key) = map.next_key::<&str>()? {
            match (key, method) {
                ("jsonrpc", _) if !has_version && map.next_value::<&str>()? == VERSION => has_version = true,
                ("id", _) if id.is_none() => {
                    id = Some(valid_id(map.next_value::<&RawValue>()?.get()).ok_or_else(unusual)?);
                }
                ("method", None) => method = Some(Method::from_name(map.next_value()?).ok_or_else(unusual)?),
                ("params", Some(method)) if call.is_none() => {
                    call = Some(map.next_value_seed(Parameters(method))?);
                }
                _ => return Err(unusual()),
            }
        }
        let (id, call) = id.zip(call).filter(|_| has_version).ok_or_else(unusual)?;
        Ok(DecodedRequest { id, call })
    }
}

/// Decodes the parameters of a method in the middle of a line.
struct Parameters(Method);

impl<'de> DeserializeSeed<'de> for Parameters {
    type Value = Call<'de>;

    /// Accepts only an object: a derived decoder would accept an array.
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Parameters {
    type Value = Call<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Call::read(self.0, MapAccessDeserializer::new(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(method: Method) -> String {
        let about = method.description();
        format!(r#"{{"jsonrpc":"2.0","id":7,"method":"{}","params":{}}}"#, about.name, about.params)
    }

    fn as_text(refused: Refused<'_>) -> String {
        format!("{} {:?}", refused.id, refused.error)
    }

    /// If decoding in one pass succeeds, decoding in steps must give the same request.
    fn check(line: &[u8]) {
        let steps = in_steps(line);
        if let Some(request) = in_one_pass(line) {
            assert_eq!(steps.as_ref().ok(), Some(&request), "{}", String::from_utf8_lossy(line));
        }
        assert_eq!(decode(line).map_err(as_text), steps.map_err(as_text));
    }

    #[test]
    fn every_method_is_decoded_in_one_pass() {
        for method in Method::ALL {
            let line = line(*method);
            let request = in_one_pass(line.as_bytes()).expect(&line);
            assert_eq!((request.id, request.call.method()), ("7", *method));
            check(line.as_bytes());
        }
    }

    #[test]
    fn a_line_in_an_unusual_form_is_decoded_in_steps() {
        let lines = [
            r#"{"params":{},"method":"server.info","jsonrpc":"2.0","id":1}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"server.info"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"server.info","params":{},"more":1}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"server.info","params":[]}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"server.info","params":{},"params":{}}"#,
            r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"server.info","params":{}}"#,
            r#"{"jsonrpc":"2.0","id":[],"id":2,"method":"server.info","params":{}}"#,
            r#"{"jsonrpc":"1.0","jsonrpc":"2.0","id":1,"method":"server.info","params":{}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"nothing","method":"server.info","params":{}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"nothing","params":{}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"server\u002einfo","params":{}}"#,
            r#"{"jsonrpc":"2.0","id":null,"method":"server.info","params":{}}"#,
            r#"{"jsonrpc":"2.0","method":"server.info","params":{}}"#,
            r#"{"id":1,"method":"server.info","params":{}}"#,
            r##"{"jsonrpc":"2.0","id":1,"method":"channel.join","params":["t","#a"]}"##,
            r##"{"jsonrpc":"2.0","id":1,"method":"channel.join","params":{"token":"t","channel":"a"}}"##,
            r##"{"jsonrpc":"2.0","id":1,"method":"channel.join","params":{"token":"t","token":"t","channel":"#a"}}"##,
            r#"{"jsonrpc":"2.0","id":1,"method":"server.info","params":{}} {}"#,
            "[]",
            "",
        ];
        lines.iter().for_each(|line| check(line.as_bytes()));
        assert!(in_one_pass(&vec![b' '; LINE_BYTES_MAX + 1]).is_none());
    }

    proptest! {
        #[test]
        fn one_pass_and_steps_agree_about_a_line_with_any_change(
            method in proptest::sample::select(Method::ALL),
            at: proptest::sample::Index,
            removed in 0..12_usize,
            put in "[\\[\\]{}:,\"a0 \\\\]{0,3}",
        ) {
            let line = line(method);
            let start = at.index(line.len());
            let end = (start + removed).min(line.len());
            if line.is_char_boundary(start) && line.is_char_boundary(end) {
                check([&line[..start], &put, &line[end..]].concat().as_bytes());
            }
        }
    }
}

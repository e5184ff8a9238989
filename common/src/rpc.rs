//! JSON-RPC 2.0, with one request or reply on each line: encoders and decoders for servers and clients.
//!
//! A frame has one or more request lines. Each request has exactly one reply line, in the same order. A
//! request without an `id` (a JSON-RPC notification) is an error, because the reply needs the `id`.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::errors::{Detail, Error, shortened};
use crate::json;
use crate::limits::{FRAME_LINES_MAX, LINE_BYTES_MAX, QUOTED_CHARACTERS_MAX, REQUEST_ID_BYTES_MAX};

/// The value of `jsonrpc` in every request.
pub(crate) const VERSION: &str = "2.0";

/// A request line whose parameters are not decoded yet.
#[derive(Debug)]
pub struct Envelope<'a> {
    /// The `id` of the request as JSON: a string or a number.
    pub id: &'a str,
    /// The name of the method.
    pub method: std::borrow::Cow<'a, str>,
    /// The parameters as JSON; `{}` if the line has none.
    pub params: &'a str,
}

/// A line that is not a valid request.
#[derive(Debug)]
pub struct Refused<'a> {
    /// The `id` of the request as JSON, or `null` if the line has no valid `id`.
    pub id: &'a str,
    /// The error for the reply.
    pub error: Error,
}

#[derive(Deserialize)]
struct RequestLine<'a> {
    jsonrpc: Option<&'a str>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    method: Option<&'a RawValue>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
}

/// Splits a frame into its request lines, at most [`FRAME_LINES_MAX`].
pub fn lines(frame: &[u8]) -> Result<Lines<'_>, Error> {
    let frame = frame.strip_suffix(b"\n").unwrap_or(frame);
    let count = memchr::memchr_iter(b'\n', frame).count() + 1;
    if count > FRAME_LINES_MAX {
        return Err(Detail::TooManyLines { max: FRAME_LINES_MAX, lines: count }.into());
    }
    Ok(Lines { rest: Some(frame) })
}

/// Iterates over the lines of a frame; see [`lines`].
#[derive(Debug, Clone)]
pub struct Lines<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest?;
        let (line, rest) = match memchr::memchr(b'\n', rest).and_then(|at| rest.split_at_checked(at)) {
            Some((line, rest)) => (line, rest.get(1..)),
            None => (rest, None),
        };
        self.rest = rest;
        Some(line)
    }
}

/// Decodes the envelope of one request line. The error contains the `id` for the error reply.
pub fn decode(line: &[u8]) -> Result<Envelope<'_>, Refused<'_>> {
    if line.len() > LINE_BYTES_MAX {
        return Err(refused("null", Detail::LineTooLong { max: LINE_BYTES_MAX, bytes: line.len() }));
    }
    let text = std::str::from_utf8(line)
        .map_err(|error| refused("null", Detail::NotUtf8 { error: error.to_string() }))?;
    let request: RequestLine<'_> = serde_json::from_str(text).map_err(|error| {
        let (is_json, error) = (error.is_data(), shortened(&error.to_string(), QUOTED_CHARACTERS_MAX));
        refused("null", if is_json { Detail::NotRequest { error } } else { Detail::NotJson { error } })
    })?;
    let id = request.id.map(RawValue::get).and_then(valid_id);
    let id = id.ok_or_else(|| refused("null", Detail::NoId { max: REQUEST_ID_BYTES_MAX }))?;
    if request.jsonrpc != Some(VERSION) {
        return Err(refused(id, Detail::NoVersion));
    }
    let method = request
        .method
        .and_then(|method| serde_json::Deserializer::from_str(method.get()).into_borrowed_str())
        .ok_or_else(|| refused(id, Detail::NoMethod))?;
    let params = request.params.map_or("{}", RawValue::get);
    if !params.starts_with('{') {
        return Err(refused(id, Detail::ParamsNotObject));
    }
    Ok(Envelope { id, method, params })
}

fn refused(id: &str, detail: Detail) -> Refused<'_> {
    Refused { id, error: detail.into() }
}

/// Returns an `id` if it is a string or a number of at most [`REQUEST_ID_BYTES_MAX`] bytes.
pub(crate) fn valid_id(id: &str) -> Option<&str> {
    let kind_fits = id.starts_with(|c: char| c == '"' || c == '-' || c.is_ascii_digit());
    (kind_fits && id.len() <= REQUEST_ID_BYTES_MAX).then_some(id)
}

/// Decodes a string, borrowed if it has no escapes.
trait IntoBorrowedStr<'a> {
    fn into_borrowed_str(self) -> Option<std::borrow::Cow<'a, str>>;
}

impl<'a> IntoBorrowedStr<'a> for serde_json::Deserializer<serde_json::de::StrRead<'a>> {
    fn into_borrowed_str(mut self) -> Option<std::borrow::Cow<'a, str>> {
        crate::text::borrowed(&mut self).ok()
    }
}

/// Encodes one request line, with its newline.
pub fn encode_request(out: &mut Vec<u8>, id: &str, method: &str, params: &impl Serialize) {
    out.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
    json::write(out, &id);
    out.extend_from_slice(br#","method":"#);
    json::write(out, &method);
    out.extend_from_slice(br#","params":"#);
    json::write(out, params);
    out.extend_from_slice(b"}\n");
}

/// Encodes one reply line with its newline. `id` is JSON, and `write` appends the result as JSON.
pub fn encode_result(out: &mut Vec<u8>, id: &str, write: impl FnOnce(&mut Vec<u8>)) {
    begin_reply(out, id);
    out.extend_from_slice(br#","result":"#);
    write(out);
    out.extend_from_slice(b"}\n");
}

/// Encodes one error reply with its newline.
pub fn encode_error(out: &mut Vec<u8>, id: &str, error: &Error) {
    begin_reply(out, id);
    out.extend_from_slice(br#","error":"#);
    json::write(out, error);
    out.extend_from_slice(b"}\n");
}

fn begin_reply(out: &mut Vec<u8>, id: &str) {
    out.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
    out.extend_from_slice(id.as_bytes());
}

/// A reply line as a client decodes it.
#[derive(Debug, Deserialize)]
pub struct Reply<'a> {
    /// The request's `id`; `None` if the server could not decode it.
    pub id: Option<String>,
    /// The result as JSON; its type is the [`Result`](crate::Request::Result) of the method.
    #[serde(borrow)]
    pub result: Option<&'a RawValue>,
    /// The error, if the request failed.
    pub error: Option<Error>,
}

/// Decodes one reply line.
pub fn decode_reply(line: &[u8]) -> Result<Reply<'_>, serde_json::Error> {
    serde_json::from_slice(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reason;
    use proptest::prelude::*;

    const GOLDEN: &str =
        r##"{"jsonrpc":"2.0","id":"a2","method":"message.send","params":{"to":"#general","text":"oi"}}"##;

    fn refusal(line: &[u8]) -> String {
        let refused = decode(line).expect_err("refused");
        format!("{} {} {}", refused.id, refused.error.code, refused.error.message)
    }

    #[test]
    fn a_request_line_is_decoded() {
        let request = decode(GOLDEN.as_bytes()).expect("a request");
        assert_eq!(request.id, "\"a2\"");
        assert_eq!(request.method, "message.send");
        assert_eq!(request.params, r##"{"to":"#general","text":"oi"}"##);
    }

    #[test]
    fn an_encoded_request_can_be_decoded() {
        let mut line = Vec::new();
        encode_request(&mut line, "7", "auth.logout", &serde_json::json!({"token": "t"}));
        assert_eq!(
            line,
            b"{\"jsonrpc\":\"2.0\",\"id\":\"7\",\"method\":\"auth.logout\",\"params\":{\"token\":\"t\"}}\n"
        );
        let request = decode(line.trim_ascii_end()).expect("a request");
        assert_eq!(
            (request.id, &*request.method, request.params),
            ("\"7\"", "auth.logout", r#"{"token":"t"}"#)
        );
    }

    #[test]
    fn a_reply_repeats_the_id_of_the_request() {
        let mut out = Vec::new();
        encode_result(&mut out, "12", |out| out.extend_from_slice(br#"{"n":17}"#));
        encode_error(&mut out, "\"x\"", &Detail::NoSuchSession.into());
        let text = String::from_utf8(out).expect("utf-8");
        assert_eq!(
            text,
            "{\"jsonrpc\":\"2.0\",\"id\":12,\"result\":{\"n\":17}}\n\
             {\"jsonrpc\":\"2.0\",\"id\":\"x\",\"error\":{\"code\":4040,\"message\":\"you have no such session\",\
             \"data\":{\"reason\":\"no_such_session\",\"detail\":\"no_such_session\"}}}\n"
        );
    }

    #[test]
    fn the_error_for_an_invalid_line_has_its_id_if_that_is_valid() {
        insta::assert_snapshot!(refusal(b"\xff\xfe"), @"null -32700 the line is not UTF-8: invalid utf-8 sequence of 1 bytes from index 0");
        insta::assert_snapshot!(refusal(b"hello"), @"null -32700 the line is not JSON: expected value at line 1 column 1");
        insta::assert_snapshot!(refusal(b"[]"), @"null -32600 the line is not a JSON-RPC request: invalid length 0, expected struct RequestLine with 4 elements at line 1 column 2");
        insta::assert_snapshot!(refusal(br#"{"jsonrpc":"2.0","method":"x"}"#), @r#"null -32600 a request needs an "id": a string or a number of at most 64 bytes"#);
        insta::assert_snapshot!(refusal(br#"{"jsonrpc":"1.0","id":1,"method":"x"}"#), @r#"1 -32600 a request needs "jsonrpc":"2.0""#);
        insta::assert_snapshot!(refusal(br#"{"jsonrpc":"2.0","id":1,"method":5}"#), @r#"1 -32600 a request needs a "method": a string"#);
        insta::assert_snapshot!(refusal(br#"{"jsonrpc":"2.0","id":1,"method":"x","params":[1]}"#), @r#"1 -32602 "params" must be an object"#);
        insta::assert_snapshot!(refusal(&vec![b' '; LINE_BYTES_MAX + 1]), @"null 4130 a line may have at most 131072 bytes, and this line has 131073");
    }

    #[test]
    fn a_line_cut_anywhere_is_refused() {
        for end in 0..GOLDEN.len() {
            assert!(decode(&GOLDEN.as_bytes()[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn a_frame_is_split_at_its_newlines() {
        let lines = |frame: &'static [u8]| lines(frame).map(|lines| lines.collect::<Vec<_>>());
        assert_eq!(lines(b"a\nb\n"), Ok(vec![&b"a"[..], b"b"]));
        assert_eq!(lines(b"a"), Ok(vec![&b"a"[..]]));
        assert_eq!(lines(b""), Ok(vec![&b""[..]]), "an empty frame is one invalid line, and so gets a reply");
        assert_eq!(
            lines(&[b'\n'; FRAME_LINES_MAX + 2]).expect_err("too many").reason(),
            Some(Reason::TooLarge)
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_decoded_or_refused(line in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _no_panic = decode(&line);
        }

        #[test]
        fn a_request_with_any_byte_changed_is_decoded_or_refused(at in 0..GOLDEN.len(), byte: u8) {
            let mut line = GOLDEN.as_bytes().to_vec();
            line[at] = byte;
            let mut out = Vec::new();
            match decode(&line) {
                Ok(request) => encode_result(&mut out, request.id, |out| out.push(b'1')),
                Err(refused) => encode_error(&mut out, refused.id, &refused.error),
            }
            prop_assert!(decode_reply(out.trim_ascii_end()).is_ok() || !out.contains(&b'"'));
        }
    }
}

//! Fuzzes request frames. Every line is decoded or refused, and the reply is one valid line.
#![no_main]

use common::requests::{self, DecodedRequest};
use common::rpc::{self, Refused};
use common::{Call, Error, Method};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|frame: &[u8]| {
    if let Ok(lines) = rpc::lines(frame) {
        lines.for_each(check_line);
    }
    // Decode the input as the parameters of each method. The fuzzer does not have to find a method name.
    if let Ok(params) = std::str::from_utf8(frame) {
        for method in Method::ALL.iter().copied() {
            let name = method.description().name;
            if let Ok(call) = Call::decode(name, params) {
                assert_eq!(call.method(), method, "{name} is decoded as {name}");
            }
        }
    }
});

fn check_line(line: &[u8]) {
    let (id, outcome) = match rpc::decode(line) {
        Ok(request) => (request.id, Call::decode(&request.method, request.params)),
        Err(Refused { id, error }) => (id, Err(error)),
    };
    match requests::decode(line) {
        Ok(DecodedRequest { id: frame_id, call }) => assert_eq!((frame_id, Ok(&call)), (id, outcome.as_ref()), "both decoders agree"),
        Err(Refused { id: frame_id, error }) => assert_eq!((frame_id, Err(&error)), (id, outcome.as_ref()), "both decoders agree"),
    }
    assert_reply_is_one_line(id, outcome.as_ref().err());
}

/// Asserts that the reply is one line of JSON, for any `id` and error.
fn assert_reply_is_one_line(id: &str, error: Option<&Error>) {
    let mut reply = Vec::new();
    match error {
        Some(error) => rpc::encode_error(&mut reply, id, error),
        None => rpc::encode_result(&mut reply, id, |out| out.extend_from_slice(b"null")),
    }
    let line = reply.strip_suffix(b"\n").expect("a line");
    assert!(!line.contains(&b'\n'), "one line");
    // `rpc::decode_reply` accepts only string ids, but JSON-RPC also allows numbers.
    let number = id.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    assert!(number || rpc::decode_reply(line).is_ok(), "{}", String::from_utf8_lossy(line));
}

//! Request frames from anybody: every line is decided, and answered by a line that can be read.
#![no_main]

use common::requests::{self, DecodedRequest};
use common::rpc::{self, Refused};
use common::{Call, Error, Method};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|frame: &[u8]| {
    if let Ok(lines) = rpc::lines(frame) {
        lines.for_each(decide);
    }
    // The parameters of each method, without having to guess its name.
    if let Ok(params) = std::str::from_utf8(frame) {
        for method in Method::ALL.iter().copied() {
            let name = method.description().name;
            if let Ok(call) = Call::decode(name, params) {
                assert_eq!(call.method(), method, "{name} is read as itself");
            }
        }
    }
});

fn decide(line: &[u8]) {
    let (id, outcome) = match rpc::decode(line) {
        Ok(request) => (request.id, Call::decode(&request.method, request.params)),
        Err(Refused { id, error }) => (id, Err(error)),
    };
    match requests::decode(line) {
        Ok(DecodedRequest { id: whole, call }) => assert_eq!((whole, Ok(&call)), (id, outcome.as_ref()), "read whole"),
        Err(Refused { id: whole, error }) => assert_eq!((whole, Err(&error)), (id, outcome.as_ref()), "read whole"),
    }
    assert_answerable(id, outcome.as_ref().err());
}

/// A reply is one line of JSON, whatever its `id` is and the error says.
fn assert_answerable(id: &str, error: Option<&Error>) {
    let mut reply = Vec::new();
    match error {
        Some(error) => rpc::encode_error(&mut reply, id, error),
        None => rpc::encode_result(&mut reply, id, |out| out.extend_from_slice(b"null")),
    }
    let line = reply.strip_suffix(b"\n").expect("a line");
    assert!(!line.contains(&b'\n'), "one line");
    // Our own reader wants an id that is a string, which a number is as well for JSON-RPC.
    let number = id.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    assert!(number || rpc::decode_reply(line).is_ok(), "{}", String::from_utf8_lossy(line));
}

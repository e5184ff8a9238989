//! Arbitrary messages to a running ZAP handler: each answer has the form of ZAP, and the handler answers
//! afterwards.
#![no_main]

mod frames;

use libfuzzer_sys::fuzz_target;
use transport::keys::KeyPair;
use transport::security::Security;
use transport::{Context, Kind, Socket};

use frames::{messages, receive, send};

const PROBE: &[u8] = b"the probe, which is longer than most inputs";

thread_local! {
    static PEERS: (Socket, Socket) = start();
}

fuzz_target!(|input: &[u8]| PEERS.with(|(_protected, asker)| check(input, asker)));

/// Starts a ZAP handler. Returns the socket that keeps it running, and the socket that asks it.
fn start() -> (Socket, Socket) {
    let context = Context::new();
    let protected = context.socket(Kind::Router, &protection()).expect("a socket");
    let asker = context.socket(Kind::Dealer, &Security::Plain).expect("a socket");
    asker.connect("inproc://zeromq.zap.01").expect("the endpoint of the handler");
    (protected, asker)
}

/// The protection of a port that admits every key.
fn protection() -> Security {
    Security::Outer { node: KeyPair::generate().expect("a key pair") }
}

fn check(input: &[u8], asker: &Socket) {
    messages(input).iter().for_each(|message| send(asker, message));
    // As if libzmq itself had sent it, with the fields of the input.
    let key = &[input, &[0; 32]].concat()[..32];
    send(asker, &[b"", b"1.0", PROBE, b"outer", b"192.0.2.1", b"", b"CURVE", key]);
    loop {
        let answer = receive(asker);
        let [delimiter, version, request, status, reason, user, metadata] = answer.as_slice() else {
            panic!("an answer has seven frames: {answer:?}");
        };
        assert!(delimiter.is_empty() && version == b"1.0" && metadata.is_empty(), "{answer:?}");
        match status.as_slice() {
            b"200" => assert!(reason.is_empty() && !user.is_empty(), "{answer:?}"),
            b"400" => assert!(!reason.is_empty() && user.is_empty(), "{answer:?}"),
            _ => panic!("an unknown status: {answer:?}"),
        }
        if request == PROBE {
            assert_eq!(status, b"200");
            return;
        }
    }
}

//! Fuzzes a running ZAP handler with arbitrary messages. Each answer has the form of a ZAP reply, and the
//! handler still answers afterwards.
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

fuzz_target!(|input: &[u8]| PEERS.with(|(_protected, requester)| check(input, requester)));

/// Starts a ZAP handler. Returns the socket that keeps it running, and the socket that sends requests to it.
fn start() -> (Socket, Socket) {
    let context = Context::new();
    let protected = context.socket(Kind::Router, &protection()).expect("a socket");
    let requester = context.socket(Kind::Dealer, &Security::Plain).expect("a socket");
    requester.connect("inproc://zeromq.zap.01").expect("the endpoint of the handler");
    (protected, requester)
}

/// The protection of a port that admits every key.
fn protection() -> Security {
    Security::Outer { node: KeyPair::generate().expect("a key pair") }
}

fn check(input: &[u8], requester: &Socket) {
    messages(input).iter().for_each(|message| send(requester, message));
    // A valid request, as libzmq sends it, with a key from the input.
    let key = &[input, &[0; 32]].concat()[..32];
    send(requester, &[b"", b"1.0", PROBE, b"outer", b"192.0.2.1", b"", b"CURVE", key]);
    loop {
        let answer = receive(requester);
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

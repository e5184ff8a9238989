//! Fuzzes a running broker with messages from a client and from the server. The broker answers or forwards
//! each message, and still works afterwards. The server sends and receives bundles.
#![no_main]

mod frames;

use std::thread;

use broker::{Broker, Config};
use libfuzzer_sys::fuzz_target;
use transport::bundle::{Bundle, BundleReader, is_bundle};
use transport::client_name::TAG_BYTES_MAX;
use transport::security::NodeSecurity;
use transport::shutdown::Shutdown;
use transport::{Context, Frame, Kind, Socket};

use frames::{messages, receive, send};

const PROBE: &[u8] = b"the probe, which is longer than most inputs";

thread_local! {
    static PEERS: (Socket, Socket) = start();
}

fuzz_target!(|input: &[u8]| PEERS.with(|(client, server)| check(input, client, server)));

/// Starts a broker that runs until the process ends. Returns its client and its server.
fn start() -> (Socket, Socket) {
    let context = Context::new();
    let [clients, servers, control] = ["clients", "servers", "control"].map(|name| format!("inproc://{name}"));
    let config = Config { clients, servers, control };
    let broker = Broker::bind(&context, &config, &NodeSecurity::Plain).expect("free endpoints");
    thread::spawn(move || broker.run(&Shutdown::new()).expect("the broker runs"));
    let connect = |kind, endpoint: &str| {
        let socket = context.socket(kind, &NodeSecurity::Plain.link()).expect("a socket");
        socket.connect(endpoint).expect("an endpoint");
        socket
    };
    (connect(Kind::Dealer, &config.clients), connect(Kind::Server, &config.servers))
}

fn check(input: &[u8], client: &Socket, server: &Socket) {
    let messages = messages(input);
    messages.iter().for_each(|message| send(client, message));
    send(client, &[b"", PROBE]);
    let mut requests = Vec::new();
    while requests.last().is_none_or(|request: &Vec<Vec<u8>>| request[delimiter(request, 2) + 1] != PROBE) {
        requests.extend(unbundled(receive(server)));
    }
    assert!(requests.iter().all(|request| request[1].len() > 8), "the name of a client has a run tag");
    let probe = requests.pop().expect("the probe");
    // The server also sends arbitrary replies, with and without the envelope of the client.
    for message in &messages {
        send(server, &[&[probe[0].as_slice()], message.as_slice()].concat());
        send(server, &[&[probe[0].as_slice(), &probe[1]], message.as_slice()].concat());
        // Each frame is also the second part of a bundle, whose first reply is for the client.
        for &frame in message {
            send(server, &[&probe[0], &[&*bundle(&probe[1], b"reply"), frame].concat()]);
        }
    }
    send(server, &[&probe[0], &bundle(&probe[1], PROBE)]);
    loop {
        let reply = receive(client);
        if reply[delimiter(&reply, 0) + 1] == PROBE {
            return;
        }
    }
}

/// A bundle of one reply.
fn bundle(client: &[u8], body: &[u8]) -> Frame {
    let mut bundle = Bundle::default();
    assert!(bundle.push(&[Frame::from(client), Frame::new()], body), "a small reply");
    bundle.to_frame()
}

/// The requests of a message from the broker, each with the name of the broker.
fn unbundled(message: Vec<Vec<u8>>) -> Vec<Vec<Vec<u8>>> {
    let [broker, only] = &*message else { return vec![message] };
    assert!(is_bundle(only), "a message of two frames is a bundle");
    let mut bundle = BundleReader::new(Frame::from(&**only)).expect("the broker sends no malformed bundle");
    let (mut frames, mut requests) = (Vec::new(), Vec::new());
    while bundle.next(&mut frames) {
        let request = frames.drain(..).map(|frame| frame.to_vec());
        requests.push([broker.clone()].into_iter().chain(request).collect());
    }
    requests
}

/// The position of the empty frame, which the body follows. A tag of a client can be before it.
fn delimiter(message: &[Vec<u8>], names: usize) -> usize {
    let tag = &message[names];
    let delimiter = names + usize::from(!tag.is_empty());
    let is_complete = message.len() > delimiter + 1 && message[delimiter].is_empty();
    assert!(is_complete && tag.len() <= TAG_BYTES_MAX, "a message has an envelope and a body: {message:?}");
    delimiter
}

//! Fuzzes a running broker with messages from a client and from the server. The broker answers or forwards
//! each message, and still works afterwards.
#![no_main]

mod frames;

use std::thread;

use broker::{Broker, Config};
use libfuzzer_sys::fuzz_target;
use transport::client_name::TAG_BYTES_MAX;
use transport::security::NodeSecurity;
use transport::shutdown::Shutdown;
use transport::{Context, Kind, Socket};

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
    let probe = loop {
        let request = receive(server);
        assert!(request[1].len() > 8, "the name of the client has a run tag");
        if request[delimiter(&request, 2) + 1] == PROBE {
            break request;
        }
    };
    // The server also sends arbitrary replies, with and without the envelope of the client.
    for message in &messages {
        send(server, &[&[probe[0].as_slice()], message.as_slice()].concat());
        send(server, &[&[probe[0].as_slice(), &probe[1]], message.as_slice()].concat());
    }
    send(server, &[&probe[0], &probe[1], b"", PROBE]);
    loop {
        let reply = receive(client);
        if reply[delimiter(&reply, 0) + 1] == PROBE {
            return;
        }
    }
}

/// The position of the empty frame, which the body follows. A tag of a client can be before it.
fn delimiter(message: &[Vec<u8>], names: usize) -> usize {
    let tag = &message[names];
    let delimiter = names + usize::from(!tag.is_empty());
    let is_complete = message.len() > delimiter + 1 && message[delimiter].is_empty();
    assert!(is_complete && tag.len() <= TAG_BYTES_MAX, "a message has an envelope and a body: {message:?}");
    delimiter
}

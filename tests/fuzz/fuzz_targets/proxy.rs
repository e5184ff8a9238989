//! Fuzzes the events port of a running proxy with frames of a stranger. The stranger receives no event of
//! another topic, and other subscribers receive their events.
#![no_main]

mod frames;

use std::thread;

use libfuzzer_sys::fuzz_target;
use proxy::{Config, Proxy};
use transport::security::NodeSecurity;
use transport::shutdown::Shutdown;
use transport::{Context, Kind, Socket};

use frames::{messages, receive, send};

/// The topic of the victim. No input contains this topic.
const TOPIC: &[u8] = b"channel.secret.0f1e2d3c4b5a69788796a5b4c3d2e1f0";

struct Peers {
    context: Context,
    publisher: Socket,
    victim: Socket,
}

thread_local! {
    static PEERS: Peers = start();
}

fuzz_target!(|input: &[u8]| PEERS.with(|peers| check(input, peers)));

/// Starts a proxy that runs until the process ends.
fn start() -> Peers {
    let context = Context::new();
    let [events, subscribers, control] =
        ["events", "subscribers", "control"].map(|name| format!("inproc://{name}"));
    let config = Config { events, subscribers, control };
    let proxy = Proxy::bind(&context, &config, &NodeSecurity::Plain).expect("free endpoints");
    thread::spawn(move || proxy.run(&Shutdown::new()).expect("the proxy runs"));
    let publisher = connect(&context, Kind::Publisher, &config.events);
    let victim = connect(&context, Kind::Subscriber, &config.subscribers);
    victim.subscribe(TOPIC).expect("a subscription");
    // Events are lost until both connections are in force.
    while !victim.receive(&mut Vec::new()).expect("receiving succeeds") {
        send(&publisher, &[TOPIC, b"start"]);
        thread::yield_now();
    }
    Peers { context, publisher, victim }
}

fn connect(context: &Context, kind: Kind, endpoint: &str) -> Socket {
    let socket = context.socket(kind, &NodeSecurity::Plain.link()).expect("a socket");
    socket.connect(endpoint).expect("an endpoint");
    socket
}

fn check(input: &[u8], peers: &Peers) {
    let stranger = connect(&peers.context, Kind::XSubscriber, "inproc://subscribers");
    for message in messages(input) {
        // The proxy disconnects the sender of anything other than a subscription.
        let frames = message.iter().map(|frame| transport::Frame::from(*frame));
        let _sent_or_not = stranger.send(frames).expect("sending succeeds");
    }
    send(&peers.publisher, &[TOPIC, input]);
    while receive(&peers.victim) != [TOPIC, input] {}
    let mut frames = Vec::new();
    while stranger.receive(&mut frames).expect("receiving succeeds") {
        assert!(frames.first().is_some_and(|topic| **topic != *TOPIC), "the stranger receives a secret event");
    }
}
